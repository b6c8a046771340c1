//! The comparison of what was sent with what is there: rows, and for each column measures that both sides compute alike.
//! Where keys name rows and something differs, the keys that do.

use std::sync::atomic::AtomicU64;

use polars::prelude::*;
use pulse_core::{Error, Progress, Result};

use super::super::settings::Settings;
use super::super::sql;
use super::digest::digest;
use super::form::Target;
use super::link::Link;
use super::load::Load;
use super::measure::{self, Measure};
use super::plan::{Path, Plan};
use super::stage::Stage;
use super::types::{self, Fit};
use super::watermark::Watermark;
use crate::destination::{Comparison, Journal, Receipt, SyncMode, Verification};
use crate::outgoing::{Outgoing, OutgoingColumn, Ranges, Rows};

/// Keys that are shown of those that differ.
const SHOWN: usize = 20;
/// What is being done, for errors: "Could not …".
const ATTEMPT: &str = "compare the target with what was sent";
/// The number of a row; no column has such a name.
const NUMBER: &str = "\u{e000}number";

/// Compares the target with the rows that were delivered to it.
pub(super) fn verify(
    settings: &Settings,
    target: &Target,
    outgoing: &Outgoing,
    progress: &Progress,
) -> Result<Verification> {
    let link = Link::open(settings, &settings.application_name, progress)?;
    let mut plan = Plan::new(&link, target, outgoing, true)?;
    plan.path = Path::Into;
    let mark = Watermark::read(&link, &plan)?.filter(|mark| mark.run == outgoing.run);
    let (Some(mark), Some(table)) = (mark, &plan.existing) else {
        let note =
            format!("{} holds no rows of this run: another one came in between, or it was dropped.", target.title());
        return Ok(Verification { note, ..Verification::default() });
    };
    let fits = plan.fits(&table.columns)?;
    let puts: Vec<_> = mark.delivered.within(&(0..outgoing.rows.count())).collect();
    let rows = delivered(outgoing, &puts)?;
    link.run("BEGIN ISOLATION LEVEL REPEATABLE READ", ATTEMPT)?;
    let work = Work { settings, link: &link, plan: &plan, fits: &fits, digests: digests(&link)?, rows };
    let (from, mut note) = work.from(&mark)?;
    let mut comparisons =
        vec![Comparison { name: "Rows".into(), here: work.rows.count().to_string(), there: String::new() }];
    comparisons.extend(work.measured(&from)?);
    // The first measure at the target is the count of its rows.
    if let Some(counted) = comparisons.pop() {
        comparisons[0].there = counted.there;
    }
    comparisons.extend(work.still_there()?);
    let mut verification = Verification { comparisons, differing: Vec::new(), note: String::new() };
    let keyed = outgoing.mode.needs_key() || outgoing.mode == SyncMode::Replace && !outgoing.key.is_empty();
    if keyed && !verification.matched() {
        verification.differing = work.differing(&from)?;
        note.push_str(if verification.differing.len() == SHOWN {
            " More keys than those shown may differ."
        } else {
            ""
        });
    }
    link.run("ROLLBACK", ATTEMPT)?;
    note.insert_str(0, &work.only_counted());
    verification.note = note.trim().to_owned();
    Ok(verification)
}

/// Whether the server makes the same numbers of texts as [`super::digest`] does.
fn digests(link: &Link) -> Result<bool> {
    let text = "Cloud Pulse";
    let asked = format!("SELECT pg_catalog.hashtextextended({} COLLATE \"C\", 0)", sql::literal(text));
    let rows = link.query(&asked, &[], ATTEMPT)?;
    Ok(rows.first().is_some_and(|row| row.get::<_, i64>(0) == digest(text.as_bytes()).cast_signed()))
}

/// The rows that were delivered.
fn delivered(outgoing: &Outgoing, puts: &[std::ops::Range<u64>]) -> Result<Rows> {
    let delivered = Ranges::of(puts.iter().cloned());
    let refused = Ranges::all(outgoing.rows.count()).without(&delivered);
    if refused.is_empty() {
        return Ok(outgoing.rows.clone());
    }
    let numbers: Vec<u64> = refused.iter().cloned().flatten().collect();
    let numbers = DataFrame::new(numbers.len(), vec![Column::new(NUMBER.into(), numbers)]);
    let numbers = numbers.map_err(|cause| Error::internal(ATTEMPT, cause))?.lazy();
    let numbered = outgoing.rows.frame().with_row_index(NUMBER, None).with_column(col(NUMBER).cast(DataType::UInt64));
    let names: Vec<_> = outgoing.columns.iter().map(|column| Expr::Column(column.name.as_str().into())).collect();
    let kept = numbered.join(numbers, [col(NUMBER)], [col(NUMBER)], JoinArgs::new(JoinType::Anti)).select(names);
    Ok(Rows::new(kept, delivered.count()))
}

struct Work<'a> {
    settings: &'a Settings,
    link: &'a Link<'a>,
    plan: &'a Plan<'a>,
    fits: &'a [(String, Fit)],
    /// Whether the server's digests of texts are like ours.
    digests: bool,
    /// The rows that were delivered.
    rows: Rows,
}

impl Work<'_> {
    /// What stands behind FROM for the rows of this run at the target, called `t`, and what to know about it.
    fn from(&self, mark: &Watermark) -> Result<(String, String)> {
        let target = self.plan.target.quoted();
        Ok(match self.plan.outgoing.mode {
            SyncMode::Replace | SyncMode::Mirror => (format!("{target} t"), String::new()),
            SyncMode::Append if mark.transactions.is_empty() => (format!("{target} t"), String::new()),
            SyncMode::Append => {
                // Rows that a transaction wrote bear its number, or that of one of its parts; ages are those numbers
                // counted back from now.
                let age = |xid: &u64| format!("pg_catalog.age('{}'::xid)", xid & 0xffff_ffff);
                let one = |(first, last): &(u64, u64)| {
                    format!("pg_catalog.age(t.xmin) BETWEEN {} AND {}", age(last), age(first))
                };
                let ours = mark.transactions.iter().map(one).collect::<Vec<_>>().join(" OR ");
                let others =
                    self.link.query(&format!("SELECT count(*) FROM {target} t WHERE NOT ({ours})"), &[], ATTEMPT)?;
                let others: i64 = others.first().map_or(0, |row| row.get(0));
                let note = if others == 0 {
                    String::new()
                } else {
                    format!(" {others} other rows are there and are not compared.")
                };
                (format!("(SELECT * FROM {target} t WHERE {ours}) t"), note)
            }
            SyncMode::Incremental if self.plan.outgoing.deleted.is_none() => (format!("{target} t"), String::new()),
            SyncMode::Upsert | SyncMode::Incremental => {
                let keys = self.staged("cloud_pulse_keys", &self.plan.outgoing.key)?;
                let note = " Only rows whose keys were sent are compared.".to_owned();
                (
                    format!(
                        "(SELECT t.* FROM {target} t WHERE EXISTS (SELECT 1 FROM {keys} s WHERE {})) t",
                        self.same_key()
                    ),
                    note,
                )
            }
        })
    }

    /// What is not compared in full, as a sentence.
    fn only_counted(&self) -> String {
        let counted = |((name, fit), sent): &(&(String, Fit), &OutgoingColumn)| {
            let column = self.plan.existing.as_ref().and_then(|table| table.column(name));
            fit.nested || column.is_some_and(|column| measure::measures(sent, fit, column, self.digests).len() < 2)
        };
        let all = self.fits.iter().zip(&self.plan.outgoing.columns);
        let names: Vec<_> = all.filter(counted).map(|((name, _), _)| format!("`{name}`")).collect();
        if names.is_empty() {
            return String::new();
        }
        format!("Of {} only the values that are there were counted.", names.join(", "))
    }

    /// The measures of every column on both sides; the count of rows at the target comes last.
    fn measured(&self, from: &str) -> Result<Vec<Comparison>> {
        let (mut all, mut passes): (Vec<Measure>, Vec<Vec<Expr>>) = (Vec::new(), Vec::new());
        for ((name, fit), sent) in self.fits.iter().zip(&self.plan.outgoing.columns) {
            let column = self.plan.existing.as_ref().and_then(|table| table.column(name));
            let measures = column.map_or_else(Vec::new, |column| measure::measures(sent, fit, column, self.digests));
            let named = |(at, measure): (usize, &Measure)| measure.here.clone().alias(at.to_string());
            passes.push(measures.iter().enumerate().map(named).collect());
            all.extend(measures);
        }
        let mut there: Vec<_> = all.iter().map(|measure| format!("({})::text", measure.there)).collect();
        there.push("count(*)::text".into());
        let rows = self.rows.frame();
        // Columns are read one after the other: what is read ahead of all of them would fill the memory.
        let count = move || {
            let mut found: Vec<Column> = Vec::new();
            for pass in passes.into_iter().filter(|pass| !pass.is_empty()) {
                let one = rows.clone().select(pass).collect_with_engine(Engine::Streaming)?.unwrap_single();
                found.extend(one.columns().iter().cloned());
            }
            PolarsResult::Ok(found)
        };
        // Both sides read all rows, the one while the other does.
        let (here, words) = std::thread::scope(|scope| {
            let counting = scope.spawn(count);
            let words = self.asked(&there, from);
            (counting.join(), words)
        });
        let here = here.map_err(|_| Error::internal(ATTEMPT, "a thread ended"))?;
        let here = here.map_err(|cause| Error::internal(ATTEMPT, cause))?;
        let mut words = words?;
        let word = |word: Option<String>| word.unwrap_or_else(|| "none".into());
        let count = word(words.pop().flatten());
        let mut found = Vec::new();
        for ((measure, column), there) in all.iter().zip(&here).zip(words) {
            found.push(Comparison {
                name: measure.name.clone(),
                here: measure::text(column)?.unwrap_or_else(|| "none".into()),
                there: word(there),
            });
        }
        found.push(Comparison { name: String::new(), here: String::new(), there: count });
        Ok(found)
    }

    /// What the target answers to aggregates over `from`, as texts.
    fn asked(&self, aggregates: &[String], from: &str) -> Result<Vec<Option<String>>> {
        let mut words = Vec::new();
        // A statement has 1664 columns at most.
        for part in aggregates.chunks(800) {
            let rows = self.link.query(&format!("SELECT {} FROM {from}", part.join(", ")), &[], ATTEMPT)?;
            words.extend((0..part.len()).map(|at| rows.first().and_then(|row| row.get::<_, Option<String>>(at))));
        }
        Ok(words)
    }

    /// How many of the rows that were deleted are there nevertheless; nothing where none was.
    fn still_there(&self) -> Result<Option<Comparison>> {
        let Some(deleted) = &self.plan.outgoing.deleted else { return Ok(None) };
        if deleted.count() == 0 {
            return Ok(None);
        }
        let gone = Self { rows: deleted.clone(), ..*self };
        let keys = gone.staged("cloud_pulse_gone", &self.plan.outgoing.key)?;
        // A key that is put again in the same run is there.
        let put = format!("SELECT 1 FROM pg_temp.cloud_pulse_keys s WHERE {}", self.same_key());
        let query = format!(
            "SELECT count(*)::text FROM {} t WHERE EXISTS (SELECT 1 FROM {keys} s WHERE {}) AND NOT EXISTS ({put})",
            self.plan.target.quoted(),
            self.same_key()
        );
        let rows = self.link.query(&query, &[], ATTEMPT)?;
        let there = rows.first().map_or_else(String::new, |row| row.get(0));
        Ok(Some(Comparison { name: "Deleted rows that are there".into(), here: "0".into(), there }))
    }

    /// Some keys whose rows are not the same on both sides.
    fn differing(&self, from: &str) -> Result<Vec<String>> {
        let all: Vec<String> = self.plan.outgoing.columns.iter().map(|column| column.name.clone()).collect();
        let staged = self.staged("cloud_pulse_all", &all)?;
        let names: Vec<_> = self.plan.names();
        let table = self.plan.existing.as_ref();
        let cast = |name: &String| {
            let word = table.and_then(|table| table.column(name)).map_or("text", |column| &column.type_name);
            format!("s.{}::{word}", sql::name(name))
        };
        let new: Vec<_> = all.iter().map(cast).collect();
        let old: Vec<_> = names.iter().map(|name| format!("t.{name}")).collect();
        let key =
            self.plan.outgoing.key.iter().map(|name| format!("coalesce(s.{0}::text, t.{0}::text)", sql::name(name)));
        let shown = key.collect::<Vec<_>>().join(" || ', ' || ");
        let first = sql::name(&self.plan.outgoing.key[0]);
        let query = format!(
            "SELECT {shown} || CASE WHEN t.{first} IS NULL THEN ' (missing there)' WHEN s.{first} IS NULL THEN ' (only there)' \
             ELSE ' (differs)' END FROM {staged} s FULL JOIN {from} ON {} \
             WHERE t.{first} IS NULL OR s.{first} IS NULL OR ROW({})::record *<> ROW({})::record ORDER BY 1 LIMIT {SHOWN}",
            self.same_key(),
            old.join(", "),
            new.join(", ")
        );
        let rows = self.link.query(&query, &[], ATTEMPT)?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// The condition that a staged key is that of a row; both sides as the target has them.
    fn same_key(&self) -> String {
        let table = self.plan.existing.as_ref();
        let key = self.plan.outgoing.key.iter().filter_map(|name| table.and_then(|table| table.column(name)));
        let same: Vec<_> =
            key.map(|column| format!("s.{0}::{1} = t.{0}", sql::name(&column.name), column.plain_type)).collect();
        same.join(" AND ")
    }

    /// Sends some columns of the rows once more, into a table that only this session sees.
    fn staged(&self, name: &str, columns: &[String]) -> Result<String> {
        let sent = || self.plan.outgoing.columns.iter().filter(|column| columns.contains(&column.name));
        let word =
            |column: &crate::outgoing::OutgoingColumn| types::natural(&column.dtype).unwrap_or_else(|| "text".into());
        let described: Vec<_> = sent().map(|column| format!("{} {}", sql::name(&column.name), word(column))).collect();
        let table = format!("pg_temp.{name}");
        self.link
            .count(&format!("CREATE TEMPORARY TABLE {name} ({}) ON COMMIT DROP", described.join(", ")), ATTEMPT)?;
        let oid = self.link.query("SELECT $1::text::regclass::oid", &[&table], ATTEMPT)?;
        let shape = super::shape::columns(self.link, oid.first().map_or(0, |row| row.get(0)))?;
        let fit = |column: &crate::outgoing::OutgoingColumn| {
            let shape = shape.iter().find(|shape| shape.name == column.name);
            let fit = shape.and_then(|shape| types::fit(&column.name, &column.dtype, shape).ok());
            fit.map(|fit| (column.name.clone(), Fit { checks: Vec::new(), nested: false, ..fit }))
        };
        let fits: Vec<_> = sent().filter_map(fit).collect();
        let stage = Stage { table: table.clone(), done: String::new(), fits, own: None };
        let select: Vec<_> = stage.fits.iter().map(|(name, _)| Expr::Column(name.as_str().into())).collect();
        let rows = Rows::new(self.rows.frame().select(select), self.rows.count());
        let outgoing = Outgoing { rows, deleted: None, ..self.plan.outgoing.narrowed(Ranges::all(self.rows.count())) };
        let progress = self.link.progress;
        let load = Load {
            settings: self.settings,
            name: "",
            stage: &stage,
            key: &[],
            journal: &Nothing,
            progress,
            bytes: AtomicU64::new(0),
        };
        load.within(self.link, &outgoing)?;
        self.link.run(&format!("ANALYZE {table}"), ATTEMPT)?;
        Ok(table)
    }
}

/// Keeps nothing: rows that are only compared have their receipts.
struct Nothing;

impl Journal for Nothing {
    fn note(&self, _: &[Receipt], _: Option<&serde_json::Value>) -> Result<()> {
        Ok(())
    }
}
