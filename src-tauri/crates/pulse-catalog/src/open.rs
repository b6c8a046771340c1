//! Opening: checks that the file is a sound catalog of a known version before anything is written to it, then migrates.

use std::path::Path;
use std::time::Duration;

use pulse_core::{Code, Error, Result};
use rusqlite::{Connection, TransactionBehavior};

use crate::failure;

/// The migrations in order; a catalog's `user_version` counts those it has had.
const MIGRATIONS: [&str; 3] = [
    include_str!("../migrations/0001.sql"),
    include_str!("../migrations/0002.sql"),
    include_str!("../migrations/0003.sql"),
];

/// Marks the file as a catalog of Cloud Pulse ("Puls" in ASCII; see <https://www.sqlite.org/fileformat2.html>).
const APPLICATION_ID: i64 = 0x5075_6c73;

/// Opens, checks and migrates the catalog at `path`.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    if path.is_dir() {
        return Err(Error::invalid(format!("The catalog {} is a folder, not a file.", path.display()))
            .hint("Move that folder away, or choose another workspace."));
    }
    let explain = |cause| failure::describe("open the tables", path, &cause);
    let mut connection = Connection::open(path).map_err(explain)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(explain)?;
    let version = checked_version(&connection, path)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(explain)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(explain)?;
    // File systems without shared memory keep their journal mode, which is as durable, so the answer is not checked.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)).map_err(explain)?;
    migrate(&mut connection, version, &MIGRATIONS).map_err(explain)?;
    Ok(connection)
}

/// The number of migrations the file has had; fails unless it is empty or a sound catalog this program knows.
fn checked_version(connection: &Connection, path: &Path) -> Result<usize> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let explain = |cause| failure::describe("read the version", path, &cause);
    let application = number("application_id").map_err(explain)?;
    let version = number("user_version").map_err(explain)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(explain)?;
    if tables == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(failure::damaged(path, "it is a database of another program"));
    }
    let version = usize::try_from(version).map_err(|_| failure::damaged(path, "its version number is negative"))?;
    if version > MIGRATIONS.len() {
        return Err(Error::new(
            Code::Unsupported,
            format!(
                "The catalog {} was written by a newer Cloud Pulse (catalog version {version}, this program knows {}).",
                path.display(),
                MIGRATIONS.len()
            ),
        )
        .hint("Start the newer program, or choose another workspace; nothing was changed."));
    }
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(explain)?;
    if verdict != "ok" {
        return Err(failure::damaged(path, &verdict));
    }
    Ok(version)
}

/// Applies the migrations after the first `done`, each in a transaction of its own with the version it leads to.
fn migrate(connection: &mut Connection, done: usize, migrations: &[&str]) -> rusqlite::Result<()> {
    for (at, migration) in migrations.iter().enumerate().skip(done) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", at as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    fn version(path: &Path) -> i64 {
        let connection = Connection::open(path).expect("the catalog opens");
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version")
    }

    #[test]
    fn a_missing_and_an_empty_file_become_a_catalog_that_opens_again() {
        let folder = folder();
        let (missing, empty) = (folder.path().join("missing.db"), folder.path().join("empty.db"));
        std::fs::write(&empty, b"").expect("an empty file");
        for path in [&missing, &empty] {
            for _ in 0..2 {
                let catalog = Catalog::open(path).expect("a new catalog");
                assert!(catalog.recipes().list().expect("a list").is_empty(), "a new catalog is empty");
            }
            assert_eq!(version(path), MIGRATIONS.len() as i64, "every migration ran once");
        }
    }

    #[test]
    fn commits_are_durable_and_references_are_enforced() {
        let folder = folder();
        let connection = open(&folder.path().join("catalog.db")).expect("a new catalog");
        for (pragma, expected) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
            let value: rusqlite::types::Value =
                connection.pragma_query_value(None, pragma, |row| row.get(0)).expect("a pragma");
            let text = match value {
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Integer(number) => number.to_string(),
                other => panic!("{pragma} is {other:?}"),
            };
            assert_eq!(text, expected, "for {pragma}");
        }
    }

    #[test]
    fn a_damaged_file_is_refused_named_and_left_as_it_is() {
        let folder = folder();
        let sound = folder.path().join("sound.db");
        drop(Catalog::open(&sound).expect("a new catalog"));
        let mut torn = std::fs::read(&sound).expect("the catalog's bytes");
        torn[4096..].fill(0xa5);
        let half = std::fs::read(&sound).expect("the catalog's bytes")[..6000].to_vec();
        for (name, bytes) in
            [("text.db", b"this is not a database, it is a text\n".repeat(200)), ("torn.db", torn), ("half.db", half)]
        {
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes).expect("a damaged file");
            let error = Catalog::open(&path).expect_err(name);
            assert_eq!(error.code, Code::Damaged, "{name}: {error}");
            assert!(error.message.contains(name), "the error names the file: {error}");
            assert!(error.hint.as_deref().unwrap_or_default().contains("lake/"), "the hint says the tables are safe");
            assert_eq!(std::fs::read(&path).expect("the file"), bytes, "{name} was not written to");
        }
    }

    #[test]
    fn a_newer_catalog_and_a_foreign_database_are_refused_and_left_as_they_are() {
        let folder = folder();
        let newer = folder.path().join("newer.db");
        drop(Catalog::open(&newer).expect("a new catalog"));
        Connection::open(&newer).and_then(|c| c.pragma_update(None, "user_version", 99)).expect("a newer version");
        let error = Catalog::open(&newer).expect_err("a newer catalog");
        assert_eq!((error.code, error.message.contains("99")), (Code::Unsupported, true), "{error}");
        assert_eq!(version(&newer), 99, "a newer catalog is not downgraded");

        let foreign = folder.path().join("foreign.db");
        Connection::open(&foreign).and_then(|c| c.execute_batch("CREATE TABLE recipes (x)")).expect("a database");
        let error = Catalog::open(&foreign).expect_err("a foreign database");
        assert_eq!((error.code, version(&foreign)), (Code::Damaged, 0), "{error}");
    }

    #[test]
    fn a_folder_and_a_place_without_a_folder_are_refused() {
        let folder = folder();
        assert_eq!(
            Catalog::open(folder.path()).expect_err("a folder").code,
            Code::InvalidInput,
            "a folder is no catalog"
        );
        let error = Catalog::open(&folder.path().join("none/catalog.db")).expect_err("no such folder");
        assert!(error.hint.is_some(), "{error}");
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().expect("a database");
        let failing = ["CREATE TABLE a (x) STRICT;", "CREATE TABLE b (x INTEGER) STRICT; SELECT nonsense;"];
        migrate(&mut connection, 0, &failing).expect_err("no column type");
        let good = ["CREATE TABLE a (x INTEGER) STRICT;", "CREATE TABLE b (x INTEGER) STRICT; SELECT nonsense;"];
        migrate(&mut connection, 0, &good).expect_err("no such column");
        let (version, tables): (i64, i64) = connection
            .query_row(
                "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .expect("the state after the failure");
        assert_eq!((version, tables), (1, 1), "the first migration stays, the second left nothing");
    }
}
