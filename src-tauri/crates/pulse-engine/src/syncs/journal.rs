//! The journal of a run: receipts in the catalog, durable before the destination goes on.

use pulse_catalog::{Fate, StoredReceipt};
use pulse_connect::{Journal, Ranges, Receipt};
use pulse_core::Result;
use serde_json::Value;

use crate::Engine;
use crate::clock::now_ms;

/// Keeps receipts of one run.
pub(crate) struct RunJournal<'a> {
    pub engine: &'a Engine,
    pub run: &'a str,
}

impl Journal for RunJournal<'_> {
    fn note(&self, receipts: &[Receipt], position: Option<&Value>) -> Result<()> {
        let at_ms = now_ms();
        let stored = |receipt: &Receipt| StoredReceipt {
            rows: receipt.rows.clone(),
            fate: match receipt.fate {
                pulse_connect::Fate::Delivered => Fate::Delivered,
                pulse_connect::Fate::Superseded => Fate::Superseded,
                pulse_connect::Fate::Rejected => Fate::Rejected,
            },
            reason: receipt.reason.clone(),
            row: receipt.row.clone(),
            at_ms,
        };
        let receipts: Vec<_> = receipts.iter().filter(|receipt| !receipt.rows.is_empty()).map(stored).collect();
        self.engine.0.catalog.receipts().keep(self.run, &receipts, position)
    }
}

/// The rows of a run that have no receipt.
pub(crate) fn pending(engine: &Engine, run: &str, total: u64) -> Result<Ranges> {
    let known = engine.0.catalog.receipts().list(run, None, u32::MAX)?;
    Ok(Ranges::all(total).without(&Ranges::of(known.into_iter().map(|receipt| receipt.rows))))
}
