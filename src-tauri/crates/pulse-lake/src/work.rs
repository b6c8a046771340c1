//! What a write does to the files of a table: those it adds, and those that others take the place of.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{DataType, Expr, LazyFrame, Schema, SchemaRef};
use pulse_core::{Error, Progress, Result, TableName};

use crate::files::{self, Names, Pending};
use crate::fit::{self, ColumnChange, Fit, Side};
use crate::merge::{self, Changes, Fates, Meeting, Merge};
use crate::rows::{self, Rows};
use crate::state::{DataFile, State};
use crate::types::{Columns, column};
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

/// The rows of a merge on the disk, so that they can be looked at more than once. The folder goes when this does.
pub(crate) struct Staged {
    files: Vec<PathBuf>,
    /// As they came, and as they are stored.
    came: SchemaRef,
    stored: SchemaRef,
    rows: u64,
    folder: Folder,
}

/// A folder that is removed with everything in it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is found by `sweep` later.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The beginning of the name of a folder of staged rows.
pub(crate) const STAGING: &str = "_staging-";

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
                let target = fit.columns.to_polars()?;
                self.retype(table, state, own, &target, &mut work, pending, progress)?;
            }
            work.columns = fit.columns;
        }
        Ok(work)
    }

    /// Writes every file of the table again, its columns in their new types.
    #[allow(clippy::too_many_arguments)]
    fn retype(
        &self,
        table: &TableName,
        state: &State,
        own: &[Expr],
        target: &Schema,
        work: &mut Work,
        pending: &mut Pending,
        progress: &Progress,
    ) -> Result<()> {
        let columns: Vec<Expr> =
            target.iter_names().filter(|n| state.columns.has(n)).map(|n| column(n.clone())).collect();
        for file in &state.files {
            let frame = self.scan_files(table, &state.columns, &[self.home(table).join(&file.path)])?;
            let frame = files::watched(frame.select(own.to_vec()).select(columns.clone()), progress);
            self.replace_file(table, file, frame, work, pending, progress)?;
        }
        Ok(())
    }

    /// Writes `frame` in the place of `file`.
    fn replace_file(
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

    fn fit(
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

    /// Puts the rows of a merge where they can be looked at more than once.
    pub(crate) fn stage(&self, home: &Path, rows: &Rows, progress: &Progress) -> Result<Staged> {
        let (frame, came, stored) = rows::stored(rows.lazy()?)?;
        let folder = home.join(format!("{STAGING}{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).map_err(|e| Error::io("create the folder", &folder, &e))?;
        let folder = Folder(folder);
        let ready = if came.iter().eq(stored.iter()) { rows.ready(&stored)? } else { None };
        let files = match ready {
            Some(ready) => ready.to_vec(),
            // The folder goes as a whole; a stream that ends late after a cancel removes its own files.
            None => files::write(frame, Pending::new(Vec::new()), &folder.0, Names::New(0), progress)?.keep(),
        };
        let mut count = 0;
        for file in &files {
            count += stats::read(file)?.rows;
        }
        if ready.is_some() {
            progress.add_rows(count);
        }
        Ok(Staged { files, came, stored, rows: count, folder })
    }

    /// Merges staged rows into the table.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn merge(
        &self,
        table: &TableName,
        merge: &Merge,
        widen: bool,
        staged: &Staged,
        state: Option<&State>,
        pending: &mut Pending,
        progress: &Progress,
    ) -> Result<Work> {
        let there = state.map(|state| state.columns.to_polars()).transpose()?;
        merge.check(table, &staged.stored, there.as_ref())?;
        let frame = rows::scan(&staged.files, &staged.stored)?;
        let fit = match state {
            Some(state) => self.fit(table, state, &frame, (&staged.came, &staged.stored), widen)?,
            None => Fit {
                columns: Columns::of(&staged.stored)?,
                came: staged.stored.iter_names().map(|name| (name.clone(), column(name.clone()))).collect(),
                stored: None,
                changes: Vec::new(),
            },
        };
        let mut columns = fit.columns.clone();
        let begins = merge.history && there.as_ref().is_some_and(|there| !there.contains("_current"));
        let service: Schema = merge.service().into_iter().map(|(name, dtype)| (name.into(), dtype)).collect();
        columns.0.extend(
            Columns::of(&service)?
                .0
                .into_iter()
                .filter(|field| !fit.columns.has(field["name"].as_str().unwrap_or_default())),
        );
        let target = columns.to_polars()?;
        let begins_now = if begins { &service } else { &Schema::default() };
        let own = |frame: LazyFrame| stored_as(frame, there.as_ref(), fit.stored.as_deref(), &target, begins_now);
        let stored_rows = state.map_or(0, State::rows);
        let numbered = match state {
            Some(state) if !state.files.is_empty() => {
                own(self.scan_files(table, &state.columns, &state.paths(&self.home(table)))?)
            }
            _ => polars::prelude::IntoLazy::lazy(polars::prelude::DataFrame::empty_with_schema(&target)),
        };
        let merge = &Merge { at_ms: self.merge_time(merge, &numbered, progress)?, ..merge.clone() };
        let meeting = Meeting {
            table,
            merge,
            columns: fit.came.iter().map(|(name, _)| name.to_string()).collect(),
            came: merge::numbered_came(frame, &fit.came, progress),
            there: merge::numbered_there(numbered, 0, progress),
            rows: stored_rows,
            progress,
        };
        let fates = meeting.fates()?;
        let mut work = Work {
            added: Vec::new(),
            removed: Vec::new(),
            columns,
            came: staged.rows,
            changes: fates.changes,
            column_changes: fit.changes.clone(),
            is_based: true,
        };
        if let Some(state) = state {
            let all = fit.stored.is_some() || begins;
            let scan =
                |file: &DataFile| self.scan_files(table, &state.columns, &[self.home(table).join(&file.path)]).map(own);
            self.rewrite(&meeting, &fates, state, &target, all, &scan, staged, &mut work, pending)?;
        }
        if fates.changes.added > 0 || (merge.history && fates.changes.changed > 0) {
            let home = self.home(table);
            let names = Names::Late(next_stamp(state));
            let frame = fates.added(&meeting, &target);
            let mut written = files::write(frame, pending.folders_only(), &home, names, progress)?;
            work.added.extend(self.finish_files(&mut written, &home, progress)?);
            pending.absorb(written);
        }
        Ok(work)
    }

    /// The time of a merge is never before what the history already says.
    fn merge_time(&self, merge: &Merge, there: &LazyFrame, progress: &Progress) -> Result<i64> {
        if !merge.history {
            return Ok(merge.at_ms);
        }
        let times = ["_valid_from", "_valid_to"].map(|name| column(name).cast(DataType::Int64).max());
        let found = files::collect(there.clone().select(times), progress)?;
        let latest = found.columns().iter().filter_map(|column| column.i64().ok()?.get(0)).max();
        Ok(latest
            .map_or(merge.at_ms, |micros| merge.at_ms.max(micros.div_euclid(1000) + i64::from(micros % 1000 != 0))))
    }

    /// Writes every file again that holds a touched row, or `all`.
    #[allow(clippy::too_many_arguments)]
    fn rewrite(
        &self,
        meeting: &Meeting,
        fates: &Fates,
        state: &State,
        target: &Schema,
        all: bool,
        scan: &dyn Fn(&DataFile) -> Result<LazyFrame>,
        staged: &Staged,
        work: &mut Work,
        pending: &mut Pending,
    ) -> Result<()> {
        let progress = meeting.progress;
        let patch = if fates.needs_patch(meeting.merge) {
            let mut patch = fates.patch(meeting);
            let schema = patch.collect_schema().map_err(|e| files::explain(&e, &staged.folder.0))?;
            let name = Names::One(format!("patch-{}.parquet", uuid::Uuid::new_v4()));
            let written = files::write(patch, Pending::new(Vec::new()), &staged.folder.0, name, progress)?.keep();
            Some((written, schema))
        } else {
            None
        };
        let mut from = 0;
        for file in &state.files {
            let range = from..from + file.rows;
            from = range.end;
            if !all && !fates.touches(range.clone()) {
                continue;
            }
            let first = u32::try_from(range.start).map_err(|_| too_many(meeting.table))?;
            let frame = merge::numbered_there(scan(file)?, first, progress);
            let patch = match &patch {
                Some((files, schema)) => Some(merge::patch_for(rows::scan(files, schema)?, range)),
                None => None,
            };
            let frame = fates.rewritten(frame, patch, meeting, target);
            self.replace_file(meeting.table, file, frame, work, pending, progress)?;
        }
        Ok(())
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

/// Rows of the table in its columns after the write: converted where types change, null where a column is new.
fn stored_as(
    frame: LazyFrame,
    there: Option<&Schema>,
    own: Option<&[Expr]>,
    target: &Schema,
    begins: &Schema,
) -> LazyFrame {
    let frame = match own {
        Some(own) => frame.select(own.to_vec()),
        None => frame,
    };
    let value = |(name, dtype): (&polars::prelude::PlSmallStr, &DataType)| {
        if there.is_some_and(|there| there.contains(name)) {
            column(name.clone())
        } else if begins.contains(name) {
            merge::first_current(name, dtype)
        } else {
            polars::prelude::lit(polars::prelude::NULL).cast(dtype.clone()).alias(name.clone())
        }
    };
    frame.select(target.iter().map(value).collect::<Vec<_>>())
}

fn too_many(table: &TableName) -> Error {
    Error::new(pulse_core::Code::LimitExceeded, format!("{table} has more rows than a merge can number."))
        .hint("Split the table, or load it by appending.")
}
