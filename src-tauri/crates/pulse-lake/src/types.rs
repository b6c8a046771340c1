//! Types: what Polars computes, what Delta stores, and how SQL calls it.

use polars::prelude::{DataType, Expr, Field as PolarsField, PlSmallStr, Schema, TimeUnit, TimeZone};
use pulse_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The column's name, as in the file it came from.
    pub name: String,
    /// Its Delta type, such as `long`, `timestamp_ntz`, `decimal(10,2)` or `array<string>`.
    pub r#type: String,
    /// The same type as DuckDB writes it, such as `BIGINT`, `TIMESTAMP`, `DECIMAL(10,2)` or `VARCHAR[]`.
    pub sql_type: String,
}

/// The columns of a table as the Delta log spells them: the JSON of a `StructField` each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns(pub Vec<Value>);

impl Columns {
    /// The columns a frame of `schema` is stored as; `schema` holds only types that [`stored_type`] returns.
    pub fn of(schema: &Schema) -> Result<Self> {
        let field = |(name, dtype): (&PlSmallStr, &DataType)| Ok(delta_field(name, delta_type(name, dtype)?));
        schema.iter().map(field).collect::<Result<_>>().map(Self)
    }

    /// The columns in a `schemaString`.
    pub fn parse(schema: &Value) -> Result<Self> {
        match schema["fields"].as_array() {
            Some(fields) => Ok(Self(fields.clone())),
            None => Err(Error::damaged("The table's schema in its Delta log is not readable.")),
        }
    }

    /// The `schemaString` of the Delta log.
    pub fn to_schema_string(&self) -> String {
        json!({"type": "struct", "fields": self.0}).to_string()
    }

    /// Whether there is a column of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|field| name_of(field) == name)
    }

    /// The same columns for Polars.
    pub fn to_polars(&self) -> Result<Schema> {
        let mut schema = Schema::default();
        for field in &self.0 {
            let name = name_of(field);
            schema.insert(name.into(), polars_type(name, &field["type"])?);
        }
        Ok(schema)
    }

    /// The same columns for people and for SQL.
    pub fn to_fields(&self) -> Vec<Field> {
        let field = |field: &Value| Field {
            name: name_of(field).to_owned(),
            r#type: type_text(&field["type"]),
            sql_type: sql_type(&field["type"]),
        };
        self.0.iter().map(field).collect()
    }
}

/// The expressions that turn a frame of `schema` into one that Delta can hold, without losing a value.
///
/// Fails for two columns whose names differ only in case (Delta and SQL hold them to be the same) and for types that no
/// lossless cast exists for.
pub(crate) fn conversions(schema: &Schema) -> Result<Vec<Expr>> {
    let mut seen = std::collections::HashMap::new();
    for name in schema.iter_names() {
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            return Err(Error::invalid(format!("The columns `{other}` and `{name}` differ only in case."))
                .hint("Rename one of them: a Delta table and SQL hold both names to be the same.")
                .field("columns"));
        }
    }
    schema.iter().map(|(name, dtype)| conversion(name, dtype)).collect()
}

/// The column called exactly `name`. The engine's own `col` would read `*` and `^…$` as patterns.
pub(crate) fn column(name: impl Into<PlSmallStr>) -> Expr {
    Expr::Column(name.into())
}

fn conversion(name: &PlSmallStr, dtype: &DataType) -> Result<Expr> {
    let column = column(name.clone());
    Ok(match dtype {
        DataType::Time => column.dt().to_string("%H:%M:%S%.f"),
        DataType::Duration(_) => column.dt().to_string("iso"),
        _ => match stored_type(name, dtype)? {
            stored if &stored == dtype => column,
            stored => column.strict_cast(stored),
        },
    })
}

/// The Polars type as which `dtype` is stored: itself where Delta has it, a wider one where that loses nothing.
fn stored_type(column: &str, dtype: &DataType) -> Result<DataType> {
    use DataType as T;
    let micros = TimeUnit::Microseconds;
    Ok(match dtype {
        T::Boolean | T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::Float32 | T::Float64 | T::String | T::Date => {
            dtype.clone()
        }
        T::Binary | T::Decimal(..) => dtype.clone(),
        T::UInt8 => T::Int16,
        T::UInt16 => T::Int32,
        T::UInt32 => T::Int64,
        T::UInt64 => T::Decimal(20, 0),
        T::Null => T::String,
        T::Datetime(_, None) => T::Datetime(micros, None),
        T::Datetime(_, Some(_)) => T::Datetime(micros, Some(TimeZone::UTC)),
        T::List(inner) => T::List(Box::new(stored_type(column, inner)?)),
        T::Struct(fields) => {
            let field = |f: &PolarsField| Ok(PolarsField::new(f.name.clone(), stored_type(column, &f.dtype)?));
            T::Struct(fields.iter().map(field).collect::<Result<_>>()?)
        }
        _ => {
            return Err(Error::new(
                pulse_core::Code::Unsupported,
                format!("The column `{column}` has the type {dtype}, which a Delta table cannot hold."),
            )
            .hint("Change its type to text, or leave the column out.")
            .field("columns"));
        }
    })
}

/// The narrower and the wider of two types where every value of one is a value of the other: `long` takes `integer`.
///
/// Returns the type of both, or nothing if storing one as the other could change a value.
pub(crate) fn widens(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    let rank = |dtype: &T| [T::Int8, T::Int16, T::Int32, T::Int64].iter().position(|known| known == dtype);
    match (from, to) {
        (a, b) if a == b => true,
        (T::Null, _) | (T::Float32, T::Float64) => true,
        (T::Int8 | T::Int16, T::Float32) | (T::Int8 | T::Int16 | T::Int32, T::Float64) => true,
        (T::Decimal(p, s), T::Decimal(q, t)) => t >= s && q - t >= p - s,
        _ => matches!((rank(from), rank(to)), (Some(a), Some(b)) if a <= b),
    }
}

pub(crate) fn name_of(field: &Value) -> &str {
    field["name"].as_str().unwrap_or_default()
}

fn delta_field(name: &str, r#type: Value) -> Value {
    json!({"name": name, "type": r#type, "nullable": true, "metadata": {}})
}

fn delta_type(column: &str, dtype: &DataType) -> Result<Value> {
    use DataType as T;
    Ok(match dtype {
        T::Boolean => json!("boolean"),
        T::Int8 => json!("byte"),
        T::Int16 => json!("short"),
        T::Int32 => json!("integer"),
        T::Int64 => json!("long"),
        T::Float32 => json!("float"),
        T::Float64 => json!("double"),
        T::String => json!("string"),
        T::Binary => json!("binary"),
        T::Date => json!("date"),
        T::Datetime(TimeUnit::Microseconds, None) => json!("timestamp_ntz"),
        T::Datetime(TimeUnit::Microseconds, Some(_)) => json!("timestamp"),
        T::Decimal(precision, scale) => json!(format!("decimal({precision},{scale})")),
        T::List(inner) => json!({"type": "array", "elementType": delta_type(column, inner)?, "containsNull": true}),
        T::Struct(fields) => {
            let field = |f: &PolarsField| Ok(delta_field(&f.name, delta_type(column, &f.dtype)?));
            json!({"type": "struct", "fields": fields.iter().map(field).collect::<Result<Vec<_>>>()?})
        }
        other => return Err(Error::internal(&format!("store the column `{column}`"), format!("type {other}"))),
    })
}

fn polars_type(column: &str, r#type: &Value) -> Result<DataType> {
    use DataType as T;
    let unsupported = || {
        Error::new(
            pulse_core::Code::Unsupported,
            format!("The column `{column}` has the Delta type {}, which cannot be read here.", type_text(r#type)),
        )
        .hint("Read the table with the program that wrote it and store that column as text.")
    };
    if let Some(name) = r#type.as_str() {
        let micros = TimeUnit::Microseconds;
        return Ok(match name {
            "boolean" => T::Boolean,
            "byte" => T::Int8,
            "short" => T::Int16,
            "integer" => T::Int32,
            "long" => T::Int64,
            "float" => T::Float32,
            "double" => T::Float64,
            "string" => T::String,
            "binary" => T::Binary,
            "date" => T::Date,
            "timestamp_ntz" => T::Datetime(micros, None),
            "timestamp" => T::Datetime(micros, Some(TimeZone::UTC)),
            _ => decimal(name).map(|(p, s)| T::Decimal(p, s)).ok_or_else(unsupported)?,
        });
    }
    let field = |f: &Value| Ok(PolarsField::new(name_of(f).into(), polars_type(column, &f["type"])?));
    match r#type["type"].as_str() {
        Some("array") => Ok(T::List(Box::new(polars_type(column, &r#type["elementType"])?))),
        Some("struct") => {
            let fields = r#type["fields"].as_array().ok_or_else(unsupported)?;
            Ok(T::Struct(fields.iter().map(field).collect::<Result<_>>()?))
        }
        // Polars reads a Parquet map as a list of its entries.
        Some("map") => Ok(T::List(Box::new(T::Struct(vec![
            PolarsField::new("key".into(), polars_type(column, &r#type["keyType"])?),
            PolarsField::new("value".into(), polars_type(column, &r#type["valueType"])?),
        ])))),
        _ => Err(unsupported()),
    }
}

fn decimal(name: &str) -> Option<(usize, usize)> {
    let (precision, scale) = name.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?))
}

pub(crate) fn type_text(r#type: &Value) -> String {
    match (r#type.as_str(), r#type["type"].as_str()) {
        (Some(name), _) => name.to_owned(),
        (_, Some("array")) => format!("array<{}>", type_text(&r#type["elementType"])),
        (_, Some("map")) => format!("map<{},{}>", type_text(&r#type["keyType"]), type_text(&r#type["valueType"])),
        (_, Some("struct")) => {
            let field = |f: &Value| format!("{}:{}", name_of(f), type_text(&f["type"]));
            let fields: Vec<_> = r#type["fields"].as_array().into_iter().flatten().map(field).collect();
            format!("struct<{}>", fields.join(","))
        }
        _ => r#type.to_string(),
    }
}

fn sql_type(r#type: &Value) -> String {
    let simple = |name: &str| {
        match name {
            "boolean" => "BOOLEAN",
            "byte" => "TINYINT",
            "short" => "SMALLINT",
            "integer" => "INTEGER",
            "long" => "BIGINT",
            "float" => "FLOAT",
            "double" => "DOUBLE",
            "binary" => "BLOB",
            "date" => "DATE",
            "timestamp_ntz" => "TIMESTAMP",
            "timestamp" => "TIMESTAMP WITH TIME ZONE",
            _ => "VARCHAR",
        }
        .to_owned()
    };
    match (r#type.as_str(), r#type["type"].as_str()) {
        (Some(name), _) => decimal(name).map_or_else(|| simple(name), |(p, s)| format!("DECIMAL({p},{s})")),
        (_, Some("array")) => format!("{}[]", sql_type(&r#type["elementType"])),
        (_, Some("map")) => format!("MAP({}, {})", sql_type(&r#type["keyType"]), sql_type(&r#type["valueType"])),
        _ => {
            let field = |f: &Value| format!("\"{}\" {}", name_of(f).replace('"', "\"\""), sql_type(&f["type"]));
            let fields: Vec<_> = r#type["fields"].as_array().into_iter().flatten().map(field).collect();
            format!("STRUCT({})", fields.join(", "))
        }
    }
}
