//! Values that the target does not take, found by looking at all rows before any is sent.

use std::collections::BTreeMap;

use memchr::memmem;
use polars::prelude::*;
use pulse_core::{Error, Progress, Result};

use super::types::{Fit, Misfit, Way};
use crate::destination::{Finding, Severity};
use crate::outgoing::{JsonRows, Outgoing};

/// Rows that are looked at at once.
const BATCH: usize = 1 << 16;
/// Examples that a finding shows.
const EXAMPLES: usize = 5;
/// The number of a row; no column has such a name.
const NUMBER: &str = "\u{e000}number";
/// Characters of an example.
const SHOWN: usize = 80;
/// What is wrong with a nested value, after the column's name.
pub(super) const REASON: &str = "holds a NUL character, which PostgreSQL cannot";

/// The columns whose values may hold texts with NUL characters, which only writing them out shows, and must not.
pub(super) fn columns(fits: &[(String, Fit)]) -> Vec<&str> {
    let must_not = |way: &Way| matches!(way, Way::Jsonb) || matches!(way, Way::Array(items, _) if **items == Way::Text);
    fits.iter().filter(|(_, fit)| fit.nested && must_not(&fit.way)).map(|(name, _)| name.as_str()).collect()
}

/// The rows of a frame with such a value in the column.
pub(super) fn rows(frame: &DataFrame, column: &str) -> Result<Vec<usize>> {
    let one = frame.select([column]).map_err(failed)?;
    let json = JsonRows::new(&one)?;
    let mut text = Vec::new();
    let holds = |at: &usize| {
        text.clear();
        json.write_value(0, *at, &mut text);
        has_nul(&text)
    };
    Ok((0..frame.height()).filter(holds).collect())
}

/// Whether a JSON text has the escape for NUL: one with an odd number of backslashes.
fn has_nul(text: &[u8]) -> bool {
    memmem::find_iter(text, b"\\u0000")
        .any(|at| text[..=at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1)
}

/// Rows with nested values that do not fit, counted over all rows, with some of them.
pub(super) fn nested(outgoing: &Outgoing, fits: &[(String, Fit)], progress: &Progress) -> Result<Vec<Finding>> {
    let names = columns(fits);
    let mut found: BTreeMap<&str, (u64, Vec<(u64, String)>)> = BTreeMap::new();
    let frame = outgoing.rows.frame().select(names.iter().map(|name| Expr::Column((*name).into())).collect::<Vec<_>>());
    let mut from = 0;
    while !names.is_empty() && from < outgoing.rows.count() {
        progress.check()?;
        let batch = frame.clone().slice(from as i64, BATCH as IdxSize).collect();
        let batch = batch.map_err(failed)?;
        for name in &names {
            let bad = rows(&batch, name)?;
            let (count, examples) = found.entry(name).or_default();
            *count += bad.len() as u64;
            let json = JsonRows::new(&batch.select([*name]).map_err(failed)?)?;
            for at in bad.into_iter().take(EXAMPLES - examples.len()) {
                let mut text = Vec::new();
                json.write_value(0, at, &mut text);
                examples.push((from + at as u64, String::from_utf8_lossy(&text).chars().take(SHOWN).collect()));
            }
        }
        from += BATCH as u64;
    }
    let finding = |(name, (rows, examples)): (&str, (u64, Vec<(u64, String)>))| {
        let text = format!("{rows} {} a value that {REASON}.", if rows == 1 { "row has" } else { "rows have" });
        let hint = "These rows are not sent; take the character out with a recipe.";
        Finding::new(Severity::Rejects, text, hint).column(name).rows(rows, examples)
    };
    Ok(found.into_iter().filter(|(_, (rows, _))| *rows > 0).map(finding).collect())
}

/// The checks that some row of a frame does not pass, with the columns they are about.
pub(super) fn violated<'a>(frame: &DataFrame, fits: &'a [(String, Fit)]) -> Result<Vec<(&'a str, &'a Misfit)>> {
    let checks: Vec<_> =
        fits.iter().flat_map(|(name, fit)| fit.checks.iter().map(|check| (name.as_str(), check))).collect();
    if checks.is_empty() {
        return Ok(checks);
    }
    let any = checks.iter().enumerate().map(|(at, (_, check))| check.when.clone().any(true).alias(at.to_string()));
    let any = frame.clone().lazy().select(any.collect::<Vec<_>>()).collect().map_err(failed)?;
    let is_true = |column: &Column| column.bool().is_ok_and(|found| found.get(0) == Some(true));
    Ok(checks.into_iter().zip(any.columns()).filter(|(_, column)| is_true(column)).map(|(check, _)| check).collect())
}

/// Which rows of a frame do not pass a check.
pub(super) fn mask(frame: &DataFrame, check: &Misfit) -> Result<BooleanChunked> {
    let found = frame.clone().lazy().select([check.when.clone().alias("misfit")]).collect().map_err(failed)?;
    found.column("misfit").and_then(|column| column.bool().cloned()).map_err(failed)
}

fn failed(cause: PolarsError) -> Error {
    Error::internal("look for values that do not fit", cause)
}

/// Rows with values that do not fit, counted over all rows in one pass, with some of them.
pub(super) fn plain(outgoing: &Outgoing, fits: &[(String, Fit)]) -> Result<Vec<Finding>> {
    let checks: Vec<_> =
        fits.iter().flat_map(|(name, fit)| fit.checks.iter().map(move |check| (name, check))).collect();
    if checks.is_empty() || outgoing.rows.count() == 0 {
        return Ok(Vec::new());
    }
    let counts: Vec<Expr> = checks
        .iter()
        .enumerate()
        .map(|(at, (_, check))| check.when.clone().cast(DataType::UInt64).sum().alias(at.to_string()))
        .collect();
    let counted =
        outgoing.rows.frame().select(counts).collect_with_engine(Engine::Streaming).map_err(failed)?.unwrap_single();
    let mut found = Vec::new();
    for ((name, check), column) in checks.into_iter().zip(counted.columns()) {
        let rows = column.u64().map_err(failed)?.get(0).unwrap_or_default();
        if rows == 0 {
            continue;
        }
        let examples = outgoing.rows.frame().with_row_index(NUMBER, None).filter(check.when.clone());
        let examples = examples.select([col(NUMBER), Expr::Column(name.as_str().into())]).limit(EXAMPLES as IdxSize);
        let examples = shown_rows(&examples.collect().map_err(failed)?)?;
        let text = format!("{rows} {} a value that {}.", if rows == 1 { "row has" } else { "rows have" }, check.reason);
        let hint = "These rows are not sent; correct them with a recipe, or choose another type for the column.";
        found.push(Finding::new(Severity::Rejects, text, hint).column(name).rows(rows, examples));
    }
    Ok(found)
}

/// The numbers and values of some rows.
fn shown_rows(rows: &DataFrame) -> Result<Vec<(u64, String)>> {
    let numbers = rows.column(NUMBER).and_then(|column| column.cast(&DataType::UInt64));
    let numbers = numbers.map_err(failed)?;
    let values = JsonRows::new(&rows.drop(NUMBER).map_err(failed)?)?;
    let shown = |(at, number): (usize, Option<u64>)| {
        let mut value = Vec::new();
        values.write_value(0, at, &mut value);
        let value: String = String::from_utf8_lossy(&value).chars().take(SHOWN).collect();
        number.map(|number| (number, value))
    };
    Ok(numbers.u64().map(|numbers| numbers.iter().enumerate().filter_map(shown).collect()).unwrap_or_default())
}
