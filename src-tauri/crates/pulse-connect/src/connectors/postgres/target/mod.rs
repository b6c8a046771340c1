//! PostgreSQL as a destination: rows are loaded beside the target and become visible in one transaction, together with a
//! row that says so.

mod digest;
mod drift;
mod encode;
mod form;
mod link;
mod load;
mod lock;
mod measure;
mod merge;
mod plan;
mod preflight;
mod publish;
mod rehearsal;
mod shape;
mod stage;
mod swap;
mod types;
mod unfit;
mod verify;
mod watermark;
mod write;

use pulse_core::{Progress, Result};

use self::form::Target;
use super::Postgres;
use crate::destination::{Destination, Journal, Preflight, SyncMode, Verification, Writes, Written};
use crate::outgoing::Outgoing;

impl Destination for Postgres {
    type Target = Target;

    fn writes() -> Writes {
        use SyncMode::{Append, Incremental, Mirror, Replace, Upsert};
        Writes { modes: &[Replace, Append, Upsert, Mirror, Incremental], main: "table", keyed: false }
    }

    fn identity(&self, target: &Target) -> String {
        format!("{}/{}/{}", self.settings.server(), self.settings.database(), target.title())
    }

    fn preflight(&self, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<Preflight> {
        target.check()?;
        preflight::preflight(&self.settings, target, outgoing, progress)
    }

    fn write(
        &self,
        target: &Target,
        outgoing: &Outgoing,
        journal: &dyn Journal,
        progress: &Progress,
    ) -> Result<Written> {
        target.check()?;
        write::write(&self.settings, target, outgoing, journal, progress)
    }

    fn verify(&self, target: &Target, outgoing: &Outgoing, _: &Written, progress: &Progress) -> Result<Verification> {
        target.check()?;
        verify::verify(&self.settings, target, outgoing, progress)
    }
}
