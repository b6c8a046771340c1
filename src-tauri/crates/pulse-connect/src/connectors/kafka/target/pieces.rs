//! Rows made into messages ahead, on a thread of their own, so that the one that hands messages over does nothing else.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use pulse_core::{Error, Result};

use super::message::{Loaded, Style};
use crate::outgoing::{Batch, Outgoing};

/// Rows that are read at once.
const BATCH: usize = 1 << 16;
/// Rows of a piece, and how many pieces wait at most.
const ROWS: usize = 1 << 12;
const WAITING: usize = 4;

/// The messages of rows that follow one another.
#[derive(Default)]
pub(super) struct Piece {
    bytes: Vec<u8>,
    /// The number of each row, and where its key and value are.
    messages: Vec<(u64, Option<Range<usize>>, Option<Range<usize>>)>,
}

impl Piece {
    /// The number, the key and the value of each row.
    pub(super) fn messages(&self) -> impl Iterator<Item = (u64, Option<&[u8]>, Option<&[u8]>)> {
        let bytes = |range: &Option<Range<usize>>| range.clone().map(|range| &self.bytes[range]);
        self.messages.iter().map(move |(number, key, value)| (*number, bytes(key), bytes(value)))
    }

    fn of(loaded: &Loaded, rows: Range<usize>, capacity: usize) -> Self {
        let mut piece = Self { bytes: Vec::with_capacity(capacity), messages: Vec::with_capacity(rows.len()) };
        for at in rows {
            let start = piece.bytes.len();
            let has_key = loaded.key(at, &mut piece.bytes);
            let middle = piece.bytes.len();
            let has_value = loaded.value(at, &mut piece.bytes);
            let end = piece.bytes.len();
            let row = (loaded.number(at), has_key.then_some(start..middle), has_value.then_some(middle..end));
            piece.messages.push(row);
        }
        piece
    }
}

/// The rows to do as messages, in order. The thread ends with the receiver.
pub(super) fn ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    outgoing: Outgoing,
    style: &'scope Style,
) -> Receiver<Result<Piece>> {
    let (send, receive) = sync_channel(WAITING);
    let failed = send.clone();
    let work = move || {
        let mut capacity = 0;
        for batch in outgoing.batches(BATCH) {
            // Nobody listens any more once the receiver is gone.
            if pour(batch, style, &mut capacity, &mut |piece| send.send(piece).is_ok()).is_none() {
                break;
            }
        }
    };
    if let Err(cause) = std::thread::Builder::new().name("messages".into()).spawn_scoped(scope, work) {
        // There is room for it, as nothing was sent yet.
        let _ = failed.try_send(Err(Error::internal("start making messages", cause)));
    }
    receive
}

/// Hands the pieces of a batch on; nothing once that fails.
fn pour(
    batch: Result<Batch>,
    style: &Style,
    capacity: &mut usize,
    send: &mut impl FnMut(Result<Piece>) -> bool,
) -> Option<()> {
    let loaded = match batch.and_then(|batch| Loaded::new(batch, style)) {
        Ok(loaded) => loaded,
        Err(error) => {
            send(Err(error));
            return None;
        }
    };
    for start in (0..loaded.batch.len()).step_by(ROWS) {
        let piece = Piece::of(&loaded, start..loaded.batch.len().min(start + ROWS), *capacity);
        *capacity = piece.bytes.len() + piece.bytes.len() / 8;
        if !send(Ok(piece)) {
            return None;
        }
    }
    Some(())
}
