//! Preflight: what a sync would do with every table, and what would fail; nothing is changed.

use pulse_connect::{Finding, Outgoing, Outlet, Preflight, Severity};
use pulse_core::{Error, Progress, Result};
use pulse_rpc::types::*;

use super::freeze::{Attempt, Frozen, outgoing};
use super::run::body;
use super::{find, parts};
use crate::{Engine, connections, tickets};

/// Checks every part of a sync, saved or not.
pub(crate) fn preflight(engine: &Engine, request: &PreflightRequest) -> Result<Vec<SyncPreflight>> {
    let doc = &request.doc;
    let (found, outlet) = connections::open_to_write(engine, &doc.connection)?;
    parts::check(doc, &found.kind)?;
    let all = parts::all(engine, doc, &found.kind)?;
    tickets::under(engine, &request.ticket, |progress| {
        let check = |part: &SyncPart| {
            checked(engine, doc, part, &*outlet, progress).unwrap_or_else(|error| SyncPreflight {
                origin: parts::name(&part.from),
                target: part.target.clone(),
                problem: Some(Problem::from(&error)),
                ..SyncPreflight::default()
            })
        };
        let checked = all.iter().map(check).collect();
        progress.check().map(|()| checked)
    })
}

fn checked(
    engine: &Engine,
    doc: &SyncDoc,
    part: &SyncPart,
    outlet: &dyn Outlet,
    progress: &Progress,
) -> Result<SyncPreflight> {
    progress.check()?;
    let syncs = engine.0.workspace.syncs();
    let scratch = tempfile::TempDir::new_in(&syncs).map_err(|cause| Error::io("make a folder in", &syncs, &cause))?;
    let frozen = Frozen::make(engine, part, None, scratch.path(), progress)?;
    let id = doc.id.clone().unwrap_or_default();
    let attempt = Attempt {
        doc,
        part,
        sync: id.clone(),
        run: uuid::Uuid::new_v4().to_string(),
        sequence: frozen.stand().map_or(1, |(version, _)| version),
        folder: scratch.path().to_owned(),
        last_seen: last_seen(engine, &id, part),
    };
    let outgoing = outgoing(engine, &frozen, attempt)?;
    progress.stage(&format!("Checking {}", outgoing.origin), 0, 0);
    let found = outlet.preflight(&part.target, &outgoing, progress)?;
    Ok(shown(part, &outgoing, found))
}

/// What the target looked like after the last sync of this part.
fn last_seen(engine: &Engine, sync: &str, part: &SyncPart) -> Option<serde_json::Value> {
    let stored = find(engine, sync).ok()?;
    let runs = engine.0.catalog.syncs().runs(&stored.id, 100).ok()?;
    let name = format!("{} to ", parts::name(&part.from));
    let last = runs.iter().find(|run| run.part.starts_with(&name) && run.state == pulse_catalog::RunState::Done)?;
    body(last).written.map(|written| written.seen).filter(|seen| !seen.is_null())
}

fn shown(part: &SyncPart, outgoing: &Outgoing, found: Preflight) -> SyncPreflight {
    let ready = found.findings.iter().all(|finding| finding.severity != Severity::Stops);
    let sent = outgoing.columns.iter().zip(found.columns).map(|(column, target)| PreflightColumn {
        column: column.source.clone(),
        type_word: pulse_recipe::type_word(&column.dtype),
        name: target.name,
        target_type: target.type_word,
        note: target.note,
        skip: false,
    });
    let skipped = part.columns.iter().filter(|choice| choice.skip).map(|choice| PreflightColumn {
        column: choice.column.clone(),
        skip: true,
        ..PreflightColumn::default()
    });
    let statement = |statement: pulse_connect::Statement| PreflightStatement {
        id: statement.id,
        title: statement.title,
        text: statement.text,
        language: statement.language,
        editable: statement.editable,
    };
    SyncPreflight {
        origin: outgoing.origin.clone(),
        target: part.target.clone(),
        state: found.target,
        rows: outgoing.rows.count(),
        deleted: outgoing.deleted.as_ref().map_or(0, pulse_connect::Rows::count),
        columns: sent.chain(skipped).collect(),
        statements: found.statements.into_iter().map(statement).collect(),
        findings: found.findings.into_iter().map(finding).collect(),
        problem: None,
        ready,
    }
}

fn finding(finding: Finding) -> PreflightFinding {
    PreflightFinding {
        severity: match finding.severity {
            Severity::Stops => "stops",
            Severity::Rejects => "rejects",
            Severity::Notes => "notes",
        }
        .to_owned(),
        column: finding.column,
        rows: finding.rows,
        examples: finding.examples.into_iter().map(|(row, value)| FindingExample { row, value }).collect(),
        text: finding.text,
        hint: finding.hint,
    }
}
