//! The lines of bulk requests.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use polars::prelude::{Column, DataType, Float64Chunked};
use pulse_core::{Error, Result};

use super::fields::Places;
use super::ids::Ids;
use crate::outgoing::{Batch, JsonRows};

/// How documents are written.
#[derive(Debug)]
pub(super) struct Style {
    /// What names them.
    pub ids: Ids,
    /// The version that they get, unless they are only ever created.
    pub version: Option<u64>,
    /// What they hold besides the columns.
    pub places: Places,
}

/// Rows in memory, ready to become lines; senders share them.
pub(super) struct Loaded {
    pub batch: Batch,
    rows: JsonRows,
    key: Vec<usize>,
    /// Latitudes and longitudes, where documents get a place on a map.
    place: Option<(Float64Chunked, Float64Chunked)>,
    /// The column that is repeated as `@timestamp`.
    time: Option<usize>,
}

impl Loaded {
    /// Prepares `batch`.
    pub(super) fn new(batch: Batch, style: &Style) -> Result<Self> {
        let rows = JsonRows::new(&batch.frame)?;
        let names: Vec<&str> = batch.frame.columns().iter().map(|column| column.name().as_str()).collect();
        let key = style.ids.places(&names);
        let (mut place, mut time) = (None, None);
        if !batch.delete {
            if let Some(geo) = &style.places.geo {
                place = Some((numbers(&batch, &geo.latitude)?, numbers(&batch, &geo.longitude)?));
            }
            time = style.places.time.as_ref().and_then(|name| names.iter().position(|column| *column == name.as_str()));
        }
        Ok(Self { rows, key, place, time, batch })
    }

    /// The lines of the rows at `range`, as many as fit into about `bytes`, at least one. They are written to `out`, which
    /// is empty: memory that was used before is cheaper than new one.
    pub(super) fn lines(&self, range: Range<usize>, bytes: usize, style: &Style, mut out: Vec<u8>) -> Lines {
        out.reserve(bytes + bytes / 8);
        let mut items = Vec::new();
        for at in range {
            let start = out.len();
            self.action(at, style, &mut out);
            let document = out.len();
            if !self.batch.delete {
                self.document(at, style, &mut out);
                out.push(b'\n');
            }
            items.push(Item { start, document, end: out.len() });
            if out.len() >= bytes {
                break;
            }
        }
        Lines { bytes: out.into(), items }
    }

    /// The id of the row `at`.
    pub(super) fn id(&self, at: usize, style: &Style) -> String {
        style.ids.text(&self.rows, &self.key, at, self.batch.number(at))
    }

    fn action(&self, at: usize, style: &Style, out: &mut Vec<u8>) {
        out.extend_from_slice(match (self.batch.delete, style.version) {
            (true, _) => b"{\"delete\":{\"_id\":",
            (false, Some(_)) => b"{\"index\":{\"_id\":",
            (false, None) => b"{\"create\":{\"_id\":",
        });
        let number = if matches!(style.ids, Ids::Number(_)) { self.batch.number(at) } else { 0 };
        style.ids.write(&self.rows, &self.key, at, number, out);
        close(style.version, out);
    }

    /// Appends the document of the row `at`.
    pub(super) fn document(&self, at: usize, style: &Style, out: &mut Vec<u8>) {
        self.rows.write(at, out);
        if let Some(time) = self.time {
            out.pop();
            out.extend_from_slice(b",\"@timestamp\":");
            self.rows.write_value(time, at, out);
            out.push(b'}');
        }
        let (Some((latitudes, longitudes)), Some(geo)) = (&self.place, &style.places.geo) else { return };
        if let (Some(lat), Some(lon)) = (latitudes.get(at), longitudes.get(at)) {
            out.pop();
            out.push(b',');
            json(&geo.field, out);
            out.extend_from_slice(b":{\"lat\":");
            json(&lat, out);
            out.extend_from_slice(b",\"lon\":");
            json(&lon, out);
            out.extend_from_slice(b"}}");
        }
    }
}

/// Appends the rest of an action behind its id.
fn close(version: Option<u64>, out: &mut Vec<u8>) {
    if let Some(version) = version {
        out.extend_from_slice(b",\"version\":");
        json(&version, out);
        out.extend_from_slice(b",\"version_type\":\"external\"");
    }
    out.extend_from_slice(b"}}\n");
}

fn json(value: &impl serde::Serialize, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

fn numbers(batch: &Batch, name: &str) -> Result<Float64Chunked> {
    let failed = |cause| Error::internal("read latitudes and longitudes", cause);
    let column: Column = batch.frame.column(name).and_then(|column| column.cast(&DataType::Float64)).map_err(failed)?;
    column.f64().cloned().map_err(failed)
}

/// The lines of some documents.
pub(super) struct Lines {
    bytes: Bytes,
    items: Vec<Item>,
}

/// Where the lines of one document are.
#[derive(Clone, Copy)]
struct Item {
    start: usize,
    /// Where the second line begins.
    document: usize,
    end: usize,
}

impl Lines {
    /// The lines that delete documents, by their ids as JSON strings.
    pub(super) fn deleting(ids: &[Vec<u8>], version: u64) -> Self {
        let mut out = Vec::new();
        let mut items = Vec::new();
        for id in ids {
            let start = out.len();
            out.extend_from_slice(b"{\"delete\":{\"_id\":");
            out.extend_from_slice(id);
            close(Some(version), &mut out);
            items.push(Item { start, document: out.len(), end: out.len() });
        }
        Self { bytes: out.into(), items }
    }

    /// The memory of the lines, empty, unless a request still holds it.
    pub(super) fn spare(self) -> Vec<u8> {
        let Ok(mut bytes) = self.bytes.try_into_mut() else { return Vec::new() };
        bytes.clear();
        bytes.into()
    }

    /// How many documents these are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// The body of a request for the documents at `which`, in order.
    pub(super) fn body(&self, which: &[usize]) -> Bytes {
        if which.len() == self.items.len() {
            return self.bytes.clone();
        }
        let mut out = Vec::new();
        for at in which {
            out.extend_from_slice(&self.bytes[self.items[*at].start..self.items[*at].end]);
        }
        out.into()
    }

    /// The document at `at`, as it is sent.
    pub(super) fn document(&self, at: usize) -> String {
        let Item { document, end, .. } = self.items[at];
        String::from_utf8_lossy(&self.bytes[document..end]).trim_end().to_owned()
    }
}

/// Gives out rows to the senders.
pub(super) struct Feed<'a> {
    batches: Box<dyn Iterator<Item = Result<Batch>> + Send + 'a>,
    style: &'a Style,
    /// The rows that are given out now, and where it goes on in them.
    current: Option<(Arc<Loaded>, usize)>,
}

impl<'a> Feed<'a> {
    /// Gives out the rows of `batches`.
    pub(super) fn new(batches: impl Iterator<Item = Result<Batch>> + Send + 'a, style: &'a Style) -> Self {
        Self { batches: Box::new(batches), style, current: None }
    }

    /// About `rows` more rows; nothing when all were given out.
    pub(super) fn take(&mut self, rows: usize) -> Option<Result<(Arc<Loaded>, Range<usize>)>> {
        loop {
            if let Some((loaded, at)) = &mut self.current {
                let (start, end) = (*at, (*at + rows.max(1)).min(loaded.batch.len()));
                if start < end {
                    *at = end;
                    return Some(Ok((Arc::clone(loaded), start..end)));
                }
            }
            match self.batches.next()?.and_then(|batch| Loaded::new(batch, self.style)) {
                Ok(loaded) => self.current = Some((Arc::new(loaded), 0)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
