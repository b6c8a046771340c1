//! What the target itself remembers of each sync: the last run that was committed, and which of its rows.
//!
//! The row is written in the transaction that makes the rows visible. Whatever happens to this program, it tells whether
//! that transaction was committed.

use pulse_core::Result;
use tokio_postgres::Row;

use super::super::sql;
use super::link::{Failure, Link};
use super::plan::Plan;
use super::shape::Table;
use crate::outgoing::Ranges;

/// The table that holds them, in the target's schema.
pub(super) const TABLE: &str = "cloud_pulse_syncs";

/// What is remembered of a sync.
#[derive(Clone, Debug, Default)]
pub(super) struct Watermark {
    pub run: String,
    pub sequence: u64,
    /// The rows of the run that were put or deleted.
    pub delivered: Ranges,
    /// The transactions that put them, each with its last part; nothing where they are the whole table.
    pub transactions: Vec<(u64, u64)>,
    /// The last of them.
    pub last: u64,
    /// When that was, in words.
    pub at: String,
}

impl Watermark {
    /// What is remembered of the sync; nothing before its first run.
    pub fn read(link: &Link, plan: &Plan) -> Result<Option<Self>> {
        if Table::find(link, &plan.target.schema, TABLE)?.is_none() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT run, sequence, delivered, transactions, xmin::text::bigint, at::text FROM {} WHERE sync = $1 AND target = $2",
            plan.quoted(TABLE)
        );
        let rows = link.query(&sql, &[&plan.outgoing.sync, &plan.target.table], "look up what was sent before")?;
        let number = |row: &Row, at| u64::try_from(row.get::<_, i64>(at)).unwrap_or_default();
        Ok(rows.first().map(|row| {
            let last = number(row, 4);
            let mut transactions: Vec<_> = pairs(row.get(3)).collect();
            // The row itself was written by the last part of the last one.
            if let Some((_, end)) = transactions.last_mut() {
                *end = last;
            }
            let delivered = Ranges::of(pairs(row.get(2)).map(|(start, end)| start..end));
            Self { run: row.get(0), sequence: number(row, 1), delivered, transactions, last, at: row.get(5) }
        }))
    }

    /// Makes the table if it is not there.
    pub fn prepare(link: &Link, plan: &Plan) -> Result<()> {
        if Table::find(link, &plan.target.schema, TABLE)?.is_some() {
            return Ok(());
        }
        let made = link.run(&Self::create(plan), "create the table that remembers syncs");
        match made {
            // Another sync made it in the same moment.
            Err(failure) if matches!(failure.state(), "42P07" | "23505") => Ok(()),
            other => Ok(other?),
        }
    }

    /// The statement that makes the table.
    pub fn create(plan: &Plan) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n    sync text, target text, run text NOT NULL, sequence bigint NOT NULL,\n    \
             rows bigint NOT NULL, delivered text NOT NULL, transactions text NOT NULL, origin text NOT NULL,\n    \
             at timestamptz NOT NULL DEFAULT now(),\n    PRIMARY KEY (sync, target)\n)",
            plan.quoted(TABLE)
        )
    }

    /// Remembers that `delivered` rows of this run are there, as part of the transaction. `before` is what was remembered
    /// of an earlier attempt of the run, `whole` says that they are all the table holds.
    pub fn write(
        link: &Link,
        plan: &Plan,
        delivered: &Ranges,
        before: Option<&Self>,
        whole: bool,
    ) -> Result<(), Failure> {
        let outgoing = plan.outgoing;
        let rows = text(delivered.iter().map(|range| (range.start, range.end)));
        // Transactions have 32 bits in a row's `xmin`.
        let this = "pg_catalog.txid_current() & 4294967295";
        let transactions = match before {
            Some(before) if before.transactions.is_empty() => "''".to_owned(),
            _ if whole => "''".to_owned(),
            before => {
                let earlier: String =
                    before.map(|before| text(before.transactions.iter().copied()) + ",").unwrap_or_default();
                format!("pg_catalog.concat({}, {this}, '-', {this})", sql::literal(&earlier))
            }
        };
        let sql = format!(
            "INSERT INTO {} (sync, target, run, sequence, rows, delivered, transactions, origin) \
             VALUES ({}, {}, {}, {}, {}, {}, {transactions}, {}) \
             ON CONFLICT (sync, target) DO UPDATE SET run = EXCLUDED.run, sequence = EXCLUDED.sequence, \
             rows = EXCLUDED.rows, delivered = EXCLUDED.delivered, transactions = EXCLUDED.transactions, \
             origin = EXCLUDED.origin, at = EXCLUDED.at",
            plan.quoted(TABLE),
            sql::literal(&outgoing.sync),
            sql::literal(&plan.target.table),
            sql::literal(&outgoing.run),
            outgoing.sequence,
            delivered.count(),
            sql::literal(&rows),
            sql::literal(&outgoing.origin),
        );
        link.count(&sql, "remember what was sent").map(drop)
    }
}

fn text(pairs: impl Iterator<Item = (u64, u64)>) -> String {
    pairs.map(|(start, end)| format!("{start}-{end}")).collect::<Vec<_>>().join(",")
}

fn pairs(text: &str) -> impl Iterator<Item = (u64, u64)> {
    text.split(',').filter_map(|part| {
        let (start, end) = part.split_once('-')?;
        Some((start.parse().ok()?, end.parse().ok()?))
    })
}
