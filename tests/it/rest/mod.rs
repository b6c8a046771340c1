//! The REST connector against a server with every kind of pages, sign-in and fault.

mod children;
mod faults;
mod pace;
mod pages;
mod records;
mod renewals;
mod sign_in;

use std::path::PathBuf;

use pulse_connect::{Content, Fetched, Task, connect};
use pulse_core::{Error, Progress, Result};
use pulse_tests::services::http::HttpServer;
use serde_json::{Value, json};

/// The folders of reads, and how they are made.
struct Reads {
    folder: tempfile::TempDir,
    settings: Value,
    progress: Progress,
    limit: Option<u64>,
    state: Option<Value>,
    replay: Vec<PathBuf>,
}

/// What a read gave.
struct Got {
    lines: Vec<String>,
    fetched: Fetched,
}

impl Reads {
    fn of(server: &HttpServer) -> Self {
        let settings = json!({ "base_url": server.url("/v1"), "allow_private": true, "retries": 1 });
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("downloads")).unwrap();
        let (progress, limit, state, replay) = (Progress::new(), None, None, Vec::new());
        Self { folder, settings, progress, limit, state, replay }
    }

    fn set(mut self, more: Value) -> Self {
        merge(&mut self.settings, more);
        self
    }

    fn read(&self, selection: Value) -> Result<Got> {
        let scratch = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let task = Task {
            progress: &self.progress,
            scratch: &scratch,
            downloads: &self.folder.path().join("downloads"),
            limit: self.limit,
            state: self.state.as_ref(),
            replay: &self.replay,
            merges: false,
        };
        let fetched = connect("rest", &self.settings)?.read(&selection, &task)?;
        let Content::Files { inputs, options } = &fetched.content else { panic!("records are files") };
        assert_eq!(options.format.as_deref(), Some("ndjson"));
        let text: String = inputs.iter().map(|input| std::fs::read_to_string(&input.path).unwrap()).collect();
        Ok(Got { lines: text.lines().map(str::to_owned).collect(), fetched })
    }

    fn fails(&self, selection: Value) -> Error {
        match self.read(selection) {
            Ok(got) => panic!("{} records were read", got.lines.len()),
            Err(error) => error,
        }
    }

    /// The files of unfinished reads.
    fn unfinished(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("downloads")).unwrap().count()
    }
}

impl Got {
    fn ids(&self) -> Vec<i64> {
        self.lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap()).collect()
    }

    fn detected(&self, name: &str) -> Option<&str> {
        self.fetched.detected.iter().find(|(known, _)| known == name).map(|(_, setting)| setting.value.as_str())
    }

    fn recording(&self) -> PathBuf {
        let landed = self.fetched.landed.iter().find(|landed| landed.recording);
        landed.expect("a recording is kept").path.clone()
    }
}

fn merge(into: &mut Value, more: Value) {
    for (name, value) in more.as_object().unwrap() {
        into[name] = value.clone();
    }
}

/// The records from `from` on, at most `count`, of 25.
fn records(from: u64, count: u64) -> Vec<Value> {
    (from..25.min(from + count)).map(|id| json!({ "id": id, "name": format!("n{id}") })).collect()
}
