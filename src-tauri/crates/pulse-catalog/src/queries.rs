//! SQL the user saved and SQL the user ran.

use pulse_core::{Error, Result};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::Catalog;
use crate::value::list;

/// How many runs the history keeps.
const HISTORY: i64 = 200;

/// The SQL queries of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a>(pub(crate) &'a Catalog);

/// A query saved under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedQuery {
    /// Its id, chosen by the caller.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The SQL.
    pub sql: String,
    /// When it was last saved.
    pub updated_at_ms: i64,
}

/// One run of a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The SQL.
    pub sql: String,
    /// When it was run.
    pub at_ms: i64,
}

impl Queries<'_> {
    /// The saved queries by name.
    pub fn list(&self) -> Result<Vec<SavedQuery>> {
        let sql = "SELECT id, name, sql, updated_at_ms FROM queries ORDER BY name, id";
        self.0.read("list the saved queries", |c| {
            list(c, sql, &[], |row| {
                Ok(SavedQuery { id: row.get(0)?, name: row.get(1)?, sql: row.get(2)?, updated_at_ms: row.get(3)? })
            })
        })
    }

    /// Saves the query, replacing the one with the same id.
    pub fn save(&self, query: &SavedQuery) -> Result<()> {
        let sql = "INSERT INTO queries (id, name, sql, updated_at_ms) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (id) DO UPDATE SET name = ?2, sql = ?3, updated_at_ms = ?4";
        let parameters = params![query.id, query.name, query.sql, query.updated_at_ms];
        self.0.transact("save a query", |t| t.execute(sql, parameters)).map(drop)
    }

    /// Forgets the saved query `id`; fails with `NotFound`.
    pub fn delete(&self, id: &str) -> Result<()> {
        match self.0.transact("delete a query", |t| t.execute("DELETE FROM queries WHERE id = ?1", [id]))? {
            0 => Err(Error::not_found(format!("There is no saved query `{id}`."))
                .hint("Look it up in the list of saved queries; it may have been deleted.")),
            _ => Ok(()),
        }
    }

    /// Adds a run to the history; running the newest entry again only renews its time.
    pub fn record(&self, sql: &str, at_ms: i64) -> Result<()> {
        self.0.transact("record a query", |t| {
            let newest: Option<(i64, String)> = t
                .query_row("SELECT id, sql FROM query_history ORDER BY id DESC LIMIT 1", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            if let Some((id, _)) = newest.filter(|(_, newest)| newest == sql) {
                return t.execute("UPDATE query_history SET at_ms = ?2 WHERE id = ?1", params![id, at_ms]).map(drop);
            }
            t.execute("INSERT INTO query_history (sql, at_ms) VALUES (?1, ?2)", params![sql, at_ms])?;
            t.execute("DELETE FROM query_history WHERE id <= ?1", [t.last_insert_rowid() - HISTORY]).map(drop)
        })
    }

    /// The last 200 runs, the newest first.
    pub fn history(&self) -> Result<Vec<HistoryEntry>> {
        self.0.read("list the query history", |c| {
            list(c, "SELECT sql, at_ms FROM query_history ORDER BY id DESC", &[], |row| {
                Ok(HistoryEntry { sql: row.get(0)?, at_ms: row.get(1)? })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulse_core::Code;

    #[test]
    fn saved_queries_are_replaced_by_id_listed_by_name_and_deleted() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).expect("a new catalog");
        let query = |id: &str, name: &str, at| SavedQuery {
            id: id.into(),
            name: name.into(),
            sql: "SELECT 1".into(),
            updated_at_ms: at,
        };
        for saved in [query("1", "zebra", 1), query("2", "ant", 2), query("1", "bee", 3)] {
            catalog.queries().save(&saved).expect("saved");
        }
        let listed = catalog.queries().list().expect("listed");
        assert_eq!(listed, [query("2", "ant", 2), query("1", "bee", 3)], "one entry per id, by name");
        catalog.queries().delete("1").expect("deleted");
        assert_eq!(catalog.queries().delete("1").expect_err("gone").code, Code::NotFound, "a missing query is said so");
    }

    #[test]
    fn the_history_keeps_the_newest_runs_once_in_a_row() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).expect("a new catalog");
        for at in 0..205 {
            catalog.queries().record(&format!("SELECT {at}"), at).expect("recorded");
        }
        catalog.queries().record("SELECT 204", 999).expect("recorded");
        let history = catalog.queries().history().expect("listed");
        assert_eq!(history.len(), 200, "older runs are forgotten");
        assert_eq!(history[0], HistoryEntry { sql: "SELECT 204".into(), at_ms: 999 }, "a repeat renews the newest");
        assert_eq!(history[199].sql, "SELECT 5", "the oldest five are gone");
    }
}
