//! Syncs: tables and queries sent to outside systems, with a receipt for every row.

mod claim;
mod folders;
mod freeze;
mod journal;
mod parts;
mod preflight;
mod receipts;
mod run;
mod show;

use pulse_catalog::StoredSync;
use pulse_core::{Error, Result};
use pulse_rpc::types::*;
use serde_json::json;

use crate::clock::now_ms;
use crate::{Engine, connections, guard};

pub(crate) use folders::sweep;
pub(crate) use parts::shown_mode;
pub(crate) use preflight::preflight;
pub(crate) use receipts::{rejected, tables as receipt_tables};
pub(crate) use run::{Sync, again, retry, start};
pub(crate) use show::runs;

/// All syncs by name, with how they stand.
pub(crate) fn list(engine: &Engine) -> Result<Vec<SyncInfo>> {
    engine.0.catalog.syncs().list()?.into_iter().map(|stored| show::info(engine, stored)).collect()
}

/// Saves a sync.
pub(crate) fn save(engine: &Engine, doc: SyncDoc) -> Result<SyncInfo> {
    let name = doc.name.trim().to_owned();
    if name.is_empty() {
        return Err(Error::invalid("The sync has no name.").hint("Give it a name you will know it by.").field("name"));
    }
    if doc.parts.is_empty() && !doc.everything {
        return Err(Error::invalid("The sync sends nothing.").hint("Choose a table or a query.").field("parts"));
    }
    let found = connections::find(engine, &doc.connection)?;
    parts::check(&doc, &found.kind)?;
    let id = match &doc.id {
        Some(id) => engine.0.catalog.syncs().get(id)?.id,
        None => uuid::Uuid::new_v4().to_string(),
    };
    let doc = SyncDoc { id: Some(id.clone()), name: name.clone(), connection: found.id, ..doc };
    let stored = StoredSync {
        id: id.clone(),
        name,
        connection: doc.connection.clone(),
        body: json!(doc),
        updated_at_ms: now_ms(),
    };
    engine.0.catalog.syncs().save(&stored)?;
    show::info(engine, engine.0.catalog.syncs().get(&id)?)
}

/// Forgets a sync, its history and what it kept to go on; the targets stay.
pub(crate) fn delete(engine: &Engine, id: &str) -> Result<()> {
    let stored = find(engine, id)?;
    if running(engine, &stored.id).is_some() {
        return Err(Error::new(pulse_core::Code::Conflict, format!("The sync “{}” is running.", stored.name))
            .hint("Wait until it is done, or cancel it; then delete it."));
    }
    for run in engine.0.catalog.syncs().runs(&stored.id, u32::MAX)? {
        folders::forget_folder(engine, &run.id);
    }
    engine.0.catalog.syncs().delete(&stored.id)
}

/// The sync with the id, or, where there is none, with the name.
fn find(engine: &Engine, id: &str) -> Result<StoredSync> {
    let all = engine.0.catalog.syncs().list()?;
    let found = all.iter().find(|sync| sync.id == id).or_else(|| all.iter().find(|s| s.name.eq_ignore_ascii_case(id)));
    found.cloned().ok_or_else(|| {
        let names: Vec<String> = all.iter().map(|sync| format!("“{}”", sync.name)).collect();
        let hint = if names.is_empty() {
            "There is none yet; save one.".into()
        } else {
            format!("There are {}.", names.join(", "))
        };
        Error::not_found(format!("There is no sync `{id}`.")).hint(hint)
    })
}

/// What was saved.
fn doc(stored: &StoredSync) -> Result<SyncDoc> {
    serde_json::from_value(stored.body.clone()).map_err(|cause| {
        Error::damaged(format!("What was saved as the sync “{}” is not understood: {cause}.", stored.name))
            .hint("Delete the sync and save it again; its targets stay.")
    })
}

/// The job that runs a sync now.
fn running(engine: &Engine, sync: &str) -> Option<String> {
    let job = guard(&engine.0.syncing).jobs.get(sync).cloned();
    job.filter(|job| engine.0.jobs.progress(job).is_some())
}

/// What runs now, so that nothing runs twice.
#[derive(Default)]
pub(crate) struct Syncing {
    /// The job of every sync that was started since the start.
    jobs: std::collections::HashMap<String, String>,
    /// The sync that writes to a target now, by the target's identity.
    targets: std::collections::HashMap<String, String>,
}
