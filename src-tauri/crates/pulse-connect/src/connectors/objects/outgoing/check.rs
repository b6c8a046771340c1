//! The preflight: what is there, what will be there, and what would fail. Nothing is written.

use std::collections::HashMap;

use polars::prelude::*;
use pulse_core::{Error, Progress, Result};

use super::super::{Kind, Place, kind};
use super::delta;
use super::fields::{Field, can_partition, fields, note, stored};
use super::schema::{shown, word};
use super::shelf::Shelf;
use super::target::{Format, Target};
use super::{Seen, dataset, register, room};
use crate::destination::{Finding, Preflight, Severity, SyncMode, TargetColumn};
use crate::net;
use crate::outgoing::Outgoing;

/// Rows that a finding shows.
const EXAMPLES: u32 = 5;
/// Partitions from which on the many small files are worth a note, and beyond which they are refused.
const MANY: u64 = 1000;
const TOO_MANY: u64 = 20_000;
/// The number of a row; no column has such a name.
const NUMBER: &str = "\u{e000}number";

/// See [`crate::destination::Destination::preflight`].
pub(super) fn preflight(
    place: &dyn Place,
    target: &Target,
    outgoing: &Outgoing,
    progress: &Progress,
) -> Result<Preflight> {
    let mut found = Preflight::default();
    let folder = match target.folder() {
        Ok(folder) => folder,
        Err(error) => {
            found.findings.push(stop(&error.message, error.hint.as_deref().unwrap_or_default()));
            return Ok(found);
        }
    };
    let shelf = Shelf::new(place, folder);
    found.target = format!("{} is not there yet and will be made.", shelf.address());
    if let Some(top) = place.on_disk("").filter(|top| !top.is_dir()) {
        found.findings.push(stop(
            &format!("The folder of the connection, {}, is not there.", top.display()),
            "Make it, or mount the drive that it is on.",
        ));
        return Ok(found);
    }
    names(target, outgoing, &mut found.findings);
    let mut fields = fields(target, outgoing);
    let what = net::run(progress, kind(place, &shelf.folder))?;
    if target.format == Format::Delta {
        table(&shelf, target, outgoing, what, &mut fields, &mut found, progress)?;
    } else {
        files(&shelf, target, outgoing, what, &mut found, progress)?;
    }
    found.columns = outgoing.columns.iter().zip(&fields).map(|(own, field)| column(own, field, target)).collect();
    rows(target, outgoing, &fields, &mut found.findings)?;
    found.findings.extend(room::check(place, outgoing)?);
    found.statements = register::statements(&shelf, target, outgoing);
    Ok(found)
}

fn stop(text: &str, hint: &str) -> Finding {
    Finding::new(Severity::Stops, text, hint)
}

fn column(own: &crate::OutgoingColumn, field: &Field, target: &Target) -> TargetColumn {
    let as_text = target.format == Format::Csv
        && matches!(field.dtype, DataType::List(_) | DataType::Struct(_) | DataType::Binary);
    let type_word = if as_text { "string".into() } else { shown(&word(&field.dtype)) };
    let mut note = note(&own.dtype, &field.dtype, target.format);
    if field.partition {
        note = if note.is_empty() { "splits the rows".into() } else { format!("splits the rows; {note}") };
    }
    TargetColumn { name: field.name.clone(), type_word, note }
}

/// Names and types that the target cannot hold.
fn names(target: &Target, outgoing: &Outgoing, findings: &mut Vec<Finding>) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for column in &outgoing.columns {
        if let Some(other) = seen.insert(column.name.to_lowercase(), &column.name) {
            let text = format!(
                "`{other}` and `{}` differ only in capitals, which the readers do not tell apart.",
                column.name
            );
            findings.push(stop(&text, "Rename one of the two.").column(&column.name));
        }
        if column.name.is_empty() {
            findings.push(stop("A column has no name.", "Give it one."));
        }
        if target.format == Format::Delta && column.name.contains([' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='])
        {
            let text = format!("Spark and Databricks do not write to a column named `{}`.", column.name);
            let hint = "They read it; rename it without blanks and signs if they shall write to the table, too.";
            findings.push(Finding::new(Severity::Notes, text, hint).column(&column.name));
        }
        if stored(&column.dtype).is_none() {
            let text = format!("Values of the type {} have no place in the files.", column.dtype);
            findings
                .push(stop(&text, "Change the column to text with a recipe, or leave it out.").column(&column.name));
        }
        if !column.type_word.is_empty() {
            let text = "The type of the target cannot be chosen here; it follows from the column's own.";
            findings.push(stop(text, "Change the column's type with a recipe.").column(&column.name));
        }
    }
    for name in &target.partition_by {
        match outgoing.columns.iter().find(|column| column.name == *name) {
            None => findings.push(stop(
                &format!("The partition column `{name}` is not among the columns that are sent."),
                "Send it, or choose another one.",
            )),
            Some(column) if !can_partition(&column.dtype) => findings.push(
                stop("Nested values and bytes cannot split rows.", "Choose other partition columns.").column(name),
            ),
            Some(_) => {}
        }
    }
    let mut by = target.partition_by.clone();
    by.sort();
    by.dedup();
    if by.len() != target.partition_by.len() {
        findings.push(stop("A partition column is named twice.", "Name each once."));
    }
    if by.len() >= outgoing.columns.len() {
        findings
            .push(stop("No column is left for the files.", "Leave at least one column out of the partition columns."));
    }
}

/// A Delta table as the target.
fn table(
    shelf: &Shelf<'_>,
    target: &Target,
    outgoing: &Outgoing,
    what: Kind,
    fields: &mut Vec<Field>,
    found: &mut Preflight,
    progress: &Progress,
) -> Result<()> {
    if what == Kind::Iceberg {
        found.findings.push(iceberg());
        return Ok(());
    }
    let now = match delta::read(shelf, outgoing, progress) {
        Ok(now) => now,
        Err(error) if matches!(error.code, pulse_core::Code::Unsupported | pulse_core::Code::Damaged) => {
            found.findings.push(stop(&error.message, "Write to another folder, or mend the table first."));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let Some(now) = now else {
        if dataset::read(shelf, progress)?.is_some() {
            found.findings.push(stop("A dataset of files lies there.", "Choose its format, or another folder."));
        } else {
            strangers(&dataset::foreign(shelf, None, progress)?, found);
        }
        return Ok(());
    };
    found.target = format!("{} is a Delta table at version {}.", shelf.address(), now.version);
    let plan = delta::plan(target, outgoing, Some(&now));
    found.findings.extend(plan.blocked.iter().map(|(text, hint)| stop(text, hint)));
    for name in &plan.fit.required {
        let column = outgoing.columns.iter().find(|column| column.name == *name);
        if let Some(column) = column {
            let text = "The table demands a value in this column, and some rows have none.";
            rows_where(
                outgoing,
                &column.name,
                Expr::is_null,
                text,
                "Fill them in with a recipe.",
                &mut found.findings,
            )?;
        }
    }
    let mut tell = |text: String, hint: &str| found.findings.push(Finding::new(Severity::Notes, text, hint));
    if !plan.fit.new.is_empty() {
        tell(
            format!("The table gets new columns: {}.", plan.fit.new.join(", ")),
            "Earlier rows have no value in them.",
        );
    }
    if !plan.fit.missing.is_empty() {
        let text = format!("The table has more columns: {}.", plan.fit.missing.join(", "));
        tell(text, "The new rows have no value in them.");
    }
    let schema = now.metadata["schemaString"].as_str().and_then(|text| serde_json::from_str(text).ok());
    if outgoing.mode == SyncMode::Replace && schema.as_ref() != Some(&plan.fit.schema) {
        tell(
            "The table has other columns now; they are replaced together with the rows.".into(),
            "Queries for the earlier columns fail afterwards; earlier versions keep them.",
        );
    }
    if let Some(last) = Seen::last(outgoing)
        && (last.version != Some(now.version) || now.metadata["id"].as_str() != Some(&last.table))
    {
        let last = last.version.map_or_else(|| "none".into(), |version| version.to_string());
        tell(
            format!(
                "Someone else changed the table: it was at version {last} after the last sync and is at {} now.",
                now.version
            ),
            match outgoing.mode {
                SyncMode::Replace => "What they wrote is replaced; it stays readable as an earlier version.",
                _ => "What they wrote stays.",
            },
        );
    }
    *fields = plan.fields;
    Ok(())
}

/// A dataset as the target.
fn files(
    shelf: &Shelf<'_>,
    target: &Target,
    outgoing: &Outgoing,
    what: Kind,
    found: &mut Preflight,
    progress: &Progress,
) -> Result<()> {
    match what {
        Kind::Delta => {
            let text = format!("{} is a Delta table; loose files in it would not belong to it.", shelf.address());
            found.findings.push(stop(&text, "Choose the format Delta, or another folder."));
            return Ok(());
        }
        Kind::Iceberg => {
            found.findings.push(iceberg());
            return Ok(());
        }
        Kind::Folder => {}
    }
    let now = match dataset::read(shelf, progress) {
        Err(error) if error.code == pulse_core::Code::Damaged => {
            found.findings.push(stop(&error.message, error.hint.as_deref().unwrap_or_default()));
            return Ok(());
        }
        now => now?,
    };
    let known = now.as_ref().map(|now| &now.manifest);
    if let Some(known) = known {
        found.target =
            format!("{} is a dataset of {} files with {} rows.", shelf.address(), known.files.len(), known.rows);
    }
    found.findings.extend(dataset::misfit(target, outgoing, known).iter().map(|(text, hint)| stop(text, hint)));
    if outgoing.mode == SyncMode::Replace {
        strangers(&dataset::foreign(shelf, known, progress)?, found);
    }
    if let Some(last) = Seen::last(outgoing)
        && Some(last.manifest.as_str()) != now.as_ref().map(|now| now.sha256.as_str())
    {
        found.findings.push(Finding::new(
            Severity::Notes,
            "Someone else changed the dataset since the last sync.",
            if outgoing.mode == SyncMode::Replace {
                "The files that its manifest lists are replaced."
            } else {
                "What they wrote stays."
            },
        ));
    }
    Ok(())
}

fn iceberg() -> Finding {
    stop("A table of Apache Iceberg lies there, which is not written.", "Choose another folder.")
}

fn strangers(files: &[String], found: &mut Preflight) {
    if let Some(first) = files.first() {
        let text = format!("{} files lie there that no sync put, `{first}` among them.", files.len());
        found.findings.push(stop(&text, "Choose an empty folder, or move them away."));
    }
}

/// Rows that the target would not give back as they are.
fn rows(target: &Target, outgoing: &Outgoing, fields: &[Field], findings: &mut Vec<Finding>) -> Result<()> {
    if findings.iter().any(|finding| finding.severity == Severity::Stops) {
        return Ok(());
    }
    for column in &outgoing.columns {
        if let DataType::Datetime(TimeUnit::Nanoseconds, _) = column.dtype {
            let text = format!("Times in `{}` are cut to microseconds.", column.name);
            findings.push(Finding::new(Severity::Notes, text, "Finer parts are lost.").column(&column.name));
        }
    }
    for field in fields.iter().filter(|field| field.partition) {
        if field.dtype == DataType::String {
            let empty = |column: Expr| column.eq(lit(""));
            let text = "An empty text that splits rows comes back as a missing value.";
            let hint = "Give these rows another value with a recipe, or choose another partition column.";
            rows_where(outgoing, &field.name, empty, text, hint, findings)?;
        }
        if field.dtype.is_float() {
            let text = "NaN cannot split rows.";
            rows_where(outgoing, &field.name, Expr::is_nan, text, "Choose another partition column.", findings)?;
        }
    }
    if target.format == Format::Csv && fields.iter().filter(|field| !field.partition).count() == 1 {
        for field in fields.iter().filter(|field| !field.partition) {
            let text = "A missing value alone on a line is an empty line, which readers pass over.";
            rows_where(outgoing, &field.name, Expr::is_null, text, "Send another column, too.", findings)?;
        }
    }
    if target.partition_by.is_empty() {
        return Ok(());
    }
    let by: Vec<Expr> = target.partition_by.iter().map(|name| exactly(name)).collect();
    let count = outgoing.rows.frame().select(by).unique(None, UniqueKeepStrategy::Any).select([len()]);
    let count = number(&count.collect().map_err(failed)?);
    if count > TOO_MANY {
        findings.push(stop(
            &format!("The partition columns have {count} different values; at most {TOO_MANY} folders are made."),
            "Choose columns with fewer values.",
        ));
    } else if count > MANY {
        findings.push(Finding::new(
            Severity::Notes,
            format!("The rows fall into {count} partitions, each with a file of its own at least."),
            "Many small files are slow to read; choose columns with fewer values.",
        ));
    }
    Ok(())
}

fn exactly(name: &str) -> Expr {
    Expr::Column(PlSmallStr::from(name))
}

fn rows_where(
    outgoing: &Outgoing,
    name: &str,
    rule: impl Fn(Expr) -> Expr,
    text: &str,
    hint: &str,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let rows = outgoing.rows.frame().select([exactly(name)]).with_row_index(NUMBER, None).filter(rule(exactly(name)));
    let count = number(&rows.clone().select([len()]).collect().map_err(failed)?);
    if count == 0 {
        return Ok(());
    }
    let shown = rows.limit(EXAMPLES).collect().map_err(failed)?;
    let example = |at: usize| {
        let number = shown.column(NUMBER).ok()?.get(at).ok()?.extract::<u64>()?;
        Some((number, shown.column(name).ok()?.get(at).ok()?.to_string()))
    };
    let examples = (0..shown.height()).filter_map(example).collect();
    findings.push(stop(text, hint).column(name).rows(count, examples));
    Ok(())
}

fn number(frame: &DataFrame) -> u64 {
    frame.columns().first().and_then(|column| column.get(0).ok()?.extract::<u64>()).unwrap_or_default()
}

fn failed(cause: PolarsError) -> Error {
    Error::internal("look through the rows to send", cause)
}
