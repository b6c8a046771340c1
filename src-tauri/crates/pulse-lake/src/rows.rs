//! The rows of a write: a plan to compute, or finished Parquet files that become the table's own where they fit.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{DataFrame, IntoLazy, LazyFrame, PlRefPath, PolarsResult, ScanArgsParquet, Schema, SchemaRef};
use pulse_core::{Error, Result};

use crate::files::{self, Pending};
use crate::types::conversions;

/// The rows of a write, in order.
#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "there is one for a write")]
pub enum Rows {
    /// A plan, computed as it is written.
    Lazy(LazyFrame),
    /// Parquet files of our own making, all with the columns `schema`. Where the types are the table's they become its
    /// data files without being read again; the originals may be gone afterwards.
    Files {
        /// The files, in the order of the rows; none if there is no row.
        files: Vec<PathBuf>,
        /// Their columns.
        schema: Schema,
    },
}

impl From<LazyFrame> for Rows {
    fn from(frame: LazyFrame) -> Self {
        Self::Lazy(frame)
    }
}

impl Rows {
    /// The rows as a plan.
    pub fn lazy(&self) -> Result<LazyFrame> {
        match self {
            Self::Lazy(frame) => Ok(frame.clone()),
            Self::Files { files, schema } => scan(files, schema),
        }
    }

    /// The files, if they hold exactly the columns `wanted` in that order, so that they can be the table's as they are.
    pub(crate) fn ready(&self, wanted: &Schema) -> Result<Option<&[PathBuf]>> {
        let Self::Files { files, .. } = self else { return Ok(None) };
        for path in files {
            let found = columns_of(path).map_err(|e| files::explain(&e, path))?;
            if !found.iter().eq(wanted.iter()) {
                return Ok(None);
            }
        }
        Ok(Some(files))
    }
}

/// The plan with every column in a type that Delta holds, its columns as they came, and as they are stored.
pub(crate) fn stored(mut frame: LazyFrame) -> Result<(LazyFrame, SchemaRef, SchemaRef)> {
    let invalid = |e| files::explain(&e, Path::new("the table"));
    let came: SchemaRef = frame.collect_schema().map_err(invalid)?;
    if came.is_empty() {
        return Err(Error::invalid("A table needs at least one column.").hint("Keep a column."));
    }
    let mut stored = files::exact_microseconds(frame, &came).select(conversions(&came)?);
    let schema = stored.collect_schema().map_err(invalid)?;
    Ok((stored, came, schema))
}

/// The rows of Parquet `files` that hold the columns `schema`.
pub(crate) fn scan(files: &[PathBuf], schema: &Schema) -> Result<LazyFrame> {
    if files.is_empty() {
        return Ok(DataFrame::empty_with_schema(schema).lazy());
    }
    let paths = files.iter().map(|path| PlRefPath::try_from_path(path).map_err(|e| files::explain(&e, path)));
    let args = ScanArgsParquet { schema: Some(Arc::new(schema.clone())), glob: false, ..Default::default() };
    LazyFrame::scan_parquet_files(paths.collect::<Result<Vec<_>>>()?.into(), args)
        .map_err(|e| files::explain(&e, &files[0]))
}

fn columns_of(path: &Path) -> PolarsResult<SchemaRef> {
    let args = ScanArgsParquet { glob: false, ..Default::default() };
    LazyFrame::scan_parquet(PlRefPath::try_from_path(path)?, args)?.collect_schema()
}

/// Gives `ready` files names of the table in `home`, in their order, after the stamp of the write.
pub(crate) fn adopt(ready: &[PathBuf], home: &Path, stamp: i64, pending: &mut Pending) -> Result<()> {
    for (index, from) in ready.iter().enumerate() {
        let to = home.join(files::file_name(stamp, index));
        pending.files.push(to.clone());
        take(from, &to).map_err(|e| Error::io("take over", from, &e))?;
    }
    Ok(())
}

/// Gives the file `from` a second name, so that a write that fails leaves it where it was; where the file system has no
/// such thing it is moved, and copied from another device.
fn take(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::rename(from, to)).or_else(|_| fs::copy(from, to).map(|_| ()))
}
