//! What is said when the window cannot open.

#![allow(clippy::print_stderr, reason = "there is no window yet to say it in")]

use std::process::ExitCode;

use pulse_core::Error;
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};

/// Says how the program is called.
pub fn usage(why: &str) -> ExitCode {
    eprintln!("error: {why}\nUsage: cloud-pulse [--workspace DIR]");
    ExitCode::from(2)
}

/// Shows the error in a dialog, as somebody who clicked an icon sees no terminal, and on stderr.
pub fn show(error: &Error) -> ExitCode {
    eprintln!("error: {error}");
    let text = error.to_string().replace("\nhint: ", "\n\n");
    let shown = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .setup(move |app| {
            let handle = app.handle().clone();
            app.dialog()
                .message(text)
                .kind(MessageDialogKind::Error)
                .title("Cloud Pulse cannot start")
                .show(move |_| handle.exit(1));
            Ok(())
        })
        .run(tauri::generate_context!());
    if let Err(cause) = shown {
        eprintln!("error: {cause}");
    }
    ExitCode::FAILURE
}
