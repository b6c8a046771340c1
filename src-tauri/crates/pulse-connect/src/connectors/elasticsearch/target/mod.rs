//! Writing to a cluster: bulk requests with an outcome for each document, new indices behind an alias, and what is
//! compared afterwards.

mod answer;
mod body;
mod conflicts;
mod fields;
mod form;
mod ids;
mod measures;
mod pace;
mod place;
mod position;
mod preflight;
mod same;
mod send;
mod swap;
mod sweep;
mod template;
mod verify;
mod write;

use pulse_core::{Progress, Result};

use self::form::Target;
use super::Elasticsearch;
use crate::destination::{Destination, Journal, Preflight, SyncMode, Verification, Writes, Written};
use crate::outgoing::Outgoing;

impl Destination for Elasticsearch {
    type Target = Target;

    fn writes() -> Writes {
        const MODES: &[SyncMode] =
            &[SyncMode::Replace, SyncMode::Append, SyncMode::Upsert, SyncMode::Mirror, SyncMode::Incremental];
        Writes { modes: MODES, main: "index", keyed: false }
    }

    fn identity(&self, target: &Target) -> String {
        let mut nodes: Vec<String> = self.server.nodes().iter().map(crate::net::shown).collect();
        nodes.sort_unstable();
        format!("{} {}", nodes.join(","), target.index.trim())
    }

    fn preflight(&self, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<Preflight> {
        preflight::run(&self.server, target, outgoing, progress)
    }

    fn write(
        &self,
        target: &Target,
        outgoing: &Outgoing,
        journal: &dyn Journal,
        progress: &Progress,
    ) -> Result<Written> {
        write::run(&self.server, target, outgoing, journal, progress)
    }

    fn verify(
        &self,
        target: &Target,
        outgoing: &Outgoing,
        written: &Written,
        progress: &Progress,
    ) -> Result<Verification> {
        verify::run(&self.server, target, outgoing, written, progress)
    }
}
