//! The job runner: queues background work, runs it on a few threads and keeps its state in the catalog.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use pulse_catalog::{Catalog, JobState, StoredJob};
use pulse_core::{Code, Error, Progress, Result};
use serde_json::Value;

use crate::clock::now_ms;

/// Jobs that run at the same time; each engine below uses all cores by itself.
const WORKERS: usize = 2;

/// What a job does: it reports to its progress and answers with the JSON that its result shows.
pub type Work = Box<dyn FnOnce(&Progress) -> Result<Value> + Send>;

/// Runs jobs. Clones share the same queue.
#[derive(Clone)]
pub struct Jobs(Arc<Shared>);

struct Shared {
    catalog: Arc<Catalog>,
    live: Mutex<HashMap<String, Progress>>,
    ended: Condvar,
    queue: Mutex<Sender<(String, Work)>>,
}

impl Jobs {
    /// A runner over `catalog`. Jobs that an earlier process left unfinished are marked as interrupted.
    pub fn start(catalog: Arc<Catalog>) -> Result<Self> {
        for id in catalog.jobs().mark_interrupted()? {
            tracing::warn!(job = id, "An earlier process ended while this job ran.");
        }
        let (queue, work) = channel();
        let shared = Arc::new(Shared {
            catalog,
            live: Mutex::new(HashMap::new()),
            ended: Condvar::new(),
            queue: Mutex::new(queue),
        });
        let work = Arc::new(Mutex::new(work));
        for number in 0..WORKERS {
            let (shared, work) = (Arc::downgrade(&shared), Arc::clone(&work));
            thread::Builder::new()
                .name(format!("job-{number}"))
                .spawn(move || {
                    while let Some((id, work)) = next(&work) {
                        let Some(shared) = shared.upgrade() else { return };
                        shared.run(&id, work);
                    }
                })
                .map_err(|cause| Error::internal("start a thread for jobs", cause))?;
        }
        Ok(Self(shared))
    }

    /// Queues `work` and returns the job's id. `request` holds what is needed to start it again.
    pub fn submit(&self, kind: &str, title: String, request: Value, work: Work) -> Result<String> {
        let id = uuid::Uuid::new_v4().to_string();
        let job = StoredJob {
            id: id.clone(),
            kind: kind.to_owned(),
            title,
            state: JobState::Queued,
            created_at_ms: now_ms(),
            started_at_ms: None,
            ended_at_ms: None,
            rows: 0,
            bytes: 0,
            message: None,
            result: None,
            request,
            log: String::new(),
        };
        self.0.catalog.jobs().insert(&job)?;
        self.0.live().insert(id.clone(), Progress::new());
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.send((id.clone(), work)).map_err(|cause| Error::internal("queue the job", cause))?;
        Ok(id)
    }

    /// The progress of a job that is queued or running.
    pub fn progress(&self, id: &str) -> Option<Progress> {
        self.0.live().get(id).cloned()
    }

    /// Asks the job to stop; one that has ended stays as it is.
    pub fn cancel(&self, id: &str) {
        if let Some(progress) = self.progress(id) {
            progress.cancel();
        }
    }

    /// Waits until the job has ended and returns it.
    pub fn wait(&self, id: &str) -> Result<StoredJob> {
        let mut live = self.0.live();
        while live.contains_key(id) {
            live = self.0.ended.wait(live).unwrap_or_else(PoisonError::into_inner);
        }
        drop(live);
        self.0.catalog.jobs().get(id)
    }
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, HashMap<String, Progress>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one job from start to end; whatever happens, the job ends and those who wait are told.
    fn run(&self, id: &str, work: Work) {
        let progress = self.live().get(id).cloned().unwrap_or_default();
        if let Err(error) = self.run_recorded(id, work, &progress) {
            tracing::error!(job = id, %error, "The catalog could not record a job.");
        }
        self.live().remove(id);
        self.ended.notify_all();
    }

    fn run_recorded(&self, id: &str, work: Work, progress: &Progress) -> Result<()> {
        let mut job = self.catalog.jobs().get(id)?;
        job.started_at_ms = Some(now_ms());
        job.state = JobState::Running;
        self.catalog.jobs().update(&job)?;
        tracing::info!(job = id, title = job.title, "A job started.");
        let outcome = progress.check().and_then(|()| {
            catch_unwind(AssertUnwindSafe(|| work(progress)))
                .unwrap_or_else(|panic| Err(Error::internal(&format!("finish “{}”", job.title), panic_text(&*panic))))
        });
        job.state = match &outcome {
            Ok(_) => JobState::Succeeded,
            Err(error) if error.code == Code::Cancelled => JobState::Cancelled,
            Err(_) => JobState::Failed,
        };
        if let Err(error) = &outcome {
            progress.log(error.to_string());
            job.message = serde_json::to_value(error).ok();
        }
        job.result = outcome.ok();
        let counts = progress.counts();
        (job.rows, job.bytes) = (counts.rows, counts.bytes);
        job.ended_at_ms = Some(now_ms());
        job.log = log_text(progress).join("\n");
        tracing::info!(job = id, state = job.state.as_str(), "A job ended.");
        self.catalog.jobs().update(&job)
    }
}

/// The log of a job, a line an event, each with the seconds since it was queued.
pub fn log_text(progress: &Progress) -> Vec<String> {
    progress.lines().iter().map(|line| format!("{:8.2} s  {}", line.after.as_secs_f64(), line.text)).collect()
}

fn next(work: &Mutex<Receiver<(String, Work)>>) -> Option<(String, Work)> {
    work.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "an unexpected stop".into())
}
