//! One locked-down DuckDB per query: the tables as views, and nothing else within reach.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use duckdb::Connection;
use pulse_core::{Code, Error, Progress, Result};

use crate::fault;
use crate::statement::{quote, version_view};
use crate::{Settings, Table};

/// A connection that sees the given tables and may write the given files.
pub(crate) struct Session {
    connection: Connection,
}

impl Session {
    /// Opens a database in memory, creates the views and locks it.
    pub fn open(settings: &Settings, tables: &[Table], outputs: &[&Path]) -> Result<Self> {
        let connection = connect()?;
        let session = Self { connection };
        session.execute(
            "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; SET TimeZone = 'UTC'",
            "prepare the query",
        )?;
        session.execute(
            "CREATE SCHEMA bronze; CREATE SCHEMA silver; CREATE SCHEMA gold; CREATE SCHEMA ledger; CREATE SCHEMA receipts",
            "prepare the query",
        )?;
        let mut paths: Vec<&Path> = outputs.to_vec();
        for table in tables {
            for path in &table.files {
                settings.check_allowed(path)?;
                paths.push(path);
            }
            session.create_views(table)?;
        }
        for path in outputs {
            settings.check_allowed(path)?;
        }
        session.lock(settings, &paths)?;
        Ok(session)
    }

    /// Runs `work` and interrupts it once `progress` is cancelled. Meanwhile `tick` is called every few milliseconds.
    pub fn interruptible<T>(
        &self,
        progress: &Progress,
        tick: impl Fn() + Sync,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        progress.check()?;
        let handle = self.connection.interrupt_handle();
        let done = AtomicBool::new(false);
        let result = std::thread::scope(|scope| {
            // Interrupts are repeated because DuckDB forgets one that comes between two statements.
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    if progress.is_cancelled() {
                        handle.interrupt();
                    }
                    tick();
                    std::thread::sleep(Duration::from_millis(10));
                }
            });
            // Dropped when the work ends, even in a panic, so that the watcher ends too.
            let _ended = Ended(&done);
            work()
        });
        progress.check()?;
        result
    }

    /// Runs statements that return nothing; `attempt` completes "Could not …".
    pub fn execute(&self, sql: &str, attempt: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(|e| fault::explain(&e, attempt))
    }

    /// Rows of text.
    pub fn texts(&self, sql: &str, parameters: &[&str], columns: usize) -> Result<Vec<Vec<Option<String>>>> {
        let failed = |e| fault::explain(&e, "run the query");
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let mut rows = statement.query(duckdb::params_from_iter(parameters)).map_err(failed)?;
        let mut texts = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            texts.push((0..columns).map(|at| row.get(at)).collect::<duckdb::Result<_>>().map_err(failed)?);
        }
        Ok(texts)
    }

    /// A single number.
    pub fn number(&self, sql: &str) -> Result<u64> {
        let number: i64 =
            self.connection.query_row(sql, [], |row| row.get(0)).map_err(|e| fault::explain(&e, "count"))?;
        Ok(u64::try_from(number).unwrap_or_default())
    }

    fn create_views(&self, table: &Table) -> Result<()> {
        let source = source(table)?;
        let mut names = vec![version_view(&table.name, table.version)];
        if table.latest {
            names.push(table.name.clone());
        }
        for name in names {
            let view = format!("CREATE VIEW {}.{} AS {source}", quote(&table.layer), quote(&name));
            self.execute(&view, &format!("open the table {}.{}", table.layer, table.name))?;
        }
        Ok(())
    }

    /// From here on the statements can reach exactly `paths` and cannot change a setting.
    fn lock(&self, settings: &Settings, paths: &[&Path]) -> Result<()> {
        fs::create_dir_all(&settings.temp).map_err(|e| Error::io("create the folder", &settings.temp, &e))?;
        let paths: Vec<String> = paths.iter().map(|path| file_literal(path)).collect::<Result<_>>()?;
        self.execute(
            &format!(
                "SET memory_limit = {}; SET threads = {}; SET temp_directory = {}; SET max_temp_directory_size = {};
                 SET allowed_paths = [{}];
                 SET enable_external_access = false; SET lock_configuration = true",
                literal(&settings.memory),
                settings.threads.max(1),
                file_literal(&settings.temp)?,
                literal(&settings.temp_limit),
                paths.join(", "),
            ),
            "lock the query down",
        )
    }
}

/// Sets its flag when it is dropped.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

impl Settings {
    fn check_allowed(&self, path: &Path) -> Result<()> {
        let plain = path.components().all(|part| !matches!(part, std::path::Component::ParentDir));
        if plain && self.allowed.iter().any(|folder| path.starts_with(folder)) {
            return Ok(());
        }
        Err(Error::new(Code::PermissionDenied, format!("{} is outside the workspace.", path.display()))
            .hint("Queries read and write files of the workspace only."))
    }
}

/// A fresh database in memory.
pub(crate) fn connect() -> Result<Connection> {
    Connection::open_in_memory().map_err(|e| fault::explain(&e, "start DuckDB"))
}

/// A text as an SQL literal.
pub(crate) fn literal(text: impl AsRef<str>) -> String {
    format!("'{}'", text.as_ref().replace('\'', "''"))
}

/// A path as an SQL literal. DuckDB looks for a file of exactly that name before it takes `*`, `?` or `[` for a pattern.
pub(crate) fn file_literal(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| {
        Error::new(Code::Unsupported, format!("The path {} is not valid Unicode, which DuckDB needs.", path.display()))
            .hint("Move the workspace to a folder with a plain name.")
    })?;
    Ok(literal(text))
}

/// The query that reads a table: its columns by name from all its files, in the order of the rows.
fn source(table: &Table) -> Result<String> {
    let columns = |value: &dyn Fn(&str) -> String| {
        let column = |(name, r#type): &(String, String)| format!("CAST({} AS {type}) AS {}", value(name), quote(name));
        table.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    };
    if table.files.is_empty() {
        return Ok(format!("SELECT {} WHERE false", columns(&|_| "NULL".to_owned())));
    }
    let files: Vec<String> = table.files.iter().map(|path| file_literal(path)).collect::<Result<_>>()?;
    let union = if files.len() > 1 { ", union_by_name = true" } else { "" };
    let from = format!("read_parquet([{}]{union})", files.join(", "));
    if table.columns.is_empty() {
        return Ok(format!("SELECT * FROM {from}"));
    }
    Ok(format!("SELECT {} FROM {from}", columns(&quote)))
}

/// The folder for a file that is being written.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.part", uuid::Uuid::new_v4()))
}
