//! Exports: the rows of a query in a file of the user's, whole or not at all.

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pulse_core::{Error, Progress, Result};

use crate::run::{Column, check_with_duckdb, columns, source, write_parquet};
use crate::session::{Session, beside, file_literal};
use crate::statement::quote;
use crate::{Engine, Table};

/// The format of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text with a header, comma-separated, UTF-8; null is nothing, an empty text is `""`.
    Csv {
        /// Puts a `'` before texts that a spreadsheet would run as a formula (OWASP ASVS 1.2.10).
        guard_formulas: bool,
    },
    /// Parquet.
    Parquet,
    /// One array of objects.
    Json,
    /// One object per line.
    Ndjson,
}

/// What an export wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Texts that [`Format::Csv`] guarded against being run as a formula.
    pub guarded: u64,
}

impl Engine {
    /// Writes the rows of one statement over `tables` to the file `to`, replacing it; a failure or cancel leaves what was
    /// there. DuckDB writes into the first allowed folder's disk; only the finished file reaches the user's folder.
    pub fn export(
        &self,
        sql: &str,
        tables: &[Table],
        format: Format,
        to: &Path,
        progress: &Progress,
    ) -> Result<Exported> {
        let query = self.read(sql)?;
        if to.is_dir() || to.file_name().is_none() {
            return Err(Error::invalid(format!("{} is a folder.", to.display()))
                .hint("Name a file in it.")
                .field("to"));
        }
        fs::create_dir_all(&self.settings.temp).map_err(|e| Error::io("create the folder", &self.settings.temp, &e))?;
        let id = uuid::Uuid::new_v4();
        let rows_file = self.settings.temp.join(format!("export-{id}.parquet"));
        let part = self.settings.temp.join(format!("export-{id}.part"));
        let work = || {
            let session = Session::open(&self.settings_with_temp(), tables, &[&rows_file, &part])?;
            let write = || {
                check_with_duckdb(&session, &query, sql)?;
                let source = source(&session, &query)?;
                write_file(&session, &source, format, &rows_file, &part)
            };
            // DuckDB does not say how far it is, but its files grow; the larger of the two is the one at work.
            let seen = AtomicU64::new(0);
            let count_bytes = || {
                let sizes = [&rows_file, &part].map(|file| fs::metadata(file).map_or(0, |meta| meta.len()));
                let now = sizes[0].max(sizes[1]);
                progress.add_bytes(now.saturating_sub(seen.fetch_max(now, Relaxed)));
            };
            let (rows, guarded) = session.interruptible(progress, count_bytes, write)?;
            count_bytes();
            progress.add_rows(rows);
            let bytes = deliver(&part, to)?;
            Ok(Exported { rows, bytes, guarded })
        };
        let result = work();
        for file in [&rows_file, &part] {
            // Either file may never have been written.
            let _ = fs::remove_file(file);
        }
        result
    }

    /// Exports are written in the temporary folder first.
    fn settings_with_temp(&self) -> crate::Settings {
        let mut settings = self.settings.clone();
        settings.allowed.push(settings.temp.clone());
        settings
    }
}

/// Writes the rows of `source` to `part`; returns how many and how many texts were guarded.
fn write_file(session: &Session, source: &str, format: Format, rows_file: &Path, part: &Path) -> Result<(u64, u64)> {
    if format == Format::Parquet {
        return Ok((write_parquet(session, source, part)?.1, 0));
    }
    // The rows are computed once, into a file that can be counted and read again.
    let described = columns(session, source)?;
    let (stored, rows) = write_parquet(session, source, rows_file)?;
    let from = format!("read_parquet({})", file_literal(rows_file)?);
    let guard = format == Format::Csv { guard_formulas: true };
    let texts: Vec<&Column> = stored.iter().filter(|column| guard && column.sql_type == "VARCHAR").collect();
    let guarded = match texts.iter().map(|column| format!("count_if({})", is_formula(&column.name))).collect::<Vec<_>>()
    {
        counts if counts.is_empty() => 0,
        counts => session.number(&format!("SELECT CAST({} AS BIGINT) FROM {from}", counts.join(" + ")))?,
    };
    let column = |(described, stored): (&Column, &Column)| {
        let name = quote(&stored.name);
        if texts.contains(&stored) {
            format!("CASE WHEN {} THEN '''' || {name} ELSE {name} END AS {name}", is_formula(&stored.name))
        } else if described.sql_type == "JSON" {
            // Text in the result file, but an object in an exported JSON.
            format!("CAST({name} AS JSON) AS {name}")
        } else {
            name
        }
    };
    let selected: Vec<String> = described.iter().zip(&stored).map(column).collect();
    let options = match format {
        Format::Csv { .. } => "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR ''",
        Format::Json => "FORMAT json, ARRAY true",
        Format::Ndjson | Format::Parquet => "FORMAT json, ARRAY false",
    };
    let copy = format!(
        "COPY (SELECT {} FROM {from}) TO {} ({options}, USE_TMP_FILE false)",
        selected.join(", "),
        file_literal(part)?
    );
    session.execute(&copy, "write the export")?;
    Ok((rows, guarded))
}

/// Whether a text starts like a formula and is not just a number such as `-5`.
fn is_formula(name: &str) -> String {
    let name = quote(name);
    format!("coalesce(regexp_matches({name}, '^[=+\\-@\\t\\r\\x00]') AND TRY_CAST({name} AS DOUBLE) IS NULL, false)")
}

/// Moves the finished file to `to` in one step: first beside it, on the disk, then under its name.
fn deliver(part: &Path, to: &Path) -> Result<u64> {
    let near = beside(to);
    let failed = |e: std::io::Error| Error::io("write the export", to, &e).field("to");
    let place = || {
        if fs::rename(part, &near).is_err() {
            // The user's folder is on another disk.
            fs::copy(part, &near)?;
        }
        let file = File::options().write(true).open(&near)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        fs::rename(&near, to)?;
        sync_folder(to.parent().unwrap_or(Path::new(".")))?;
        Ok(bytes)
    };
    place().map_err(failed).inspect_err(|_| _ = fs::remove_file(&near))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Windows keeps folder entries in the file system's journal and cannot sync a folder.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
