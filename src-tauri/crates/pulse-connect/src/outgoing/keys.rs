//! Keys that cannot name a row: missing and repeated ones, found before anything is sent.

use polars::prelude::{DataFrame, DataType, Expr, PlSmallStr, col, len, lit};
use pulse_core::{Error, Result};

use super::Outgoing;
use crate::destination::{Finding, Severity};

/// Examples that a finding shows.
const EXAMPLES: u32 = 5;
/// The number of a row; no column has such a name.
const NUMBER: &str = "\u{e000}number";
const TIMES: &str = "\u{e000}times";

/// What is wrong with the key of `outgoing`; nothing if every row has one of its own, which only matters if it must be
/// `unique`. Holds the keys in memory.
pub(crate) fn check(outgoing: &Outgoing, unique: bool) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if outgoing.key.is_empty() {
        if outgoing.mode.needs_key() {
            findings.push(Finding::new(
                Severity::Stops,
                "Rows are found again by a key, and no key columns are chosen.",
                "Choose the columns that together name a row, or replace or append instead.",
            ));
        }
        return Ok(findings);
    }
    if let Some(missing) = outgoing.key.iter().find(|key| !outgoing.columns.iter().any(|column| column.name == **key)) {
        findings.push(Finding::new(
            Severity::Stops,
            format!("The key column `{missing}` is not among the columns that are sent."),
            "Send that column, or choose another key.",
        ));
        return Ok(findings);
    }
    if unique {
        findings.extend(missing(outgoing)?);
        findings.extend(repeated(outgoing)?);
    }
    Ok(findings)
}

fn keys(outgoing: &Outgoing) -> Vec<Expr> {
    outgoing.key.iter().map(|name| Expr::Column(PlSmallStr::from(name.as_str()))).collect()
}

fn missing(outgoing: &Outgoing) -> Result<Option<Finding>> {
    let without = keys(outgoing).into_iter().map(Expr::is_null).reduce(Expr::or).unwrap_or_else(|| lit(false));
    let found = outgoing.rows.frame().select(keys(outgoing)).with_row_index(NUMBER, None).filter(without);
    let count = number(&found.clone().select([len()]).collect().map_err(failed)?);
    if count == 0 {
        return Ok(None);
    }
    let shown = found.limit(EXAMPLES).collect().map_err(failed)?;
    let finding = Finding::new(
        Severity::Stops,
        format!("{count} {} no value in the key ({}).", rows_have(count), outgoing.key.join(", ")),
        "Choose a key that every row has, or fill these values in with a recipe.",
    );
    Ok(Some(finding.column(&outgoing.key[0]).rows(count, examples(&shown, outgoing))))
}

fn repeated(outgoing: &Outgoing) -> Result<Option<Finding>> {
    let present = keys(outgoing).into_iter().map(Expr::is_not_null).reduce(Expr::and).unwrap_or_else(|| lit(true));
    let numbered = outgoing.rows.frame().select(keys(outgoing)).with_row_index(NUMBER, None).filter(present);
    let groups = numbered.group_by(keys(outgoing)).agg([len().alias(TIMES), col(NUMBER).max()]);
    let twice = groups.filter(col(TIMES).gt(lit(1))).sort([NUMBER], Default::default());
    let twice = twice.collect_with_engine(polars::prelude::Engine::Streaming).map_err(failed)?.unwrap_single();
    let keys = twice.height() as u64;
    if keys == 0 {
        return Ok(None);
    }
    let times = twice.column(TIMES).and_then(|times| times.cast(&DataType::UInt64)).map_err(failed)?;
    let rows = times.u64().map_err(failed)?.iter().flatten().sum::<u64>();
    let finding = Finding::new(
        Severity::Stops,
        format!("{keys} keys ({}) come more than once, in {rows} rows.", outgoing.key.join(", ")),
        "Add the column that tells these rows apart to the key, or remove repeated rows with a recipe.",
    );
    Ok(Some(finding.column(&outgoing.key[0]).rows(rows, examples(&twice.head(Some(EXAMPLES as usize)), outgoing))))
}

/// The numbers of rows with their keys.
fn examples(rows: &DataFrame, outgoing: &Outgoing) -> Vec<(u64, String)> {
    let Ok(numbers) = rows.column(NUMBER).and_then(|column| column.cast(&DataType::UInt64)) else { return Vec::new() };
    let Ok(numbers) = numbers.u64() else { return Vec::new() };
    let value = |name: &String, at: usize| {
        let value = rows.column(name).ok().and_then(|column| column.get(at).ok());
        value.map_or_else(|| "?".into(), |value| value.str_value().into_owned())
    };
    let key = |at: usize| outgoing.key.iter().map(|name| value(name, at)).collect::<Vec<_>>().join(", ");
    numbers.iter().enumerate().filter_map(|(at, number)| number.map(|number| (number, key(at)))).collect()
}

fn number(frame: &DataFrame) -> u64 {
    let first = frame.columns().first().and_then(|column| column.cast(&DataType::UInt64).ok());
    first.and_then(|column| column.u64().ok().and_then(|values| values.get(0))).unwrap_or_default()
}

fn rows_have(count: u64) -> &'static str {
    if count == 1 { "row has" } else { "rows have" }
}

fn failed(cause: polars::prelude::PolarsError) -> Error {
    Error::internal("look at the keys of the rows to send", cause)
}
