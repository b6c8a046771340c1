//! A journal in memory for tests of destinations, which can fail as a process that dies does.

use std::ops::Range;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

use pulse_connect::{Fate, Journal, Ranges, Receipt};
use pulse_core::{Error, Result};
use serde_json::Value;

/// Receipts and the last position of one run.
pub struct Memory {
    kept: Mutex<(Vec<Receipt>, Option<Value>)>,
    /// How many more notes are kept before one fails.
    left: AtomicI64,
}

impl Default for Memory {
    fn default() -> Self {
        Self { kept: Mutex::default(), left: AtomicI64::new(i64::MAX) }
    }
}

impl Memory {
    /// Keeps so many more notes and fails from then on, until it is told another number.
    pub fn fail_after(&self, notes: i64) {
        self.left.store(notes, SeqCst);
    }

    /// All receipts in the order they came.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// The last position.
    pub fn position(&self) -> Option<Value> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// The rows whose last receipt says so.
    pub fn rows(&self, fate: Fate) -> Ranges {
        let mut rows = Ranges::default();
        for receipt in self.receipts() {
            let these = Ranges::of([receipt.rows]);
            rows = if receipt.fate == fate {
                Ranges::of(rows.iter().chain(these.iter()).cloned())
            } else {
                rows.without(&these)
            };
        }
        rows
    }

    /// The rows of `0..total` without a receipt.
    pub fn todo(&self, total: u64) -> Ranges {
        Ranges::all(total).without(&Ranges::of(self.receipts().into_iter().map(|receipt| receipt.rows)))
    }

    /// The rejected rows with why they were.
    pub fn rejected(&self) -> Vec<(Range<u64>, String)> {
        let rejected = self.receipts().into_iter().filter(|receipt| receipt.fate == Fate::Rejected);
        rejected.map(|receipt| (receipt.rows, receipt.reason)).collect()
    }
}

impl Journal for Memory {
    fn note(&self, receipts: &[Receipt], position: Option<&Value>) -> Result<()> {
        if self.left.fetch_sub(1, SeqCst) <= 0 {
            return Err(Error::internal("note what was sent", "the test says so"));
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0.extend_from_slice(receipts);
        if let Some(position) = position {
            kept.1 = Some(position.clone());
        }
        Ok(())
    }
}
