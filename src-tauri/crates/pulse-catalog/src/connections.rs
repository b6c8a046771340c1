//! Connections: named settings of outside systems, without their secrets.

use pulse_core::{Code, Error, Result};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use crate::Catalog;
use crate::value::{json_in, json_out, list};

/// The connections of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Connections<'a>(pub(crate) &'a Catalog);

/// A connection as the catalog keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredConnection {
    /// Its id, chosen by the caller.
    pub id: String,
    /// Its name, unique whatever the case of its letters.
    pub name: String,
    /// The kind of connector.
    pub kind: String,
    /// The settings, without secrets.
    pub settings: Value,
    /// The dotted names of the settings that are kept as secrets.
    pub secrets: Vec<String>,
    /// When it was last saved.
    pub updated_at_ms: i64,
}

const SELECT: &str = "SELECT id, name, kind, settings, secrets, updated_at_ms FROM connections";

impl Connections<'_> {
    /// All connections by name.
    pub fn list(&self) -> Result<Vec<StoredConnection>> {
        self.0.read("list the connections", |c| list(c, &format!("{SELECT} ORDER BY name, id"), &[], connection))
    }

    /// The connection `id`; fails with `NotFound`.
    pub fn get(&self, id: &str) -> Result<StoredConnection> {
        let sql = format!("{SELECT} WHERE id = ?1");
        let found = self.0.read("read a connection", |c| c.query_row(&sql, [id], connection).optional())?;
        found.ok_or_else(|| missing(id))
    }

    /// Saves the connection, replacing the one with the same id; fails with `AlreadyExists` if another has its name.
    pub fn save(&self, connection: &StoredConnection) -> Result<()> {
        let taken = "SELECT 1 FROM connections WHERE name = ?1 AND id <> ?2";
        let sql = "INSERT INTO connections (id, name, kind, settings, secrets, updated_at_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (id) DO UPDATE SET name = ?2, kind = ?3, settings = ?4, secrets = ?5, updated_at_ms = ?6";
        let free = self.0.transact("save a connection", |t| {
            if t.query_row(taken, [&connection.name, &connection.id], |_| Ok(())).optional()?.is_some() {
                return Ok(false);
            }
            let (settings, secrets) = (json_in(&connection.settings)?, json_in(&connection.secrets)?);
            let StoredConnection { id, name, kind, updated_at_ms, .. } = connection;
            t.execute(sql, params![id, name, kind, settings, secrets, updated_at_ms])?;
            Ok(true)
        })?;
        if free { Ok(()) } else { Err(name_taken("connection", &connection.name)) }
    }

    /// Forgets the connection `id`; fails with `NotFound`.
    pub fn delete(&self, id: &str) -> Result<()> {
        match self.0.transact("delete a connection", |t| t.execute("DELETE FROM connections WHERE id = ?1", [id]))? {
            0 => Err(missing(id)),
            _ => Ok(()),
        }
    }
}

/// The error for a name that another one has.
pub(crate) fn name_taken(what: &str, name: &str) -> Error {
    Error::new(Code::AlreadyExists, format!("There is another {what} called “{name}”."))
        .hint("Choose another name.")
        .field("name")
}

fn connection(row: &Row<'_>) -> rusqlite::Result<StoredConnection> {
    Ok(StoredConnection {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        settings: json_out(row, "settings")?,
        secrets: json_out(row, "secrets")?,
        updated_at_ms: row.get("updated_at_ms")?,
    })
}

fn missing(id: &str) -> Error {
    Error::not_found(format!("There is no connection `{id}`.")).hint("It may have been deleted; choose another one.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_unique_and_a_deleted_connection_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).expect("a catalog");
        let made = |id: &str, name: &str| StoredConnection {
            id: id.into(),
            name: name.into(),
            kind: "postgres".into(),
            settings: json!({"host": "db", "port": 5432}),
            secrets: vec!["password".into()],
            updated_at_ms: 7,
        };
        let connections = catalog.connections();
        connections.save(&made("1", "Sales")).expect("saved");
        assert_eq!(connections.save(&made("2", "sales")).expect_err("taken").code, Code::AlreadyExists);
        connections.save(&made("2", "Stock")).expect("another name");
        connections.save(&StoredConnection { settings: json!({}), ..made("1", "SALES") }).expect("changed");
        let names: Vec<_> = connections.list().expect("a list").into_iter().map(|c| c.name).collect();
        assert_eq!(names, ["SALES", "Stock"]);
        assert_eq!(connections.get("2").expect("there"), made("2", "Stock"));
        connections.delete("2").expect("deleted");
        assert_eq!(connections.get("2").expect_err("gone").code, Code::NotFound);
        assert_eq!(connections.delete("2").expect_err("gone").code, Code::NotFound);
    }
}
