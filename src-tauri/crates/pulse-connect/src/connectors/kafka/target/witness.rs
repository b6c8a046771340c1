//! The topic as the witness of what a run has written: each message names its run and its row.

use std::collections::BTreeMap;

use pulse_core::{Code, Error, Progress, Result};
use rdkafka::Message as _;
use rdkafka::message::{BorrowedMessage, Headers as _};

use super::message::{ROW, RUN};
use super::topic::Topic;
use crate::connectors::kafka::client::Client;
use crate::connectors::kafka::range::Range;
use crate::connectors::kafka::read;

/// Hands every message of a run that lies behind `from` to `each`, with the number of its row; says how many messages
/// of the partitions were deleted meanwhile.
pub(super) fn messages(
    (client, name): (Client, &str),
    topic: &Topic,
    from: &BTreeMap<i32, i64>,
    run: &str,
    progress: &Progress,
    mut each: impl FnMut(u64, &BorrowedMessage<'_>),
) -> Result<u64> {
    let (ranges, deleted) = ranges(name, topic, from)?;
    read::read(client, name, &ranges, u64::MAX, progress, |message| {
        if header(message, RUN) == Some(run.as_bytes()) {
            let row = header(message, ROW).and_then(|row| std::str::from_utf8(row).ok()?.parse().ok());
            row.into_iter().for_each(|row| each(row, message));
        }
        Ok(())
    })?;
    Ok(deleted)
}

/// The value of a message's header.
fn header<'m>(message: &'m BorrowedMessage<'_>, name: &str) -> Option<&'m [u8]> {
    message.headers()?.iter().find(|header| header.key == name)?.value
}

/// What of each partition lies behind `from`, and how many messages of it are gone.
fn ranges(name: &str, topic: &Topic, from: &BTreeMap<i32, i64>) -> Result<(Vec<Range>, u64)> {
    let mut deleted = 0;
    let mut ranges = Vec::new();
    for bound in &topic.bounds {
        let wanted = from.get(&bound.partition).copied().unwrap_or(bound.low);
        if wanted > bound.high {
            return Err(recreated(name));
        }
        deleted += (bound.low - wanted).max(0).unsigned_abs();
        ranges.push(Range { partition: bound.partition, from: wanted.max(bound.low), to: bound.high });
    }
    if from.keys().any(|partition| topic.bounds.iter().all(|bound| bound.partition != *partition)) {
        return Err(recreated(name));
    }
    Ok((ranges, deleted))
}

/// The error for a topic that is another one than before.
pub(super) fn recreated(name: &str) -> Error {
    Error::new(
        Code::Conflict,
        format!("The topic `{name}`, into which this run wrote, was deleted or made anew meanwhile."),
    )
    .hint("Run the sync anew, which sends all rows.")
    .field("topic")
}
