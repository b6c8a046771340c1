//! Freezing: rows that stay the same for as long as a run takes, whatever happens to their table meanwhile.

use std::fs;
use std::path::{Path, PathBuf};

use polars::prelude::{DataType, Expr, LazyFrame, PlSmallStr, Schema};
use pulse_connect::{Outgoing, OutgoingColumn, Ranges, Rows};
use pulse_core::{Error, Progress, Result, TableName};
use pulse_lake::Snapshot;
use pulse_rpc::types::*;
use serde::{Deserialize, Serialize};

use super::parts;
use crate::{Engine, rows, sql};

/// What a run sends, as it is kept with it, so that another process can go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Frozen {
    /// A version of a table, which stays.
    Table { table: String, version: u64, made_ms: i64 },
    /// A query's result in the run's folder.
    Result { rows: u64, name: String },
    /// What changed between two versions of a table, in the run's folder.
    Changes { table: String, from: u64, version: u64, made_ms: i64, puts: u64, deletes: u64 },
}

/// The file with the rows to put, and that with the rows to delete, in a run's folder.
const PUTS: &str = "rows.parquet";
const DELETES: &str = "deleted.parquet";

impl Frozen {
    /// Freezes what `part` sends; `since` is what the target holds already, as [`Frozen::stand`] says, for an incremental
    /// sync.
    pub fn make(
        engine: &Engine,
        part: &SyncPart,
        since: Option<(u64, i64)>,
        folder: &Path,
        progress: &Progress,
    ) -> Result<Self> {
        match &part.from {
            SyncFrom::Table { table, version } => {
                let name: TableName = table.parse()?;
                let snapshot = engine.0.lake.snapshot(&name, *version)?;
                // A table that was removed and made again has the same versions anew: its time tells them apart.
                let base = since.map(|(since, made_ms)| (engine.0.lake.snapshot(&name, Some(since)), made_ms));
                match base {
                    Some((Ok(base), made_ms)) if base.created_at_ms == made_ms => {
                        changes(engine, &base, &snapshot, &part.key, folder, progress)
                    }
                    _ => Ok(Self::Table {
                        table: table.clone(),
                        version: snapshot.version,
                        made_ms: snapshot.created_at_ms,
                    }),
                }
            }
            SyncFrom::Sql { name, sql: query } => {
                progress.stage("Running the query", 0, 0);
                make_folder(folder)?;
                let path = folder.join(PUTS);
                let tables = sql::tables(engine, query)?;
                let made = engine.0.query.run(query, &tables, &path, progress)?;
                Ok(Self::Result { rows: made.rows, name: name.clone() })
            }
        }
    }

    /// What is sent, in words.
    pub fn origin(&self) -> String {
        match self {
            Self::Table { table, version, .. } => format!("{table}@{version}"),
            Self::Result { name, .. } => format!("query {name}"),
            Self::Changes { table, from, version, .. } => format!("{table}@{from}..{version}"),
        }
    }

    /// The version of the table that the target holds afterwards, and when it was made.
    pub fn stand(&self) -> Option<(u64, i64)> {
        match self {
            Self::Table { version, made_ms, .. } | Self::Changes { version, made_ms, .. } => Some((*version, *made_ms)),
            Self::Result { .. } => None,
        }
    }

    /// The rows to put and those to delete.
    fn rows(&self, engine: &Engine, folder: &Path) -> Result<(LazyFrame, u64, Option<(LazyFrame, u64)>)> {
        match self {
            Self::Table { table, version, .. } => {
                let snapshot = engine.0.lake.snapshot(&table.parse()?, Some(*version))?;
                Ok((engine.0.lake.scan(&snapshot)?, snapshot.rows, None))
            }
            Self::Result { rows, .. } => Ok((rows::scan_parquet(&folder.join(PUTS))?, *rows, None)),
            Self::Changes { puts, deletes, .. } => Ok((
                rows::scan_parquet(&folder.join(PUTS))?,
                *puts,
                Some((rows::scan_parquet(&folder.join(DELETES))?, *deletes)),
            )),
        }
    }
}

fn changes(
    engine: &Engine,
    base: &Snapshot,
    now: &Snapshot,
    key: &[String],
    folder: &Path,
    progress: &Progress,
) -> Result<Frozen> {
    progress.stage("Finding what changed", 0, 0);
    make_folder(folder)?;
    let found = engine.0.lake.changes(base, now, key, progress)?;
    Ok(Frozen::Changes {
        puts: write(found.puts, &folder.join(PUTS))?,
        deletes: write(found.deletes, &folder.join(DELETES))?,
        table: now.table.to_string(),
        from: base.version,
        version: now.version,
        made_ms: now.created_at_ms,
    })
}

/// Writes a plan's rows to one file; how many there were.
fn write(frame: LazyFrame, path: &Path) -> Result<u64> {
    let failed = |cause| Error::internal(&format!("write {}", path.display()), cause);
    rows::sink_parquet(frame, path)?;
    let count = rows::scan_parquet(path)?.select([polars::prelude::len().cast(DataType::UInt64)]).collect();
    let count = count.map_err(failed)?;
    Ok(count.columns().first().and_then(|column| column.u64().ok()?.get(0)).unwrap_or_default())
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|cause| Error::io("make the folder", folder, &cause))
}

/// What is known of a run besides its rows.
pub(crate) struct Attempt<'a> {
    pub doc: &'a SyncDoc,
    pub part: &'a SyncPart,
    /// The sync and the part, as the target may remember them.
    pub sync: String,
    pub run: String,
    pub sequence: u64,
    pub folder: PathBuf,
    pub last_seen: Option<serde_json::Value>,
}

/// The frozen rows with all that a destination needs to know; every row is still to do.
pub(crate) fn outgoing(engine: &Engine, frozen: &Frozen, attempt: Attempt<'_>) -> Result<Outgoing> {
    let Attempt { doc, part, sync, run, sequence, folder, last_seen } = attempt;
    let (mut puts, count, deletes) = frozen.rows(engine, &folder)?;
    let schema = puts.collect_schema().map_err(|cause| Error::internal("read the columns to send", cause))?;
    let columns = columns(&schema, part)?;
    let renamed = |columns: &[OutgoingColumn]| -> Vec<Expr> {
        let column = |c: &OutgoingColumn| Expr::Column(PlSmallStr::from(c.source.as_str())).alias(c.name.as_str());
        columns.iter().map(column).collect()
    };
    let keys: Vec<OutgoingColumn> =
        part.key.iter().filter_map(|key| columns.iter().find(|column| column.source == *key)).cloned().collect();
    let key = part.key.iter().map(|key| columns.iter().find(|c| c.source == *key).map_or(key, |c| &c.name).clone());
    let key = key.collect();
    let deleted = deletes.map(|(frame, count)| Rows::new(frame.select(renamed(&keys)), count));
    let rows = Rows::new(puts.select(renamed(&columns)), count);
    let total = count + deleted.as_ref().map_or(0, Rows::count);
    Ok(Outgoing {
        sync,
        run,
        sequence,
        origin: frozen.origin(),
        mode: parts::mode(doc.mode),
        key,
        columns,
        rows,
        deleted,
        todo: Ranges::all(total),
        position: None,
        last_seen,
        edits: part.edits.clone(),
        folder,
    })
}

/// The columns that are sent, in the table's order; fails for choices about columns that are not there.
fn columns(schema: &Schema, part: &SyncPart) -> Result<Vec<OutgoingColumn>> {
    if let Some(unknown) = part.columns.iter().find(|choice| !schema.contains(&choice.column)) {
        return Err(Error::invalid(format!("There is no column `{}` to send.", unknown.column))
            .hint("It may have been renamed; check the columns of the sync.")
            .field("columns"));
    }
    let mut columns = Vec::new();
    for (name, dtype) in schema.iter() {
        let choice = part.columns.iter().find(|choice| choice.column == name.as_str());
        if choice.is_some_and(|choice| choice.skip) {
            continue;
        }
        let given = choice.map(|choice| choice.name.trim()).filter(|name| !name.is_empty());
        columns.push(OutgoingColumn {
            name: given.unwrap_or(name).to_owned(),
            source: name.to_string(),
            dtype: dtype.clone(),
            type_word: choice.map(|choice| choice.type_word.trim().to_owned()).unwrap_or_default(),
            description: String::new(),
        });
    }
    let mut seen = std::collections::HashSet::new();
    if let Some(twice) = columns.iter().find(|column| !seen.insert(column.name.clone())) {
        return Err(Error::invalid(format!("Two columns would be called `{}` at the target.", twice.name))
            .hint("Give one of them another name, or leave it out.")
            .field("columns"));
    }
    if columns.is_empty() {
        return Err(Error::invalid("No column is left to send.").hint("Send at least one column.").field("columns"));
    }
    Ok(columns)
}
