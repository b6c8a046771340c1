//! Delta tables of other programs, wherever they lie, read as one version.
//!
//! The Delta kernel replays the log and knows checkpoints, deletion vectors, column mapping, type widening and partition
//! values (<https://github.com/delta-io/delta/blob/master/PROTOCOL.md>); `docs/decisions/007-reading-delta-elsewhere.md`
//! says why. What it would take for granted is looked at here: whole commits, files inside the table's folder, as many
//! rows as the log says.

mod added;
mod checkpoint;
mod fault;
mod rows;
mod stand;
mod store;
mod types;

#[cfg(test)]
mod tests;

use std::num::NonZero;
use std::sync::Arc;

use delta_kernel::{CancellationToken, CancelledFuture, Snapshot, SnapshotRef};
use delta_kernel_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_engine::{DefaultEngine, DefaultEngineBuilder};
use object_store::ObjectStore;
use pulse_core::{Code, Error, Progress, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Place, Selection};
use crate::connector::{Content, Fetched, News, Task};
use crate::model::ColumnPlan;
use crate::net;
pub(crate) use checkpoint::checkpoint;
pub(crate) use stand::{Live, Stand, stand};
use store::TableStore;

/// Rows that are in memory at once for each file that is read.
const BATCH: usize = 8192;
/// Files of the log, or parts of a checkpoint, that are fetched at the same time.
const AHEAD: usize = 8;

/// Where the next read goes on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// The version that was read.
    version: u64,
    /// The table's own id, by which a table that was made anew is noticed.
    id: String,
}

/// A table at one version.
struct Table<'a> {
    place: &'a dyn Place,
    /// Its folder, with a `/` at its end.
    folder: &'a str,
    store: Arc<TableStore>,
    engine: Arc<DefaultEngine<TokioMultiThreadExecutor>>,
    snapshot: SnapshotRef,
    stop: Arc<Stop>,
}

/// Reads the version that is selected, or what was added since the state.
pub(super) fn read(place: &dyn Place, folder: &str, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
    let table = Table::open(place, folder, selection.version, task.progress)?;
    let schema = table.schema(&selection.columns)?;
    let (columns, frame) = types::columns(&schema)?;
    let version = table.snapshot.version();
    let now = State { version, id: table.snapshot.table_configuration().metadata().id().to_owned() };
    let mut warnings = Vec::new();
    let known = task.state.map(State::deserialize).transpose();
    let known = known.map_err(|cause| Error::internal("understand where the last read ended", cause))?;
    if known.as_ref() == Some(&now) && task.limit.is_none() {
        return Ok(Fetched { state: task.state.cloned(), origin: table.address(), ..Fetched::default() });
    }
    let (scan, mut files) = table.scan(schema)?;
    let part = match &known {
        None => added::Part::All,
        Some(known) => table.added_since(known, &now, &files, selection.changed, &mut warnings)?,
    };
    if let added::Part::Files(only) = &part {
        files.retain(|file| only.contains(&file.path));
    }
    let written = table.rows(&scan, &files, selection, task, &mut warnings)?;
    Ok(Fetched {
        content: typed(written, columns, frame),
        state: task.limit.is_none().then(|| serde_json::to_value(&now).ok()).flatten(),
        snapshot: matches!(part, added::Part::All) && task.limit.is_none(),
        warnings,
        origin: format!("{}, version {version}", table.address()),
        ..Fetched::default()
    })
}

fn typed(written: rows::Written, columns: Vec<ColumnPlan>, schema: polars::prelude::Schema) -> Content {
    let rows::Written { files, rows } = written;
    Content::Typed { files, columns, schema, rows, ledger: Vec::new(), rejected: 0 }
}

/// Whether the table has a newer version than the state knows.
pub(super) fn news(
    place: &dyn Place,
    folder: &str,
    selection: &Selection,
    state: Option<&Value>,
    progress: &Progress,
) -> Result<Option<News>> {
    let table = Table::open(place, folder, selection.version, progress)?;
    let version = table.snapshot.version();
    let known = state.and_then(|state| State::deserialize(state).ok());
    let id = table.snapshot.table_configuration().metadata().id();
    let news = match known {
        None => News { available: true, text: format!("Version {version} is there.") },
        Some(known) if known.id != id => {
            News { available: true, text: format!("The table was made anew; it is at version {version}.") }
        }
        Some(known) if known.version == version => {
            News { available: false, text: format!("Version {version} is still the newest.") }
        }
        Some(known) => {
            News { available: true, text: format!("Version {version} is there; version {} was read.", known.version) }
        }
    };
    Ok(Some(news))
}

impl<'a> Table<'a> {
    /// The table in `folder` at `version`, or at its newest.
    fn open(place: &'a dyn Place, folder: &'a str, version: Option<u64>, progress: &Progress) -> Result<Self> {
        progress.check()?;
        let store = Arc::new(TableStore::new(place.table(folder)?));
        let engine = engine(store.clone(), progress)?;
        let stop = Arc::new(Stop(progress.clone()));
        let builder = Snapshot::builder_for(ROOT).with_cancellation_token(Some(stop.token()));
        let builder = match version {
            Some(version) => builder.at_version(version),
            None => builder,
        };
        let built = builder.build(engine.as_ref());
        let shown = place.address(folder.trim_end_matches('/'));
        let fault = fault::Fault { place, folder, shown: &shown, store: &store, progress };
        let snapshot = built.map_err(|cause| fault.explain(&cause, version))?;
        Ok(Self { place, folder, store, engine, snapshot, stop })
    }

    /// The table's address as it is shown.
    fn address(&self) -> String {
        self.place.address(self.folder.trim_end_matches('/'))
    }

    /// The error for a failure of the kernel; `file` is the data file that was being read.
    fn fault(&self, cause: &delta_kernel::Error, file: Option<&str>) -> Error {
        let shown = self.address();
        let Self { place, folder, store, .. } = self;
        let fault = fault::Fault { place: *place, folder, shown: &shown, store, progress: &self.stop.0 };
        match file {
            Some(file) => fault.in_file(cause, file),
            None => fault.explain(cause, None),
        }
    }

    /// The selected columns, in the order of the selection; all of them if none is selected.
    fn schema(&self, columns: &[String]) -> Result<delta_kernel::schema::SchemaRef> {
        let schema = self.snapshot.schema();
        if columns.is_empty() {
            return Ok(schema);
        }
        if let Some(unknown) = columns.iter().find(|name| !schema.contains(name)) {
            let names: Vec<&str> = schema.fields().map(|field| field.name().as_str()).collect();
            return Err(Error::invalid(format!("{} has no column `{unknown}`.", self.address()))
                .hint(format!("Its columns are {}.", names.join(", ")))
                .field("columns"));
        }
        schema.project(columns).map_err(|cause| self.fault(&cause, None))
    }
}

/// What the kernel reads and writes with.
fn engine(store: Arc<dyn ObjectStore>, progress: &Progress) -> Result<Arc<DefaultEngine<TokioMultiThreadExecutor>>> {
    let runtime = net::run(progress, async { Ok(tokio::runtime::Handle::current()) })?;
    let ahead = NonZero::new(AHEAD).unwrap_or(NonZero::<usize>::MIN);
    let batch = NonZero::new(BATCH).unwrap_or(NonZero::<usize>::MIN);
    let engine = DefaultEngineBuilder::new(store)
        .with_task_executor(Arc::new(TokioMultiThreadExecutor::new(runtime)))
        .with_buffer_size(ahead)
        .with_batch_size(batch)
        .build();
    Ok(Arc::new(engine))
}

/// The address that the kernel knows the table under; [`TableStore`] begins in the table's folder, so that no path above
/// it can be misread.
const ROOT: &str = "table:///";

/// [`ROOT`] for joining paths to it.
fn root() -> Result<Url> {
    Url::parse(ROOT).map_err(|cause| Error::internal("address the table", cause))
}

/// The job's cancel for the kernel.
struct Stop(Progress);

impl Stop {
    fn token(self: &Arc<Self>) -> Arc<dyn CancellationToken> {
        self.clone()
    }
}

impl CancellationToken for Stop {
    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn cancelled_future(&self) -> CancelledFuture<'_> {
        Box::pin(async {
            while !self.0.is_cancelled() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        })
    }
}

/// The error for something that a table uses and this program does not read.
fn unsupported(table: &str, what: &str) -> Error {
    Error::new(Code::Unsupported, format!("{table} {what}."))
        .hint("Export it to Parquet or CSV with the program that writes it, or rewrite it there without that feature.")
}
