//! A rehearsal: what would be made and what would fail, in a transaction that is taken back.

use pulse_core::{Error, Progress, Result};

use super::super::settings::Settings;
use super::super::sql;
use super::form::{ReplaceBy, Target};
use super::link::Link;
use super::plan::{Path, Plan};
use super::shape::{Column, Table};
use super::types::{self, Fit};
use super::watermark::{self, Watermark};
use super::{drift, rehearsal, swap, unfit, write};
use crate::destination::{Finding, Preflight, Severity, Statement, SyncMode, TargetColumn};
use crate::outgoing::Outgoing;

/// What is being done, for errors: "Could not …".
pub(super) const ATTEMPT: &str = "rehearse the sync";
/// Bytes of a name that PostgreSQL keeps ("Identifiers and Key Words" in its manual).
const NAME_BYTES: usize = 63;
/// Names that every table has columns of already.
const SYSTEM: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

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
        Path::Beside => rehearsal::beside(&link, &plan, &mut found)?,
        Path::Into => into(&link, &plan, &mut found)?,
    };
    found.findings.extend(unfit::plain(outgoing, &fits)?);
    found.findings.extend(unfit::nested(outgoing, &fits, progress)?);
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

/// An error as a finding.
pub(super) fn stop(error: Error) -> Finding {
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
    let remembering =
        "SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
         AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1::text AND c.relname = $2::text";
    let allowed = link.query(remembering, &[&target.schema, &watermark::TABLE], ATTEMPT)?;
    if allowed.first().is_some_and(|row| !row.get::<_, bool>(0)) {
        let table = format!("{schema}.{}", watermark::TABLE);
        let text = format!("{user} may not use the table {table}, which remembers what was sent.");
        let hint = format!("Ask its owner: GRANT SELECT, INSERT, UPDATE ON {table} TO {user}.");
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
pub(super) fn compare(plan: &Plan, columns: &[Column], found: &mut Preflight) -> Vec<(String, Fit)> {
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

/// A statement that is run as it is.
pub(super) fn shown(id: &str, title: &str, text: String) -> Statement {
    Statement { id: id.into(), title: title.into(), text, language: "sql".into(), editable: false }
}

/// Says that a table will remember what was sent, where it is not there yet.
pub(super) fn remembered(link: &Link, plan: &Plan, found: &mut Preflight) -> Result<()> {
    if Table::find(link, &plan.target.schema, watermark::TABLE)?.is_none() {
        found.statements.push(shown("syncs", "Create the table that remembers what was sent", Watermark::create(plan)));
    }
    Ok(())
}
