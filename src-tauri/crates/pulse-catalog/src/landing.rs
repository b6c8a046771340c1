//! Landed files: where the bytes of each bronze version came from.

use pulse_core::Result;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql, named_params};
use serde::{Deserialize, Serialize};

use crate::Catalog;
use crate::value::{count_in, count_out, json_in, json_out, list};

/// The landed files of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Landing<'a>(pub(crate) &'a Catalog);

/// One file that went into one version of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandedFile {
    /// SHA-256 of the bytes as received, in lower-case hexadecimal.
    pub sha256: String,
    /// Its name, with the archive member after `!`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Where it was when it was imported.
    pub original_path: String,
    /// Whether the bytes were copied to the workspace.
    pub stored: Stored,
    /// Where the bytes are: in `landing/` if copied, else the original place.
    pub path: String,
    /// When the original was last changed, where the file system knows.
    pub mtime_ms: Option<i64>,
    /// When it was imported.
    pub at_ms: i64,
    /// The table it went into, such as `bronze.prices`.
    pub table: String,
    /// The version of that table.
    pub version: u64,
    /// The job that imported it.
    pub job: Option<String>,
    /// What is known about it besides, label and value: licence, version, ETag.
    pub facts: Vec<(String, String)>,
}

/// Whether the workspace has the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stored {
    /// The bytes are in `landing/`.
    Copied,
    /// The bytes stayed where they were; the hash tells whether they changed since.
    Referenced,
}

impl Stored {
    /// The name in the catalog and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Referenced => "referenced",
        }
    }
}

impl ToSql for Stored {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Stored {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "copied" => Ok(Self::Copied),
            "referenced" => Ok(Self::Referenced),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl Landing<'_> {
    /// Adds the files of one import, all or none.
    pub fn insert(&self, files: &[LandedFile]) -> Result<()> {
        self.0.transact("record the landed files", |t| {
            let mut statement = t.prepare_cached(
                "INSERT INTO landed_files (sha256, name, bytes, original_path, stored, path, mtime_ms, at_ms,
                     table_name, version, job, facts)
                 VALUES (:sha256, :name, :bytes, :original_path, :stored, :path, :mtime_ms, :at_ms,
                     :table, :version, :job, :facts)",
            )?;
            for file in files {
                statement.execute(named_params! {
                    ":sha256": file.sha256,
                    ":name": file.name,
                    ":bytes": count_in(file.bytes)?,
                    ":original_path": file.original_path,
                    ":stored": file.stored,
                    ":path": file.path,
                    ":mtime_ms": file.mtime_ms,
                    ":at_ms": file.at_ms,
                    ":table": file.table,
                    ":version": count_in(file.version)?,
                    ":job": file.job,
                    ":facts": json_in(&file.facts)?,
                })?;
            }
            Ok(())
        })
    }

    /// The files of every version of `table`, by version, then in the order they were read.
    pub fn for_table(&self, table: &str) -> Result<Vec<LandedFile>> {
        let sql = "SELECT * FROM landed_files WHERE table_name = ?1 ORDER BY version, id";
        self.0.read("list the landed files", |c| list(c, sql, &[&table], file))
    }
}

fn file(row: &Row<'_>) -> rusqlite::Result<LandedFile> {
    Ok(LandedFile {
        sha256: row.get("sha256")?,
        name: row.get("name")?,
        bytes: count_out(row, "bytes")?,
        original_path: row.get("original_path")?,
        stored: row.get("stored")?,
        path: row.get("path")?,
        mtime_ms: row.get("mtime_ms")?,
        at_ms: row.get("at_ms")?,
        table: row.get("table_name")?,
        version: count_out(row, "version")?,
        job: row.get("job")?,
        facts: json_out(row, "facts")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_for_their_table_and_one_that_fails_leaves_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).expect("a new catalog");
        let file = |name: &str, version| LandedFile {
            sha256: "ab".repeat(32),
            name: name.into(),
            bytes: 12,
            original_path: format!("/data/{name}"),
            stored: Stored::Referenced,
            path: format!("/data/{name}"),
            mtime_ms: Some(5),
            at_ms: 6,
            table: "bronze.prices".into(),
            version,
            job: None,
            facts: vec![("Licence".into(), "CC0".into())],
        };
        let copied = LandedFile {
            stored: Stored::Copied,
            mtime_ms: None,
            job: Some("j".into()),
            ..file("prices.zip!jan.csv", 1)
        };
        catalog.landing().insert(&[file("b.csv", 2), copied.clone(), file("a.csv", 2)]).expect("inserted");
        catalog.landing().insert(&[file("c.csv", 3), file("d.csv", u64::MAX)]).expect_err("no such version");
        let files = catalog.landing().for_table("bronze.prices").expect("listed");
        assert_eq!(
            files,
            [copied, file("b.csv", 2), file("a.csv", 2)],
            "by version, then as read; the failed import left none"
        );
        assert!(catalog.landing().for_table("bronze.other").expect("listed").is_empty(), "other tables have none");
    }
}
