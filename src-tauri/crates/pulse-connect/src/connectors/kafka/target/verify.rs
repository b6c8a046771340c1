//! The comparison of the topic with the rows that were delivered to it: every message of the run is read back.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread;
use std::time::{Duration, Instant};

use pulse_core::{Error, Progress, Result};
use rdkafka::Message as _;
use serde::Deserialize;

use super::form::{Format, Target};
use super::message::Style;
use super::pieces;
use super::topic::Topic;
use super::witness;
use crate::connectors::kafka::Kafka;
use crate::connectors::kafka::client::Client;
use crate::destination::{Comparison, Verification, Written};
use crate::outgoing::{Outgoing, Ranges};

/// Rows up to which each is told from the others, at 8 bytes for each side.
const EACH: u64 = 16_000_000;
/// How long rows of a transaction may take to be seen, and the pause between two looks.
const VISIBLE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);
/// Rows that are named.
const NAMED: usize = 20;

/// What [`super::write::run`] noted in [`Written::seen`].
#[derive(Deserialize)]
struct Seen {
    start: BTreeMap<i32, i64>,
    next: BTreeMap<i32, i64>,
    refused: Option<Vec<(u64, u64)>>,
}

/// The messages of one side.
#[derive(Default)]
struct Side {
    count: u64,
    twice: u64,
    /// The sum of the hashes of all messages.
    sum: u64,
    /// The hash of each row's message, or nothing.
    each: Vec<u64>,
}

/// Compares.
pub(super) fn run(
    kafka: &Kafka,
    target: &Target,
    outgoing: &Outgoing,
    written: &Written,
    progress: &Progress,
) -> Result<Verification> {
    let name = target.topic()?;
    let mut found = Verification::default();
    let Ok(Seen { start, next, refused: Some(refused) }) = Seen::deserialize(&written.seen) else {
        found.note = "So many rows were refused that the topic cannot be compared with the others.".into();
        return Ok(found);
    };
    let refused = Ranges::of(refused.into_iter().map(|(start, end)| start..end));
    let rows = Ranges::all(outgoing.total()).without(&refused);
    let client = Client::open(&kafka.settings)?;
    let topic = Topic::visible(&kafka.settings, &client, name, &next, progress)?;
    progress.stage("Reading the messages back", rows.count(), 0);
    // The registry's number, which is not asked for again, is left out of the comparison.
    let framed = target.format == Format::Avro && kafka.registry.is_some();
    let there = || {
        let client = Client::open(&kafka.settings)?;
        Side::there((client, name), &topic, &start, outgoing, framed, progress)
    };
    let here = || Side::here(target, outgoing, &rows, framed, progress);
    let (here, there, deleted) = both(here, there, target.transactional, progress)?;
    found.comparisons = vec![
        Comparison::new("Rows", here.count, there.count),
        Comparison::new("Messages that came twice", 0, there.twice),
        Comparison::new("Keys and values (checksum)", format!("{:016x}", here.sum), format!("{:016x}", there.sum)),
    ];
    let differs = |(row, (here, there)): (usize, (&u64, &u64))| (here != there).then(|| format!("row {row}"));
    found.differing = here.each.iter().zip(&there.each).enumerate().filter_map(differs).take(NAMED).collect();
    let mut notes = Vec::new();
    if !topic.shows(&next) {
        notes
            .push("Not all messages can be read yet, because a transaction of somebody else is still open.".to_owned());
    }
    if deleted > 0 {
        notes.push(format!("The topic deleted {deleted} messages meanwhile, some of which may be of this run."));
    }
    if !refused.is_empty() {
        notes.push(format!("{} rows that were refused were not compared.", refused.count()));
    }
    found.note = notes.join(" ");
    Ok(found)
}

/// Both sides at once, the topic's with how many messages were deleted there. A commit is seen a moment after it was
/// confirmed, and some clusters tell of the topic's new end before that; so a topic that lacks rows is read again.
fn both(
    here: impl FnOnce() -> Result<Side> + Send,
    there: impl Fn() -> Result<(Side, u64)>,
    transactional: bool,
    progress: &Progress,
) -> Result<(Side, Side, u64)> {
    let (here, first) = thread::scope(|scope| {
        let here = scope.spawn(here);
        let first = there();
        (here.join().map_err(|_| Error::internal("compare the topic", "a thread ended early")), first)
    });
    let (here, (mut side, mut deleted)) = (here??, first?);
    let until = Instant::now() + VISIBLE;
    while transactional && side.count < here.count && Instant::now() < until {
        progress.check()?;
        thread::sleep(LOOK);
        (side, deleted) = there()?;
    }
    Ok((here, side, deleted))
}

impl Side {
    fn of(total: u64) -> Self {
        let each = if total <= EACH { vec![0; total as usize] } else { Vec::new() };
        Self { each, ..Self::default() }
    }

    /// The messages as they are in the topic, and how many were deleted there.
    fn there(
        (client, name): (Client, &str),
        topic: &Topic,
        start: &BTreeMap<i32, i64>,
        outgoing: &Outgoing,
        framed: bool,
        progress: &Progress,
    ) -> Result<(Self, u64)> {
        let mut side = Self::of(outgoing.total());
        let deleted = witness::messages((client, name), topic, start, &outgoing.run, progress, |row, message| {
            let value = message.payload().map(|value| if framed { value.get(5..).unwrap_or_default() } else { value });
            side.add(row, message.key(), value);
        })?;
        Ok((side, deleted))
    }

    /// The messages as they are made of the rows.
    fn here(target: &Target, outgoing: &Outgoing, rows: &Ranges, framed: bool, progress: &Progress) -> Result<Self> {
        let style = if framed {
            Style::with_prefix(target, outgoing, Vec::new())?
        } else {
            Style::new(target, outgoing, None, progress)?
        };
        let mut side = Self::of(outgoing.total());
        thread::scope(|scope| {
            for piece in pieces::ahead(scope, outgoing.narrowed(rows.clone()), &style) {
                progress.check()?;
                piece?.messages().for_each(|(number, key, value)| side.add(number, key, value));
            }
            Ok(side)
        })
    }

    fn add(&mut self, row: u64, key: Option<&[u8]>, value: Option<&[u8]>) {
        let mut hasher = DefaultHasher::new();
        (row, key, value).hash(&mut hasher);
        // Nothing stands for a message that is not there.
        let hash = hasher.finish().max(1);
        match usize::try_from(row).ok().and_then(|row| self.each.get_mut(row)) {
            Some(known) if *known != 0 => {
                self.twice += 1;
                return;
            }
            Some(known) => *known = hash,
            None => {}
        }
        self.count += 1;
        self.sum = self.sum.wrapping_add(hash);
    }
}
