//! PostgreSQL as a source, against a real server.

mod faults;
mod loading;
mod looking;
mod reading;
mod types;

use polars::prelude::*;
use pulse_connect::{Check, CheckStep, Content, Fetched, Task, connect};
use pulse_core::{Error, Progress};
use pulse_tests::services::postgres::Database;
use serde_json::Value;

/// What a read gave, with its rows in memory.
struct Got {
    fetched: Fetched,
    frame: DataFrame,
    ledger: Vec<pulse_core::LedgerEntry>,
    files: usize,
}

impl Got {
    fn words(&self) -> Vec<(String, String)> {
        let Content::Typed { columns, .. } = &self.fetched.content else { panic!("typed rows") };
        columns.iter().map(|column| (column.name.clone(), column.type_word.clone())).collect()
    }

    /// The cell as text; nothing for a missing value.
    fn cell(&self, column: &str, row: usize) -> Option<String> {
        let texts = self.frame.column(column).unwrap().cast(&DataType::String).unwrap();
        texts.str().unwrap().get(row).map(str::to_owned)
    }

    /// A column of integers.
    fn integers(&self, column: &str) -> Vec<Option<i64>> {
        let numbers = self.frame.column(column).unwrap().cast(&DataType::Int64).unwrap();
        numbers.i64().unwrap().iter().collect()
    }
}

/// Reads a selection with a task of its own; the account of the rows is checked.
fn read_with(settings: &Value, selection: &Value, state: Option<&Value>, progress: &Progress) -> Result<Got, Error> {
    let folder = tempfile::tempdir().unwrap();
    let connection = connect("postgres", settings)?;
    let task = Task {
        progress,
        scratch: folder.path(),
        downloads: folder.path(),
        limit: None,
        state,
        replay: &[],
        merges: false,
    };
    let fetched = connection.read(selection, &task)?;
    let Content::Typed { files, schema, rows, ledger, .. } = &fetched.content else { panic!("typed rows") };
    let mut sorted = files.clone();
    sorted.sort();
    assert_eq!(&sorted, files, "the order of the names is that of the rows");
    let mut frame = DataFrame::empty_with_schema(schema);
    for file in files {
        frame.vstack_mut(&ParquetReader::new(std::fs::File::open(file).unwrap()).finish().unwrap()).unwrap();
    }
    assert_eq!(frame.height() as u64, *rows);
    assert_eq!(frame.schema().as_ref(), schema);
    let (ledger, files) = (ledger.clone(), files.len());
    Ok(Got { frame, ledger, files, fetched })
}

fn read(database: &Database, selection: Value) -> Result<Got, Error> {
    read_with(&database.settings(), &selection, None, &Progress::new())
}

fn got(database: &Database, selection: Value) -> Got {
    read(database, selection.clone()).unwrap_or_else(|error| panic!("{selection}: {error}"))
}

/// The settings with some members changed.
fn changed(settings: &Value, changes: Value) -> Value {
    let mut settings = settings.clone();
    changes.as_object().unwrap().iter().for_each(|(name, value)| settings[name] = value.clone());
    settings
}

fn checked(settings: &Value) -> (Vec<CheckStep>, Option<Error>) {
    let progress = Progress::new();
    let mut check = Check { progress: &progress, steps: Vec::new() };
    let error = connect("postgres", settings).and_then(|connection| connection.check(&mut check)).err();
    (check.steps, error)
}
