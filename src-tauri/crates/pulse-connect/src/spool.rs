//! A text made into typed rows without ever lying as a text on the disk: it is gone through once to learn what its
//! columns hold and once more to write the rows as the Parquet files that the lake takes over as they are.
//!
//! One thread makes pieces of whole records, one parses them with the types that all of the text has proven, one writes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use polars::io::parquet::write::BatchedWriter;
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;
use pulse_core::{Error, Progress, Result};

use crate::formats::{Delimited, last_record_end};
use crate::frame::scan_piece;
use crate::text::{Text, skip};
use crate::typing::Verdict;

/// Bytes of text that are parsed at a time; a few times as much lies in memory. Tests cut nearly everything.
pub(crate) const PIECE: usize = if cfg!(test) { 8 << 10 } else { 32 << 20 };
/// Rows and bytes in memory that fill a row group, and bytes in memory that fill a file: as the lake's own, so that
/// what is taken over reads as what it writes.
const GROUP_ROWS: usize = if cfg!(test) { 1_000 } else { 262_144 };
const GROUP_BYTES: usize = 128 << 20;
const FILE_BYTES: usize = if cfg!(test) { 64 << 10 } else { 512 << 20 };

/// Takes a piece of text; says whether more is wanted.
pub(crate) type Give<'a> = dyn FnMut(Vec<u8>) -> bool + 'a;

/// A text of well-formed records that is made anew, piece by piece, whenever it is gone through.
pub(crate) struct Streamed {
    /// The pieces' form; the path is only shown.
    pub form: Delimited,
    /// Goes through the text; every piece ends with a record.
    pub pieces: Box<dyn Fn(&mut Give<'_>, &Progress) -> Result<()> + Send + Sync>,
}

impl Streamed {
    /// The well-formed records that begin at byte `start` of a text.
    pub(crate) fn cut(text: Text, start: u64, form: Delimited) -> Self {
        let quote = form.quote;
        let pieces = move |give: &mut Give<'_>, progress: &Progress| {
            text.read(progress, |text, failed| {
                skip(text, start).map_err(failed)?;
                let mut piece = Vec::new();
                loop {
                    let count = text.take(PIECE as u64).read_to_end(&mut piece).map_err(failed)?;
                    let end = if count == 0 { piece.len() } else { last_record_end(&piece, quote) };
                    let rest = piece.split_off(end);
                    if (!piece.is_empty() && !give(piece)) || count == 0 {
                        return Ok(());
                    }
                    piece = rest;
                }
            })
        };
        Self { form, pieces: Box::new(pieces) }
    }
}

/// Writes the rows of a text, its columns read as `columns` and then shaped, to Parquet files whose names begin with
/// `to`; gives the files in the order of the rows, and the shaped columns.
pub(crate) fn spool(
    body: &Streamed,
    columns: &[(&str, &Verdict)],
    shape: &dyn Fn(LazyFrame) -> LazyFrame,
    to: &Path,
    progress: &Progress,
) -> Result<(Vec<PathBuf>, Schema)> {
    let failed = |cause: PolarsError| Error::internal(&format!("write {}", to.display()), cause);
    let read: Schema = columns.iter().map(|(name, verdict)| Field::new((*name).into(), verdict.dtype())).collect();
    let shaped = shape(DataFrame::empty_with_schema(&read).lazy()).collect_schema().map_err(failed)?;
    let stopped = || Error::internal("read the file's pieces", "a worker stopped");
    let files = thread::scope(|scope| {
        let (give, pieces) = sync_channel::<Vec<u8>>(1);
        let (add, rows) = sync_channel::<DataFrame>(1);
        // Whoever takes is gone only if that failed, which is what is told then.
        let cutting = scope.spawn(move || (body.pieces)(&mut |piece| give.send(piece).is_ok(), progress));
        let writing = scope.spawn(|| Files::new(to, &shaped).write(rows));
        let parse = |piece: Vec<u8>| {
            progress.check()?;
            progress.add_bytes(piece.len() as u64);
            let rows = shape(scan_piece(piece, &body.form, columns)?).collect().map_err(failed)?;
            progress.add_rows(rows.height() as u64);
            Ok(add.send(rows).is_ok())
        };
        let mut parsed = Ok(true);
        for piece in pieces {
            parsed = parse(piece);
            if !matches!(parsed, Ok(true)) {
                break;
            }
        }
        drop(add);
        let cut = cutting.join().map_err(|_| stopped())?;
        let written = writing.join().map_err(|_| stopped())?;
        parsed.and(cut).and(written)
    })?;
    Ok((files, (*shaped).clone()))
}

/// The rows of Parquet `files` that hold the columns `schema`.
pub(crate) fn scan_files(files: &[PathBuf], schema: &Schema) -> Result<LazyFrame> {
    if files.is_empty() {
        return Ok(DataFrame::empty_with_schema(schema).lazy());
    }
    let failed = |cause: PolarsError| Error::internal("read the typed rows", cause);
    let paths = files.iter().map(|file| PlRefPath::try_from_path(file)).collect::<PolarsResult<Vec<_>>>();
    let args = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
    LazyFrame::scan_parquet_files(paths.map_err(failed)?.into(), args).map_err(failed)
}

/// Files of rows as they grow.
struct Files<'a> {
    to: &'a Path,
    schema: &'a Schema,
    paths: Vec<PathBuf>,
    /// The file that is open, and the bytes it took in memory so far.
    open: Option<(BatchedWriter<File>, usize)>,
    /// Rows that do not fill a group yet.
    waiting: DataFrame,
}

impl<'a> Files<'a> {
    fn new(to: &'a Path, schema: &'a Schema) -> Self {
        Self { to, schema, paths: Vec::new(), open: None, waiting: DataFrame::empty_with_schema(schema) }
    }

    fn write(mut self, rows: Receiver<DataFrame>) -> Result<Vec<PathBuf>> {
        for piece in rows {
            self.add(&piece)?;
        }
        let last = std::mem::take(&mut self.waiting);
        self.group(last)?;
        self.close()?;
        Ok(self.paths)
    }

    fn failed(&self) -> impl Fn(PolarsError) -> Error + use<> {
        let to = self.to.to_owned();
        move |cause| match cause {
            PolarsError::IO { error, .. } => Error::io("write", &to, &error),
            cause => Error::internal(&format!("write {}", to.display()), cause),
        }
    }

    fn add(&mut self, piece: &DataFrame) -> Result<()> {
        let failed = self.failed();
        self.waiting.vstack_mut(piece).map_err(failed)?;
        while self.waiting.height() >= GROUP_ROWS {
            let rest = self.waiting.slice(GROUP_ROWS as i64, usize::MAX);
            let full = std::mem::replace(&mut self.waiting, rest).slice(0, GROUP_ROWS);
            self.group(full)?;
        }
        if self.waiting.estimated_size() >= GROUP_BYTES {
            let full = std::mem::replace(&mut self.waiting, DataFrame::empty_with_schema(self.schema));
            self.group(full)?;
        }
        Ok(())
    }

    /// Writes one row group.
    fn group(&mut self, mut rows: DataFrame) -> Result<()> {
        if rows.height() == 0 {
            return Ok(());
        }
        let failed = self.failed();
        rows.rechunk_mut();
        let bytes = rows.estimated_size();
        let (mut writer, before) = match self.open.take() {
            Some(open) => open,
            None => (self.next()?, 0),
        };
        writer.write_batch(&rows).map_err(failed)?;
        self.open = Some((writer, before + bytes));
        if before + bytes >= FILE_BYTES { self.close() } else { Ok(()) }
    }

    fn next(&mut self) -> Result<BatchedWriter<File>> {
        let mut name = self.to.as_os_str().to_owned();
        name.push(format!("-{:05}.parquet", self.paths.len()));
        let path = PathBuf::from(name);
        let file = File::create_new(&path).map_err(|cause| Error::io("create", &path, &cause))?;
        self.paths.push(path);
        ParquetWriter::new(file)
            .with_compression(ParquetCompression::Zstd(ZstdLevel::try_new(1).ok()))
            .batched(self.schema)
            .map_err(self.failed())
    }

    fn close(&mut self) -> Result<()> {
        match self.open.take() {
            Some((writer, _)) => writer.finish().map(drop).map_err(self.failed()),
            None => Ok(()),
        }
    }
}
