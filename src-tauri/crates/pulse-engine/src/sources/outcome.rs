//! What came of a source's last refresh, as the catalog keeps it.

use pulse_catalog::StoredSource;
use pulse_core::{Code, Error};
use pulse_rpc::types::{Problem, RefreshInfo};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The outcome; the default is that of a source that was never refreshed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Outcome {
    /// The last refresh that succeeded.
    pub last: Option<RefreshInfo>,
    /// Why a later one failed.
    pub problem: Option<Problem>,
    /// Whether it stopped because the columns changed and the user wants to decide.
    pub paused: bool,
    /// Whether one is running; still so where the program ended meanwhile.
    pub running: bool,
    /// Its job.
    pub job: Option<String>,
    /// Where the next one goes on, in words.
    pub position: String,
    /// The hashes of the recorded responses of the last refresh that succeeded.
    pub recordings: Vec<String>,
    /// The state from which that refresh started, so that a replay reads the same.
    pub replayed_from: Option<Value>,
}

impl Outcome {
    /// The outcome of `stored`. One that is marked as running but that no job of this process has belongs to a program
    /// that ended; callers that know of a running job show that instead.
    pub fn of(stored: &StoredSource) -> Self {
        let mut outcome: Self = serde_json::from_value(stored.outcome.clone()).unwrap_or_default();
        if outcome.running && outcome.problem.is_none() {
            let error = Error::new(Code::Cancelled, "The program ended while this source was refreshed.")
                .hint("Refresh it again; nothing is lost and nothing comes twice.");
            outcome.problem = Some(Problem::from(&error));
        }
        outcome
    }
}
