//! What changed between two versions of a table, by key.

use std::collections::HashSet;
use std::sync::Arc;

use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, LazyFrame, PlSmallStr, SchemaRef};
use pulse_core::{Code, Error, Progress, Result};

use crate::fates::{fate, picked};
use crate::files::collect;
use crate::meet::{CAME, Meeting, THERE, first, new, numbered_came, numbered_there};
use crate::merge::{Changes, Deletes, Merge};
use crate::types::column;
use crate::{Lake, Snapshot};

/// The rows that make the newer of two versions out of the older one.
pub struct Difference {
    /// Rows that are new or have other values, as they are in the newer version.
    pub puts: LazyFrame,
    /// The keys of rows that are gone; the key's columns only.
    pub deletes: LazyFrame,
    /// How many of which.
    pub changes: Changes,
}

impl Lake {
    /// What changed from `base` to `now`, two versions of one table in which `key` names a row. Files that both have are
    /// not read. Fails with `SchemaChanged` if a column has another type now, and for missing keys.
    pub fn changes(&self, base: &Snapshot, now: &Snapshot, key: &[String], progress: &Progress) -> Result<Difference> {
        for field in &now.schema {
            let before = base.schema.iter().find(|before| before.name == field.name);
            if let Some(before) = before.filter(|before| before.r#type != field.r#type) {
                return Err(Error::new(
                    Code::SchemaChanged,
                    format!(
                        "The column `{}` of {} was {} in version {} and is {} in version {}.",
                        field.name, now.table, before.r#type, base.version, field.r#type, now.version
                    ),
                )
                .hint("What changed cannot be told row by row then; send all rows once."));
            }
        }
        let schema: SchemaRef = Arc::new(now.columns.to_polars()?);
        let merge = Merge {
            key: key.to_vec(),
            newest_by: None,
            deletes: Deletes::Remove,
            snapshot: true,
            deleted: None,
            history: false,
            at_ms: 0,
        };
        merge.check(&now.table, &schema, None)?;
        let only = |these: &Snapshot, others: &Snapshot| -> Result<LazyFrame> {
            let others: HashSet<_> = others.files.iter().collect();
            let files: Vec<_> = these.files.iter().filter(|file| !others.contains(file)).cloned().collect();
            if files.is_empty() {
                return Ok(DataFrame::empty_with_schema(&schema).lazy());
            }
            self.scan_files(&now.table, &now.columns, &files)
        };
        let columns: Vec<(PlSmallStr, Expr)> =
            schema.iter_names().map(|name| (name.clone(), column(name.clone()))).collect();
        let there = only(base, now)?;
        let count = collect(there.clone().select([polars::prelude::len().cast(DataType::UInt64)]), progress)?;
        let meeting = Meeting {
            table: &now.table,
            merge: &merge,
            columns: columns.iter().map(|(name, _)| name.to_string()).collect(),
            came: numbered_came(only(now, base)?, &columns, progress),
            there: numbered_there(there, 0, progress),
            rows: first(&count),
            progress,
        };
        let fates = meeting.fates()?;
        let original = |name: &PlSmallStr| column(new(name)).alias(name.clone());
        let puts = meeting.came.clone().filter(picked(CAME, Arc::clone(&fates.came), &[fate::NEW, fate::CHANGE]));
        let gone = picked(THERE, Arc::clone(&fates.there), &[fate::VANISH]);
        Ok(Difference {
            puts: puts.select(schema.iter_names().map(original).collect::<Vec<_>>()),
            deletes: meeting.there.clone().filter(gone).select(key.iter().map(column).collect::<Vec<_>>()),
            changes: fates.changes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, Write};
    use polars::prelude::df;
    use pulse_core::{Layer, TableName};

    fn write(frame: DataFrame, mode: Mode) -> Write {
        Write {
            rows: frame.lazy().into(),
            mode,
            widen: true,
            source: None,
            ledger: None,
            operation: "test".into(),
            info: serde_json::Map::new(),
            expected_version: None,
            expected_rows: None,
        }
    }

    fn pairs(frame: LazyFrame) -> Vec<(i64, Option<String>)> {
        let frame = frame.sort(["id"], Default::default()).collect().expect("rows");
        let ids = frame.column("id").expect("id").i64().expect("integers").clone();
        let names = frame.column("name").expect("name").str().expect("texts").clone();
        ids.iter().flatten().zip(names.iter().map(|name| name.map(str::to_owned))).collect()
    }

    #[test]
    fn changes_between_versions_are_those_of_the_keys_whatever_the_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Lake::open(folder.path()).expect("a lake");
        let table = TableName::new(Layer::Silver, "t").expect("a name");
        let progress = Progress::new();
        let first = df!("id" => [1i64, 2, 3, 4], "name" => [Some("a"), Some("b"), None, Some("d")]).expect("a frame");
        let second = df!("id" => [4i64, 3, 2, 9], "name" => [Some("d"), Some("c"), None, Some("x")]).expect("a frame");
        let third = df!("id" => [50i64], "name" => ["new"]).expect("a frame");
        lake.write(&table, write(first, Mode::Create), &progress).expect("written");
        lake.write(&table, write(second, Mode::Replace), &progress).expect("written");
        lake.write(&table, write(third, Mode::Append), &progress).expect("written");
        let at = |version| lake.snapshot(&table, Some(version)).expect("a snapshot");
        let key = ["id".to_owned()];
        let found = lake.changes(&at(0), &at(2), &key, &progress).expect("changes");
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(pairs(found.puts), [(2, None), (3, text("c")), (9, text("x")), (50, text("new"))]);
        let gone = found.deletes.collect().expect("rows");
        assert_eq!(gone.column("id").expect("id").i64().expect("integers").iter().collect::<Vec<_>>(), [Some(1)]);
        assert_eq!((found.changes.added, found.changes.changed, found.changes.deleted), (2, 2, 1));
        let appended = lake.changes(&at(1), &at(2), &key, &progress).expect("changes");
        assert_eq!(pairs(appended.puts), [(50, text("new"))], "files that both have are not compared");
        let back = lake.changes(&at(2), &at(1), &key, &progress).expect("changes");
        assert_eq!(back.deletes.collect().expect("rows").height(), 1, "also backwards, after a restore");
        let none = lake.changes(&at(2), &at(2), &key, &progress).expect("changes");
        assert_eq!((none.puts.collect().expect("rows").height(), none.changes.deleted), (0, 0));
    }

    #[test]
    fn a_column_of_another_type_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Lake::open(folder.path()).expect("a lake");
        let table = TableName::new(Layer::Silver, "t").expect("a name");
        let progress = Progress::new();
        lake.write(&table, write(df!("id" => [1i64]).expect("a frame"), Mode::Create), &progress).expect("written");
        lake.write(&table, write(df!("id" => ["1"]).expect("a frame"), Mode::Replace), &progress).expect("written");
        let at = |version| lake.snapshot(&table, Some(version)).expect("a snapshot");
        let Err(error) = lake.changes(&at(0), &at(1), &["id".to_owned()], &progress) else { panic!("an error") };
        assert_eq!(error.code, Code::SchemaChanged);
    }
}
