//! The arguments that name connections and sources.

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

/// What is read through a connection, and how it is loaded.
#[derive(Debug, ClapArgs)]
pub struct From {
    /// Read through this connection (its name) instead of from files; PATH then says what: a table, a dataset, an address.
    #[arg(long = "from", value_name = "CONNECTION")]
    pub connection: Option<String>,
    /// A member of what is read, such as filter=price>0 or pagination.kind=page; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment, requires = "connection")]
    pub set: Vec<(String, String)>,
    /// With --from: the name under which it is saved, to be refreshed later [default: the table's name].
    #[arg(long, value_name = "NAME", requires = "connection")]
    pub name: Option<String>,
    /// With --mode merge: a column of the key; may be repeated.
    #[arg(long, value_name = "COLUMN", requires = "connection")]
    pub key: Vec<String>,
    /// With --mode merge: the column whose greatest value wins where a key comes twice.
    #[arg(long, value_name = "COLUMN", requires = "connection")]
    pub newest_by: Option<String>,
    /// With --mode merge: what happens to rows that vanished.
    #[arg(long, value_enum, default_value = "keep", requires = "connection")]
    pub deletes: Deletes,
    /// With --mode merge: the column that marks a row as deleted.
    #[arg(long, value_name = "COLUMN", requires = "connection")]
    pub deleted_column: Option<String>,
    /// With --mode merge: the value that marks it.
    #[arg(long, value_name = "VALUE", requires = "deleted_column")]
    pub deleted_value: Option<String>,
    /// With --mode merge: keep every state of a row with the time it was valid.
    #[arg(long, requires = "connection")]
    pub history: bool,
    /// With --from: what happens when the columns change.
    #[arg(long, value_enum, default_value = "evolve", requires = "connection")]
    pub drift: Drift,
}

/// What happens to rows that vanished.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Deletes {
    /// They stay.
    Keep,
    /// They are removed.
    Remove,
    /// They stay with the time when they vanished.
    Mark,
}

/// What happens when the columns of a source change.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Drift {
    /// New ones are added, types widened without loss.
    Evolve,
    /// The refresh fails.
    Freeze,
    /// What does not fit goes to the ledger.
    Ledger,
    /// The refresh stops and asks.
    Ask,
}

/// `pulse connections`.
#[derive(Debug, ClapArgs)]
pub struct Connections {
    /// What to do [default: list them].
    #[command(subcommand)]
    pub action: Option<ConnectionAction>,
}

/// What to do with connections.
#[derive(Debug, Subcommand)]
pub enum ConnectionAction {
    /// List the kinds of connections.
    #[command(after_help = "Example: pulse connections kinds\nJSON: kinds")]
    Kinds,
    /// Save a connection; its secrets go to the keyring, or to a file under PULSE_PASSPHRASE.
    #[command(after_help = "Example: pulse connections add shop --url postgres://ann:secret@db/shop\nJSON: connection")]
    Add(AddConnection),
    /// Try a connection and say what was done and what failed.
    #[command(after_help = "Example: pulse connections test shop\nJSON: ok, steps")]
    Test(NamedConnection),
    /// Forget a connection and its secrets.
    #[command(after_help = "Example: pulse connections remove shop\nJSON: removed")]
    Remove(NamedConnection),
}

/// `pulse connections add`.
#[derive(Debug, ClapArgs)]
pub struct AddConnection {
    /// Its name.
    pub name: String,
    /// A connection string; - reads it from standard input, which keeps it out of the shell's history.
    #[arg(long, value_name = "URL", required_unless_present = "kind", conflicts_with = "kind")]
    pub url: Option<String>,
    /// The kind, as `pulse connections kinds` lists them.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// A setting, such as host=db; may be repeated. NAME=@VARIABLE takes the value of an environment variable.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
}

/// A connection.
#[derive(Debug, ClapArgs)]
pub struct NamedConnection {
    /// Its name.
    pub name: String,
}

/// `pulse browse`.
#[derive(Debug, ClapArgs)]
pub struct Browse {
    /// The connection's name.
    pub connection: String,
    /// The entries to open, outermost first.
    pub path: Vec<String>,
    /// A text to search for.
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub search: String,
    /// A filter; may be repeated.
    #[arg(long = "filter", value_name = "NAME=VALUE", value_parser = assignment)]
    pub filters: Vec<(String, String)>,
    /// The page, as the answer before named it.
    #[arg(long)]
    pub page: Option<String>,
}

/// `pulse refresh`.
#[derive(Debug, ClapArgs)]
pub struct Refresh {
    /// The names of the sources [default: all].
    pub names: Vec<String>,
    /// Read everything again instead of only what is new.
    #[arg(long)]
    pub full: bool,
    /// Read the recording of the last read instead of the network.
    #[arg(long, conflicts_with = "full")]
    pub replay: bool,
    /// Accept the change of columns that a paused source asks about.
    #[arg(long)]
    pub accept: bool,
}

pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
