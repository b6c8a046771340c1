//! PostgreSQL as a destination, against a real server.

mod faults;
mod halfway;
mod modes;
mod types;

use std::collections::BTreeMap;
use std::path::PathBuf;

use polars::prelude::*;
use pulse_connect::{
    Outgoing, OutgoingColumn, Outlet, Preflight, Ranges, Rows, Severity, SyncMode, Verification, Written,
    connect_to_write,
};
use pulse_core::{Error, Progress};
use pulse_tests::Memory;
use pulse_tests::services::postgres::Database;
use serde_json::{Value, json};

/// One sync to a table `t` of a database of its own.
struct Sync {
    outlet: Box<dyn Outlet>,
    target: Value,
    outgoing: Outgoing,
    journal: Memory,
    progress: Progress,
}

impl Sync {
    fn new(settings: &Value, mode: SyncMode, frame: DataFrame) -> Self {
        let columns = frame.schema().iter().map(|(name, dtype)| column(name, dtype)).collect();
        let rows = frame.height() as u64;
        let outgoing = Outgoing {
            sync: "nightly".into(),
            run: "run 1".into(),
            sequence: 1,
            origin: "silver.prices@1".into(),
            mode,
            key: Vec::new(),
            columns,
            rows: Rows::new(frame.lazy(), rows),
            deleted: None,
            todo: Ranges::all(rows),
            position: None,
            last_seen: None,
            edits: BTreeMap::new(),
            folder: PathBuf::new(),
        };
        let outlet = connect_to_write("postgres", settings).expect("settings that are understood");
        let target = json!({"schema": "public", "table": "t"});
        Self { outlet, target, outgoing, journal: Memory::default(), progress: Progress::new() }
    }

    fn to(database: &Database, mode: SyncMode, frame: DataFrame) -> Self {
        Self::new(&database.settings(), mode, frame)
    }

    fn key(mut self, key: &[&str]) -> Self {
        self.outgoing.key = key.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    fn option(mut self, name: &str, value: Value) -> Self {
        self.target[name] = value;
        self
    }

    /// The next run of the sync with other rows.
    fn next(self, frame: DataFrame) -> Self {
        let mut next = self;
        next.outgoing.sequence += 1;
        next.outgoing.run = format!("run {}", next.outgoing.sequence);
        let rows = frame.height() as u64;
        next.outgoing.rows = Rows::new(frame.lazy(), rows);
        next.outgoing.todo = Ranges::all(rows);
        next.journal = Memory::default();
        next
    }

    /// Only changes: these keys are deleted besides.
    fn deleting(mut self, keys: DataFrame) -> Self {
        let rows = keys.height() as u64;
        self.outgoing.deleted = Some(Rows::new(keys.lazy(), rows));
        self.outgoing.todo = Ranges::all(self.outgoing.total());
        self
    }

    fn preflight(&self) -> Preflight {
        self.outlet.preflight(&self.target, &self.outgoing, &self.progress).expect("a preflight")
    }

    fn stops(&self) -> Vec<String> {
        let stops = self.preflight().findings.into_iter().filter(|finding| finding.severity == Severity::Stops);
        stops.map(|finding| finding.text).collect()
    }

    fn write(&self) -> Result<Written, Error> {
        self.outlet.write(&self.target, &self.outgoing, &self.journal, &self.progress)
    }

    /// Writes what has no receipt yet.
    fn resume(&mut self) -> Result<Written, Error> {
        self.outgoing.todo = self.journal.todo(self.outgoing.total());
        self.outgoing.position = self.journal.position();
        self.write()
    }

    fn verify(&self, written: &Written) -> Verification {
        self.outlet.verify(&self.target, &self.outgoing, written, &self.progress).expect("a comparison")
    }

    /// Writes everything, expects a receipt for each row and a comparison that matches.
    fn done(&self) -> Written {
        let stops = self.stops();
        assert!(stops.is_empty(), "{stops:?}");
        let written = self.write().unwrap_or_else(|error| panic!("{error}"));
        assert!(self.journal.todo(self.outgoing.total()).is_empty(), "every row has a receipt");
        let verification = self.verify(&written);
        assert!(verification.matched(), "{verification:?}");
        written
    }
}

fn column(name: &str, dtype: &DataType) -> OutgoingColumn {
    OutgoingColumn {
        name: name.to_owned(),
        source: name.to_owned(),
        dtype: dtype.clone(),
        type_word: String::new(),
        description: String::new(),
    }
}

/// Everything in `t`, by its first column.
fn table(database: &Database) -> String {
    database.sql("SELECT * FROM t ORDER BY 1")
}

/// The staging tables that are left.
fn left(database: &Database) -> String {
    database.sql("SELECT string_agg(relname, ' ') FROM pg_class WHERE relname ~ '^cloud_pulse_[0-9a-f]{10}'")
}
