//! Sources: what is read through a connection into a table, and what came of the last refresh.

use pulse_core::{Error, Result};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use crate::Catalog;
use crate::connections::name_taken;
use crate::value::{json_in, json_out, list};

/// The sources of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a>(pub(crate) &'a Catalog);

/// A source as the catalog keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSource {
    /// Its id, chosen by the caller.
    pub id: String,
    /// Its name, unique whatever the case of its letters.
    pub name: String,
    /// The id of its connection.
    pub connection: String,
    /// The table it fills.
    pub table: String,
    /// What was saved.
    pub body: Value,
    /// What came of the last refresh; null before the first.
    pub outcome: Value,
    /// When it was last saved.
    pub updated_at_ms: i64,
}

const SELECT: &str = "SELECT id, name, connection, table_name, body, outcome, updated_at_ms FROM sources";

impl Sources<'_> {
    /// All sources by name.
    pub fn list(&self) -> Result<Vec<StoredSource>> {
        self.0.read("list the sources", |c| list(c, &format!("{SELECT} ORDER BY name, id"), &[], source))
    }

    /// The source `id`; fails with `NotFound`.
    pub fn get(&self, id: &str) -> Result<StoredSource> {
        let sql = format!("{SELECT} WHERE id = ?1");
        self.0.read("read a source", |c| c.query_row(&sql, [id], source).optional())?.ok_or_else(|| missing(id))
    }

    /// Saves the source, replacing the one with the same id but not its outcome; fails with `AlreadyExists` if another
    /// has its name.
    pub fn save(&self, source: &StoredSource) -> Result<()> {
        let taken = "SELECT 1 FROM sources WHERE name = ?1 AND id <> ?2";
        let sql = "INSERT INTO sources (id, name, connection, table_name, body, outcome, updated_at_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE
                   SET name = ?2, connection = ?3, table_name = ?4, body = ?5, updated_at_ms = ?7";
        let free = self.0.transact("save a source", |t| {
            if t.query_row(taken, [&source.name, &source.id], |_| Ok(())).optional()?.is_some() {
                return Ok(false);
            }
            let StoredSource { id, name, connection, table, updated_at_ms, .. } = source;
            let (body, outcome) = (json_in(&source.body)?, json_in(&source.outcome)?);
            t.execute(sql, params![id, name, connection, table, body, outcome, updated_at_ms])?;
            Ok(true)
        })?;
        if free { Ok(()) } else { Err(name_taken("source", &source.name)) }
    }

    /// Records what came of a refresh; fails with `NotFound`.
    pub fn record(&self, id: &str, outcome: &Value) -> Result<()> {
        let sql = "UPDATE sources SET outcome = ?2 WHERE id = ?1";
        match self.0.transact("record a refresh", |t| t.execute(sql, params![id, json_in(outcome)?]))? {
            0 => Err(missing(id)),
            _ => Ok(()),
        }
    }

    /// Forgets the source `id`; fails with `NotFound`.
    pub fn delete(&self, id: &str) -> Result<()> {
        match self.0.transact("delete a source", |t| t.execute("DELETE FROM sources WHERE id = ?1", [id]))? {
            0 => Err(missing(id)),
            _ => Ok(()),
        }
    }
}

fn source(row: &Row<'_>) -> rusqlite::Result<StoredSource> {
    Ok(StoredSource {
        id: row.get("id")?,
        name: row.get("name")?,
        connection: row.get("connection")?,
        table: row.get("table_name")?,
        body: json_out(row, "body")?,
        outcome: json_out(row, "outcome")?,
        updated_at_ms: row.get("updated_at_ms")?,
    })
}

fn missing(id: &str) -> Error {
    Error::not_found(format!("There is no source `{id}`.")).hint("It may have been deleted.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn saving_again_keeps_what_the_last_refresh_brought() {
        let folder = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).expect("a catalog");
        let source = StoredSource {
            id: "1".into(),
            name: "Orders".into(),
            connection: "env:SHOP".into(),
            table: "bronze.orders".into(),
            body: json!({"selection": {"table": "orders"}}),
            outcome: Value::Null,
            updated_at_ms: 1,
        };
        let sources = catalog.sources();
        sources.save(&source).expect("saved");
        sources.record("1", &json!({"state": "ok"})).expect("recorded");
        sources.save(&StoredSource { body: json!({}), ..source.clone() }).expect("saved again");
        let found = sources.get("1").expect("there");
        assert_eq!((found.body, found.outcome), (json!({}), json!({"state": "ok"})));
        assert!(
            sources.save(&StoredSource { id: "2".into(), name: "ORDERS".into(), ..source }).is_err(),
            "a name twice"
        );
        sources.delete("1").expect("deleted");
        assert!(sources.list().expect("a list").is_empty() && sources.record("1", &Value::Null).is_err());
    }
}
