//! Deleting the keys that are in the topic and not among the rows: a message without a value for each (a tombstone).

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use pulse_core::{Progress, Result};
use rdkafka::Message as _;

use super::message::{Loaded, Style};
use super::producer::Producer;
use super::topic::Topic;
use super::witness;
use crate::connectors::kafka::client::Client;
use crate::connectors::kafka::range::Range;
use crate::connectors::kafka::read;
use crate::outgoing::{Outgoing, Ranges};

/// Rows that are read at once.
const BATCH: usize = 1 << 16;

/// Deletes them and says how many there were.
pub(super) fn sweep(
    client: &Client,
    name: &str,
    outgoing: &Outgoing,
    style: &Style,
    producer: &Producer<'_>,
    progress: &Progress,
) -> Result<u64> {
    progress.stage("Looking for keys that vanished", 0, 0);
    let known = known(outgoing, style, progress)?;
    let topic = Topic::find(client, name, progress)?.ok_or_else(|| witness::recreated(name))?;
    let whole = |bound: &crate::connectors::kafka::range::Bounds| Range {
        partition: bound.partition,
        from: bound.low,
        to: bound.high,
    };
    let ranges: Vec<Range> = topic.bounds.iter().map(whole).collect();
    let mut vanished: HashSet<Vec<u8>> = HashSet::new();
    read::read(client.anew()?, name, &ranges, u64::MAX, progress, |message| {
        let Some(key) = message.key().filter(|key| known.binary_search(&hash(key)).is_err()) else { return Ok(()) };
        if message.payload().is_none() {
            vanished.remove(key);
        } else if !vanished.contains(key) {
            vanished.insert(key.to_vec());
        }
        Ok(())
    })?;
    if vanished.is_empty() {
        return Ok(0);
    }
    producer.begin()?;
    for key in &vanished {
        producer.put(None, (Some(key), None), style.headers(None))?;
    }
    producer.drain()?;
    producer.commit()?;
    producer.told()?;
    Ok(vanished.len() as u64)
}

/// The hashes of the keys of the rows, in order: 8 bytes each.
fn known(outgoing: &Outgoing, style: &Style, progress: &Progress) -> Result<Vec<u64>> {
    let (mut known, mut key) = (Vec::new(), Vec::new());
    for batch in outgoing.narrowed(Ranges::all(outgoing.rows.count())).batches(BATCH) {
        progress.check()?;
        let loaded = Loaded::new(batch?, style)?;
        for at in 0..loaded.batch.len() {
            key.clear();
            if loaded.key(at, &mut key) {
                known.push(hash(&key));
            }
        }
    }
    known.sort_unstable();
    Ok(known)
}

fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
