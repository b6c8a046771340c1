//! What a destination is: a target that becomes a form, a preflight, writing with receipts, and the comparison after it.

use std::ops::Range;

use pulse_core::{Progress, Result};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connector::Connector;
use crate::outgoing::Outgoing;

/// A kind of outside system that rows can be written to. It blocks, as [`Connector`] does.
///
/// The promise that every destination keeps: when [`Destination::write`] has returned, each row has a receipt, and
/// whatever instant it was killed at, writing the same [`Outgoing`] again with the rows that have no receipt yet leaves
/// the target as if it had never been interrupted.
pub(crate) trait Destination: Connector {
    /// Where the rows go and what is particular to it. Doc comments are the form, as for [`Connector::Settings`].
    type Target: DeserializeOwned + JsonSchema;

    /// Its entry in the catalogue.
    fn writes() -> Writes;

    /// What names the target among all, without secrets: two syncs to one target do not run at once.
    fn identity(&self, target: &Self::Target) -> String;

    /// Says what would happen and what would fail, and changes nothing. What stops it is a finding, not an error; an
    /// error is for a server that cannot be asked.
    fn preflight(&self, target: &Self::Target, outgoing: &Outgoing, progress: &Progress) -> Result<Preflight>;

    /// Writes the rows of [`Outgoing::batches`] and notes what came of each. The target changes visibly at the end where
    /// the system can do that, and never to something half done.
    fn write(
        &self,
        target: &Self::Target,
        outgoing: &Outgoing,
        journal: &dyn Journal,
        progress: &Progress,
    ) -> Result<Written>;

    /// Compares the target with the rows that were delivered to it.
    fn verify(
        &self,
        target: &Self::Target,
        outgoing: &Outgoing,
        written: &Written,
        progress: &Progress,
    ) -> Result<Verification>;
}

/// A destination's entry in the catalogue, apart from its form.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Writes {
    /// How it can take rows; the first is what a new sync starts with.
    pub modes: &'static [SyncMode],
    /// The member of the target that names it; the name of what is sent fills it.
    pub main: &'static str,
    /// Whether rows that are only appended may have a key too, which need not be unique: that of a message.
    pub keyed: bool,
}

/// How rows that are sent meet those that are at the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// The target holds exactly these rows afterwards.
    Replace,
    /// These rows are added to what is there.
    Append,
    /// By key: new rows are added, known ones replaced, others stay.
    Upsert,
    /// By key: as [`SyncMode::Upsert`], and rows whose key is not among these are deleted.
    Mirror,
    /// By key: only what changed since the last sync is sent, deletions too. The first time it is a
    /// [`SyncMode::Mirror`] into what is there, with all rows in [`Outgoing::rows`].
    Incremental,
}

impl SyncMode {
    /// Whether rows are found again by a key.
    pub fn needs_key(self) -> bool {
        matches!(self, Self::Upsert | Self::Mirror | Self::Incremental)
    }
}

/// What a preflight found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Preflight {
    /// Whether the target is there already, and what it is; a sentence.
    pub target: String,
    /// The columns as the target will hold them, in the order of [`Outgoing::columns`].
    pub columns: Vec<TargetColumn>,
    /// What will be run or created: DDL, a mapping, topic settings.
    pub statements: Vec<Statement>,
    /// What would fail or be changed, the worst first.
    pub findings: Vec<Finding>,
}

/// One column at the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetColumn {
    /// Its name there.
    pub name: String,
    /// Its type there, in the outside system's words.
    pub type_word: String,
    /// What happens to values on the way, where something does; a sentence.
    pub note: String,
}

/// A text that the outside system runs or keeps, to be shown and, where it may, edited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Its name in [`Outgoing::edits`], such as `create`.
    pub id: String,
    /// What it is, in words.
    pub title: String,
    /// The text, edited already where it was.
    pub text: String,
    /// `sql` or `json`.
    pub language: String,
    /// Whether an edited text is taken instead.
    pub editable: bool,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing can be sent before it is mended.
    Stops,
    /// The rows concerned will be rejected; the others are sent.
    Rejects,
    /// To be known.
    Notes,
}

/// One thing that a preflight found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The column concerned, as it is called at the target; empty for none.
    pub column: String,
    /// How many rows are concerned; 0 where it is not about rows.
    pub rows: u64,
    /// Some of these rows: their number from 0 and the value.
    pub examples: Vec<(u64, String)>,
    /// What it is; a sentence.
    pub text: String,
    /// What to do about it; a sentence.
    pub hint: String,
}

impl Finding {
    /// A finding about the whole.
    pub fn new(severity: Severity, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity, column: String::new(), rows: 0, examples: Vec::new(), text: text.into(), hint: hint.into() }
    }

    /// The same about a column.
    #[must_use]
    pub fn column(self, name: &str) -> Self {
        Self { column: name.to_owned(), ..self }
    }

    /// The same about rows.
    #[must_use]
    pub fn rows(self, rows: u64, examples: Vec<(u64, String)>) -> Self {
        Self { rows, examples, ..self }
    }
}

/// What became of rows at the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// There, durable.
    Delivered,
    /// The target holds a newer state of the row already.
    Superseded,
    /// Refused by the target, with its reason.
    Rejected,
}

/// What became of some neighbouring rows, by their numbers in [`Outgoing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The rows.
    pub rows: Range<u64>,
    /// What became of them.
    pub fate: Fate,
    /// Why a row was rejected or superseded; empty for delivered ones.
    pub reason: String,
    /// The row as JSON for a rejected one, so that it can be looked at; empty otherwise.
    pub row: String,
}

impl Receipt {
    /// Delivered rows.
    pub fn delivered(rows: Range<u64>) -> Self {
        Self { rows, fate: Fate::Delivered, reason: String::new(), row: String::new() }
    }
}

/// Where receipts are kept.
pub trait Journal: Send + Sync {
    /// Keeps receipts and, if given, the destination's own position, which [`Outgoing::position`] gives back after an
    /// interruption. Both are durable when it returns.
    fn note(&self, receipts: &[Receipt], position: Option<&Value>) -> Result<()>;
}

/// What a write did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Written {
    /// Rows put there.
    pub rows: u64,
    /// Rows deleted there.
    pub deleted: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What the target looked like right after, so that the next sync notices what others changed
    /// ([`Outgoing::last_seen`]); small.
    pub seen: Value,
}

/// The comparison of source and target after a sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// What was compared, the row count first.
    pub comparisons: Vec<Comparison>,
    /// Keys, or numbers of rows, that differ; some of them.
    pub differing: Vec<String>,
    /// What could not be compared and why; empty if everything was.
    pub note: String,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// What is compared: `Rows`, or a column's name with the measure.
    pub name: String,
    /// The measure here.
    pub here: String,
    /// The measure there.
    pub there: String,
}

impl Comparison {
    /// The measures of both sides under a name.
    pub(crate) fn new(name: &str, here: impl ToString, there: impl ToString) -> Self {
        Self { name: name.into(), here: here.to_string(), there: there.to_string() }
    }
}

impl Verification {
    /// Whether everything that was compared is the same.
    pub fn matched(&self) -> bool {
        self.differing.is_empty() && self.comparisons.iter().all(|comparison| comparison.here == comparison.there)
    }
}
