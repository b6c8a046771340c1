//! Delta types as the lake stores them, without loss or refused by name.

use delta_kernel::schema::{DataType as Delta, PrimitiveType, Schema, StructField};
use polars::prelude::{DataType, Field, Schema as Frame, TimeUnit, TimeZone};
use pulse_core::{Code, Error, Result};

use crate::model::ColumnPlan;

/// The columns as they are shown, and the same for Polars.
pub(super) fn columns(schema: &Schema) -> Result<(Vec<ColumnPlan>, Frame)> {
    let (mut plans, mut frame) = (Vec::new(), Frame::default());
    for field in schema.fields() {
        let dtype = polars_type(field.name(), field)?;
        plans.push(ColumnPlan {
            name: field.name().clone(),
            type_word: word(&dtype),
            why: format!("{}: the Delta table stores it as {}", word(&dtype), field.data_type()),
            overridden: false,
        });
        frame.insert(field.name().as_str().into(), dtype);
    }
    Ok((plans, frame))
}

fn polars_type(column: &str, field: &StructField) -> Result<DataType> {
    of(column, field.data_type())
}

fn of(column: &str, delta: &Delta) -> Result<DataType> {
    Ok(match delta {
        Delta::Primitive(primitive) => of_primitive(column, primitive)?,
        Delta::Array(array) => DataType::List(Box::new(of(column, array.element_type())?)),
        Delta::Struct(fields) => {
            let field = |f: &StructField| Ok(Field::new(f.name().as_str().into(), of(column, f.data_type())?));
            DataType::Struct(fields.fields().map(field).collect::<Result<_>>()?)
        }
        // Polars reads a map as a list of its entries.
        Delta::Map(map) => DataType::List(Box::new(DataType::Struct(vec![
            Field::new("key".into(), of(column, map.key_type())?),
            Field::new("value".into(), of(column, map.value_type())?),
        ]))),
        Delta::Variant(_) => return Err(refused(column, "variant")),
    })
}

fn of_primitive(column: &str, primitive: &PrimitiveType) -> Result<DataType> {
    use PrimitiveType as P;
    Ok(match primitive {
        P::String => DataType::String,
        P::Long => DataType::Int64,
        P::Integer => DataType::Int32,
        P::Short => DataType::Int16,
        P::Byte => DataType::Int8,
        P::Float => DataType::Float32,
        P::Double => DataType::Float64,
        P::Boolean => DataType::Boolean,
        P::Binary => DataType::Binary,
        P::Date => DataType::Date,
        P::Timestamp => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
        P::TimestampNtz => DataType::Datetime(TimeUnit::Microseconds, None),
        P::Decimal(decimal) => DataType::Decimal(decimal.precision().into(), decimal.scale().into()),
        other => return Err(refused(column, &other.to_string())),
    })
}

fn refused(column: &str, r#type: &str) -> Error {
    let message = format!("The column `{column}` has the Delta type {}, which cannot be read here.", r#type);
    Error::new(Code::Unsupported, message)
        .hint("Choose the other columns, or have the program that writes the table store that column as text.")
        .field("columns")
}

/// The user's word for a type; the type's own name for nested and binary values.
fn word(dtype: &DataType) -> String {
    match dtype {
        DataType::String => "text",
        DataType::Boolean => "boolean",
        DataType::Decimal(..) => "decimal",
        DataType::Date => "date",
        DataType::Datetime(..) => "timestamp",
        DataType::Binary => "binary",
        DataType::List(_) => "list",
        DataType::Struct(_) => "struct",
        dtype if dtype.is_float() => "number",
        _ => "integer",
    }
    .to_owned()
}
