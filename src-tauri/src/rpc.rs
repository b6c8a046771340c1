//! The one command through which the window reaches the engine.

use pulse_core::Error;
use pulse_engine::Engine;
use pulse_rpc::Reply;
use pulse_rpc::types::Problem;
use serde_json::Value;
use tauri::State;
use tauri::ipc::Response;

/// Runs `command` on a thread where it may take its time and answers with raw bytes: JSON or Arrow.
#[tauri::command]
pub async fn rpc(engine: State<'_, Engine>, command: String, request: Value) -> Result<Response, Problem> {
    let engine = Engine::clone(&engine);
    let reply = tauri::async_runtime::spawn_blocking(move || pulse_rpc::dispatch(&engine, &command, request)).await;
    match reply {
        Ok(Ok(Reply::Json(bytes) | Reply::Arrow(bytes))) => Ok(Response::new(bytes)),
        Ok(Err(error)) => Err(Problem::from(&error)),
        Err(panic) => Err(Problem::from(&Error::internal("run the command", panic))),
    }
}
