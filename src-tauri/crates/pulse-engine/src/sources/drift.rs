//! Drift: what a source's columns do to those of its table, said before it happens and done by the source's policy.

use polars::prelude::*;
use pulse_core::{Code, Error, LedgerEntry, Result, TableName};
use pulse_lake::{ColumnChange, ColumnKind};
use pulse_rpc::types::{Drift, DriftPolicy, LoadMode, SourceDoc};

use crate::{Engine, types};

/// What the first rows of a source would do to its table; nothing where there is no table yet.
pub(crate) fn against(engine: &Engine, table: &TableName, rows: &DataFrame, doc: &SourceDoc) -> Result<Vec<Drift>> {
    let is_empty = |column: &Column| column.null_count() == column.len();
    let known = |column: &Column| if is_empty(column) { DataType::Null } else { column.dtype().clone() };
    let schema: Schema = rows.columns().iter().map(|column| (column.name().clone(), known(column))).collect();
    changes(engine, table, &schema, doc)
}

/// What rows of these columns would do to the table of a source.
pub(crate) fn changes(engine: &Engine, table: &TableName, came: &Schema, doc: &SourceDoc) -> Result<Vec<Drift>> {
    let changes = engine.0.lake.compare(table, came)?;
    Ok(changes.into_iter().map(|change| described(change, doc)).collect())
}

/// Fails where the policy says that these changes stop a refresh.
pub(crate) fn check(drift: &[Drift], table: &TableName, policy: DriftPolicy) -> Result<()> {
    let stopping: Vec<String> = drift
        .iter()
        .filter(|drift| drift.stops)
        .map(|drift| format!("`{}` ({})", drift.column, drift.change))
        .collect();
    if stopping.is_empty() {
        return Ok(());
    }
    let message = format!("The columns of the source have changed: {}. {table} is as it was.", stopping.join(", "));
    Err(match policy {
        DriftPolicy::Ask => Error::new(Code::SchemaChanged, message)
            .hint("Look at the changes, then accept them or change how the source is loaded."),
        _ => Error::invalid(message)
            .hint("Its columns are frozen: change the source, or let its columns evolve.")
            .field("loading.drift"),
    })
}

/// Rows fitted to the columns of a table that stays as it is, and entries for what does not fit.
pub(crate) struct Fitted {
    /// The rows.
    pub rows: LazyFrame,
    /// What does not fit, with the columns of a ledger.
    pub misfits: Vec<LazyFrame>,
}

/// Keeps the table's columns: surplus ones and values that the table's types do not hold go to the ledger.
pub(crate) fn keep_columns(rows: LazyFrame, came: &Schema, table: &Schema, source: &str) -> Fitted {
    let numbered = rows.clone().with_row_index("__row", None);
    let mut misfits = Vec::new();
    let mut kept = Vec::new();
    for (name, dtype) in came.iter() {
        let value = col(PlSmallStr::from(name.as_str()));
        let entries = |bad: Expr, why: &str| {
            numbered.clone().filter(bad).select(entry_columns(name, value.clone().cast(DataType::String), source, why))
        };
        match table.get(name) {
            None => misfits.push(entries(value.clone().is_not_null(), "The table has no such column.")),
            Some(there) if there == dtype => kept.push(value),
            Some(there) if dtype.is_null() => kept.push(value.cast(there.clone())),
            Some(there) => {
                let fits =
                    value.clone().cast(there.clone()).cast(dtype.clone()).eq(value.clone()).fill_null(lit(false));
                let why = format!("The table's column holds {there}.");
                misfits.push(entries(value.clone().is_not_null().and(fits.clone().not()), &why));
                kept.push(when(fits).then(value.clone().cast(there.clone())).otherwise(lit(NULL)).alias(name.clone()));
            }
        }
    }
    Fitted { rows: rows.select(kept), misfits }
}

/// Rows with the columns they lack or have no value in, empty and of the table's type, so that a replacement keeps every
/// column that there was.
pub(crate) fn with_gone_columns(rows: LazyFrame, came: &Schema, table: &Schema) -> LazyFrame {
    let gone = table.iter().filter(|(name, _)| came.get(name).is_none_or(DataType::is_null));
    let empty: Vec<Expr> = gone.map(|(name, dtype)| lit(NULL).cast(dtype.clone()).alias(name.clone())).collect();
    if empty.is_empty() { rows } else { rows.with_columns(empty) }
}

fn entry_columns(column: &str, value: Expr, source: &str, why: &str) -> [Expr; LedgerEntry::COLUMNS.len()] {
    [
        lit("value").alias("kind"),
        lit(source.to_owned()).alias("source"),
        lit(NULL).cast(DataType::UInt64).alias("line"),
        col("__row").cast(DataType::UInt64).alias("row"),
        lit(column.to_owned()).alias("column"),
        value.alias("value"),
        lit(NULL).cast(DataType::String).alias("step"),
        lit(why.to_owned()).alias("reason"),
    ]
}

fn described(change: ColumnChange, doc: &SourceDoc) -> Drift {
    let policy = doc.loading.drift;
    let stops = matches!(policy, DriftPolicy::Freeze | DriftPolicy::Ask);
    let (kind, before, after, effect) = match change.kind {
        ColumnKind::New { r#type } => {
            let effect = match policy {
                DriftPolicy::Ledger => "Its values go to the ledger; the table stays as it is.",
                _ => "It is added; rows that are there have no value in it.",
            };
            ("new", String::new(), types::of_delta(&r#type), effect.to_owned())
        }
        ColumnKind::Gone { r#type } => {
            let effect = match doc.loading.mode {
                LoadMode::Replace => "It stays, without values.",
                _ => "It stays; new rows have no value in it.",
            };
            ("gone", types::of_delta(&r#type), String::new(), effect.to_owned())
        }
        ColumnKind::Type { from, came, to, .. } => {
            let after = types::of_delta(&came);
            let effect = match (&to, policy) {
                (_, DriftPolicy::Ledger) => "Values that the table's type does not hold go to the ledger.".to_owned(),
                (Some(to), _) if *to == from => "The values that come are converted, which loses nothing.".to_owned(),
                (Some(to), _) => format!("The column becomes {}, which loses nothing.", types::of_delta(to)),
                (None, _) => "No type holds both, so the refresh will fail.".to_owned(),
            };
            ("type", types::of_delta(&from), after, effect)
        }
    };
    let effect = match policy {
        DriftPolicy::Freeze => "The refresh will fail, because the columns are frozen.".to_owned(),
        DriftPolicy::Ask => format!("The refresh will stop and ask. If you accept: {effect}"),
        _ => effect,
    };
    Drift { column: change.column, change: kind.to_owned(), before, after, effect, stops }
}
