//! Column profiles, computed on the full table with the streaming engine: exact counts, distinct values, distribution.

use polars::prelude::*;
use pulse_core::{Error, Progress, Result};
use serde::Serialize;

use crate::fold::{collect, watch};
use crate::names::col;
use crate::text;

/// Bins of a histogram.
const BINS: u64 = 20;

/// Values of a list of the most common ones.
const TOP: usize = 10;

const ATTEMPT: &str = "profile the column";

/// The profile of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableProfile {
    /// Rows of the table.
    pub rows: u64,
    /// The profiled columns.
    pub columns: Vec<ColumnProfile>,
}

/// The profile of a column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Its type, as [`crate::type_word`].
    pub type_word: String,
    /// Rows without a value.
    pub missing: u64,
    /// Distinct values, exactly; missing is none.
    pub distinct: u64,
    /// The smallest value as display text; nothing in an empty column.
    pub min: Option<String>,
    /// The largest value as display text.
    pub max: Option<String>,
    /// The mean of numbers.
    pub mean: Option<f64>,
    /// How the values are distributed.
    pub distribution: Distribution,
}

/// How values are distributed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Distribution {
    /// Counts of values between edges: bin `i` holds values from edge `i` to below edge `i + 1`, the last one both.
    Histogram {
        /// The labels of the edges, one more than there are bins; none in a column without finite values.
        edges: Vec<String>,
        /// Values in each bin.
        counts: Vec<u64>,
    },
    /// The most common values, the most common first, equally common ones in their order.
    Top {
        /// Each value as display text, and how often it occurs.
        values: Vec<(String, u64)>,
        /// Values that are not among them.
        others: u64,
    },
}

/// Profiles `columns` of `frame`, or all of them; fails for a column that does not exist.
pub fn profile(mut frame: LazyFrame, columns: Option<&[String]>, progress: &Progress) -> Result<TableProfile> {
    let schema = frame.collect_schema().map_err(crate::engine("read the table's columns"))?;
    let frame = watch(frame, progress, false);
    let names: Vec<PlSmallStr> = match columns {
        Some(names) => names.iter().map(|name| PlSmallStr::from(name.as_str())).collect(),
        None => schema.iter_names().cloned().collect(),
    };
    let mut profiles = Vec::with_capacity(names.len());
    for name in &names {
        let dtype = schema.get(name).ok_or_else(|| {
            Error::not_found(format!("There is no column `{name}` to profile."))
                .hint("Reload the table.")
                .field("columns")
        })?;
        profiles.push(column(&frame, name, dtype, progress)?);
    }
    let rows = collect(frame.select([len().cast(DataType::UInt64).alias("rows")]), "count the rows", progress)?;
    Ok(TableProfile { rows: count(&rows, "rows"), columns: profiles })
}

fn column(frame: &LazyFrame, name: &PlSmallStr, dtype: &DataType, progress: &Progress) -> Result<ColumnProfile> {
    let ordered = dtype.is_primitive_numeric() || dtype.is_decimal() || dtype.is_temporal();
    if ordered { measured(frame, name, dtype, progress) } else { counted(frame, name, dtype, progress) }
}

/// The profile of a column of numbers, dates or times.
fn measured(frame: &LazyFrame, name: &PlSmallStr, dtype: &DataType, progress: &Progress) -> Result<ColumnProfile> {
    let values = || col(name.clone());
    let mut wanted = vec![
        values().null_count().cast(DataType::UInt64).alias("missing"),
        values().drop_nulls().n_unique().cast(DataType::UInt64).alias("distinct"),
        values().min().alias("min"),
        values().max().alias("max"),
    ];
    let numeric = !dtype.is_temporal();
    if numeric {
        wanted.push(values().mean().cast(DataType::Float64).alias("mean"));
    }
    let stats = collect(frame.clone().select(wanted), ATTEMPT, progress)?;
    let texts = text::to_text(&stats)?;
    let text_of = |column: &str| texts.column(column).ok().and_then(|text| text.str().ok()?.get(0).map(str::to_owned));
    let mean = if numeric { stats.column("mean").ok().and_then(|mean| mean.f64().ok()?.get(0)) } else { None };
    Ok(ColumnProfile {
        name: name.to_string(),
        type_word: text::type_word(dtype),
        missing: count(&stats, "missing"),
        distinct: count(&stats, "distinct"),
        min: text_of("min"),
        max: text_of("max"),
        mean,
        distribution: histogram(frame, name, dtype, &stats, progress)?,
    })
}

/// Equal bins between the smallest and the largest finite value.
fn histogram(
    frame: &LazyFrame,
    name: &PlSmallStr,
    dtype: &DataType,
    stats: &DataFrame,
    progress: &Progress,
) -> Result<Distribution> {
    let value = || col(name.clone()).to_physical().cast(DataType::Float64);
    let value = || if dtype.is_decimal() { col(name.clone()).cast(DataType::Float64) } else { value() };
    let bound = |stats: DataFrame, bound: &str| -> Option<f64> {
        let bound = stats.column(bound).ok()?;
        let physical = if dtype.is_decimal() { bound.clone() } else { bound.to_physical_repr() };
        physical.cast(&DataType::Float64).ok()?.f64().ok()?.get(0)
    };
    let mut bounds = (bound(stats.clone(), "min"), bound(stats.clone(), "max"));
    let finite = |value: Option<f64>| value.is_some_and(f64::is_finite);
    if dtype.is_float() && !(finite(bounds.0) && finite(bounds.1)) {
        let finite = value().filter(value().is_finite());
        let wanted = [finite.clone().min().alias("min"), finite.max().alias("max")];
        let found = collect(frame.clone().select(wanted), ATTEMPT, progress)?;
        bounds = (bound(found.clone(), "min"), bound(found, "max"));
    }
    let (Some(min), Some(max)) = bounds else {
        return Ok(Distribution::Histogram { edges: Vec::new(), counts: Vec::new() });
    };
    let whole = !dtype.is_float() && !dtype.is_decimal();
    let (bins, width) = bins(min, max, whole);
    let bin = ((value() - lit(min)) / lit(width)).floor().clip(lit(0.0), lit((bins - 1) as f64));
    let grouped = frame
        .clone()
        .select([when(value().is_finite()).then(bin).otherwise(lit(NULL)).cast(DataType::UInt32).alias("bin")])
        .filter(col("bin").is_not_null())
        .group_by([col("bin")])
        .agg([len().cast(DataType::UInt64).alias("count")]);
    let grouped = collect(grouped, ATTEMPT, progress)?;
    let mut counts = vec![0; bins as usize];
    let found = grouped
        .column("bin")
        .and_then(|bin| bin.u32())
        .ok()
        .zip(grouped.column("count").and_then(|count| count.u64()).ok());
    for (bin, count) in found.into_iter().flat_map(|(bins, counts)| bins.iter().zip(counts.iter())) {
        if let (Some(bin), Some(count)) = (bin, count) {
            counts[bin as usize] = count;
        }
    }
    let edges = (0..=bins).map(|edge| label(min + width * edge as f64, dtype)).collect();
    Ok(Distribution::Histogram { edges, counts })
}

/// How many bins, and how wide: whole values get whole widths, a single value one bin.
fn bins(min: f64, max: f64, whole: bool) -> (u64, f64) {
    if whole {
        let width = ((max - min + 1.0) / BINS as f64).ceil();
        return ((((max - min + 1.0) / width).ceil() as u64).clamp(1, BINS), width);
    }
    let width = max / BINS as f64 - min / BINS as f64;
    if width > 0.0 { (BINS, width) } else { (1, 1.0) }
}

/// The label of an edge, in the form of the column's values; six digits are enough for a label.
fn label(edge: f64, dtype: &DataType) -> String {
    if dtype.is_temporal() {
        let physical = Series::new("edge".into(), [edge as i64]).cast(&dtype.to_physical());
        let value = physical.and_then(|edge| edge.cast(dtype)).and_then(|edge| text::series_to_text(&edge));
        return value.ok().and_then(|value| value.str().ok()?.get(0).map(str::to_owned)).unwrap_or_default();
    }
    if !dtype.is_float() && !dtype.is_decimal() {
        return format!("{edge:.0}");
    }
    // The shortest text of the number rounded to six digits.
    format!("{edge:.5e}").parse::<f64>().unwrap_or(edge).to_string()
}

/// The profile of a column of texts, booleans or anything else that has a text.
fn counted(frame: &LazyFrame, name: &PlSmallStr, dtype: &DataType, progress: &Progress) -> Result<ColumnProfile> {
    let value = if dtype.is_bool() { col(name.clone()) } else { text::expr(name, dtype) };
    let grouped = frame
        .clone()
        .select([value.alias("value")])
        .group_by([col("value")])
        .agg([len().cast(DataType::UInt64).alias("count")]);
    let grouped = collect(grouped, ATTEMPT, progress)?;
    let texts = text::to_text(&grouped.select(["value"]).map_err(crate::engine(ATTEMPT))?)?;
    let values = texts.columns()[0].as_materialized_series().str().map_err(crate::engine(ATTEMPT))?.clone();
    let counts: Vec<u64> = grouped
        .column("count")
        .and_then(|count| count.u64())
        .map_err(crate::engine(ATTEMPT))?
        .iter()
        .flatten()
        .collect();
    let missing: u64 = values.iter().zip(&counts).filter(|(value, _)| value.is_none()).map(|(_, count)| count).sum();
    let total: u64 = counts.iter().sum();
    let top = most_common(&values, &counts);
    let listed: u64 = top.iter().map(|(_, count)| count).sum();
    let bound = |least: bool| {
        let values = values.iter().flatten();
        if least { values.min() } else { values.max() }.map(str::to_owned)
    };
    Ok(ColumnProfile {
        name: name.to_string(),
        type_word: text::type_word(dtype),
        missing,
        distinct: (values.len() - values.null_count()) as u64,
        min: bound(true),
        max: bound(false),
        mean: None,
        distribution: Distribution::Top { values: top, others: total - missing - listed },
    })
}

fn most_common(values: &StringChunked, counts: &[u64]) -> Vec<(String, u64)> {
    let mut found: Vec<(u64, &str)> =
        counts.iter().zip(values.iter()).filter_map(|(count, value)| Some((*count, value?))).collect();
    let order = |a: &(u64, &str), b: &(u64, &str)| b.0.cmp(&a.0).then(a.1.cmp(b.1));
    if found.len() > TOP {
        found.select_nth_unstable_by(TOP - 1, order);
        found.truncate(TOP);
    }
    found.sort_by(order);
    found.into_iter().map(|(count, value)| (value.to_owned(), count)).collect()
}

fn count(stats: &DataFrame, column: &str) -> u64 {
    stats.column(column).ok().and_then(|count| count.u64().ok()?.get(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiled(df: DataFrame) -> TableProfile {
        profile(df.lazy(), None, &Progress::new()).expect("a profile")
    }

    #[test]
    fn numbers_have_exact_counts_and_a_histogram() {
        let df = df!("n" => [Some(1_i64), Some(3), Some(3), None], "x" => [Some(0.0), Some(f64::NAN), Some(f64::INFINITY), Some(20.0)]).expect("a frame");
        let profile = profiled(df);
        assert_eq!(profile.rows, 4, "all rows count");
        let n = &profile.columns[0];
        assert_eq!(
            (n.missing, n.distinct, n.min.as_deref(), n.max.as_deref()),
            (1, 2, Some("1"), Some("3")),
            "missing is no value"
        );
        let Distribution::Histogram { edges, counts } = &n.distribution else { panic!("numbers have a histogram") };
        assert_eq!(
            (edges.join(" "), counts.clone()),
            ("1 2 3 4".to_owned(), vec![1, 0, 2]),
            "whole numbers have whole bins"
        );
        let Distribution::Histogram { counts, .. } = &profile.columns[1].distribution else {
            panic!("numbers have a histogram")
        };
        assert_eq!((counts.len(), counts.iter().sum::<u64>()), (20, 2), "values that are not finite have no bin");
    }

    #[test]
    fn texts_have_their_most_common_values() {
        let many: Vec<Option<String>> =
            (0..100).map(|n: i32| (n % 20 != 0).then(|| format!("v{:02}", n % 20 / 2))).collect();
        let profile = profiled(df!("t" => many, "b" => vec![true; 100]).expect("a frame"));
        let t = &profile.columns[0];
        assert_eq!((t.missing, t.distinct, t.min.as_deref()), (5, 10, Some("v00")), "exact counts");
        let Distribution::Top { values, others } = &t.distribution else { panic!("texts have top values") };
        assert_eq!(
            (values[0].clone(), values.last().cloned(), *others),
            (("v01".into(), 10), Some(("v00".into(), 5)), 0),
            "in order"
        );
        assert_eq!(
            profile.columns[1].distribution,
            Distribution::Top { values: vec![("true".into(), 100)], others: 0 },
            "booleans too"
        );
    }

    #[test]
    fn dates_and_empty_tables_have_profiles() {
        let dates = Series::new("d".into(), [19_722_i32, 19_752]).into_date().into_column();
        let profile = profiled(DataFrame::new(2, vec![dates]).expect("a frame"));
        let Distribution::Histogram { edges, counts } = &profile.columns[0].distribution else {
            panic!("dates have a histogram")
        };
        assert_eq!((edges[0].as_str(), counts.iter().sum::<u64>()), ("2023-12-31", 2), "edges are dates");
        let empty = profiled(df!("n" => Vec::<i64>::new(), "t" => Vec::<String>::new()).expect("a frame"));
        assert_eq!(
            (empty.rows, empty.columns[0].min.clone(), empty.columns[1].distinct),
            (0, None, 0),
            "an empty table has an empty profile"
        );
    }
}
