//! Data files: a Polars stream becomes Parquet files in the table's folder, which vanish again unless they are committed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use polars::io::parquet::write::{ParquetWriteOptions, StatisticsOptions};
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::file_provider::{FileProviderReturn, FileProviderType};
use polars::prelude::{
    AllowedOptimizations, DataFrame, DataType, Engine, FileWriteFormat, IdxSize, LazyFrame, ParquetCompression,
    ParquetWriter, PartitionStrategy, PlRefPath, PlanCallback, PolarsError, PolarsResult, SchemaRef, SinkDestination,
    SpecialEq, TimeUnit, UnifiedSinkArgs, polars_bail,
};
use pulse_core::{Code, Error, Progress, Result};

use crate::disk::Disk;

/// Files of about this size in memory, so that readers can work on several at once.
const BYTES_PER_FILE: u64 = 512 * 1024 * 1024;
/// Rows of one row group: enough to compress well, few enough to skip by statistics.
const ROWS_PER_GROUP: usize = 262_144;
/// How long a cancelled stream may take to notice; after that it ends on its own and cleans up behind itself.
const PATIENCE: Duration = Duration::from_millis(700);

/// Files and folders that are removed again unless they are kept.
pub(crate) struct Pending {
    pub files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Pending {
    /// Nothing yet; `folders` were created for this write, outermost first.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { files: Vec::new(), folders }
    }

    /// The same folders without the files.
    pub fn folders_only(&self) -> Self {
        Self::new(self.folders.clone())
    }

    /// Adds another pending set's files and folders.
    pub fn absorb(&mut self, mut other: Self) {
        self.files.append(&mut other.files);
        self.folders.append(&mut other.folders);
    }

    /// The commit that names the files is visible: they stay.
    pub fn keep(mut self) -> Vec<PathBuf> {
        self.folders.clear();
        std::mem::take(&mut self.files)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        for file in &self.files {
            // A file that was never created is fine; one that cannot be removed is found by `sweep` later.
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            // Only an empty folder goes: somebody else may have written into it meanwhile.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// How the files of a write are called, and whether its rows are counted on the job.
#[derive(Clone)]
pub(crate) enum Names {
    /// New files after all others: the time of the write in milliseconds. The rows count.
    New(i64),
    /// The same for rows that were counted before.
    Late(i64),
    /// One file, however large, of this name. Its rows were counted before.
    One(String),
}

/// Streams `frame` into Parquet files in `folder` with `names` that sort in the order of the rows. Ends within a second
/// of a cancel.
pub(crate) fn write(
    frame: LazyFrame,
    mut pending: Pending,
    folder: &Path,
    names: Names,
    progress: &Progress,
) -> Result<Pending> {
    let (folder, watched) = (folder.to_path_buf(), progress.clone());
    patiently(progress, move || {
        let written = Arc::new(Mutex::new(Vec::new()));
        let result = stream(frame, &folder, names, &watched, &written);
        if result.is_err() {
            settle(&written);
        }
        pending.files.append(&mut written.lock().unwrap_or_else(PoisonError::into_inner));
        pending.files.sort();
        result.map(|()| pending).map_err(|e| explain(&e, &folder))
    })
}

/// Waits a moment for the tasks of a stream that failed: they may still name a file, as long as they hold the list, and
/// create one that they have named. What came into being after the others were removed would stay.
fn settle(written: &Arc<Mutex<Vec<PathBuf>>>) {
    let began = Instant::now();
    let wait = |still: &dyn Fn() -> bool, limit: Duration| {
        while still() && began.elapsed() < limit {
            thread::sleep(Duration::from_millis(10));
        }
    };
    wait(&|| Arc::strong_count(written) > 1, Duration::from_millis(500));
    let missing = || written.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|file| !file.exists());
    wait(&missing, Duration::from_millis(700));
}

/// The rows of `frame`, which must be few; ends within a second of a cancel.
pub(crate) fn collect(frame: LazyFrame, progress: &Progress) -> Result<DataFrame> {
    patiently(progress, move || collected(frame).map_err(|e| explain(&e, Path::new("the table"))))
}

/// The rows of `frame` by the streaming engine.
pub(crate) fn collected(frame: LazyFrame) -> PolarsResult<DataFrame> {
    Ok(frame.collect_with_engine(Engine::Streaming)?.unwrap_single())
}

/// The rows of `frame`, which stop when the job is cancelled.
pub(crate) fn watched(frame: LazyFrame, progress: &Progress) -> LazyFrame {
    through(frame, progress, |_| {})
}

fn through(frame: LazyFrame, progress: &Progress, see: impl Fn(&DataFrame) + Send + Sync + 'static) -> LazyFrame {
    let progress = progress.clone();
    frame.map(
        move |rows: DataFrame| {
            if progress.is_cancelled() {
                polars_bail!(ComputeError: "cancelled");
            }
            see(&rows);
            Ok(rows)
        },
        AllowedOptimizations::STREAMING | AllowedOptimizations::PROJECTION_PUSHDOWN,
        None,
        Some("watch rows"),
    )
}

/// Does `work`, but answers within a second of a cancel.
fn patiently<T: Send + 'static>(progress: &Progress, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (done, outcome) = mpsc::sync_channel(1);
    // A thread of its own, because a step of the plan that gathers all rows (a sort) cannot be interrupted: the caller
    // gets its answer, and the thread drops what it wrote when it comes to its end.
    thread::Builder::new()
        .name("lake-write".into())
        .spawn(move || {
            // A receiver that has gone gives pending files back, and dropping them removes them.
            let _ = done.send(work());
        })
        .map_err(|e| Error::internal("start writing", e))?;
    let mut cancelled_at: Option<Instant> = None;
    loop {
        match outcome.recv_timeout(Duration::from_millis(50)) {
            Ok(result) => {
                progress.check()?;
                return result;
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::internal("write the rows", "the computation ended unexpectedly"));
            }
            Err(RecvTimeoutError::Timeout) if progress.is_cancelled() => {
                if cancelled_at.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                    progress.check()?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Writes the ledger `frame` to `path` and makes it durable.
pub(crate) fn write_ledger(frame: &mut DataFrame, path: &Path, disk: &Disk) -> Result<()> {
    let file = fs::File::create_new(path).map_err(|e| Error::io("write the ledger", path, &e))?;
    ParquetWriter::new(file).with_compression(compression()).finish(frame).map_err(|e| explain(&e, path))?;
    disk.sync_file(path)
}

fn stream(
    frame: LazyFrame,
    folder: &Path,
    names: Names,
    progress: &Progress,
    written: &Arc<Mutex<Vec<PathBuf>>>,
) -> PolarsResult<()> {
    let (counter, counts) = (progress.clone(), matches!(names, Names::New(_)));
    let counted = through(frame, progress, move |rows| {
        if counts {
            counter.add_rows(rows.height() as u64);
        }
    });
    let bytes_per_file = if matches!(names, Names::One(_)) { u64::MAX } else { BYTES_PER_FILE };
    let (base, written) = (folder.to_path_buf(), Arc::clone(written));
    let provider = move |args: polars::prelude::file_provider::FileProviderArgs| {
        let name = match &names {
            Names::New(stamp) | Names::Late(stamp) => file_name(*stamp, args.index_in_partition),
            Names::One(name) => name.clone(),
        };
        written.lock().unwrap_or_else(PoisonError::into_inner).push(base.join(&name));
        Ok(FileProviderReturn::Path(name))
    };
    let options = ParquetWriteOptions {
        compression: compression(),
        statistics: StatisticsOptions::default(),
        row_group_size: Some(ROWS_PER_GROUP),
        ..Default::default()
    };
    counted
        .sink(
            SinkDestination::Partitioned {
                base_path: PlRefPath::try_from_path(folder)?,
                file_path_provider: Some(FileProviderType::Function(PlanCallback::Rust(SpecialEq::new(Arc::new(
                    provider,
                ))))),
                partition_strategy: PartitionStrategy::FileSize,
                max_rows_per_file: IdxSize::MAX,
                approximate_bytes_per_file: bytes_per_file,
            },
            FileWriteFormat::Parquet(Arc::new(options)),
            // A cancelled write that ends late removes its empty folder, perhaps under this one.
            UnifiedSinkArgs { maintain_order: true, mkdir: true, ..Default::default() },
        )?
        .collect_with_engine(Engine::Streaming)
        .map(|_| ())
}

fn compression() -> ParquetCompression {
    ParquetCompression::Zstd(ZstdLevel::try_new(1).ok())
}

/// The name of the data file `index` of a write.
pub(crate) fn file_name(stamp: i64, index: usize) -> String {
    format!("part-{stamp:013}-{index:05}-{}.parquet", uuid::Uuid::new_v4())
}

/// The stamp in a data file's name; nothing for files that another program wrote.
pub(crate) fn stamp_of(name: &str) -> Option<i64> {
    let (stamp, rest) = name.strip_prefix("part-")?.strip_suffix(".parquet")?.split_once('-')?;
    let (index, id) = rest.split_once('-')?;
    let ours = stamp.len() >= 13 && index.len() >= 5 && id.len() == 36;
    ours.then(|| stamp.parse().ok()).flatten()
}

/// The name for the file that takes the place of `old`: it sorts where that one stood.
pub(crate) fn successor(old: &str) -> String {
    let id = uuid::Uuid::new_v4();
    let stem = old.strip_suffix(".parquet").unwrap_or(old);
    match stamp_of(old) {
        Some(_) => format!("{}{id}.parquet", &stem[..stem.len() - 36]),
        None => format!("{stem}{SUCCESSOR}{id}.parquet"),
    }
}

/// Marks our successors of files that other programs wrote.
const SUCCESSOR: &str = ".pulse-";

/// Whether a data file of this name is ours.
pub(crate) fn is_ours(name: &str) -> bool {
    stamp_of(name).is_some() || name.contains(SUCCESSOR)
}

/// Casts nanoseconds to microseconds where that loses nothing and fails where it would.
pub(crate) fn exact_microseconds(frame: LazyFrame, schema: &SchemaRef) -> LazyFrame {
    let nanos = |(_, dtype): &(&_, &DataType)| matches!(dtype, DataType::Datetime(TimeUnit::Nanoseconds, _));
    let columns: Vec<String> = schema.iter().filter(nanos).map(|(name, _)| name.to_string()).collect();
    if columns.is_empty() {
        return frame;
    }
    let check = move |rows: DataFrame| {
        for name in &columns {
            let values = rows.column(name)?.datetime()?;
            if values.phys.iter().flatten().any(|value| value % 1000 != 0) {
                polars_bail!(InvalidOperation: "the column `{name}` holds times finer than a microsecond");
            }
        }
        Ok(rows)
    };
    frame.map(check, AllowedOptimizations::STREAMING, None, Some("check precision"))
}

/// What a Polars error means for the user.
pub(crate) fn explain(error: &PolarsError, path: &Path) -> Error {
    match error {
        PolarsError::IO { error, .. } => Error::io("write or read data for", path, error),
        PolarsError::Context { error, .. } => explain(error, path),
        PolarsError::ColumnNotFound(name) | PolarsError::SchemaFieldNotFound(name) => {
            Error::invalid(format!("There is no column `{name}`.")).hint("Check the column's name; case matters.")
        }
        other if is_full(&other.to_string()) => Error::io("write data for", path, &io::ErrorKind::StorageFull.into()),
        other => {
            let text = other.to_string();
            let first = text.lines().next().unwrap_or_default();
            Error::new(Code::InvalidInput, format!("The rows could not be computed: {first}"))
                .hint("Nothing was written; check the values and the step or type the message names.")
        }
    }
}

/// Whether the text of an error says that the disk is full; the Parquet writer hands on the system's error as text only.
/// 28 and 122 are ENOSPC and EDQUOT on Linux, 28 and 69 on macOS, 112 is Windows' disk-full error.
fn is_full(text: &str) -> bool {
    let codes: &[i32] = if cfg!(windows) {
        &[112]
    } else if cfg!(target_os = "macos") {
        &[28, 69]
    } else {
        &[28, 122]
    };
    codes.iter().any(|code| text.contains(&format!("(os error {code})")))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use polars::prelude::{IntoLazy, SinkTarget, df};

    #[test]
    fn a_full_disk_is_told_apart_from_wrong_data() {
        // Every write to this device fails for lack of space, as on a full disk.
        let target = SinkTarget::Path(PlRefPath::new("/dev/full"));
        let options = FileWriteFormat::Parquet(Arc::new(ParquetWriteOptions::default()));
        let frame = df!("n" => (0..1_000_000_i64).collect::<Vec<_>>()).expect("a frame").lazy();
        let sink = frame.sink(SinkDestination::File { target }, options, UnifiedSinkArgs::default());
        let error =
            sink.and_then(|sink| sink.collect_with_engine(Engine::Streaming).map(|_| ())).expect_err("no space");
        let error = explain(&error, Path::new("bronze/t"));
        assert_eq!(error.code, Code::DiskFull, "{error}");
    }
}
