//! Where the sources of a table stand: committed with the rows, so that a crash repeats nothing and loses nothing.
//!
//! Every commit carries the states of all sources, as it does the list of ledger files. A source's sequence only ever
//! grows, also over a restore, so that a writer that started from an older state is refused instead of writing its rows
//! twice or leaving some out. The same number is the version of the commit's `txn` action for other programs; delta-rs
//! records that but does not enforce it.

use pulse_core::{Code, Error, Result, TableName};
use serde_json::{Map, Value, json};

use crate::Lake;
use crate::log::Log;
use crate::state::State;
use crate::write::now_ms;

/// Where a source stands in a table.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceState {
    /// The source's id.
    pub id: String,
    /// Where its next read goes on, as its connector says; null: from the start, because its rows were replaced or a
    /// version without them was restored.
    pub state: Value,
    /// For a write: the number of this read, one more than that of the state it started from; the write is refused with
    /// [`Code::Conflict`] unless it is greater than the table's. Without it, nothing is checked. When read back: the
    /// table's number, always there.
    pub sequence: Option<u64>,
}

impl Lake {
    /// Where the source `id` stands in the newest version of `table`; nothing if it never wrote there, or there is no
    /// table.
    pub fn source_state(&self, table: &TableName, id: &str) -> Result<Option<SourceState>> {
        let home = self.home(table);
        let Some(log) = Log::open(table, &home)? else { return Ok(None) };
        let latest = log.latest();
        log.check(latest)?;
        let noted = log.noted(latest)?;
        Ok(noted.get("sources").and_then(|sources| sources.get(id)).map(|entry| SourceState {
            id: id.to_owned(),
            state: entry["state"].clone(),
            sequence: Some(sequence(entry)),
        }))
    }
}

fn sequence(entry: &Value) -> u64 {
    entry["sequence"].as_u64().unwrap_or_default()
}

fn entry(state: &Value, sequence: u64) -> Value {
    json!({"state": state, "sequence": sequence})
}

/// Fails if the rows of `source` are in the table already, or it stands elsewhere than where the read began.
pub(crate) fn check(table: &TableName, state: Option<&State>, source: Option<&SourceState>) -> Result<()> {
    let Some((source, wanted)) = source.and_then(|source| Some((source, source.sequence?))) else { return Ok(()) };
    let there = state.and_then(|state| state.sources().get(&source.id).map(sequence));
    match there {
        Some(there) if wanted <= there => Err(Error::new(
            Code::Conflict,
            format!("Another refresh has written to {table} meanwhile (number {there}, this one is {wanted})."),
        )
        .hint("Nothing was written twice; refresh again to get what is new since then.")),
        _ => Ok(()),
    }
}

/// Whether the source stands where it stood.
pub(crate) fn is_same(state: Option<&State>, source: Option<&SourceState>) -> bool {
    let Some(source) = source else { return true };
    state.is_some_and(|state| state.sources().get(&source.id).is_some_and(|entry| entry["state"] == source.state))
}

/// The states after a write, and the `txn` action of the source that wrote. When all rows are `replaced`, the other
/// sources begin again: their rows are gone.
pub(crate) fn written(
    state: Option<&State>,
    source: Option<&SourceState>,
    replaced: bool,
) -> (Map<String, Value>, Option<Value>) {
    let mut sources = state.map(State::sources).unwrap_or_default();
    if replaced {
        for there in sources.values_mut() {
            *there = entry(&Value::Null, sequence(there) + 1);
        }
    }
    let action = source.map(|source| {
        let there = state.and_then(|state| state.sources().get(&source.id).map(sequence));
        let number = source.sequence.unwrap_or_else(|| there.map_or(1, |there| there + 1));
        sources.insert(source.id.clone(), entry(&source.state, number));
        json!({"txn": {"appId": source.id, "version": number, "lastUpdated": now_ms()}})
    });
    (sources, action)
}

/// The states after `target` was restored over `state`: as they were then, under new numbers, so that no writer that
/// began before goes on as if nothing had happened.
pub(crate) fn restored(state: &State, target: &State) -> Map<String, Value> {
    let then = target.sources();
    let mut sources = state.sources();
    for (id, there) in then.iter().filter(|(id, _)| !state.sources().contains_key(*id)) {
        sources.insert(id.clone(), there.clone());
    }
    for (id, there) in &mut sources {
        let before = then.get(id).map_or(Value::Null, |entry| entry["state"].clone());
        *there = entry(&before, sequence(there) + 1);
    }
    sources
}
