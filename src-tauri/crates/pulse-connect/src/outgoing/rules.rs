//! Rows that a target would refuse or change, found before they are sent.

use polars::prelude::*;
use pulse_core::{Error, Result};

use super::Outgoing;
use crate::destination::{Finding, Severity};

/// Examples that a finding shows.
const EXAMPLES: u32 = 5;
/// The number of a row; no column has such a name.
const NUMBER: &str = "\u{e000}number";
/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// What must not be true of a row.
pub(crate) struct Rule {
    pub severity: Severity,
    /// The column it is about.
    pub column: String,
    /// True for the rows concerned.
    pub broken: Expr,
    /// What it is; `{}` stands for how many rows.
    pub text: String,
    pub hint: &'static str,
}

/// A column by its plain name.
pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(PlSmallStr::from(name))
}

/// The rows whose texts together have more bytes than `limit`, and a column to show of them; nothing without texts.
pub(crate) fn more_text_than(outgoing: &Outgoing, limit: u64) -> Option<(String, Expr)> {
    let texts = outgoing.columns.iter().filter(|column| column.dtype == DataType::String);
    let texts: Vec<&str> = texts.map(|column| column.name.as_str()).collect();
    let bytes = |name: &&str| column(name).str().len_bytes().cast(DataType::UInt64).fill_null(lit(0u64));
    let sum = texts.iter().map(bytes).reduce(|sum, one| sum + one)?;
    Some(((*texts.first()?).to_owned(), sum.gt(lit(limit))))
}

/// What breaks the rules; the rows are gone through once, and once more for the examples of each broken rule.
pub(crate) fn check(outgoing: &Outgoing, rules: Vec<Rule>) -> Result<Vec<Finding>> {
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    let count = |(at, rule): (usize, &Rule)| {
        rule.broken
            .clone()
            .fill_null(lit(false))
            .cast(DataType::UInt32)
            .sum()
            .cast(DataType::UInt64)
            .alias(at.to_string())
    };
    let counts: Vec<Expr> = rules.iter().enumerate().map(count).collect();
    let counted = outgoing.rows.frame().select(counts).collect_with_engine(Engine::Streaming).map_err(failed)?;
    let counted = counted.unwrap_single();
    let mut findings = Vec::new();
    for (at, rule) in rules.into_iter().enumerate() {
        let rows = counted.column(&at.to_string()).and_then(|column| column.u64().map(|c| c.get(0))).map_err(failed)?;
        let rows = rows.unwrap_or_default();
        if rows == 0 {
            continue;
        }
        let finding = Finding::new(rule.severity, rule.text.replacen("{}", &rows_have(rows), 1), rule.hint);
        findings.push(finding.column(&rule.column).rows(rows, examples(outgoing, &rule)?));
    }
    Ok(findings)
}

fn rows_have(rows: u64) -> String {
    if rows == 1 { "1 row has".into() } else { format!("{rows} rows have") }
}

fn examples(outgoing: &Outgoing, rule: &Rule) -> Result<Vec<(u64, String)>> {
    let rows = outgoing.rows.frame().with_row_index(NUMBER, None).filter(rule.broken.clone());
    let found = rows.select([column(NUMBER), column(&rule.column)]).limit(EXAMPLES).collect().map_err(failed)?;
    let numbers = found.column(NUMBER).and_then(|numbers| numbers.cast(&DataType::UInt64)).map_err(failed)?;
    let numbers = numbers.u64().map_err(failed)?;
    let values = found.column(&rule.column).map_err(failed)?;
    let value = |at: usize| values.get(at).map_or_else(|_| "?".into(), |value| short(&value.str_value()));
    Ok(numbers.iter().enumerate().filter_map(|(at, number)| Some((number?, value(at)))).collect())
}

fn short(value: &str) -> String {
    if value.chars().count() <= SHOWN { value.to_owned() } else { value.chars().take(SHOWN).chain(['…']).collect() }
}

fn failed(cause: PolarsError) -> Error {
    Error::internal("look at the rows to send", cause)
}
