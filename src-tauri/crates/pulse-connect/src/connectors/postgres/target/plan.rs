//! What a sync does to its target: which tables it makes and how columns meet.

use pulse_core::{Error, Result};
use sha2::{Digest, Sha256};

use super::super::sql;
use super::form::{ReplaceBy, Target};
use super::link::Link;
use super::shape::{self, Column, Table};
use super::types::{self, Fit};
use crate::destination::SyncMode;
use crate::outgoing::{Outgoing, OutgoingColumn};

/// The edited statement that makes the table.
pub(super) const CREATE: &str = "create";

/// How rows get to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// A table is built beside it and takes its name.
    Beside,
    /// The rows go to a staging table and from there into the table that is there.
    Into,
}

/// What is done with one table.
pub(super) struct Plan<'a> {
    pub target: &'a Target,
    pub outgoing: &'a Outgoing,
    /// The table, if it is there.
    pub existing: Option<Table>,
    pub path: Path,
    /// Whether rows of the run are there already, and some are tried once more.
    pub again: bool,
}

impl<'a> Plan<'a> {
    /// As the target is now.
    pub fn new(link: &Link, target: &'a Target, outgoing: &'a Outgoing, again: bool) -> Result<Self> {
        let existing = Table::find(link, &target.schema, &target.table)?;
        let swaps = outgoing.mode == SyncMode::Replace && target.replace_by == ReplaceBy::Swap && !again;
        let path = if existing.is_none() || swaps { Path::Beside } else { Path::Into };
        Ok(Self { target, outgoing, existing, path, again })
    }

    /// The statement that makes the table, edited if it was.
    pub fn create(&self) -> String {
        self.outgoing.edits.get(CREATE).cloned().unwrap_or_else(|| self.own_create())
    }

    fn own_create(&self) -> String {
        let column = |column: &OutgoingColumn| {
            let word = chosen_type(column);
            let required = if self.outgoing.key.contains(&column.name) { " NOT NULL" } else { "" };
            format!("    {} {word}{required}", sql::name(&column.name))
        };
        let columns: Vec<_> = self.outgoing.columns.iter().map(column).collect();
        format!("CREATE TABLE {} (\n{}\n)", self.target.quoted(), columns.join(",\n"))
    }

    /// The statement that makes the table, under another name.
    pub fn create_as(&self, quoted: &str) -> Result<String> {
        let (text, begin) = (self.create(), format!("CREATE TABLE {}", self.target.quoted()));
        let rest =
            text.trim().strip_prefix(&begin).map(|rest| rest.trim_end_matches(|c: char| c == ';' || c.is_whitespace()));
        let rest = rest.ok_or_else(|| {
            Error::invalid(format!("The edited statement does not begin with `{begin}`."))
                .hint("Edit what follows; the table's name is chosen in the form.")
                .field("edits.create")
        })?;
        Ok(format!("CREATE TABLE {quoted}{rest}"))
    }

    /// The names of the table that rows are loaded into and of the one that says which rows are in it.
    pub fn stage(&self) -> (String, String) {
        let end = if self.path == Path::Beside { "new" } else { "rows" };
        let stage = format!("{}{}_{end}", self.stages(), short(&self.outgoing.run));
        let done = format!("{stage}_done");
        (stage, done)
    }

    /// What the names of all staging tables of this sync begin with.
    pub fn stages(&self) -> String {
        format!("cloud_pulse_{}_", short(&self.outgoing.sync))
    }

    /// A name in the target's schema, as SQL has it.
    pub fn quoted(&self, name: &str) -> String {
        format!("{}.{}", sql::name(&self.target.schema), sql::name(name))
    }

    /// How each sent column gets into the column of its name among `columns`.
    pub fn fits(&self, columns: &[Column]) -> Result<Vec<(String, Fit)>> {
        let fit = |sent: &OutgoingColumn| {
            let column = columns.iter().find(|column| column.name == sent.name).ok_or_else(|| {
                Error::invalid(format!("{} has no column `{}`.", self.target.title(), sent.name))
                    .hint("Map the column to one that is there, leave it out, or replace the table.")
                    .field("columns")
            })?;
            let fit = types::fit(&sent.name, &sent.dtype, column).map_err(|text| {
                Error::invalid(format!("`{}`: {text}", sent.name))
                    .hint("Choose another type for the column, or convert it with a recipe.")
                    .field("columns")
            })?;
            Ok((sent.name.clone(), fit))
        };
        self.outgoing.columns.iter().map(fit).collect()
    }

    /// The columns of a staging table that holds every value as it is.
    pub fn natural(&self) -> Vec<(String, String)> {
        let natural = |column: &OutgoingColumn| {
            (column.name.clone(), types::natural(&column.dtype).unwrap_or_else(|| "text".into()))
        };
        self.outgoing.columns.iter().map(natural).collect()
    }

    /// The columns of a relation, by its name in the target's schema.
    pub fn columns_of(&self, link: &Link, name: &str) -> Result<Vec<Column>> {
        let table = Table::find(link, &self.target.schema, name)?;
        table.map_or(Ok(Vec::new()), |table| shape::columns(link, table.oid))
    }

    /// The names of the columns that are sent, as SQL has them.
    pub fn names(&self) -> Vec<String> {
        self.outgoing.columns.iter().map(|column| sql::name(&column.name)).collect()
    }

    /// A name for a column of the staging table that no sent column has.
    pub fn own_column(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.outgoing.columns.iter().any(|column| column.name == name) {
            name.push('_');
        }
        name
    }
}

/// The type that a column of a new table gets.
pub(super) fn chosen_type(column: &OutgoingColumn) -> String {
    let chosen = column.type_word.trim();
    if chosen.is_empty() { types::natural(&column.dtype).unwrap_or_else(|| "text".into()) } else { chosen.to_owned() }
}

/// Ten digits that stand for a name.
pub(super) fn short(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}
