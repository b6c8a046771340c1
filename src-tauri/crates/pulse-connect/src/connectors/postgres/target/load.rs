//! Loading rows into a staging table, over several connections at once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::SinkExt;
use polars::prelude::*;
use pulse_core::{Code, Error, Progress, Result};
use tokio::time::timeout;
use tokio_postgres::CopyInSink;

use super::super::settings::Settings;
use super::encode::{self, Encoder, HEADER, TRAILER};
use super::link::{Failure, Link};
use super::stage::{Kind, Stage};
use super::types::Fit;
use super::unfit;
use crate::destination::{Fate, Journal, Receipt};
use crate::outgoing::{Batch, JsonRows, Outgoing, Ranges};

/// Rows in a chunk, which is committed at once.
const CHUNK: usize = 1 << 17;
/// Bytes that are given to the connection at once.
const BUFFER: usize = 1 << 18;
/// The most rows that are tried next after a row was refused.
const CAREFUL: usize = 64;
/// What is being done, for errors: "Could not …".
const ATTEMPT: &str = "send the rows";

/// Loads rows.
pub(super) struct Load<'a> {
    pub settings: &'a Settings,
    /// The name by which others see the connections.
    pub name: &'a str,
    pub stage: &'a Stage,
    /// The key's columns as they are staged, for rows to delete.
    pub key: &'a [(String, Fit)],
    pub journal: &'a dyn Journal,
    pub progress: &'a Progress,
    /// Bytes sent so far.
    pub bytes: AtomicU64,
}

impl Load<'_> {
    /// Loads the rows of `outgoing.todo`; rows that do not fit are noted as rejected.
    pub fn all(&self, lead: &Link, outgoing: &Outgoing, parallel: u32) -> Result<()> {
        let batches = Mutex::new(outgoing.batches(CHUNK));
        let failed = AtomicBool::new(false);
        let work = |link: &Link| -> Result<()> {
            loop {
                // Others have nothing to wait for once one has failed.
                if failed.load(Relaxed) {
                    return Ok(());
                }
                let next = batches.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(batch) = next else { return Ok(()) };
                self.chunk(link, &batch?).inspect_err(|_| failed.store(true, Relaxed))?;
            }
        };
        let chunks = outgoing.todo.count().div_ceil(CHUNK as u64);
        let more = u64::from(parallel.clamp(1, 16)).min(chunks).saturating_sub(1);
        std::thread::scope(|scope| {
            let others: Vec<_> = (0..more)
                .map(|_| scope.spawn(|| work(&Link::open(self.settings, self.name, self.progress)?)))
                .collect();
            let mut outcome = work(lead);
            for other in others {
                let ended = other.join().unwrap_or_else(|_| Err(Error::internal(ATTEMPT, "a thread ended")));
                let crowded = ended.as_ref().is_err_and(|error| error.code == Code::LimitExceeded);
                // A server that allows no more connections is served by fewer.
                if outcome.is_ok() && (!crowded || failed.load(Relaxed)) {
                    outcome = ended;
                }
            }
            outcome
        })
    }

    /// Loads them over one connection, within the transaction that is open there.
    pub fn within(&self, link: &Link, outgoing: &Outgoing) -> Result<()> {
        for batch in outgoing.batches(CHUNK) {
            let batch = batch?;
            let encoder = Encoder::new(&batch.frame, &self.stage.fits, 0)?;
            let sql = self.stage.copy(&self.stage.fits);
            let rows: Vec<usize> = (0..batch.len()).collect();
            Copy { load: self, link, encoder: &encoder, sql, numbers: &[], kind: Kind::Put }.copy(&rows)?;
        }
        Ok(())
    }

    /// Loads one batch.
    fn chunk(&self, link: &Link, batch: &Batch) -> Result<()> {
        let fits = if batch.delete { self.key } else { &self.stage.fits };
        let numbers: Vec<u64> = batch.numbers(0..batch.len()).into_iter().flatten().collect();
        let good = self.fitting(batch, fits, &numbers)?;
        let encoder = Encoder::new(&batch.frame, fits, if self.stage.own.is_some() { 2 } else { 0 })?;
        let kind = if batch.delete { Kind::Delete } else { Kind::Put };
        let copy = Copy { load: self, link, encoder: &encoder, sql: self.stage.copy(fits), numbers: &numbers, kind };
        let (mut from, mut piece) = (0, good.len());
        while from < good.len() {
            let rows = &good[from..good.len().min(from + piece)];
            match copy.rows(rows) {
                Ok(()) => (from, piece) = (from + rows.len(), (piece * 2).min(good.len())),
                Err(failure) if failure.is_about_rows() => {
                    let at = failure.line().filter(|line| *line < rows.len());
                    match at {
                        // The rows before it are sent, then it is refused, then come the others, carefully.
                        Some(0) => {
                            self.reject(batch, &[(rows[0], failure.reason())], &numbers)?;
                            (from, piece) = (from + 1, CAREFUL);
                        }
                        Some(line) => piece = line,
                        None if rows.len() == 1 => {
                            self.reject(batch, &[(rows[0], failure.reason())], &numbers)?;
                            (from, piece) = (from + 1, CAREFUL);
                        }
                        None => piece = rows.len() / 2,
                    }
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(())
    }

    /// The rows of a batch that fit; the others are rejected.
    fn fitting(&self, batch: &Batch, fits: &[(String, Fit)], numbers: &[u64]) -> Result<Vec<usize>> {
        let mut reasons: Vec<Option<String>> = Vec::new();
        for (name, check) in unfit::violated(&batch.frame, fits)? {
            let wrong = unfit::mask(&batch.frame, check)?;
            reasons.resize(batch.len(), None);
            for (at, _) in wrong.iter().enumerate().filter(|(_, wrong)| *wrong == Some(true)) {
                reasons[at].get_or_insert_with(|| format!("`{name}` {}.", check.reason));
            }
        }
        for name in unfit::columns(fits) {
            for at in unfit::rows(&batch.frame, name)? {
                reasons.resize(batch.len(), None);
                reasons[at].get_or_insert_with(|| format!("`{name}` {}.", unfit::REASON));
            }
        }
        if reasons.is_empty() {
            return Ok((0..batch.len()).collect());
        }
        let wrong: Vec<_> = reasons.iter().enumerate().filter_map(|(at, why)| Some((at, why.clone()?))).collect();
        self.reject(batch, &wrong, numbers)?;
        Ok(reasons.iter().enumerate().filter(|(_, why)| why.is_none()).map(|(at, _)| at).collect())
    }

    fn reject(&self, batch: &Batch, rows: &[(usize, String)], numbers: &[u64]) -> Result<()> {
        let receipts = rejected(&batch.frame, rows.iter().map(|(at, why)| (*at, numbers[*at], why.as_str())))?;
        self.journal.note(&receipts, None)?;
        self.progress.add_rows(rows.len() as u64);
        Ok(())
    }
}

/// Receipts of rejected rows of a frame: where each is, its number, and why.
pub(super) fn rejected<'a>(
    frame: &DataFrame,
    rows: impl Iterator<Item = (usize, u64, &'a str)>,
) -> Result<Vec<Receipt>> {
    let json = JsonRows::new(frame)?;
    let receipt = |(at, number, why): (usize, u64, &str)| {
        let mut row = Vec::new();
        json.write(at, &mut row);
        let row = String::from_utf8_lossy(&row).into_owned();
        Receipt { rows: number..number + 1, fate: Fate::Rejected, reason: why.to_owned(), row }
    };
    Ok(rows.map(receipt).collect())
}

/// Sends bytes that are a whole COPY.
pub(super) fn copy(link: &Link, sql: &str, bytes: Vec<u8>, attempt: &str) -> Result<()> {
    let started = link.session.wait(link.progress, link.session.client().copy_in::<_, Bytes>(sql));
    let mut sink = Box::pin(link.answer(started, attempt)?);
    let sent = link.session.wait(link.progress, async {
        sink.as_mut().send(bytes.into()).await?;
        sink.as_mut().finish().await
    });
    link.answer(sent, attempt)?;
    Ok(())
}

/// Some neighbouring numbers as ranges.
pub(super) fn ranges(numbers: impl Iterator<Item = u64>) -> Ranges {
    Ranges::of(numbers.map(|number| number..number + 1))
}

/// Sends some rows of a batch, each time in a transaction with their numbers.
struct Copy<'a, 'l> {
    load: &'a Load<'l>,
    link: &'a Link<'a>,
    encoder: &'a Encoder,
    sql: String,
    numbers: &'a [u64],
    kind: Kind,
}

impl Copy<'_, '_> {
    fn rows(&self, rows: &[usize]) -> Result<(), Failure> {
        let sent = self.transaction(rows);
        if let Err(failure) = &sent
            && failure.refusal.is_some()
        {
            self.link.run("ROLLBACK", ATTEMPT)?;
        }
        let bytes = sent?;
        self.load.bytes.fetch_add(bytes, Relaxed);
        self.load.progress.add_rows(rows.len() as u64);
        Ok(())
    }

    /// If the commit is lost with the server, so are rows and numbers alike; it need not wait for the disk.
    fn transaction(&self, rows: &[usize]) -> Result<u64, Failure> {
        let client = self.link.session.client();
        self.wait(client.batch_execute("BEGIN READ WRITE; SET LOCAL synchronous_commit = off"))?;
        let bytes = self.copy(rows)?;
        let done = ranges(rows.iter().map(|at| self.numbers[*at]));
        let values: Vec<_> = done.iter().map(|range| format!("({}, {})", range.start, range.end)).collect();
        let list = format!("INSERT INTO {} (first, past) VALUES {}; COMMIT", self.load.stage.done, values.join(", "));
        self.wait(client.batch_execute(&list))?;
        Ok(bytes)
    }

    fn copy(&self, rows: &[usize]) -> Result<u64, Failure> {
        let mut sink = Box::pin(self.wait(self.link.session.client().copy_in::<_, Bytes>(&self.sql))?);
        let mut buffer = Vec::with_capacity(BUFFER + BUFFER / 4);
        let mut bytes = 0;
        buffer.extend_from_slice(HEADER);
        for at in rows {
            self.encoder.write(*at, &mut buffer);
            if self.load.stage.own.is_some() {
                encode::int8(self.numbers[*at] as i64, &mut buffer);
                encode::int2(self.kind as i16, &mut buffer);
            }
            if buffer.len() >= BUFFER {
                bytes += buffer.len() as u64;
                let full = std::mem::replace(&mut buffer, Vec::with_capacity(BUFFER + BUFFER / 4));
                self.send(sink.as_mut(), full.into())?;
            }
        }
        buffer.extend_from_slice(&TRAILER);
        bytes += buffer.len() as u64;
        self.send(sink.as_mut(), buffer.into())?;
        self.wait(sink.as_mut().finish())?;
        Ok(bytes)
    }

    fn send(&self, mut sink: std::pin::Pin<&mut CopyInSink<Bytes>>, bytes: Bytes) -> Result<(), Failure> {
        let length = bytes.len() as u64;
        self.wait(sink.send(bytes))?;
        self.load.progress.add_bytes(length);
        Ok(())
    }

    /// Waits for the server as long as the settings allow: nothing that is done with a chunk takes long by itself.
    fn wait<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
        let settings = self.load.settings;
        let patience = Duration::from_secs(settings.stall_seconds.into());
        let waited = self.link.session.wait(self.load.progress, async { Ok(timeout(patience, work).await) });
        match self.link.answer(waited, ATTEMPT)? {
            Ok(outcome) => self.link.answer(Ok(outcome), ATTEMPT),
            Err(_) => Err(Failure { error: stalled(settings), refusal: None }),
        }
    }
}

fn stalled(settings: &Settings) -> Error {
    let Settings { stall_seconds, .. } = settings;
    let server = settings.server();
    let what = format!("Could not {ATTEMPT}: {server} has taken and said nothing for {stall_seconds} seconds.");
    Error::new(Code::Unreachable, what)
        .hint("The server may be stuck; run the sync again, or raise the connection's time limit.")
        .field("stall_seconds")
}
