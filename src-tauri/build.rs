//! Generates the Tauri context and the permission for the one command.
fn main() {
    tauri_build::build();
}
