//! The desktop window: a thin shell around the engine, with one command, native file dialogs and no domain logic.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod failure;
mod rpc;
mod save;

use std::path::PathBuf;
use std::process::ExitCode;

use pulse_engine::Engine;
use tauri::{WebviewUrl, WebviewWindowBuilder};

fn main() -> ExitCode {
    let root = match workspace(std::env::args_os().skip(1)) {
        Ok(root) => root,
        Err(usage) => return failure::usage(&usage),
    };
    let engine = match Engine::open(&root, "the Cloud Pulse window") {
        Ok(engine) => engine,
        // Without a workspace there is nothing to show but why.
        Err(error) => return failure::show(&error),
    };
    let started = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .manage(engine)
        .invoke_handler(tauri::generate_handler![rpc::rpc, save::save_text])
        .setup(|app| {
            WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
                .title("Cloud Pulse")
                .inner_size(1280.0, 800.0)
                .min_inner_size(960.0, 600.0)
                .build()?;
            Ok(())
        })
        .run(tauri::generate_context!());
    match started {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => failure::show(&pulse_core::Error::internal("open the window", cause)),
    }
}

/// The workspace folder from `--workspace DIR` or `--workspace=DIR`; `~/CloudPulse` where nothing is given.
fn workspace(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<PathBuf, String> {
    let mut root = None;
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy().into_owned();
        if let Some(value) = text.strip_prefix("--workspace=") {
            root = Some(PathBuf::from(value));
        } else if text == "--workspace" {
            root = Some(PathBuf::from(arguments.next().ok_or("--workspace needs a folder.")?));
        } else {
            return Err(format!("`{text}` is not understood."));
        }
    }
    let home = std::env::home_dir().unwrap_or_else(|| PathBuf::from("."));
    Ok(root.unwrap_or_else(|| home.join("CloudPulse")))
}
