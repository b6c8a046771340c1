//! The table that rows are loaded into, and which rows are in it already.
//!
//! Each chunk of rows is committed together with the numbers of its rows, so that after an interruption loading goes on
//! where it was. A table that becomes the target is logged as every other; one whose rows are copied on is not, and if the
//! server crashes both it and its list of rows are empty.

use pulse_core::Result;

use super::super::sql;
use super::link::Link;
use super::plan::{Path, Plan};
use super::shape::Table;
use super::types::Fit;
use crate::outgoing::Ranges;

/// What a row in a staging table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To be put into the target.
    Put = 0,
    /// To be deleted there.
    Delete = 1,
    /// Only its key: a row that was refused keeps its older state.
    Keep = 2,
}

/// A staging table.
pub(super) struct Stage {
    /// Its name, as SQL has it.
    pub table: String,
    /// The name of the list of rows that are in it, as SQL has it.
    pub done: String,
    /// How each column is sent.
    pub fits: Vec<(String, Fit)>,
    /// The columns with a row's number and its [`Kind`]; nothing where the table becomes the target.
    pub own: Option<(String, String)>,
}

impl Stage {
    /// The staging table of this run, made if it is not there; those of earlier runs are dropped.
    pub fn open(link: &Link, plan: &Plan) -> Result<Self> {
        let (name, done) = plan.stage();
        drop_stale(link, plan, &[&name, &done])?;
        let (table, done_table) = (plan.quoted(&name), plan.quoted(&done));
        if Table::find(link, &plan.target.schema, &name)?.is_none() {
            let unlogged = if plan.path == Path::Beside { "" } else { "UNLOGGED " };
            link.run("BEGIN READ WRITE", "begin to write")?;
            link.count(&create(plan, &table)?, "create a table to load the rows into")?;
            let list = format!("CREATE {unlogged}TABLE {done_table} (first bigint NOT NULL, past bigint NOT NULL)");
            link.run(&format!("{list}; COMMIT"), "create a table to load the rows into")?;
        }
        Self::known(link, plan)
    }

    /// The staging table, which is there.
    pub fn known(link: &Link, plan: &Plan) -> Result<Self> {
        let (name, done) = plan.stage();
        let columns = plan.columns_of(link, &name)?;
        let mut fits = plan.fits(&columns)?;
        let own = own(plan);
        if let Some(table) = plan.existing.as_ref().filter(|_| own.is_some()) {
            // Values are loaded as they are, and looked at as the target will.
            for ((_, fit), (_, wanted)) in fits.iter_mut().zip(plan.fits(&table.columns)?) {
                fit.checks = wanted.checks;
            }
        }
        Ok(Self { table: plan.quoted(&name), done: plan.quoted(&done), fits, own })
    }

    /// The rows that are in it. Waits for what an earlier attempt is still writing there.
    pub fn loaded(&self, link: &Link) -> Result<Ranges> {
        let attempt = "see which rows were loaded already";
        link.run(
            &format!("BEGIN; SET LOCAL lock_timeout = '30s'; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", self.table),
            attempt,
        )
        .inspect_err(|_| drop(link.run("ROLLBACK", attempt)))?;
        let rows = link.query(&format!("SELECT first, past FROM {}", self.done), &[], attempt)?;
        link.run("COMMIT", attempt)?;
        let number = |row: &tokio_postgres::Row, at| u64::try_from(row.get::<_, i64>(at)).unwrap_or_default();
        Ok(Ranges::of(rows.iter().map(|row| number(row, 0)..number(row, 1))))
    }

    /// The columns of a COPY into it: those named, and its own.
    pub fn copy(&self, columns: &[(String, Fit)]) -> String {
        let own = self.own.iter().flat_map(|(number, kind)| [number, kind]);
        let names: Vec<_> = columns.iter().map(|(name, _)| name).chain(own).map(|name| sql::name(name)).collect();
        format!("COPY {} ({}) FROM STDIN (FORMAT binary)", self.table, names.join(", "))
    }

    /// Drops it, as part of a transaction.
    pub fn drop_statement(&self) -> String {
        format!("DROP TABLE IF EXISTS {}, {}", self.table, self.done)
    }
}

/// The names of a staging table's own columns.
pub(super) fn own(plan: &Plan) -> Option<(String, String)> {
    (plan.path == Path::Into).then(|| (plan.own_column("cloud_pulse_row"), plan.own_column("cloud_pulse_kind")))
}

/// The statement that makes the staging table.
pub(super) fn create(plan: &Plan, table: &str) -> Result<String> {
    let Some((number, kind)) = own(plan) else { return plan.create_as(table) };
    let columns: Vec<_> = plan.natural().iter().map(|(name, word)| format!("{} {word}", sql::name(name))).collect();
    let (number, kind) = (sql::name(&number), sql::name(&kind));
    Ok(format!("CREATE UNLOGGED TABLE {table} ({}, {number} bigint, {kind} smallint)", columns.join(", ")))
}

fn drop_stale(link: &Link, plan: &Plan, keep: &[&str]) -> Result<()> {
    let attempt = "remove what an earlier run left";
    let stale = link.query(
        "SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1::text AND c.relkind = 'r' AND pg_catalog.starts_with(c.relname::text, $2::text)",
        &[&plan.target.schema, &plan.stages()],
        attempt,
    )?;
    for name in stale.iter().map(|row| row.get::<_, String>(0)).filter(|name| !keep.contains(&name.as_str())) {
        link.run(&format!("DROP TABLE IF EXISTS {}", plan.quoted(&name)), attempt)?;
    }
    Ok(())
}
