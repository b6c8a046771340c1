//! Frames kept in memory for the grid: previews by id, samples of tables, and pieces of tables already decoded.

use std::collections::VecDeque;
use std::sync::Mutex;

use polars::prelude::DataFrame;
use pulse_core::{Error, Result};

use crate::guard;

/// Frames of previews; older ones are dropped, the window asks for a new preview then.
const PREVIEWS: usize = 8;
/// Samples of tables that recipes are previewed on.
const SAMPLES: usize = 4;
/// Memory for decoded pieces of tables, in bytes.
const PIECES_BYTES: usize = 192 << 20;

/// The frames of one engine.
#[derive(Default)]
pub(crate) struct Frames {
    previews: Mutex<VecDeque<(String, DataFrame)>>,
    samples: Mutex<VecDeque<(String, DataFrame)>>,
    pieces: Mutex<VecDeque<(Piece, DataFrame)>>,
}

/// A piece of a table, ledger or result: what it is of, and its number.
pub(crate) type Piece = (String, u64);

/// What frames of a snapshot are kept under. The time is part of it because a table that was removed and made again
/// has the same versions anew.
pub(crate) fn identity(snapshot: &pulse_lake::Snapshot) -> String {
    format!("{}@{} of {}", snapshot.table, snapshot.version, snapshot.created_at_ms)
}

impl Frames {
    /// Keeps the frame of a preview and returns its id.
    pub fn keep_preview(&self, frame: DataFrame) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        push(&mut guard(&self.previews), (id.clone(), frame), PREVIEWS);
        id
    }

    /// The frame of a preview.
    pub fn preview(&self, id: &str) -> Result<DataFrame> {
        let found = guard(&self.previews).iter().find(|(known, _)| known == id).map(|(_, frame)| frame.clone());
        found.ok_or_else(|| Error::not_found("This preview is no longer kept.").hint("Preview again."))
    }

    /// The sample of `key`, made by `make` at the first call.
    pub fn sample(&self, key: String, make: impl FnOnce() -> Result<DataFrame>) -> Result<DataFrame> {
        let known = guard(&self.samples).iter().find(|(known, _)| *known == key).map(|(_, frame)| frame.clone());
        if let Some(frame) = known {
            return Ok(frame);
        }
        let frame = make()?;
        push(&mut guard(&self.samples), (key, frame.clone()), SAMPLES);
        Ok(frame)
    }

    /// Drops the pieces of `what`, which has other rows now.
    pub fn forget(&self, what: &str) {
        guard(&self.pieces).retain(|((known, _), _)| known != what);
    }

    /// The piece `key`, made by `make` unless it is still there; the least recently used ones make room.
    pub fn piece(&self, key: Piece, make: impl FnOnce() -> Result<DataFrame>) -> Result<DataFrame> {
        let mut pieces = guard(&self.pieces);
        let at = pieces.iter().position(|(known, _)| *known == key);
        if let Some(found) = at.and_then(|at| pieces.remove(at)) {
            pieces.push_back(found.clone());
            return Ok(found.1);
        }
        drop(pieces);
        let frame = make()?;
        let mut pieces = guard(&self.pieces);
        pieces.push_back((key, frame.clone()));
        let mut bytes: usize = pieces.iter().map(|(_, frame)| frame.estimated_size()).sum();
        while bytes > PIECES_BYTES && pieces.len() > 1 {
            bytes -= pieces.pop_front().map_or(0, |(_, frame)| frame.estimated_size());
        }
        Ok(frame)
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    queue.push_back(item);
    while queue.len() > most {
        queue.pop_front();
    }
}
