//! The types that cross to the window. Rows do not: they cross as Arrow IPC bytes.
//!
//! Times are milliseconds since 1970-01-01 UTC; sizes are bytes; row numbers start at 0.

mod connections;
mod import;
mod jobs;
mod recipes;
mod sources;
mod sql;
mod syncs;
mod tables;

pub use connections::*;
pub use import::*;
pub use jobs::*;
pub use recipes::*;
pub use sources::*;
pub use sql::*;
pub use syncs::*;
pub use tables::*;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Marks responses that leave as JSON; everything but [`crate::Arrow`].
pub trait JsonResponse {}

macro_rules! json_responses {
    ($($type:ty),+ $(,)?) => { $(impl JsonResponse for $type {})+ };
}

json_responses!(
    Nothing,
    Workspace,
    TableInfo,
    TableDetail,
    TableProfile,
    Removed,
    Inspected,
    ImportPreview,
    JobStarted,
    RecipeDoc,
    TextFile,
    RecipePreview,
    SqlResult,
    Vocabulary,
    JobInfo,
    JobDetail,
    ConnectionInfo,
    ConnectionCheck,
    SecretsStatus,
    Listing,
    SourceInfo,
    SourcePreview,
    TicketProgress,
    Refreshing,
    SyncInfo,
);
impl<T: JsonItem> JsonResponse for Vec<T> {}

/// Marks what a JSON list answers with.
pub trait JsonItem {}

macro_rules! json_items {
    ($($type:ty),+ $(,)?) => { $(impl JsonItem for $type {})+ };
}

json_items!(
    TableInfo,
    VersionInfo,
    StepInfo,
    RecipeDoc,
    StepCount,
    SqlRun,
    JobInfo,
    ConnectorInfo,
    ConnectionInfo,
    SourceInfo,
    SourceNews,
    SyncInfo,
    SyncRunInfo,
    SyncPreflight,
    RejectedRow
);

/// No request or no response.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Nothing {}

/// An error as the window shows it: what failed, why, what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Problem {
    /// The kind of error, such as `invalid_input`.
    pub code: String,
    /// What was attempted and what went wrong.
    pub message: String,
    /// What to do next.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The field of the form or request it belongs to.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl From<&pulse_core::Error> for Problem {
    fn from(error: &pulse_core::Error) -> Self {
        let code = serde_json::to_value(error.code).ok().and_then(|code| code.as_str().map(str::to_owned));
        Self {
            code: code.unwrap_or_else(|| "internal".into()),
            message: error.message.clone(),
            hint: error.hint.clone(),
            field: error.field.clone(),
        }
    }
}

/// A text for a file of that name.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct TextFile {
    /// The name to suggest when saving.
    pub name: String,
    /// The content.
    pub text: String,
}
