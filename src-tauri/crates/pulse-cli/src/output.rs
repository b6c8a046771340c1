//! What goes to stdout and stderr.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this file is for")]

use std::process::ExitCode;

use pulse_core::Error;
use serde_json::{Value, json};

/// What a command answers: the document for `--json`, and lines and a table for people.
#[derive(Debug, Default)]
pub struct Answer {
    /// The stable, documented form.
    pub json: Value,
    /// Sentences.
    pub lines: Vec<String>,
    /// Columns and rows.
    pub table: Option<Table>,
}

/// Rows for people.
#[derive(Debug, Default)]
pub struct Table {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows as JSON values.
    pub rows: Vec<Vec<Value>>,
}

/// The widest a cell is printed.
const CELL: usize = 40;

/// Prints an answer for people: the table, then the sentences.
pub fn print(answer: &Answer) {
    if let Some(table) = &answer.table {
        print_table(table);
    }
    for line in &answer.lines {
        println!("{line}");
    }
}

/// Prints the one JSON document of a command.
pub fn document(document: &Value) -> ExitCode {
    println!("{document}");
    ExitCode::SUCCESS
}

/// Prints an error: a JSON document on stdout with `--json`, else the message and hint on stderr.
pub fn failure(error: &Error, as_json: bool) -> ExitCode {
    if as_json {
        println!("{}", json!({ "error": error }));
    } else {
        eprintln!("error: {error}");
    }
    ExitCode::FAILURE
}

/// Prints a sentence that is not part of the answer, such as a job's progress.
pub fn aside(text: &str) {
    eprintln!("{text}");
}

fn print_table(table: &Table) {
    let cells: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let width = |at: usize| {
        let rows = cells.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        rows.max(table.columns[at].chars().count()).min(CELL)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{:<width$}", shorten(text)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    println!("{}", line(&table.columns));
    println!("{}", widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("  "));
    for row in &cells {
        println!("{}", line(row));
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::String(text) => text.replace(['\n', '\r', '\t'], " "),
        other => other.to_string(),
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= CELL {
        return text.to_owned();
    }
    text.chars().take(CELL - 1).chain(['…']).collect()
}

/// Says once that the server is ready, and where.
pub fn ready(url: &str, as_json: bool) {
    use std::io::Write;
    if as_json {
        println!("{}", json!({ "url": url }));
    } else {
        println!("Cloud Pulse is ready at {url}\nStop it with Ctrl-C.");
    }
    // Whoever started the server waits for this line, so it must not stay in a buffer. A closed pipe is no reason to stop.
    let _ = std::io::stdout().flush();
}
