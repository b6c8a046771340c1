//! What the integration tests stand on: a workspace in a temporary folder, the `pulse` binary, the Python peers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use serde_json::Value;

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
        let started = self.engine.import_start(ImportRequest { files, options, table: table.to_owned(), mode })?;
        self.result(&started)
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

    /// All rows of a table as JSON values.
    pub fn rows(&self, table: &str) -> Vec<Vec<Value>> {
        let source = RowSource::Table { table: table.to_owned(), version: None };
        self.engine.json_rows(&RowsRequest { source, offset: 0, limit: 10_000 }).expect("the table has rows")
    }

    /// The ledger of a table as JSON values.
    pub fn ledger(&self, table: &str) -> Vec<Vec<Value>> {
        let source = RowSource::Ledger { table: table.to_owned(), version: None };
        self.engine.json_rows(&RowsRequest { source, offset: 0, limit: 10_000 }).expect("the ledger can be read")
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

/// Runs the `pulse` binary on a workspace.
pub fn pulse(workspace: &Path, arguments: &[&str]) -> Output {
    Command::new(pulse_binary())
        .arg("--workspace")
        .arg(workspace)
        .args(arguments)
        .output()
        .expect("the pulse binary starts")
}

/// Runs `pulse --json` and returns its exit code and its one document.
pub fn pulse_json(workspace: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = pulse(workspace, &[&["--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).expect("stdout is UTF-8");
    let document = serde_json::from_str(&text).unwrap_or_else(|cause| {
        panic!(
            "{arguments:?} printed no single JSON document ({cause}): {text}{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (output.status.code().unwrap_or(-1), document)
}

/// The `pulse` binary beside this test's own, built by `npm test` before the tests.
pub fn pulse_binary() -> PathBuf {
    let own = std::env::current_exe().expect("the test knows its own path");
    let folder = own.parent().and_then(Path::parent).expect("target/debug/deps");
    let binary = folder.join(format!("pulse{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "{} is missing: run `npm test`, which builds it first", binary.display());
    binary
}

/// The repository's folder.
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests lies in the repository").to_owned()
}

/// Runs a Python script in the virtual environment that `npm test` makes, with the peers `deltalake` and `duckdb`.
pub fn python(script: &str, arguments: &[&str]) -> String {
    let home = std::env::home_dir().expect("a home folder");
    let python = home.join(".cache/cloud-pulse/venv/bin/python");
    assert!(python.exists(), "{} is missing: run `npm test`, which makes it", python.display());
    let output = Command::new(python).arg("-c").arg(script).args(arguments).output().expect("Python starts");
    assert!(output.status.success(), "Python failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("Python prints UTF-8")
}
