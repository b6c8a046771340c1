//! Progress and cancellation of one unit of background work, shared between the worker and whoever watches it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{Code, Error, Result};

/// A handle on the progress of one job: workers count and ask [`Progress::check`], watchers read and cancel.
///
/// Clones share the same counters. Hot loops call [`Progress::check`] at least every few milliseconds of work, so that
/// a cancel takes effect within a second.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cancelled: AtomicBool,
    rows: AtomicU64,
    rows_total: AtomicU64,
    bytes: AtomicU64,
    bytes_total: AtomicU64,
    stage: Mutex<(String, Instant)>,
    log: Mutex<Vec<LogLine>>,
    started: Instant,
}

/// One line of a job's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Time since the job started.
    pub after: Duration,
    /// A sentence.
    pub text: String,
}

/// The counters of a job at one instant; a total of 0 means "not known".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows handled in the current stage.
    pub rows: u64,
    /// Rows to handle, or 0.
    pub rows_total: u64,
    /// Bytes handled in the current stage.
    pub bytes: u64,
    /// Bytes to handle, or 0.
    pub bytes_total: u64,
    /// What is being done now, such as "Writing rows".
    pub stage: String,
    /// Time since this stage began.
    pub stage_elapsed: Duration,
}

impl Progress {
    /// A fresh handle, neither cancelled nor with anything counted.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            cancelled: AtomicBool::new(false),
            rows: AtomicU64::new(0),
            rows_total: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            bytes_total: AtomicU64::new(0),
            stage: Mutex::new((String::new(), Instant::now())),
            log: Mutex::new(Vec::new()),
            started: Instant::now(),
        }))
    }

    /// Fails with [`Code::Cancelled`] once [`Progress::cancel`] was called.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::new(Code::Cancelled, "The job was cancelled.")
                .hint("Nothing was changed; start it again when you like."));
        }
        Ok(())
    }

    /// Asks the worker to stop at its next [`Progress::check`].
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Relaxed);
    }

    /// Whether [`Progress::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Relaxed)
    }

    /// Starts a stage: names it, sets its totals (0 where not known), zeroes the counters and writes a log line.
    pub fn stage(&self, name: &str, rows_total: u64, bytes_total: u64) {
        self.0.rows.store(0, Relaxed);
        self.0.bytes.store(0, Relaxed);
        self.0.rows_total.store(rows_total, Relaxed);
        self.0.bytes_total.store(bytes_total, Relaxed);
        *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner) = (name.to_owned(), Instant::now());
        self.log(name);
    }

    /// Counts rows handled in this stage.
    pub fn add_rows(&self, rows: u64) {
        self.0.rows.fetch_add(rows, Relaxed);
    }

    /// Counts bytes handled in this stage.
    pub fn add_bytes(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Relaxed);
    }

    /// Writes a line to the job's log.
    pub fn log(&self, text: impl Into<String>) {
        let line = LogLine { after: self.0.started.elapsed(), text: text.into() };
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// The log so far.
    pub fn lines(&self) -> Vec<LogLine> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The counters now.
    pub fn counts(&self) -> Counts {
        let (stage, began) = self.0.stage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Counts {
            rows: self.0.rows.load(Relaxed),
            rows_total: self.0.rows_total.load(Relaxed),
            bytes: self.0.bytes.load(Relaxed),
            bytes_total: self.0.bytes_total.load(Relaxed),
            stage,
            stage_elapsed: began.elapsed(),
        }
    }

    /// Time since the handle was made.
    pub fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
