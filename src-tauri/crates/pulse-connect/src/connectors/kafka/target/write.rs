//! A write from the first message to the last: the topic, the rows, and the keys that vanished.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use pulse_core::{Error, Progress, Result};
use serde_json::json;

use super::form::Target;
use super::message::{Loaded, Style};
use super::pieces::{self, Piece};
use super::position::Position;
use super::producer::Producer;
use super::topic::{Topic, Wanted};
use super::{sweep, witness};
use crate::connectors::kafka::Kafka;
use crate::connectors::kafka::client::Client;
use crate::destination::{Fate, Journal, Receipt, Written};
use crate::outgoing::{Outgoing, Ranges};

/// Pieces, or the time, after which it is noted what arrived.
const PIECES: u32 = 8;
const NOTED: Duration = Duration::from_millis(200);
/// Rows of the first transaction; later ones take about as long as [`CHUNK`].
const FIRST: u64 = 20_000;
const MOST: u64 = 1 << 21;
const CHUNK: Duration = Duration::from_secs(4);
/// How long what a killed attempt has handed to the network may take to arrive, and what it committed to be seen.
const ARRIVAL: Duration = Duration::from_millis(300);

/// Writes the rows that are to do.
pub(super) fn run(
    kafka: &Kafka,
    target: &Target,
    outgoing: &Outgoing,
    journal: &dyn Journal,
    progress: &Progress,
) -> Result<Written> {
    let name = target.topic()?;
    target.fits(outgoing)?;
    let settings = &kafka.settings;
    let client = Client::open(settings)?;
    let style = Style::new(target, outgoing, kafka.registry.as_ref(), progress)?;
    let before = Position::of(outgoing)?;
    let topic = match (Topic::described(settings, &client, name, progress)?, &before) {
        (Some(topic), _) => topic,
        (None, Some(_)) => return Err(witness::recreated(name)),
        (None, None) if target.create => Wanted::of(target, outgoing)?.create(settings, &client, name, progress)?,
        (None, None) => return Err(absent(name)),
    };
    let interrupted = before.is_some();
    let position = before.unwrap_or_else(|| Position::at(topic.end()));
    journal.note(&[], Some(&position.value()))?;
    let producer = Producer::open(settings, (target, name), topic.limit(), &outgoing.sync, progress)?;
    let was_empty = position
        .start
        .iter()
        .all(|(partition, next)| topic.bounds.iter().any(|bound| bound.partition == *partition && bound.low >= *next));
    let (style, producer, transactional) = (&style, &producer, target.transactional);
    let mut work =
        Work { outgoing, style, producer, transactional, journal, progress, position, written: Written::default() };
    let todo = if interrupted { work.find(&client, name)? } else { outgoing.todo.clone() };
    work.all(&todo)?;
    if outgoing.mirrors() && !was_empty {
        work.written.deleted += sweep::sweep(&client, name, outgoing, style, producer, progress)?;
    }
    let Work { position, mut written, .. } = work;
    let topic = Topic::visible(settings, &client, name, &position.next, progress)?;
    if !topic.shows(&position.next) {
        written.warnings.push(format!(
            "The rows are in `{name}`, but who reads only what is committed does not see all of them yet, because a \
             transaction that somebody else began before is still open."
        ));
    }
    written.seen = json!({
        "start": position.start, "next": position.next, "end": topic.end(), "refused": position.refused
    });
    Ok(written)
}

/// The error for a topic that is not there and may not be made.
pub(super) fn absent(name: &str) -> Error {
    Error::not_found(format!("There is no topic `{name}`, and it is not to be made."))
        .hint("Let it be made, ask who runs the cluster for it, or take another name.")
        .field("topic")
}

/// A write on its way.
struct Work<'a> {
    outgoing: &'a Outgoing,
    style: &'a Style,
    producer: &'a Producer<'a>,
    transactional: bool,
    journal: &'a dyn Journal,
    progress: &'a Progress,
    position: Position,
    written: Written,
}

impl Work<'_> {
    /// Finds what an earlier attempt wrote without noting it, and gives what is left to do.
    fn find(&mut self, client: &Client, name: &str) -> Result<Ranges> {
        self.progress.stage("Looking what is in the topic already", 0, 0);
        thread::sleep(ARRIVAL);
        let topic = Topic::find(client, name, self.progress)?.ok_or_else(|| witness::recreated(name))?;
        let mut rows = Vec::new();
        let (from, run) = (self.position.next.clone(), &self.outgoing.run);
        witness::messages((client.anew()?, name), &topic, &from, run, self.progress, |row, _| rows.push(row..row + 1))?;
        let found = Ranges::of(rows);
        let there = self.outgoing.todo.without(&self.outgoing.todo.without(&found));
        self.position.pass(&topic.end());
        self.note(&there)?;
        Ok(self.outgoing.todo.without(&found))
    }

    /// Sends rows.
    fn all(&mut self, todo: &Ranges) -> Result<()> {
        self.progress.stage("Sending rows", self.outgoing.todo.count(), 0);
        self.progress.add_rows(self.outgoing.todo.count() - todo.count());
        if self.transactional { self.in_transactions(todo) } else { self.in_stream(todo) }
    }

    /// Sends rows without waiting for what became of those before: that is noted as it becomes known.
    fn in_stream(&mut self, rows: &Ranges) -> Result<()> {
        let (mut unnoted, mut noted) = (0, Instant::now());
        self.pour(rows, |work, put| {
            unnoted += 1;
            if put.is_ok() && unnoted < PIECES && noted.elapsed() < NOTED {
                return Ok(());
            }
            let settled = work.settle(put);
            (unnoted, noted) = (0, Instant::now());
            settled
        })?;
        let drained = self.producer.drain();
        self.settle(drained)
    }

    /// Notes what arrived, whatever ended the step before, and sends rows that were refused once more.
    fn settle(&mut self, outcome: Result<()>) -> Result<()> {
        let mut refused = self.arrivals()?;
        outcome?;
        if !refused.is_empty() {
            let drained = self.producer.drain();
            refused.append(&mut self.arrivals()?);
            drained?;
        }
        self.each_alone(refused)
    }

    /// Notes the rows that arrived since the last time; gives those that were refused, and why.
    fn arrivals(&mut self) -> Result<BTreeMap<u64, String>> {
        let told = self.producer.told()?;
        self.position.pass(&told.next);
        self.note(&told.delivered())?;
        Ok(told.refused)
    }

    /// Sends rows in transactions.
    fn in_transactions(&mut self, todo: &Ranges) -> Result<()> {
        let (mut left, mut size) = (todo.clone(), FIRST);
        while !left.is_empty() {
            let chunk = left.first(size);
            let began = Instant::now();
            let refused = self.transaction(&chunk)?;
            self.each_alone(refused)?;
            left = left.without(&chunk);
            if began.elapsed() < CHUNK / 2 {
                size = (size * 2).min(MOST);
            } else if began.elapsed() > CHUNK * 2 {
                size = (size / 2).max(FIRST);
            }
        }
        Ok(())
    }

    /// Sends rows in one transaction, without those that are refused, and gives these, and why.
    fn transaction(&mut self, rows: &Ranges) -> Result<BTreeMap<u64, String>> {
        self.producer.begin()?;
        let poured = self.pour(rows, |_, put| put).and_then(|()| self.producer.drain());
        let mut told = self.producer.told()?;
        if told.refused.is_empty() {
            poured?;
            self.producer.commit()?;
            self.position.pass(&told.next);
            self.note(&told.delivered())?;
            return Ok(told.refused);
        }
        self.progress.check()?;
        self.producer.abort()?;
        let others = rows.without(&Ranges::of(told.refused.keys().map(|row| *row..*row + 1)));
        if !others.is_empty() {
            told.refused.append(&mut self.transaction(&others)?);
        }
        Ok(told.refused)
    }

    /// Sends rows that were refused once more, each alone, because a cluster may refuse others with them; rejects those
    /// that are refused again.
    fn each_alone(&mut self, refused: BTreeMap<u64, String>) -> Result<()> {
        for row in refused.into_keys() {
            let alone = Ranges::of([row..row + 1]);
            let again = if self.transactional {
                self.transaction(&alone)?
            } else {
                let drained = self.pour(&alone, |_, put| put).and_then(|()| self.producer.drain());
                let again = self.arrivals()?;
                drained?;
                again
            };
            if let Some(why) = again.get(&row) {
                self.reject(&alone, why)?;
            }
        }
        Ok(())
    }

    /// Notes a row as rejected, with what it holds.
    fn reject(&mut self, row: &Ranges, why: &str) -> Result<()> {
        self.position.refuse(row);
        for batch in self.outgoing.narrowed(row.clone()).batches(1) {
            let loaded = Loaded::new(batch?, self.style)?;
            let number = loaded.number(0);
            let reason = format!("The cluster refused the message: {}.", why.trim_end_matches('.'));
            let receipt = Receipt { rows: number..number + 1, fate: Fate::Rejected, reason, row: loaded.json(0) };
            self.journal.note(&[receipt], Some(&self.position.value()))?;
        }
        self.progress.add_rows(1);
        Ok(())
    }

    /// Hands rows to the producer, piece by piece; `after` decides what comes of each.
    fn pour(&mut self, rows: &Ranges, mut after: impl FnMut(&mut Self, Result<()>) -> Result<()>) -> Result<()> {
        let (outgoing, style) = (self.outgoing.narrowed(rows.clone()), self.style);
        thread::scope(|scope| {
            for piece in pieces::ahead(scope, outgoing, style) {
                let put = piece.and_then(|piece| self.put(&piece));
                after(self, put)?;
            }
            Ok(())
        })
    }

    /// Hands messages to the producer.
    fn put(&mut self, piece: &Piece) -> Result<()> {
        self.progress.check()?;
        let mut bytes = 0;
        for (number, key, value) in piece.messages() {
            self.producer.put(Some(number), (key, value), self.style.headers(Some(number)))?;
            bytes += (key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len)) as u64;
        }
        self.written.bytes += bytes;
        self.progress.add_bytes(bytes);
        Ok(())
    }

    /// Notes rows as delivered.
    fn note(&mut self, rows: &Ranges) -> Result<()> {
        let receipts: Vec<Receipt> = rows.iter().cloned().map(Receipt::delivered).collect();
        self.journal.note(&receipts, Some(&self.position.value()))?;
        self.progress.add_rows(rows.count());
        let puts = rows.within(&(0..self.outgoing.rows.count())).map(|range| range.end - range.start).sum::<u64>();
        self.written.rows += puts;
        self.written.deleted += rows.count() - puts;
        Ok(())
    }
}
