//! The database file: found, opened for reading only, and left as it was.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use pulse_core::{Code, Error, Progress, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::relation::{Relation, quoted};

/// How every SQLite database begins (sqlite.org/fileformat2.html, 1.3).
const MAGIC: &[u8] = b"SQLite format 3\0";
/// How long another program's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a running statement looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(50);
/// What has a meaning of its own in the path of a `file:` address.
const SPECIAL: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

/// An open database in one read transaction.
pub(super) struct Database {
    conn: Connection,
    path: PathBuf,
    /// What the file looked like when it was opened as one that nobody writes; nothing if SQLite's locks are used.
    still: Option<Stamp>,
}

/// What changes when somebody writes the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    head: Vec<u8>,
    log: bool,
}

/// The size of the file in bytes, which must be an SQLite database by its first bytes.
pub(super) fn find(path: &Path) -> Result<u64> {
    let meta = fs::metadata(path).map_err(|cause| Error::io("find", path, &cause).field("path"))?;
    if !meta.is_file() {
        return Err(Error::invalid(format!("{} is no file.", path.display()))
            .hint("Choose a database file.")
            .field("path"));
    }
    let head = head(path)?;
    if head.is_empty() {
        return Err(Error::invalid(format!("{} is empty: it holds no database.", path.display()))
            .hint("Check the download or the program that made it.")
            .field("path"));
    }
    if !head.starts_with(MAGIC) {
        return Err(no_database(path));
    }
    Ok(meta.len())
}

impl Database {
    /// Opens the file and begins to read; what other programs write from now on is not seen.
    ///
    /// A database with a write-ahead log that nobody has open is read as a file that does not change, because SQLite
    /// would create files beside it otherwise; [`Database::close`] finds out if it did change.
    pub(super) fn open(path: &Path, progress: &Progress) -> Result<Self> {
        find(path)?;
        let stamp = stamp(path)?;
        let logs = stamp.head.get(18) == Some(&2);
        let still = (logs && !stamp.log).then_some(stamp);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(address(path, still.is_some()), flags);
        let conn = conn.map_err(|cause| explain("open", path, &cause))?;
        let database = Self { conn, path: path.to_owned(), still };
        database.harden().map_err(|cause| explain("open", path, &cause))?;
        database.begin(progress)?;
        Ok(database)
    }

    /// In what way it was opened, for people.
    pub(super) fn mode(&self) -> &'static str {
        if self.still.is_some() { "; nobody else has it open" } else { "" }
    }

    /// Ends the read; fails if the file changed although nobody seemed to write it.
    pub(super) fn close(self) -> Result<()> {
        match &self.still {
            Some(before) if *before != stamp(&self.path)? => Err(Error::new(
                Code::Conflict,
                format!("Another program changed {} while it was read.", self.path.display()),
            )
            .hint("Read it again; it is then read together with that program.")),
            _ => Ok(()),
        }
    }

    /// Runs statements, which stop within a moment of the job's cancel; `field` is the form's member they come from.
    pub(super) fn run<T>(
        &self,
        progress: &Progress,
        field: &str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<Result<T>>,
    ) -> Result<T> {
        let done = self.until(None, progress, work);
        progress.check()?;
        done.map_err(|cause| with_field(explain("read", &self.path, &cause), field))?
    }

    /// The number of rows of a table; nothing if counting them takes longer than `limit`.
    pub(super) fn count(&self, relation: &Relation, limit: Duration, progress: &Progress) -> Result<Option<u64>> {
        let sql = format!("SELECT count(*) FROM main.{}", quoted(&relation.name));
        let counted = self.until(Some(limit), progress, |conn| conn.query_row(&sql, [], |row| row.get::<_, i64>(0)));
        progress.check()?;
        // What stands in the way of counting is said when the table is read.
        Ok(counted.ok().and_then(|count| u64::try_from(count).ok()))
    }

    /// Looks for damage for at most `limit`; whether all of the file was looked at.
    pub(super) fn verify(&self, limit: Duration, progress: &Progress) -> Result<bool> {
        let look = |conn: &Connection| conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        let found = self.until(Some(limit), progress, look);
        progress.check()?;
        match found {
            Ok(word) if word == "ok" => Ok(true),
            Ok(damage) => Err(damaged(&self.path, &damage)),
            Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(false),
            Err(cause) => Err(explain("check", &self.path, &cause)),
        }
    }

    /// Runs `work` and interrupts it at the job's cancel or after `limit`.
    fn until<T>(&self, limit: Option<Duration>, progress: &Progress, work: impl FnOnce(&Connection) -> T) -> T {
        let (handle, began) = (self.conn.get_interrupt_handle(), Instant::now());
        std::thread::scope(|scope| {
            let (done, wait) = mpsc::channel::<()>();
            scope.spawn(move || {
                while wait.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    if progress.is_cancelled() || limit.is_some_and(|limit| began.elapsed() > limit) {
                        handle.interrupt();
                    }
                }
            });
            let outcome = work(&self.conn);
            drop(done);
            outcome
        })
    }

    /// Takes away what a hostile file or a query could use to do more than read.
    fn harden(&self) -> rusqlite::Result<()> {
        self.conn.busy_timeout(Duration::from_millis(200))?;
        self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        self.conn.execute_batch("PRAGMA cell_size_check = ON; PRAGMA temp_store = FILE;")
    }

    /// Begins the read transaction, waiting for a program that is about to commit.
    fn begin(&self, progress: &Progress) -> Result<()> {
        let began = Instant::now();
        self.conn.execute_batch("BEGIN").map_err(|cause| explain("open", &self.path, &cause))?;
        loop {
            progress.check()?;
            let read = self.conn.query_row("SELECT count(*) FROM main.sqlite_schema", [], |row| row.get::<_, i64>(0));
            match read {
                Ok(_) => return Ok(()),
                Err(cause) if is_busy(&cause) && began.elapsed() < PATIENCE => {}
                Err(cause) => return Err(explain("open", &self.path, &cause)),
            }
        }
    }
}

/// The error for a failed statement on the file.
fn explain(attempt: &str, path: &Path, cause: &rusqlite::Error) -> Error {
    let shown = path.display();
    let text = message(cause);
    let error = |code, hint: &str| Error::new(code, format!("Could not {attempt} {shown}: {text}.")).hint(hint);
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => no_database(path),
        Some(ErrorCode::DatabaseCorrupt) => damaged(path, &text),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            error(Code::Conflict, "Another program is writing it; try again when that program is done.")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => error(
            Code::PermissionDenied,
            "A program that wrote it may have ended half-way: open it once with that program, or copy it together with \
             its -wal and -journal files to a folder in which you may write.",
        ),
        Some(ErrorCode::PermissionDenied) => error(Code::PermissionDenied, "Give your user access to the file."),
        Some(ErrorCode::SystemIoFailure) => error(Code::Damaged, "Check the disk, or fetch the file again."),
        Some(ErrorCode::TooBig | ErrorCode::OutOfMemory | ErrorCode::DiskFull) => {
            error(Code::LimitExceeded, "Read fewer columns or rows at a time.")
        }
        Some(ErrorCode::OperationInterrupted) => error(Code::Cancelled, "Start it again when you like."),
        _ if text.contains("no such module") => {
            error(Code::Unsupported, "The table needs an extension of SQLite that is not there; read its other tables.")
        }
        _ => error(
            Code::InvalidInput,
            "Check the names and the SQL; texts stand in single quotes, names in double ones.",
        ),
    }
}

fn message(cause: &rusqlite::Error) -> String {
    match cause {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::MultipleStatement => "there is more than one statement".to_owned(),
        other => other.to_string(),
    }
}

fn with_field(error: Error, field: &str) -> Error {
    if error.code == Code::InvalidInput { error.field(field) } else { error }
}

fn is_busy(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn no_database(path: &Path) -> Error {
    Error::invalid(format!("{} is no SQLite database, or it is encrypted.", path.display()))
        .hint("Choose a database file; one that is encrypted has to be decrypted with the program that made it.")
        .field("path")
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::damaged(format!("The database {} is damaged: {what}.", path.display()))
        .hint("Fetch the file again, or save what can be read with `sqlite3 FILE .recover`.")
}

/// The file as a `file:` address.
fn address(path: &Path, still: bool) -> String {
    let text = path.to_string_lossy().replace('\\', if cfg!(windows) { "/" } else { "\\" });
    let slash = if text.starts_with('/') { "" } else { "/" };
    let immutable = if still { "&immutable=1" } else { "" };
    format!("file:{slash}{}?mode=ro{immutable}", utf8_percent_encode(&text, SPECIAL))
}

fn stamp(path: &Path) -> Result<Stamp> {
    let meta = fs::metadata(path).map_err(|cause| Error::io("find", path, &cause))?;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = fs::metadata(log).is_ok_and(|meta| meta.len() > 0);
    Ok(Stamp { bytes: meta.len(), modified: meta.modified().ok(), head: head(path)?, log })
}

/// The first hundred bytes.
fn head(path: &Path) -> Result<Vec<u8>> {
    let read = || {
        let mut head = Vec::new();
        File::open(path)?.take(100).read_to_end(&mut head)?;
        Ok(head)
    };
    read().map_err(|cause| Error::io("read", path, &cause).field("path"))
}
