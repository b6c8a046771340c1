//! Merging on the disk: the rows that come are staged, looked at, and the files of the table that they touch replaced.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use polars::prelude::{
    DataFrame, DataType, Expr, IntoLazy as _, LazyFrame, NULL, PlSmallStr, Schema, SchemaRef, UnionArgs, concat, lit,
};
use pulse_core::{Code, Error, Progress, Result, TableName};

use crate::fates::{Fates, patch_for};
use crate::files::{self, Names, Pending};
use crate::fit::Fit;
use crate::meet::{Meeting, numbered_came, numbered_there};
use crate::merge::{self, HISTORY, Merge};
use crate::rows::{self, Rows};
use crate::state::{DataFile, State};
use crate::types::{Columns, column, name_of};
use crate::work::Work;
use crate::write::next_stamp;
use crate::{Lake, prune, stats};

/// The rows of a merge on the disk, so that they can be looked at more than once. The folder goes when this does.
pub(crate) struct Staged {
    files: Vec<PathBuf>,
    /// As they came, and as they are stored.
    came: SchemaRef,
    stored: SchemaRef,
    rows: u64,
    /// Goes before the folders it lies in, which go only if they are empty then.
    folder: Folder,
    _around: Pending,
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
    /// Puts the rows of a merge where they can be looked at more than once.
    ///
    /// `around` are the folders that are new for this write.
    pub(crate) fn stage(&self, home: &Path, around: Pending, rows: &Rows, progress: &Progress) -> Result<Staged> {
        let (frame, came, stored) = rows::stored(rows.lazy()?)?;
        let folder = home.join(format!("{STAGING}{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).map_err(|e| Error::io("create the folder", &folder, &e))?;
        let folder = Folder(folder);
        let ready = if came.iter().eq(stored.iter()) { rows.ready(&stored)? } else { None };
        let files = match ready {
            Some(ready) => ready.to_vec(),
            None => {
                // A stream that ends late after a cancel has to remove the folders itself.
                let mut pending = around.folders_only();
                pending.absorb(Pending::new(vec![folder.0.clone()]));
                files::write(frame, pending, &folder.0, Names::New(0), progress)?.keep()
            }
        };
        let mut count = 0;
        for file in &files {
            count += stats::read(file)?.rows;
        }
        if ready.is_some() {
            progress.add_rows(count);
        }
        Ok(Staged { files, came, stored, rows: count, folder, _around: around })
    }

    /// Merges staged rows into the table.
    #[allow(clippy::too_many_arguments, reason = "what one write needs, each once")]
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
            None => Fit::new_table(&staged.stored)?,
        };
        let service: Schema = merge.service().into_iter().map(|(name, dtype)| (name.into(), dtype)).collect();
        let mut columns = fit.columns.clone();
        columns.0.extend(Columns::of(&service)?.0.into_iter().filter(|field| !fit.columns.has(name_of(field))));
        let target = columns.to_polars()?;
        // A table without a history gets one: all its rows are current, since a time that nobody knows.
        let begins = merge.history && there.as_ref().is_some_and(|there| !there.contains(HISTORY[2]));
        let first = if begins { service } else { Schema::default() };
        let own = |frame: LazyFrame| stored_as(frame, there.as_ref(), fit.stored.as_deref(), &target, &first);
        let numbered = match state {
            Some(state) if !state.files.is_empty() => {
                own(self.scan_files(table, &state.columns, &state.paths(&self.home(table)))?)
            }
            _ => DataFrame::empty_with_schema(&target).lazy(),
        };
        let merge = &Merge { at_ms: self.merge_time(merge, &numbered, progress)?, ..merge.clone() };
        let came = numbered_came(frame, &fit.came, progress);
        let there = match state {
            // New types are not those of the bounds.
            Some(state) if !merge.vanishes() && fit.stored.is_none() => {
                let can = prune::candidates(&state.files, &merge.key, &target, (&came, staged.rows), progress)?;
                self.some_of(table, state, &can, &own, progress)?
            }
            _ => numbered_there(numbered, 0, progress),
        };
        let meeting = Meeting {
            table,
            merge,
            columns: fit.came.iter().map(|(name, _)| name.to_string()).collect(),
            came,
            there,
            rows: state.map_or(0, State::rows),
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

    /// The rows of the files that `can` hold a key, numbered as in the whole table.
    fn some_of(
        &self,
        table: &TableName,
        state: &State,
        can: &[bool],
        own: &dyn Fn(LazyFrame) -> LazyFrame,
        progress: &Progress,
    ) -> Result<LazyFrame> {
        let run = |(files, first): (Range<usize>, u64)| {
            let paths: Vec<PathBuf> = state.files[files].iter().map(|file| self.home(table).join(&file.path)).collect();
            let first = u32::try_from(first).map_err(|_| too_many(table))?;
            Ok(numbered_there(own(self.scan_files(table, &state.columns, &paths)?), first, progress))
        };
        let mut runs = runs(&state.files, can).into_iter().map(run).collect::<Result<Vec<_>>>()?;
        match runs.len() {
            0 => run((0..0, 0)),
            1 => Ok(runs.remove(0)),
            _ => concat(runs, UnionArgs::default()).map_err(|e| Error::internal("merge the rows", e)),
        }
    }

    /// The time of a merge is never before what the history already says.
    fn merge_time(&self, merge: &Merge, there: &LazyFrame, progress: &Progress) -> Result<i64> {
        if !merge.history {
            return Ok(merge.at_ms);
        }
        let times = [HISTORY[0], HISTORY[1]].map(|name| column(name).cast(DataType::Int64).max());
        let found = files::collect(there.clone().select(times), progress)?;
        let latest = found.columns().iter().filter_map(|column| column.i64().ok()?.get(0)).max();
        Ok(latest
            .map_or(merge.at_ms, |micros| merge.at_ms.max(micros.div_euclid(1000) + i64::from(micros % 1000 != 0))))
    }

    /// Writes every file again that holds a touched row, or `all`.
    #[allow(clippy::too_many_arguments, reason = "what one write needs, each once")]
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
            let frame = numbered_there(scan(file)?, first, progress);
            let patch = match &patch {
                Some((files, schema)) => Some(patch_for(rows::scan(files, schema)?, range)),
                None => None,
            };
            let frame = fates.rewritten(frame, patch, meeting, target);
            self.replace_file(meeting.table, file, frame, work, pending, progress)?;
        }
        Ok(())
    }
}

/// The runs of neighbouring files that can hold a key, each with the number of its first row.
fn runs(files: &[DataFile], can: &[bool]) -> Vec<(Range<usize>, u64)> {
    let mut runs: Vec<(Range<usize>, u64)> = Vec::new();
    let mut first = 0;
    for (number, file) in files.iter().enumerate() {
        match runs.last_mut() {
            _ if !can[number] => {}
            Some((run, _)) if run.end == number => run.end += 1,
            _ => runs.push((number..number + 1, first)),
        }
        first += file.rows;
    }
    runs
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
        Some(own) => frame.select(own),
        None => frame,
    };
    let value = |(name, dtype): (&PlSmallStr, &DataType)| {
        if there.is_some_and(|there| there.contains(name)) {
            column(name.clone())
        } else if begins.contains(name) {
            merge::first_current(name, dtype)
        } else {
            lit(NULL).cast(dtype.clone()).alias(name.clone())
        }
    };
    frame.select(target.iter().map(value).collect::<Vec<_>>())
}

fn too_many(table: &TableName) -> Error {
    Error::new(Code::LimitExceeded, format!("{table} has more rows than a merge can number."))
        .hint("Split the table, or load it by appending.")
}
