//! `pulse serve`: the very same window for a browser on this machine.
//!
//! The server listens on 127.0.0.1 only and answers nothing without the random token of this run; requests with a
//! foreign `Host` or `Origin` are refused, so that no web page elsewhere can reach it (see `guard.rs`).

mod assets;
mod guard;
mod upload;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use pulse_core::{Code, Error, Result};
use pulse_engine::Engine;
use pulse_rpc::Reply;
use pulse_rpc::types::Problem;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use crate::args::Serve;
use crate::output;
use guard::Guard;

/// The largest JSON request; recipes and queries are far smaller.
const REQUEST_BYTES: usize = 16 << 20;

/// What every request handler shares.
struct Host {
    engine: Engine,
    guard: Guard,
}

/// Serves until the process is stopped.
pub fn run(engine: Engine, args: &Serve, as_json: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| Error::internal("start the server", cause))?;
    runtime.block_on(serve(engine, args.port, as_json))
}

async fn serve(engine: Engine, port: u16, as_json: bool) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|cause| {
        Error::internal(&format!("listen on 127.0.0.1:{port}"), cause).hint("Choose another port, or 0 for a free one.")
    })?;
    let port = listener.local_addr().map_err(|cause| Error::internal("find the server's port", cause))?.port();
    let guard = Guard::new(port)?;
    let url = format!("http://127.0.0.1:{port}/?token={}", guard.token());
    let host = Arc::new(Host { engine, guard });
    let app = Router::new()
        .route("/", get(assets::index))
        .route("/{*path}", get(assets::asset))
        .route("/rpc/{command}", post(rpc).layer(DefaultBodyLimit::max(REQUEST_BYTES)))
        .route("/upload", post(upload::upload).layer(DefaultBodyLimit::disable()))
        .route("/download", get(upload::download))
        .layer(middleware::from_fn_with_state(Arc::clone(&host), guard::check))
        .with_state(host);
    output::ready(&url, as_json);
    axum::serve(listener, app).await.map_err(|cause| Error::internal("serve", cause))
}

/// Runs one command on a thread where it may take its time.
async fn rpc(State(host): State<Arc<Host>>, Path(command): Path<String>, body: Bytes) -> Response {
    let reply = spawn_blocking(move || {
        let request: Value = serde_json::from_slice(&body).map_err(|cause| {
            Error::invalid(format!("The request is not JSON: {cause}.")).hint("Send a JSON document.")
        })?;
        pulse_rpc::dispatch(&host.engine, &command, request)
    });
    match reply.await {
        Ok(Ok(Reply::Json(bytes))) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Ok(Ok(Reply::Arrow(bytes))) => {
            ([(header::CONTENT_TYPE, "application/vnd.apache.arrow.stream")], bytes).into_response()
        }
        Ok(Err(error)) => failure(&error),
        Err(panic) => failure(&Error::internal("run the command", panic)),
    }
}

/// An error as a `Problem` document with a fitting status.
fn failure(error: &Error) -> Response {
    let status = match error.code {
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::AlreadyExists | Code::Conflict | Code::WorkspaceLocked => StatusCode::CONFLICT,
        Code::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let body = serde_json::to_vec(&Problem::from(error)).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
