//! `pulse`: the engine headless. The same commands as the window, and the window itself for a browser.

mod args;
mod commands;
mod output;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use pulse_core::Result;
use pulse_engine::Engine;
use serde_json::Value;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(Some(document)) => output::document(&document),
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => output::failure(&error, args.json),
    }
}

/// Runs one command. With `--json` the answer is the document to print; without it the command has printed its own.
fn run(args: &Args) -> Result<Option<Value>> {
    let root = args.workspace();
    let engine = Engine::open(&root, &format!("pulse {}", args.command.name()))?;
    if let Command::Serve(serve) = &args.command {
        return serve::run(engine, serve, args.json).map(|()| None);
    }
    let answer = commands::run(&engine, &args.command)?;
    if args.json {
        return Ok(Some(answer.json));
    }
    output::print(&answer);
    Ok(None)
}
