//! Values as texts: in CSV files, in the names of partition folders, in the Delta log.

use polars::prelude::*;
use pulse_core::{Error, Result};

use super::fields::Field;
use super::target::Format;
use crate::outgoing::JsonRows;

/// How Hive, and all who followed it, name the folder of rows without a value.
pub(super) const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// The rows with the types of the target.
pub(super) fn typed(frame: &DataFrame, fields: &[Field]) -> Result<DataFrame> {
    let column = |field: &Field| -> PolarsResult<Column> {
        let column = frame.column(&field.name)?;
        if *column.dtype() == field.dtype { Ok(column.clone()) } else { column.strict_cast(&field.dtype) }
    };
    let columns = fields.iter().map(column).collect::<PolarsResult<Vec<_>>>();
    columns
        .and_then(|columns| DataFrame::new(frame.height(), columns))
        .map_err(|cause| Error::internal("give the rows the types of the target", cause))
}

/// The rows as CSV fields where Polars' own writer has other words: times, lists, structs and bytes.
pub(super) fn as_csv(frame: &DataFrame) -> Result<DataFrame> {
    let special = |dtype: &DataType| {
        matches!(dtype, DataType::Datetime(..) | DataType::List(_) | DataType::Struct(_) | DataType::Binary)
    };
    let mut columns = Vec::new();
    for column in frame.columns() {
        columns.push(if special(column.dtype()) { texts(column)?.into_column() } else { column.clone() });
    }
    DataFrame::new(frame.height(), columns).map_err(|cause| Error::internal("write rows as CSV", cause))
}

/// The values of a column as texts: texts as they are, lists and structs as JSON, bytes as Base64, times as ISO 8601.
pub(super) fn texts(column: &Column) -> Result<StringChunked> {
    let failed = |cause: PolarsError| Error::internal("write values as text", cause);
    if *column.dtype() == DataType::String {
        return column.str().map_err(failed).cloned();
    }
    let nested = matches!(column.dtype(), DataType::List(_) | DataType::Struct(_));
    let frame = DataFrame::new(column.len(), vec![column.clone()]).map_err(failed)?;
    let (rows, mut text) = (JsonRows::new(&frame)?, Vec::new());
    let value = |at: usize| {
        text.clear();
        rows.write_value(0, at, &mut text);
        let text = String::from_utf8_lossy(&text);
        match text.as_ref() {
            "null" => None,
            json if nested => Some(json.to_owned()),
            json => Some(json.trim_matches('"').to_owned()),
        }
    };
    let values: Vec<Option<String>> = (0..column.len()).map(value).collect();
    let values: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
    Ok(StringChunked::new(column.name().clone(), &values))
}

/// A partition's value as the Delta protocol writes it (section "Partition Value Serialization").
pub(super) fn in_log(text: &str, dtype: &DataType) -> String {
    match dtype {
        DataType::Datetime(_, None) => text.replacen('T', " ", 1),
        _ => text.to_owned(),
    }
}

/// The folder of a partition, such as `year=2024/city=a%20b/`. Only ASCII characters are written with `%`: Spark takes
/// each `%XX` for a character and not for a byte of UTF-8.
pub(super) fn folder(fields: &[&Field], values: &[Option<String>]) -> String {
    let part = |(field, value): (&&Field, &Option<String>)| {
        let value = match value.as_deref() {
            None | Some("") => NO_VALUE.to_owned(),
            Some(value) => escaped(&in_log(value, &field.dtype)),
        };
        format!("{}={value}/", escaped(&field.name))
    };
    fields.iter().zip(values).map(part).collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if !character.is_ascii() || character.is_ascii_alphanumeric() || "-_.".contains(character) {
            out.push(character);
        } else {
            out.push_str(&format!("%{:02X}", u32::from(character)));
        }
    }
    // These two lead elsewhere as parts of a path.
    if out.chars().all(|character| character == '.') { out.replace('.', "%2E") } else { out }
}

/// The ending of a format's files.
pub(super) fn ending(format: Format) -> &'static str {
    if format == Format::Csv { "csv" } else { "parquet" }
}
