//! One asynchronous runtime for all connectors.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use pulse_core::{Error, Progress, Result};
use tokio::runtime::{Builder, Runtime};

/// How often a wait looks whether the job was cancelled; each look wakes two threads, for every request under way.
const LOOK: Duration = Duration::from_millis(200);

/// Runs `work` to its end, or drops it within a moment of the job's cancel. Do not call it from within such work.
pub(crate) fn run<T>(progress: &Progress, work: impl Future<Output = Result<T>>) -> Result<T> {
    runtime()?.block_on(async {
        tokio::pin!(work);
        loop {
            progress.check()?;
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    })
}

fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread().worker_threads(2).thread_name("net").enable_all().build();
    let made = made.map_err(|cause| Error::internal("start what talks to other machines", cause))?;
    Ok(RUNTIME.get_or_init(|| made))
}
