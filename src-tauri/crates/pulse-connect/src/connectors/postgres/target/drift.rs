//! What others did to the target between two syncs.

use pulse_core::{Code, Error, Result};
use serde_json::{Value, json};

use super::link::Link;
use super::plan::{Path, Plan};
use super::shape::Table;
use super::watermark::Watermark;
use crate::destination::{Finding, Severity, SyncMode};

/// What is being done, for errors: "Could not …".
const ATTEMPT: &str = "look what others changed in the target";

/// What the target looks like right after a sync: its run, the table's number, its rows, and the last transaction. Nothing
/// where the user may not read it.
pub(super) fn seen(link: &Link, plan: &Plan, mark: &Watermark) -> Result<Value> {
    let Some(table) = Table::find(link, &plan.target.schema, &plan.target.table)? else { return Ok(Value::Null) };
    let known = json!({"run": mark.run, "sequence": mark.sequence, "relation": table.oid, "xid": mark.last});
    if !table.select {
        return Ok(known);
    }
    // A table that was made of these rows alone had as many of them; what others did since then is to be noticed, too.
    let rows = match mark.transactions.is_empty() {
        true => i64::try_from(mark.delivered.count()).unwrap_or_default(),
        false => counted(link, plan, mark.last)?.0,
    };
    let mut known = known;
    known["rows"] = json!(rows);
    Ok(known)
}

/// Rows in the table, and those that were written after a transaction.
///
/// A row's `xmin` is the transaction that wrote it, and an age counts transactions back from now: numbers of transactions
/// wrap around at 2^32 ("Preventing Transaction ID Wraparound Failures" in PostgreSQL's manual).
fn counted(link: &Link, plan: &Plan, xid: u64) -> Result<(i64, i64)> {
    let sql = format!(
        "SELECT count(*), count(*) FILTER (WHERE pg_catalog.age(xmin) < pg_catalog.age('{}'::xid)) FROM {}",
        xid & 0xffff_ffff,
        plan.target.quoted()
    );
    let rows = link.query(&sql, &[], ATTEMPT)?;
    Ok(rows.first().map_or((0, 0), |row| (row.get(0), row.get(1))))
}

/// What others changed since the last sync, as a note; nothing if nothing is known of it or nothing was.
pub(super) fn finding(link: &Link, plan: &Plan) -> Result<Option<Finding>> {
    let Some(last) = &plan.outgoing.last_seen else { return Ok(None) };
    let title = plan.target.title();
    let hint = match (plan.outgoing.mode, plan.path) {
        (SyncMode::Replace | SyncMode::Mirror, _) | (_, Path::Beside) => "Those changes will be overwritten.",
        _ => "Rows with the same key will be overwritten, others stay.",
    };
    let note = |text: String| Ok(Some(Finding::new(Severity::Notes, text, hint)));
    let Some(table) = &plan.existing else {
        return note(format!("{title} was dropped since the last sync."));
    };
    if last["relation"].as_u64() != Some(u64::from(table.oid)) {
        return note(format!("{title} was made anew by somebody else since the last sync."));
    }
    let (Some(rows), Some(xid), true) = (last["rows"].as_i64(), last["xid"].as_u64(), table.select) else {
        return Ok(None);
    };
    let (now, written) = counted(link, plan, xid)?;
    if now == rows && written == 0 {
        return Ok(None);
    }
    note(format!(
        "Others changed {title} since the last sync: it had {rows} rows and has {now} now, of which {written} were \
         added or changed."
    ))
}

/// Fails where only changes are sent and the target does not hold what they are changes of.
pub(super) fn check_gap(plan: &Plan, before: Option<&Watermark>) -> Result<()> {
    let outgoing = plan.outgoing;
    let held = before.map(|before| (before.run.as_str(), before.sequence));
    if outgoing.deleted.is_none() || held.is_some_and(|(run, _)| run == outgoing.run) {
        return Ok(());
    }
    if plan.existing.is_none() {
        return Err(Error::new(Code::Conflict, format!("{} is not there any more.", plan.target.title()))
            .hint("Send all rows once (mirror), then changes again.")
            .field("mode"));
    }
    let Some(last) = &outgoing.last_seen else { return Ok(()) };
    if held == last["run"].as_str().zip(last["sequence"].as_u64()) {
        return Ok(());
    }
    let there = before.map_or("of no sync".to_owned(), |before| format!("from {}", before.at));
    Err(Error::new(
        Code::Conflict,
        format!("{} does not hold what the last sync left: its state is {there}.", plan.target.title()),
    )
    .hint("It may come from a backup. Send all rows once (mirror), then changes again.")
    .field("mode"))
}
