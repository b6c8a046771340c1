//! Reading a bounded batch: exactly the messages of the ranges, whatever is written meanwhile.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pulse_core::{Code, Error, Progress, Result};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message as _, Offset, TopicPartitionList};

use super::client::Client;
use super::message::Message;
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

/// Hands every message of the ranges to `each`, at most `limit` of them.
pub(super) fn read(
    client: &Client,
    topic: &str,
    ranges: &[Range],
    limit: u64,
    progress: &Progress,
    mut each: impl FnMut(Message) -> Result<()>,
) -> Result<Reached> {
    let attempt = format!("read the topic `{topic}`");
    let mut open: BTreeMap<i32, Range> =
        ranges.iter().filter(|range| range.from < range.to).map(|range| (range.partition, *range)).collect();
    let mut reached = Reached { next: ranges.iter().map(|r| (r.partition, r.from)).collect(), messages: 0, gaps: 0 };
    if open.is_empty() || limit == 0 {
        return Ok(reached);
    }
    let consumer = client.consumer()?;
    let mut assigned = TopicPartitionList::new();
    for range in open.values() {
        let added = assigned.add_partition_offset(topic, range.partition, Offset::Offset(range.from));
        added.map_err(|cause| client.failed(&attempt, &cause))?;
    }
    consumer.assign(&assigned).map_err(|cause| client.failed(&attempt, &cause))?;
    let mut ended_early = Vec::new();
    let mut heard = Instant::now();
    while !open.is_empty() && reached.messages < limit {
        progress.check()?;
        let (partition, done) = match consumer.poll(WAIT) {
            None => {
                client.check(&attempt)?;
                stalled(client, topic, heard, &reached)?;
                continue;
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                if open.contains_key(&partition) {
                    ended_early.push(partition);
                }
                (partition, true)
            }
            Some(Err(cause)) => {
                if is_final(&cause) {
                    return Err(explain(client, topic, &cause));
                }
                client.check(&attempt)?;
                stalled(client, topic, heard, &reached)?;
                continue;
            }
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                let Some(range) = open.get(&partition) else { continue };
                if offset < range.to {
                    progress.add_rows(1);
                    progress.add_bytes(message.payload_len() as u64);
                    reached.messages += 1;
                    reached.next.insert(partition, offset + 1);
                    each(Message::of(&message))?;
                }
                (partition, offset + 1 >= range.to)
            }
        };
        heard = Instant::now();
        consumer.context().answered();
        if done && let Some(range) = open.remove(&partition) {
            reached.next.insert(partition, range.to);
            let mut finished = TopicPartitionList::new();
            finished.add_partition(topic, partition);
            consumer.pause(&finished).map_err(|cause| client.failed(&attempt, &cause))?;
        }
    }
    must_still_hold(client, topic, &ended_early, ranges, progress)?;
    let passed: i64 =
        ranges.iter().map(|range| reached.next.get(&range.partition).unwrap_or(&range.from) - range.from).sum();
    reached.gaps = u64::try_from(passed).unwrap_or(0).saturating_sub(reached.messages);
    Ok(reached)
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
                    | C::BadMessage
                    | C::InvalidMessage
                    | C::InvalidMessageSize
                    | C::MessageSizeTooLarge
            )
        )
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
        Some(C::BadMessage | C::InvalidMessage | C::InvalidMessageSize | C::MessageSizeTooLarge) => {
            Error::damaged(format!("The topic `{topic}` holds messages that are damaged: {cause}."))
                .hint("Start behind them with an offset, or ask who runs the cluster.")
        }
        _ => client.failed(&format!("read the topic `{topic}`"), cause),
    }
}
