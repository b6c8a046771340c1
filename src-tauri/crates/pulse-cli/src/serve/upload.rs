//! Files from and to a browser, which has no paths of its own.

use std::future::poll_fn;
use std::path::{Component, Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use pulse_core::{Code, Error, Result};
use serde::Deserialize;
use serde_json::json;
use std::io::Write;

use super::{Host, failure};

/// The name a file has in the browser.
#[derive(Deserialize)]
pub struct Named {
    name: String,
}

/// The exported file a browser asks for.
#[derive(Deserialize)]
pub struct Wanted {
    path: PathBuf,
}

/// Takes a file's bytes and answers with the path under which the engine can read them.
pub async fn upload(State(host): State<Arc<Host>>, Query(named): Query<Named>, body: Body) -> Response {
    match receive(&host.engine.uploads(), &named.name, body).await {
        Ok(path) => axum::Json(json!({ "path": path })).into_response(),
        Err(error) => failure(&error),
    }
}

/// Sends a file out of the exports folder; no other file can be asked for.
pub async fn download(State(host): State<Arc<Host>>, Query(wanted): Query<Wanted>) -> Response {
    match open(&host.engine.exports(), &wanted.path).await {
        Ok((name, bytes)) => {
            let disposition = format!("attachment; filename=\"{}\"", name.replace(['"', '\\'], "_"));
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                (header::CONTENT_DISPOSITION, disposition),
            ];
            (headers, bytes).into_response()
        }
        Err(error) => failure(&error),
    }
}

async fn receive(folder: &Path, name: &str, mut body: Body) -> Result<PathBuf> {
    let mut parts = Path::new(name).components();
    let (Some(Component::Normal(name)), None) = (parts.next(), parts.next()) else {
        return Err(Error::invalid(format!("`{name}` is not a file's name.")).hint("Send the name without folders."));
    };
    // Each upload has a folder of its own, so that two files of one name do not meet.
    std::fs::create_dir_all(folder).map_err(|cause| Error::io("make the folder", folder, &cause))?;
    let own = tempfile::Builder::new()
        .prefix("file-")
        .tempdir_in(folder)
        .map_err(|cause| Error::io("make a folder in", folder, &cause))?;
    let path = own.path().join(name);
    let failed = |cause: std::io::Error| Error::io("write the uploaded file", &path, &cause);
    let mut file = std::fs::File::create_new(&path).map_err(failed)?;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|cause| {
            Error::damaged(format!("The upload of {} broke off: {cause}.", name.display())).hint("Send it again.")
        })?;
        if let Some(bytes) = frame.data_ref() {
            file.write_all(bytes).map_err(failed)?;
        }
    }
    // The workspace empties the folder at its next start; until then the import may read the file again.
    let _kept = own.keep();
    Ok(path)
}

async fn open(folder: &Path, path: &Path) -> Result<(String, Vec<u8>)> {
    let failed = |cause: std::io::Error| Error::io("send", path, &cause);
    let real = path.canonicalize().map_err(failed)?;
    if !real.starts_with(folder) {
        return Err(Error::new(Code::PermissionDenied, "Only files of the exports folder can be fetched.")
            .hint("Export to the workspace, then fetch the file."));
    }
    let name = real.file_name().unwrap_or(real.as_os_str()).to_string_lossy().into_owned();
    let bytes = tokio::task::spawn_blocking(move || std::fs::read(real))
        .await
        .map_err(|cause| Error::internal("read the file", cause))?
        .map_err(failed)?;
    Ok((name, bytes))
}
