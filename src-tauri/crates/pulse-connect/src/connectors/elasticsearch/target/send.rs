//! Sending documents: a few senders, each with one request under way, and a receipt for each answer.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pulse_core::{Code, Error, Progress, Result};
use serde_json::json;

use super::super::fault;
use super::super::server::{Ask, Server, encoded};
use super::answer::{Outcome, Sent, outcomes, refusal};
use super::body::{Feed, Lines, Loaded, Style};
use super::pace::Pace;
use super::position::Position;
use crate::destination::{Fate, Journal, Receipt};
use crate::net;
use crate::outgoing::Outgoing;

/// Rows that are read at once.
const BATCH: usize = 1 << 16;
/// Ids that are looked for at once.
const LOOKED: usize = 5000;
/// How often a request is repeated whose answer was lost.
const LOST: u32 = 6;
/// How often documents are sent again that the cluster has no room for, without it taking any.
const BUSY: u32 = 10;
/// The wait before the first repetition; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(150);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// What is left of an answer: the outcome of each document.
const ANSWER: (&str, &str) = ("filter_path", "errors,items.*.status,items.*.error,error,status");
/// What is said when sending ends early.
const KEPT: &str = "What was confirmed so far is kept. Run the sync again: it goes on from there.";

/// Everything that senders share.
pub(super) struct Sending<'a> {
    pub server: &'a Server,
    pub outgoing: &'a Outgoing,
    pub journal: &'a dyn Journal,
    pub progress: &'a Progress,
    /// The index or data stream that is written to.
    pub index: &'a str,
    /// Whether documents that are there already have to be looked for: a data stream, for which rows were sent before. It
    /// goes on in a new index now and then, which does not know the ids of the older ones.
    pub looks: bool,
    pub style: &'a Style,
    pub pace: &'a Pace,
    pub tally: Tally,
}

/// What was done so far.
pub(super) struct Tally {
    pub position: Mutex<Position>,
    pub put: AtomicU64,
    pub deleted: AtomicU64,
    pub bytes: AtomicU64,
}

impl Tally {
    pub(super) fn new(position: Position) -> Self {
        let (put, deleted, bytes) = Default::default();
        Self { position: Mutex::new(position), put, deleted, bytes }
    }
}

/// What came of one request.
enum Came {
    Outcomes(Vec<Outcome>),
    /// It was too big.
    TooLarge,
    /// The cluster took nothing for now, and how long it asks to wait.
    Busy(Option<Duration>, Error),
    /// It is not known what the cluster did.
    Lost(Error),
}

impl Sending<'_> {
    /// Sends all rows that are to do, with so many senders at once. Fails with what stopped it; what was confirmed has
    /// its receipts then.
    pub(super) fn all(&self, senders: usize) -> Result<()> {
        self.progress.stage("Sending documents", self.outgoing.todo.count(), 0);
        let feed = Mutex::new(Feed::new(self.outgoing.batches(BATCH), self.style));
        let failed: Mutex<Option<Error>> = Mutex::new(None);
        let stop = AtomicBool::new(false);
        let sender = || {
            let mut spare = Vec::new();
            while !stop.load(Relaxed) {
                let next = feed.lock().unwrap_or_else(PoisonError::into_inner).take(self.pace.rows());
                let outcome = match next {
                    None => return,
                    Some(Ok((loaded, range))) => self.deliver(&loaded, range, &mut spare),
                    Some(Err(error)) => Err(error),
                };
                if let Err(error) = outcome {
                    stop.store(true, Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..senders.clamp(1, 16) {
                scope.spawn(sender);
            }
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Sends the rows at `range` and notes what comes of them. Their lines are written to the memory that is `spare`.
    fn deliver(&self, loaded: &Loaded, mut range: Range<usize>, spare: &mut Vec<u8>) -> Result<()> {
        while !range.is_empty() {
            // Some more than planned is better than one more request for the last few rows.
            let most = self.pace.bytes() / 4 * 5;
            let lines = loaded.lines(range.clone(), most, self.style, std::mem::take(spare));
            let first = range.start;
            range.start += lines.len();
            let mut settle = |settled| self.note(loaded, &lines, first, settled);
            let mut part: Vec<usize> = (0..lines.len()).collect();
            if self.looks {
                let there = self.there(loaded, first, lines.len())?;
                let (known, new) = part.into_iter().partition(|at| there.contains(&loaded.id(first + at, self.style)));
                part = new;
                settle(known.into_iter().map(|at: usize| (at, Outcome::Delivered)).collect())?;
            }
            self.send(&lines, part, !self.outgoing.is_fresh(), &mut settle)?;
            *spare = lines.spare();
        }
        Ok(())
    }

    /// The ids of these rows that documents have already.
    fn there(&self, loaded: &Loaded, first: usize, count: usize) -> Result<HashSet<String>> {
        let mut there = HashSet::new();
        let ids: Vec<String> = (first..first + count).map(|at| loaded.id(at, self.style)).collect();
        for some in ids.chunks(LOOKED) {
            let body = json!({"size": some.len(), "_source": false, "query": {"ids": {"values": some}}});
            let path = format!("{}/_search", encoded(self.index));
            let query = [("allow_partial_search_results", "false"), ("ignore_unavailable", "true")];
            let ask = Ask::post(&path, &query, Some(&body));
            let told = self.server.value(&ask, &format!("look what is in `{}`", self.index), self.progress)?;
            let hits = told["hits"]["hits"].as_array().into_iter().flatten();
            there.extend(hits.filter_map(|hit| hit["_id"].as_str().map(str::to_owned)));
        }
        Ok(there)
    }

    /// Sends the documents of `part` until each is settled; `settle` gets some of them at a time, in order. `again` says
    /// whether they may have been sent before.
    pub(super) fn send(
        &self,
        lines: &Lines,
        part: Vec<usize>,
        again: bool,
        settle: &mut dyn FnMut(Vec<(usize, Outcome)>) -> Result<()>,
    ) -> Result<()> {
        let mut parts = vec![part];
        let (mut lost, mut busy) = (0u32, 0u32);
        while let Some(part) = parts.pop().filter(|part| !part.is_empty()) {
            match self.request(lines, &part, again || lost > 0)? {
                Came::Outcomes(outcomes) => {
                    let (later, settled): (Vec<_>, Vec<_>) =
                        part.into_iter().zip(outcomes).partition(|(_, outcome)| matches!(outcome, Outcome::Later(_)));
                    busy = if settled.is_empty() { busy } else { 0 };
                    settle(settled)?;
                    if let Some((_, Outcome::Later(reason))) = later.first() {
                        let error = Error::new(Code::LimitExceeded, format!("The cluster takes no more: {reason}."));
                        self.wait(&mut busy, BUSY, None, error)?;
                        parts.push(later.into_iter().map(|(at, _)| at).collect());
                    }
                }
                Came::TooLarge if part.len() == 1 => {
                    let reason = "It is bigger than what the cluster takes in one request (http.max_content_length)";
                    settle(vec![(part[0], Outcome::Rejected(reason.into()))])?;
                }
                Came::TooLarge => {
                    self.pace.too_large(lines.body(&part).len());
                    parts.extend(halves(part));
                }
                Came::Busy(asked, error) => {
                    self.wait(&mut busy, BUSY, asked, error)?;
                    parts.push(part);
                }
                Came::Lost(error) => {
                    self.wait(&mut lost, LOST, None, error)?;
                    // A connection that breaks each time may break because the request is too big for it.
                    if lost > 2 && part.len() > 1 { parts.extend(halves(part)) } else { parts.push(part) }
                }
            }
        }
        Ok(())
    }

    /// Makes one request.
    fn request(&self, lines: &Lines, part: &[usize], again: bool) -> Result<Came> {
        let body = lines.body(part);
        let size = body.len();
        let path = format!("{}/_bulk", encoded(self.index));
        self.pace.enter(self.progress)?;
        let began = Instant::now();
        let reply = self.server.bulk(&path, &[ANSWER], body, self.progress);
        self.pace.leave();
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) if error.code == Code::Unreachable => return Ok(Came::Lost(error)),
            Err(error) => return Err(kept(error)),
        };
        self.tally.bytes.fetch_add(size as u64, Relaxed);
        let attempt = format!("write to `{}`", self.index);
        if reply.status >= 400
            && let Some(error) = refusal(reply.status, &reply.body)
        {
            return Err(kept(error.field("index")));
        }
        match reply.status {
            413 => Ok(Came::TooLarge),
            429 => {
                let wait =
                    reply.header("retry-after").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
                let error = Error::new(Code::LimitExceeded, format!("Could not {attempt}: the cluster is too busy."));
                self.pace.pressed();
                Ok(Came::Busy(wait, error))
            }
            500..=599 => Ok(Came::Lost(fault::refused(&attempt, reply.status, &reply.body))),
            200..=299 => {
                reply.must_be_json()?;
                let sent = Sent { version: self.style.version, again };
                let outcomes = outcomes(&reply.body, part.len(), sent)?;
                match outcomes.iter().any(|outcome| matches!(outcome, Outcome::Later(_))) {
                    true => self.pace.pressed(),
                    false => self.pace.took(size, began.elapsed()),
                }
                self.pace.weigh(part.len(), size);
                Ok(Came::Outcomes(outcomes))
            }
            status => Err(kept(fault::refused(&attempt, status, &reply.body).field("index"))),
        }
    }

    /// Waits before something is repeated the next time. Fails with `error` if it was repeated `most` times.
    fn wait(&self, tried: &mut u32, most: u32, asked: Option<Duration>, error: Error) -> Result<()> {
        if *tried >= most {
            return Err(kept(error));
        }
        let wait = asked.unwrap_or_else(|| (FIRST_WAIT * (1 << (*tried).min(10))).min(LONGEST_WAIT));
        *tried += 1;
        self.progress.log(format!("{} Trying again ({tried} of {most}).", error.message));
        net::run(self.progress, async {
            tokio::time::sleep(wait.min(LONGEST_WAIT * 6)).await;
            Ok(())
        })
    }

    /// Notes what came of rows; `first` is the place of the first line's row in `loaded`.
    fn note(&self, loaded: &Loaded, lines: &Lines, first: usize, settled: Vec<(usize, Outcome)>) -> Result<()> {
        let (mut receipts, mut delivered, mut left_out) = (Vec::new(), Runs::default(), Vec::new());
        let count = settled.len() as u64;
        let mut stopped = None;
        for (at, outcome) in settled {
            let (fate, reason, row) = match outcome {
                Outcome::Delivered => {
                    delivered.add(first + at);
                    continue;
                }
                Outcome::Superseded(reason) => (Fate::Superseded, reason, String::new()),
                Outcome::Rejected(reason) => (Fate::Rejected, reason, lines.document(at)),
                Outcome::Stop(error) => {
                    stopped.get_or_insert(*error);
                    continue;
                }
                // These are sent again and not settled.
                Outcome::Later(_) => continue,
            };
            let number = loaded.batch.number(first + at);
            left_out.push(number);
            receipts.push(Receipt { rows: number..number + 1, fate, reason, row });
        }
        let there = delivered.0.iter().map(|run| run.len() as u64).sum();
        let tally = if loaded.batch.delete { &self.tally.deleted } else { &self.tally.put };
        tally.fetch_add(there, Relaxed);
        let delivered = delivered.0.into_iter().flat_map(|run| loaded.batch.numbers(run));
        receipts.extend(delivered.map(Receipt::delivered));
        if !receipts.is_empty() {
            let mut position = self.tally.position.lock().unwrap_or_else(PoisonError::into_inner);
            if left_out.is_empty() {
                self.journal.note(&receipts, None)?;
            } else {
                position.leave_out(left_out);
                self.journal.note(&receipts, Some(&position.value()))?;
            }
        }
        self.progress.add_rows(count);
        stopped.map_or(Ok(()), |error| Err(kept(error)))
    }
}

/// Neighbouring numbers.
#[derive(Default)]
struct Runs(Vec<Range<usize>>);

impl Runs {
    fn add(&mut self, at: usize) {
        match self.0.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => self.0.push(at..at + 1),
        }
    }
}

/// Two halves; the first is on top.
fn halves(mut part: Vec<usize>) -> [Vec<usize>; 2] {
    let second = part.split_off(part.len() / 2);
    [second, part]
}

/// The same error with what it means for what was sent.
fn kept(error: Error) -> Error {
    let hint = error.hint.as_ref().map_or_else(|| KEPT.to_owned(), |hint| format!("{hint} {KEPT}"));
    error.hint(hint)
}
