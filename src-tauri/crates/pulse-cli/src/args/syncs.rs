//! The arguments that name syncs.

use clap::{Args as ClapArgs, ValueEnum};

use super::sources::assignment;

/// `pulse sync`.
#[derive(Debug, ClapArgs)]
pub struct Sync {
    /// The name of the sync; with --to, the name under which it is saved.
    pub name: String,
    /// Save the sync under NAME first, or change it: the connection that rows are sent to.
    #[arg(long, value_name = "CONNECTION")]
    pub to: Option<String>,
    /// A table to send; may be repeated. TABLE@VERSION sends that version.
    #[arg(long, value_name = "TABLE", requires = "to")]
    pub table: Vec<String>,
    /// A query whose result is sent.
    #[arg(long, value_name = "QUERY", requires = "to", conflicts_with = "table")]
    pub sql: Option<String>,
    /// Send every table of the workspace.
    #[arg(long, requires = "to", conflicts_with_all = ["table", "sql"])]
    pub everything: bool,
    /// Where to: the name of the table, index, topic or folder there [default: the name of what is sent]; with
    /// --everything, what stands before the name of each, such as lake/.
    #[arg(long, value_name = "NAME", requires = "to")]
    pub target: Option<String>,
    /// How rows meet those that are there [default: replace, or append where nothing can be replaced, as in topics].
    #[arg(long, value_enum, requires = "to")]
    pub mode: Option<SyncModeWord>,
    /// A column of the key; may be repeated.
    #[arg(long, value_name = "COLUMN", requires = "to")]
    pub key: Vec<String>,
    /// A member of the target's form, such as schema=sales; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment, requires = "to")]
    pub set: Vec<(String, String)>,
    /// Give a column another name at the target; may be repeated.
    #[arg(long, value_name = "COLUMN=NAME", value_parser = assignment, requires = "to")]
    pub rename: Vec<(String, String)>,
    /// Give a column a type of the target; may be repeated.
    #[arg(long = "type", value_name = "COLUMN=TYPE", value_parser = assignment, requires = "to")]
    pub types: Vec<(String, String)>,
    /// Leave a column out; may be repeated.
    #[arg(long, value_name = "COLUMN", requires = "to")]
    pub skip: Vec<String>,
    /// A source (its name) that is refreshed first, at every run; may be repeated.
    #[arg(long, value_name = "SOURCE", requires = "to")]
    pub refresh: Vec<String>,
    /// A table whose recipe is applied first, after the sources; may be repeated.
    #[arg(long, value_name = "TABLE", requires = "to")]
    pub apply: Vec<String>,
    /// Say what would happen and what would fail, and send nothing.
    #[arg(long)]
    pub check: bool,
    /// Begin anew rather than to go on where an unfinished run stopped.
    #[arg(long)]
    pub anew: bool,
    /// Send only the rows again that were rejected the last time.
    #[arg(long, conflicts_with_all = ["anew", "check", "to"])]
    pub retry: bool,
    /// Show the runs so far.
    #[arg(long, conflicts_with_all = ["anew", "check", "retry", "to"])]
    pub history: bool,
    /// Show the rows that were rejected the last time.
    #[arg(long, conflicts_with_all = ["anew", "check", "retry", "history", "to"])]
    pub rejected: bool,
}

/// How rows that are sent meet those at the target.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SyncModeWord {
    /// The target holds exactly these rows afterwards.
    Replace,
    /// These rows are added.
    Append,
    /// By key: new rows are added, known ones replaced.
    Upsert,
    /// By key: as upsert, and rows that are not among these are deleted.
    Mirror,
    /// By key: only what changed since the last sync.
    Incremental,
}
