//! One sync at a time to one target.

use pulse_catalog::StoredSync;
use pulse_core::{Code, Error, Result};

use super::{doc, parts, running};
use crate::{Engine, connections, guard};

/// The targets of a sync, held against others.
pub(super) struct Claim {
    engine: Engine,
    targets: Vec<String>,
}

impl Claim {
    /// Claims the targets; fails if the sync runs, or another one to a target of it.
    pub(super) fn new(engine: &Engine, stored: &StoredSync) -> Result<Self> {
        let doc = doc(stored)?;
        let (found, outlet) = connections::open_to_write(engine, &doc.connection)?;
        let targets = parts::all(engine, &doc, &found.kind)?
            .iter()
            .map(|part| outlet.identity(&part.target))
            .collect::<Result<Vec<_>>>()?;
        if running(engine, &stored.id).is_some() {
            return Err(Error::new(Code::Conflict, format!("The sync “{}” is running already.", stored.name))
                .hint("Wait until it is done, or cancel it."));
        }
        let mut syncing = guard(&engine.0.syncing);
        if let Some(other) = targets.iter().find_map(|target| syncing.targets.get(target)) {
            return Err(Error::new(Code::Conflict, format!("The sync “{other}” is writing to the same target now."))
                .hint("Wait until it is done, or cancel it."));
        }
        for target in &targets {
            syncing.targets.insert(target.clone(), stored.name.clone());
        }
        Ok(Self { engine: engine.clone(), targets })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut syncing = guard(&self.engine.0.syncing);
        for target in &self.targets {
            syncing.targets.remove(target);
        }
    }
}
