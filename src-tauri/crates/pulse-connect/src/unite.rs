//! Parts of several files made into one table.

use std::path::PathBuf;

use polars::prelude::*;
use pulse_core::{Error, LedgerEntry, LedgerKind, Result};

use crate::formats::{Body, Holds, Part, Task};
use crate::frame::scan_delimited;
use crate::ledger;
use crate::model::{ColumnPlan, Detected, Read, ReadFile, ReadOptions};
use crate::source::Source;
use crate::spool::{scan_files, spool};
use crate::typing::{Evidence, Type, Verdict, verdict};

/// A column of the whole table.
struct Column {
    name: String,
    plan: Plan,
}

/// How a column is read.
enum Plan {
    /// From texts, as the verdict on all of them says.
    Texts(Box<Verdict>),
    /// As the parts have typed it.
    Typed(DataType, String),
    /// As text, because the parts do not agree.
    Mixed,
}

/// The table of all parts, their rows in the order of the inputs.
pub(crate) fn unite(sources: &[Source], parts: Vec<Part>, task: &Task<'_>) -> Result<Read> {
    let Task { options, hash, progress, .. } = *task;
    let columns = columns(&parts, options)?;
    let mut frames = Vec::with_capacity(parts.len());
    let mut entries: Vec<LedgerEntry> = Vec::new();
    let (mut files, mut warnings) = (Vec::new(), Vec::new());
    let (mut records, mut rejected) = (0, 0);
    let mut detected = None;
    let mut finished = Some(Vec::new());
    let source_column = source_column(&columns, options, sources.len());
    for (source, part) in sources.iter().zip(parts) {
        let (frame, written) = part_frame(&part, &columns, source_column.as_deref(), source, task)?;
        frames.push(frame);
        finished = finished.zip(written).map(|(mut all, mut more)| {
            all.append(&mut more);
            all
        });
        let before = records - rejected;
        entries.extend(part.ledger.into_iter().map(|mut entry| {
            if entry.kind == LedgerKind::Value {
                entry.row = entry.row.map(|row| row + before);
            }
            entry
        }));
        records += part.records;
        rejected += part.rejected;
        let sha256 = match part.sha256 {
            Some(sha256) => sha256,
            None if hash => source.sha256(progress)?,
            None => String::new(),
        };
        files.push(ReadFile { name: source.name.clone(), bytes: source.bytes, sha256, records: part.records });
        let several = sources.len() > 1;
        warnings.extend(part.warnings.into_iter().map(|w| if several { format!("{}: {w}", source.name) } else { w }));
        detected.get_or_insert(part.detected);
    }
    let frame = match frames.len() {
        1 => frames.remove(0),
        _ => concat(frames, UnionArgs { rechunk: false, to_supertypes: false, ..UnionArgs::default() })
            .map_err(|cause| Error::internal("put the files together", cause))?,
    };
    Ok(Read {
        frame,
        finished,
        columns: columns.iter().map(|column| column.describe(options)).collect(),
        empty: columns.iter().filter(|column| column.is_empty()).map(|column| column.name.clone()).collect(),
        detected: detected.unwrap_or_else(Detected::default),
        records,
        rows: records - rejected,
        rejected,
        ledger: ledger::frame(&entries)?,
        files,
        warnings,
    })
}

/// The name of the column that says which file a row is from, if one is wanted.
fn source_column(columns: &[Column], options: &ReadOptions, inputs: usize) -> Option<String> {
    let taken = |name: &str| columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let mut names = std::iter::once("source_file".to_owned()).chain((2..).map(|n| format!("source_file_{n}")));
    options.source_column.unwrap_or(inputs > 1).then(|| names.find(|name| !taken(name))).flatten()
}

/// The columns of all parts, in the order in which they first appear, each with one type.
fn columns(parts: &[Part], options: &ReadOptions) -> Result<Vec<Column>> {
    let mut names: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for column in parts.iter().flat_map(|part| &part.columns) {
        if seen.insert(column.name.as_str()) {
            names.push(&column.name);
        }
    }
    if let Some(unknown) = options.types.keys().find(|name| !seen.contains(name.as_str())) {
        return Err(Error::not_found(format!("There is no column `{unknown}` whose type could be chosen."))
            .hint(format!("The columns are {}.", names.join(", ")))
            .field(format!("types.{unknown}")));
    }
    names.into_iter().map(|name| Ok(Column { name: name.to_owned(), plan: plan(name, parts, options)? })).collect()
}

fn plan(name: &str, parts: &[Part], options: &ReadOptions) -> Result<Plan> {
    let asked = options.types.get(name).map(|word| Type::parse(word, name)).transpose()?;
    let mut evidence: Option<Evidence> = None;
    let mut typed: Option<(DataType, String)> = None;
    for column in parts.iter().flat_map(|part| &part.columns).filter(|column| column.name == name) {
        match &column.holds {
            Holds::Texts(more) => evidence.get_or_insert_default().merge((**more).clone(), 0),
            Holds::Typed(dtype, why) => match &typed {
                Some((known, _)) if known != dtype => return Ok(Plan::Mixed),
                Some(_) => {}
                None => typed = Some((dtype.clone(), why.clone())),
            },
        }
    }
    match (evidence, typed) {
        (None, Some((dtype, why))) => Ok(Plan::Typed(dtype, why)),
        (Some(_), Some(_)) => Ok(Plan::Mixed),
        (evidence, None) => {
            let evidence = evidence.unwrap_or_default();
            if asked.is_some_and(|kind| !kind.fits(&evidence) && kind == Type::Decimal) {
                return Err(Error::invalid(format!("Column `{name}` needs more than 38 digits as a decimal."))
                    .hint("Choose number or text for it.")
                    .field(format!("types.{name}")));
            }
            Ok(Plan::Texts(Box::new(verdict(&evidence, asked))))
        }
    }
}

/// The rows of one part, with the table's columns in the table's order, and the files they are finished in, if they are.
fn part_frame(
    part: &Part,
    columns: &[Column],
    source_column: Option<&str>,
    source: &Source,
    task: &Task<'_>,
) -> Result<(LazyFrame, Option<Vec<PathBuf>>)> {
    let text = Verdict::text();
    let verdicts: Vec<(&str, &Verdict)> = part
        .columns
        .iter()
        .map(|own| match columns.iter().find(|column| column.name == own.name).map(|column| &column.plan) {
            Some(Plan::Texts(verdict)) => (own.name.as_str(), &**verdict),
            _ => (own.name.as_str(), &text),
        })
        .collect();
    let shape = |frame: LazyFrame| {
        let frame = shaped(frame, part, columns);
        match source_column {
            Some(name) => frame.with_column(lit(source.name.clone()).alias(name)),
            None => frame,
        }
    };
    let rows = part.records - part.rejected;
    match &part.body {
        Body::Frame(frame) => Ok((shape(LazyFrame::clone(frame)), None)),
        _ if rows == 0 => {
            let schema: Schema = verdicts.iter().map(|(name, v)| Field::new((*name).into(), v.dtype())).collect();
            Ok((shape(DataFrame::empty_with_schema(&schema).lazy()), Some(Vec::new())))
        }
        Body::Delimited(body) => Ok((shape(scan_delimited(body, &verdicts)?), None)),
        Body::Streamed(body) => {
            let to = source.scratch_file(task.scratch, "typed");
            task.progress.stage("Reading into typed columns", rows, 0);
            let (files, schema) = spool(body, &verdicts, &shape, &to, task.progress)?;
            Ok((scan_files(&files, &schema)?, Some(files)))
        }
    }
}

/// The rows of one part with the table's columns in the table's order.
fn shaped(frame: LazyFrame, part: &Part, columns: &[Column]) -> LazyFrame {
    let has = |name: &str| part.columns.iter().any(|column| column.name == name);
    let same = part.columns.len() == columns.len() && part.columns.iter().zip(columns).all(|(a, b)| a.name == b.name);
    if same && !columns.iter().any(|column| matches!(column.plan, Plan::Mixed)) {
        return frame;
    }
    let choose = |column: &Column| {
        let name = column.name.as_str();
        let dtype = column.dtype();
        match (&column.plan, has(name)) {
            (_, false) => lit(NULL).cast(dtype).alias(name),
            (Plan::Mixed, true) => col(name).cast(dtype),
            (_, true) => col(name),
        }
    };
    frame.select(columns.iter().map(choose).collect::<Vec<_>>())
}

impl Column {
    fn dtype(&self) -> DataType {
        match &self.plan {
            Plan::Texts(verdict) => verdict.dtype(),
            Plan::Typed(dtype, _) => dtype.clone(),
            Plan::Mixed => DataType::String,
        }
    }

    fn is_empty(&self) -> bool {
        matches!(&self.plan, Plan::Texts(verdict) if verdict.empty)
    }

    fn describe(&self, options: &ReadOptions) -> ColumnPlan {
        let (type_word, why) = match &self.plan {
            Plan::Texts(verdict) => (verdict.kind.word().to_owned(), verdict.why.clone()),
            Plan::Typed(dtype, why) => (type_word(dtype), why.clone()),
            Plan::Mixed => ("text".to_owned(), "text: the files hold different types here".to_owned()),
        };
        ColumnPlan { overridden: options.types.contains_key(&self.name), name: self.name.clone(), type_word, why }
    }
}

/// The user's word for a frame's type; the type's own name for nested and binary values.
fn type_word(dtype: &DataType) -> String {
    match dtype {
        DataType::String => "text".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Decimal(..) => "decimal".into(),
        DataType::Date => "date".into(),
        DataType::Datetime(..) => "timestamp".into(),
        dtype if dtype.is_integer() => "integer".into(),
        dtype if dtype.is_float() => "number".into(),
        DataType::Binary => "binary".into(),
        DataType::List(_) => "list".into(),
        DataType::Struct(_) => "struct".into(),
        other => other.to_string(),
    }
}
