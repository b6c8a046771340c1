//! How requests are parsed and responses leave: as JSON, or as Arrow bytes for rows.

use pulse_core::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ts_rs::TS;

/// What a command answers on the wire.
#[derive(Debug)]
pub enum Reply {
    /// A JSON document.
    Json(Vec<u8>),
    /// An Arrow IPC stream.
    Arrow(Vec<u8>),
}

/// Rows as an Arrow IPC stream; the window receives the bytes as they are.
#[derive(Clone, Debug, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Arrow(#[ts(type = "Uint8Array")] pub Vec<u8>);

/// How a response becomes a [`Reply`].
pub(crate) trait Respond {
    fn respond(self) -> Result<Reply>;
}

impl Respond for Arrow {
    fn respond(self) -> Result<Reply> {
        Ok(Reply::Arrow(self.0))
    }
}

impl<T: Serialize + crate::types::JsonResponse> Respond for T {
    fn respond(self) -> Result<Reply> {
        serde_json::to_vec(&self).map(Reply::Json).map_err(|error| Error::internal("write the answer as JSON", error))
    }
}

pub(crate) fn reply(response: impl Respond) -> Result<Reply> {
    response.respond()
}

pub(crate) fn parse<T: DeserializeOwned>(name: &str, request: Value) -> Result<T> {
    serde_json::from_value(request).map_err(|error| {
        Error::invalid(format!("The request for `{name}` is not understood: {error}."))
            .hint("Check the names and types of its members.")
    })
}
