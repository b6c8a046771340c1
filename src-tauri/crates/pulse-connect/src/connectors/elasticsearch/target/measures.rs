//! Counts, sums and extremes of columns, here and at the cluster.

use polars::prelude::*;
use pulse_core::{Code, Error, Progress, Result};
use serde_json::{Map, Value, json};

use super::super::server::{Ask, Server, encoded};
use super::place::Held;
use crate::destination::Comparison;
use crate::outgoing::{Outgoing, OutgoingColumn, Ranges, column};

/// Whole numbers below this are exact in the cluster's answers.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Measures of one request.
const AT_ONCE: usize = 100;
/// The number of a row; no column has such a name.
const NUMBER: &str = "\u{e000}number";

/// What is measured of every column.
const VALUES: &str = "values";
const LEAST: &str = "least";
/// A measure of no values.
const NONE: &str = "none";

/// One measure of one column.
struct Measure {
    column: String,
    /// What is measured of it.
    what: &'static str,
    here: Expr,
    there: Value,
    form: Form,
}

/// How a measure is written.
#[derive(Clone, Copy)]
enum Form {
    /// Digits behind the point.
    Decimal(usize),
    Float,
}

/// The measures of all columns that can be measured, and what could not be compared.
pub(super) fn compare(
    server: &Server,
    index: &str,
    outgoing: &Outgoing,
    left_out: &Ranges,
    progress: &Progress,
) -> Result<(Vec<Comparison>, Option<String>)> {
    let held = Held::find(server, index, progress)?;
    let fields = held.as_ref().map(|held| held.properties().clone()).unwrap_or_default();
    let (mut all, mut without) = (Vec::new(), Vec::new());
    for one in &outgoing.columns {
        let found = measures(one, &fields[&one.name]);
        if found.is_empty() {
            without.push(format!("`{}`", one.name));
        }
        all.extend(found);
    }
    let mut measured = Vec::new();
    for some in all.chunks(AT_ONCE) {
        let here = here(outgoing, left_out, some)?;
        let there = match there(server, index, some, progress) {
            Err(error) if matches!(error.code, Code::InvalidInput | Code::Unsupported) => {
                return Ok((Vec::new(), Some(format!("Columns were compared in a sample only. {}", error.message))));
            }
            other => other?,
        };
        measured.extend(some.iter().zip(here).zip(there).map(|((measure, here), there)| (measure, here, there)));
    }
    let is_blind = |column: &str| {
        let of = |what: &str| measured.iter().find(|(m, ..)| m.column == column && m.what == what);
        let nothing = of(LEAST).is_some_and(|(_, here, there)| there == NONE && here.as_deref() != Some(NONE));
        nothing && of(VALUES).is_some_and(|(.., there)| there != "0")
    };
    let mut compared = Vec::new();
    for (measure, here, there) in &measured {
        match here {
            _ if is_blind(&measure.column) && measure.what != VALUES => {}
            // A cluster that sees values and no least one does not measure such fields.
            _ if is_blind(&measure.column) => without.push(format!("`{}`", measure.column)),
            Some(here) => compared.push(Comparison {
                name: format!("{}, {}", measure.column, measure.what),
                here: here.clone(),
                there: there.clone(),
            }),
            None => without.push(format!("`{}` ({})", measure.column, measure.what)),
        }
    }
    let note = format!("Compared in a sample only, as the cluster does not tell it exactly: {}.", without.join(", "));
    Ok((compared, (!without.is_empty()).then_some(note)))
}

fn measures(one: &OutgoingColumn, field: &Value) -> Vec<Measure> {
    let name = one.name.as_str();
    let word = field["type"].as_str().unwrap_or_default();
    let measure = |what, here: Expr, there: Value, form| Measure { column: name.to_owned(), what, here, there, form };
    let values = || measure(VALUES, column(name).count(), json!({"value_count": {"field": name}}), Form::Decimal(0));
    let over = |value: &Expr, form: Form, with_sum: bool| {
        let mut found = vec![
            values(),
            measure(LEAST, value.clone().min(), json!({"min": {"field": name}}), form),
            measure("greatest", value.clone().max(), json!({"max": {"field": name}}), form),
        ];
        if with_sum {
            found.push(measure("sum", value.clone().sum(), json!({"sum": {"field": name}}), form));
        }
        found
    };
    match (&one.dtype, word) {
        (dtype, "long" | "integer" | "short" | "byte") if dtype.is_integer() => {
            over(&column(name).cast(DataType::Decimal(38, 0)), Form::Decimal(0), true)
        }
        (DataType::Decimal(_, 0), "long") => over(&column(name), Form::Decimal(0), true),
        (DataType::Decimal(_, scale), "scaled_float") => over(&column(name), Form::Decimal(*scale), true),
        (DataType::Float64, "double") | (DataType::Float32, "float") => {
            over(&column(name).cast(DataType::Float64), Form::Float, false)
        }
        (DataType::Date, "date") => {
            let days = column(name).to_physical().cast(DataType::Int64);
            over(&(days * lit(86_400_000i64)), Form::Decimal(0), false)
        }
        (DataType::Datetime(TimeUnit::Microseconds, _), "date") => {
            over(&column(name).to_physical().floor_div(lit(1000i64)), Form::Decimal(0), false)
        }
        (DataType::Boolean, "boolean") => {
            let there = json!({"filter": {"term": {name: true}}});
            vec![values(), measure("true", column(name).sum(), there, Form::Decimal(0))]
        }
        (DataType::String, "keyword" | "text") => texts(name, field),
        _ => Vec::new(),
    }
}

/// How many texts there are, of those that the cluster keeps whole.
fn texts(name: &str, field: &Value) -> Vec<Measure> {
    let (path, about) = if field["type"] == "keyword" {
        (name.to_owned(), field)
    } else if field["fields"]["keyword"]["type"] == "keyword" {
        (format!("{name}.keyword"), &field["fields"]["keyword"])
    } else {
        return Vec::new();
    };
    let most = about["ignore_above"].as_u64().unwrap_or(u64::MAX);
    let here = column(name).str().len_chars().cast(DataType::UInt64).lt_eq(lit(most)).sum();
    let there = json!({"value_count": {"field": path}});
    vec![Measure { column: name.to_owned(), what: VALUES, here, there, form: Form::Decimal(0) }]
}

/// The measures of the rows that were delivered; nothing for one that the cluster cannot tell exactly.
fn here(outgoing: &Outgoing, left_out: &Ranges, measures: &[Measure]) -> Result<Vec<Option<String>>> {
    let failed = |cause| Error::internal("measure the rows that were sent", cause);
    let mut rows = outgoing.rows.frame();
    if !left_out.is_empty() {
        let numbers: Vec<u64> = left_out.iter().cloned().flatten().collect();
        let left_out = df!(NUMBER => numbers).map_err(failed)?.lazy();
        let number = || column(NUMBER).cast(DataType::UInt64);
        rows = rows.with_row_index(NUMBER, None).join(left_out, [number()], [number()], JoinArgs::new(JoinType::Anti));
    }
    let wanted: Vec<Expr> =
        measures.iter().enumerate().map(|(at, measure)| measure.here.clone().alias(at.to_string())).collect();
    let found = rows.select(wanted).collect_with_engine(Engine::Streaming).map_err(failed)?.unwrap_single();
    let text = |(at, measure): (usize, &Measure)| {
        let value = found.column(&at.to_string()).map_err(failed)?;
        let float = value.cast(&DataType::Float64).map_err(failed)?.f64().map_err(failed)?.get(0);
        Ok(match (float, measure.form) {
            (None, _) => Some(NONE.into()),
            (Some(float), Form::Float) => Some(format!("{}", float + 0.0)),
            (Some(float), Form::Decimal(scale)) if float.abs() * 10f64.powi(scale as i32) < EXACT => {
                let text = value.cast(&DataType::String).map_err(failed)?;
                text.str().map_err(failed)?.get(0).map(str::to_owned)
            }
            _ => None,
        })
    };
    measures.iter().enumerate().map(text).collect()
}

fn there(server: &Server, index: &str, measures: &[Measure], progress: &Progress) -> Result<Vec<String>> {
    let aggregations: Map<String, Value> =
        measures.iter().enumerate().map(|(at, measure)| (format!("m{at}"), measure.there.clone())).collect();
    let body = json!({"size": 0, "aggs": aggregations});
    let path = format!("{}/_search", encoded(index));
    let query = [("allow_partial_search_results", "false")];
    let told = server.value(&Ask::post(&path, &query, Some(&body)), "measure what was sent", progress)?;
    let text = |(at, measure): (usize, &Measure)| {
        let about = &told["aggregations"][format!("m{at}")];
        match (about["value"].as_f64().or_else(|| about["doc_count"].as_f64()), measure.form) {
            (None, _) => NONE.to_owned(),
            // What is zero has no sign.
            (Some(value), Form::Float) => format!("{}", value + 0.0),
            (Some(value), Form::Decimal(scale)) => {
                let text = format!("{value:.scale$}");
                let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
                if is_zero { text.replace('-', "") } else { text }
            }
        }
    };
    Ok(measures.iter().enumerate().map(text).collect())
}
