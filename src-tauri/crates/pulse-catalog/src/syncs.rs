//! Syncs: what is sent to outside systems, and every run of it.

use pulse_core::{Error, Result};
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use crate::Catalog;
use crate::connections::name_taken;
use crate::value::{count_in, count_out, json_in, json_out, list};

/// The syncs of a catalog with their runs.
#[derive(Clone, Copy, Debug)]
pub struct Syncs<'a>(pub(crate) &'a Catalog);

/// A sync as the catalog keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSync {
    /// Its id, chosen by the caller.
    pub id: String,
    /// Its name, unique whatever the case of its letters.
    pub name: String,
    /// The id of its connection.
    pub connection: String,
    /// What was saved.
    pub body: Value,
    /// When it was last saved.
    pub updated_at_ms: i64,
}

/// One table of one run of a sync.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// Its id, chosen by the caller.
    pub id: String,
    /// The sync.
    pub sync: String,
    /// What the tables that are sent together have in common.
    pub batch: String,
    /// Which table of the sync it is: the name of what is sent.
    pub part: String,
    /// The connection's name when it was run.
    pub destination: String,
    /// How it stands.
    pub state: RunState,
    /// Grows from run to run of the same table.
    pub sequence: u64,
    /// Rows to send, those to delete included.
    pub total: u64,
    /// Where the destination is, in its own words.
    pub position: Option<Value>,
    /// What is sent and what came of it.
    pub body: Value,
    /// When it began.
    pub started_at_ms: i64,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It runs.
    Running,
    /// Every row has a receipt.
    Done,
    /// It failed and can go on.
    Failed,
    /// It was cancelled and can go on.
    Cancelled,
    /// The program ended before it did; it can go on.
    Interrupted,
    /// It was given up for a newer one.
    Abandoned,
}

impl RunState {
    const ALL: [Self; 6] =
        [Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Interrupted, Self::Abandoned];

    /// The word in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Abandoned => "abandoned",
        }
    }

    /// Whether it can go on where it stopped.
    pub fn can_go_on(self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled | Self::Interrupted)
    }
}

const SELECT: &str = "SELECT id, name, connection, body, updated_at_ms FROM syncs";
const SELECT_RUN: &str = "SELECT id, sync, batch, part, destination, state, sequence, total, position, body, \
                          started_at_ms, ended_at_ms FROM sync_runs";

impl Syncs<'_> {
    /// All syncs by name.
    pub fn list(&self) -> Result<Vec<StoredSync>> {
        self.0.read("list the syncs", |c| list(c, &format!("{SELECT} ORDER BY name, id"), &[], sync))
    }

    /// The sync `id`; fails with `NotFound`.
    pub fn get(&self, id: &str) -> Result<StoredSync> {
        let sql = format!("{SELECT} WHERE id = ?1");
        self.0.read("read a sync", |c| c.query_row(&sql, [id], sync).optional())?.ok_or_else(|| missing(id))
    }

    /// Saves the sync, replacing the one with the same id; fails with `AlreadyExists` if another has its name.
    pub fn save(&self, sync: &StoredSync) -> Result<()> {
        let taken = "SELECT 1 FROM syncs WHERE name = ?1 AND id <> ?2";
        let sql = "INSERT INTO syncs (id, name, connection, body, updated_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (id) DO UPDATE SET name = ?2, connection = ?3, body = ?4, updated_at_ms = ?5";
        let free = self.0.transact("save a sync", |t| {
            if t.query_row(taken, [&sync.name, &sync.id], |_| Ok(())).optional()?.is_some() {
                return Ok(false);
            }
            let StoredSync { id, name, connection, body, updated_at_ms } = sync;
            t.execute(sql, params![id, name, connection, json_in(body)?, updated_at_ms])?;
            Ok(true)
        })?;
        if free { Ok(()) } else { Err(name_taken("sync", &sync.name)) }
    }

    /// Forgets the sync `id` with its runs and receipts; fails with `NotFound`.
    pub fn delete(&self, id: &str) -> Result<()> {
        match self.0.transact("delete a sync", |t| t.execute("DELETE FROM syncs WHERE id = ?1", [id]))? {
            0 => Err(missing(id)),
            _ => Ok(()),
        }
    }

    /// The runs of a sync, newest first, at most `limit`.
    pub fn runs(&self, sync: &str, limit: u32) -> Result<Vec<StoredRun>> {
        let sql = format!("{SELECT_RUN} WHERE sync = ?1 ORDER BY started_at_ms DESC, id DESC LIMIT ?2");
        self.0.read("list the runs of a sync", |c| list(c, &sql, &[&sync, &limit], run))
    }

    /// The run `id`; fails with `NotFound`.
    pub fn run(&self, id: &str) -> Result<StoredRun> {
        let sql = format!("{SELECT_RUN} WHERE id = ?1");
        let found = self.0.read("read a run of a sync", |c| c.query_row(&sql, [id], run).optional())?;
        found.ok_or_else(|| Error::not_found(format!("There is no run `{id}` of a sync.")))
    }

    /// Records a run, replacing what was recorded of it but not its position.
    pub fn record(&self, run: &StoredRun) -> Result<()> {
        let sql = "INSERT INTO sync_runs (id, sync, batch, part, destination, state, sequence, total, position, body,
                                          started_at_ms, ended_at_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                   ON CONFLICT (id) DO UPDATE SET state = ?6, total = ?8, body = ?10, ended_at_ms = ?12";
        self.0.transact("record a run of a sync", |t| {
            let (sequence, total) = (count_in(run.sequence)?, count_in(run.total)?);
            let (position, body) = (run.position.as_ref().map(json_in).transpose()?, json_in(&run.body)?);
            let StoredRun { id, sync, batch, part, destination, state, started_at_ms, ended_at_ms, .. } = run;
            let state = state.as_str();
            t.execute(
                sql,
                params![
                    id,
                    sync,
                    batch,
                    part,
                    destination,
                    state,
                    sequence,
                    total,
                    position,
                    body,
                    started_at_ms,
                    ended_at_ms
                ],
            )
        })?;
        Ok(())
    }

    /// Marks the runs that a killed process left as interrupted; how many there were.
    pub fn interrupt(&self) -> Result<usize> {
        let sql = "UPDATE sync_runs SET state = 'interrupted' WHERE state = 'running'";
        self.0.transact("mark interrupted runs of syncs", |t| t.execute(sql, []))
    }
}

fn sync(row: &Row<'_>) -> rusqlite::Result<StoredSync> {
    Ok(StoredSync {
        id: row.get("id")?,
        name: row.get("name")?,
        connection: row.get("connection")?,
        body: json_out(row, "body")?,
        updated_at_ms: row.get("updated_at_ms")?,
    })
}

fn run(row: &Row<'_>) -> rusqlite::Result<StoredRun> {
    let state: String = row.get("state")?;
    let at = row.as_ref().column_index("state")?;
    let known = RunState::ALL.into_iter().find(|known| known.as_str() == state);
    let unknown = || rusqlite::Error::InvalidColumnType(at, state.clone(), rusqlite::types::Type::Text);
    Ok(StoredRun {
        id: row.get("id")?,
        sync: row.get("sync")?,
        batch: row.get("batch")?,
        part: row.get("part")?,
        destination: row.get("destination")?,
        state: known.ok_or_else(unknown)?,
        sequence: count_out(row, "sequence")?,
        total: count_out(row, "total")?,
        position: json_out(row, "position")?,
        body: json_out(row, "body")?,
        started_at_ms: row.get("started_at_ms")?,
        ended_at_ms: row.get("ended_at_ms")?,
    })
}

fn missing(id: &str) -> Error {
    Error::not_found(format!("There is no sync `{id}`.")).hint("It may have been deleted.")
}
