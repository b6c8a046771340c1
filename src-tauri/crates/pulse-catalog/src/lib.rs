//! The catalog: what a workspace knows besides its tables (recipes with their history, connections without
//! their secrets, sources, syncs with their receipts, jobs, landed files, saved queries, settings), in one SQLite database named `catalog.db`.
//!
//! Rows of data never enter it: it can be moved away at any time without losing a table. Every call is synchronous and
//! durable when it returns. Callers pass the time in as milliseconds since 1970 (UTC), so that the crate has no clock.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use pulse_core::{Error, Result};
use rusqlite::Connection;

mod connections;
mod failure;
mod jobs;
mod landing;
mod open;
mod queries;
mod receipts;
mod recipes;
mod settings;
mod sources;
mod syncs;
mod value;

pub use connections::{Connections, StoredConnection};
pub use jobs::{JobState, Jobs, StoredJob};
pub use landing::{LandedFile, Landing, Stored};
pub use queries::{HistoryEntry, Queries, SavedQuery};
pub use receipts::{Fate, Receipts, StoredReceipt, Tally};
pub use recipes::{Recipes, Revision, StoredRecipe};
pub use settings::Settings;
pub use sources::{Sources, StoredSource};
pub use syncs::{RunState, StoredRun, StoredSync, Syncs};

/// The open catalog of one workspace; shared between threads by reference.
#[derive(Debug)]
pub struct Catalog {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Catalog {
    /// Opens the catalog at `path`, makes it where there is none and brings an older one up to date.
    ///
    /// A damaged file, another program's database and a catalog of a newer version are refused with an error that says
    /// what to do; the file is left as it is.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = open::open(path)?;
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection) })
    }

    /// Recipes and their revisions.
    pub fn recipes(&self) -> Recipes<'_> {
        Recipes(self)
    }

    /// Background work of this and earlier runs of the program.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs(self)
    }

    /// The files the bronze tables came from.
    pub fn landing(&self) -> Landing<'_> {
        Landing(self)
    }

    /// Saved SQL and the history of what was run.
    pub fn queries(&self) -> Queries<'_> {
        Queries(self)
    }

    /// Named settings of outside systems.
    pub fn connections(&self) -> Connections<'_> {
        Connections(self)
    }

    /// What is read through them into tables.
    pub fn sources(&self) -> Sources<'_> {
        Sources(self)
    }

    /// What is sent to them, and every run of it.
    pub fn syncs(&self) -> Syncs<'_> {
        Syncs(self)
    }

    /// What became of each row that was sent.
    pub fn receipts(&self) -> Receipts<'_> {
        Receipts(self)
    }

    /// Small choices of the user.
    pub fn settings(&self) -> Settings<'_> {
        Settings(self)
    }

    /// Runs `work` in one transaction that is rolled back on failure; `attempt` completes "Could not …".
    fn transact<T>(
        &self,
        attempt: &str,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        // A thread that panicked left a transaction that its guard rolled back, so the connection is still sound.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        (|| {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })()
        .map_err(|cause| self.failure(attempt, &cause))
    }

    /// Runs `work`, which only reads; `attempt` completes "Could not …".
    fn read<T>(&self, attempt: &str, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&connection).map_err(|cause| self.failure(attempt, &cause))
    }

    fn failure(&self, attempt: &str, cause: &rusqlite::Error) -> Error {
        failure::describe(attempt, &self.path, cause)
    }
}
