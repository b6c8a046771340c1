//! Batches of rows to Parquet files of the scratch folder.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use polars::io::parquet::write::{BatchedWriter, StatisticsOptions};
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;
use pulse_core::{Error, Result};

/// A file that has grown beyond so many bytes is followed by another one.
const FILE_BYTES: u64 = 256 << 20;
/// Bytes that are given to the operating system at once.
const BUFFER: usize = 1 << 20;

/// Writes the batches of one range, in order, to files whose names sort that way.
pub(super) struct Files<'a> {
    folder: &'a Path,
    prefix: String,
    schema: &'a Schema,
    /// Whether columns are encoded by several threads.
    parallel: bool,
    open: Option<BatchedWriter<BufWriter<File>>>,
    paths: Vec<PathBuf>,
}

impl<'a> Files<'a> {
    /// No file yet.
    pub fn new(folder: &'a Path, prefix: String, schema: &'a Schema, parallel: bool) -> Self {
        Self { folder, prefix, schema, parallel, open: None, paths: Vec::new() }
    }

    /// Writes a batch.
    pub fn write(&mut self, rows: &DataFrame) -> Result<()> {
        let mut writer = match self.open.take() {
            Some(writer) => writer,
            None => self.create()?,
        };
        writer.write_batch(rows).map_err(|cause| self.failed(cause))?;
        let written = self.paths.last().and_then(|path| std::fs::metadata(path).ok()).map_or(0, |file| file.len());
        if written >= FILE_BYTES {
            writer.finish().map_err(|cause| self.failed(cause))?;
        } else {
            self.open = Some(writer);
        }
        Ok(())
    }

    /// Ends the last file; the paths in the order of the rows.
    pub fn finish(mut self) -> Result<Vec<PathBuf>> {
        if let Some(writer) = self.open.take() {
            writer.finish().map_err(|cause| self.failed(cause))?;
        }
        Ok(self.paths)
    }

    fn create(&mut self) -> Result<BatchedWriter<BufWriter<File>>> {
        let path = self.folder.join(format!("{}-{:05}.parquet", self.prefix, self.paths.len()));
        let file = File::create_new(&path).map_err(|cause| Error::io("create", &path, &cause))?;
        self.paths.push(path);
        ParquetWriter::new(BufWriter::with_capacity(BUFFER, file))
            .with_compression(ParquetCompression::Zstd(ZstdLevel::try_new(1).ok()))
            .with_statistics(StatisticsOptions::default())
            .set_parallel(self.parallel)
            .batched(self.schema)
            .map_err(|cause| self.failed(cause))
    }

    fn failed(&self, cause: PolarsError) -> Error {
        match cause {
            PolarsError::IO { error, .. } => Error::io("write rows to", self.folder, &error),
            other => Error::internal("write rows to a Parquet file", other),
        }
    }
}
