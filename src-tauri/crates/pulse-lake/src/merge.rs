//! Merging by key: rows that are new, changed, the same or gone, and only the files that hold such rows written again.
//!
//! The rows that come are numbered, and so are those of the table; one streamed join of the two finds which belong
//! together and whether they differ. What happens to a row is then one byte, and every file that holds a touched row is
//! copied with its rows in place (copy on write). Rows of the same key are compared by the columns that came, missing
//! equals missing, NaN equals NaN.

use std::sync::Arc;

use polars::prelude::{
    BooleanChunked, DataFrame, DataType, Expr, IdxCa, IntoColumn as _, JoinType, LazyFrame, Schema, TimeUnit, TimeZone,
    lit, when,
};
use pulse_core::{Code, Error, Progress, Result, TableName};
use serde::{Deserialize, Serialize};

use crate::files::{collect, watched};
use crate::text::text;
use crate::types::column;

/// The column that says when a row was marked as deleted.
const DELETED_AT: &str = "_deleted_at";
/// The columns of the history of a row.
const HISTORY: [&str; 3] = ["_valid_from", "_valid_to", "_current"];
/// All columns that merging keeps by itself.
pub(crate) const SERVICE: [&str; 4] = [DELETED_AT, HISTORY[0], HISTORY[1], HISTORY[2]];

/// How rows are merged into a table by their key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The columns that together name a row; at least one, none of them missing in any row that comes.
    pub key: Vec<String>,
    /// The column whose greatest value wins where a key comes twice; a row of the table with a greater value stays as
    /// it is (the row that came is late). Ties, and merges without it, go to the later row.
    pub newest_by: Option<String>,
    /// What happens to rows that vanished or are marked as deleted.
    pub deletes: Deletes,
    /// Whether the rows that come are all there are, so that a key that is missing was deleted.
    pub snapshot: bool,
    /// Which of the rows that come are deletions; without effect under [`Deletes::Keep`].
    pub deleted: Option<Deleted>,
    /// Whether every state of a row is kept (slowly changing dimension, type 2): the columns `_valid_from` and
    /// `_valid_to` say when it held and `_current` whether it still does; a row that is deleted is closed.
    pub history: bool,
    /// The time of the merge for these columns, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// What happens to rows that are deleted in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deletes {
    /// They stay.
    #[default]
    Keep,
    /// They are removed.
    Remove,
    /// They stay, and the column `_deleted_at` says since when they are gone; null again if they come back. The column
    /// of [`Merge::newest_by`] takes the deletion's value, so that a late row does not bring them back.
    Mark,
}

/// The column that marks a row that comes as a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The column.
    pub column: String,
    /// The value, as text, that marks it; without, it is `true` or, in other types, any value.
    pub value: Option<String>,
}

/// What a write did to the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Rows whose key is new; for other writes than merges, all rows.
    pub added: u64,
    /// Rows with other values than before.
    pub changed: u64,
    /// Rows removed, marked as deleted or closed in the history.
    pub deleted: u64,
    /// Rows that came and were the same, and deletions of rows that were not there.
    pub unchanged: u64,
    /// Rows that came and gave way to a newer one of their key, among them or in the table.
    pub superseded: u64,
}

/// The number of a row that comes, and of a row in the table. No file has such column names.
const CAME: &str = "\u{e000}came";
const THERE: &str = "\u{e000}there";

/// The name of a column of the rows that come, beside the table's column of the same name.
fn new(name: &str) -> String {
    format!("\u{e001}{name}")
}

/// What happens to a row that comes.
mod fate {
    /// Its key is new; so far nothing else is known.
    pub const NEW: u8 = 0;
    /// Another row of its key is newer.
    pub const OLD: u8 = 1;
    /// It is as the table has it.
    pub const SAME: u8 = 2;
    /// It replaces a row.
    pub const CHANGE: u8 = 3;
    /// It says that its row is deleted.
    pub const DELETE: u8 = 4;
    /// For a row of the table: nothing happens to it.
    pub const STAY: u8 = 0;
    /// For a row of the table: it vanished from a snapshot.
    pub const VANISH: u8 = 5;
}

impl Merge {
    /// The columns this merge keeps besides those that come, with their types.
    pub(crate) fn service(&self) -> Vec<(&'static str, DataType)> {
        let time = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
        match (self.history, self.deletes) {
            (true, _) => vec![(HISTORY[0], time.clone()), (HISTORY[1], time), (HISTORY[2], DataType::Boolean)],
            (false, Deletes::Mark) => vec![(DELETED_AT, time)],
            (false, _) => Vec::new(),
        }
    }

    /// Fails unless rows of the columns `came` can be merged into a table of the columns `table` this way.
    pub(crate) fn check(&self, name: &TableName, came: &Schema, table: Option<&Schema>) -> Result<()> {
        if self.key.is_empty() {
            return Err(Error::invalid("A merge needs a key.")
                .hint("Choose the columns that together name a row.")
                .field("key"));
        }
        let named = self.key.iter().map(|column| ("key", column));
        let named = named.chain(self.newest_by.iter().map(|column| ("newest_by", column)));
        for (field, wanted) in named.chain(self.deleted.iter().map(|deleted| ("deleted_column", &deleted.column))) {
            if !came.contains(wanted) {
                return Err(Error::invalid(format!("The rows have no column `{wanted}`, which the merge needs."))
                    .hint("Choose a column that the source has; case matters.")
                    .field(field));
            }
        }
        for (service, dtype) in self.service() {
            if came.contains(service) {
                return Err(Error::invalid(format!(
                    "The rows have a column `{service}`, a name that this kind of merge keeps for itself."
                ))
                .hint("Rename the column in the source, or choose another kind of loading.")
                .field("columns"));
            }
            if table.and_then(|table| table.get(service)).is_some_and(|known| *known != dtype) {
                return Err(Error::invalid(format!("{name} has a column `{service}` of its own."))
                    .hint("Rename that column, or merge into another table.")
                    .field("table"));
            }
        }
        if !self.history && table.is_some_and(|table| HISTORY.iter().all(|column| table.contains(column))) {
            return Err(Error::invalid(format!("{name} keeps the history of its rows, and this merge does not."))
                .hint("Merge with history, or into another table.")
                .field("history"));
        }
        Ok(())
    }
}

/// The rows of a merge: those that come, numbered and under [`new`] names, and those of the table, numbered.
pub(crate) struct Meeting<'a> {
    pub table: &'a TableName,
    pub merge: &'a Merge,
    /// The columns that come.
    pub columns: Vec<String>,
    pub came: LazyFrame,
    pub there: LazyFrame,
    /// How many rows the table has.
    pub rows: u64,
    pub progress: &'a Progress,
}

/// What happens to every row.
pub(crate) struct Fates {
    /// By the number of the row that comes.
    came: Arc<Vec<u8>>,
    /// The row of the table that belongs to it.
    partner: Arc<Vec<u32>>,
    /// By the number of the row in the table.
    there: Arc<Vec<u8>>,
    pub changes: Changes,
}

impl Meeting<'_> {
    /// Finds out what happens to every row. Holds the keys that come and a few bytes a row in memory.
    pub fn fates(&self) -> Result<Fates> {
        let count = self.collect(self.came.clone().select([polars::prelude::len().cast(DataType::UInt64)]))?;
        let count = usize::try_from(first(&count)).unwrap_or_default();
        let mut came = vec![fate::NEW; count];
        self.refuse_missing_keys()?;
        self.settle_repeated_keys(&mut came)?;
        self.find_deletions(&mut came)?;
        let mut there = vec![fate::STAY; usize::try_from(self.rows).unwrap_or_default()];
        let mut partner = vec![u32::MAX; count];
        let mut met = vec![false; there.len()];
        if self.rows > 0 {
            self.match_rows(&mut came, &mut partner, &mut there, &mut met)?;
            self.find_vanished(&mut there, &met)?;
        }
        let of = |fates: &[u8], wanted: u8| fates.iter().filter(|fate| **fate == wanted).count() as u64;
        let deletions = of(&there, fate::DELETE);
        let changes = Changes {
            added: of(&came, fate::NEW),
            changed: of(&came, fate::CHANGE),
            deleted: deletions + of(&there, fate::VANISH),
            unchanged: of(&came, fate::SAME) + of(&came, fate::DELETE) - deletions,
            superseded: of(&came, fate::OLD),
        };
        Ok(Fates { came: Arc::new(came), partner: Arc::new(partner), there: Arc::new(there), changes })
    }

    fn collect(&self, frame: LazyFrame) -> Result<DataFrame> {
        collect(frame, self.progress)
    }

    fn keys(&self) -> Vec<Expr> {
        self.merge.key.iter().map(|name| column(new(name))).collect()
    }

    fn refuse_missing_keys(&self) -> Result<()> {
        let missing = self.keys().into_iter().map(Expr::is_null).reduce(Expr::or).unwrap_or_else(|| lit(false));
        let found = self.collect(self.came.clone().filter(missing).select([column(CAME)]))?;
        if found.height() == 0 {
            return Ok(());
        }
        let mut rows = numbers(&found, CAME)?;
        rows.sort_unstable();
        let shown: Vec<String> = rows.iter().take(5).map(|row| (u64::from(*row) + 1).to_string()).collect();
        let more = if rows.len() > shown.len() { " and more" } else { "" };
        Err(Error::invalid(format!(
            "{} of the rows that came have no value in the key ({}): row {}{more}. Nothing was written.",
            rows.len(),
            self.merge.key.join(", "),
            shown.join(", "),
        ))
        .hint("Choose a key that every row has, or have these rows corrected in the source.")
        .field("key"))
    }

    /// Of several rows with one key, all but the newest are [`fate::OLD`].
    fn settle_repeated_keys(&self, came: &mut [u8]) -> Result<()> {
        let last = |frame: LazyFrame| {
            let found = frame.group_by(self.keys()).agg([column(CAME).max()]).select([column(CAME)]);
            numbers(&self.collect(found)?, CAME)
        };
        let mut winners = last(self.came.clone())?;
        if winners.len() == came.len() {
            return Ok(());
        }
        if let Some(newest) = &self.merge.newest_by {
            let (newest, greatest) = (column(new(newest)), "\u{e000}greatest");
            let tops = self.came.clone().group_by(self.keys()).agg([newest.clone().max().alias(greatest)]);
            let keys: Vec<Expr> = self.keys();
            let join = self.came.clone().join_builder().with(tops).how(JoinType::Inner).left_on(&keys).right_on(&keys);
            winners = last(join.finish().filter(newest.eq_missing(column(greatest))))?;
        }
        came.fill(fate::OLD);
        for winner in winners {
            came[winner as usize] = fate::NEW;
        }
        Ok(())
    }

    fn find_deletions(&self, came: &mut [u8]) -> Result<()> {
        let Some(deleted) = self.merge.deleted.as_ref().filter(|_| self.merge.deletes != Deletes::Keep) else {
            return Ok(());
        };
        let name = new(&deleted.column);
        let schema = self.came.clone().collect_schema().map_err(|e| Error::internal("merge the rows", e))?;
        let dtype = schema.get(&name).cloned().unwrap_or(DataType::Boolean);
        let marked = match &deleted.value {
            Some(value) => text(&name, &dtype).eq(lit(value.clone())),
            None if dtype.is_bool() => column(name),
            None => column(name).is_not_null(),
        };
        let found = self.collect(self.came.clone().filter(marked).select([column(CAME)]))?;
        for row in numbers(&found, CAME)? {
            let fate = &mut came[row as usize];
            if *fate == fate::NEW {
                *fate = fate::DELETE;
            }
        }
        Ok(())
    }

    /// Joins the winners with the rows of the table and notes on both sides what follows.
    fn match_rows(&self, came: &mut [u8], partner: &mut [u32], there: &mut [u8], met: &mut [bool]) -> Result<()> {
        let winners: Vec<u8> = came.to_vec();
        let winners = self.came.clone().filter(picked(CAME, Arc::new(winners), &[fate::NEW, fate::DELETE]));
        let mut living = self.there.clone();
        if self.merge.history {
            living = living.filter(column(HISTORY[2]));
        }
        let keys: Vec<Expr> = self.merge.key.iter().map(column).collect();
        let joined = living.join_builder().with(winners).how(JoinType::Inner).left_on(&keys).right_on(self.keys());
        let differs = self.columns.iter().filter(|name| !self.merge.key.contains(name));
        let differs = differs.map(|name| column(name).neq_missing(column(new(name)))).reduce(Expr::or);
        let late = self.merge.newest_by.as_ref().map(|newest| {
            let (old, came) = (column(newest), column(new(newest)));
            old.clone().is_not_null().and(came.clone().is_null().or(old.gt(came)))
        });
        let marks = !self.merge.history && self.merge.deletes == Deletes::Mark;
        let gone = if marks { column(DELETED_AT).is_not_null() } else { lit(false) };
        let flags = [
            differs.unwrap_or_else(|| lit(false)).alias("differs"),
            late.unwrap_or_else(|| lit(false)).fill_null(lit(false)).alias("late"),
            gone.alias("gone"),
        ];
        let found =
            self.collect(joined.finish().select([[column(THERE), column(CAME)].as_slice(), &flags].concat()))?;
        let (rows, partners) = (numbers(&found, CAME)?, numbers(&found, THERE)?);
        let (differs, late, gone) = (truths(&found, "differs")?, truths(&found, "late")?, truths(&found, "gone")?);
        for (at, (row, other)) in rows.iter().zip(&partners).enumerate() {
            let (n, p) = (*row as usize, *other as usize);
            if partner[n] != u32::MAX {
                return Err(self.ambiguous(partner[n], *other));
            }
            partner[n] = *other;
            met[p] = true;
            match came[n] {
                _ if late[at] => came[n] = fate::OLD,
                fate::DELETE if !gone[at] => there[p] = fate::DELETE,
                fate::DELETE => {}
                _ if differs[at] || gone[at] => (came[n], there[p]) = (fate::CHANGE, fate::CHANGE),
                _ => came[n] = fate::SAME,
            }
        }
        Ok(())
    }

    fn ambiguous(&self, a: u32, b: u32) -> Error {
        Error::new(
            Code::InvalidInput,
            format!(
                "Rows {} and {} of {} have the same key ({}), so that it is not clear which one a new row replaces.",
                u64::from(a.min(b)) + 1,
                u64::from(a.max(b)) + 1,
                self.table,
                self.merge.key.join(", ")
            ),
        )
        .hint("Choose a key that names one row, or read everything again with replacing.")
        .field("key")
    }

    /// Keys of the table that a snapshot does not have.
    fn find_vanished(&self, there: &mut [u8], met: &[bool]) -> Result<()> {
        if !self.merge.snapshot || self.merge.deletes == Deletes::Keep {
            return Ok(());
        }
        let living = match (self.merge.history, self.merge.deletes) {
            (true, _) => self.there.clone().filter(column(HISTORY[2])),
            (_, Deletes::Mark) => self.there.clone().filter(column(DELETED_AT).is_null()),
            _ => self.there.clone(),
        };
        for row in numbers(&self.collect(living.select([column(THERE)]))?, THERE)? {
            if !met[row as usize] {
                there[row as usize] = fate::VANISH;
            }
        }
        Ok(())
    }
}

impl Fates {
    /// Whether something happens to one of `rows` of the table.
    pub fn touches(&self, rows: std::ops::Range<u64>) -> bool {
        let at = |row: u64| usize::try_from(row).unwrap_or(usize::MAX).min(self.there.len());
        self.there[at(rows.start)..at(rows.end)].iter().any(|fate| *fate != fate::STAY)
    }

    /// The rows that come and take the place of others or mark them, with the number of that row, ordered by it.
    pub fn patch(&self, meeting: &Meeting) -> LazyFrame {
        let partner = numbered(CAME, Arc::clone(&self.partner)).alias(THERE);
        let wanted = picked(CAME, Arc::clone(&self.came), &[fate::CHANGE, fate::DELETE]);
        let patch = meeting.came.clone().filter(wanted).with_columns([partner]);
        let columns = meeting.columns.iter().map(|name| column(new(name))).chain([column(THERE)]);
        let patch = patch.select(columns.collect::<Vec<_>>()).filter(column(THERE).neq(lit(u32::MAX)));
        patch.sort([THERE], polars::prelude::SortMultipleOptions::default())
    }

    /// Whether rows of the table take values of rows that come.
    pub fn needs_patch(&self, merge: &Merge) -> bool {
        let marks = merge.deletes == Deletes::Mark && merge.newest_by.is_some();
        let takes = |fate: &u8| *fate == fate::CHANGE || (marks && *fate == fate::DELETE);
        !merge.history && self.there.iter().any(takes)
    }

    /// The rows of the table in `frame`, numbered, as they are afterwards, in the columns `target`.
    pub fn rewritten(
        &self,
        frame: LazyFrame,
        patch: Option<LazyFrame>,
        meeting: &Meeting,
        target: &Schema,
    ) -> LazyFrame {
        let merge = meeting.merge;
        let is = |fates: &[u8]| picked(THERE, Arc::clone(&self.there), fates);
        let removes = !merge.history && merge.deletes == Deletes::Remove;
        let mut frame = frame;
        if removes {
            frame = frame.filter(is(&[fate::DELETE, fate::VANISH]).not());
        }
        let patched = patch.is_some();
        if let Some(patch) = patch {
            let on = [column(THERE)];
            let join = frame.join_builder().with(patch).how(JoinType::Left).left_on(&on).right_on(&on);
            frame = join.maintain_order(polars::prelude::MaintainOrderJoin::Left).finish();
        }
        let at = time(merge.at_ms);
        let value = |name: &str| match name {
            DELETED_AT if !merge.history && merge.deletes == Deletes::Mark => when(is(&[fate::DELETE, fate::VANISH]))
                .then(at.clone())
                .when(is(&[fate::CHANGE]))
                .then(missing_time())
                .otherwise(column(name)),
            name if merge.history && name == HISTORY[1] => {
                when(is(&[fate::CHANGE, fate::DELETE, fate::VANISH])).then(at.clone()).otherwise(column(name))
            }
            name if merge.history && name == HISTORY[2] => {
                column(name).and(is(&[fate::CHANGE, fate::DELETE, fate::VANISH]).not())
            }
            name if patched && meeting.columns.iter().any(|known| known == name) => {
                let newest = merge.newest_by.as_deref() == Some(name);
                let fates: &[u8] = if newest { &[fate::CHANGE, fate::DELETE] } else { &[fate::CHANGE] };
                when(is(fates)).then(column(new(name))).otherwise(column(name))
            }
            name => column(name),
        };
        frame.select(target.iter_names().map(|name| value(name).alias(name.clone())).collect::<Vec<_>>())
    }

    /// The rows that are added at the end, in the columns `target`: new keys, and in a history the new states of
    /// changed rows, which keep what the rows that come say nothing of.
    pub fn added(&self, meeting: &Meeting, target: &Schema) -> LazyFrame {
        let history = meeting.merge.history;
        let fates: &[u8] = if history { &[fate::NEW, fate::CHANGE] } else { &[fate::NEW] };
        let mut rows = meeting.came.clone().filter(picked(CAME, Arc::clone(&self.came), fates));
        let comes = |name: &str| meeting.columns.iter().any(|known| known == name);
        let service = |name: &str| meeting.merge.service().iter().any(|(known, _)| *known == name);
        let kept: Vec<&str> = target.iter_names().map(|n| n.as_str()).filter(|n| !comes(n) && !service(n)).collect();
        let carries = history && self.changes.changed > 0 && !kept.is_empty();
        if carries {
            let columns: Vec<Expr> = kept.iter().map(|name| column(*name)).chain([column(THERE)]).collect();
            let changed = picked(THERE, Arc::clone(&self.there), &[fate::CHANGE]);
            let before = meeting.there.clone().select(columns).filter(changed);
            rows = rows.with_columns([numbered(CAME, Arc::clone(&self.partner)).alias(THERE)]);
            let on = [column(THERE)];
            let join = rows.join_builder().with(before).how(JoinType::Left).left_on(&on).right_on(&on);
            rows = join.maintain_order(polars::prelude::MaintainOrderJoin::Left).finish();
        }
        let value = |(name, dtype): (&polars::prelude::PlSmallStr, &DataType)| {
            let value = match name.as_str() {
                known if comes(known) => column(new(known)),
                known if history && known == HISTORY[0] => time(meeting.merge.at_ms),
                known if history && known == HISTORY[2] => lit(true),
                known if carries && kept.contains(&known) => column(known),
                _ => lit(polars::prelude::NULL).cast(dtype.clone()),
            };
            value.alias(name.clone())
        };
        rows.select(target.iter().map(value).collect::<Vec<_>>())
    }
}

/// The rows that come as a [`Meeting`] has them: `frame` with the expressions of its columns.
pub(crate) fn numbered_came(
    frame: LazyFrame,
    columns: &[(polars::prelude::PlSmallStr, Expr)],
    progress: &Progress,
) -> LazyFrame {
    let columns = columns.iter().map(|(name, expression)| expression.clone().alias(new(name)));
    watched(frame.select(columns.collect::<Vec<_>>()).with_row_index(CAME, None), progress)
}

/// The rows of the table from the row `first` on as a [`Meeting`] has them.
pub(crate) fn numbered_there(frame: LazyFrame, first: u32, progress: &Progress) -> LazyFrame {
    watched(frame.with_row_index(THERE, Some(first)), progress)
}

/// The part of a patch, stored in `files`, for `rows` of the table.
pub(crate) fn patch_for(patch: LazyFrame, rows: std::ops::Range<u64>) -> LazyFrame {
    let bound = |row: u64| lit(u32::try_from(row).unwrap_or(u32::MAX));
    patch.filter(column(THERE).gt_eq(bound(rows.start)).and(column(THERE).lt(bound(rows.end))))
}

/// How a table without history columns begins one: all its rows are current.
pub(crate) fn first_current(name: &str, dtype: &DataType) -> Expr {
    let value = if name == HISTORY[2] { lit(true) } else { lit(polars::prelude::NULL).cast(dtype.clone()) };
    value.alias(name)
}

fn time(at_ms: i64) -> Expr {
    lit(at_ms.saturating_mul(1000)).cast(DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)))
}

fn missing_time() -> Expr {
    lit(polars::prelude::NULL).cast(DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)))
}

/// Whether the fate of the row that the column `number` names is one of `wanted`.
fn picked(number: &'static str, fates: Arc<Vec<u8>>, wanted: &[u8]) -> Expr {
    let wanted = wanted.to_vec();
    column(number).map(
        move |numbers| {
            let is = |row: u32| fates.get(row as usize).is_some_and(|fate| wanted.contains(fate));
            let found: BooleanChunked = numbers.idx()?.iter().map(|row| row.is_some_and(is)).collect();
            Ok(found.into_column().with_name(number.into()))
        },
        move |_, _| Ok(polars::prelude::Field::new(number.into(), DataType::Boolean)),
    )
}

/// The number that belongs to the row that the column `number` names.
fn numbered(number: &'static str, others: Arc<Vec<u32>>) -> Expr {
    column(number).map(
        move |numbers| {
            let other = |row: u32| others.get(row as usize).copied().unwrap_or(u32::MAX);
            let found: IdxCa = numbers.idx()?.iter().map(|row| row.map(other)).collect();
            Ok(found.into_column().with_name(number.into()))
        },
        move |_, _| Ok(polars::prelude::Field::new(number.into(), polars::prelude::IDX_DTYPE)),
    )
}

fn numbers(frame: &DataFrame, name: &str) -> Result<Vec<u32>> {
    let found = frame.column(name).and_then(|column| Ok(column.idx()?.iter().flatten().collect()));
    found.map_err(|e| Error::internal("merge the rows", e))
}

fn truths(frame: &DataFrame, name: &str) -> Result<Vec<bool>> {
    let found =
        frame.column(name).and_then(|column| Ok(column.bool()?.iter().map(Option::unwrap_or_default).collect()));
    found.map_err(|e| Error::internal("merge the rows", e))
}

fn first(frame: &DataFrame) -> u64 {
    frame.columns().first().and_then(|column| column.u64().ok()?.get(0)).unwrap_or_default()
}
