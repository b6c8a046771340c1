//! The rotating log file in the workspace.

use std::path::Path;
use std::sync::OnceLock;

use pulse_core::{Error, Result};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Sends the program's log to `folder`, one file a day, the last seven kept. `PULSE_LOG` sets what is written (as in
/// `info,pulse_engine=debug`). Only the first call of a process has an effect.
pub fn start(folder: &Path) -> Result<()> {
    static STARTED: OnceLock<()> = OnceLock::new();
    if STARTED.get().is_some() {
        return Ok(());
    }
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("pulse")
        .filename_suffix("log")
        .max_log_files(7)
        .build(folder)
        .map_err(|cause| Error::internal("start the log", cause))?;
    let filter = EnvFilter::try_from_env("PULSE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(file).finish();
    if STARTED.set(()).is_ok() {
        // A host or a test may have its own subscriber; then its choice stands.
        let _ = tracing::subscriber::set_global_default(subscriber);
    }
    Ok(())
}
