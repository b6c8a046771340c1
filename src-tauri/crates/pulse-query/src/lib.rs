//! SQL over the lake with DuckDB: queries become one Parquet file each, exports become files of the user.
//!
//! DuckDB gets lists of Parquet files, never record batches, and every query runs in a fresh database that reaches
//! exactly those files. `docs/decisions/003-duckdb.md` says why and what was measured.

mod export;
mod fault;
mod run;
mod session;
mod statement;
mod stored;
mod tokens;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use pulse_core::Result;

pub use export::{Exported, Format};
pub use run::{Column, Outcome};
pub use statement::Statement;

use statement::Query;

/// One version of a table as a query sees it: `silver.prices@3`, and `silver.prices` if it is the latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// `bronze`, `silver`, `gold`, `ledger` for the ledger of a table, or `receipts` for those of a destination.
    pub layer: String,
    /// The name without its layer.
    pub name: String,
    /// The version.
    pub version: u64,
    /// Whether the name without a version means this one.
    pub latest: bool,
    /// The Parquet files, in the order of the rows; none for an empty table.
    pub files: Vec<PathBuf>,
    /// Names and SQL types of the columns.
    pub columns: Vec<(String, String)>,
    /// Rows, if known.
    pub row_count: Option<u64>,
}

/// What a query may use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folders that hold the lake and the results.
    pub allowed: Vec<PathBuf>,
    /// The folder for what does not fit into memory.
    pub temp: PathBuf,
    /// Memory, such as `4GB`.
    pub memory: String,
    /// Space in the temporary folder, such as `20GB`.
    pub temp_limit: String,
    /// Threads.
    pub threads: usize,
}

/// Runs queries and exports.
#[derive(Clone, Debug)]
pub struct Engine {
    settings: Settings,
    /// The functions that queries must not call, once one was read: starting DuckDB to list them would be most of the work
    /// of a program that asks no question.
    forbidden: Arc<OnceLock<HashSet<String>>>,
}

impl Engine {
    /// An engine with `settings`; DuckDB starts with each query.
    pub fn new(settings: Settings) -> Self {
        Self { settings, forbidden: Arc::default() }
    }
}

/// The tables that `sql` names, each once: layer, name and the version if one is given. Names in strings and comments
/// do not count; names need not exist.
pub fn references(sql: &str) -> Vec<(String, String, Option<u64>)> {
    let mut found: Vec<(String, String, Option<u64>)> = Vec::new();
    for reference in tokens::references(&tokens::tokens(sql)) {
        let reference = (reference.layer, reference.name, reference.version);
        if !found.contains(&reference) {
            found.push(reference);
        }
    }
    found
}

/// Names for completion, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The functions a query can use.
    pub functions: Vec<String>,
    /// DuckDB's keywords.
    pub keywords: Vec<String>,
}

/// The functions and keywords of this DuckDB.
pub fn words() -> Result<Words> {
    let forbidden = forbidden_functions()?;
    let connection = session::connect()?;
    let failed = |e| fault::explain(&e, "list the functions");
    let list = |sql: &str| {
        let mut statement = connection.prepare(sql).map_err(failed)?;
        let names = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
        names.collect::<duckdb::Result<Vec<_>>>().map_err(failed)
    };
    let functions = list(
        "SELECT DISTINCT function_name FROM duckdb_functions()
         WHERE regexp_full_match(function_name, '[a-z][a-z0-9_]*') AND function_type <> 'pragma' ORDER BY 1",
    )?;
    Ok(Words {
        functions: functions.into_iter().filter(|name| !forbidden.contains(name)).collect(),
        keywords: list("SELECT keyword_name FROM duckdb_keywords() ORDER BY 1")?,
    })
}

/// Table functions that only compute or describe; every other one could read files, run text as SQL or change state.
const HARMLESS: [&str; 19] = [
    "range",
    "generate_series",
    "unnest",
    "repeat",
    "repeat_row",
    "json_each",
    "json_tree",
    "histogram",
    "histogram_values",
    "summary",
    "pg_timezone_names",
    "icu_calendar_names",
    "test_all_types",
    "pragma_version",
    "duckdb_functions",
    "duckdb_types",
    "duckdb_keywords",
    "duckdb_columns",
    "duckdb_views",
];

/// The table functions of this DuckDB that are not known to be harmless, so that a new one is forbidden until looked at.
fn forbidden_functions() -> Result<HashSet<String>> {
    let connection = session::connect()?;
    let failed = |e| fault::explain(&e, "list the functions");
    let sql =
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')";
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
    let names: Vec<String> = names.collect::<duckdb::Result<_>>().map_err(failed)?;
    Ok(names.into_iter().filter(|name| !HARMLESS.contains(&name.as_str())).chain(["write_log".to_owned()]).collect())
}

impl Engine {
    fn read(&self, sql: &str) -> Result<Query> {
        let forbidden = match self.forbidden.get() {
            Some(forbidden) => forbidden,
            None => forbidden_functions().map(|found| self.forbidden.get_or_init(|| found))?,
        };
        Query::read(sql, forbidden)
    }
}

#[cfg(test)]
mod tests;
