//! Loading: rows that were read become a commit of the source's table.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use polars::prelude::{DataFrame, DataType, IntoLazy, LazyFrame, NULL, Schema, concat, lit};
use pulse_connect::{Content, Fetched};
use pulse_core::{Error, Progress, Result, TableName};
use pulse_lake::{Committed, Merge, Mode, Rows, SourceState, Write};
use pulse_rpc::types::*;
use serde_json::{Map, Value, json};

use super::{drift, look};
use crate::clock::now_ms;
use crate::{Engine, import, landing};

/// What one refresh loads, and where to.
pub(crate) struct Load<'a> {
    pub engine: &'a Engine,
    pub doc: &'a SourceDoc,
    pub table: &'a TableName,
    /// What was read, without its rows.
    pub fetched: &'a Fetched,
    pub progress: &'a Progress,
    pub began: Instant,
}

/// Rows that were read, ready to be committed.
pub(crate) struct Loaded {
    rows: Rows,
    schema: Schema,
    count: u64,
    rejected: u64,
    ledger: DataFrame,
    columns: Vec<ImportColumn>,
    settings: Vec<ImportSetting>,
    /// The files that were read with their SHA-256, so that they need not be read once more for it.
    pub hashes: HashMap<PathBuf, String>,
}

impl Load<'_> {
    /// Makes rows of what was fetched; nothing if nothing came that could change the table.
    pub fn rows(&self, content: Content, scratch: &Path) -> Result<Option<Loaded>> {
        let exists = self.engine.0.lake.tables()?.contains(self.table);
        match look::without_empty(content) {
            // Everything there is, and it is nothing: the rows of the table have vanished.
            Content::Files { inputs, .. } if inputs.is_empty() && exists && self.fetched.snapshot => {
                let schema = self.there()?;
                let rows = Rows::Lazy(DataFrame::empty_with_schema(&schema).lazy());
                Ok(Some(Loaded::new(rows, schema, 0, pulse_connect::ledger_frame(&[])?)))
            }
            Content::Files { inputs, .. } if inputs.is_empty() => Ok(None),
            Content::Files { inputs, options } => {
                let options = look::merged(&self.doc.options, &options);
                let read = pulse_connect::read(&inputs, &options, scratch, self.progress)?;
                // A column without a value has no type of its own, so it cannot differ from the table's.
                let untyped: Vec<_> =
                    read.empty.iter().filter(|_| exists).map(|name| lit(NULL).alias(name.as_str())).collect();
                let (rows, schema) = if untyped.is_empty() {
                    import::rows(read.frame, read.finished)?
                } else {
                    import::rows(read.frame.with_columns(untyped), None)?
                };
                let hashed = read.files.into_iter().map(|file| file.sha256);
                Ok(Some(Loaded {
                    hashes: inputs.into_iter().map(|input| input.path).zip(hashed).collect(),
                    rejected: read.rejected,
                    settings: import::settings(&read.detected),
                    columns: read.columns.into_iter().map(import::column).collect(),
                    ..Loaded::new(rows, schema, read.rows, read.ledger)
                }))
            }
            Content::Typed { files, columns, schema, rows, ledger, rejected } => Ok(Some(Loaded {
                rejected,
                columns: columns.into_iter().map(import::column).collect(),
                ..Loaded::new(
                    Rows::Files { files, schema: schema.clone() },
                    schema,
                    rows,
                    pulse_connect::ledger_frame(&ledger)?,
                )
            })),
        }
    }

    /// Commits the rows, their ledger and where the source stands now; also the number of ledger entries.
    pub fn commit(&self, mut loaded: Loaded, source: SourceState, origins: &[Origin]) -> Result<(RefreshInfo, u64)> {
        let Self { engine, doc, table, fetched, progress, .. } = self;
        let drift = drift::changes(engine, table, &loaded.schema, doc)?;
        drift::check(&drift, table, doc.loading.drift)?;
        drift.iter().for_each(|drift| progress.log(format!("Column `{}`: {}", drift.column, drift.effect)));
        self.fit(&drift, &mut loaded)?;
        let (records, rejected) = (loaded.count + loaded.rejected, loaded.rejected);
        let info = self.notes(&loaded, origins, records);
        progress.stage("Writing rows", loaded.count, 0);
        let merging = doc.loading.mode == LoadMode::Merge;
        let committed = engine.0.lake.write(
            table,
            Write {
                rows: loaded.rows,
                mode: mode(&doc.loading, fetched.snapshot),
                widen: true,
                source: Some(source),
                ledger: (loaded.ledger.height() > 0).then_some(loaded.ledger),
                operation: "refresh".into(),
                info,
                expected_version: None,
                expected_rows: (!merging).then_some(loaded.count),
            },
            progress,
        )?;
        landing::record(engine, origins, table, committed.version)?;
        let of = |change: &str| drift.iter().filter(|d| d.change == change).map(|d| d.column.clone()).collect();
        let info = RefreshInfo {
            records,
            rejected,
            new_columns: of("new"),
            gone_columns: of("gone"),
            ..changes(&committed, self.began)
        };
        progress.log(format!(
            "{records} records: {} rows added, {} changed, {} deleted, {} the same, {rejected} in the ledger only",
            info.added, info.changed, info.deleted, info.unchanged
        ));
        Ok((info, committed.ledger_entries))
    }

    /// Fits the rows to the table's columns where the policy or a replacement asks for it.
    fn fit(&self, drift: &[Drift], loaded: &mut Loaded) -> Result<()> {
        let loading = &self.doc.loading;
        let lacks = loaded.schema.iter_values().any(DataType::is_null) || drift.iter().any(|d| d.change == "gone");
        let replaces = loading.mode == LoadMode::Replace && lacks;
        let keeps = loading.drift == DriftPolicy::Ledger && drift.iter().any(|drift| drift.change != "gone");
        if !(replaces || keeps) || !self.engine.0.lake.tables()?.contains(self.table) {
            return Ok(());
        }
        let broken = |cause| Error::internal("fit the rows to the table", cause);
        let there = self.there()?;
        let mut rows = loaded.rows.lazy()?;
        let mut came = loaded.schema.clone();
        if keeps {
            let fitted = drift::keep_columns(rows, &came, &there, &self.doc.name);
            rows = fitted.rows;
            let own: Vec<LazyFrame> = std::iter::once(loaded.ledger.clone().lazy()).chain(fitted.misfits).collect();
            loaded.ledger = concat(own, Default::default()).and_then(LazyFrame::collect).map_err(broken)?;
            came = (*rows.collect_schema().map_err(broken)?).clone();
        }
        if loading.mode == LoadMode::Replace {
            rows = drift::with_gone_columns(rows, &came, &there);
        }
        loaded.rows = Rows::Lazy(rows);
        Ok(())
    }

    /// The table's columns.
    fn there(&self) -> Result<Schema> {
        let lake = &self.engine.0.lake;
        let schema = lake.scan(&lake.snapshot(self.table, None)?)?.collect_schema();
        schema.map(|schema| (*schema).clone()).map_err(|cause| Error::internal("read the table's columns", cause))
    }

    /// What the commit says about itself.
    fn notes(&self, loaded: &Loaded, origins: &[Origin], records: u64) -> Map<String, Value> {
        let doc = self.doc;
        let summary = format!(
            "Refreshed from {}: {records} records, {} rows, {} in the ledger only.",
            doc.name, loaded.count, loaded.rejected
        );
        let refreshed = json!({
            "source": doc.name,
            "from": self.fetched.origin,
            "selection": doc.selection,
            "loading": doc.loading,
        });
        let members = json!({
            "summary": summary,
            "refreshed": refreshed,
            "origin": origins,
            "records": records,
            "rejected": loaded.rejected,
            "settings": loaded.settings,
            "options": doc.options,
            "columns": loaded.columns,
        });
        members.as_object().cloned().unwrap_or_default()
    }
}

impl Loaded {
    fn new(rows: Rows, schema: Schema, count: u64, ledger: DataFrame) -> Self {
        Self {
            rows,
            schema,
            count,
            rejected: 0,
            ledger,
            columns: Vec::new(),
            settings: Vec::new(),
            hashes: HashMap::new(),
        }
    }
}

fn mode(loading: &Loading, snapshot: bool) -> Mode {
    match loading.mode {
        LoadMode::Append => Mode::Append,
        LoadMode::Replace => Mode::Replace,
        LoadMode::Merge => Mode::Merge(Merge {
            key: loading.key.clone(),
            newest_by: loading.newest_by.clone().filter(|name| !name.is_empty()),
            deletes: match loading.deletes {
                Deletes::Keep => pulse_lake::Deletes::Keep,
                Deletes::Remove => pulse_lake::Deletes::Remove,
                Deletes::Mark => pulse_lake::Deletes::Mark,
            },
            snapshot,
            deleted: loading.deleted_column.clone().filter(|name| !name.is_empty()).map(|column| pulse_lake::Deleted {
                column,
                value: loading.deleted_value.clone().filter(|value| !value.is_empty()),
            }),
            history: loading.history,
            at_ms: now_ms(),
        }),
    }
}

/// What a commit did to the rows.
fn changes(committed: &Committed, began: Instant) -> RefreshInfo {
    RefreshInfo {
        at_ms: now_ms() as f64,
        version: committed.version,
        changed_anything: committed.changed_anything,
        added: committed.changes.added,
        changed: committed.changes.changed,
        deleted: committed.changes.deleted,
        unchanged: committed.changes.unchanged,
        seconds: began.elapsed().as_secs_f64(),
        ..RefreshInfo::default()
    }
}
