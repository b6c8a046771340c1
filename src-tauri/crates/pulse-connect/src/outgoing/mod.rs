//! What is sent to a destination: frozen rows with their numbers, columns under the target's names, and what is known
//! from earlier attempts.

mod avro;
mod csv;
mod json;
mod keys;
mod ranges;
mod rows;
mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;

use polars::prelude::DataType;
use pulse_core::Result;
use serde_json::Value;

use crate::destination::SyncMode;

pub(crate) use avro::{AvroRows, schema as avro_schema};
pub(crate) use csv::CsvRows;
pub(crate) use json::JsonRows;
pub(crate) use keys::check as check_keys;
pub use ranges::Ranges;
pub use rows::{Batch, Rows};
pub(crate) use rules::{Rule, check as check_rules, column, more_text_than};

/// Everything a destination needs to know about one table that is sent. Nothing in it changes between attempts except
/// [`Outgoing::todo`] and [`Outgoing::position`].
#[derive(Clone)]
pub struct Outgoing {
    /// The sync and the table within it: the same in every run, so that the target can remember it.
    pub sync: String,
    /// The run: the same in every attempt to finish it.
    pub run: String,
    /// Grows with every run of the sync, at most 2^62: the version of the table that is sent, or a count of runs.
    pub sequence: u64,
    /// What is sent, such as `silver.prices@3`.
    pub origin: String,
    /// How the rows meet those that are there.
    pub mode: SyncMode,
    /// The columns that together name a row, by their names at the target.
    pub key: Vec<String>,
    /// The columns, in order.
    pub columns: Vec<OutgoingColumn>,
    /// The rows to put, numbered from 0, with exactly [`Outgoing::columns`] in that order.
    pub rows: Rows,
    /// For [`SyncMode::Incremental`]: the rows to delete, numbered on after [`Outgoing::rows`], with the key's columns
    /// only. Nothing where all rows are sent.
    pub deleted: Option<Rows>,
    /// The rows without a receipt: all at first, fewer after an interruption, some after "retry these".
    pub todo: Ranges,
    /// What the destination last gave [`crate::Journal::note`] in this run.
    pub position: Option<Value>,
    /// [`crate::Written::seen`] of the last sync that succeeded.
    pub last_seen: Option<Value>,
    /// Edited statements by [`crate::Statement::id`].
    pub edits: BTreeMap<String, String>,
    /// A folder of this run that survives interruptions and is removed when it is over.
    pub folder: PathBuf,
}

/// One column that is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingColumn {
    /// Its name at the target.
    pub name: String,
    /// Its name in the table.
    pub source: String,
    /// Its type.
    pub dtype: DataType,
    /// The target's type that the user chose; empty to let the destination choose.
    pub type_word: String,
    /// What the column means, where that is known.
    pub description: String,
}

impl Outgoing {
    /// Whether every column of the key is among those that are sent.
    pub(crate) fn sends_key(&self) -> bool {
        self.key.iter().all(|key| self.columns.iter().any(|column| column.name == *key))
    }

    /// How many rows there are, those to delete included.
    pub fn total(&self) -> u64 {
        self.rows.count() + self.deleted.as_ref().map_or(0, Rows::count)
    }

    /// Whether what is at the target and not among the rows is deleted there.
    pub(crate) fn mirrors(&self) -> bool {
        match self.mode {
            SyncMode::Mirror => true,
            SyncMode::Incremental => self.deleted.is_none(),
            _ => false,
        }
    }

    /// The same with other rows to do.
    #[must_use]
    pub(crate) fn narrowed(&self, todo: Ranges) -> Self {
        Self { todo, ..self.clone() }
    }

    /// The rows to do, in order, in batches of about `size` rows; the next one is read while one is worked on.
    pub fn batches(&self, size: usize) -> impl Iterator<Item = Result<Batch>> + Send {
        let puts = self.rows.batches(&self.todo, 0, size, false);
        let deletions = self.deleted.as_ref().map(|rows| rows.batches(&self.todo, self.rows.count(), size, true));
        puts.chain(deletions.into_iter().flatten())
    }

    /// Whether this is the first attempt of the run and nothing was confirmed yet.
    pub fn is_fresh(&self) -> bool {
        self.position.is_none() && self.todo.count() == self.total()
    }
}
