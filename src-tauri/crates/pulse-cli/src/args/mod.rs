//! The command line.

mod sources;
mod syncs;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub use sources::*;
pub use syncs::*;

/// Cloud Pulse without its window: import, clean, query and export tables of a workspace.
#[derive(Debug, Parser)]
#[command(name = "pulse", version, about, after_help = "Example: pulse import prices.csv --table bronze.prices")]
pub struct Args {
    /// The workspace folder; made where there is none [default: ~/CloudPulse].
    #[arg(long, global = true, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// Print one JSON document on stdout and nothing else.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Args {
    /// The folder to open.
    pub fn workspace(&self) -> PathBuf {
        self.workspace.clone().unwrap_or_else(|| {
            let home = std::env::home_dir().unwrap_or_else(|| PathBuf::from("."));
            home.join("CloudPulse")
        })
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import files or folders into a bronze table, with every record accounted for.
    #[command(after_help = "Example: pulse import prices.csv.gz --table bronze.prices --type code=text\n\
        Example: pulse import --from shop public.orders --table bronze.orders --mode merge --key id\n\
        JSON: table, version, records, rows, rejected, ledger, seconds")]
    Import(Import),
    /// Show how files would be imported: detected settings, types with reasons, first rows.
    #[command(after_help = "Example: pulse preview prices.csv --delimiter ';'\n\
        JSON: settings, columns, records, rows, rejected, complete, warnings, ledger, first")]
    Preview(Preview),
    /// List all tables with their newest version.
    #[command(after_help = "Example: pulse tables\nJSON: tables")]
    Tables,
    /// Show a table's columns, origin and first rows.
    #[command(after_help = "Example: pulse show silver.prices --version 2 --rows 5\n\
        JSON: info, newest_version, columns, origin, commit, rows")]
    Show(Show),
    /// Profile every column of a table: missing, distinct, smallest, largest, distribution.
    #[command(after_help = "Example: pulse profile bronze.prices\nJSON: version, rows, columns")]
    Profile(At),
    /// Apply a table's recipe (or a recipe file) and write the silver table.
    #[command(after_help = "Example: pulse clean bronze.prices --recipe prices.recipe.json --output silver.prices\n\
        JSON: table, version, rows, ledger, steps, input, input_version, seconds")]
    Clean(Clean),
    /// Run one SQL query over all tables; older versions are written silver.prices@3.
    #[command(after_help = "Example: pulse sql \"SELECT country, avg(price) FROM silver.prices GROUP BY ALL\"\n\
        JSON: columns, types, rows, row_count, seconds")]
    Sql(Sql),
    /// Write a table or a query's result to a file.
    #[command(after_help = "Example: pulse export silver.prices --to prices.parquet\nJSON: path, rows, bytes, seconds")]
    Export(Export),
    /// Show a table's versions, newest first.
    #[command(after_help = "Example: pulse history silver.prices\nJSON: versions")]
    History(Named),
    /// Make an older version the newest one; the versions between stay.
    #[command(after_help = "Example: pulse restore silver.prices 2\nJSON: table, version, rows")]
    Restore(Restore),
    /// List connections, or add, test and remove one.
    #[command(
        after_help = "Example: pulse connections add shop --url postgres://ann:secret@db/shop\nJSON: connections"
    )]
    Connections(Connections),
    /// Show what can be read through a connection, level by level.
    #[command(after_help = "Example: pulse browse shop public\nJSON: entries")]
    Browse(Browse),
    /// List the sources: what was imported through connections and can be refreshed.
    #[command(after_help = "Example: pulse sources\nJSON: sources")]
    Sources,
    /// Read sources again: what is new since the last time, or everything.
    #[command(after_help = "Example: pulse refresh orders\nJSON: refreshed")]
    Refresh(Refresh),
    /// List the syncs: what is sent to outside systems.
    #[command(after_help = "Example: pulse syncs\nJSON: syncs")]
    Syncs,
    /// Send tables to an outside system, go on with an unfinished run, or say what would happen.
    #[command(after_help = "Example: pulse sync shop --to warehouse --table silver.orders --mode upsert --key id\n\
        Example: pulse sync find --to search --table silver.orders --refresh orders --apply bronze.orders\n\
        Example: pulse sync shop --check\n\
        JSON: result, runs; with --check: tables; with --history: runs; with --rejected: rejected")]
    Sync(Sync),
    /// List the latest jobs.
    #[command(after_help = "Example: pulse jobs\nJSON: jobs")]
    Jobs,
    /// Serve the window to a browser on this machine, behind a random token.
    #[command(after_help = "Example: pulse serve --port 8080\nJSON: url (printed once, when it is ready)")]
    Serve(Serve),
    /// Do the main job on the bundled sample: import, clean, Delta, SQL, export.
    #[command(after_help = "Example: pulse --workspace /tmp/try demo\nJSON: steps")]
    Demo,
}

impl Command {
    /// The command's name, as others see it when they find the workspace locked.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Import(_) => "import",
            Self::Preview(_) => "preview",
            Self::Tables => "tables",
            Self::Show(_) => "show",
            Self::Profile(_) => "profile",
            Self::Clean(_) => "clean",
            Self::Sql(_) => "sql",
            Self::Export(_) => "export",
            Self::History(_) => "history",
            Self::Restore(_) => "restore",
            Self::Connections(_) => "connections",
            Self::Browse(_) => "browse",
            Self::Sources => "sources",
            Self::Refresh(_) => "refresh",
            Self::Syncs => "syncs",
            Self::Sync(_) => "sync",
            Self::Jobs => "jobs",
            Self::Serve(_) => "serve",
            Self::Demo => "demo",
        }
    }
}

/// What is read and how; everything left out is detected.
#[derive(Debug, ClapArgs)]
pub struct Reading {
    /// Files or folders; with --from, what is read.
    #[arg(required_unless_present = "connection", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The archive's member to read; may be repeated [default: all that can be read].
    #[arg(long, value_name = "NAME")]
    pub member: Vec<String>,
    /// csv, json, ndjson or parquet.
    #[arg(long)]
    pub format: Option<String>,
    /// Such as utf-8 or windows-1252.
    #[arg(long)]
    pub encoding: Option<String>,
    /// One character; \t is a tab.
    #[arg(long)]
    pub delimiter: Option<String>,
    /// One character, or empty for none.
    #[arg(long)]
    pub quote: Option<String>,
    /// Whether the first record names the columns.
    #[arg(long, value_name = "true|false")]
    pub header: Option<bool>,
    /// Lines before the header to skip.
    #[arg(long, value_name = "N")]
    pub skip_lines: Option<u64>,
    /// Give a column a type: text, integer, decimal, number, boolean, date or timestamp; may be repeated.
    #[arg(long = "type", value_name = "COLUMN=TYPE", value_parser = pair)]
    pub types: Vec<(String, String)>,
    /// For JSON: the dotted path of the list of records.
    #[arg(long, value_name = "PATH")]
    pub records_path: Option<String>,
    /// Whether a source_file column is added [default: when there are several files].
    #[arg(long, value_name = "true|false")]
    pub source_column: Option<bool>,
}

/// `pulse import`.
#[derive(Debug, ClapArgs)]
pub struct Import {
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub from: From,
    /// The table to write, such as bronze.prices [default: from the file's name].
    #[arg(long)]
    pub table: Option<String>,
    /// What happens when the table exists.
    #[arg(long, value_enum, default_value = "create")]
    pub mode: Mode,
}

/// What happens when a table exists.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Mode {
    /// Fail.
    Create,
    /// Add the rows.
    Append,
    /// A new version with only these rows.
    Replace,
    /// With --from: rows with the same key are one row.
    Merge,
}

/// `pulse preview`.
#[derive(Debug, ClapArgs)]
pub struct Preview {
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub from: From,
    /// Rows to show.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub rows: u64,
}

/// A table at a version.
#[derive(Debug, ClapArgs)]
pub struct At {
    /// Such as silver.prices.
    pub table: String,
    /// The version [default: the newest].
    #[arg(long, value_name = "N")]
    pub version: Option<u64>,
}

/// A table.
#[derive(Debug, ClapArgs)]
pub struct Named {
    /// Such as silver.prices.
    pub table: String,
}

/// `pulse show`.
#[derive(Debug, ClapArgs)]
pub struct Show {
    #[command(flatten)]
    pub at: At,
    /// Rows to show.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub rows: u64,
}

/// `pulse clean`.
#[derive(Debug, ClapArgs)]
pub struct Clean {
    #[command(flatten)]
    pub at: At,
    /// A recipe file whose steps replace those of the table's recipe.
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
    /// The silver table to write [default: as saved with the recipe].
    #[arg(long, value_name = "TABLE")]
    pub output: Option<String>,
}

/// `pulse sql`.
#[derive(Debug, ClapArgs)]
pub struct Sql {
    /// One query.
    pub query: String,
    /// Rows to print at the most.
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub limit: u64,
}

/// `pulse export`.
#[derive(Debug, ClapArgs)]
pub struct Export {
    /// The table, such as silver.prices.
    #[arg(required_unless_present = "sql", conflicts_with = "sql")]
    pub table: Option<String>,
    /// The version [default: the newest].
    #[arg(long, value_name = "N", requires = "table")]
    pub version: Option<u64>,
    /// A query whose result is written instead of a table.
    #[arg(long, value_name = "QUERY")]
    pub sql: Option<String>,
    /// The file to write; its ending tells the format.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// csv, parquet, json or ndjson [default: from the file's ending].
    #[arg(long)]
    pub format: Option<String>,
    /// For CSV: put an apostrophe before text that a spreadsheet would run as a formula.
    #[arg(long)]
    pub guard_formulas: bool,
}

/// `pulse restore`.
#[derive(Debug, ClapArgs)]
pub struct Restore {
    /// Such as silver.prices.
    pub table: String,
    /// The version to bring back.
    pub version: u64,
}

/// `pulse serve`.
#[derive(Debug, ClapArgs)]
pub struct Serve {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (column, word) = text.rsplit_once('=').ok_or("write COLUMN=TYPE, such as code=text")?;
    Ok((column.to_owned(), word.to_owned()))
}
