//! Parquet: typed already; types that a Delta table does not hold are widened without loss or become text.

use std::fs::File;

use polars::prelude::*;
use pulse_core::{Code, Error, LedgerEntry, Result};

use super::csv::learn;
use super::{Body, Format, Holds, Part, PartColumn, Task};
use crate::frame::cast_texts;
use crate::ledger;
use crate::model::Detected;
use crate::names::unique_names;
use crate::source::Source;
use crate::typing::{Converter, Evidence, Type, verdict};

/// Up to here any ratio of unpacked to packed bytes is harmless.
const FREE_BYTES: u64 = 16 << 30;
/// Beyond it, unpacked bytes per byte of the file; a hostile file reaches millions.
const MAX_RATIO: u64 = 1000;

/// Apache Parquet files.
pub(super) struct Parquet;

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn title(&self) -> &'static str {
        "Parquet"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    fn recognise(&self, head: &[u8]) -> f64 {
        if head.starts_with(b"PAR1") { 1.0 } else { 0.0 }
    }

    fn read(&self, source: &Source, task: &Task<'_>) -> Result<Part> {
        let damaged = |cause: PolarsError| {
            Error::damaged(format!("Could not read the Parquet file `{}`: {cause}", source.name))
                .hint("Fetch the file again; it is incomplete or changed.")
        };
        let records = check_budget(source)?;
        let args = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
        let path = PlRefPath::try_from_path(&source.path).map_err(damaged)?;
        let mut frame = LazyFrame::scan_parquet(path, args).map_err(damaged)?;
        let schema = frame.collect_schema().map_err(damaged)?;
        let given: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
        let (names, warnings) = unique_names(&given, given.len());
        let (mut exprs, mut columns, mut ledger) = (Vec::new(), Vec::new(), Vec::new());
        for ((old, dtype), name) in schema.iter().zip(names) {
            task.progress.check()?;
            let (mut held, mut why) = holds(dtype, true);
            if matches!(dtype, DataType::Datetime(TimeUnit::Nanoseconds, _)) {
                (held, why) = nanoseconds(&frame, old, dtype).map_err(damaged)?;
            }
            let mut expr = if held == *dtype { col(old.clone()) } else { col(old.clone()).cast(held.clone()) };
            let asked = task.options.types.get(&name).map(|word| Type::parse(word, &name)).transpose()?;
            if let Some(kind) = asked.filter(|kind| !kind.is_of(&held)) {
                let texts =
                    frame.clone().select([col(old.clone()).cast(DataType::String)]).collect().map_err(damaged)?;
                let texts = texts.column(old).and_then(|column| column.str().cloned()).map_err(damaged)?;
                (expr, held) = chosen(old, kind, &texts, &name, &source.name, &mut ledger);
                why = format!("{}: you chose it", kind.word());
            }
            exprs.push(expr.alias(name.as_str()));
            columns.push(PartColumn { name, holds: Holds::Typed(held, why) });
        }
        let body = Body::Frame(Box::new(frame.select(exprs)));
        let detected = Detected::default();
        Ok(Part { detected, columns, records, rejected: 0, ledger, body, sha256: None, warnings })
    }
}

/// The number of records that the file's metadata states, if unpacking them stays within reason.
fn check_budget(source: &Source) -> Result<u64> {
    let file = File::open(&source.path).map_err(|cause| Error::io("read", &source.path, &cause))?;
    let mut reader = ParquetReader::new(file);
    let metadata = reader.get_metadata().map_err(|cause| {
        Error::damaged(format!("Could not read the Parquet file `{}`: {cause}", source.name))
            .hint("Fetch the file again; it is incomplete or changed.")
    })?;
    let unpacked: u64 = metadata.row_groups.iter().map(|group| group.total_byte_size() as u64).sum();
    if unpacked > FREE_BYTES && unpacked / MAX_RATIO > source.content_bytes {
        return Err(Error::new(
            Code::LimitExceeded,
            format!(
                "`{}` has {} bytes and would unpack to {unpacked}, as in a decompression bomb.",
                source.name, source.content_bytes
            ),
        )
        .hint("If you trust the file, rewrite it with another program in smaller row groups."));
    }
    Ok(metadata.num_rows as u64)
}

/// The type in which a Delta table holds values of `dtype` without loss, and why it is that one.
fn holds(dtype: &DataType, top: bool) -> (DataType, String) {
    let same = |word: &str| (dtype.clone(), format!("{word}: as in the Parquet file"));
    let widened = |to: DataType, word: &str| (to, format!("{word}: the file's {dtype} is widened without loss"));
    let text = |what: &str| (DataType::String, format!("text: a table cannot hold the file's {what}"));
    match dtype {
        DataType::Boolean => same("boolean"),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => same("integer"),
        DataType::Float32 | DataType::Float64 => same("number"),
        DataType::Decimal(..) => same("decimal"),
        DataType::String => same("text"),
        DataType::Binary => same("binary"),
        DataType::Date => same("date"),
        DataType::UInt8 => widened(DataType::Int16, "integer"),
        DataType::UInt16 => widened(DataType::Int32, "integer"),
        DataType::UInt32 => widened(DataType::Int64, "integer"),
        DataType::UInt64 => widened(DataType::Decimal(20, 0), "decimal"),
        DataType::Datetime(TimeUnit::Nanoseconds, _) if !top => text("nanoseconds"),
        DataType::Datetime(_, None) => {
            (DataType::Datetime(TimeUnit::Microseconds, None), "timestamp: as in the Parquet file".into())
        }
        DataType::Datetime(_, Some(_)) => {
            let utc = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
            (utc, "timestamp: as in the Parquet file, in UTC".into())
        }
        DataType::Duration(unit) => (DataType::Int64, format!("integer: the file's durations in {}", unit_word(*unit))),
        DataType::List(inner) => {
            (DataType::List(Box::new(holds(inner, false).0)), "list: as in the Parquet file".into())
        }
        DataType::Struct(fields) => {
            let held = fields.iter().map(|f| Field::new(f.name().clone(), holds(f.dtype(), false).0)).collect();
            (DataType::Struct(held), "struct: as in the Parquet file".into())
        }
        DataType::Null => (DataType::String, "text: every value is missing".into()),
        other => text(&other.to_string()),
    }
}

fn unit_word(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Nanoseconds => "nanoseconds",
        TimeUnit::Microseconds => "microseconds",
        TimeUnit::Milliseconds => "milliseconds",
    }
}

/// Nanoseconds become microseconds if no value is finer, else text.
fn nanoseconds(frame: &LazyFrame, name: &str, dtype: &DataType) -> PolarsResult<(DataType, String)> {
    let finer = (col(name).cast(DataType::Int64) % lit(1000i64)).neq(lit(0i64)).any(true);
    let found = frame.clone().select([finer]).collect()?;
    if found.column(name)?.bool()?.get(0) == Some(true) {
        return Ok((DataType::String, "text: some values are finer than a microsecond".into()));
    }
    let (held, _) = holds(dtype, true);
    Ok((held, "timestamp: no value is finer than a microsecond".into()))
}

/// The column as the type its user chose; values that do not fit go to the ledger.
fn chosen(
    old: &str,
    kind: Type,
    texts: &StringChunked,
    name: &str,
    source: &str,
    entries: &mut Vec<LedgerEntry>,
) -> (Expr, DataType) {
    let converter = Converter(kind);
    let mut evidence = Evidence::default();
    for (row, text) in texts.iter().enumerate() {
        let Some(text) = text else { continue };
        let canonical = converter.convert(text);
        if canonical.is_none() {
            let mut entry = ledger::misfit(source, (0, row as u64), name, text, kind.word());
            entry.line = None;
            entries.push(entry);
        }
        learn(&mut evidence, canonical.as_deref().map(str::as_bytes), 0);
    }
    let verdict = verdict(&evidence, Some(kind));
    let convert = move |column: Column| -> PolarsResult<Column> {
        let texts = column.str()?;
        Ok(texts.apply(|text| text.and_then(|text| converter.convert(text))).into_column())
    };
    let texts = col(old).cast(DataType::String).map(convert, |_, field| Ok(field.clone()));
    (cast_texts(texts, &verdict), verdict.dtype())
}
