//! Which messages are read: from and to which offset of each partition.

use std::collections::BTreeMap;

use pulse_core::{Code, Error, Progress, Result};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::client::Client;
use super::forms::{End, Place, Selection, Start};
use crate::iso::millis;

/// The messages of one partition that are read: from `from` on, up to but without `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub partition: i32,
    pub from: i64,
    pub to: i64,
}

impl Range {
    /// How many offsets that are; not each of them has a message.
    pub(super) fn offsets(&self) -> u64 {
        u64::try_from(self.to - self.from).unwrap_or(0)
    }
}

/// What a partition holds: its oldest message, and the one that comes next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub partition: i32,
    pub low: i64,
    pub high: i64,
}

/// What the partitions of a topic hold now, without transactions that are still open.
pub(super) fn bounds(client: &Client, topic: &str, progress: &Progress) -> Result<Vec<Bounds>> {
    let name = topic.to_owned();
    let metadata = client.ask(&format!("look at the topic `{topic}`"), progress, move |consumer, patience| {
        let metadata = consumer.fetch_metadata(Some(&name), patience)?;
        let found = metadata.topics().iter().find(|found| found.name() == name);
        Ok(found.map(|found| {
            let partitions: Vec<i32> = found.partitions().iter().map(|partition| partition.id()).collect();
            (found.error().map(RDKafkaErrorCode::from), partitions)
        }))
    })?;
    let mut partitions = match metadata {
        Some((None, partitions)) if !partitions.is_empty() => partitions,
        Some((Some(RDKafkaErrorCode::TopicAuthorizationFailed), _)) => {
            return Err(Error::new(Code::PermissionDenied, format!("You may not read the topic `{topic}`."))
                .hint("Ask who runs the cluster for the right to read it.")
                .field("topic"));
        }
        Some((Some(RDKafkaErrorCode::LeaderNotAvailable), _)) => {
            return Err(Error::new(Code::Unreachable, format!("The topic `{topic}` has no leader at the moment."))
                .hint("Try again in a while."));
        }
        _ => {
            return Err(Error::not_found(format!("There is no topic `{topic}`."))
                .hint("Look around in the connection to see its topics; upper and lower case count.")
                .field("topic"));
        }
    };
    partitions.sort_unstable();
    let name = topic.to_owned();
    client.ask(&format!("see what the topic `{topic}` holds"), progress, move |consumer, patience| {
        let bound = |partition| {
            let (low, high) = consumer.fetch_watermarks(&name, partition, patience)?;
            Ok(Bounds { partition, low, high })
        };
        partitions.into_iter().map(bound).collect()
    })
}

/// The range of each partition that a selection reads, going on where `state` says.
pub(super) fn ranges(
    client: &Client,
    selection: &Selection,
    state: Option<&BTreeMap<i32, i64>>,
    progress: &Progress,
) -> Result<Vec<Range>> {
    let topic = selection.topic.as_str();
    let bounds = bounds(client, topic, progress)?;
    if let Some(gone) = state.into_iter().flat_map(BTreeMap::keys).find(|p| !bounds.iter().any(|b| b.partition == **p))
    {
        return Err(recreated(topic, &format!("partition {gone}, which was read before, is gone")));
    }
    check_places(&bounds, &selection.offsets, "offsets")?;
    let since = match (selection.from, state) {
        (Start::Timestamp, None) => by_time(client, topic, &bounds, &selection.timestamp, "timestamp", progress)?,
        _ => BTreeMap::new(),
    };
    let until = match selection.to {
        End::Timestamp => by_time(client, topic, &bounds, &selection.to_timestamp, "to_timestamp", progress)?,
        _ => BTreeMap::new(),
    };
    let range = |bound: &Bounds| {
        let Bounds { partition, low, high } = *bound;
        let given =
            |places: &[Place]| places.iter().find(|place| place.partition == partition).map(|place| place.offset);
        let from = match (state, selection.from) {
            // A partition that is new since the last read is read from its beginning.
            (Some(state), _) => resume(topic, bound, state.get(&partition).copied().unwrap_or(low))?,
            (None, Start::Earliest) => low,
            (None, Start::Offsets) => start_at(bound, given(&selection.offsets).unwrap_or(low))?,
            (None, Start::Timestamp) => since.get(&partition).copied().unwrap_or(high),
            (None, Start::Last) => high.saturating_sub_unsigned(selection.last).max(low),
        };
        let to = match selection.to {
            End::Now => high,
            End::Offsets => given(&selection.to_offsets).unwrap_or(high).min(high),
            End::Timestamp => until.get(&partition).copied().unwrap_or(high),
        };
        Ok(Range { partition, from, to: to.max(from) })
    };
    bounds.iter().map(range).collect()
}

/// The first offset whose message is not older than a time; none where all are older.
fn by_time(
    client: &Client,
    topic: &str,
    bounds: &[Bounds],
    text: &str,
    field: &str,
    progress: &Progress,
) -> Result<BTreeMap<i32, i64>> {
    let at = millis(text).ok_or_else(|| {
        Error::invalid(format!("`{text}` is no time."))
            .hint("Write it as 2024-01-31 or 2024-01-31 09:30, in UTC.")
            .field(field)
    })?;
    let mut wanted = TopicPartitionList::new();
    for bound in bounds {
        let added = wanted.add_partition_offset(topic, bound.partition, Offset::Offset(at));
        added.map_err(|cause| Error::internal("look up a time", cause))?;
    }
    let found =
        client.ask(&format!("look up a time in the topic `{topic}`"), progress, move |consumer, patience| {
            consumer.offsets_for_times(wanted, patience)
        })?;
    let mut offsets = BTreeMap::new();
    for element in found.elements() {
        let high = bounds.iter().find(|bound| bound.partition == element.partition()).map_or(0, |bound| bound.high);
        if let Offset::Offset(offset) = element.offset() {
            offsets.insert(element.partition(), offset.min(high));
        }
    }
    Ok(offsets)
}

fn check_places(bounds: &[Bounds], places: &[Place], field: &str) -> Result<()> {
    let unknown = places.iter().find(|place| !bounds.iter().any(|bound| bound.partition == place.partition));
    unknown.map_or(Ok(()), |place| {
        Err(Error::invalid(format!("The topic has no partition {}.", place.partition))
            .hint(format!("It has the partitions 0 to {}.", bounds.len().saturating_sub(1)))
            .field(field))
    })
}

/// The offset that the user chose, if it is there.
fn start_at(bound: &Bounds, offset: i64) -> Result<i64> {
    let Bounds { partition, low, high } = *bound;
    if (low..=high).contains(&offset) {
        return Ok(offset);
    }
    Err(Error::invalid(format!("Partition {partition} has no offset {offset}; {}.", holds(bound)))
        .hint("Choose an offset that is there, or start with the oldest message.")
        .field("offsets"))
}

/// The offset where the last read ended, if the topic is still the same and nothing was lost in between.
fn resume(topic: &str, bound: &Bounds, offset: i64) -> Result<i64> {
    let Bounds { partition, low, high } = *bound;
    if offset > high {
        let text = format!("partition {partition} was read up to offset {offset}, but {}", holds(bound));
        return Err(recreated(topic, &text));
    }
    if offset < low {
        return Err(Error::not_found(format!(
            "The messages {offset} to {} of partition {partition} of `{topic}` were deleted before they were read; {}.",
            low - 1,
            holds(bound)
        ))
        .hint("Read everything again to go on with what is there, and refresh more often than the topic deletes."));
    }
    Ok(offset)
}

fn recreated(topic: &str, what: &str) -> Error {
    Error::new(Code::Conflict, format!("The topic `{topic}` was deleted and made anew, or lost messages: {what}."))
        .hint("Read everything again, into a new table if the old rows are to stay.")
}

/// What a partition holds, in words.
fn holds(bound: &Bounds) -> String {
    let Bounds { low, high, .. } = *bound;
    if low == high { format!("it is empty and goes on at {high}") } else { format!("it holds {low} to {}", high - 1) }
}
