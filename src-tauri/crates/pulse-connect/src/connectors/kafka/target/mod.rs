//! Writing to a topic: a message for each row, delivery reports that become receipts, and the topic itself as the witness
//! of what an interrupted run has written.

mod form;
mod message;
mod pieces;
mod position;
mod preflight;
mod producer;
mod sweep;
mod topic;
mod verify;
mod witness;
mod write;

use pulse_core::{Progress, Result};

use self::form::Target;
use super::Kafka;
use crate::destination::{Destination, Journal, Preflight, SyncMode, Verification, Writes, Written};
use crate::outgoing::Outgoing;

impl Destination for Kafka {
    type Target = Target;

    fn writes() -> Writes {
        const MODES: &[SyncMode] = &[SyncMode::Append, SyncMode::Upsert, SyncMode::Mirror, SyncMode::Incremental];
        Writes { modes: MODES, main: "topic", keyed: true }
    }

    fn identity(&self, target: &Target) -> String {
        let mut brokers: Vec<&str> = self.settings.brokers.split(',').map(str::trim).collect();
        brokers.sort_unstable();
        format!("{} {}", brokers.join(","), target.topic.trim())
    }

    fn preflight(&self, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<Preflight> {
        preflight::run(self, target, outgoing, progress)
    }

    fn write(
        &self,
        target: &Target,
        outgoing: &Outgoing,
        journal: &dyn Journal,
        progress: &Progress,
    ) -> Result<Written> {
        write::run(self, target, outgoing, journal, progress)
    }

    fn verify(
        &self,
        target: &Target,
        outgoing: &Outgoing,
        written: &Written,
        progress: &Progress,
    ) -> Result<Verification> {
        verify::run(self, target, outgoing, written, progress)
    }
}
