//! A table's rows, file by file, as Parquet files of our own with the table's types.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use delta_kernel::arrow::array::{BooleanArray, RecordBatch};
use delta_kernel::arrow::compute::{cast, filter_record_batch};
use delta_kernel::arrow::datatypes::{DataType as ArrowType, FieldRef, Schema as ArrowSchema};
use delta_kernel::arrow::error::ArrowError;
use delta_kernel::engine::arrow_conversion::TryIntoArrow;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::parquet::arrow::ArrowWriter;
use delta_kernel::parquet::arrow::arrow_writer::ArrowWriterOptions;
use delta_kernel::parquet::basic::{Compression, ZstdLevel};
use delta_kernel::parquet::file::properties::WriterProperties;
use delta_kernel::scan::Scan;
use delta_kernel::scan::state::{ScanFile, transform_to_logical};
use delta_kernel::schema::SchemaRef;
use delta_kernel::{Engine, FileMeta};
use pulse_core::{Error, Result};

use super::super::Selection;
use super::{Table, root, unsupported};
use crate::connector::Task;

/// Rows of one row group: enough to compress well, few enough to be held in memory.
const GROUP: usize = 262_144;
/// Rows of one file, so that several can be read at the same time.
const FILE: u64 = 4 * GROUP as u64;

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The files, in the order of the rows.
    pub files: Vec<PathBuf>,
    /// Rows in them.
    pub rows: u64,
}

impl Table<'_> {
    /// The scan of the columns in `schema`, and its files: those of older commits first.
    pub(super) fn scan(&self, schema: SchemaRef) -> Result<(Scan, Vec<ScanFile>)> {
        let builder = self.snapshot.clone().scan_builder().with_schema(schema);
        let builder = builder.with_cancellation_token(Some(self.stop.token()));
        let scan = builder.build().map_err(|cause| self.fault(&cause, None))?;
        let mut batches: Vec<Vec<ScanFile>> = Vec::new();
        for batch in scan.scan_metadata(self.engine.as_ref()).map_err(|cause| self.fault(&cause, None))? {
            self.stop.0.check()?;
            let batch = batch.map_err(|cause| self.fault(&cause, None))?;
            let files = batch.visit_scan_files(Vec::new(), |files, file| files.push(file));
            batches.push(files.map_err(|cause| self.fault(&cause, None))?);
        }
        // The log is replayed backwards.
        Ok((scan, batches.into_iter().rev().flatten().collect()))
    }

    /// Writes the rows of these files of the scan; as many as a preview needs.
    pub(super) fn rows(
        &self,
        scan: &Scan,
        files: &[ScanFile],
        selection: &Selection,
        task: &Task<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Written> {
        let bytes = files.iter().map(|file| u64::try_from(file.size).unwrap_or_default()).sum();
        if task.limit.is_none() {
            selection.check_bytes(bytes, &self.address())?;
        }
        task.progress.stage("Reading the Delta table", 0, bytes);
        let limit = task.limit.unwrap_or(u64::MAX);
        let mut output = Output::new(task.scratch);
        for file in files {
            self.file(scan, file, limit, &mut output, task)?;
            task.progress.add_bytes(u64::try_from(file.size).unwrap_or_default());
            if output.rows >= limit {
                break;
            }
        }
        let vectors = files.iter().filter(|file| file.dv_info.has_vector()).count();
        if vectors > 0 {
            warnings
                .push(format!("{vectors} of {} files have deletion vectors; deleted rows were left out.", files.len()));
        }
        output.finish()
    }

    /// Adds the rows of one file without those that its deletion vector names.
    fn file(&self, scan: &Scan, file: &ScanFile, limit: u64, output: &mut Output, task: &Task<'_>) -> Result<()> {
        task.progress.check()?;
        let failed = |cause: delta_kernel::Error| self.fault(&cause, Some(&file.path));
        let location = self.location(&file.path)?;
        let engine: &dyn Engine = self.engine.as_ref();
        let kept = file.dv_info.get_selection_vector(engine, &root()?).map_err(failed)?;
        let size = u64::try_from(file.size).unwrap_or_default();
        let meta = FileMeta::new(location, file.modification_time, size);
        let target: ArrowSchema =
            scan.logical_schema().as_ref().try_into_arrow().map_err(|cause: ArrowError| failed(cause.into()))?;
        let handler = engine.parquet_handler();
        let stop = Some(self.stop.token());
        let batches = handler.read_parquet_files_with_cancellation(&[meta], scan.physical_schema().clone(), None, stop);
        let mut read = 0;
        for batch in batches.map_err(failed)? {
            task.progress.check()?;
            let batch = batch.map_err(failed)?;
            let rows = batch.len();
            let logical = transform_to_logical(
                engine,
                batch,
                scan.physical_schema(),
                scan.logical_schema(),
                file.transform.clone(),
            );
            let batch = ArrowEngineData::try_from_engine_data(logical.map_err(failed)?).map_err(failed)?;
            let batch = with_plain_maps((*batch).into(), &target).map_err(|cause| failed(cause.into()))?;
            let batch = match &kept {
                Some(kept) => without(&batch, kept, read).map_err(|cause| failed(cause.into()))?,
                None => batch,
            };
            read += rows;
            task.progress.add_rows(batch.num_rows() as u64);
            output.add(&batch)?;
            if output.rows >= limit {
                return Ok(());
            }
        }
        self.check_rows(file, read as u64)
    }

    /// Fails if the file has not the rows that the log says it has; more or fewer cannot both be right.
    fn check_rows(&self, file: &ScanFile, read: u64) -> Result<()> {
        match &file.stats {
            Some(stats) if stats.num_records != read && !file.dv_info.has_vector() => Err(Error::damaged(format!(
                "The file `{}` of {} holds {read} rows, and the log says {}.",
                file.path,
                self.address(),
                stats.num_records
            ))
            .hint(
                "The file was replaced or its statistics are wrong; repair the table with the program that writes it.",
            )),
            _ => Ok(()),
        }
    }

    /// The file's address; fails if it lies outside the table's folder, as in a shallow clone.
    fn location(&self, path: &str) -> Result<url::Url> {
        let root = root()?;
        let joined = root.join(path).ok().filter(|url| url.scheme() == root.scheme() && !path.starts_with('/'));
        joined.ok_or_else(|| {
            unsupported(
                &self.address(),
                &format!("names a file outside its own folder, as a shallow clone does: `{path}`"),
            )
        })
    }
}

/// The rows of a batch whose place in `kept` is true; what is beyond the end of `kept` stays.
fn without(batch: &RecordBatch, kept: &[bool], from: usize) -> std::result::Result<RecordBatch, ArrowError> {
    let mask: BooleanArray =
        (from..from + batch.num_rows()).map(|at| Some(kept.get(at).copied().unwrap_or(true))).collect();
    filter_record_batch(batch, &mask)
}

/// The batch with its maps' entries called `key` and `value`, whatever the file calls them.
fn with_plain_maps(batch: RecordBatch, target: &ArrowSchema) -> std::result::Result<RecordBatch, ArrowError> {
    let mut fields: Vec<FieldRef> = batch.schema_ref().fields().iter().cloned().collect();
    let mut columns = batch.columns().to_vec();
    for (at, wanted) in target.fields().iter().enumerate().filter(|(_, wanted)| holds_map(wanted.data_type())) {
        columns[at] = cast(&columns[at], wanted.data_type())?;
        fields[at] = wanted.clone();
    }
    RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns)
}

fn holds_map(dtype: &ArrowType) -> bool {
    match dtype {
        ArrowType::Map(..) => true,
        ArrowType::List(inner) => holds_map(inner.data_type()),
        ArrowType::Struct(fields) => fields.iter().any(|field| holds_map(field.data_type())),
        _ => false,
    }
}

/// Parquet files in the scratch folder.
struct Output {
    folder: PathBuf,
    files: Vec<PathBuf>,
    rows: u64,
    open: Option<(ArrowWriter<File>, u64)>,
}

impl Output {
    fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), files: Vec::new(), rows: 0, open: None }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let (mut writer, rows) = match self.open.take() {
            Some(open) => open,
            None => (self.create(batch)?, 0),
        };
        writer.write(batch).map_err(|cause| self.failed(cause))?;
        self.rows += batch.num_rows() as u64;
        let rows = rows + batch.num_rows() as u64;
        if rows >= FILE {
            writer.close().map_err(|cause| self.failed(cause))?;
        } else {
            self.open = Some((writer, rows));
        }
        Ok(())
    }

    fn create(&mut self, batch: &RecordBatch) -> Result<ArrowWriter<File>> {
        let path = self.folder.join(format!("delta-{:05}.parquet", self.files.len()));
        let file = File::create_new(&path).map_err(|cause| Error::io("create", &path, &cause))?;
        self.files.push(path);
        let level = ZstdLevel::try_new(1).map_err(|cause| self.failed(cause))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP))
            .build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let schema = Arc::clone(batch.schema_ref());
        ArrowWriter::try_new_with_options(file, schema, options).map_err(|cause| self.failed(cause))
    }

    fn finish(mut self) -> Result<Written> {
        if let Some((writer, _)) = self.open.take() {
            writer.close().map_err(|cause| self.failed(cause))?;
        }
        Ok(Written { files: self.files, rows: self.rows })
    }

    fn failed(&self, cause: impl std::fmt::Display) -> Error {
        Error::internal(&format!("write the table's rows to {}", self.folder.display()), cause)
    }
}
