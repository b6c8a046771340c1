//! What a connector is: settings and a selection that become forms, a check, a look around, and reading.
//!
//! Everything blocks; asynchronous libraries run on [`crate::net::run`], which ends with the job's cancel.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pulse_core::{Progress, Result};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::Secret;
use crate::model::{Input, ReadOptions, Setting};

/// One kind of outside system. The doc comments of its two forms are its manual; the vocabulary is that of
/// `pulse-recipe/src/catalogue.rs` with the members that `docs/adding-a-connector.md` adds.
pub(crate) trait Connector: Send + Sync + Sized + 'static {
    /// The settings of a connection. Members of type [`crate::Secret`] are kept apart from the others.
    type Settings: DeserializeOwned + JsonSchema;
    /// What is read through a connection: a table, a query, a path, a request.
    type Selection: DeserializeOwned + JsonSchema;
    /// What narrows a look around; [`NoFilters`] where nothing does.
    type Filters: DeserializeOwned + JsonSchema + Default;

    /// How the catalogue of connectors shows it.
    fn about() -> About;

    /// A connection with these settings; connects to nothing yet.
    fn open(settings: Self::Settings) -> Result<Self>;

    /// The settings, with secrets, that a connection string stands for.
    fn from_url(_url: &Url) -> Result<Value> {
        Err(pulse_core::Error::invalid("This kind of connection has no connection string."))
    }

    /// Takes where renewed secrets are to be kept; called once, before anything else. Most systems renew none.
    fn renew_through(&mut self, _renewals: Arc<dyn Renewals>) {}

    /// Connects and says step by step what was done and what failed; see [`Check`].
    fn check(&self, check: &mut Check<'_>) -> Result<()>;

    /// What can be read, one level or page at a time.
    fn browse(&self, request: &Browse<Self::Filters>, progress: &Progress) -> Result<Listing>;

    /// Reads what is selected: everything, what is new since `task.state`, or the first rows for a preview.
    fn read(&self, selection: &Self::Selection, task: &Task<'_>) -> Result<Fetched>;

    /// Whether there is more than `state` knows, without reading it; nothing where that cannot be told cheaply.
    fn news(&self, _selection: &Self::Selection, _state: Option<&Value>, _progress: &Progress) -> Result<Option<News>> {
        Ok(None)
    }
}

/// Keeps the secrets of a connection that the outside system replaces, such as refresh tokens that serve only once.
pub trait Renewals: Send + Sync {
    /// Exchanges a secret of the settings: `member` is its dotted path, `given` what the connection was opened with.
    ///
    /// `exchange` gets its newest value, which another job may have renewed since, and answers with the new one if there
    /// is one; nobody else exchanges the same secret meanwhile. The new value is kept when this returns. If it could be
    /// kept for this run of the program only, what is returned says why, in a sentence.
    fn renew(
        &self,
        member: &str,
        given: &Secret,
        progress: &Progress,
        exchange: &mut Exchange<'_>,
    ) -> Result<Option<String>>;
}

/// Asks the outside system for a new value of a secret; nothing if the old one goes on.
pub type Exchange<'a> = dyn FnMut(&Secret) -> Result<Option<Secret>> + 'a;

/// A connector's entry in the catalogue, apart from its forms.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct About {
    /// The word in documents and on the command line, such as `postgres`.
    pub kind: &'static str,
    /// The name in the window.
    pub title: &'static str,
    /// What it is for; a sentence.
    pub summary: &'static str,
    /// The heading it stands under: `Datasets`, `Databases`, `Search engines`, `Streams`, `Files and APIs`.
    pub group: &'static str,
    /// The schemes of its connection strings, without `://`.
    pub schemes: &'static [&'static str],
    /// How one looks around in it.
    pub browsing: Browsing,
    /// The member of the selection that names what is read; the command line's second argument fills it.
    pub main: &'static str,
    /// Whether a useful connection needs no settings at all, so that the window offers one without asking.
    pub ready: bool,
}

/// How one looks around in an outside system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Browsing {
    /// Level by level, as in folders.
    Tree,
    /// By a search text and filters, page by page; an entry may open into a tree.
    Search,
    /// Not at all; the form says what is read.
    None,
}

/// No filters.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct NoFilters {}

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Browse<F = Value> {
    /// The ids of the entries opened so far, outermost first; empty at the top.
    pub path: Vec<String>,
    /// The search text; empty for everything.
    pub search: String,
    /// The filters.
    pub filters: F,
    /// The page, as [`Listing::next`] named it.
    pub page: Option<String>,
}

/// One level or page of what can be read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Listing {
    /// The entries, in the order to show.
    pub entries: Vec<Entry>,
    /// What to ask for the next page; nothing on the last.
    pub next: Option<String>,
    /// What the level itself is (a dataset with licence and description), where there is something to say.
    pub about: Option<Description>,
}

/// One thing in a listing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Entry {
    /// What [`Browse::path`] takes to open it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is, in a word: `schema`, `table`, `view`, `index`, `topic`, `folder`, `file`, `dataset`.
    pub kind: String,
    /// A line about it.
    pub summary: String,
    /// Rows, where known.
    pub rows: Option<u64>,
    /// Bytes, where known.
    pub bytes: Option<u64>,
    /// Short facts to show, label and value, such as `("Licence", "CC0")`.
    pub facts: Vec<(String, String)>,
    /// Its columns, where known without reading it.
    pub columns: Vec<EntryColumn>,
    /// Whether it can be opened.
    pub opens: bool,
    /// The selection that reads it, to be completed in the form; nothing if it cannot be read.
    pub selection: Option<Value>,
    /// Whether several such entries can be read together: then [`Entry::selection`] differs in one array only, and the
    /// window joins those arrays.
    pub several: bool,
}

/// A column as the outside system describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EntryColumn {
    /// Its name.
    pub name: String,
    /// Its type in the outside system's words.
    pub type_word: String,
    /// What it means, if that is known.
    pub description: String,
    /// Whether it is part of the primary key.
    pub key: bool,
}

/// What an opened entry is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Description {
    /// Its name.
    pub title: String,
    /// A text about it, in Markdown.
    pub text: String,
    /// Facts, label and value.
    pub facts: Vec<(String, String)>,
    /// Its page in the web.
    pub link: Option<String>,
    /// The selection that reads all of it; nothing if that is not possible.
    pub selection: Option<Value>,
}

/// What reading needs besides the selection.
pub struct Task<'a> {
    /// Counts, log and cancel.
    pub progress: &'a Progress,
    /// A folder for this read's own files; the caller deletes it when the rows are in the lake.
    pub scratch: &'a Path,
    /// A folder that survives failures and restarts, for downloads to resume; names in it must be unique by content.
    pub downloads: &'a Path,
    /// For a preview: about so many rows are enough.
    pub limit: Option<u64>,
    /// What [`Fetched::state`] said when this selection was last read; nothing for a first or a full read.
    pub state: Option<&'a Value>,
    /// The recordings of an earlier read ([`Landed::recording`]): read from these and not from the network.
    pub replay: &'a [PathBuf],
    /// Whether rows are merged by a key, so that what was read before and has changed since may come again.
    pub merges: bool,
}

/// What was read.
#[derive(Default)]
pub struct Fetched {
    /// The rows.
    pub content: Content,
    /// The exact bytes received, to be kept in landing.
    pub landed: Vec<Landed>,
    /// Where the next read goes on; committed together with the rows. Nothing if every read is a full one.
    pub state: Option<Value>,
    /// Whether these are all rows that the selection holds now, so that a key that is missing was deleted.
    pub snapshot: bool,
    /// The selection's own primary key, where the outside system has one.
    pub key: Vec<String>,
    /// What was detected and can be chosen otherwise; `key` is a dotted member of the selection.
    pub detected: Vec<(String, Setting)>,
    /// The first response, as text, for choosing records and fields on it.
    pub sample: Option<String>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Where the rows came from, for the table's history: an address without secrets.
    pub origin: String,
}

/// The rows of a read.
pub enum Content {
    /// Files to be parsed and typed as any imported file.
    Files {
        /// The files.
        inputs: Vec<Input>,
        /// How to read them, where the connector knows; what the user decided goes over it.
        options: ReadOptions,
    },
    /// Parquet files of the connector's own making in the scratch folder, typed as the outside system types them, in the
    /// order of the rows, zstd, all with the same columns.
    Typed {
        /// The files; none if there is no row.
        files: Vec<PathBuf>,
        /// The columns, each with its type word and why.
        columns: Vec<crate::model::ColumnPlan>,
        /// The columns in Polars' types, for a read without rows.
        schema: polars::prelude::Schema,
        /// Rows in the files.
        rows: u64,
        /// Values and records that have no place in the rows.
        ledger: Vec<pulse_core::LedgerEntry>,
        /// Records in the ledger only.
        rejected: u64,
    },
}

impl Default for Content {
    fn default() -> Self {
        Self::Files { inputs: Vec::new(), options: ReadOptions::default() }
    }
}

/// Bytes to keep in landing.
#[derive(Clone, Debug, Default)]
pub struct Landed {
    /// Where they are now.
    pub path: PathBuf,
    /// The name to show.
    pub name: String,
    /// The address they came from, without secrets.
    pub origin: String,
    /// Facts to keep with them, label and value: licence, version, MD5, ETag.
    pub facts: Vec<(String, String)>,
    /// Whether the file is the connector's own, in scratch or downloads, so that it moves instead of being copied.
    pub owned: bool,
    /// Whether it is a recording of responses that [`Task::replay`] can play.
    pub recording: bool,
}

/// What is new in the outside system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct News {
    /// Whether a refresh would bring something.
    pub available: bool,
    /// A sentence, such as "Version 7 is there; the table holds version 5."
    pub text: String,
}

/// The protocol of a connection check: one line a step, the last of them failed if the check did.
pub struct Check<'a> {
    /// Cancel, and a time limit that the caller sets.
    pub progress: &'a Progress,
    /// What was done so far.
    pub steps: Vec<CheckStep>,
}

/// One step of a connection check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckStep {
    /// What was done: `Find the host`, `Connect`, `TLS`, `Sign in`, `Read`.
    pub name: String,
    /// What came of it.
    pub detail: String,
    /// What failed; nothing if it succeeded.
    pub error: Option<pulse_core::Error>,
    /// How long it took.
    pub seconds: f64,
}

impl Check<'_> {
    /// Runs one step and notes it; `work` answers with what is shown beside the value that the next steps need.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<(T, String)>) -> Result<T> {
        let began = std::time::Instant::now();
        let outcome = self.progress.check().and_then(|()| work());
        let seconds = began.elapsed().as_secs_f64();
        let note = |detail: String, error| CheckStep { name: name.to_owned(), detail, error, seconds };
        match outcome {
            Ok((value, detail)) => {
                self.steps.push(note(detail, None));
                Ok(value)
            }
            Err(error) => {
                self.steps.push(note(String::new(), Some(error.clone())));
                Err(error)
            }
        }
    }
}
