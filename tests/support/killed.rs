//! Syncs through the `pulse` binary that are killed at any instant.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::{Numbers, pulse_command, pulse_json};

/// What came of a sync that was killed again and again.
#[derive(Debug)]
pub struct Killed {
    /// How often it was killed before its end.
    pub killed: usize,
    /// How often it was quicker.
    pub finished: usize,
    /// Runs that were done in the end, those that went on after a kill counted once.
    pub done: usize,
}

/// Runs the saved sync `name` once to see how long it takes, kills it `times` times at instants within that, and lets the
/// last one end.
pub fn kill_sync(workspace: &Path, name: &str, times: usize, numbers: &mut Numbers) -> Killed {
    let began = Instant::now();
    let (code, document) = pulse_json(workspace, &["sync", name]);
    assert_eq!(code, 0, "{name} runs when nothing happens: {document}");
    let whole = u64::try_from(began.elapsed().as_millis()).expect("a short time");
    let (mut killed, mut finished) = (0, 0);
    for _ in 0..times {
        let mut child = pulse_command(workspace, &["sync", name]).spawn().expect("pulse starts");
        std::thread::sleep(Duration::from_millis(numbers.below(whole.max(1))));
        match child.try_wait().expect("asked") {
            Some(_) => finished += 1,
            None => killed += 1,
        }
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (code, document) = pulse_json(workspace, &["sync", name]);
    assert_eq!(code, 0, "{name}: the last one succeeds: {document}");
    assert_eq!(document["result"]["matched"], true, "{name}: the target is the same: {document}");
    Killed { killed, finished, done: done_runs(workspace, name) }
}

/// How many runs of a sync are done.
pub fn done_runs(workspace: &Path, name: &str) -> usize {
    let (_, history) = pulse_json(workspace, &["sync", name, "--history"]);
    history["runs"].as_array().expect("runs").iter().filter(|run| run["state"] == "done").count()
}
