//! How far a write has come, kept with the receipts.

use std::collections::BTreeMap;

use pulse_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::outgoing::{Outgoing, Ranges};

/// Rows that are remembered as refused; the comparison leaves them out.
const REMEMBERED: u64 = 10_000;

/// How far a write has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The offset that came next in each partition before the run wrote anything.
    pub start: BTreeMap<i32, i64>,
    /// The offset of each partition below which every message of the run has its receipt.
    pub next: BTreeMap<i32, i64>,
    /// Rows that were refused; nothing if there are too many to remember.
    pub refused: Option<Vec<(u64, u64)>>,
}

impl Position {
    /// Before the first message, with what comes next in each partition.
    pub(super) fn at(start: BTreeMap<i32, i64>) -> Self {
        Self { next: start.clone(), start, refused: Some(Vec::new()) }
    }

    /// Where an earlier attempt came to; nothing if there was none. Rows that are sent again count as not yet refused.
    pub(super) fn of(outgoing: &Outgoing) -> Result<Option<Self>> {
        let Some(kept) = &outgoing.position else { return Ok(None) };
        let mut position = Self::deserialize(kept).map_err(|cause| {
            Error::damaged(format!("What was noted about this run is not understood: {cause}."))
                .hint("Run the sync anew; rows that are in the topic already come a second time.")
        })?;
        if let Some(refused) = position.refused() {
            position.refused = pairs(&refused.without(&outgoing.todo));
        }
        Ok(Some(position))
    }

    /// The rows that were refused; nothing if they are too many.
    pub(super) fn refused(&self) -> Option<Ranges> {
        self.refused.as_ref().map(|pairs| Ranges::of(pairs.iter().map(|(start, end)| *start..*end)))
    }

    /// Remembers refused rows.
    pub(super) fn refuse(&mut self, rows: &Ranges) {
        if let Some(before) = self.refused() {
            self.refused = pairs(&Ranges::of(before.iter().chain(rows.iter()).cloned()));
        }
    }

    /// Notes that everything below these offsets has its receipt.
    pub(super) fn pass(&mut self, next: &BTreeMap<i32, i64>) {
        for (partition, offset) in next {
            let passed = self.next.entry(*partition).or_default();
            *passed = (*passed).max(*offset);
        }
    }

    pub(super) fn value(&self) -> Value {
        json!(self)
    }
}

fn pairs(rows: &Ranges) -> Option<Vec<(u64, u64)>> {
    (rows.count() <= REMEMBERED).then(|| rows.iter().map(|range| (range.start, range.end)).collect())
}
