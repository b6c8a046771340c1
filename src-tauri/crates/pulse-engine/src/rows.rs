//! Pages of rows for the grid, as Arrow.

use polars::prelude::{
    Column, DataFrame, DataType, Engine as Polars, FileWriteFormat, IntoLazy, LazyFrame, PlRefPath, ScanArgsParquet,
    SinkDestination, SinkTarget, UnifiedSinkArgs, UnionArgs, concat,
};
use pulse_core::{Error, LedgerEntry, Result};
use pulse_lake::Snapshot;
use pulse_rpc::Arrow;
use pulse_rpc::types::{RowSource, RowsRequest};
use serde_json::Value;

use crate::frames::identity;
use crate::{Engine, sql};

/// Rows decoded at once when a page is asked for, so that scrolling on finds the next pages in memory.
const PIECE_ROWS: u64 = 32_768;
/// The most rows of one page.
const PAGE_ROWS: u64 = 10_000;

pub(crate) fn page(engine: &Engine, request: &RowsRequest) -> Result<Arrow> {
    pulse_recipe::ipc(&pulse_recipe::to_text(&frame(engine, request)?)?).map(Arrow)
}

impl Engine {
    /// A page of rows as JSON values: whole numbers and floats as numbers, booleans as such, everything else (decimals
    /// too, so that no digit is lost) as text.
    pub fn json_rows(&self, request: &RowsRequest) -> Result<Vec<Vec<Value>>> {
        let frame = frame(self, request)?;
        let text = pulse_recipe::to_text(&frame)?;
        let columns: Vec<Vec<Value>> =
            frame.columns().iter().zip(text.columns()).map(|(column, text)| values(column, text)).collect();
        Ok((0..frame.height()).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect())
    }
}

/// One column as JSON values; `text` is the same column as display text.
fn values(column: &Column, text: &Column) -> Vec<Value> {
    let dtype = column.dtype();
    let whole = dtype.is_integer() || matches!(dtype, DataType::Decimal(_, 0));
    let value = |text: Option<&str>| match text {
        None => Value::Null,
        Some(text) if whole => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        Some(text) if dtype.is_float() => text.parse::<f64>().map_or_else(|_| text.into(), Value::from),
        Some(text) if dtype.is_bool() => Value::Bool(text == "true"),
        Some(text) => text.into(),
    };
    match text.str() {
        Ok(text) => text.iter().map(value).collect(),
        Err(_) => vec![Value::Null; column.len()],
    }
}

/// The rows a request asks for, typed as they are stored.
fn frame(engine: &Engine, request: &RowsRequest) -> Result<DataFrame> {
    let limit = request.limit.min(PAGE_ROWS);
    let slice = |frame: &DataFrame| frame.slice(i64::try_from(request.offset).unwrap_or(i64::MAX), limit as usize);
    match &request.source {
        RowSource::Import { id } | RowSource::Preview { id } => Ok(slice(&engine.0.frames.preview(id)?)),
        RowSource::Table { table, version } => {
            let snapshot = engine.0.lake.snapshot(&table.parse()?, *version)?;
            let key = identity(&snapshot);
            pieces(engine, &key, request.offset, limit, || engine.0.lake.scan(&snapshot))
        }
        RowSource::Ledger { table, version } => {
            let snapshot = engine.0.lake.snapshot(&table.parse()?, *version)?;
            let key = format!("ledger of {}", identity(&snapshot));
            pieces(engine, &key, request.offset, limit, || scan_ledger(&snapshot))
        }
        RowSource::Result { id } => {
            let path = sql::result_path(engine, id)?;
            pieces(engine, &sql::result_key(id), request.offset, limit, || scan_parquet(&path))
        }
    }
}

/// The rows of a ledger, empty where there is none.
pub(crate) fn scan_ledger(snapshot: &Snapshot) -> Result<LazyFrame> {
    let files = snapshot.ledger.iter().map(|path| scan_parquet(path)).collect::<Result<Vec<_>>>()?;
    if files.is_empty() {
        let columns = LedgerEntry::COLUMNS.map(|name| polars::prelude::Column::new(name.into(), Vec::<String>::new()));
        let frame = DataFrame::new(0, columns.to_vec());
        return Ok(frame.map_err(|cause| Error::internal("make an empty ledger", cause))?.lazy());
    }
    concat(files, UnionArgs::default()).map_err(|cause| Error::internal("read the ledger", cause))
}

/// A lazy scan of one Parquet file of ours.
pub(crate) fn scan_parquet(path: &std::path::Path) -> Result<LazyFrame> {
    let text = path.to_str().ok_or_else(|| Error::invalid(format!("The path {} is not Unicode.", path.display())))?;
    LazyFrame::scan_parquet(PlRefPath::new(text), ScanArgsParquet::default())
        .map_err(|cause| Error::internal(&format!("read {}", path.display()), cause))
}

/// Writes the rows of a plan, in order, to one Parquet file of ours.
pub(crate) fn sink_parquet(frame: LazyFrame, path: &std::path::Path) -> Result<()> {
    let failed = |cause| Error::internal(&format!("write {}", path.display()), cause);
    let target = PlRefPath::try_from_path(path).map_err(failed)?;
    let target = SinkDestination::File { target: SinkTarget::Path(target) };
    let format = FileWriteFormat::Parquet(Default::default());
    let sunk = frame.sink(target, format, UnifiedSinkArgs { maintain_order: true, ..Default::default() });
    sunk.and_then(|frame| frame.collect_with_engine(Polars::Streaming)).map(drop).map_err(failed)
}

/// Rows `offset..offset+limit` put together from pieces that stay in memory for the next pages.
fn pieces(
    engine: &Engine,
    key: &str,
    offset: u64,
    limit: u64,
    scan: impl Fn() -> Result<LazyFrame>,
) -> Result<DataFrame> {
    let mut page: Option<DataFrame> = None;
    let (mut from, end) = (offset, offset.saturating_add(limit.max(1)));
    while from < end {
        let number = from / PIECE_ROWS;
        let piece = engine.0.frames.piece((key.to_owned(), number), || {
            let slice = scan()?.slice((number * PIECE_ROWS) as i64, PIECE_ROWS as u32);
            slice.collect().map_err(|cause| Error::internal(&format!("read rows of {key}"), cause))
        })?;
        let start = from - number * PIECE_ROWS;
        let wanted = (end - from).min(PIECE_ROWS - start);
        let part = piece.slice(start as i64, wanted as usize);
        page = Some(match page {
            Some(page) => page.vstack(&part).map_err(|cause| Error::internal("put rows together", cause))?,
            None => part,
        });
        if (piece.height() as u64) < PIECE_ROWS {
            break;
        }
        from += wanted;
    }
    // A page without rows still has its columns, for which one row was looked at.
    let page = page.ok_or_else(|| Error::internal("read rows", "no page was asked for"))?;
    Ok(page.head(Some(usize::try_from(limit).unwrap_or(usize::MAX))))
}
