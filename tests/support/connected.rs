//! A connection without a workspace: what a connector gives is read as an import would read it.

use std::path::Path;

use polars::prelude::{DataFrame, DataType};
use pulse_connect::{Browse, Check, CheckStep, Connection, Content, Fetched, Listing, Task};
use pulse_core::{Error, Progress};
use serde_json::Value;
use tempfile::TempDir;

/// An open connection with a folder for what it reads.
pub struct Connected {
    connection: Box<dyn Connection>,
    folder: TempDir,
    /// Cancels what runs.
    pub progress: Progress,
}

/// What a read gave.
pub struct Got {
    /// As the connector gave it.
    pub fetched: Fetched,
    /// The NDJSON, line by line; empty for other content.
    pub lines: Vec<String>,
    /// The rows as they would be imported; nothing if there are none.
    pub frame: Option<DataFrame>,
}

impl Connected {
    /// Opens a connection of `kind`.
    pub fn open(kind: &str, settings: &Value) -> Self {
        let connection = pulse_connect::connect(kind, settings).expect("settings that are understood");
        Self { connection, folder: tempfile::tempdir().expect("a folder"), progress: Progress::new() }
    }

    /// Runs the check and gives its steps, with the error if it failed.
    pub fn check(&self) -> (Vec<CheckStep>, Option<Error>) {
        let mut check = Check { progress: &self.progress, steps: Vec::new() };
        let error = self.connection.check(&mut check).err();
        (check.steps, error)
    }

    /// Looks around at `path`.
    pub fn browse(&self, path: &[&str]) -> Result<Listing, Error> {
        let path = path.iter().map(|id| (*id).to_owned()).collect();
        self.connection.browse(&Browse { path, ..Browse::default() }, &self.progress)
    }

    /// Looks around with a whole request.
    pub fn look(&self, request: &Browse) -> Result<Listing, Error> {
        self.connection.browse(request, &self.progress)
    }

    /// Whether there is news behind `state`.
    pub fn news(&self, selection: &Value, state: &Value) -> Option<bool> {
        let news = self.connection.news(selection, Some(state), &self.progress).expect("news can be told");
        news.map(|news| news.available)
    }

    /// Reads what is selected, goes on behind `state`, and parses it.
    pub fn read_on(&self, selection: &Value, state: Option<&Value>) -> Result<Got, Error> {
        self.read_with(selection, state, None)
    }

    /// Reads what is selected and parses it.
    pub fn read(&self, selection: &Value) -> Result<Got, Error> {
        self.read_on(selection, None)
    }

    /// Reads with every circumstance.
    pub fn read_with(&self, selection: &Value, state: Option<&Value>, limit: Option<u64>) -> Result<Got, Error> {
        let scratch = tempfile::tempdir_in(&self.folder).expect("a folder").keep();
        let downloads = self.folder.path().to_owned();
        let task = Task {
            progress: &self.progress,
            scratch: &scratch,
            downloads: &downloads,
            limit,
            state,
            replay: &[],
            merges: false,
        };
        let fetched = self.connection.read(selection, &task)?;
        let Content::Files { inputs, options } = &fetched.content else { panic!("only files are parsed here") };
        let lines = inputs.iter().flat_map(|input| lines(&input.path)).collect();
        let frame = (!inputs.is_empty()).then(|| {
            let read =
                pulse_connect::read(inputs, options, &scratch, &self.progress).expect("what was fetched is read");
            assert_eq!(read.rejected, 0, "no record is rejected");
            read.frame.collect().expect("rows")
        });
        Ok(Got { fetched, lines, frame })
    }
}

impl Got {
    /// The columns with their types in short.
    pub fn columns(&self) -> Vec<String> {
        let columns = self.frame.iter().flat_map(DataFrame::columns);
        columns.map(|column| format!("{}: {}", column.name(), column.dtype())).collect()
    }

    /// The texts of a column.
    pub fn texts(&self, name: &str) -> Vec<Option<String>> {
        let Some(frame) = &self.frame else { return Vec::new() };
        let column = frame.column(name).expect("the column").cast(&DataType::String).expect("texts");
        column.str().expect("texts").iter().map(|text| text.map(str::to_owned)).collect()
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.frame.as_ref().map_or(0, DataFrame::height)
    }
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("NDJSON is text");
    text.lines().map(str::to_owned).collect()
}
