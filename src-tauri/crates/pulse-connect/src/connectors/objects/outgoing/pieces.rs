//! The files of a run: rows gathered, split by partition, written by Polars, put, and remembered so that another attempt
//! does not put them again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;
use pulse_core::{Error, Progress, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fields::Field;
use super::shelf::Shelf;
use super::target::{Format, Target};
use super::{marker, stats, values};
use crate::destination::Journal;
use crate::outgoing::{Outgoing, Ranges};

/// Rows that are read at once.
const BATCH: usize = 50_000;
/// Rows of a group within a Parquet file.
const GROUP: usize = 250_000;

/// A file that lies at the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Piece {
    /// Its path below the target's folder.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
    /// The values of the partition columns, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition: Vec<Option<String>>,
    /// Statistics for the Delta log; empty for a dataset.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stats: String,
}

/// What a run has put already.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// The first row that is in no file.
    next: u64,
    /// The number of the next chunk.
    chunk: usize,
    pieces: Vec<Piece>,
    /// What the columns are in these files.
    shape: String,
}

/// A run's work on its files.
struct Work<'a> {
    shelf: &'a Shelf<'a>,
    target: &'a Target,
    fields: &'a [Field],
    outgoing: &'a Outgoing,
    progress: &'a Progress,
    position: Position,
}

/// Puts the files of all rows; those that an earlier attempt put are kept.
pub(super) fn put_all(
    shelf: &Shelf<'_>,
    target: &Target,
    fields: &[Field],
    outgoing: &Outgoing,
    journal: &dyn Journal,
    progress: &Progress,
) -> Result<Vec<Piece>> {
    let count = outgoing.rows.count();
    let position = known(shelf, fields, outgoing, progress)?;
    progress.stage("Putting files", count, 0);
    progress.add_rows(position.next);
    fs::create_dir_all(&outgoing.folder).map_err(|cause| Error::io("make the folder", &outgoing.folder, &cause))?;
    let todo = Ranges::of(std::iter::once(position.next..count));
    let mut work = Work { shelf, target, fields, outgoing, progress, position };
    let (mut gathered, mut bytes) = (Vec::new(), 0);
    for batch in outgoing.rows.batches(&todo, 0, BATCH, false) {
        progress.check()?;
        let frame = values::typed(&batch?.frame, fields)?;
        bytes += frame.estimated_size();
        gathered.push(frame);
        if bytes >= target.file_bytes() {
            work.chunk(std::mem::take(&mut gathered), journal)?;
            bytes = 0;
        }
    }
    if !gathered.is_empty() {
        work.chunk(gathered, journal)?;
    } else if count == 0 && target.format != Format::Delta && work.position.pieces.is_empty() {
        // A dataset without rows still has columns.
        let empty = outgoing.rows.frame().collect().map_err(|cause| Error::internal("read the columns", cause))?;
        work.chunk(vec![values::typed(&empty, fields)?], journal)?;
    }
    Ok(work.position.pieces)
}

/// What the last attempt put, if all of that is still there.
fn known(shelf: &Shelf<'_>, fields: &[Field], outgoing: &Outgoing, progress: &Progress) -> Result<Position> {
    let shape = fields.iter().map(|f| format!("{} {} {}", f.name, f.dtype, f.partition)).collect::<Vec<_>>().join("\n");
    let fresh = Position { shape: shape.clone(), ..Position::default() };
    let Some(position) = &outgoing.position else { return Ok(fresh) };
    let position = Position::deserialize(position)
        .map_err(|cause| Error::internal("understand where the last attempt ended", cause))?;
    if position.shape != shape {
        return Ok(fresh);
    }
    for piece in &position.pieces {
        if shelf.size(&piece.path, progress)? != Some(piece.bytes) {
            return Ok(fresh);
        }
    }
    Ok(position)
}

impl Work<'_> {
    /// Puts the files of some rows and notes them.
    fn chunk(&mut self, frames: Vec<DataFrame>, journal: &dyn Journal) -> Result<()> {
        let failed = |cause: PolarsError| Error::internal("gather rows for a file", cause);
        let mut frames = frames.into_iter();
        let mut frame = frames.next().unwrap_or_default();
        for more in frames {
            frame.vstack_mut_owned(more).map_err(failed)?;
        }
        let rows = frame.height() as u64;
        for (index, (values, part)) in self.split(frame)?.into_iter().enumerate() {
            self.progress.check()?;
            let piece = self.put(index, values, part)?;
            self.position.pieces.push(piece);
        }
        self.position.next += rows;
        self.position.chunk += 1;
        self.progress.add_rows(rows);
        let position =
            serde_json::to_value(&self.position).map_err(|cause| Error::internal("note what was put", cause))?;
        journal.note(&[], Some(&position))
    }

    /// The rows of each partition, without the columns that its values are of.
    fn split(&self, frame: DataFrame) -> Result<Vec<(Vec<Option<String>>, DataFrame)>> {
        let names = self.target.partition_by.as_slice();
        if names.is_empty() {
            return Ok(vec![(Vec::new(), frame)]);
        }
        let failed = |cause: PolarsError| Error::internal("split rows by partition", cause);
        let mut columns = Vec::new();
        for name in names {
            columns.push(values::texts(frame.column(name).map_err(failed)?)?);
        }
        let mut rows: BTreeMap<Vec<Option<&str>>, Vec<IdxSize>> = BTreeMap::new();
        for at in 0..frame.height() {
            let values = columns.iter().map(|column| column.get(at).filter(|text| !text.is_empty())).collect();
            rows.entry(values).or_default().push(at as IdxSize);
        }
        let rest = frame.drop_many(names.iter().map(String::as_str));
        let part = |(values, rows): (Vec<Option<&str>>, Vec<IdxSize>)| {
            let frame = rest.take(&IdxCa::from_vec("rows".into(), rows)).map_err(failed)?;
            Ok((values.into_iter().map(|value| value.map(str::to_owned)).collect(), frame))
        };
        rows.into_iter().map(part).collect()
    }

    /// Writes and puts one file.
    fn put(&self, index: usize, values: Vec<Option<String>>, mut frame: DataFrame) -> Result<Piece> {
        let Self { shelf, target, fields, outgoing, progress, position } = self;
        let name = format!("{}-{:05}-{index:04}", marker::stem(outgoing), position.chunk);
        let by: Vec<&Field> =
            target.partition_by.iter().filter_map(|name| fields.iter().find(|f| f.name == *name)).collect();
        // The log of a Delta table says where a file belongs; a dataset's folders do.
        let folder = if target.format == Format::Delta { String::new() } else { values::folder(&by, &values) };
        let path = format!("{folder}{name}.{}", values::ending(target.format));
        let local = outgoing.folder.join("sending");
        let rows = frame.height() as u64;
        let stats = if target.format == Format::Delta { stats::of(&frame) } else { String::new() };
        write(&mut frame, target.format, &local)?;
        let (bytes, sha256) = hashed(&local)?;
        shelf.upload(&path, &local, progress)?;
        fs::remove_file(&local).map_err(|cause| Error::io("remove", &local, &cause))?;
        let in_log = |(field, value): (&&Field, Option<String>)| value.map(|v| values::in_log(&v, &field.dtype));
        let partition = by.iter().zip(values).map(in_log).collect();
        Ok(Piece { path, rows, bytes, sha256, partition, stats })
    }
}

fn write(frame: &mut DataFrame, format: Format, to: &Path) -> Result<()> {
    let file = File::create(to).map_err(|cause| Error::io("write", to, &cause))?;
    let written = if format == Format::Csv {
        let mut texts = values::as_csv(frame)?;
        CsvWriter::new(file).with_line_terminator("\r\n".into()).finish(&mut texts)
    } else {
        let compression = ParquetCompression::Zstd(ZstdLevel::try_new(3).ok());
        let writer = ParquetWriter::new(file).with_compression(compression).with_row_group_size(Some(GROUP));
        writer.finish(frame).map(|_| ())
    };
    written.map_err(|cause| match cause {
        PolarsError::IO { error, .. } => Error::io("write", to, &error),
        cause => Error::internal("write a file of rows", cause),
    })
}

/// The size and the SHA-256 of a file.
fn hashed(path: &Path) -> Result<(u64, String)> {
    let failed = |cause: std::io::Error| Error::io("read back", path, &cause);
    let mut file = File::open(path).map_err(failed)?;
    let (mut hash, mut bytes, mut block) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let count = file.read(&mut block).map_err(failed)?;
        if count == 0 {
            return Ok((bytes, hex(&hash.finalize())));
        }
        hash.update(&block[..count]);
        bytes += count as u64;
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
