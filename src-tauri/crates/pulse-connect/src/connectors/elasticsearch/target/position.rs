//! How far a write has come, kept with the receipts.

use pulse_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outgoing::{Outgoing, Ranges};

/// Rows that are remembered as not delivered; the comparison leaves them out.
const REMEMBERED: u64 = 10_000;

/// How far a write has come.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Position {
    /// The index that is written to; empty for a data stream.
    pub index: String,
    /// What tells it from another of the same name.
    pub uuid: String,
    /// Whether everything after the documents is done too.
    pub done: bool,
    /// Rows that were rejected or superseded, as ranges; nothing if there are too many to remember.
    pub left_out: Option<Vec<(u64, u64)>>,
}

impl Position {
    /// Where an earlier attempt came to; nothing if there was none. Rows that are sent again count as not yet left out.
    pub(super) fn of(outgoing: &Outgoing) -> Result<Option<Self>> {
        let Some(kept) = &outgoing.position else { return Ok(None) };
        let mut position = Self::deserialize(kept).map_err(|cause| {
            Error::damaged(format!("What was noted about this run is not understood: {cause}."))
                .hint("Run the sync anew; nothing at the target is half done.")
        })?;
        if let Some(left_out) = position.left_out.take() {
            let before = Ranges::of(left_out.into_iter().map(|(start, end)| start..end));
            position.left_out = Some(pairs(&before.without(&outgoing.todo)));
        }
        Ok(Some(position))
    }

    /// Remembers that a row is not delivered.
    pub(super) fn leave_out(&mut self, rows: impl IntoIterator<Item = u64>) {
        let Some(left_out) = &mut self.left_out else { return };
        let known = left_out.iter().map(|(start, end)| *start..*end);
        let all = Ranges::of(known.chain(rows.into_iter().map(|row| row..row + 1)));
        self.left_out = (all.count() <= REMEMBERED).then(|| pairs(&all));
    }

    /// As JSON.
    pub(super) fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn pairs(ranges: &Ranges) -> Vec<(u64, u64)> {
    ranges.iter().map(|range| (range.start, range.end)).collect()
}
