//! A rehearsal: what would be made and what would fail, in a transaction that is taken back.

use polars::prelude::*;
use pulse_core::{Error, Progress, Result};

use super::super::settings::Settings;
use super::super::sql;
use super::form::{ReplaceBy, Target};
use super::link::{Failure, Link};
use super::plan::{self, CREATE, Path, Plan};
use super::shape::{Column, Table};
use super::types::{self, Fit};
use super::watermark::{self, Watermark};
use super::{drift, nested, swap, write};
use crate::destination::{Finding, Preflight, Severity, Statement, SyncMode, TargetColumn};
use crate::outgoing::{JsonRows, Outgoing};

/// What is being done, for errors: "Could not …".
const ATTEMPT: &str = "rehearse the sync";
/// Examples that a finding shows.
const EXAMPLES: IdxSize = 5;
/// Characters of an example.
const SHOWN: usize = 80;
/// Bytes of a name that PostgreSQL keeps ("Identifiers and Key Words" in its manual).
const NAME_BYTES: usize = 63;
/// Names that every table has columns of already.
const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
/// The number of a row; no column has such a name.
const NUMBER: &str = "\u{e000}number";

/// What belongs to a table and is lost when another one takes its place, each as a phrase.
const LOST: &str = "\
SELECT 'the trigger ' || tgname FROM pg_catalog.pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal
UNION ALL SELECT 'the policy ' || polname FROM pg_catalog.pg_policy WHERE polrelid = $1
UNION ALL SELECT 'the rule ' || rulename FROM pg_catalog.pg_rewrite WHERE ev_class = $1
UNION ALL SELECT CASE contype WHEN 'f' THEN 'the foreign key ' WHEN 'x' THEN 'the exclusion ' ELSE 'the check ' END || conname
          FROM pg_catalog.pg_constraint WHERE conrelid = $1 AND contype IN ('c', 'f', 'x')
UNION ALL SELECT 'the foreign key ' || conname || ' of ' || conrelid::regclass
          FROM pg_catalog.pg_constraint WHERE confrelid = $1 AND conrelid <> $1 AND contype = 'f'
UNION ALL SELECT 'the default of ' || attname FROM pg_catalog.pg_attribute
          WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND (atthasdef OR attidentity <> '')
UNION ALL SELECT 'the publication ' || p.pubname FROM pg_catalog.pg_publication_rel r
          JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = $1
UNION ALL SELECT 'the statistics ' || stxname FROM pg_catalog.pg_statistic_ext WHERE stxrelid = $1
UNION ALL SELECT 'the table above it, ' || inhparent::regclass FROM pg_catalog.pg_inherits WHERE inhrelid = $1
UNION ALL SELECT 'the table below it, ' || inhrelid::regclass FROM pg_catalog.pg_inherits WHERE inhparent = $1
UNION ALL SELECT DISTINCT 'the materialized view ' || c.oid::regclass FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
          WHERE d.refobjid = $1 AND d.refclassid = 'pg_catalog.pg_class'::regclass AND c.relkind = 'm'";

/// Says what a sync would do.
pub(super) fn preflight(
    settings: &Settings,
    target: &Target,
    outgoing: &Outgoing,
    progress: &Progress,
) -> Result<Preflight> {
    let link = Link::open(settings, &settings.application_name, progress)?;
    let mut found =
        Preflight { target: format!("{} in {}.", target.title(), settings.database()), ..Preflight::default() };
    found.findings.extend(names(target, outgoing));
    found.findings.extend(rights(&link, target)?);
    if found.findings.iter().any(|finding| finding.severity == Severity::Stops) {
        return Ok(found);
    }
    let before = {
        let plan = Plan::new(&link, target, outgoing, false)?;
        Watermark::read(&link, &plan)?
    };
    let again = before.as_ref().is_some_and(|before| before.run == outgoing.run);
    let plan = Plan::new(&link, target, outgoing, again)?;
    found.target = said(&plan);
    if let Err(error) = drift::check_gap(&plan, before.as_ref()) {
        found.findings.push(stop(error));
    }
    let fits = match plan.path {
        Path::Beside => beside(&link, &plan, &mut found)?,
        Path::Into => into(&link, &plan, &mut found)?,
    };
    found.findings.extend(misfits(outgoing, &fits)?);
    found.findings.extend(nested::findings(outgoing, &fits, progress)?);
    found.findings.extend(drift::finding(&link, &plan)?);
    found.findings.sort_by_key(|finding| finding.severity);
    Ok(found)
}

fn said(plan: &Plan) -> String {
    let title = plan.target.title();
    match (&plan.existing, plan.path) {
        (None, _) => format!("{title} is not there yet and is created."),
        (Some(_), Path::Beside) => format!("{title} is there; a new table takes its place."),
        (Some(_), Path::Into) => format!("{title} is there and stays; its rows change."),
    }
}

fn stop(error: Error) -> Finding {
    Finding::new(Severity::Stops, error.message, error.hint.unwrap_or_default())
}

/// Names that PostgreSQL would cut, has already, or takes for the same.
fn names(target: &Target, outgoing: &Outgoing) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut stop = |name: &str, text: String, hint: &str| {
        found.push(Finding::new(Severity::Stops, text, hint).column(name));
    };
    for (what, name) in [("schema", &target.schema), ("table", &target.table)] {
        if name.len() > NAME_BYTES {
            stop(
                "",
                format!("The name of the {what} has {} bytes; PostgreSQL cuts it after {NAME_BYTES}.", name.len()),
                "Choose a shorter name.",
            );
        }
    }
    for (at, column) in outgoing.columns.iter().enumerate() {
        let name = &column.name;
        let others = &outgoing.columns[..at];
        if name.is_empty() || name.contains('\0') {
            stop(
                name,
                format!("The column `{}` has no name that PostgreSQL can hold.", column.source),
                "Give it another name.",
            );
        } else if name.len() > NAME_BYTES {
            let cut = swap::cut(name);
            let same = others.iter().find(|other| swap::cut(&other.name) == cut);
            let also = same.map_or(String::new(), |other| format!(", and then is the same as `{}`", other.source));
            stop(
                name,
                format!("The name has {} bytes; PostgreSQL cuts it after {NAME_BYTES}{also}.", name.len()),
                "Give the column a shorter name.",
            );
        } else if others.iter().any(|other| swap::cut(&other.name) == *name) {
            stop(name, format!("Two columns are called `{name}`."), "Give one of them another name.");
        } else if SYSTEM.contains(&name.as_str()) {
            stop(
                name,
                format!("Every table of PostgreSQL has a column `{name}` of its own."),
                "Give the column another name.",
            );
        }
        if types::natural(&column.dtype).is_none() {
            stop(
                name,
                format!("PostgreSQL has no type for values of the type {}.", column.dtype),
                "Convert the column with a recipe.",
            );
        }
    }
    if outgoing.columns.is_empty() {
        stop("", "No columns are sent.".into(), "Choose at least one.");
    }
    found
}

/// Whether the user may make tables in the schema.
fn rights(link: &Link, target: &Target) -> Result<Vec<Finding>> {
    let asked = "SELECT pg_catalog.has_schema_privilege(oid, 'USAGE'), pg_catalog.has_schema_privilege(oid, 'CREATE'),
                 pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('default_transaction_read_only')::bool,
                 current_user::text FROM pg_catalog.pg_namespace WHERE nspname = $1::text";
    let rows = link.query(asked, &[&target.schema], ATTEMPT)?;
    let schema = sql::name(&target.schema);
    let Some(row) = rows.first() else {
        let text = format!("There is no schema {schema}.");
        return Ok(vec![Finding::new(
            Severity::Stops,
            text,
            format!("Choose another one, or let it be made: CREATE SCHEMA {schema}."),
        )]);
    };
    let (usage, create, reads_only): (bool, bool, bool) = (row.get(0), row.get(1), row.get(2));
    let user = sql::name(row.get(3));
    let mut found = Vec::new();
    if !usage || !create {
        let text =
            format!("{user} may not make tables in the schema {schema}, which staging and the record of syncs need.");
        let hint = format!("Ask its owner: GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}.");
        found.push(Finding::new(Severity::Stops, text, hint));
    }
    if reads_only {
        found.push(Finding::new(
            Severity::Stops,
            "The server only lets rows be read.",
            "Write to the primary server, with a user who may write.",
        ));
    }
    Ok(found)
}

/// Rehearses a new table in a transaction that is taken back.
fn beside(link: &Link, plan: &Plan, found: &mut Preflight) -> Result<Vec<(String, Fit)>> {
    if let Some(table) = &plan.existing {
        found.findings.extend(not_replaced(link, plan, table)?);
    }
    let stopped = found.findings.iter().any(|finding| finding.severity == Severity::Stops);
    found.statements = vec![
        Statement {
            id: CREATE.into(),
            title: "Create the table".into(),
            text: plan.create(),
            language: "sql".into(),
            editable: true,
        },
        shown("more", "Keys, indexes and comments", swap::described(link, plan)?),
    ];
    found.statements.retain(|statement| !statement.text.is_empty());
    remembered(link, plan, found)?;
    let name = format!("cloud_pulse_{}_try", plan::short(&plan.outgoing.run));
    let statement = match plan.create_as(&plan.quoted(&name)) {
        Ok(statement) => statement,
        Err(error) => {
            found.findings.push(stop(error));
            return Ok(Vec::new());
        }
    };
    link.run("BEGIN READ WRITE; SET LOCAL lock_timeout = '1s'", ATTEMPT)?;
    let outcome = rehearse(link, plan, &name, &statement, stopped, found);
    link.run("ROLLBACK", ATTEMPT)?;
    outcome
}

fn rehearse(
    link: &Link,
    plan: &Plan,
    name: &str,
    statement: &str,
    stopped: bool,
    found: &mut Preflight,
) -> Result<Vec<(String, Fit)>> {
    if let Err(failure) = link.count(statement, "create the table") {
        return told(failure, found).map(|()| Vec::new());
    }
    let columns = plan.columns_of(link, name)?;
    let fits = compare(plan, &columns, found);
    if stopped {
        return Ok(fits);
    }
    match swap::place(link, plan, name) {
        Err(failure) if failure.state() == "55P03" => {
            let text = format!("Somebody keeps {} locked just now.", plan.target.title());
            found.findings.push(Finding::new(Severity::Notes, text, "The sync waits a minute for them."));
        }
        Err(failure) => told(failure, found)?,
        Ok(()) => {}
    }
    Ok(fits)
}

/// A refusal is a finding; a lost server is an error.
fn told(failure: Failure, found: &mut Preflight) -> Result<()> {
    if failure.refusal.is_none() {
        return Err(failure.error);
    }
    found.findings.push(stop(failure.error));
    Ok(())
}

/// Why a table cannot be replaced without loss.
fn not_replaced(link: &Link, plan: &Plan, table: &Table) -> Result<Vec<Finding>> {
    let title = plan.target.title();
    if table.kind != "r" {
        let refill = table.kind == "p";
        let error = write::no_table(plan.target, &table.kind);
        let hint = if refill { "Empty and refill it instead." } else { "Choose another name for the table." };
        let text = if refill {
            format!("{title} has partitions, so no other table can take its place.")
        } else {
            error.message
        };
        return Ok(vec![Finding::new(Severity::Stops, text, hint)]);
    }
    let mut found = Vec::new();
    if !table.owned {
        let text = format!("Only its owner, {}, may replace {title}.", sql::name(&table.owner));
        found.push(Finding::new(Severity::Stops, text, "Sign in as the owner, or empty and refill the table instead."));
    }
    let lost = link.query(LOST, &[&table.oid], ATTEMPT)?;
    let lost: Vec<String> = lost.iter().map(|row| row.get(0)).collect();
    if !lost.is_empty() {
        let text = format!("A new table in the place of {title} would not have: {}.", lost.join(", "));
        found.push(Finding::new(
            Severity::Stops,
            text,
            "Empty and refill the table instead, which keeps them, or remove them.",
        ));
    }
    let views = swap::view_names(link, table.oid)?;
    if !views.is_empty() {
        let text = format!("These views show {title} and are made again: {}.", views.join(", "));
        found.push(Finding::new(Severity::Notes, text, "Their rights and comments stay."));
    }
    for column in &table.columns {
        if !plan.outgoing.columns.iter().any(|sent| sent.name == column.name) {
            let text = format!("{title} has this column, and the new table will not.");
            found.push(Finding::new(Severity::Notes, text, "Send it too, or let it go.").column(&column.name));
        }
    }
    Ok(found)
}

/// Looks at a table that stays.
fn into(link: &Link, plan: &Plan, found: &mut Preflight) -> Result<Vec<(String, Fit)>> {
    let Some(table) = &plan.existing else { return Ok(Vec::new()) };
    if table.kind != "r" && table.kind != "p" {
        found.findings.push(stop(write::no_table(plan.target, &table.kind)));
        return Ok(Vec::new());
    }
    found.findings.extend(missing_rights(plan, table));
    let keyed = plan.outgoing.mode.needs_key();
    let title = plan.target.title();
    if keyed && !plan.outgoing.key.is_empty() && !table.is_unique_by(&plan.outgoing.key) {
        let key: Vec<_> = plan.outgoing.key.iter().map(|name| sql::name(name)).collect();
        let text = format!(
            "{title} has no unique index on its key, so rows are compared one by one, and others may not write meanwhile."
        );
        let hint =
            format!("It is quicker with one: CREATE UNIQUE INDEX ON {} ({}).", plan.target.quoted(), key.join(", "));
        found.findings.push(Finding::new(Severity::Notes, text, hint));
    }
    if plan.outgoing.mode == SyncMode::Replace && plan.target.replace_by == ReplaceBy::Refill {
        let referring = "SELECT conrelid::regclass::text FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confrelid = $1 AND conrelid <> $1";
        let referring: Vec<String> =
            link.query(referring, &[&table.oid], ATTEMPT)?.iter().map(|row| row.get(0)).collect();
        if !referring.is_empty() {
            let text = format!(
                "Rows of {} refer to rows of {title}, which therefore cannot be emptied.",
                referring.join(", ")
            );
            found.findings.push(Finding::new(
                Severity::Stops,
                text,
                "Mirror by key instead, which changes rows in their place.",
            ));
        }
    }
    if table.row_security {
        let text = format!("{title} has row-level security: rows that your user may not see or write are refused.");
        found.findings.push(Finding::new(Severity::Notes, text, "Ask its owner if rows are missing afterwards."));
    }
    remembered(link, plan, found)?;
    for column in &table.columns {
        let sent = plan.outgoing.columns.iter().any(|sent| sent.name == column.name);
        let finding = if sent && column.generated {
            Some(("PostgreSQL computes this column itself.", "Leave it out."))
        } else if !sent && column.must_be_sent() {
            Some((
                "The table demands a value in this column, and none is sent.",
                "Send it, or give it a default at the server.",
            ))
        } else {
            None
        };
        found
            .findings
            .extend(finding.map(|(text, hint)| Finding::new(Severity::Stops, text, hint).column(&column.name)));
    }
    Ok(compare(plan, &table.columns, found))
}

fn missing_rights(plan: &Plan, table: &Table) -> Option<Finding> {
    use SyncMode::{Append, Incremental, Mirror, Replace};
    let mode = plan.outgoing.mode;
    let keyed = mode.needs_key();
    let wanted = [
        ("INSERT", table.insert, true),
        ("SELECT", table.select, keyed),
        ("UPDATE", table.update, keyed),
        (
            "DELETE",
            table.delete || mode == Replace && table.truncate,
            !plan.again && matches!(mode, Mirror | Incremental | Replace),
        ),
    ];
    let missing: Vec<_> = wanted.iter().filter(|(_, has, needed)| *needed && !has).map(|(word, ..)| *word).collect();
    if missing.is_empty() {
        return None;
    }
    let words = missing.join(", ");
    let title = plan.target.title();
    let how = if mode == Append { "add rows to" } else { "change the rows of" };
    let text = format!("Your user lacks the right to {how} {title}: {words}.");
    Some(Finding::new(
        Severity::Stops,
        text,
        format!("Ask its owner: GRANT {words} ON {} TO your user.", plan.target.quoted()),
    ))
}

/// How each column gets into the column of its name; what is in the way is a finding.
fn compare(plan: &Plan, columns: &[Column], found: &mut Preflight) -> Vec<(String, Fit)> {
    let mut fits = Vec::new();
    for sent in &plan.outgoing.columns {
        let stop = |text: String, hint: &str| Finding::new(Severity::Stops, text, hint).column(&sent.name);
        let Some(column) = columns.iter().find(|column| column.name == sent.name) else {
            let text = format!("{} has no column `{}`.", plan.target.title(), sent.name);
            found.findings.push(stop(text, "Map it to a column that is there, leave it out, or replace the table."));
            found.columns.push(TargetColumn { name: sent.name.clone(), ..TargetColumn::default() });
            continue;
        };
        let mut shown =
            TargetColumn { name: sent.name.clone(), type_word: column.type_name.clone(), note: String::new() };
        match types::fit(&sent.name, &sent.dtype, column) {
            Ok(fit) => {
                shown.note.clone_from(&fit.note);
                fits.push((sent.name.clone(), fit));
            }
            Err(text) => found.findings.push(stop(text, "Choose another type, or convert the column with a recipe.")),
        }
        found.columns.push(shown);
    }
    fits
}

fn shown(id: &str, title: &str, text: String) -> Statement {
    Statement { id: id.into(), title: title.into(), text, language: "sql".into(), editable: false }
}

/// Says that a table will remember what was sent, where it is not there yet.
fn remembered(link: &Link, plan: &Plan, found: &mut Preflight) -> Result<()> {
    if Table::find(link, &plan.target.schema, watermark::TABLE)?.is_none() {
        found.statements.push(shown("syncs", "Create the table that remembers what was sent", Watermark::create(plan)));
    }
    Ok(())
}

/// Rows with values that do not fit, counted over all rows in one pass, with some of them.
fn misfits(outgoing: &Outgoing, fits: &[(String, Fit)]) -> Result<Vec<Finding>> {
    let failed = |cause: PolarsError| Error::internal("look for values that do not fit", cause);
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
        let examples = examples.select([col(NUMBER), Expr::Column(name.as_str().into())]).limit(EXAMPLES);
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
    let numbers = numbers.map_err(|cause| Error::internal("show rows that do not fit", cause))?;
    let values =
        JsonRows::new(&rows.drop(NUMBER).map_err(|cause| Error::internal("show rows that do not fit", cause))?)?;
    let shown = |(at, number): (usize, Option<u64>)| {
        let mut value = Vec::new();
        values.write_value(0, at, &mut value);
        let value: String = String::from_utf8_lossy(&value).chars().take(SHOWN).collect();
        number.map(|number| (number, value))
    };
    Ok(numbers.u64().map(|numbers| numbers.iter().enumerate().filter_map(shown).collect()).unwrap_or_default())
}
