//! How much is sent at once: bytes of a request by how long its answer takes, and requests at once by whether the cluster
//! has had enough.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use pulse_core::{Progress, Result};

/// Bytes of the first requests.
const FIRST: usize = 1 << 20;
/// The fewest bytes that a request is made for: each costs as much as some hundred documents.
const LEAST: usize = 256 << 10;
/// An answer within this time lets requests grow.
const QUICK: Duration = Duration::from_millis(700);
/// An answer after this time makes them shrink.
const SLOW: Duration = Duration::from_secs(10);
/// How often a sender that waits for its turn looks whether the job was cancelled.
const LOOK: Duration = Duration::from_millis(200);
/// After so many good answers one more request at once is tried again.
const GOOD: u32 = 16;

/// What the senders of one write agree on.
pub(super) struct Pace {
    bytes: AtomicUsize,
    most: AtomicUsize,
    /// Bytes of a document, on average.
    document: AtomicUsize,
    lanes: Mutex<Lanes>,
    /// Told when one more request may be under way.
    free: Condvar,
}

struct Lanes {
    busy: usize,
    allowed: usize,
    most: usize,
    good: u32,
}

impl Pace {
    /// At most `most` bytes in each of at most `lanes` requests at once.
    pub(super) fn new(most: usize, lanes: usize) -> Self {
        let lanes = lanes.max(1);
        Self {
            bytes: AtomicUsize::new(FIRST.min(most)),
            most: AtomicUsize::new(most),
            document: AtomicUsize::new(512),
            lanes: Mutex::new(Lanes { busy: 0, allowed: lanes, most: lanes, good: 0 }),
            free: Condvar::new(),
        }
    }

    /// Bytes for the next request.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// Rows that about fill the next request.
    pub(super) fn rows(&self) -> usize {
        (self.bytes() / self.document.load(Relaxed).max(1)).clamp(1, 100_000)
    }

    /// Takes in how big documents are.
    pub(super) fn weigh(&self, documents: usize, bytes: usize) {
        if let Some(each) = bytes.checked_div(documents) {
            self.document.store(each.max(1), Relaxed);
        }
    }

    /// Waits until one more request may be under way.
    pub(super) fn enter(&self, progress: &Progress) -> Result<()> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            progress.check()?;
            if lanes.busy < lanes.allowed {
                lanes.busy += 1;
                return Ok(());
            }
            lanes = self.free.wait_timeout(lanes, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A request is over, however it ended.
    pub(super) fn leave(&self) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.busy = lanes.busy.saturating_sub(1);
        drop(lanes);
        self.free.notify_one();
    }

    /// The cluster took `sent` bytes in this time.
    pub(super) fn took(&self, sent: usize, time: Duration) {
        let bytes = self.bytes();
        let most = self.most.load(Relaxed);
        if time > SLOW {
            self.bytes.store((bytes / 2).max(LEAST.min(most)), Relaxed);
        } else if time < QUICK && sent * 2 > bytes {
            self.bytes.store((bytes + bytes / 2).min(most), Relaxed);
        }
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.good += 1;
        if lanes.good >= GOOD && lanes.allowed < lanes.most {
            lanes.allowed += 1;
            lanes.good = 0;
            drop(lanes);
            self.free.notify_one();
        }
    }

    /// The cluster has had enough for now.
    pub(super) fn pressed(&self) {
        let most = self.most.load(Relaxed);
        self.bytes.store((self.bytes() / 2).max(LEAST.min(most)), Relaxed);
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.allowed = (lanes.allowed / 2).max(1);
        lanes.good = 0;
    }

    /// A request of `bytes` was too big for it.
    pub(super) fn too_large(&self, bytes: usize) {
        let most = (bytes / 2).max(1).min(self.most.load(Relaxed));
        self.most.store(most, Relaxed);
        self.bytes.store(self.bytes().min(most), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_grow_while_answers_are_quick_and_shrink_under_pressure() {
        let pace = Pace::new(10 << 20, 4);
        for _ in 0..10 {
            pace.took(pace.bytes(), Duration::from_millis(10));
        }
        assert_eq!(pace.bytes(), 10 << 20);
        pace.pressed();
        assert_eq!(pace.bytes(), 5 << 20);
        let progress = Progress::new();
        pace.enter(&progress).unwrap();
        pace.enter(&progress).unwrap();
        progress.cancel();
        assert!(pace.enter(&progress).is_err(), "only two at once any more");
        pace.too_large(1 << 20);
        for _ in 0..10 {
            pace.took(pace.bytes(), Duration::from_millis(10));
        }
        assert_eq!(pace.bytes(), 512 << 10, "never again as big as what was too big");
        pace.weigh(100, 5000);
        assert_eq!(pace.rows(), (512 << 10) / 50);
    }
}
