//! Reading a bounded batch: exactly the messages of the ranges, whatever is written meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pulse_core::{Code, Error, Progress, Result};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message as _, Offset, TopicPartitionList};

use super::client::Client;
use super::range::{Bounds, Range, bounds};

/// How long one wait for a message takes.
const WAIT: Duration = Duration::from_millis(50);

/// How far a read came.
pub(super) struct Reached {
    /// The next offset of each partition.
    pub next: BTreeMap<i32, i64>,
    /// Messages that were read.
    pub messages: u64,
    /// Offsets in the ranges that hold no message: compacted ones, marks of transactions, and what was aborted.
    pub gaps: u64,
}

/// Hands every message of the ranges to `each`, at most `limit` of them, while it is still in the client's memory.
pub(super) fn read(
    client: Client,
    topic: &str,
    ranges: &[Range],
    limit: u64,
    progress: &Progress,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<()>,
) -> Result<Reached> {
    let mut reading = Reading::of(client, topic, ranges);
    if !reading.open.is_empty() && limit > 0 {
        reading.assign()?;
        while !reading.open.is_empty() && reading.reached.messages < limit {
            progress.check()?;
            reading.step(progress, &mut each)?;
        }
        must_still_hold(&reading.client, topic, &reading.ended_early, ranges, progress)?;
    }
    let mut reached = reading.reached;
    let passed: i64 =
        ranges.iter().map(|range| reached.next.get(&range.partition).unwrap_or(&range.from) - range.from).sum();
    reached.gaps = u64::try_from(passed).unwrap_or(0).saturating_sub(reached.messages);
    Ok(reached)
}

/// A read on its way.
struct Reading<'a> {
    client: Client,
    topic: &'a str,
    attempt: String,
    /// The ranges that are not read to their ends.
    open: BTreeMap<i32, Range>,
    reached: Reached,
    /// Partitions that ended before their range did.
    ended_early: Vec<i32>,
    /// When a message came last, as far as it was noted.
    heard: Instant,
    /// Whether messages came that are not noted yet: the clock is not asked for each.
    came: bool,
    /// One partition is read after the other, so that what cannot be read has a place.
    alone: bool,
    /// The partition and offset that could not be read last.
    broken: Option<(i32, i64)>,
}

impl<'a> Reading<'a> {
    fn of(client: Client, topic: &'a str, ranges: &[Range]) -> Self {
        let next = ranges.iter().map(|range| (range.partition, range.from)).collect();
        Self {
            client,
            topic,
            attempt: format!("read the topic `{topic}`"),
            open: ranges.iter().filter(|r| r.from < r.to).map(|range| (range.partition, *range)).collect(),
            reached: Reached { next, messages: 0, gaps: 0 },
            ended_early: Vec::new(),
            heard: Instant::now(),
            came: false,
            alone: false,
            broken: None,
        }
    }

    /// Has the open partitions sent from their next offsets on, or only the first of them.
    fn assign(&self) -> Result<()> {
        let mut assigned = TopicPartitionList::new();
        let count = if self.alone { 1 } else { self.open.len() };
        for range in self.open.values().take(count) {
            let offset = Offset::Offset(self.next(range));
            let added = assigned.add_partition_offset(self.topic, range.partition, offset);
            added.map_err(|cause| self.client.failed(&self.attempt, &cause))?;
        }
        self.client.consumer()?.assign(&assigned).map_err(|cause| self.client.failed(&self.attempt, &cause))
    }

    fn next(&self, range: &Range) -> i64 {
        self.reached.next.get(&range.partition).copied().unwrap_or(range.from)
    }

    /// Takes what comes next, if anything does.
    fn step(&mut self, progress: &Progress, each: &mut impl FnMut(&BorrowedMessage<'_>) -> Result<()>) -> Result<()> {
        let consumer = Arc::clone(self.client.consumer()?);
        let (partition, done) = match consumer.poll(WAIT) {
            None => return self.wait(),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                if self.open.contains_key(&partition) {
                    self.ended_early.push(partition);
                }
                (partition, true)
            }
            Some(Err(cause)) if is_broken(&cause) => return self.again(&cause),
            Some(Err(cause)) if is_final(&cause) => return Err(explain(&self.client, self.topic, &cause)),
            Some(Err(_)) => return self.wait(),
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                let Some(range) = self.open.get(&partition) else { return Ok(()) };
                let to = range.to;
                if offset < to {
                    progress.add_rows(1);
                    progress.add_bytes(message.payload_len() as u64);
                    self.reached.messages += 1;
                    self.reached.next.insert(partition, offset + 1);
                    each(&message)?;
                }
                (partition, offset + 1 >= to)
            }
        };
        self.came = true;
        if done { self.end(partition) } else { Ok(()) }
    }

    /// Ends a partition whose range is read.
    fn end(&mut self, partition: i32) -> Result<()> {
        let Some(range) = self.open.remove(&partition) else { return Ok(()) };
        self.reached.next.insert(partition, range.to);
        if self.alone && !self.open.is_empty() {
            return self.assign();
        }
        let mut finished = TopicPartitionList::new();
        finished.add_partition(self.topic, partition);
        self.client.consumer()?.pause(&finished).map_err(|cause| self.client.failed(&self.attempt, &cause))
    }

    /// Reads on where messages could not be read, because the transfer may have broken them and not the cluster; fails
    /// where they cannot be read again. That takes a new client: behind broken messages the library loses its place in
    /// the answer and may come to offsets that do not exist.
    fn again(&mut self, cause: &KafkaError) -> Result<()> {
        // The library does not tell which partition it was, which is known only where one is read at a time.
        let one = self.alone || self.open.len() == 1;
        let place = self.open.values().next().filter(|_| one).map(|range| (range.partition, self.next(range)));
        if place.is_some() && place == self.broken {
            return Err(broken(&self.client, self.topic, place, cause));
        }
        tracing::warn!(target: "kafka", "{cause} in the topic {}: it is read again, {place:?}", self.topic);
        self.broken = place;
        self.alone = true;
        self.client = self.client.anew()?;
        self.assign()
    }

    /// Nothing came; fails if that is hopeless or took too long. Skipping offsets without a message is no standstill.
    fn wait(&mut self) -> Result<()> {
        if std::mem::take(&mut self.came) {
            self.heard = Instant::now();
            self.client.consumer()?.context().answered();
        }
        self.client.check(&self.attempt)?;
        if let Some(moved) = self.client.consumer()?.context().moved() {
            self.heard = self.heard.max(moved);
        }
        stalled(&self.client, self.topic, self.heard, &self.reached)
    }
}

/// Fails if nothing came for too long.
fn stalled(client: &Client, topic: &str, heard: Instant, reached: &Reached) -> Result<()> {
    if heard.elapsed() < client.patience() {
        return Ok(());
    }
    let (messages, seconds) = (reached.messages, client.patience().as_secs());
    let cause = KafkaError::Global(RDKafkaErrorCode::OperationTimedOut);
    let attempt =
        format!("go on reading the topic `{topic}` after {messages} messages; nothing came for {seconds} seconds");
    let error = client.failed(&attempt, &cause);
    Err(Error::new(Code::Unreachable, error.message)
        .hint("Check that the brokers run and start it again; nothing is read twice."))
}

/// Partitions that ended before their range did must still reach that far: there were only gaps.
fn must_still_hold(client: &Client, topic: &str, ended: &[i32], ranges: &[Range], progress: &Progress) -> Result<()> {
    if ended.is_empty() {
        return Ok(());
    }
    for Bounds { partition, high, .. } in bounds(client, topic, progress)? {
        let range = ranges.iter().find(|range| range.partition == partition && ended.contains(&partition));
        if let Some(range) = range.filter(|range| high < range.to) {
            return Err(Error::new(
                Code::Conflict,
                format!(
                    "Partition {partition} of `{topic}` reached to offset {} when the read began, and now only to {high}.",
                    range.to
                ),
            )
            .hint("The topic was made anew, or the cluster lost messages; read it again."));
        }
    }
    Ok(())
}

/// Whether waiting does not help.
fn is_final(cause: &KafkaError) -> bool {
    use RDKafkaErrorCode as C;
    matches!(cause, KafkaError::MessageConsumptionFatal(_))
        || matches!(
            cause.rdkafka_error_code(),
            Some(
                C::AutoOffsetReset
                    | C::OffsetOutOfRange
                    | C::UnknownTopicOrPartition
                    | C::UnknownTopic
                    | C::UnknownPartition
                    | C::TopicAuthorizationFailed
                    | C::Authentication
                    | C::SaslAuthenticationFailed
                    | C::NotImplemented
            )
        )
}

/// Whether an answer cannot be read: its frame, its messages or what they are packed in.
fn is_broken(cause: &KafkaError) -> bool {
    use RDKafkaErrorCode as C;
    matches!(
        cause.rdkafka_error_code(),
        Some(
            C::BadMessage
                | C::BadCompression
                | C::InvalidMessage
                | C::InvalidMessageSize
                | C::MessageSizeTooLarge
                | C::Underflow
        )
    )
}

/// The error for a place that could not be read twice.
fn broken(client: &Client, topic: &str, place: Option<(i32, i64)>, cause: &KafkaError) -> Error {
    let (partition, offset) = place.unwrap_or_default();
    if let Some(said) = client.said("Invalid response size") {
        let size =
            said.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u64>().ok()).find(|n| *n > 1 << 20);
        let size = size.map_or_else(|| "too much".to_owned(), |size| format!("{} MB", size / 1_000_000));
        return Error::new(
            Code::LimitExceeded,
            format!(
                "The broker answers with {size} at once for partition {partition} of `{topic}` from offset {offset}, \
                     which is more than is taken."
            ),
        )
        .hint("Set the property receive.message.max.bytes of the connection higher; so much memory is needed.")
        .field("properties");
    }
    if cause.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
        let text = format!("The message {offset} of partition {partition} of `{topic}` is larger than is taken.");
        return Error::new(Code::LimitExceeded, text)
            .hint("Set the properties receive.message.max.bytes and fetch.max.bytes of the connection higher.")
            .field("properties");
    }
    let why = cause.rdkafka_error_code().map_or_else(|| cause.to_string(), |code| code.to_string());
    Error::damaged(format!(
        "Partition {partition} of `{topic}` cannot be read at offset {offset}, not even the second time: {why}."
    ))
    .hint("Start behind the damaged messages with an offset, or ask who runs the cluster.")
}

fn explain(client: &Client, topic: &str, cause: &KafkaError) -> Error {
    use RDKafkaErrorCode as C;
    match cause.rdkafka_error_code() {
        Some(C::AutoOffsetReset | C::OffsetOutOfRange) => {
            Error::not_found(format!("Messages of `{topic}` were deleted while they were read: offset out of range."))
                .hint("Read it again; if the topic deletes faster than it is read, start with a later time.")
        }
        Some(C::UnknownTopicOrPartition | C::UnknownTopic | C::UnknownPartition) => {
            Error::not_found(format!("The topic `{topic}` was deleted while it was read."))
                .hint("Look around in the connection to see its topics.")
                .field("topic")
        }
        Some(C::NotImplemented) => Error::new(
            Code::Unsupported,
            format!("The topic `{topic}` holds messages in a form or with a compression that is not known here."),
        )
        .hint("Have them written again by a current producer, or start behind them with an offset."),
        _ => client.failed(&format!("read the topic `{topic}`"), cause),
    }
}
