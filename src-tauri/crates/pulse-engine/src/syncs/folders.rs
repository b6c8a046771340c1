//! The folders of what unfinished runs need to go on.

use std::fs;
use std::path::PathBuf;

use pulse_core::Result;

use crate::Engine;

/// The folder of what a run needs to go on.
pub(super) fn folder(engine: &Engine, run: &str) -> PathBuf {
    engine.0.workspace.syncs().join(run)
}

/// Removes what a run kept to go on.
pub(crate) fn forget_folder(engine: &Engine, run: &str) {
    let folder = folder(engine, run);
    if let Err(cause) = fs::remove_dir_all(&folder)
        && cause.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %cause, "The folder of a sync's run could not be removed.");
    }
}

/// Removes folders of runs that nobody goes on with, such as those a killed process left before it had recorded them.
pub(crate) fn sweep(engine: &Engine) -> Result<()> {
    let Ok(folders) = fs::read_dir(engine.0.workspace.syncs()) else { return Ok(()) };
    for entry in folders.flatten() {
        let run = entry.file_name().to_string_lossy().into_owned();
        let known = engine.0.catalog.syncs().run(&run);
        let needed = match &known {
            Ok(known) => known.state.can_go_on() || engine.0.catalog.receipts().tally(&run)?.rejected > 0,
            Err(_) => false,
        };
        if !needed {
            forget_folder(engine, &run);
        }
    }
    Ok(())
}
