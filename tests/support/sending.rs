//! One sync of the tests to a destination of any kind, which keeps its receipts in memory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use polars::prelude::{Column, DataFrame, IntoLazy};
use pulse_connect::{
    Finding, Outgoing, OutgoingColumn, Outlet, Ranges, Rows, Severity, SyncMode, Verification, Written,
    connect_to_write,
};
use pulse_core::{Error, Progress};
use serde_json::Value;

use crate::Memory;

/// A run of a sync called `shop`, as the engine would start it.
pub struct Sending {
    /// The open destination.
    pub outlet: Box<dyn Outlet>,
    /// The form of where the rows go.
    pub target: Value,
    /// The rows.
    pub outgoing: Outgoing,
    /// The receipts.
    pub journal: Memory,
    /// Its cancel and its counts.
    pub progress: Progress,
}

impl Sending {
    /// The first run to a destination of `kind`.
    pub fn new(
        (kind, settings): (&str, &Value),
        target: Value,
        mode: SyncMode,
        key: &[&str],
        frame: DataFrame,
    ) -> Self {
        let outlet = connect_to_write(kind, settings).expect("it can be written to");
        let columns = frame.columns().iter().map(column).collect();
        let count = frame.height() as u64;
        let outgoing = Outgoing {
            sync: "shop".into(),
            run: "run-1".into(),
            sequence: 1,
            origin: "silver.orders@1".into(),
            mode,
            key: key.iter().map(|name| (*name).to_owned()).collect(),
            columns,
            rows: Rows::new(frame.lazy(), count),
            deleted: None,
            todo: Ranges::all(count),
            position: None,
            last_seen: None,
            edits: BTreeMap::new(),
            folder: PathBuf::new(),
        };
        Self { outlet, target, outgoing, journal: Memory::default(), progress: Progress::new() }
    }

    /// The next run of the same sync.
    #[must_use]
    pub fn next(mut self, sequence: u64, mode: SyncMode, frame: DataFrame) -> Self {
        let count = frame.height() as u64;
        self.outgoing.run = format!("run-{sequence}");
        self.outgoing.sequence = sequence;
        self.outgoing.mode = mode;
        self.outgoing.columns = frame.columns().iter().map(column).collect();
        self.outgoing.rows = Rows::new(frame.lazy(), count);
        self.outgoing.deleted = None;
        self.outgoing.todo = Ranges::all(count);
        self.outgoing.position = None;
        self.journal = Memory::default();
        self
    }

    /// The same with rows to delete, of which there are the key's columns.
    #[must_use]
    pub fn deleting(mut self, frame: DataFrame) -> Self {
        let count = frame.height() as u64;
        self.outgoing.deleted = Some(Rows::new(frame.lazy(), count));
        self.outgoing.todo = Ranges::all(self.outgoing.total());
        self
    }

    /// Writes what is to do.
    pub fn attempt(&self) -> Result<Written, Error> {
        self.outlet.write(&self.target, &self.outgoing, &self.journal, &self.progress)
    }

    /// Goes on where the journal says.
    pub fn resume(&mut self) -> Result<Written, Error> {
        self.outgoing.position = self.journal.position();
        self.outgoing.todo = self.journal.todo(self.outgoing.total());
        self.attempt()
    }

    /// Writes what is to do, and must succeed.
    pub fn write(&self) -> Written {
        self.attempt().unwrap_or_else(|error| panic!("the rows are written: {error}"))
    }

    /// Compares.
    pub fn verify(&self, written: &Written) -> Verification {
        self.outlet.verify(&self.target, &self.outgoing, written, &self.progress).expect("it can be compared")
    }

    /// Fails unless the target is the same and each row has its receipt.
    pub fn must_match(&self, written: &Written) {
        let verification = self.verify(written);
        assert!(verification.matched(), "{verification:?}");
        assert!(self.journal.todo(self.outgoing.total()).is_empty(), "each row has its receipt");
    }

    /// Writes everything and fails unless the target is the same afterwards.
    pub fn done(&self) -> Written {
        let written = self.write();
        self.must_match(&written);
        written
    }

    /// What a preflight finds.
    pub fn findings(&self) -> Vec<Finding> {
        self.outlet.preflight(&self.target, &self.outgoing, &self.progress).expect("it can be looked at").findings
    }

    /// The texts of the findings that are as bad as that.
    pub fn said(&self, severity: Severity) -> Vec<String> {
        self.findings().into_iter().filter(|finding| finding.severity == severity).map(|f| f.text).collect()
    }
}

/// A column that is sent under its own name.
pub fn column(column: &Column) -> OutgoingColumn {
    OutgoingColumn {
        name: column.name().to_string(),
        source: column.name().to_string(),
        dtype: column.dtype().clone(),
        type_word: String::new(),
        description: String::new(),
    }
}
