//! Whole reads, from bytes to rows and ledger; examples are data.

mod archives;
mod delimited;
mod objects;
mod properties;
mod types;

use std::path::{Path, PathBuf};

use polars::prelude::*;
use pulse_core::{Error, Progress};

use crate::{Input, Read, ReadOptions, read};

/// A read with its collected frame.
struct Done {
    read: Read,
    frame: DataFrame,
}

/// Writes a file into a folder of its own.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    (folder, path)
}

fn read_paths(paths: &[&Path], options: &ReadOptions) -> Result<Done, Error> {
    let scratch = tempfile::tempdir().expect("a folder");
    let inputs: Vec<Input> = paths.iter().map(|path| Input::from(path.to_path_buf())).collect();
    let read = read(&inputs, options, scratch.path(), &Progress::new())?;
    let frame = read.frame.clone().collect().expect("the frame is what the scan proved");
    let streamed = read.frame.clone().collect_with_engine(Engine::Streaming).expect("the same by streaming");
    assert!(frame.equals_missing(&streamed.unwrap_single()), "both engines read the same rows");
    assert_eq!(read.records, read.rows + read.rejected, "every record is accounted for");
    assert_eq!(frame.height() as u64, read.rows, "the frame has the rows that were announced");
    let records =
        read.ledger.column("kind").expect("kinds").str().expect("text").iter().filter(|k| *k == Some("record"));
    assert_eq!(records.count() as u64, read.rejected, "every rejected record is in the ledger");
    Ok(Done { read, frame })
}

fn read_with(name: &str, bytes: &[u8], options: &ReadOptions) -> Done {
    let (_folder, path) = file(name, bytes);
    read_paths(&[&path], options).expect("a read")
}

fn read_csv(text: &str) -> Done {
    read_with("table.csv", text.as_bytes(), &ReadOptions::default())
}

impl Done {
    /// All cells as text, row by row; `∅` for a missing value.
    fn rows(&self) -> Vec<Vec<String>> {
        let texts: Vec<StringChunked> = self
            .frame
            .columns()
            .iter()
            .map(|column| column.cast(&DataType::String).expect("text").str().expect("text").clone())
            .collect();
        let cell = |c: &StringChunked, row| c.get(row).map_or("∅".to_owned(), str::to_owned);
        (0..self.frame.height()).map(|row| texts.iter().map(|c| cell(c, row)).collect()).collect()
    }

    /// The cells with `|` between them and `/` between rows.
    fn shown(&self) -> String {
        self.rows().iter().map(|row| row.join("|")).collect::<Vec<_>>().join("/")
    }

    fn names(&self) -> String {
        self.frame.get_column_names().iter().map(|name| name.as_str()).collect::<Vec<_>>().join("|")
    }

    fn types(&self) -> String {
        self.read.columns.iter().map(|column| column.type_word.as_str()).collect::<Vec<_>>().join("|")
    }

    /// The ledger as `line: value: reason`.
    fn ledger(&self) -> Vec<String> {
        let text = |name: &str, row| {
            let column = self.read.ledger.column(name).expect("a column").str().expect("text").clone();
            column.get(row).unwrap_or("∅").to_owned()
        };
        let line = |row| self.read.ledger.column("line").expect("lines").u64().expect("numbers").get(row).unwrap_or(0);
        (0..self.read.ledger.height())
            .map(|row| format!("{}: {}: {}", line(row), text("value", row), text("reason", row)))
            .collect()
    }
}
