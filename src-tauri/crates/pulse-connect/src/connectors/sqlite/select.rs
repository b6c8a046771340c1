//! From a selection to the statement that reads it, and where the next read goes on.

use std::path::Path;

use pulse_core::{Error, Progress, Result};
use rusqlite::types::{ToSqlOutput, Value as Cell, ValueRef};
use rusqlite::{Connection, Params, ToSql, params_from_iter};
use serde_json::{Value, json};

use super::file::Database;
use super::relation::{self, Column, quoted};
use super::rows::Spool;
use super::{From, Selection};
use crate::connector::Task;
use crate::names::unique_names;

/// The name under which a query is known inside SQLite.
const QUERY: &str = "the query";

/// What a selection reads.
pub(super) struct Source {
    /// What it is, for people.
    pub what: String,
    /// The columns, with the names they have in the table that is made of them.
    pub columns: Vec<Column>,
    /// The names of the primary key's columns, if all of them are read.
    pub key: Vec<String>,
    /// Columns that are called otherwise than in the file.
    pub warnings: Vec<String>,
    /// The columns as SQL.
    list: String,
    /// The table or the query as SQL.
    from: String,
    /// The table's name, for the address.
    table: String,
    /// The condition as SQL; empty for all rows.
    filter: String,
    /// The column that tells new rows, as SQL, and whether it can be missing.
    cursor: Option<(String, bool)>,
}

impl Source {
    /// Finds what is selected; makes a query known to SQLite, which takes one SELECT and nothing else.
    pub(super) fn of(database: &Database, selection: &Selection, progress: &Progress) -> Result<Self> {
        let relation = match selection.from {
            From::Table if selection.table.is_empty() => {
                return Err(Error::invalid("No table is named.").hint("Choose a table or view.").field("table"));
            }
            From::Table => relation::find(database, &selection.table, progress)?,
            From::Query => query(database, &selection.query, progress)?,
        };
        let is_query = selection.from == From::Query;
        let (what, schema) = if is_query { (QUERY.to_owned(), "temp") } else { (relation.name.clone(), "main") };
        let cursor = cursor(&relation, selection)?;
        let chosen = chosen(&relation.columns, &selection.columns, &what)?;
        let given: Vec<String> = chosen.iter().map(|column| column.name.clone()).collect();
        let (names, warnings) = unique_names(&given, given.len());
        let mut key: Vec<(u32, String)> =
            chosen.iter().zip(&names).filter(|(c, _)| c.key > 0).map(|(c, name)| (c.key, name.clone())).collect();
        if key.len() < relation.columns.iter().filter(|column| column.key > 0).count() {
            key.clear();
        }
        key.sort_unstable();
        let filter = selection.filter.trim();
        Ok(Self {
            list: given.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "),
            from: format!("{schema}.{}", quoted(&relation.name)),
            table: if is_query { String::new() } else { relation.name },
            // A comment at the end of a condition must not swallow what follows it.
            filter: if filter.is_empty() { String::new() } else { format!("({filter}\n)") },
            columns: chosen.into_iter().zip(names).map(|(column, name)| Column { name, ..column }).collect(),
            key: key.into_iter().map(|(_, name)| name).collect(),
            what,
            warnings,
            cursor,
        })
    }

    /// The address of what is read.
    pub(super) fn origin(&self, path: &Path) -> String {
        let mark = if self.table.is_empty() { "" } else { "#" };
        format!("sqlite://{}{mark}{}", path.display(), self.table)
    }

    /// Where the read after this one goes on; nothing if every read is a full one.
    pub(super) fn next_state(
        &self,
        database: &Database,
        since: &Position,
        task: &Task<'_>,
    ) -> Result<(Option<Value>, Vec<String>)> {
        let Some((column, can_miss)) = &self.cursor else { return Ok((None, Vec::new())) };
        if task.limit.is_some() {
            return Ok((Some(since.to_json()), Vec::new()));
        }
        let most = format!("SELECT max({column}) FROM {}{}", self.from, self.condition(since));
        let missing = format!("SELECT 1 FROM {} WHERE {column} IS NULL LIMIT 1", self.from);
        let (most, missing) = database.run(task.progress, "cursor", |conn| {
            let most = conn.prepare(&most)?.query_row(self.bound(since), |row| row.get(0))?;
            Ok(Ok((most, *can_miss && conn.prepare(&missing)?.exists([])?)))
        })?;
        let next = if most == Cell::Null { since.clone() } else { Position(most) };
        let warning =
            "Rows have no value in the column that tells new rows; a refresh does not find further ones of them.";
        Ok((Some(next.to_json()), missing.then(|| warning.to_owned()).into_iter().collect()))
    }

    /// Reads the rows behind `since` into the scratch folder; for a preview only the first.
    pub(super) fn spool(&self, database: &Database, since: &Position, task: &Task<'_>) -> Result<Spool> {
        let limit = task.limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
        let sql = format!("SELECT {} FROM {}{}{limit}", self.list, self.from, self.condition(since));
        let mut spool = Spool::create(task.scratch, &self.columns)?;
        let field = if self.filter.is_empty() { "query" } else { "filter" };
        database.run(task.progress, field, |conn| {
            let mut statement = conn.prepare(&sql)?;
            let mut rows = statement.query(self.bound(since))?;
            while let Some(row) = rows.next()? {
                if let Err(error) = spool.add(row, task.progress) {
                    return Ok(Err(error));
                }
            }
            Ok(Ok(()))
        })?;
        Ok(spool)
    }

    /// The number of rows behind `since`.
    pub(super) fn count(&self, database: &Database, since: &Position, progress: &Progress) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}{}", self.from, self.condition(since));
        let read = |conn: &Connection| conn.prepare(&sql)?.query_row(self.bound(since), |row| row.get::<_, i64>(0));
        let count = database.run(progress, "cursor", |conn| Ok(Ok(read(conn)?)))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The condition on the rows, `?1` standing for the position; empty if there is none.
    fn condition(&self, since: &Position) -> String {
        let behind = self.cursor.as_ref().filter(|_| !since.is_start()).map(|(column, _)| format!("{column} > ?1"));
        let parts: Vec<_> =
            [Some(self.filter.clone()), behind].into_iter().flatten().filter(|p| !p.is_empty()).collect();
        if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) }
    }

    /// What [`Source::condition`] wants for its place.
    fn bound<'a>(&self, since: &'a Position) -> impl Params + use<'a> {
        params_from_iter((self.cursor.is_some() && !since.is_start()).then_some(since))
    }
}

/// The value of the column that tells new rows, up to which rows were read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Position(Cell);

impl Position {
    /// The position that a read left behind; the start if there is none.
    pub(super) fn of(state: Option<&Value>) -> Result<Self> {
        let Some(cursor) = state.map(|state| &state["cursor"]) else { return Ok(Self(Cell::Null)) };
        let cell = match cursor {
            Value::Null => Some(Cell::Null),
            Value::Number(number) => number.as_i64().map(Cell::Integer),
            Value::String(text) => Some(Cell::Text(text.clone())),
            other => match (other["real"].as_str(), other["blob"].as_str()) {
                (Some(real), _) => real.parse().ok().map(Cell::Real),
                (_, Some(hex)) => unhex(hex).map(Cell::Blob),
                _ => None,
            },
        };
        cell.map(Self).ok_or_else(|| {
            Error::damaged("The saved position of the last refresh is not understood.")
                .hint("Read everything again.")
                .field("cursor")
        })
    }

    /// Whether nothing was read yet.
    pub(super) fn is_start(&self) -> bool {
        self.0 == Cell::Null
    }

    /// What [`Position::of`] reads; floats as text, because JSON's may be off in the last digit.
    fn to_json(&self) -> Value {
        let cursor = match &self.0 {
            Cell::Null => Value::Null,
            Cell::Integer(number) => json!(number),
            Cell::Real(number) => json!({ "real": format!("{number:?}") }),
            Cell::Text(text) => json!(text),
            Cell::Blob(bytes) => json!({ "blob": crate::source::hex(bytes) }),
        };
        json!({ "cursor": cursor })
    }
}

impl ToSql for Position {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::from(&self.0)))
    }
}

/// Makes a query known to SQLite as a view, which takes one SELECT, names its columns and knows their declared types.
fn query(database: &Database, text: &str, progress: &Progress) -> Result<relation::Relation> {
    let text = text.trim().trim_end_matches(';');
    if text.is_empty() {
        return Err(Error::invalid("The query is empty.").hint("Write a SELECT.").field("query"));
    }
    let made = database.run(progress, "query", |conn| {
        conn.prepare(&format!("CREATE TEMP VIEW {} AS {text}\n", quoted(QUERY)))?.execute([])?;
        conn.execute_batch("PRAGMA query_only = ON")?;
        Ok(Ok(relation::columns(conn, "temp", QUERY)?))
    });
    let columns = made.map_err(|error| match error.hint {
        Some(_) if error.code == pulse_core::Code::InvalidInput => {
            error.hint("A query is one SELECT, without parameters; a file cannot be attached or changed.")
        }
        _ => error,
    })?;
    Ok(relation::Relation { name: QUERY.to_owned(), columns, without_rowid: true, ..relation::Relation::default() })
}

/// The columns of these names, or all.
fn chosen(columns: &[Column], names: &[String], what: &str) -> Result<Vec<Column>> {
    if names.is_empty() {
        return Ok(columns.to_vec());
    }
    let find = |name: &String| {
        columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)).cloned().ok_or_else(|| {
            let known: Vec<_> = columns.iter().take(40).map(|column| format!("`{}`", column.name)).collect();
            Error::not_found(format!("{what} has no column `{name}`."))
                .hint(format!("Its columns are {}.", known.join(", ")))
                .field("columns")
        })
    };
    names.iter().map(find).collect()
}

/// The column that tells new rows as SQL, compared byte by byte, and whether it can be missing.
fn cursor(relation: &relation::Relation, selection: &Selection) -> Result<Option<(String, bool)>> {
    let name = selection.cursor.trim();
    if name.is_empty() {
        return Ok(None);
    }
    let as_sql = |name: &str| format!("{} COLLATE BINARY", quoted(name));
    if let Some(column) = relation.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)) {
        return Ok(Some((as_sql(&column.name), !column.required)));
    }
    if name.eq_ignore_ascii_case("rowid") && !relation.without_rowid {
        return Ok(Some((quoted("rowid"), false)));
    }
    Err(Error::not_found(format!("`{}` has no column `{name}` that could tell new rows.", relation.name))
        .hint("Choose a column whose values only grow; views, queries and some tables have no rowid.")
        .field("cursor"))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
