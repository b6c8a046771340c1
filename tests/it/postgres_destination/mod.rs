//! PostgreSQL as a destination, against a real server.

mod faults;
mod halfway;
mod modes;
mod types;

use std::ops::{Deref, DerefMut};

use polars::prelude::*;
use pulse_connect::{Preflight, Ranges, Severity, SyncMode, Written};
use pulse_core::{Error, Progress};
use pulse_tests::Sending;
use pulse_tests::services::postgres::Database;
use serde_json::{Value, json};

/// One sync to a table `t` of a database of its own.
struct Sync(Sending);

impl Sync {
    fn new(settings: &Value, mode: SyncMode, frame: DataFrame) -> Self {
        let target = json!({"schema": "public", "table": "t"});
        let mut sending = Sending::new(("postgres", settings), target, mode, &[], frame);
        sending.outgoing.sync = "nightly".into();
        sending.outgoing.origin = "silver.prices@1".into();
        Self(sending)
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
        let (sequence, mode) = (self.outgoing.sequence + 1, self.outgoing.mode);
        Self(self.0.next(sequence, mode, frame))
    }

    /// Only changes: these keys are deleted besides.
    fn deleting(self, keys: DataFrame) -> Self {
        Self(self.0.deleting(keys))
    }

    fn preflight(&self) -> Preflight {
        self.outlet.preflight(&self.target, &self.outgoing, &self.progress).expect("a preflight")
    }

    fn stops(&self) -> Vec<String> {
        self.said(Severity::Stops)
    }

    fn write(&self) -> Result<Written, Error> {
        self.attempt()
    }

    /// Writes everything, expects a receipt for each row and a comparison that matches.
    fn done(&self) -> Written {
        let stops = self.stops();
        assert!(stops.is_empty(), "{stops:?}");
        self.0.done()
    }
}

impl Deref for Sync {
    type Target = Sending;

    fn deref(&self) -> &Sending {
        &self.0
    }
}

impl DerefMut for Sync {
    fn deref_mut(&mut self) -> &mut Sending {
        &mut self.0
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
