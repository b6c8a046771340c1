//! What a database holds: tables and views with their columns.

use pulse_core::{Error, Progress, Result};
use rusqlite::Connection;

use super::file::Database;

/// A table or view.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    /// Its name.
    pub name: String,
    /// `table`, `view` or `virtual table`.
    pub kind: String,
    /// Its columns without those that a virtual table hides.
    pub columns: Vec<Column>,
    /// Whether it has no rowid; views have none either.
    pub without_rowid: bool,
    /// Whether SQLite enforces its types.
    pub strict: bool,
    /// Why it cannot be read, where it cannot.
    pub problem: Option<String>,
}

/// A column as it was declared.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    /// Its name.
    pub name: String,
    /// The declared type; any text, or none.
    pub declared: String,
    /// Its place in the primary key, from 1; 0 if it is no part of it.
    pub key: u32,
    /// Whether it can hold no missing value.
    pub required: bool,
    /// Whether it is computed from others.
    pub generated: bool,
}

/// The tables and views in alphabetical order, without SQLite's own and those in which a virtual table keeps its data.
pub(super) fn list(database: &Database, progress: &Progress) -> Result<Vec<Relation>> {
    database.run(progress, "path", |conn| {
        let mut statement = conn.prepare(
            "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name COLLATE NOCASE",
        )?;
        let found = statement.query_map([], |row| {
            let kind: String = row.get(1)?;
            Ok(Relation {
                name: row.get(0)?,
                without_rowid: row.get::<_, i64>(2)? != 0 || kind == "view",
                strict: row.get::<_, i64>(3)? != 0,
                kind: if kind == "virtual" { "virtual table".to_owned() } else { kind },
                ..Relation::default()
            })
        })?;
        let mut relations = found.collect::<rusqlite::Result<Vec<_>>>()?;
        for relation in &mut relations {
            match columns(conn, "main", &relation.name) {
                Ok(columns) => relation.columns = columns,
                // One broken view must not hide the others.
                Err(cause) => relation.problem = Some(format!("It cannot be read: {cause}.")),
            }
        }
        Ok(Ok(relations))
    })
}

/// The table or view of that name, upper and lower case aside, as SQLite compares names.
pub(super) fn find(database: &Database, name: &str, progress: &Progress) -> Result<Relation> {
    let mut relations = list(database, progress)?;
    match relations.iter().position(|relation| relation.name.eq_ignore_ascii_case(name)) {
        Some(at) => {
            let relation = relations.swap_remove(at);
            match &relation.problem {
                None => Ok(relation),
                Some(problem) => Err(Error::invalid(format!("`{name}` is in the file, but: {problem}"))
                    .hint("It may need a table or an extension that is not there; read the tables it is made of.")
                    .field("table")),
            }
        }
        None => {
            let names: Vec<_> = relations.iter().take(20).map(|relation| format!("`{}`", relation.name)).collect();
            let hint = if names.is_empty() {
                "The file holds none.".into()
            } else {
                format!("There are {}.", names.join(", "))
            };
            Err(Error::not_found(format!("The file has no table or view `{name}`.")).hint(hint).field("table"))
        }
    }
}

/// The columns of what is called `name` in a schema.
pub(super) fn columns(conn: &Connection, schema: &str, name: &str) -> rusqlite::Result<Vec<Column>> {
    const HIDDEN: i64 = 1;
    let mut statement =
        conn.prepare("SELECT name, type, pk, \"notnull\", hidden FROM pragma_table_xinfo(?1, ?2) WHERE hidden <> ?3")?;
    let found = statement.query_map((name, schema, HIDDEN), |row| {
        Ok(Column {
            name: row.get(0)?,
            declared: row.get(1)?,
            key: row.get(2)?,
            required: row.get::<_, i64>(3)? != 0,
            generated: row.get::<_, i64>(4)? > HIDDEN,
        })
    })?;
    found.collect()
}

/// A name as SQL takes it, whatever stands in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
