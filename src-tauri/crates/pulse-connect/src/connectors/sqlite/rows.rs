//! Rows on their way from the database to Parquet: spooled as they come, and written once it is known what they hold.
//!
//! A query runs once, so that rows cannot differ between the look at them and the write, and the database is free again
//! as soon as its rows are here.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;
use pulse_core::{Error, LedgerEntry, LedgerKind, Progress, Result};
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::relation::Column as Declared;
use super::values::{Evidence, Shape, text_of};
use crate::connector::Task;
use crate::frame::cast_texts;
use crate::ledger::escape;
use crate::model::ColumnPlan;

/// Rows and bytes in memory, at most about so many.
const BATCH: (usize, usize) = (50_000, 64 << 20);

/// Rows in a file of the scratch folder: for each value its class, then its bytes, with their count in front if that
/// varies.
pub(super) struct Spool {
    path: PathBuf,
    out: BufWriter<File>,
    seen: Vec<Evidence>,
    rows: u64,
}

impl Spool {
    /// Starts the file for rows with these columns.
    pub(super) fn create(scratch: &Path, columns: &[Declared]) -> Result<Self> {
        let path = scratch.join("sqlite-rows");
        let file = File::create(&path).map_err(|cause| Error::io("create", &path, &cause))?;
        let seen = columns.iter().map(|column| Evidence::new(&column.declared)).collect();
        Ok(Self { path, out: BufWriter::with_capacity(1 << 20, file), seen, rows: 0 })
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: &Row<'_>, progress: &Progress) -> Result<()> {
        self.rows += 1;
        if self.rows.is_multiple_of(1024) {
            progress.check()?;
        }
        progress.add_rows(1);
        for (at, seen) in self.seen.iter_mut().enumerate() {
            let value = row.get_ref(at).map_err(|cause| Error::internal("read a value", cause))?;
            seen.add(value, self.rows);
            let written = match value {
                ValueRef::Null => self.out.write_all(b"n"),
                ValueRef::Integer(number) => tagged(&mut self.out, b'i', &number.to_le_bytes()),
                ValueRef::Real(number) => tagged(&mut self.out, b'r', &number.to_le_bytes()),
                ValueRef::Text(text) => sized(&mut self.out, b't', text),
                ValueRef::Blob(bytes) => sized(&mut self.out, b'b', bytes),
            };
            written.map_err(|cause| Error::io("write", &self.path, &cause))?;
        }
        Ok(())
    }
}

fn tagged(out: &mut impl Write, class: u8, bytes: &[u8]) -> std::io::Result<()> {
    out.write_all(&[class])?;
    out.write_all(bytes)
}

fn sized(out: &mut impl Write, class: u8, bytes: &[u8]) -> std::io::Result<()> {
    tagged(out, class, &(bytes.len() as u64).to_le_bytes())?;
    out.write_all(bytes)
}

/// Rows as Parquet.
pub(super) struct Written {
    /// The files; none without rows.
    pub files: Vec<PathBuf>,
    /// The columns with their types and why.
    pub columns: Vec<ColumnPlan>,
    /// The columns in Polars' types.
    pub schema: Schema,
    /// How many rows there are.
    pub rows: u64,
    /// Texts that are not UTF-8.
    pub ledger: Vec<LedgerEntry>,
    /// A sentence about them.
    pub warning: Option<String>,
}

/// Writes spooled rows as one Parquet file, each column in the type that all its values prove.
pub(super) fn write(spool: Spool, columns: &[Declared], task: &Task<'_>, origin: &str) -> Result<Written> {
    let Spool { path, mut out, seen, rows } = spool;
    out.flush().map_err(|cause| Error::io("write", &path, &cause))?;
    let (mut shapes, mut plans) = (Vec::new(), Vec::new());
    for (column, seen) in columns.iter().zip(&seen) {
        let (shape, why) = seen.verdict();
        let type_word = shape.word().to_owned();
        plans.push(ColumnPlan { name: column.name.clone(), type_word, why, overridden: false });
        shapes.push(shape);
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let fields = names.iter().zip(&shapes).map(|(name, shape)| Field::new((*name).into(), shape.dtype()));
    let schema: Schema = fields.collect();
    let (mut files, mut ledger) = (Vec::new(), Vec::new());
    if rows > 0 {
        let to = task.scratch.join("sqlite-rows.parquet");
        let reader = Reader { input: open(&path)?, path: &path, buffer: Vec::new() };
        Typing { names: &names, shapes: &shapes, origin, ledger: &mut ledger }.all(
            reader,
            rows,
            &schema,
            &to,
            task.progress,
        )?;
        files.push(to);
    }
    std::fs::remove_file(&path).map_err(|cause| Error::io("remove", &path, &cause))?;
    let warning = (!ledger.is_empty())
        .then(|| format!("{} texts are not UTF-8; they are in the ledger and missing in the rows.", ledger.len()));
    Ok(Written { files, columns: plans, schema, rows, ledger, warning })
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).map_err(|cause| Error::io("read", path, &cause))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

/// Reads spooled values back.
struct Reader<'a> {
    input: BufReader<File>,
    path: &'a Path,
    buffer: Vec<u8>,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<ValueRef<'_>> {
        let class = self.fixed::<1>()?[0];
        Ok(match class {
            b'i' => ValueRef::Integer(i64::from_le_bytes(self.fixed()?)),
            b'r' => ValueRef::Real(f64::from_le_bytes(self.fixed()?)),
            b't' => ValueRef::Text(self.bytes()?),
            b'b' => ValueRef::Blob(self.bytes()?),
            _ => ValueRef::Null,
        })
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|cause| Error::io("read", self.path, &cause))?;
        Ok(bytes)
    }

    fn bytes(&mut self) -> Result<&[u8]> {
        let size = usize::try_from(u64::from_le_bytes(self.fixed()?)).unwrap_or(usize::MAX);
        self.buffer.resize(size, 0);
        self.input.read_exact(&mut self.buffer).map_err(|cause| Error::io("read", self.path, &cause))?;
        Ok(&self.buffer)
    }
}

/// The values of one column of a batch.
enum Cells {
    Integers(PrimitiveChunkedBuilder<Int64Type>),
    Numbers(PrimitiveChunkedBuilder<Float64Type>),
    Bits(BooleanChunkedBuilder),
    Bytes(BinaryChunkedBuilder),
    Texts(StringChunkedBuilder),
}

impl Cells {
    fn new(name: &str, shape: &Shape) -> Self {
        let name = PlSmallStr::from(name);
        match shape {
            Shape::Integer => Self::Integers(PrimitiveChunkedBuilder::new(name, 0)),
            Shape::Number => Self::Numbers(PrimitiveChunkedBuilder::new(name, 0)),
            Shape::Bits => Self::Bits(BooleanChunkedBuilder::new(name, 0)),
            Shape::Bytes => Self::Bytes(BinaryChunkedBuilder::new(name, 0)),
            Shape::Texts(_) => Self::Texts(StringChunkedBuilder::new(name, 0)),
        }
    }

    fn finish(self) -> Column {
        match self {
            Self::Integers(cells) => cells.finish().into_column(),
            Self::Numbers(cells) => cells.finish().into_column(),
            Self::Bits(cells) => cells.finish().into_column(),
            Self::Bytes(cells) => cells.finish().into_column(),
            Self::Texts(cells) => cells.finish().into_column(),
        }
    }
}

/// What typing rows needs.
struct Typing<'a> {
    names: &'a [&'a str],
    shapes: &'a [Shape],
    origin: &'a str,
    ledger: &'a mut Vec<LedgerEntry>,
}

impl Typing<'_> {
    /// Writes all rows, a batch at a time.
    fn all(mut self, mut reader: Reader<'_>, rows: u64, schema: &Schema, to: &Path, progress: &Progress) -> Result<()> {
        let failed = |cause: PolarsError| Error::internal(&format!("write {}", to.display()), cause);
        progress.stage("Typing the rows", rows, 0);
        let file = File::create(to).map_err(|cause| Error::io("create", to, &cause))?;
        let compression = ParquetCompression::Zstd(ZstdLevel::try_new(1).ok());
        let mut out = ParquetWriter::new(file).with_compression(compression).batched(schema).map_err(failed)?;
        let mut row = 0;
        while row < rows {
            let first = row;
            let frame = self.batch(&mut reader, &mut row, rows, progress)?;
            out.write_batch(&frame).map_err(failed)?;
            progress.add_rows(row - first);
        }
        out.finish().map(drop).map_err(failed)
    }

    /// The next rows from number `row` on, which it counts further.
    fn batch(&mut self, reader: &mut Reader<'_>, row: &mut u64, rows: u64, progress: &Progress) -> Result<DataFrame> {
        let mut cells: Vec<Cells> =
            self.names.iter().zip(self.shapes).map(|(name, shape)| Cells::new(name, shape)).collect();
        let (mut height, mut bytes) = (0, 0);
        while *row < rows && height < BATCH.0 && bytes < BATCH.1 {
            if height.is_multiple_of(1024) {
                progress.check()?;
            }
            for (at, cells) in cells.iter_mut().enumerate() {
                let value = reader.next()?;
                bytes += value.as_bytes().map_or(8, <[u8]>::len);
                self.cell(cells, at, value, *row);
            }
            height += 1;
            *row += 1;
        }
        let frame = DataFrame::new(height, cells.into_iter().map(Cells::finish).collect());
        let typed = frame.and_then(|frame| {
            let texts = self.names.iter().zip(self.shapes).filter_map(|(name, shape)| match shape {
                Shape::Texts(verdict) => Some(cast_texts(col(*name), verdict)),
                _ => None,
            });
            frame.lazy().with_columns(texts.collect::<Vec<_>>()).collect()
        });
        typed.map_err(|cause| Error::internal("type the rows", cause))
    }

    /// Adds one value; the shape of its column was proven by all its values.
    fn cell(&mut self, cells: &mut Cells, at: usize, value: ValueRef<'_>, row: u64) {
        match (cells, value) {
            (Cells::Integers(cells), value) => cells.append_option(value.as_i64().ok()),
            (Cells::Numbers(cells), ValueRef::Integer(number)) => cells.append_value(number as f64),
            (Cells::Numbers(cells), value) => cells.append_option(value.as_f64().ok()),
            (Cells::Bits(cells), value) => cells.append_option(value.as_i64().ok().map(|bit| bit != 0)),
            (Cells::Bytes(cells), value) => cells.append_option(value.as_blob().ok()),
            (Cells::Texts(cells), value) => {
                let scale = match &self.shapes[at] {
                    Shape::Texts(verdict) if verdict.digits.0 > 0 => Some(verdict.digits.1),
                    _ => None,
                };
                match text_of(value, scale) {
                    None => cells.append_null(),
                    Some(Ok(text)) => cells.append_value(text),
                    Some(Err(bytes)) => {
                        cells.append_null();
                        self.ledger.push(self.misfit(at, &bytes, row));
                    }
                }
            }
        }
    }

    fn misfit(&self, at: usize, bytes: &[u8], row: u64) -> LedgerEntry {
        LedgerEntry {
            kind: LedgerKind::Value,
            source: self.origin.to_owned(),
            line: None,
            row: Some(row),
            column: Some(self.names[at].to_owned()),
            value: Some(escape(bytes, false)),
            step: None,
            reason: "The text is not UTF-8, as the database says that its texts are.".to_owned(),
        }
    }
}
