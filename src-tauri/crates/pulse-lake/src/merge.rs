//! Merging by key: how a merge is asked for, and what it can be done with.

use polars::prelude::{DataType, Expr, Schema, TimeUnit, TimeZone, lit};
use pulse_core::{Error, Result, TableName};
use serde::{Deserialize, Serialize};

/// The column that says when a row was marked as deleted.
pub(crate) const DELETED_AT: &str = "_deleted_at";
/// The columns of the history of a row.
pub(crate) const HISTORY: [&str; 3] = ["_valid_from", "_valid_to", "_current"];
/// All columns that merging keeps by itself.
pub(crate) const SERVICE: [&str; 4] = [DELETED_AT, HISTORY[0], HISTORY[1], HISTORY[2]];

/// How rows are merged into a table by their key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The columns that together name a row; at least one, none of them missing in any row that comes.
    pub key: Vec<String>,
    /// The column whose greatest value wins where a key comes twice; a row of the table with a greater value stays as
    /// it is (the row that came is late). Ties, and merges without it, go to the later row.
    pub newest_by: Option<String>,
    /// What happens to rows that vanished or are marked as deleted.
    pub deletes: Deletes,
    /// Whether the rows that come are all there are, so that a key that is missing was deleted.
    pub snapshot: bool,
    /// Which of the rows that come are deletions; without effect under [`Deletes::Keep`].
    pub deleted: Option<Deleted>,
    /// Whether every state of a row is kept (slowly changing dimension, type 2): the columns `_valid_from` and
    /// `_valid_to` say when it held and `_current` whether it still does; a row that is deleted is closed.
    pub history: bool,
    /// The time of the merge for these columns, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// What happens to rows that are deleted in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deletes {
    /// They stay.
    #[default]
    Keep,
    /// They are removed.
    Remove,
    /// They stay, and the column `_deleted_at` says since when they are gone; null again if they come back. The column
    /// of [`Merge::newest_by`] takes the deletion's value, so that a late row does not bring them back.
    Mark,
}

/// The column that marks a row that comes as a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The column.
    pub column: String,
    /// The value, as text, that marks it; without, it is `true` or, in other types, any value.
    pub value: Option<String>,
}

/// What a write did to the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Rows whose key is new; for other writes than merges, all rows.
    pub added: u64,
    /// Rows with other values than before.
    pub changed: u64,
    /// Rows removed, marked as deleted or closed in the history.
    pub deleted: u64,
    /// Rows that came and were the same, and deletions of rows that were not there.
    pub unchanged: u64,
    /// Rows that came and gave way to a newer one of their key, among them or in the table.
    pub superseded: u64,
}

impl Merge {
    /// The columns this merge keeps besides those that come, with their types.
    pub(crate) fn service(&self) -> Vec<(&'static str, DataType)> {
        let time = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
        match (self.history, self.deletes) {
            (true, _) => vec![(HISTORY[0], time.clone()), (HISTORY[1], time), (HISTORY[2], DataType::Boolean)],
            (false, Deletes::Mark) => vec![(DELETED_AT, time)],
            (false, _) => Vec::new(),
        }
    }

    /// Whether a key of the table that does not come was deleted.
    pub(crate) fn vanishes(&self) -> bool {
        self.snapshot && self.deletes != Deletes::Keep
    }

    /// Fails unless rows of the columns `came` can be merged into a table of the columns `table` this way.
    pub(crate) fn check(&self, name: &TableName, came: &Schema, table: Option<&Schema>) -> Result<()> {
        if self.key.is_empty() {
            return Err(Error::invalid("A merge needs a key.")
                .hint("Choose the columns that together name a row.")
                .field("key"));
        }
        let named = self.key.iter().map(|column| ("key", column));
        let named = named.chain(self.newest_by.iter().map(|column| ("newest_by", column)));
        for (field, wanted) in named.chain(self.deleted.iter().map(|deleted| ("deleted_column", &deleted.column))) {
            if !came.contains(wanted) {
                return Err(Error::invalid(format!("The rows have no column `{wanted}`, which the merge needs."))
                    .hint("Choose a column that the source has; case matters.")
                    .field(field));
            }
        }
        for (service, dtype) in self.service() {
            if came.contains(service) {
                return Err(Error::invalid(format!(
                    "The rows have a column `{service}`, a name that this kind of merge keeps for itself."
                ))
                .hint("Rename the column in the source, or choose another kind of loading.")
                .field("columns"));
            }
            if table.and_then(|table| table.get(service)).is_some_and(|known| *known != dtype) {
                return Err(Error::invalid(format!("{name} has a column `{service}` of its own."))
                    .hint("Rename that column, or merge into another table.")
                    .field("table"));
            }
        }
        if !self.history && table.is_some_and(|table| HISTORY.iter().all(|column| table.contains(column))) {
            return Err(Error::invalid(format!("{name} keeps the history of its rows, and this merge does not."))
                .hint("Merge with history, or into another table.")
                .field("history"));
        }
        Ok(())
    }
}

/// How a table without history columns begins one: all its rows are current.
pub(crate) fn first_current(name: &str, dtype: &DataType) -> Expr {
    let value = if name == HISTORY[2] { lit(true) } else { lit(polars::prelude::NULL).cast(dtype.clone()) };
    value.alias(name)
}
