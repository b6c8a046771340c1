//! Progress and cancellation of one unit of background work, shared between the worker and whoever watches it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
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
    /// Who is woken by a cancel, under the number that the next one gets.
    waiting: Mutex<(u64, Vec<(u64, Waker)>)>,
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
            waiting: Mutex::default(),
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

    /// Asks the worker to stop at its next [`Progress::check`], and wakes those that await [`Progress::cancelled`].
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Relaxed);
        let waiting = std::mem::take(&mut self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).1);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Waits for [`Progress::cancel`] without looking at the clock, so that a wait beside it costs nothing however long it
    /// takes.
    pub fn cancelled(&self) -> Cancelled<'_> {
        Cancelled { progress: self, number: None }
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

/// Ends once the job is cancelled; see [`Progress::cancelled`].
#[derive(Debug)]
pub struct Cancelled<'a> {
    progress: &'a Progress,
    /// Its number among those that wait.
    number: Option<u64>,
}

impl Cancelled<'_> {
    fn leave(&mut self) {
        let Some(number) = self.number.take() else { return };
        let mut waiting = self.progress.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.1.retain(|(other, _)| *other != number);
    }
}

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.leave();
        let mut waiting = self.progress.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock a cancel is either seen here, or finds the waker that is left here.
        if self.progress.is_cancelled() {
            return Poll::Ready(());
        }
        let number = waiting.0;
        waiting.0 += 1;
        waiting.1.push((number, context.waker().clone()));
        drop(waiting);
        self.number = Some(number);
        Poll::Pending
    }
}

impl Drop for Cancelled<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn a_cancel_wakes_each_that_still_waits_once() {
        let progress = Progress::new();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let (mut one, mut other, mut gone) = (progress.cancelled(), progress.cancelled(), progress.cancelled());
        for _ in 0..2 {
            for waiting in [&mut one, &mut other, &mut gone] {
                assert_eq!(Pin::new(waiting).poll(&mut context), Poll::Pending);
            }
        }
        drop(gone);
        progress.cancel();
        progress.cancel();
        assert_eq!(woken.0.load(Relaxed), 2);
        for waiting in [one, other, progress.cancelled()] {
            assert_eq!(Pin::new(&mut { waiting }).poll(&mut context), Poll::Ready(()));
        }
    }
}
