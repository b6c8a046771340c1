//! A write from the first message to the last: the topic, the rows in chunks, and the keys that vanished.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pulse_core::{Error, Progress, Result};
use serde_json::json;

use super::form::Target;
use super::message::{Loaded, Style};
use super::position::Position;
use super::producer::Producer;
use super::topic::{Topic, Wanted};
use super::{sweep, witness};
use crate::connectors::kafka::Kafka;
use crate::connectors::kafka::client::Client;
use crate::connectors::kafka::forms::Settings;
use crate::destination::{Fate, Journal, Receipt, Written};
use crate::outgoing::{Outgoing, Ranges};

/// Rows that are read at once.
const BATCH: usize = 1 << 16;
/// Rows of the first chunk, after which their receipts are noted; later ones take about as long as [`CHUNK`].
const FIRST: u64 = 20_000;
const MOST: u64 = 1 << 21;
const CHUNK: Duration = Duration::from_secs(4);
/// How long what a killed attempt has handed to the network may take to arrive.
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
    let topic = match (Topic::find(settings, &client, name, progress)?, &before) {
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
    let todo = if interrupted { work.find(&client, name, settings)? } else { outgoing.todo.clone() };
    work.all(&todo)?;
    if outgoing.mirrors() && !was_empty {
        work.written.deleted += sweep::sweep(&client, name, settings, outgoing, style, producer, progress)?;
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
    fn find(&mut self, client: &Client, name: &str, settings: &Settings) -> Result<Ranges> {
        self.progress.stage("Looking what is in the topic already", 0, 0);
        // In transactions, whatever arrives late is refused by now.
        if !self.transactional {
            std::thread::sleep(ARRIVAL);
        }
        let topic = Topic::find(settings, client, name, self.progress)?.ok_or_else(|| witness::recreated(name))?;
        let mut rows = Vec::new();
        let (from, run) = (self.position.next.clone(), &self.outgoing.run);
        witness::messages((client.anew()?, name), &topic, &from, run, self.progress, |row, _| rows.push(row..row + 1))?;
        let found = Ranges::of(rows);
        let there = self.outgoing.todo.without(&self.outgoing.todo.without(&found));
        self.position.pass(&topic.end());
        self.note(&there)?;
        Ok(self.outgoing.todo.without(&found))
    }

    /// Sends rows in chunks.
    fn all(&mut self, todo: &Ranges) -> Result<()> {
        self.progress.stage("Sending rows", self.outgoing.todo.count(), 0);
        self.progress.add_rows(self.outgoing.todo.count() - todo.count());
        let (mut left, mut size) = (todo.clone(), FIRST);
        while !left.is_empty() {
            let chunk = left.first(size);
            let began = Instant::now();
            self.chunk(&chunk)?;
            left = left.without(&chunk);
            if began.elapsed() < CHUNK / 2 {
                size = (size * 2).min(MOST);
            } else if began.elapsed() > CHUNK * 2 {
                size = (size / 2).max(FIRST);
            }
        }
        Ok(())
    }

    /// Sends rows, waits until all are there and notes it. Rows that are refused are sent once more, each alone, because
    /// a cluster may refuse others with them.
    fn chunk(&mut self, rows: &Ranges) -> Result<()> {
        let suspects: Vec<u64> = self.try_chunk(rows)?.into_keys().collect();
        for row in suspects {
            let alone = Ranges::of([row..row + 1]);
            if let Some((_, why)) = self.try_chunk(&alone)?.pop_first() {
                self.reject(&alone, &why)?;
            }
        }
        Ok(())
    }

    /// Sends rows and notes those that are there; gives the rows that were refused, and why.
    fn try_chunk(&mut self, rows: &Ranges) -> Result<BTreeMap<u64, String>> {
        self.producer.begin()?;
        let poured = self.pour(rows).and_then(|()| self.producer.drain());
        let told = self.producer.told()?;
        if !self.transactional {
            self.position.pass(&told.next);
            self.note(&told.delivered())?;
            poured?;
        } else if told.refused.is_empty() {
            poured?;
            self.producer.commit()?;
            self.position.pass(&told.next);
            self.note(&told.delivered())?;
        } else {
            self.progress.check()?;
            self.producer.abort()?;
            let others = rows.without(&Ranges::of(told.refused.keys().map(|row| *row..*row + 1)));
            if !others.is_empty() {
                self.chunk(&others)?;
            }
        }
        Ok(told.refused)
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

    /// Hands rows to the producer.
    fn pour(&mut self, rows: &Ranges) -> Result<()> {
        let (mut key, mut value) = (Vec::new(), Vec::new());
        for batch in self.outgoing.narrowed(rows.clone()).batches(BATCH) {
            self.progress.check()?;
            let loaded = Loaded::new(batch?, self.style)?;
            for at in 0..loaded.batch.len() {
                let key = loaded.key(at, &mut key).then_some(&key[..]);
                let value = loaded.value(at, &mut value).then_some(&value[..]);
                let bytes = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
                let number = loaded.number(at);
                self.producer.put(Some(number), (key, value), self.style.headers(Some(number)))?;
                self.written.bytes += bytes as u64;
                self.progress.add_bytes(bytes as u64);
            }
        }
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
