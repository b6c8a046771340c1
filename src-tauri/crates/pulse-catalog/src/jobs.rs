//! Jobs: what ran, how it ended and its log.

use pulse_core::{Error, Result};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, ToSql, named_params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Catalog;
use crate::value::{count_in, count_out, json_in, json_out, list};

/// The jobs of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Jobs<'a>(pub(crate) &'a Catalog);

/// One unit of background work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredJob {
    /// Its id, chosen by the caller.
    pub id: String,
    /// What kind of work, such as `import`.
    pub kind: String,
    /// What it does, for people.
    pub title: String,
    /// Where it stands.
    pub state: JobState,
    /// When it was asked for.
    pub created_at_ms: i64,
    /// When it began.
    pub started_at_ms: Option<i64>,
    /// When it ended; not known for an interrupted job.
    pub ended_at_ms: Option<i64>,
    /// Rows handled.
    pub rows: u64,
    /// Bytes handled.
    pub bytes: u64,
    /// The error it ended with.
    pub message: Option<Value>,
    /// What it answered.
    pub result: Option<Value>,
    /// What was asked for, so that it can be started again.
    pub request: Value,
    /// Its log, a line per event.
    pub log: String,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waiting for its turn.
    Queued,
    /// At work.
    Running,
    /// Ended as it should.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended by the user.
    Cancelled,
    /// The program ended before the job did.
    Interrupted,
}

impl JobState {
    const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// The name in the catalog and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

impl ToSql for JobState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for JobState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = value.as_str()?;
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or(FromSqlError::InvalidType)
    }
}

impl Jobs<'_> {
    /// Adds a job; fails with `AlreadyExists` where there is one with that id.
    pub fn insert(&self, job: &StoredJob) -> Result<()> {
        let sql = "INSERT INTO jobs (id, kind, title, state, created_at_ms, started_at_ms, ended_at_ms, rows, bytes,
                       message, result, request, log)
                   VALUES (:id, :kind, :title, :state, :created_at_ms, :started_at_ms, :ended_at_ms, :rows, :bytes,
                       :message, :result, :request, :log)";
        self.write("add a job", sql, job).map(drop)
    }

    /// Replaces the job with the same id; fails with `NotFound`.
    pub fn update(&self, job: &StoredJob) -> Result<()> {
        let sql = "UPDATE jobs SET kind = :kind, title = :title, state = :state, created_at_ms = :created_at_ms,
                       started_at_ms = :started_at_ms, ended_at_ms = :ended_at_ms, rows = :rows, bytes = :bytes,
                       message = :message, result = :result, request = :request, log = :log
                   WHERE id = :id";
        match self.write("update a job", sql, job)? {
            0 => Err(missing(&job.id)),
            _ => Ok(()),
        }
    }

    /// The newest `limit` jobs, the newest first.
    pub fn list(&self, limit: u32) -> Result<Vec<StoredJob>> {
        let sql = "SELECT * FROM jobs ORDER BY created_at_ms DESC, rowid DESC LIMIT ?1";
        self.0.read("list the jobs", |c| list(c, sql, &[&limit], job))
    }

    /// The job `id`; fails with `NotFound`.
    pub fn get(&self, id: &str) -> Result<StoredJob> {
        let found =
            self.0.read("read a job", |c| c.query_row("SELECT * FROM jobs WHERE id = ?1", [id], job).optional())?;
        found.ok_or_else(|| missing(id))
    }

    /// Marks the jobs an earlier process left queued or running as interrupted and returns their ids, oldest first.
    ///
    /// To be called once, right after opening: the workspace lock proves that no other process is at work on them.
    pub fn mark_interrupted(&self) -> Result<Vec<String>> {
        self.0.transact("mark the interrupted jobs", |t| {
            let sql = "SELECT id FROM jobs WHERE state IN ('queued', 'running') ORDER BY created_at_ms, rowid";
            let ids = list(t, sql, &[], |row| row.get(0))?;
            t.execute("UPDATE jobs SET state = 'interrupted' WHERE state IN ('queued', 'running')", [])?;
            Ok(ids)
        })
    }

    fn write(&self, attempt: &str, sql: &str, job: &StoredJob) -> Result<usize> {
        self.0.transact(attempt, |t| {
            t.prepare_cached(sql)?.execute(named_params! {
                ":id": job.id,
                ":kind": job.kind,
                ":title": job.title,
                ":state": job.state,
                ":created_at_ms": job.created_at_ms,
                ":started_at_ms": job.started_at_ms,
                ":ended_at_ms": job.ended_at_ms,
                ":rows": count_in(job.rows)?,
                ":bytes": count_in(job.bytes)?,
                ":message": job.message.as_ref().map(json_in).transpose()?,
                ":result": job.result.as_ref().map(json_in).transpose()?,
                ":request": json_in(&job.request)?,
                ":log": job.log,
            })
        })
    }
}

fn job(row: &Row<'_>) -> rusqlite::Result<StoredJob> {
    Ok(StoredJob {
        id: row.get("id")?,
        kind: row.get("kind")?,
        title: row.get("title")?,
        state: row.get("state")?,
        created_at_ms: row.get("created_at_ms")?,
        started_at_ms: row.get("started_at_ms")?,
        ended_at_ms: row.get("ended_at_ms")?,
        rows: count_out(row, "rows")?,
        bytes: count_out(row, "bytes")?,
        message: json_out(row, "message")?,
        result: json_out(row, "result")?,
        request: json_out(row, "request")?,
        log: row.get("log")?,
    })
}

fn missing(id: &str) -> Error {
    Error::not_found(format!("There is no job `{id}`.")).hint("Look it up in the list of jobs.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulse_core::Code;
    use serde_json::json;

    fn job(id: &str, state: JobState, at: i64) -> StoredJob {
        StoredJob {
            id: id.into(),
            kind: "import".into(),
            title: format!("Import {id}.csv"),
            state,
            created_at_ms: at,
            started_at_ms: None,
            ended_at_ms: None,
            rows: 0,
            bytes: 0,
            message: None,
            result: None,
            request: json!({"table": "bronze.prices", "paths": ["a.csv"]}),
            log: String::new(),
        }
    }

    #[test]
    fn jobs_round_trip_and_come_newest_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).expect("a new catalog");
        let jobs = catalog.jobs();
        for (id, at) in [("a", 1), ("b", 2), ("c", 2)] {
            jobs.insert(&job(id, JobState::Queued, at)).expect("inserted");
        }
        let full = StoredJob {
            state: JobState::Failed,
            started_at_ms: Some(3),
            ended_at_ms: Some(4),
            rows: 7,
            bytes: 1 << 40,
            message: Some(json!({"code": "damaged", "message": "Torn."})),
            result: Some(json!({"rows": 7})),
            log: "0.1 s Reading\n".into(),
            ..job("a", JobState::Queued, 1)
        };
        jobs.update(&full).expect("updated");
        assert_eq!(jobs.get("a").expect("found"), full, "every member survives");
        let ids: Vec<_> = jobs.list(2).expect("listed").into_iter().map(|job| job.id).collect();
        assert_eq!(ids, ["c", "b"], "the newest two, the later insert first");
        assert_eq!(jobs.insert(&full).expect_err("same id").code, Code::AlreadyExists, "an id is used once");
        assert_eq!(jobs.update(&job("z", JobState::Queued, 1)).expect_err("no job").code, Code::NotFound, "no upsert");
        let error = jobs.insert(&StoredJob { rows: u64::MAX, ..job("y", JobState::Queued, 1) });
        assert_eq!(error.expect_err("too many rows").code, Code::Internal, "a count is never cut");
    }

    #[test]
    fn jobs_of_an_earlier_process_become_interrupted_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("catalog.db");
        for (at, state) in JobState::ALL.into_iter().enumerate() {
            let catalog = Catalog::open(&path).expect("the catalog opens");
            catalog.jobs().insert(&job(state.as_str(), state, at as i64)).expect("inserted");
        }
        let catalog = Catalog::open(&path).expect("the catalog opens");
        assert_eq!(catalog.jobs().mark_interrupted().expect("marked"), ["queued", "running"], "what had not ended");
        for (id, state) in
            [("queued", JobState::Interrupted), ("running", JobState::Interrupted), ("failed", JobState::Failed)]
        {
            assert_eq!(catalog.jobs().get(id).expect("found").state, state, "for {id}");
        }
        assert!(catalog.jobs().mark_interrupted().expect("marked").is_empty(), "nothing is left to mark");
    }

    #[test]
    fn threads_share_one_catalog_without_losing_a_job() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).expect("a new catalog");
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let catalog = &catalog;
                scope.spawn(move || {
                    for at in 0..25 {
                        let mut job = job(&format!("{thread}-{at}"), JobState::Running, at);
                        catalog.jobs().insert(&job).expect("inserted");
                        job.state = JobState::Succeeded;
                        catalog.jobs().update(&job).expect("updated");
                    }
                });
            }
        });
        let jobs = catalog.jobs().list(1000).expect("listed");
        let succeeded = jobs.iter().filter(|job| job.state == JobState::Succeeded).count();
        assert_eq!((jobs.len(), succeeded), (100, 100), "every insert and update took effect");
    }
}
