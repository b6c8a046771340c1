//! Statistics of a data file for the Delta log, read from its Parquet footer.
//!
//! Format: Delta protocol, "Per-file Statistics". Bounds are written for top-level columns of simple types only; a
//! bound that is not known exactly (NaN, a long text) is left out, which a reader takes for "unknown".

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use chrono::{DateTime, NaiveDate};
use deltalake::parquet::basic::{LogicalType, TimeUnit};
use deltalake::parquet::file::reader::{FileReader, SerializedFileReader};
use deltalake::parquet::file::statistics::Statistics;
use pulse_core::{Error, Result};
use serde_json::{Map, Value, json};

/// Bounds of longer texts are left out: statistics are for skipping files, not for storing values.
const LONGEST_TEXT: usize = 64;

/// Rows and the statistics JSON of one Parquet file.
pub(crate) struct FileStats {
    pub rows: u64,
    pub json: String,
}

/// Reads the footer of `path`.
pub(crate) fn read(path: &Path) -> Result<FileStats> {
    let file = File::open(path).map_err(|e| Error::io("read back", path, &e))?;
    let damaged = |e| Error::damaged(format!("Could not read the footer of {}: {e}", path.display()));
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let metadata = reader.metadata();
    let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
    let mut columns: HashMap<usize, Column> = HashMap::new();
    for group in metadata.row_groups() {
        for (index, chunk) in group.columns().iter().enumerate() {
            if chunk.column_descr().path().parts().len() == 1 {
                let logical = chunk.column_descr().logical_type_ref();
                columns.entry(index).or_insert_with(Column::new).add(chunk.statistics(), logical);
            }
        }
    }
    let (mut min, mut max, mut nulls) = (Map::new(), Map::new(), Map::new());
    let schema = metadata.file_metadata().schema_descr();
    let mut sorted: Vec<_> = columns.into_iter().collect();
    sorted.sort_by_key(|(index, _)| *index);
    for (index, column) in sorted {
        let name = schema.column(index).name().to_owned();
        if let Some(count) = column.nulls {
            nulls.insert(name.clone(), json!(count));
        }
        if let Some((low, high)) = column.bounds {
            if let Some(low) = low.to_json(false) {
                min.insert(name.clone(), low);
            }
            if let Some(high) = high.to_json(true) {
                max.insert(name, high);
            }
        }
    }
    let json = json!({"numRecords": rows, "minValues": min, "maxValues": max, "nullCount": nulls}).to_string();
    Ok(FileStats { rows, json })
}

/// What is known of one column over the row groups seen so far.
struct Column {
    nulls: Option<u64>,
    bounds: Option<(Bound, Bound)>,
    known: bool,
}

impl Column {
    fn new() -> Self {
        Self { nulls: Some(0), bounds: None, known: true }
    }

    fn add(&mut self, statistics: Option<&Statistics>, logical: Option<&LogicalType>) {
        let group_nulls = statistics.and_then(Statistics::null_count_opt);
        self.nulls = self.nulls.zip(group_nulls).map(|(a, b)| a + b);
        let bounds = statistics.and_then(|s| Some((Bound::read(s, logical, false)?, Bound::read(s, logical, true)?)));
        self.bounds = match (self.known, self.bounds.take(), bounds) {
            (true, None, Some(new)) => Some(new),
            (true, Some((low, high)), Some((new_low, new_high))) => Some((low.smaller(new_low), high.larger(new_high))),
            _ => None,
        };
        // One row group without bounds makes the file's bounds unknown.
        self.known &= self.bounds.is_some();
    }
}

/// A smallest or largest value, comparable within one column.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Bound {
    Boolean(bool),
    Integer(i64),
    Date(i32),
    /// Microseconds and whether they count from the epoch in UTC.
    Timestamp(i64, bool),
    Float(f64),
    /// Unscaled value and scale; comparable because the scale is the column's.
    Decimal(i128, i32),
    Text(String),
}

impl Bound {
    fn read(statistics: &Statistics, logical: Option<&LogicalType>, high: bool) -> Option<Self> {
        match (statistics, logical) {
            (Statistics::Boolean(s), _) => pick(s.min_opt(), s.max_opt(), high).map(|v| Self::Boolean(*v)),
            (Statistics::Int32(s), logical) => {
                let value = *pick(s.min_opt(), s.max_opt(), high)?;
                Some(match logical {
                    Some(LogicalType::Date) => Self::Date(value),
                    Some(LogicalType::Decimal(d)) => Self::Decimal(value.into(), d.scale),
                    _ => Self::Integer(value.into()),
                })
            }
            (Statistics::Int64(s), logical) => {
                let value = *pick(s.min_opt(), s.max_opt(), high)?;
                match logical {
                    Some(LogicalType::Timestamp(t)) if t.unit == TimeUnit::MICROS => {
                        Some(Self::Timestamp(value, t.is_adjusted_to_u_t_c))
                    }
                    Some(LogicalType::Timestamp(_)) => None,
                    Some(LogicalType::Decimal(d)) => Some(Self::Decimal(value.into(), d.scale)),
                    _ => Some(Self::Integer(value)),
                }
            }
            (Statistics::Float(s), _) => pick(s.min_opt(), s.max_opt(), high).map(|v| Self::Float(f64::from(*v))),
            (Statistics::Double(s), _) => pick(s.min_opt(), s.max_opt(), high).map(|v| Self::Float(*v)),
            (Statistics::FixedLenByteArray(s), Some(LogicalType::Decimal(d))) => {
                let bytes = pick(s.min_opt(), s.max_opt(), high)?.data();
                Some(Self::Decimal(big_endian(bytes)?, d.scale))
            }
            (Statistics::ByteArray(s), Some(LogicalType::String)) => {
                let text = std::str::from_utf8(pick(s.min_opt(), s.max_opt(), high)?.data()).ok()?;
                (text.len() <= LONGEST_TEXT).then(|| Self::Text(text.to_owned()))
            }
            _ => None,
        }
    }

    fn smaller(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    fn larger(self, other: Self) -> Self {
        if other > self { other } else { self }
    }

    /// The protocol's JSON of the bound; a `high` timestamp is rounded up because it keeps milliseconds only.
    fn to_json(&self, high: bool) -> Option<Value> {
        match self {
            Self::Boolean(value) => Some(json!(value)),
            Self::Integer(value) => Some(json!(value)),
            Self::Date(days) => {
                let date = NaiveDate::from_epoch_days(*days)?;
                Some(json!(date.format("%Y-%m-%d").to_string()))
            }
            Self::Timestamp(micros, utc) => {
                let millis = if high { -(-micros).div_euclid(1000) } else { micros.div_euclid(1000) };
                let time = DateTime::from_timestamp_millis(millis)?;
                Some(json!(
                    time.format(if *utc { "%Y-%m-%dT%H:%M:%S%.3fZ" } else { "%Y-%m-%d %H:%M:%S%.3f" }).to_string()
                ))
            }
            Self::Float(value) => value.is_finite().then(|| json!(value)),
            Self::Decimal(value, scale) => decimal_json(*value, *scale),
            Self::Text(text) => Some(json!(text)),
        }
    }
}

fn pick<T>(low: Option<T>, high: Option<T>, wants_high: bool) -> Option<T> {
    if wants_high { high } else { low }
}

/// A number that a reader's floating point cannot turn into a wrong bound: anything beyond 15 digits is left out.
fn decimal_json(value: i128, scale: i32) -> Option<Value> {
    if value.unsigned_abs() >= 1_000_000_000_000_000 {
        return None;
    }
    if scale == 0 {
        return i64::try_from(value).ok().map(|v| json!(v));
    }
    let text = format!("{value}e-{scale}");
    text.parse::<f64>().ok().map(|v| json!(v))
}

fn big_endian(bytes: &[u8]) -> Option<i128> {
    let first = bytes.first()?;
    if bytes.len() > 16 {
        return None;
    }
    let mut wide = [if first & 0x80 == 0 { 0 } else { 0xFF }; 16];
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    Some(i128::from_be_bytes(wide))
}
