//! Connections: saved, named settings of outside systems, and looking around in them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::Problem;

/// A kind of connection: what the catalogue shows and the forms are made from.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ConnectorInfo {
    /// The word in documents, such as `postgres`.
    pub kind: String,
    /// Its name for people.
    pub title: String,
    /// What it is for, in a sentence.
    pub summary: String,
    /// What it does and needs, in a few sentences.
    pub description: String,
    /// The heading it stands under.
    pub group: String,
    /// How one looks around: `tree`, `search` or `none`.
    pub browsing: String,
    /// The member of the selection that names what is read.
    pub main: String,
    /// Whether a connection without any settings is useful.
    pub ready: bool,
    /// JSON Schema of the settings; secrets carry `x-secret`.
    #[ts(type = "unknown")]
    pub settings: Value,
    /// JSON Schema of what is read.
    #[ts(type = "unknown")]
    pub selection: Value,
    /// JSON Schema of what narrows a look around.
    #[ts(type = "unknown")]
    pub filters: Value,
    /// How it is written to; nothing where it is only read.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<super::DestinationInfo>,
}

/// Names a connection.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ConnectionId {
    /// Its id; for those of the environment and of files `env:NAME` and `file:NAME`.
    pub id: String,
}

/// A connection as it is shown: never with its secrets.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ConnectionInfo {
    /// Its id.
    pub id: String,
    /// Its name, unique in the workspace.
    pub name: String,
    /// The kind, see [`ConnectorInfo::kind`].
    pub kind: String,
    /// The kind's name for people.
    pub kind_title: String,
    /// The settings without secrets.
    #[ts(type = "unknown")]
    pub settings: Value,
    /// The dotted names of the secrets that are kept for it.
    pub secrets: Vec<String>,
    /// `saved`, `environment` (a `PULSE_CONNECTION_` variable) or `file` (`connections.toml`); only saved ones can be
    /// changed.
    pub origin: String,
    /// Where it comes from in words, for those that were not saved here.
    pub origin_detail: String,
    /// What is unsafe about it, such as TLS that is not verified; shown as a mark.
    pub risks: Vec<String>,
    /// The names of the sources that use it.
    pub used_by: Vec<String>,
    /// Why it cannot be used, where it cannot.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// A connection to save or to try.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ConnectionDoc {
    /// The connection to change; a new one without.
    #[serde(default)]
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// The settings. A secret that is left out or empty stays as it is saved; `null` removes it.
    #[ts(type = "unknown")]
    pub settings: Value,
}

/// What to try: a saved connection, or settings before they are saved.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
#[serde(rename_all = "snake_case")]
pub enum ConnectionTest {
    /// As it is saved.
    Saved(ConnectionId),
    /// As the form says; secrets left out are taken from the saved connection of that id.
    Draft(ConnectionDoc),
}

/// What trying a connection did and what failed.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ConnectionCheck {
    /// Whether it works.
    pub ok: bool,
    /// The steps in order; the last one failed if it does not work.
    pub steps: Vec<ConnectionCheckStep>,
}

/// One step of trying a connection.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ConnectionCheckStep {
    /// What was done.
    pub name: String,
    /// What came of it.
    pub detail: String,
    /// What failed.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// How long it took.
    pub seconds: f64,
}

/// Where secrets are kept.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SecretsStatus {
    /// `keyring` (the operating system's), `file` (encrypted with a passphrase) or `none` (no keyring, and no passphrase
    /// was chosen yet).
    pub store: String,
    /// Whether they can be read now; a file is locked until its passphrase is given.
    pub unlocked: bool,
    /// Where, in words.
    pub detail: String,
}

/// A passphrase for the file of secrets. The first one given makes the file.
#[derive(Clone, Deserialize, Serialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct SecretsPassphrase {
    /// The passphrase.
    pub passphrase: String,
}

impl std::fmt::Debug for SecretsPassphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretsPassphrase(…)")
    }
}

/// Where to look around.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct BrowseRequest {
    /// The connection.
    pub connection: String,
    /// The ids of the entries opened so far.
    #[serde(default)]
    pub path: Vec<String>,
    /// The search text.
    #[serde(default)]
    pub search: String,
    /// The filters, as [`ConnectorInfo::filters`] says; null for none.
    #[serde(default)]
    #[ts(type = "unknown")]
    pub filters: Value,
    /// The page, from [`Listing::next`].
    #[serde(default)]
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Under which [`super::Ticket`] this can be stopped.
    #[serde(default)]
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// One level or page of what can be read.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Listing {
    /// The entries.
    pub entries: Vec<ListingEntry>,
    /// What to ask for the next page.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What the level itself is.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<ListingAbout>,
}

/// One thing in a listing.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ListingEntry {
    /// What [`BrowseRequest::path`] takes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is, in a word, such as `table` or `file`.
    pub kind: String,
    /// A line about it.
    pub summary: String,
    /// Rows, where known.
    pub rows: Option<f64>,
    /// Bytes, where known.
    pub bytes: Option<f64>,
    /// Facts: label and value.
    pub facts: Vec<Fact>,
    /// Its columns, where known.
    pub columns: Vec<ListingColumn>,
    /// Whether it can be opened.
    pub opens: bool,
    /// The selection that reads it, or null.
    #[ts(type = "unknown")]
    pub selection: Value,
    /// Whether several can be read together: the arrays in their selections are joined.
    pub several: bool,
}

/// A label and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct Fact {
    /// What it says.
    pub label: String,
    /// What it is.
    pub value: String,
}

/// A column as the outside system describes it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ListingColumn {
    /// Its name.
    pub name: String,
    /// Its type in the outside system's words.
    #[serde(rename = "type")]
    pub type_word: String,
    /// What it means.
    pub description: String,
    /// Whether it is part of the primary key.
    pub key: bool,
}

/// What an opened entry is.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export_to = "rpc.ts")]
pub struct ListingAbout {
    /// Its name.
    pub title: String,
    /// About it, in Markdown.
    pub text: String,
    /// Facts.
    pub facts: Vec<Fact>,
    /// Its page in the web.
    #[ts(optional)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The selection that reads all of it, or null.
    #[ts(type = "unknown")]
    pub selection: Value,
}
