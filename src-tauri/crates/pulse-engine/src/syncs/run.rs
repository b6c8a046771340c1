//! Running a sync: a job freezes the rows of each table, checks, sends and compares them, and goes on where an earlier
//! attempt stopped.

use std::time::Instant;

use pulse_catalog::{RunState, StoredRun, StoredSync};
use pulse_connect::{Outgoing, Outlet, Preflight, Severity, Verification, Written};
use pulse_core::{Code, Error, Progress, Result};
use pulse_rpc::types::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::claim::Claim;
use super::folders::{folder, forget_folder};
use super::freeze::{Attempt, Frozen, outgoing};
use super::journal::{RunJournal, pending};
use super::{doc, find, parts};
use crate::clock::now_ms;
use crate::job_commands::Request;
use crate::{Engine, apply, connections, guard, sources};

/// How many runs back an earlier one of a part is looked for.
const LOOKED_BACK: u32 = 1000;

/// One start of a sync, as it is kept with its job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sync {
    sync: String,
    anew: bool,
    /// Only the rejected rows of this run.
    retry: Option<String>,
}

/// What is kept with a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RunBody {
    /// What was asked for: a run goes on only if that is still the same.
    pub asked: Value,
    /// The target, in words.
    pub target: String,
    pub frozen: Option<Frozen>,
    pub written: Option<Written>,
    pub verification: Option<Verification>,
    pub problem: Option<Problem>,
    /// Seconds of all attempts.
    pub seconds: f64,
    /// Those of them in which rows were sent; the others went by with checking and comparing.
    pub sending_seconds: f64,
}

/// Starts a sync.
pub(crate) fn start(engine: &Engine, request: &SyncStart) -> Result<JobStarted> {
    let sync = find(engine, &request.id)?.id;
    again(engine, Sync { sync, anew: request.anew, retry: None })
}

/// Sends the rejected rows of a run again.
pub(crate) fn retry(engine: &Engine, request: &SyncRunId) -> Result<JobStarted> {
    let run = engine.0.catalog.syncs().run(&request.run)?;
    if engine.0.catalog.receipts().tally(&run.id)?.rejected == 0 {
        return Err(Error::invalid("No row of this run was rejected, so there is nothing to send again."));
    }
    again(engine, Sync { sync: run.sync, anew: false, retry: Some(run.id) })
}

/// Starts a job; fails if the sync, or another one to a target of it, runs.
pub(crate) fn again(engine: &Engine, sync: Sync) -> Result<JobStarted> {
    let stored = engine.0.catalog.syncs().get(&sync.sync)?;
    let claim = Claim::new(engine, &stored)?;
    let (handle, work) = (engine.clone(), sync.clone());
    let name = stored.name.clone();
    let work = Box::new(move |progress: &Progress| {
        // The targets are free again when the job has ended, however it ends.
        let _claim = &claim;
        run(&handle, &work, progress)
    });
    let started = engine.submit("sync", format!("Sync {name}"), &Request::SyncStart(sync), work)?;
    guard(&engine.0.syncing).jobs.insert(stored.id, started.job.clone());
    Ok(started)
}

/// The job.
fn run(engine: &Engine, request: &Sync, progress: &Progress) -> Result<Value> {
    let stored = engine.0.catalog.syncs().get(&request.sync)?;
    let doc = doc(&stored)?;
    let (found, outlet) = connections::open_to_write(engine, &doc.connection)?;
    let mut all = parts::all(engine, &doc, &found.kind)?;
    let earlier = engine.0.catalog.syncs().runs(&stored.id, LOOKED_BACK)?;
    let sending = Sending { engine, stored: &stored, doc: &doc, found: &found, outlet: &*outlet, earlier, progress };
    if let Some(run) = &request.retry {
        return sending.retried(&all, run);
    }
    let unfinished = sending.unfinished(&all, request.anew)?;
    if unfinished.is_none() {
        prepare(engine, &doc, progress)?;
        // A recipe may have made a table.
        all = parts::all(engine, &doc, &found.kind)?;
    }
    let batch = unfinished.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let vanished = sending.vanished(&all);
    vanished.iter().for_each(|text| progress.log(text.clone()));
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for part in &all {
        match sending.part(part, &batch) {
            Ok(run) => done.push(run),
            // The next table would fail alike.
            Err(error) if matches!(error.code, Code::Cancelled | Code::Unreachable) => return Err(error),
            Err(error) => failed.push((parts::name(&part.from), error)),
        }
    }
    let count = failed.len();
    match failed.into_iter().next() {
        Some((_, error)) if all.len() == 1 => Err(error),
        Some((name, error)) => Err(Error {
            message: format!("{count} of {} tables could not be sent; {name}: {}", all.len(), error.message),
            ..error
        }),
        None => Ok(summary(&done, &vanished)),
    }
}

/// Brings what is sent up to date: sources first, then the recipes on their tables.
fn prepare(engine: &Engine, doc: &SyncDoc, progress: &Progress) -> Result<()> {
    for source in &doc.refresh {
        sources::refresh_now(engine, source, progress)?;
    }
    for table in &doc.apply {
        apply::apply_now(engine, table, progress)?;
    }
    Ok(())
}

/// A sync at work.
struct Sending<'a> {
    engine: &'a Engine,
    stored: &'a StoredSync,
    doc: &'a SyncDoc,
    found: &'a connections::Found,
    outlet: &'a dyn Outlet,
    /// Earlier runs, newest first.
    earlier: Vec<StoredRun>,
    progress: &'a Progress,
}

impl Sending<'_> {
    /// The batch that was not finished, unless it is given up. What the sync does not send any more is.
    fn unfinished(&self, all: &[SyncPart], anew: bool) -> Result<Option<String>> {
        let Some(latest) = self.earlier.first().map(|run| run.batch.clone()) else { return Ok(None) };
        let (kept, given_up): (Vec<&StoredRun>, Vec<_>) = self
            .earlier
            .iter()
            .filter(|run| run.batch == latest && run.state.can_go_on())
            .partition(|run| !anew && all.iter().any(|part| self.part_id(part) == run.part));
        for run in given_up {
            self.abandon(run)?;
        }
        Ok((!kept.is_empty()).then_some(latest))
    }

    /// Where everything is sent: the tables of the last batch that are in the workspace no more, a sentence each.
    fn vanished(&self, all: &[SyncPart]) -> Vec<String> {
        let Some(latest) = self.earlier.first().filter(|_| self.doc.everything) else { return Vec::new() };
        let is_gone =
            |run: &&StoredRun| run.batch == latest.batch && !all.iter().any(|part| self.part_id(part) == run.part);
        self.earlier.iter().filter(is_gone).map(|run| parts::vanished(&run.part)).collect()
    }

    fn abandon(&self, run: &StoredRun) -> Result<()> {
        forget_folder(self.engine, &run.id);
        self.engine.0.catalog.syncs().record(&StoredRun { state: RunState::Abandoned, ..run.clone() })
    }

    /// Sends one part, or what is left of it; a part that was done in this batch is left alone.
    fn part(&self, part: &SyncPart, batch: &str) -> Result<StoredRun> {
        let id = self.part_id(part);
        let known = self.earlier.iter().find(|run| run.batch == batch && run.part == id);
        match known {
            Some(run) if run.state == RunState::Done => return Ok(run.clone()),
            Some(run) if run.state.can_go_on() && body(run).asked == self.asked(part) => {
                self.progress.log(format!("Going on with {}.", id));
                return self.attempt(part, run.clone());
            }
            Some(run) if run.state.can_go_on() => {
                self.progress.log(format!("{id}: the sync was changed meanwhile, so all rows are sent anew."));
                self.abandon(run)?;
            }
            _ => {}
        }
        let run = self.begin(part, id, batch)?;
        self.attempt(part, run)
    }

    /// What is sent where, as it stays from run to run.
    fn part_id(&self, part: &SyncPart) -> String {
        format!("{} to {}", parts::name(&part.from), parts::target_name(&self.found.kind, &part.target))
    }

    /// What must be the same for a run to go on.
    fn asked(&self, part: &SyncPart) -> Value {
        json!({ "connection": self.doc.connection, "mode": self.doc.mode, "part": part })
    }

    /// Freezes the rows of a new run and records it.
    fn begin(&self, part: &SyncPart, id: String, batch: &str) -> Result<StoredRun> {
        let run = uuid::Uuid::new_v4().to_string();
        let sequence = self.earlier.iter().filter(|run| run.part == id).map(|run| run.sequence).max().unwrap_or(0);
        let last = self.earlier.iter().find(|run| run.part == id && run.state == RunState::Done).map(body);
        // What was sent in another mode, or with other columns, is no base to build on.
        let last = last.filter(|last| last.asked == self.asked(part));
        let since = last.as_ref().and_then(|last| last.frozen.as_ref()?.stand());
        let since = since.filter(|_| self.doc.mode == SyncMode::Incremental);
        let frozen = Frozen::make(self.engine, part, since, &folder(self.engine, &run), self.progress)?;
        let body = RunBody {
            asked: self.asked(part),
            target: parts::target_name(&self.found.kind, &part.target),
            frozen: Some(frozen.clone()),
            ..RunBody::default()
        };
        Ok(StoredRun {
            id: run,
            sync: self.stored.id.clone(),
            batch: batch.to_owned(),
            part: id,
            destination: self.found.name.clone(),
            state: RunState::Running,
            sequence: (sequence + 1).max(frozen.stand().map_or(0, |(version, _)| version)),
            total: 0,
            position: None,
            body: json!(body),
            started_at_ms: now_ms(),
            ended_at_ms: None,
        })
    }

    /// Sends what has no receipt yet and records what came of it.
    fn attempt(&self, part: &SyncPart, run: StoredRun) -> Result<StoredRun> {
        let began = Instant::now();
        let mut body = body(&run);
        let mut run = StoredRun { state: RunState::Running, ended_at_ms: None, ..run };
        let outcome = self.send(part, &mut run, &mut body);
        body.seconds += began.elapsed().as_secs_f64();
        run.ended_at_ms = Some(now_ms());
        run.state = match &outcome {
            Ok(()) => RunState::Done,
            Err(error) if error.code == Code::Cancelled => RunState::Cancelled,
            // Rows that were not checked are not gone on with: the user changes something first.
            Err(_) if run.state == RunState::Abandoned => RunState::Abandoned,
            Err(_) => RunState::Failed,
        };
        body.problem = outcome.as_ref().err().map(Problem::from);
        run.body = json!(body);
        self.engine.0.catalog.syncs().record(&run)?;
        let keep = run.state.can_go_on() || self.engine.0.catalog.receipts().tally(&run.id)?.rejected > 0;
        if !keep {
            forget_folder(self.engine, &run.id);
        }
        outcome.map(|()| run)
    }

    fn send(&self, part: &SyncPart, run: &mut StoredRun, body: &mut RunBody) -> Result<()> {
        let Some(frozen) = body.frozen.clone() else {
            return Err(Error::damaged("What this run was to send is not known.").hint("Start the sync anew."));
        };
        let mut outgoing = self.outgoing(part, run, &frozen)?;
        let is_new = run.total == 0 && run.position.is_none();
        if is_new {
            run.total = outgoing.total();
        }
        self.engine.0.catalog.syncs().record(run)?;
        outgoing.todo = pending(self.engine, &run.id, outgoing.total())?;
        outgoing.position = self.engine.0.catalog.syncs().run(&run.id)?.position;
        if outgoing.is_fresh() {
            self.progress.stage(&format!("Checking {}", outgoing.origin), 0, 0);
            let found = self.outlet.preflight(&part.target, &outgoing, self.progress)?;
            if let Some(stop) = stopped(&found) {
                run.state = RunState::Abandoned;
                return Err(stop);
            }
            // Nobody may be looking: what is known now, such as that others changed the target, stays in the job's log.
            found.findings.iter().for_each(|found| self.progress.log(format!("{} {}", found.text, found.hint)));
        }
        let stage = format!("Sending {} to {}", outgoing.origin, body.target);
        self.progress.stage(&stage, outgoing.todo.count(), 0);
        let journal = RunJournal { engine: self.engine, run: &run.id };
        let began = Instant::now();
        let written = self.outlet.write(&part.target, &outgoing, &journal, self.progress);
        body.sending_seconds += began.elapsed().as_secs_f64();
        let written = written?;
        written.warnings.iter().for_each(|warning| self.progress.log(warning.clone()));
        let left = pending(self.engine, &run.id, outgoing.total())?;
        if !left.is_empty() {
            let cause = format!("{} rows have no receipt", left.count());
            return Err(Error::internal(&format!("account for every row of {}", outgoing.origin), cause));
        }
        self.progress.stage(&format!("Comparing {} with {}", outgoing.origin, body.target), 0, 0);
        body.verification = Some(self.verified(part, &outgoing, &written));
        body.written = Some(written);
        Ok(())
    }

    fn outgoing(&self, part: &SyncPart, run: &StoredRun, frozen: &Frozen) -> Result<Outgoing> {
        let mut before = self.earlier.iter().filter(|other| other.part == run.part && other.id != run.id);
        let last = before.find(|other| other.state == RunState::Done).map(self::body);
        let attempt = Attempt {
            doc: self.doc,
            part,
            sync: format!("{}/{}", self.stored.id, run.part),
            run: run.id.clone(),
            sequence: run.sequence,
            folder: folder(self.engine, &run.id),
            last_seen: last.and_then(|last| last.written).map(|written| written.seen).filter(|seen| !seen.is_null()),
        };
        outgoing(self.engine, frozen, attempt)
    }

    /// The comparison; where it cannot be made, that is what it says, since the rows are there.
    fn verified(&self, part: &SyncPart, outgoing: &Outgoing, written: &Written) -> Verification {
        self.outlet.verify(&part.target, outgoing, written, self.progress).unwrap_or_else(|error| Verification {
            note: format!("The target could not be compared: {}", error.message),
            ..Verification::default()
        })
    }

    /// Sends the rejected rows of `run` again.
    fn retried(&self, all: &[SyncPart], run: &str) -> Result<Value> {
        let run = self.engine.0.catalog.syncs().run(run)?;
        let part = all.iter().find(|part| self.part_id(part) == run.part).ok_or_else(|| {
            Error::not_found(format!("The sync “{}” does not send {} any more.", self.stored.name, run.part))
                .hint("Start the sync again.")
        })?;
        let rows = self.engine.0.catalog.receipts().forget_rejected(&run.id)?;
        self.progress.log(format!("Sending {rows} rejected rows again."));
        Ok(summary(&[self.attempt(part, run)?], &[]))
    }
}

/// The error that stops a run after its preflight, if one does.
fn stopped(found: &Preflight) -> Option<Error> {
    let stops: Vec<_> = found.findings.iter().filter(|finding| finding.severity == Severity::Stops).collect();
    let first = stops.first()?;
    let more = match stops.len() {
        1 => String::new(),
        2 => " There is another reason.".into(),
        count => format!(" There are {} more reasons.", count - 1),
    };
    Some(Error::invalid(format!("{}{more}", first.text)).hint(first.hint.clone()))
}

/// What is kept with a run.
pub(crate) fn body(run: &StoredRun) -> RunBody {
    serde_json::from_value(run.body.clone()).unwrap_or_default()
}

/// What a start did; `vanished` says which tables are sent no more, a sentence each.
fn summary(runs: &[StoredRun], vanished: &[String]) -> Value {
    let bodies: Vec<RunBody> = runs.iter().map(body).collect();
    let sum = |of: fn(&Written) -> u64| bodies.iter().filter_map(|body| body.written.as_ref()).map(of).sum::<u64>();
    json!({
        "tables": runs.len(),
        "rows": sum(|written| written.rows),
        "deleted": sum(|written| written.deleted),
        "bytes": sum(|written| written.bytes),
        "matched": bodies.iter().filter_map(|body| body.verification.as_ref()).all(Verification::matched),
        "vanished": vanished,
        "runs": runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>(),
    })
}
