//! The one transaction that makes the rows visible and remembers that it did.

use pulse_core::Result;

use super::link::{Failure, Link};
use super::merge::{Merge, Merged};
use super::plan::{Path, Plan};
use super::stage::Stage;
use super::swap;
use super::watermark::Watermark;
use crate::outgoing::Ranges;

/// What is being done, for errors: "Could not …".
const ATTEMPT: &str = "make the rows visible";
/// How long to wait for those who use the table, while everybody else waits behind.
const WAIT: &str = "SET LOCAL lock_timeout = '60s'";

/// Makes the rows `loaded` into the stage visible; `before` is what was remembered of an
/// earlier attempt of the run that was committed.
pub(super) fn publish(
    link: &Link,
    plan: &Plan,
    stage: &Stage,
    loaded: &Ranges,
    before: Option<&Watermark>,
) -> Result<Merged> {
    if plan.path == Path::Into && (plan.outgoing.mode.needs_key() || plan.outgoing.mirrors()) {
        link.run(&format!("ANALYZE {}", stage.table), ATTEMPT)?;
    }
    match attempt(link, plan, stage, loaded, before, false) {
        Err(failure) if failure.is_about_rows() && plan.path == Path::Into => {
            link.run("ROLLBACK", ATTEMPT)?;
            if let Some((number, _)) = &stage.own {
                let number = super::super::sql::name(number);
                link.run(&format!("CREATE INDEX ON {} ({number})", stage.table), "look for the rows that are refused")?;
            }
            Ok(attempt(link, plan, stage, loaded, before, true)?)
        }
        other => Ok(other?),
    }
}

fn attempt(
    link: &Link,
    plan: &Plan,
    stage: &Stage,
    loaded: &Ranges,
    before: Option<&Watermark>,
    in_parts: bool,
) -> Result<Merged, Failure> {
    link.run(&format!("BEGIN READ WRITE; {WAIT}"), ATTEMPT)?;
    // The number of the transaction itself, before any part of it gets one.
    link.query("SELECT pg_catalog.txid_current()", &[], ATTEMPT)?;
    let merged = match (&plan.existing, plan.path) {
        (Some(table), Path::Into) => {
            link.run("SET CONSTRAINTS ALL IMMEDIATE", ATTEMPT)?;
            if plan.outgoing.mode.needs_key() && !table.is_unique_by(&plan.outgoing.key) {
                // Without a unique index nobody else may add a row of the same key meanwhile.
                link.run(&format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", plan.target.quoted()), ATTEMPT)?;
            }
            let merge = Merge::new(link, plan, table, stage);
            let merged = if in_parts { merge.in_parts(loaded)? } else { merge.whole()? };
            link.run("SET CONSTRAINTS ALL IMMEDIATE", ATTEMPT)?;
            link.run(&stage.drop_statement(), ATTEMPT)?;
            merged
        }
        _ => {
            swap::place(link, plan, &plan.stage().0)?;
            link.run(&format!("DROP TABLE {}", stage.done), ATTEMPT)?;
            Merged::default()
        }
    };
    let refused = Ranges::of(merged.rejected.iter().map(|(number, _)| *number..*number + 1));
    let all = loaded.iter().chain(before.into_iter().flat_map(|before| before.delivered.iter())).cloned();
    let delivered = Ranges::of(all).without(&refused);
    link.run("SAVEPOINT last", ATTEMPT)?;
    Watermark::write(link, plan, &delivered, before, plan.path == Path::Beside)?;
    link.run("RELEASE SAVEPOINT last; COMMIT", ATTEMPT)?;
    Ok(merged)
}
