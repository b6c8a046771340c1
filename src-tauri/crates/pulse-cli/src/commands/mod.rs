//! The commands: each asks the engine and forms the answer.

mod clean;
mod demo;
mod import;
mod query;
mod sources;
mod syncs;
mod tables;

use std::io::IsTerminal;
use std::thread;
use std::time::Duration;

use pulse_core::{Error, Result};
use pulse_engine::Engine;
use pulse_rpc::types::{JobStarted, Problem};
use serde_json::Value;

use crate::args::Command;
use crate::output::{Answer, aside};

/// Runs any command but `serve`.
pub fn run(engine: &Engine, command: &Command) -> Result<Answer> {
    match command {
        Command::Import(import) => import::import(engine, import),
        Command::Preview(preview) => import::preview(engine, preview),
        Command::Tables => tables::list(engine),
        Command::Show(show) => tables::show(engine, show),
        Command::Profile(at) => tables::profile(engine, at),
        Command::History(named) => tables::history(engine, &named.table),
        Command::Restore(restore) => tables::restore(engine, restore),
        Command::Clean(clean) => clean::clean(engine, clean),
        Command::Sql(sql) => query::sql(engine, &sql.query, sql.limit),
        Command::Export(export) => query::export(engine, export),
        Command::Connections(connections) => sources::connections(engine, connections.action.as_ref()),
        Command::Browse(browse) => sources::browse(engine, browse),
        Command::Sources => sources::sources(engine),
        Command::Refresh(refresh) => sources::refresh(engine, refresh),
        Command::Syncs => syncs::list(engine),
        Command::Sync(sync) => syncs::sync(engine, sync),
        Command::Jobs => tables::jobs(engine),
        Command::Demo => demo::demo(engine),
        Command::Serve(_) => Err(Error::internal("serve", "it is not an answering command")),
    }
}

/// Waits for a job, showing its progress where somebody watches, and returns its result or its error.
fn finish(engine: &Engine, started: &JobStarted) -> Result<Value> {
    if std::io::stderr().is_terminal() {
        watch(engine, &started.job);
    }
    let job = engine.wait(&started.job)?;
    if let Some(message) = job.message {
        let damaged = |cause| Error::internal("read the job's error", cause);
        return Err(serde_json::from_value(message).map_err(damaged)?);
    }
    job.result.ok_or_else(|| Error::internal("read the job's result", "the job ended without one"))
}

/// Prints a line whenever the job enters another stage.
fn watch(engine: &Engine, job: &str) {
    let mut shown = String::new();
    while let Some(progress) = engine.progress(job) {
        let counts = progress.counts();
        if counts.stage != shown {
            aside(&format!("{}…", counts.stage));
            shown = counts.stage;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// A problem as the error it came from.
fn error(problem: Problem) -> Error {
    let code = serde_json::from_value(Value::String(problem.code)).unwrap_or(pulse_core::Code::Internal);
    Error { code, message: problem.message, hint: problem.hint, field: problem.field }
}

/// Counts with separators: `6,001,215`.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A member of a job's result as a number.
fn number(result: &Value, member: &str) -> u64 {
    result.get(member).and_then(Value::as_u64).unwrap_or(0)
}

/// A member of a job's result as text.
fn text<'a>(result: &'a Value, member: &str) -> &'a str {
    result.get(member).and_then(Value::as_str).unwrap_or("")
}
