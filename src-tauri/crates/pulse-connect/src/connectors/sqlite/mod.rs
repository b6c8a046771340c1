//! SQLite files: tables, views and queries, opened so that nothing can be changed in them.

mod file;
mod relation;
mod rows;
mod select;
mod values;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pulse_core::{Error, Progress, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use self::file::Database;
use self::relation::{Relation, list};
use crate::connector::{
    About, Browse, Browsing, Check, Connector, Content, Entry, EntryColumn, Fetched, Listing, News, NoFilters, Task,
};

/// How long a look around counts the rows of tables; those that are left have no count.
const COUNTING: Duration = Duration::from_secs(2);
/// How long a check looks for damage; a bigger file is checked in part.
const VERIFYING: Duration = Duration::from_secs(8);

/// A file that holds an SQLite database, such as those of apps, browsers and phones, or one that Kaggle offers. It is
/// opened for reading only: nothing in it can be changed, and other programs can go on using it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// The database file, often with the ending .db, .sqlite or .sqlite3.
    #[schemars(extend("x-widget" = "file", "x-placeholder" = "/home/me/data.sqlite"))]
    path: String,
}

/// What is read from the file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Selection {
    /// Whether a table or the result of a query is read.
    from: From,
    /// The table or view.
    #[schemars(extend("x-depends-on" = {"field": "from", "values": ["table"]}))]
    table: String,
    /// One SELECT in SQLite's SQL. It can read every table of the file and change nothing.
    #[schemars(extend("x-widget" = "code", "x-language" = "sql",
        "x-depends-on" = {"field": "from", "values": ["query"]}))]
    query: String,
    /// The columns to read; all of them if none is named.
    #[schemars(extend("x-widget" = "tokens"))]
    columns: Vec<String>,
    /// A condition in SQLite's SQL that every row must meet.
    #[schemars(extend("x-widget" = "code", "x-language" = "sql", "x-placeholder" = "year >= 2020"))]
    filter: String,
    /// Read only rows that are new since the last refresh: a column whose values only grow, such as an id or the time of
    /// a change; `rowid` works for every table that is only added to. Empty: every refresh reads everything.
    #[schemars(extend("x-placeholder" = "rowid"))]
    cursor: String,
}

/// What is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum From {
    /// A table or view
    #[default]
    Table,
    /// A query
    Query,
}

/// An SQLite file.
pub(super) struct Sqlite {
    path: PathBuf,
}

impl Connector for Sqlite {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "sqlite",
            title: "SQLite file",
            summary: "Tables and queries of a database file.",
            group: "Databases",
            schemes: &["sqlite"],
            browsing: Browsing::Tree,
            main: "table",
            ready: false,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        if settings.path.trim().is_empty() {
            return Err(Error::invalid("No database file is named.").hint("Choose the file.").field("path"));
        }
        let path = PathBuf::from(&settings.path);
        let path = std::path::absolute(&path).map_err(|cause| Error::io("find", &path, &cause))?;
        Ok(Self { path })
    }

    fn from_url(url: &Url) -> Result<Value> {
        let hint = "It looks like sqlite:///home/me/data.sqlite, with three slashes.";
        if url.host_str().is_some_and(|host| !host.is_empty()) {
            return Err(Error::invalid("The connection string of an SQLite file names no host.").hint(hint));
        }
        let path = percent_encoding::percent_decode_str(url.path()).decode_utf8();
        let path = path.map_err(|_| Error::invalid("The path in the connection string is not UTF-8.").hint(hint))?;
        // A Windows path follows the slash: /C:/data.sqlite.
        let drive = path.as_bytes().get(2) == Some(&b':') && path.starts_with('/');
        Ok(json!({ "path": if drive { &path[1..] } else { &path } }))
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        let progress = check.progress.clone();
        let bytes = check.step("Find the file", || {
            let bytes = file::find(&self.path)?;
            Ok((bytes, format!("{}, {bytes} bytes", self.path.display())))
        })?;
        let database = check.step("Open", || {
            let database = Database::open(&self.path, &progress)?;
            let detail = format!("SQLite database, opened for reading only{}", database.mode());
            Ok((database, detail))
        })?;
        check.step("Read", || {
            let relations = list(&database, &progress)?;
            Ok(((), format!("{} tables and views", relations.len())))
        })?;
        check.step("Look for damage", || {
            let whole = database.verify(VERIFYING, &progress)?;
            let part =
                format!("none found in {} seconds; {bytes} bytes are more than a check reads", VERIFYING.as_secs());
            Ok(((), if whole { "none found".to_owned() } else { part }))
        })
    }

    fn browse(&self, request: &Browse<NoFilters>, progress: &Progress) -> Result<Listing> {
        let database = Database::open(&self.path, progress)?;
        let wanted = request.search.to_lowercase();
        let until = Instant::now() + COUNTING;
        let mut listing = Listing::default();
        for relation in list(&database, progress)? {
            if relation.name.to_lowercase().contains(&wanted) {
                listing.entries.push(entry(&database, relation, until, progress)?);
            }
        }
        Ok(listing)
    }

    fn read(&self, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
        let progress = task.progress;
        let database = Database::open(&self.path, progress)?;
        let source = select::Source::of(&database, selection, progress)?;
        let since = select::Position::of(task.state)?;
        let (state, mut warnings) = source.next_state(&database, &since, task)?;
        progress.stage(&format!("Reading {}", source.what), 0, 0);
        let spool = source.spool(&database, &since, task)?;
        // The read transaction ends here, so that other programs can write again while the rows are typed.
        database.close()?;
        let origin = source.origin(&self.path);
        let written = rows::write(spool, &source.columns, task, &origin)?;
        warnings.extend(source.warnings);
        warnings.extend(written.warning);
        Ok(Fetched {
            content: Content::Typed {
                files: written.files,
                columns: written.columns,
                schema: written.schema,
                rows: written.rows,
                ledger: written.ledger,
                rejected: 0,
            },
            snapshot: state.is_none() && task.limit.is_none(),
            state,
            key: source.key,
            warnings,
            origin,
            ..Fetched::default()
        })
    }

    fn news(&self, selection: &Selection, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        let since = select::Position::of(state)?;
        if selection.cursor.is_empty() || since.is_start() {
            return Ok(None);
        }
        let database = Database::open(&self.path, progress)?;
        let source = select::Source::of(&database, selection, progress)?;
        let count = source.count(&database, &since, progress)?;
        let text = match count {
            0 => "There are no new rows.".to_owned(),
            1 => "There is 1 new row.".to_owned(),
            count => format!("There are {count} new rows."),
        };
        Ok(Some(News { available: count > 0, text }))
    }
}

/// What a listing shows of a table or view.
fn entry(database: &Database, relation: Relation, until: Instant, progress: &Progress) -> Result<Entry> {
    let count = relation.problem.is_none() && relation.kind == "table";
    let left = until.saturating_duration_since(Instant::now());
    let rows = if count && !left.is_zero() { database.count(&relation, left, progress)? } else { None };
    let mut facts = Vec::new();
    if relation.without_rowid {
        facts.push(("Rows".to_owned(), "without rowid".to_owned()));
    }
    if relation.strict {
        facts.push(("Types".to_owned(), "strict".to_owned()));
    }
    let summary = relation.problem.unwrap_or_default();
    let selection = summary.is_empty().then(|| json!({ "from": "table", "table": relation.name }));
    let column = |column: relation::Column| EntryColumn {
        description: if column.generated { "generated".to_owned() } else { String::new() },
        name: column.name,
        type_word: column.declared,
        key: column.key > 0,
    };
    Ok(Entry {
        id: relation.name.clone(),
        name: relation.name,
        kind: relation.kind,
        summary,
        rows,
        facts,
        columns: relation.columns.into_iter().map(column).collect(),
        selection,
        ..Entry::default()
    })
}
