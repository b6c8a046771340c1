//! Conversions between SQLite's values and ours.

use rusqlite::types::Type;
use rusqlite::{Row, ToSql};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A count as SQLite stores it; fails above 2^63.
pub(crate) fn count_in(count: u64) -> rusqlite::Result<i64> {
    i64::try_from(count).map_err(|cause| rusqlite::Error::ToSqlConversionFailure(Box::new(cause)))
}

/// The count in `column`.
pub(crate) fn count_out(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    let at = row.as_ref().column_index(column)?;
    let value: i64 = row.get(at)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, value))
}

/// JSON text of `value`.
pub(crate) fn json_in(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|cause| rusqlite::Error::ToSqlConversionFailure(Box::new(cause)))
}

/// The JSON in `column`, which may be null where `T` can.
pub(crate) fn json_out<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let at = row.as_ref().column_index(column)?;
    let text: Option<String> = row.get(at)?;
    serde_json::from_str(text.as_deref().unwrap_or("null"))
        .map_err(|cause| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(cause)))
}

/// The rows of `sql` as a list.
pub(crate) fn list<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
    from: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(parameters, from)?.collect()
}
