//! Receipts: what became of each row that was sent, as ranges of row numbers.

use std::ops::Range;

use pulse_core::Result;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use crate::Catalog;
use crate::value::{count_in, count_out, json_in, list};

/// The receipts of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Receipts<'a>(pub(crate) &'a Catalog);

/// What became of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They are there.
    Delivered,
    /// The target holds something newer.
    Superseded,
    /// The target refused them.
    Rejected,
}

impl Fate {
    const ALL: [Self; 3] = [Self::Delivered, Self::Superseded, Self::Rejected];

    /// The word in the catalog and in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
        }
    }
}

/// The receipt of some neighbouring rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// Their numbers.
    pub rows: Range<u64>,
    /// What became of them.
    pub fate: Fate,
    /// Why; empty for delivered rows.
    pub reason: String,
    /// A rejected row as JSON; empty otherwise.
    pub row: String,
    /// When.
    pub at_ms: i64,
}

/// How many rows of a run have which receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows that are there.
    pub delivered: u64,
    /// Rows for which the target held something newer.
    pub superseded: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

impl Receipts<'_> {
    /// Keeps receipts of `run`, whose rows have none yet, and where the destination is, if it says so; all or nothing.
    pub fn keep(&self, run: &str, receipts: &[StoredReceipt], position: Option<&Value>) -> Result<()> {
        self.0.transact("keep receipts", |t| {
            for receipt in receipts {
                keep(t, run, receipt)?;
            }
            if let Some(position) = position {
                t.execute("UPDATE sync_runs SET position = ?2 WHERE id = ?1", params![run, json_in(position)?])?;
            }
            Ok(())
        })
    }

    /// The receipts of `run` in the order of the rows, of one fate or all.
    pub fn list(&self, run: &str, fate: Option<Fate>, limit: u32) -> Result<Vec<StoredReceipt>> {
        let sql = "SELECT first, count, fate, reason, row, at_ms FROM receipts
                   WHERE run = ?1 AND (?2 IS NULL OR fate = ?2) ORDER BY first LIMIT ?3";
        let fate = fate.map(Fate::as_str);
        self.0.read("list receipts", |c| list(c, sql, &[&run, &fate, &limit], receipt))
    }

    /// How many rows of `run` have which receipt.
    pub fn tally(&self, run: &str) -> Result<Tally> {
        let sql = "SELECT fate, sum(count) AS count FROM receipts WHERE run = ?1 GROUP BY fate";
        let counts = self.0.read("count receipts", |c| {
            list(c, sql, &[&run], |row| Ok((row.get::<_, String>("fate")?, count_out(row, "count")?)))
        })?;
        let of = |fate: Fate| counts.iter().find(|(word, _)| word == fate.as_str()).map_or(0, |(_, count)| *count);
        Ok(Tally { delivered: of(Fate::Delivered), superseded: of(Fate::Superseded), rejected: of(Fate::Rejected) })
    }

    /// Takes the receipts of the rejected rows of `run` back, so that these rows are pending again; how many there were.
    pub fn forget_rejected(&self, run: &str) -> Result<u64> {
        let (count, delete) = (
            "SELECT coalesce(sum(count), 0) AS count FROM receipts WHERE run = ?1 AND fate = 'rejected'",
            "DELETE FROM receipts WHERE run = ?1 AND fate = 'rejected'",
        );
        self.0.transact("take receipts back", |t| {
            let rows = t.query_row(count, [run], |row| count_out(row, "count"))?;
            t.execute(delete, [run])?;
            Ok(rows)
        })
    }
}

/// Keeps one receipt; delivered rows that follow on delivered ones become one range.
fn keep(t: &Transaction<'_>, run: &str, receipt: &StoredReceipt) -> rusqlite::Result<()> {
    let (first, count) = (count_in(receipt.rows.start)?, count_in(receipt.rows.end - receipt.rows.start)?);
    if receipt.fate == Fate::Delivered {
        let before = "SELECT first FROM receipts WHERE run = ?1 AND first = (SELECT max(first) FROM receipts
                      WHERE run = ?1 AND first < ?2) AND first + count = ?2 AND fate = 'delivered'";
        let before: Option<i64> =
            t.prepare_cached(before)?.query_row(params![run, first], |row| row.get(0)).optional()?;
        if let Some(before) = before {
            let extend = "UPDATE receipts SET count = count + ?3, at_ms = ?4 WHERE run = ?1 AND first = ?2";
            t.prepare_cached(extend)?.execute(params![run, before, count, receipt.at_ms])?;
            return Ok(());
        }
    }
    let insert =
        "INSERT INTO receipts (run, first, count, fate, reason, row, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let StoredReceipt { fate, reason, row, at_ms, .. } = receipt;
    t.prepare_cached(insert)?.execute(params![run, first, count, fate.as_str(), reason, row, at_ms])?;
    Ok(())
}

fn receipt(row: &Row<'_>) -> rusqlite::Result<StoredReceipt> {
    let word: String = row.get("fate")?;
    let at = row.as_ref().column_index("fate")?;
    let fate = Fate::ALL.into_iter().find(|fate| fate.as_str() == word);
    let first = count_out(row, "first")?;
    Ok(StoredReceipt {
        rows: first..first + count_out(row, "count")?,
        fate: fate.ok_or(rusqlite::Error::InvalidColumnType(at, word, rusqlite::types::Type::Text))?,
        reason: row.get("reason")?,
        row: row.get("row")?,
        at_ms: row.get("at_ms")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RunState, StoredRun, StoredSync};
    use serde_json::json;

    fn delivered(rows: Range<u64>) -> StoredReceipt {
        StoredReceipt { rows, fate: Fate::Delivered, reason: String::new(), row: String::new(), at_ms: 5 }
    }

    #[test]
    fn receipts_grow_together_and_rejected_rows_can_be_pending_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).expect("a catalog");
        let sync =
            StoredSync { id: "s".into(), name: "S".into(), connection: "c".into(), body: json!({}), updated_at_ms: 1 };
        catalog.syncs().save(&sync).expect("saved");
        let run = StoredRun {
            id: "r".into(),
            sync: "s".into(),
            batch: "b".into(),
            part: "silver.x".into(),
            destination: "Shop".into(),
            state: RunState::Running,
            sequence: 1,
            total: 40,
            position: None,
            body: Value::Null,
            started_at_ms: 1,
            ended_at_ms: None,
        };
        catalog.syncs().record(&run).expect("recorded");
        let receipts = catalog.receipts();
        let refused =
            StoredReceipt { fate: Fate::Rejected, reason: "too long".into(), row: "{}".into(), ..delivered(20..21) };
        receipts.keep("r", &[delivered(0..10), delivered(10..20)], Some(&json!({"at": 20}))).expect("kept");
        receipts.keep("r", &[refused.clone(), delivered(21..40)], None).expect("kept");
        assert_eq!(receipts.list("r", None, 10).expect("a list"), [delivered(0..20), refused, delivered(21..40)]);
        assert_eq!(receipts.tally("r").expect("a tally"), Tally { delivered: 39, superseded: 0, rejected: 1 });
        assert_eq!(catalog.syncs().run("r").expect("the run").position, Some(json!({"at": 20})));
        assert!(receipts.keep("r", &[delivered(21..22)], Some(&json!({}))).is_err(), "a row has one receipt");
        assert_eq!(catalog.syncs().run("r").expect("the run").position, Some(json!({"at": 20})), "all or nothing");
        assert_eq!(receipts.forget_rejected("r").expect("taken back"), 1);
        receipts.keep("r", &[delivered(20..21)], None).expect("kept");
        assert_eq!(receipts.tally("r").expect("a tally").delivered, 40);
        assert_eq!(catalog.syncs().interrupt().expect("marked"), 1);
        assert!(catalog.syncs().run("r").expect("the run").state.can_go_on());
        catalog.syncs().delete("s").expect("deleted");
        assert_eq!(receipts.tally("r").expect("a tally"), Tally::default());
    }
}
