//! Running a query: checked, bound, and its rows written to one Parquet file.

use std::fs;
use std::path::Path;
use std::time::Instant;

use pulse_core::{Code, Error, Progress, Result};
use serde::Serialize;
use serde_json::Value;

use crate::session::{Session, beside, file_literal, literal};
use crate::statement::{Query, Statement, quote, wrong};
use crate::stored::{roomier, stored_type};
use crate::{Engine, Table};

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The name; DuckDB has made it unique.
    pub name: String,
    /// The SQL type as which the result file holds it.
    pub sql_type: String,
}

/// What a query gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The columns of the result file.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: u64,
    /// How long it took.
    pub seconds: f64,
    /// What kind of statement it was.
    pub statement: Statement,
}

impl Engine {
    /// Runs one statement over `tables` and writes its rows, in their order, to the Parquet file `result`, which must be
    /// in an allowed folder. On failure or cancel there is no such file.
    pub fn run(&self, sql: &str, tables: &[Table], result: &Path, progress: &Progress) -> Result<Outcome> {
        let started = Instant::now();
        let query = self.read(sql)?;
        let part = beside(result);
        let session = Session::open(&self.settings, tables, &[&part])?;
        let work = || {
            check_with_duckdb(&session, &query, sql)?;
            let source = source(&session, &query)?;
            write_parquet(&session, &source, &part)
        };
        let finish = || {
            let (columns, rows) = session.interruptible(progress, || (), work)?;
            fs::rename(&part, result).map_err(|e| Error::io("write the result", result, &e))?;
            progress.add_rows(rows);
            Ok(Outcome { columns, rows, seconds: started.elapsed().as_secs_f64(), statement: query.statement })
        };
        finish().inspect_err(|_| _ = fs::remove_file(&part))
    }

    /// Whether `sql` is one statement that can be run: its form is checked with the line and column of an error, its
    /// names are not.
    pub fn check(&self, sql: &str) -> Result<()> {
        let query = self.read(sql)?;
        let session = Session::open(&self.settings, &[], &[])?;
        check_with_duckdb(&session, &query, sql)
    }
}

/// Lets DuckDB parse the query: it must be exactly one statement that reads.
pub(crate) fn check_with_duckdb(session: &Session, query: &Query, text: &str) -> Result<()> {
    let parsed = session.texts("SELECT json_serialize_sql(CAST(? AS VARCHAR))", &[&query.sql], 1)?;
    let parsed = parsed.into_iter().flatten().flatten().next().unwrap_or_default();
    let parsed: Value = serde_json::from_str(&parsed).map_err(|e| Error::internal("check the statement", e))?;
    if parsed["error"] != true {
        return match parsed["statements"].as_array().map_or(0, Vec::len) {
            1 => Ok(()),
            count => Err(wrong(format!("The text holds {count} statements.")).hint("Run them one at a time.")),
        };
    }
    let message = parsed["error_message"].as_str().unwrap_or("the statement cannot be read");
    if parsed["error_type"] != "parser" {
        // A PIVOT over values that are not listed is one statement to the user and several to DuckDB's parser.
        if query.pivots {
            return Ok(());
        }
        return Err(Error::new(Code::PermissionDenied, "The statement does more than read, so it cannot be run here.")
            .hint("Begin with SELECT, FROM, WITH, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN.")
            .field("sql"));
    }
    // DuckDB counts characters from the start of the query.
    let place: Option<usize> = parsed["position"].as_str().and_then(|position| position.parse().ok());
    let byte = place.and_then(|place| query.sql.char_indices().nth(place)).map_or(query.sql.len(), |(at, _)| at);
    let (line, column) = line_and_column(text, query.origin(byte));
    Err(wrong(format!("Line {line}, column {column}: {message}"))
        .hint("Check the spelling and the commas near that place."))
}

/// What to select the rows of the query from.
pub(crate) fn source(session: &Session, query: &Query) -> Result<String> {
    if let Some(explain) = query.explain {
        let plan = session.texts(&format!("{explain} {}", query.sql), &[], 2)?;
        let row = |row: &Vec<Option<String>>| {
            let texts: Vec<String> = row.iter().map(|text| literal(text.as_deref().unwrap_or_default())).collect();
            format!("({})", texts.join(", "))
        };
        let rows: Vec<String> = plan.iter().map(row).collect();
        return Ok(format!("(VALUES {}) AS plan(kind, plan)", rows.join(", ")));
    }
    if query.pivots {
        let table = format!("CREATE TEMP TABLE pivoted AS ({}\n)", query.sql);
        session.execute(&table, "run the query")?;
        return Ok("temp.pivoted".to_owned());
    }
    Ok(format!("({}\n)", query.sql))
}

/// The columns of `source` with their SQL types.
pub(crate) fn columns(session: &Session, source: &str) -> Result<Vec<Column>> {
    let described = session.texts(&format!("DESCRIBE SELECT * FROM {source}"), &[], 2)?;
    let column = |row: Vec<Option<String>>| match <[Option<String>; 2]>::try_from(row) {
        Ok([Some(name), Some(sql_type)]) => Ok(Column { name, sql_type }),
        _ => Err(Error::internal("describe the result", "a column without a name or type")),
    };
    described.into_iter().map(column).collect()
}

/// Writes the rows of `source` to the Parquet file `path` and returns its columns and rows.
pub(crate) fn write_parquet(session: &Session, source: &str, path: &Path) -> Result<(Vec<Column>, u64)> {
    let found = columns(session, source)?;
    let stored = |roomy: bool| {
        let column = |column: &Column| {
            let stored = stored_type(&column.sql_type);
            Column { name: column.name.clone(), sql_type: if roomy { roomier(&stored) } else { stored } }
        };
        found.iter().map(column).collect::<Vec<_>>()
    };
    let copy = |stored: &[Column]| {
        let cast = |(found, stored): (&Column, &Column)| match found.sql_type == stored.sql_type {
            true => quote(&found.name),
            false => format!("CAST({0} AS {1}) AS {0}", quote(&found.name), stored.sql_type),
        };
        let columns: Vec<String> = found.iter().zip(stored).map(cast).collect();
        let sql = format!(
            "COPY (SELECT {} FROM {source}) TO {} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)",
            columns.join(", "),
            file_literal(path)?
        );
        session.execute(&sql, "write the result")
    };
    let mut columns = stored(false);
    if let Err(error) = copy(&columns) {
        // A whole number of more than 38 digits does not fit the decimal; text holds it.
        if !error.message.contains("DECIMAL(38,0)") {
            return Err(error);
        }
        columns = stored(true);
        copy(&columns)?;
    }
    let rows = session.number(&format!("SELECT count(*) FROM read_parquet({})", file_literal(path)?))?;
    Ok((columns, rows))
}

/// Line and column, both from 1 and the column in characters, of the byte `place` in `text`.
fn line_and_column(text: &str, place: usize) -> (usize, usize) {
    let before = text.get(..place.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
