//! The columns as the target's files hold them.

use polars::prelude::{DataType, Field as PolarsField, TimeUnit, TimeZone};

use super::target::{Format, Target};
use crate::outgoing::Outgoing;

/// A column of the target.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub name: String,
    /// Its type in the target's table; in CSV files it is text.
    pub dtype: DataType,
    pub description: String,
    /// Whether its values are in the folders' names, or the log, and not in the files.
    pub partition: bool,
}

/// The columns of the target; those whose type it cannot hold are text here and named by the preflight.
pub(super) fn fields(target: &Target, outgoing: &Outgoing) -> Vec<Field> {
    let field = |column: &crate::OutgoingColumn| Field {
        name: column.name.clone(),
        dtype: stored(&column.dtype).unwrap_or(DataType::String),
        description: column.description.clone(),
        partition: target.partition_by.contains(&column.name),
    };
    outgoing.columns.iter().map(field).collect()
}

/// The type that holds all values of `dtype` and that Delta and Parquet readers know; nothing if there is none.
pub(super) fn stored(dtype: &DataType) -> Option<DataType> {
    Some(match dtype {
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal(20, 0),
        DataType::Null | DataType::Time => DataType::String,
        DataType::Datetime(_, None) => DataType::Datetime(TimeUnit::Microseconds, None),
        DataType::Datetime(_, Some(_)) => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
        DataType::List(inner) => DataType::List(Box::new(stored(inner)?)),
        DataType::Struct(fields) => {
            let field = |field: &PolarsField| Some(PolarsField::new(field.name().clone(), stored(field.dtype())?));
            DataType::Struct(fields.iter().map(field).collect::<Option<_>>()?)
        }
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Boolean
        | DataType::String
        | DataType::Binary
        | DataType::Date
        | DataType::Decimal(..) => dtype.clone(),
        _ => return None,
    })
}

/// Whether values of a type can be in a folder's name or in the log.
pub(super) fn can_partition(dtype: &DataType) -> bool {
    !matches!(dtype, DataType::List(_) | DataType::Struct(_) | DataType::Binary | DataType::Null)
}

/// What becomes of a column's values on the way; empty if nothing does.
pub(super) fn note(from: &DataType, to: &DataType, format: Format) -> String {
    if format == Format::Csv {
        return match to {
            DataType::List(_) | DataType::Struct(_) => "written as JSON text".into(),
            DataType::Binary => "written as Base64 text".into(),
            _ => String::new(),
        };
    }
    match from {
        DataType::Time => "written as text, such as 09:30:00".into(),
        DataType::Null => "holds no value at all; it becomes a column of texts".into(),
        DataType::Datetime(TimeUnit::Nanoseconds, _) => "cut to microseconds, the finest that is kept".into(),
        from if from != to => format!("widened from {from} to {to}"),
        _ => String::new(),
    }
}
