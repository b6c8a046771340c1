//! Saves a text the window made, such as a recipe, where the user chose to in the native dialog.

use std::path::PathBuf;

use pulse_core::Error;
use pulse_rpc::types::Problem;

/// Writes `text` to `path`, replacing the file there.
#[tauri::command(async)]
pub fn save_text(path: PathBuf, text: &str) -> Result<(), Problem> {
    std::fs::write(&path, text).map_err(|cause| Problem::from(&Error::io("save", &path, &cause)))
}
