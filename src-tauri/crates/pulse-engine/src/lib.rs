//! The engine: composes lake, connectors, recipes, query and catalog into the commands of `pulse-rpc`.
//!
//! Every host (the window, `pulse`, a test) opens one [`Engine`] per workspace and calls [`pulse_rpc::dispatch`] or the
//! [`pulse_rpc::Commands`] methods, which are all synchronous; long work runs as jobs.

mod apply;
mod clock;
mod commands;
mod connections;
mod export;
mod frames;
mod import;
mod job_commands;
mod jobs;
mod landing;
mod logging;
mod recipes;
mod rows;
mod samples;
mod sources;
mod sql;
mod syncs;
mod tables;
mod tickets;
mod types;
mod workspace;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulse_catalog::{Catalog, StoredJob};
use pulse_core::{Progress, Result};
use pulse_lake::Lake;

pub use samples::{Sample, samples};

/// An open workspace with everything that works on it. Clones share it.
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

struct Parts {
    // Fields drop in order: the lock on the workspace must be the last to go.
    jobs: jobs::Jobs,
    lake: Lake,
    query: pulse_query::Engine,
    frames: frames::Frames,
    profiles: Mutex<HashMap<String, pulse_rpc::types::TableProfile>>,
    queries: Mutex<HashMap<String, Progress>>,
    tickets: Mutex<HashMap<String, Progress>>,
    /// The job of every source that was refreshed since the start.
    refreshing: Mutex<HashMap<String, String>>,
    syncing: Mutex<syncs::Syncing>,
    secrets: pulse_secrets::Secrets,
    catalog: Arc<Catalog>,
    workspace: workspace::Workspace,
}

impl Engine {
    /// Opens the workspace at `root`, made where there is none. `program` names this process to others that try.
    pub fn open(root: &Path, program: &str) -> Result<Self> {
        let workspace = workspace::Workspace::open(root, program)?;
        logging::start(&workspace.logs())?;
        tracing::info!(workspace = %workspace.root().display(), program, "The workspace is open.");
        let catalog = Arc::new(Catalog::open(&workspace.catalog())?);
        let lake = Lake::open(&workspace.lake())?;
        let swept = lake.sweep()?;
        if swept > 0 {
            tracing::warn!(files = swept, "Removed what an interrupted job had written but not committed.");
        }
        let query = sql::open(&workspace)?;
        catalog.syncs().interrupt()?;
        let engine = Self(Arc::new(Parts {
            jobs: jobs::Jobs::start(Arc::clone(&catalog))?,
            lake,
            query,
            frames: frames::Frames::default(),
            profiles: Mutex::new(HashMap::new()),
            queries: Mutex::new(HashMap::new()),
            tickets: Mutex::new(HashMap::new()),
            refreshing: Mutex::new(HashMap::new()),
            syncing: Mutex::new(syncs::Syncing::default()),
            secrets: connections::open_secrets(workspace.root())?,
            catalog,
            workspace,
        }));
        syncs::sweep(&engine)?;
        Ok(engine)
    }

    /// The workspace's folder.
    pub fn root(&self) -> &Path {
        self.0.workspace.root()
    }

    /// Waits until a job has ended and returns it.
    pub fn wait(&self, job: &str) -> Result<StoredJob> {
        self.0.jobs.wait(job)
    }

    /// The progress of a job that has not ended.
    pub fn progress(&self, job: &str) -> Option<Progress> {
        self.0.jobs.progress(job)
    }

    /// The folder into which a host may write files that a browser sends; emptied at every start.
    pub fn uploads(&self) -> std::path::PathBuf {
        self.0.workspace.scratch().join("uploads")
    }

    /// The folder of exported files.
    pub fn exports(&self) -> std::path::PathBuf {
        self.0.workspace.exports()
    }
}

/// The kind and settings, with secrets, that a connection string stands for.
pub fn connection_from_url(text: &str) -> Result<(String, serde_json::Value)> {
    pulse_connect::from_url(text).map(|(kind, settings)| (kind.to_owned(), settings))
}

/// A lock that a panicking thread left is still good: the guarded maps are changed by single calls only.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
