//! Which rows that come and which rows of the table belong together, and what follows for each.
//!
//! The rows that come are numbered, and so are those of the table; streamed joins of the two find which belong together
//! and whether they differ. What happens to a row is then one byte. Rows of the same key are compared by the columns that
//! came, missing equals missing, NaN equals NaN.

use std::sync::Arc;

use polars::prelude::{DataFrame, DataType, Expr, JoinBuildSide, JoinType, LazyFrame, PlSmallStr, lit};
use pulse_core::{Code, Error, Progress, Result, TableName};

use crate::fates::{Fates, fate, picked};
use crate::files::{collect, watched};
use crate::merge::{Changes, DELETED_AT, Deletes, HISTORY, Merge};
use crate::text::text;
use crate::types::column;

/// The number of a row that comes, and of a row in the table. No file has such column names.
pub(crate) const CAME: &str = "\u{e000}came";
pub(crate) const THERE: &str = "\u{e000}there";

/// The name of a column of the rows that come, beside the table's column of the same name.
pub(crate) fn new(name: &str) -> String {
    format!("\u{e001}{name}")
}

/// How many values of the rows that come are held in memory at once to be compared with the table's; few in tests, so
/// that they see more than one part.
const VALUES_AT_ONCE: usize = if cfg!(test) { 12 } else { 32_000_000 };

/// The rows of a merge: those that come, numbered and under [`new`] names, and those of the table, numbered.
pub(crate) struct Meeting<'a> {
    pub table: &'a TableName,
    pub merge: &'a Merge,
    /// The columns that come.
    pub columns: Vec<String>,
    pub came: LazyFrame,
    /// Of the table's rows, all that a key which comes can belong to; all rows if what does not come was deleted.
    pub there: LazyFrame,
    /// How many rows the table has.
    pub rows: u64,
    pub progress: &'a Progress,
}

/// A row that comes and the row of the table with its key.
struct Pair {
    came: u32,
    there: u32,
    differs: bool,
    /// Whether the table's row is newer.
    is_late: bool,
    /// Whether the table's row is marked as deleted.
    is_gone: bool,
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

    /// Joins the winners with the rows of the table, some at a time, and notes on both sides what follows.
    fn match_rows(&self, came: &mut [u8], partner: &mut [u32], there: &mut [u8], met: &mut [bool]) -> Result<()> {
        let winners = Arc::new(came.to_vec());
        let winners = self.came.clone().filter(picked(CAME, winners, &[fate::NEW, fate::DELETE]));
        let step = (VALUES_AT_ONCE / self.columns.len().max(1)).max(1);
        for from in (0..came.len()).step_by(step) {
            let bound = |row: usize| lit(u32::try_from(row).unwrap_or(u32::MAX));
            let part = column(CAME).gt_eq(bound(from)).and(column(CAME).lt(bound(from + step)));
            let part = if step < came.len() { winners.clone().filter(part) } else { winners.clone() };
            for pair in self.pairs(part)? {
                let (n, p) = (pair.came as usize, pair.there as usize);
                if partner[n] != u32::MAX {
                    return Err(self.ambiguous(partner[n], pair.there));
                }
                partner[n] = pair.there;
                met[p] = true;
                match came[n] {
                    _ if pair.is_late => came[n] = fate::OLD,
                    fate::DELETE if !pair.is_gone => there[p] = fate::DELETE,
                    fate::DELETE => {}
                    _ if pair.differs || pair.is_gone => (came[n], there[p]) = (fate::CHANGE, fate::CHANGE),
                    _ => came[n] = fate::SAME,
                }
            }
        }
        Ok(())
    }

    /// The rows of the table that have the keys of `winners`, which are held in memory.
    fn pairs(&self, winners: LazyFrame) -> Result<Vec<Pair>> {
        let mut living = self.there.clone();
        if self.merge.history {
            living = living.filter(column(HISTORY[2]));
        }
        let keys: Vec<Expr> = self.merge.key.iter().map(column).collect();
        let join = living.join_builder().with(winners).how(JoinType::Inner).left_on(&keys).right_on(self.keys());
        let joined = join.build_side(Some(JoinBuildSide::PreferRight)).finish();
        let differs = self.columns.iter().filter(|name| !self.merge.key.contains(name));
        let differs = differs.map(|name| column(name).neq_missing(column(new(name)))).reduce(Expr::or);
        let late = self.merge.newest_by.as_ref().map(|newest| {
            let (old, came) = (column(newest), column(new(newest)));
            old.clone().is_not_null().and(came.clone().is_null().or(old.gt(came)))
        });
        let marks = !self.merge.history && self.merge.deletes == Deletes::Mark;
        let gone = if marks { column(DELETED_AT).is_not_null() } else { lit(false) };
        let found = self.collect(joined.select([
            column(THERE),
            column(CAME),
            differs.unwrap_or_else(|| lit(false)).alias("differs"),
            late.unwrap_or_else(|| lit(false)).fill_null(lit(false)).alias("late"),
            gone.alias("gone"),
        ]))?;
        let (there, came) = (numbers(&found, THERE)?, numbers(&found, CAME)?);
        let (differs, late, gone) = (truths(&found, "differs")?, truths(&found, "late")?, truths(&found, "gone")?);
        let pair = |at: usize| Pair {
            there: there[at],
            came: came[at],
            differs: differs[at],
            is_late: late[at],
            is_gone: gone[at],
        };
        Ok((0..there.len()).map(pair).collect())
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
        if !self.merge.vanishes() {
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

/// The rows that come as a [`Meeting`] has them: `frame` with the expressions of its columns.
pub(crate) fn numbered_came(frame: LazyFrame, columns: &[(PlSmallStr, Expr)], progress: &Progress) -> LazyFrame {
    let columns = columns.iter().map(|(name, expression)| expression.clone().alias(new(name)));
    watched(frame.select(columns.collect::<Vec<_>>()).with_row_index(CAME, None), progress)
}

/// The rows of the table from the row `first` on as a [`Meeting`] has them.
pub(crate) fn numbered_there(frame: LazyFrame, first: u32, progress: &Progress) -> LazyFrame {
    watched(frame.with_row_index(THERE, Some(first)), progress)
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

/// The number in the one cell of `frame`.
pub(crate) fn first(frame: &DataFrame) -> u64 {
    frame.columns().first().and_then(|column| column.u64().ok()?.get(0)).unwrap_or_default()
}
