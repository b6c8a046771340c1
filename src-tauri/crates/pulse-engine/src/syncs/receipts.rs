//! Receipts for people: the rejected rows of a run, and all receipts as the tables `receipts.<destination>` of SQL.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, IntoLazy, NamedFrom, Series};
use pulse_catalog::{Fate, StoredRun};
use pulse_connect::Ranges;
use pulse_core::{Error, Result, TableName};
use pulse_query::Table;
use pulse_rpc::types::*;

use super::journal::pending;
use super::run::{RunBody, body};
use crate::{Engine, rows};

/// Rejected rows that are shown.
const SHOWN: u32 = 1000;
/// The layer of the tables in SQL.
const LAYER: &str = "receipts";

/// The first rejected rows of a run.
pub(crate) fn rejected(engine: &Engine, request: &SyncRunId) -> Result<Vec<RejectedRow>> {
    let found = engine.0.catalog.receipts().list(&request.run, Some(Fate::Rejected), SHOWN)?;
    Ok(found
        .into_iter()
        .map(|receipt| RejectedRow { row: receipt.rows.start, reason: receipt.reason, text: receipt.row })
        .collect())
}

/// The receipts as tables, one for every destination, if `sql` speaks of them.
pub(crate) fn tables(engine: &Engine, sql: &str) -> Result<Vec<Table>> {
    if !sql.to_lowercase().contains(LAYER) {
        return Ok(Vec::new());
    }
    let mut runs: BTreeMap<String, Vec<StoredRun>> = BTreeMap::new();
    for sync in engine.0.catalog.syncs().list()? {
        for run in engine.0.catalog.syncs().runs(&sync.id, u32::MAX)? {
            runs.entry(TableName::suggest(&run.destination)).or_default().push(run);
        }
    }
    runs.into_iter().map(|(name, runs)| table(engine, name, runs)).collect()
}

/// One destination's receipts, a line for each range of rows; rows without a receipt are `pending`.
fn table(engine: &Engine, name: String, mut runs: Vec<StoredRun>) -> Result<Table> {
    runs.sort_by(|a, b| (a.started_at_ms, &a.id).cmp(&(b.started_at_ms, &b.id)));
    let mut lines = Lines::default();
    for run in &runs {
        let RunBody { frozen, target, .. } = body(run);
        let origin = frozen.map_or_else(|| run.part.clone(), |frozen| frozen.origin());
        let mut add = |rows, fate, reason: &str, row: &str, at| {
            lines.add([&run.id, &origin, &target], rows, fate, [reason, row], at)
        };
        for receipt in engine.0.catalog.receipts().list(&run.id, None, u32::MAX)? {
            add(receipt.rows, receipt.fate.as_str(), &receipt.reason, &receipt.row, receipt.at_ms);
        }
        let open: Ranges = pending(engine, &run.id, run.total)?;
        for range in open.iter() {
            add(range.clone(), "pending", "", "", run.started_at_ms);
        }
    }
    let count = lines.first.len() as u64;
    let path = engine.0.workspace.scratch().join("results").join(format!("receipts-{name}.parquet"));
    rows::sink_parquet(lines.frame()?.lazy(), &path)?;
    Ok(Table {
        layer: LAYER.into(),
        name,
        version: 0,
        latest: true,
        files: vec![path],
        columns: Vec::new(),
        row_count: Some(count),
    })
}

/// The columns of a table of receipts.
#[derive(Default)]
struct Lines {
    run: Vec<String>,
    origin: Vec<String>,
    target: Vec<String>,
    first: Vec<u64>,
    last: Vec<u64>,
    rows: Vec<u64>,
    fate: Vec<&'static str>,
    reason: Vec<Option<String>>,
    row: Vec<Option<String>>,
    at: Vec<i64>,
}

impl Lines {
    fn add(
        &mut self,
        [run, origin, target]: [&str; 3],
        range: std::ops::Range<u64>,
        fate: &'static str,
        [reason, row]: [&str; 2],
        at: i64,
    ) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.run.push(run.to_owned());
        self.origin.push(origin.to_owned());
        self.target.push(target.to_owned());
        self.first.push(range.start);
        self.last.push(range.end - 1);
        self.rows.push(range.end - range.start);
        self.fate.push(fate);
        self.reason.push(some(reason));
        self.row.push(some(row));
        self.at.push(at);
    }

    fn frame(self) -> Result<DataFrame> {
        let columns = vec![
            Series::new("run".into(), self.run).into(),
            Series::new("origin".into(), self.origin).into(),
            Series::new("target".into(), self.target).into(),
            Series::new("first".into(), self.first.iter().map(|n| *n as i64).collect::<Vec<_>>()).into(),
            Series::new("last".into(), self.last.iter().map(|n| *n as i64).collect::<Vec<_>>()).into(),
            Series::new("rows".into(), self.rows.iter().map(|n| *n as i64).collect::<Vec<_>>()).into(),
            Series::new("fate".into(), self.fate).into(),
            Series::new("reason".into(), self.reason).into(),
            Series::new("row".into(), self.row).into(),
            Series::new("at_ms".into(), self.at).into(),
        ];
        let height = self.first.len();
        DataFrame::new(height, columns).map_err(|cause| Error::internal("list the receipts", cause))
    }
}
