//! One asynchronous runtime for all connectors.

use std::future::Future;
use std::sync::OnceLock;

use pulse_core::{Error, Progress, Result};
use tokio::runtime::{Builder, Runtime};

/// Runs `work` to its end, or drops it at the job's cancel. Do not call it from within such work.
pub(crate) fn run<T>(progress: &Progress, work: impl Future<Output = Result<T>>) -> Result<T> {
    progress.check()?;
    runtime()?.block_on(async {
        // Nothing looks for a cancel now and then: where servers are slow, most of a job's time would go into that.
        tokio::select! {
            done = work => done,
            () = progress.cancelled() => progress.check().and_then(|()| Err(Error::internal("wait", "nobody cancelled it"))),
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
