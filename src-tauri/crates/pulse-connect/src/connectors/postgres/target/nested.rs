//! NUL characters within nested values, which only writing them out shows.

use std::collections::BTreeMap;

use memchr::memmem;
use polars::prelude::*;
use pulse_core::{Error, Progress, Result};

use super::types::{Fit, Way};
use crate::destination::{Finding, Severity};
use crate::outgoing::{JsonRows, Outgoing};

/// Rows that are looked at at once.
const BATCH: usize = 1 << 16;
/// Examples that a finding shows.
const EXAMPLES: usize = 5;
/// Characters of an example.
const SHOWN: usize = 80;
/// What is wrong with such a value, after the column's name.
pub(super) const REASON: &str = "holds a NUL character, which PostgreSQL cannot";

/// The columns that can hold such values and must not.
pub(super) fn columns(fits: &[(String, Fit)]) -> Vec<&str> {
    let must_not = |way: &Way| matches!(way, Way::Jsonb) || matches!(way, Way::Array(items, _) if **items == Way::Text);
    fits.iter().filter(|(_, fit)| fit.nested && must_not(&fit.way)).map(|(name, _)| name.as_str()).collect()
}

/// The rows of a frame with such a value in the column.
pub(super) fn rows(frame: &DataFrame, column: &str) -> Result<Vec<usize>> {
    let one = frame.select([column]).map_err(|cause| Error::internal("look into nested values", cause))?;
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

/// The same over all rows, counted and with some of them.
pub(super) fn findings(outgoing: &Outgoing, fits: &[(String, Fit)], progress: &Progress) -> Result<Vec<Finding>> {
    let names = columns(fits);
    let mut found: BTreeMap<&str, (u64, Vec<(u64, String)>)> = BTreeMap::new();
    let frame = outgoing.rows.frame().select(names.iter().map(|name| Expr::Column((*name).into())).collect::<Vec<_>>());
    let mut from = 0;
    while !names.is_empty() && from < outgoing.rows.count() {
        progress.check()?;
        let batch = frame.clone().slice(from as i64, BATCH as IdxSize).collect();
        let batch = batch.map_err(|cause| Error::internal("look into nested values", cause))?;
        for name in &names {
            let bad = rows(&batch, name)?;
            let (count, examples) = found.entry(name).or_default();
            *count += bad.len() as u64;
            let json = JsonRows::new(
                &batch.select([*name]).map_err(|cause| Error::internal("look into nested values", cause))?,
            )?;
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
