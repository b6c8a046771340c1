//! What the integration tests stand on: a workspace in a temporary folder, the `pulse` binary, the Python peers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail")]

mod connected;
mod journal;
mod killed;
mod outside;
mod sending;
#[path = "../services/mod.rs"]
pub mod services;
mod topic;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use polars::prelude::{IpcStreamReader, SerReader};
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use serde_json::Value;

pub use connected::{Connected, Got};
pub use journal::Memory;
pub use killed::{Killed, done_runs, kill_sync};
pub use outside::*;
pub use sending::{Sending, column};
pub use topic::{Seen, consumer, make_topic, messages, newest, write_messages};

/// An open workspace in a folder that is removed with it.
pub struct Space {
    /// The engine on it.
    pub engine: Engine,
    folder: tempfile::TempDir,
}

impl Space {
    /// A fresh one.
    #[allow(clippy::new_without_default, reason = "opening a workspace is no default")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let engine = Engine::open(&folder.path().join("workspace"), "a test").expect("a fresh workspace opens");
        Self { engine, folder }
    }

    /// Writes a file beside the workspace and returns its path.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file beside the workspace");
        path
    }

    /// A path beside the workspace.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a connection by hand; a JSON text, number or boolean is the same in TOML.
    pub fn connection(&self, name: &str, kind: &str, settings: &Value) {
        let path = self.engine.root().join("connections.toml");
        let members = settings.as_object().expect("settings").iter();
        let members = members.map(|(name, value)| format!("{name} = {value}\n")).collect::<String>();
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, format!("{before}[{name}]\nkind = \"{kind}\"\n{members}")).expect("a file");
    }

    /// Imports one file and returns the job's result or error.
    pub fn import(&self, path: &Path, table: &str) -> Result<Value, pulse_core::Error> {
        self.import_with(path, table, ReadOptions::default(), ImportMode::Create)
    }

    /// Imports one file with settings.
    pub fn import_with(
        &self,
        path: &Path,
        table: &str,
        options: ReadOptions,
        mode: ImportMode,
    ) -> Result<Value, pulse_core::Error> {
        let files = vec![ImportFile { path: path.display().to_string(), member: None }];
        self.import_files(ImportRequest { files, options, table: table.to_owned(), mode })
    }

    /// Imports what a request names.
    pub fn import_files(&self, request: ImportRequest) -> Result<Value, pulse_core::Error> {
        self.result(&self.engine.import_start(request)?)
    }

    /// Imports text written to a new file `name`; a failure ends the test.
    pub fn import_text(&self, name: &str, text: impl AsRef<[u8]>, table: &str) -> Value {
        let path = self.file(name, text);
        self.import(&path, table).unwrap_or_else(|error| panic!("{name} is imported into {table}: {error}"))
    }

    /// Applies `steps`, each `(kind, config)`, to a table and returns the job's result.
    pub fn apply(&self, table: &str, steps: &[(&str, Value)]) -> Result<Value, pulse_core::Error> {
        let recipe = self.engine.recipe_open(TableRequest { table: table.to_owned() })?;
        let saved = self.engine.recipe_save(RecipeDoc { steps: recipe_steps(steps), ..recipe })?;
        self.result(&self.engine.recipe_apply(ApplyRequest { recipe: saved.id, version: None })?)
    }

    /// The result or error of a job, once it has ended.
    pub fn result(&self, started: &JobStarted) -> Result<Value, pulse_core::Error> {
        let job = self.engine.wait(&started.job)?;
        match job.message {
            Some(message) => Err(serde_json::from_value(message).expect("a job's message is an error")),
            None => Ok(job.result.expect("a job without an error has a result")),
        }
    }

    /// The rows of a query as JSON values.
    pub fn sql(&self, sql: &str) -> Result<Vec<Vec<Value>>, pulse_core::Error> {
        self.engine.sql_run(SqlRequest { id: "test".into(), sql: sql.to_owned() })?;
        let source = RowSource::Result { id: "test".into() };
        self.engine.json_rows(&RowsRequest { source, offset: 0, limit: 10_000 })
    }

    /// All rows of a table as JSON values, page by page.
    pub fn rows(&self, table: &str) -> Vec<Vec<Value>> {
        self.pages(&RowSource::Table { table: table.to_owned(), version: None })
    }

    /// The ledger of a table as JSON values.
    pub fn ledger(&self, table: &str) -> Vec<Vec<Value>> {
        self.pages(&RowSource::Ledger { table: table.to_owned(), version: None })
    }

    fn pages(&self, source: &RowSource) -> Vec<Vec<Value>> {
        let mut rows = Vec::new();
        loop {
            let request = RowsRequest { source: source.clone(), offset: rows.len() as u64, limit: 10_000 };
            let page = self.engine.json_rows(&request).unwrap_or_else(|error| panic!("{source:?} has rows: {error}"));
            let last = page.len() < 10_000;
            rows.extend(page);
            if last {
                return rows;
            }
        }
    }

    /// The first 10,000 rows as the grid gets them: the text of every cell, nothing where a value is missing.
    pub fn grid(&self, source: RowSource) -> Vec<Vec<Option<String>>> {
        let page = self.engine.rows(RowsRequest { source, offset: 0, limit: 10_000 }).expect("a page of rows");
        let frame = IpcStreamReader::new(std::io::Cursor::new(page.0)).finish().expect("an Arrow IPC stream");
        let columns: Vec<_> = frame.columns().iter().map(|column| column.str().expect("text columns")).collect();
        (0..frame.height()).map(|at| columns.iter().map(|c| c.get(at).map(str::to_owned)).collect()).collect()
    }

    /// The grid of a table's newest version.
    pub fn table_grid(&self, table: &str) -> Vec<Vec<Option<String>>> {
        self.grid(RowSource::Table { table: table.to_owned(), version: None })
    }

    /// The names and type words of a table's columns.
    pub fn columns(&self, table: &str) -> Vec<(String, String)> {
        let request = TableVersion { table: table.to_owned(), version: None };
        let shown = self.engine.table_show(request).unwrap_or_else(|error| panic!("{table} is shown: {error}"));
        shown.columns.into_iter().map(|column| (column.name, column.type_word)).collect()
    }

    /// Exports a table and returns the file's bytes.
    pub fn export(&self, table: &str, format: ExportFormat) -> Vec<u8> {
        let path = self.path(&format!("export-{}", table.replace('.', "-")));
        let source = ExportSource::Table { table: table.to_owned(), version: None };
        let request = ExportRequest { source, format, path: Some(path.display().to_string()), guard_formulas: false };
        let started = self.engine.export_start(request).expect("the export starts");
        self.result(&started).unwrap_or_else(|error| panic!("{table} is exported: {error}"));
        std::fs::read(&path).expect("the exported file")
    }

    /// Closes the workspace and opens it anew, as the next start of the program does.
    pub fn reopen(self) -> Self {
        let Self { engine, folder } = self;
        let root = engine.root().to_owned();
        drop(engine);
        let engine = Engine::open(&root, "a test").expect("the workspace opens again");
        Self { engine, folder }
    }

    /// Closes the workspace and returns its folder, still there as long as the guard lives.
    pub fn close(self) -> (PathBuf, tempfile::TempDir) {
        let root = self.engine.root().to_owned();
        drop(self.engine);
        (root, self.folder)
    }
}

/// Steps from `(kind, config)`.
pub fn recipe_steps(steps: &[(&str, Value)]) -> Vec<RecipeStep> {
    let step = |(at, (kind, config)): (usize, &(&str, Value))| RecipeStep {
        id: format!("s{}", at + 1),
        kind: (*kind).to_owned(),
        config: config.clone(),
        enabled: true,
        comment: String::new(),
    };
    steps.iter().enumerate().map(step).collect()
}

/// Every file below a folder with its bytes' length and hash: what must be the same after something failed.
pub fn files_below(folder: &Path) -> BTreeMap<PathBuf, (usize, u64)> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a folder's entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file of the workspace");
            let mut hash = DefaultHasher::new();
            bytes.hash(&mut hash);
            found.insert(path, (bytes.len(), hash.finish()));
        }
    }
    found
}

/// Fails unless the error says what went wrong and what to do.
pub fn assert_helpful(error: &pulse_core::Error, what: &str) {
    assert!(error.message.len() > 10, "{what}: the message says what went wrong: {error:?}");
    assert!(error.hint.as_ref().is_some_and(|hint| hint.len() > 10), "{what}: the hint says what to do: {error:?}");
    assert_ne!(error.code, pulse_core::Code::Internal, "{what}: a foreseen error is not internal: {error:?}");
}
