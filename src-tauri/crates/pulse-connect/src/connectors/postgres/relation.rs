//! What stands behind FROM: a table or a query, with its columns.

use pulse_core::{Error, Progress, Result};
use tokio_postgres::types::Type;

use super::selection::Selection;
use super::session::Session;
use super::sql;
use crate::names::unique_names;

/// A table by schema and name; an empty schema stands for those that need not be named.
const FIND: &str = "\
SELECT c.oid, n.nspname::text, c.relname::text, c.reltuples::float8, pg_catalog.row_security_active(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = $2::text
  AND (n.nspname = $1::text OR ($1::text = '' AND pg_catalog.pg_table_is_visible(c.oid)))";

/// The primary key's columns, in order.
const KEY: &str = "\
SELECT a.attname::text FROM pg_catalog.pg_index i
CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = $1 AND i.indisprimary AND k.place <= i.indnkeyatts ORDER BY k.place";

/// The most pages that a table or one below it (partitions, heirs) has; nothing where rows cannot be told by their place.
const PAGES: &str = "\
WITH RECURSIVE tree AS (
    SELECT $1::oid AS oid UNION ALL
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.oid)
SELECT CASE WHEN bool_and(c.relkind = 'p' OR c.relkind IN ('r', 'm') AND a.amname = 'heap')
                 AND pg_catalog.current_setting('server_version_num')::int >= 140000
            THEN max(CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_catalog.pg_relation_size(c.oid) END)
                 / pg_catalog.current_setting('block_size')::int END
FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam";

/// A table or a query.
pub(super) struct Relation {
    /// What stands behind FROM.
    pub from: String,
    /// What it is called in messages.
    pub title: String,
    /// All its columns.
    pub columns: Vec<SourceColumn>,
    /// What is known of a table.
    pub table: Option<Table>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// What is known of a table.
pub(super) struct Table {
    /// Its number in the catalog.
    pub oid: u32,
    /// Rows, as the server last estimated them.
    pub rows: Option<u64>,
    /// The primary key's columns, as the server names them.
    pub key: Vec<String>,
}

/// A column as the server has it.
#[derive(Clone)]
pub(super) struct SourceColumn {
    /// Its name, which may come twice in a query.
    pub name: String,
    /// How SQL refers to it.
    pub reference: String,
    /// Its type; a domain's is the one below it.
    pub r#type: Type,
    /// The type's modifier, such as digits; -1 for none.
    pub modifier: i32,
}

impl Relation {
    /// What the selection names.
    pub fn resolve(session: &Session, selection: &Selection, progress: &Progress) -> Result<Self> {
        if selection.query.trim().is_empty() {
            return Self::of_table(session, selection.table.trim(), progress);
        }
        let query = sql::bracketed(&selection.query);
        let from = format!("{query} AS pulse_query");
        let columns = columns(session, &from, progress).map_err(|error| error.field("query"))?;
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        let twice = sorted.windows(2).any(|pair| pair[0] == pair[1]);
        let title = "the query".to_owned();
        if !twice {
            return Ok(Self { from, title, columns, table: None, warnings: Vec::new() });
        }
        // A join often has two columns of one name; each gets its own, by which the filter can use it too.
        let (unique, warnings) = unique_names(&names, names.len());
        let aliases: Vec<String> = unique.iter().map(|name| sql::name(name)).collect();
        let from = format!("{query} AS pulse_query({})", aliases.join(", "));
        let renamed = columns.into_iter().zip(unique).zip(aliases);
        let columns = renamed.map(|((column, name), reference)| SourceColumn { name, reference, ..column }).collect();
        Ok(Self { from, title, columns, table: None, warnings })
    }

    fn of_table(session: &Session, text: &str, progress: &Progress) -> Result<Self> {
        let unknown = || {
            Error::not_found(format!("There is no table or view `{text}` in the database."))
                .hint(
                    "Look around in the connection; names with capitals, dots or blanks are written in double quotes.",
                )
                .field("table")
        };
        let parts = sql::parts(text).ok_or_else(unknown)?;
        let (schema, name) = match parts.as_slice() {
            [name] => ("", name.as_str()),
            [schema, name] => (schema.as_str(), name.as_str()),
            _ => return Err(unknown()),
        };
        // What is typed is taken as it is; where that does not exist, as SQL does, in lower case.
        let (lower_schema, lower_name) = (schema.to_lowercase(), name.to_lowercase());
        let tries = [(schema, name), (lower_schema.as_str(), lower_name.as_str())];
        let mut found = Vec::new();
        for (schema, name) in tries.iter().take(if text.contains('"') { 1 } else { 2 }) {
            found = session.query(FIND, &[schema, name], "look for the table", progress)?;
            if !found.is_empty() {
                break;
            }
        }
        let row = found.first().ok_or_else(unknown)?;
        let (oid, schema, name): (u32, String, String) = (row.get(0), row.get(1), row.get(2));
        let from = format!("{}.{}", sql::name(&schema), sql::name(&name));
        let title = format!("{}.{}", sql::typed_name(&schema), sql::typed_name(&name));
        let mut warnings = Vec::new();
        if row.get::<_, bool>(4) {
            warnings.push(format!("{title} has row-level security: only rows that your user may see are read."));
        }
        let columns = columns(session, &from, progress)?;
        if columns.is_empty() {
            return Err(Error::invalid(format!("{title} has no columns, so there is nothing to read."))
                .hint("Choose another table.")
                .field("table"));
        }
        let key = session.query(KEY, &[&oid], "look for the primary key", progress)?;
        let rows: f64 = row.get(3);
        let rows = (rows >= 0.0).then_some(rows as u64);
        let table = Table { oid, rows, key: key.iter().map(|row| row.get(0)).collect() };
        Ok(Self { from, title, columns, table: Some(table), warnings })
    }

    /// The column of that name.
    pub fn column(&self, name: &str, field: &str) -> Result<&SourceColumn> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            let known: Vec<_> = self.columns.iter().map(|column| column.name.as_str()).take(30).collect();
            Error::not_found(format!("There is no column `{name}` in {}.", self.title))
                .hint(format!("Its columns are {}.", known.join(", ")))
                .field(field)
        })
    }

    /// Pages of the table, if its rows can be read by ranges of pages.
    pub fn pages(&self, session: &Session, progress: &Progress) -> Result<Option<u64>> {
        let Some(table) = &self.table else { return Ok(None) };
        let rows = session.query(PAGES, &[&table.oid], "look up the table's size", progress)?;
        let pages: Option<i64> = rows.first().and_then(|row| row.get(0));
        Ok(pages.and_then(|pages| u64::try_from(pages).ok()))
    }
}

fn columns(session: &Session, from: &str, progress: &Progress) -> Result<Vec<SourceColumn>> {
    let statement = session.prepare(&format!("SELECT * FROM {from}"), "understand what to read", progress)?;
    let column = |column: &tokio_postgres::Column| SourceColumn {
        name: column.name().to_owned(),
        reference: sql::name(column.name()),
        r#type: column.type_().clone(),
        modifier: column.type_modifier(),
    };
    Ok(statement.columns().iter().map(column).collect())
}
