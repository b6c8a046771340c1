//! A new table in the place of the target, made in a transaction that is taken back.

use pulse_core::Result;

use super::super::sql;
use super::link::{Failure, Link};
use super::plan::{self, CREATE, Plan};
use super::preflight::{ATTEMPT, compare, remembered, shown, stop};
use super::shape::Table;
use super::types::Fit;
use super::{swap, write};
use crate::destination::{Finding, Preflight, Severity, Statement};

/// What belongs to a table and is lost when another one takes its place, each as a phrase.
const LOST: &str = "\
SELECT 'the trigger ' || tgname FROM pg_catalog.pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal
UNION ALL SELECT 'the policy ' || polname FROM pg_catalog.pg_policy WHERE polrelid = $1
UNION ALL SELECT 'the rule ' || rulename FROM pg_catalog.pg_rewrite WHERE ev_class = $1
UNION ALL SELECT CASE contype WHEN 'f' THEN 'the foreign key ' ELSE 'the exclusion ' END || conname
          FROM pg_catalog.pg_constraint WHERE conrelid = $1 AND contype IN ('f', 'x')
UNION ALL SELECT 'the foreign key ' || conname || ' of ' || conrelid::regclass
          FROM pg_catalog.pg_constraint WHERE confrelid = $1 AND conrelid <> $1 AND contype = 'f'
UNION ALL SELECT 'the publication ' || p.pubname FROM pg_catalog.pg_publication_rel r
          JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = $1
UNION ALL SELECT 'the statistics ' || stxname FROM pg_catalog.pg_statistic_ext WHERE stxrelid = $1
UNION ALL SELECT 'the table above it, ' || inhparent::regclass FROM pg_catalog.pg_inherits WHERE inhrelid = $1
UNION ALL SELECT 'the table below it, ' || inhrelid::regclass FROM pg_catalog.pg_inherits WHERE inhparent = $1
UNION ALL SELECT DISTINCT 'the materialized view ' || c.oid::regclass FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
          WHERE d.refobjid = $1 AND d.refclassid = 'pg_catalog.pg_class'::regclass AND c.relkind = 'm'";

/// What the statement that makes a new table may make again, each as a phrase with what it is.
const DECLARED: &str = "\
SELECT 'the check ' || conname, pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint
WHERE conrelid = $1 AND contype = 'c'
UNION ALL SELECT 'the default of ' || a.attname, a.attname || ' ' || coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND (a.atthasdef OR a.attidentity <> '')";

/// Rehearses a new table in a transaction that is taken back.
pub(super) fn beside(link: &Link, plan: &Plan, found: &mut Preflight) -> Result<Vec<(String, Fit)>> {
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
    let undeclared = undeclared(link, plan, name)?;
    let stopped = stopped || undeclared.is_some();
    found.findings.extend(undeclared);
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
    found.extend(loss(plan, lost.iter().map(|row| row.get(0)).collect()));
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

/// What the table has and the one called `name`, which would take its place, has not.
fn undeclared(link: &Link, plan: &Plan, name: &str) -> Result<Option<Finding>> {
    let Some(old) = &plan.existing else { return Ok(None) };
    let new = Table::find(link, &plan.target.schema, name)?.map_or(0, |table| table.oid);
    let declared = |oid: u32| -> Result<Vec<(String, String)>> {
        Ok(link.query(DECLARED, &[&oid], ATTEMPT)?.iter().map(|row| (row.get(0), row.get(1))).collect())
    };
    let new = declared(new)?;
    let lost = declared(old.oid)?.into_iter().filter(|(_, text)| !new.iter().any(|(_, known)| known == text));
    Ok(loss(plan, lost.map(|(phrase, _)| phrase).collect()))
}

fn loss(plan: &Plan, lost: Vec<String>) -> Option<Finding> {
    let text = format!("A new table in the place of {} would not have: {}.", plan.target.title(), lost.join(", "));
    let hint = "Empty and refill the table instead, which keeps them, or remove them.";
    (!lost.is_empty()).then(|| Finding::new(Severity::Stops, text, hint))
}
