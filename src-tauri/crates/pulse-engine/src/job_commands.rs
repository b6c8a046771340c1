//! Jobs as the window sees them: the stored job with the counters of a running one laid over it.

use pulse_catalog::{JobState as Stored, StoredJob};
use pulse_core::{Error, Progress, Result};
use pulse_rpc::types::*;
use serde::{Deserialize, Serialize};

use crate::clock::now_ms;
use crate::{Engine, apply, export, import, jobs, sources, syncs};

/// Jobs a list shows.
const LISTED: u32 = 100;

/// What a job was asked to do, kept with it so that it can be started again.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", content = "request", rename_all = "snake_case")]
pub(crate) enum Request {
    ImportStart(ImportRequest),
    RecipeApply(ApplyRequest),
    ExportStart(ExportRequest),
    SourceRefresh(sources::Refresh),
    SyncStart(syncs::Sync),
}

impl Engine {
    pub(crate) fn job_list(&self) -> Result<Vec<JobInfo>> {
        Ok(self.0.catalog.jobs().list(LISTED)?.into_iter().map(|job| self.job_info(job)).collect())
    }

    pub(crate) fn job_detail(&self, id: &str) -> Result<JobDetail> {
        let job = self.0.catalog.jobs().get(id)?;
        let log = match self.0.jobs.progress(id) {
            Some(progress) => jobs::log_text(&progress),
            None => job.log.lines().map(str::to_owned).collect(),
        };
        Ok(JobDetail { info: self.job_info(job), log })
    }

    pub(crate) fn job_again(&self, id: &str) -> Result<JobStarted> {
        let job = self.0.catalog.jobs().get(id)?;
        let request = serde_json::from_value(job.request).map_err(|cause| {
            Error::damaged(format!("What “{}” was asked to do is not understood: {cause}.", job.title))
                .hint("Start it again from its page.")
        })?;
        match request {
            Request::ImportStart(request) => import::start(self, request),
            Request::RecipeApply(request) => apply::start(self, request),
            Request::ExportStart(request) => export::start(self, request),
            Request::SourceRefresh(refresh) => sources::again(self, refresh),
            Request::SyncStart(sync) => syncs::again(self, sync),
        }
    }

    /// Queues `work` and keeps `request` for another try.
    pub(crate) fn submit(&self, kind: &str, title: String, request: &Request, work: jobs::Work) -> Result<JobStarted> {
        let request =
            serde_json::to_value(request).map_err(|cause| Error::internal("record what was asked for", cause))?;
        Ok(JobStarted { job: self.0.jobs.submit(kind, title, request, work)? })
    }

    fn job_info(&self, job: StoredJob) -> JobInfo {
        let progress = self.0.jobs.progress(&job.id).filter(|_| job.state == Stored::Running);
        let end_ms = job.ended_at_ms.unwrap_or_else(|| if progress.is_some() { now_ms() } else { 0 });
        let seconds = job.started_at_ms.map_or(0.0, |start| (end_ms - start).max(0) as f64 / 1000.0);
        let problem = job
            .message
            .and_then(|message| serde_json::from_value::<Error>(message).ok())
            .map(|error| Problem::from(&error));
        let mut info = JobInfo {
            id: job.id,
            kind: job.kind,
            title: job.title,
            state: state(job.state),
            stage: String::new(),
            created_ms: job.created_at_ms as f64,
            seconds,
            rows: job.rows,
            rows_total: 0,
            bytes: job.bytes,
            bytes_total: 0,
            rows_per_second: 0.0,
            seconds_left: None,
            problem,
            result: job.result,
        };
        if let Some(progress) = progress {
            overlay(&mut info, &progress);
        }
        info
    }
}

/// Lays the counters of a running job over its stored form.
fn overlay(info: &mut JobInfo, progress: &Progress) {
    let counts = progress.counts();
    let elapsed = counts.stage_elapsed.as_secs_f64().max(0.001);
    let done = [(counts.rows, counts.rows_total), (counts.bytes, counts.bytes_total)]
        .into_iter()
        .find_map(|(done, total)| (total > 0 && done > 0).then(|| done as f64 / total as f64));
    info.seconds_left = done.map(|share| (elapsed / share - elapsed).max(0.0));
    info.rows_per_second = counts.rows as f64 / elapsed;
    (info.rows, info.rows_total) = (counts.rows, counts.rows_total);
    (info.bytes, info.bytes_total) = (counts.bytes, counts.bytes_total);
    info.stage = counts.stage;
}

fn state(state: Stored) -> JobState {
    match state {
        Stored::Queued => JobState::Queued,
        Stored::Running => JobState::Running,
        Stored::Succeeded => JobState::Succeeded,
        Stored::Failed => JobState::Failed,
        Stored::Cancelled => JobState::Cancelled,
        Stored::Interrupted => JobState::Interrupted,
    }
}
