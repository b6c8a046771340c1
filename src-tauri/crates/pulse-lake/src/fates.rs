//! What happens to every row of a merge, and the rows that come of it.
//!
//! Every file of the table that holds a touched row is copied with its rows in place (copy on write); new rows go into
//! new files.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{
    BooleanChunked, DataType, Expr, Field, IDX_DTYPE, IdxCa, IntoColumn as _, JoinType, LazyFrame, MaintainOrderJoin,
    NULL, PlSmallStr, Schema, SortMultipleOptions, TimeUnit, TimeZone, lit, when,
};

use crate::meet::{CAME, Meeting, THERE, new};
use crate::merge::{Changes, DELETED_AT, Deletes, HISTORY, Merge};
use crate::types::column;

/// What happens to a row that comes.
pub(crate) mod fate {
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

/// What happens to every row.
pub(crate) struct Fates {
    /// By the number of the row that comes.
    pub came: Arc<Vec<u8>>,
    /// The row of the table that belongs to it.
    pub partner: Arc<Vec<u32>>,
    /// By the number of the row in the table.
    pub there: Arc<Vec<u8>>,
    pub changes: Changes,
}

impl Fates {
    /// Whether something happens to one of `rows` of the table.
    pub fn touches(&self, rows: Range<u64>) -> bool {
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
        patch.sort([THERE], SortMultipleOptions::default())
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
            frame = join.maintain_order(MaintainOrderJoin::Left).finish();
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
            rows = join.maintain_order(MaintainOrderJoin::Left).finish();
        }
        let value = |(name, dtype): (&PlSmallStr, &DataType)| {
            let value = match name.as_str() {
                known if comes(known) => column(new(known)),
                known if history && known == HISTORY[0] => time(meeting.merge.at_ms),
                known if history && known == HISTORY[2] => lit(true),
                known if carries && kept.contains(&known) => column(known),
                _ => lit(NULL).cast(dtype.clone()),
            };
            value.alias(name.clone())
        };
        rows.select(target.iter().map(value).collect::<Vec<_>>())
    }
}

/// The part of a patch, stored in `files`, for `rows` of the table.
pub(crate) fn patch_for(patch: LazyFrame, rows: Range<u64>) -> LazyFrame {
    let bound = |row: u64| lit(u32::try_from(row).unwrap_or(u32::MAX));
    patch.filter(column(THERE).gt_eq(bound(rows.start)).and(column(THERE).lt(bound(rows.end))))
}

fn time(at_ms: i64) -> Expr {
    lit(at_ms.saturating_mul(1000)).cast(DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)))
}

fn missing_time() -> Expr {
    lit(NULL).cast(DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)))
}

/// Whether the fate of the row that the column `number` names is one of `wanted`.
pub(crate) fn picked(number: &'static str, fates: Arc<Vec<u8>>, wanted: &[u8]) -> Expr {
    let wanted = wanted.to_vec();
    column(number).map(
        move |numbers| {
            let is = |row: u32| fates.get(row as usize).is_some_and(|fate| wanted.contains(fate));
            let found: BooleanChunked = numbers.idx()?.iter().map(|row| row.is_some_and(is)).collect();
            Ok(found.into_column().with_name(number.into()))
        },
        move |_, _| Ok(Field::new(number.into(), DataType::Boolean)),
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
        move |_, _| Ok(Field::new(number.into(), IDX_DTYPE)),
    )
}
