//! What a write does to the files of a table: those it adds, and those that others take the place of.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{Expr, LazyFrame, Schema};
use pulse_core::{Error, Progress, Result, TableName};

use crate::files::{self, Names, Pending};
use crate::fit::{self, ColumnChange, Fit, Side};
use crate::merge::Changes;
use crate::rows;
use crate::state::{DataFile, State};
use crate::types::Columns;
use crate::write::{Mode, Write, next_stamp, now_ms};
use crate::{Lake, stats};

/// What a write comes to, before it is committed.
pub(crate) struct Work {
    /// The files that are new.
    pub added: Vec<DataFile>,
    /// The files of the table that go, besides all of them in a replacement.
    pub removed: Vec<DataFile>,
    /// The columns of the rows written, or of the table if the work is only right for one version.
    pub columns: Columns,
    /// Rows that came.
    pub came: u64,
    pub changes: Changes,
    pub column_changes: Vec<ColumnChange>,
    /// Whether the work is only right for the version it was done on.
    pub is_based: bool,
}

impl Lake {
    /// Adds the rows of `write`, or replaces all.
    pub(crate) fn put(
        &self,
        table: &TableName,
        write: &Write,
        state: Option<&State>,
        pending: &mut Pending,
        progress: &Progress,
    ) -> Result<Work> {
        let home = self.home(table);
        let (frame, came, stored) = rows::stored(write.rows.lazy()?)?;
        let kept = state.filter(|_| matches!(write.mode, Mode::Append));
        let fit = match kept {
            Some(state) => Some(self.fit(table, state, &frame, (&came, &stored), write.widen)?),
            None => None,
        };
        let wanted = match (&fit, kept) {
            (Some(fit), _) if fit.stored.is_some() => None,
            (Some(fit), Some(_)) => Some(fit.columns.to_polars()?),
            _ => Some(came.as_ref().clone()),
        };
        let is_stored = came.iter().eq(stored.iter());
        let ready = match wanted.filter(|_| is_stored) {
            Some(wanted) => write.rows.ready(&wanted)?,
            None => None,
        };
        let stamp = next_stamp(state);
        let mut work = Work {
            added: Vec::new(),
            removed: Vec::new(),
            columns: Columns::of(&stored)?,
            came: 0,
            changes: Changes::default(),
            column_changes: Vec::new(),
            is_based: false,
        };
        if let Some(ready) = ready {
            rows::adopt(ready, &home, stamp, pending)?;
            work.added = self.finish_files(pending, &home, progress)?;
            progress.add_rows(work.added.iter().map(|file| file.rows).sum());
        } else {
            let frame = match &fit {
                Some(fit) => frame.select(fit::in_table_order(fit)?),
                None => frame,
            };
            // Both hold the new folders: after a cancel, whoever ends last finds them empty.
            let written = files::write(frame, pending.folders_only(), &home, Names::New(stamp), progress)?;
            pending.absorb(written);
            work.added = self.finish_files(pending, &home, progress)?;
        }
        work.came = work.added.iter().map(|file| file.rows).sum();
        work.changes.added = work.came;
        if let (Some(mut fit), Some(state)) = (fit, kept) {
            work.column_changes = std::mem::take(&mut fit.changes);
            work.is_based = fit.stored.is_some();
            if let Some(own) = &fit.stored {
                self.retype(table, state, own, &mut work, pending, progress)?;
            }
            work.columns = fit.columns;
        }
        Ok(work)
    }

    /// Writes every file of the table again, its columns in their new types.
    #[allow(clippy::too_many_arguments, reason = "what one write needs, each once")]
    fn retype(
        &self,
        table: &TableName,
        state: &State,
        own: &[Expr],
        work: &mut Work,
        pending: &mut Pending,
        progress: &Progress,
    ) -> Result<()> {
        for file in &state.files {
            let frame = self.scan_files(table, &state.columns, &[self.home(table).join(&file.path)])?;
            let frame = files::watched(frame.select(own), progress);
            self.replace_file(table, file, frame, work, pending, progress)?;
        }
        Ok(())
    }

    /// Writes `frame` in the place of `file`.
    pub(crate) fn replace_file(
        &self,
        table: &TableName,
        file: &DataFile,
        frame: LazyFrame,
        work: &mut Work,
        pending: &mut Pending,
        progress: &Progress,
    ) -> Result<()> {
        let home = self.home(table);
        let names = Names::One(files::successor(&file.path));
        let mut written = files::write(frame, Pending::new(Vec::new()), &home, names, progress)?;
        work.added.extend(self.finish_files(&mut written, &home, progress)?);
        pending.absorb(written);
        work.removed.push(file.clone());
        Ok(())
    }

    pub(crate) fn fit(
        &self,
        table: &TableName,
        state: &State,
        frame: &LazyFrame,
        (came, stored): (&Schema, &Schema),
        widen: bool,
    ) -> Result<Fit> {
        let exact = |side, name: &str| match side {
            Side::Stored => self.exact(table, state, name),
            Side::Came => fit::exact(frame.clone(), name).map_err(|e| files::explain(&e, &self.home(table))),
        };
        fit::fit(&state.columns, came, stored, widen, &exact)
    }

    /// The rows of the data files `paths` of a table with `columns`; a column that an older file lacks is null there.
    pub(crate) fn scan_files(&self, table: &TableName, columns: &Columns, paths: &[PathBuf]) -> Result<LazyFrame> {
        let schema = columns.to_polars()?;
        if paths.is_empty() {
            return Ok(polars::prelude::IntoLazy::lazy(polars::prelude::DataFrame::empty_with_schema(&schema)));
        }
        let unreadable = |e| files::explain(&e, &self.home(table));
        let sources = paths.iter().map(|path| polars::prelude::PlRefPath::try_from_path(path).map_err(unreadable));
        let args = polars::prelude::ScanArgsParquet {
            schema: Some(Arc::new(schema)),
            allow_missing_columns: true,
            glob: false,
            ..Default::default()
        };
        LazyFrame::scan_parquet_files(sources.collect::<Result<Vec<_>>>()?.into(), args).map_err(unreadable)
    }

    /// Drops empty files, makes the others durable and reads their statistics.
    pub(crate) fn finish_files(
        &self,
        pending: &mut Pending,
        home: &Path,
        progress: &Progress,
    ) -> Result<Vec<DataFile>> {
        let mut data = Vec::new();
        for path in pending.files.clone() {
            progress.check()?;
            let found = stats::read(&path)?;
            if found.rows == 0 {
                fs::remove_file(&path).map_err(|e| Error::io("remove", &path, &e))?;
                pending.files.retain(|kept| kept != &path);
                continue;
            }
            self.disk.sync_file(&path)?;
            let bytes = fs::metadata(&path).map_err(|e| Error::io("read back", &path, &e))?.len();
            progress.add_bytes(bytes);
            let relative = path.strip_prefix(home).unwrap_or(&path).to_string_lossy().into_owned();
            data.push(DataFile {
                path: relative,
                bytes,
                rows: found.rows,
                stats: Some(found.json),
                modified_ms: now_ms(),
            });
        }
        Ok(data)
    }
}
