//! What a step is: settings that become a form, applied to a lazy frame.

use polars::prelude::*;
use pulse_core::{Error, LedgerEntry, Result};
use serde_json::Value;

use crate::convert::Conversion;
use crate::names::{self, col};
use crate::text;

/// The hidden column that carries each row's number in the input table (`u64`, from 0). It is missing where a row has
/// no single row of the input behind it, such as after grouping.
pub const ROW: &str = "__row";

/// One cleaning operation. The type's doc comments are its manual and its form.
pub trait Step: Send + Sync {
    /// Applies the step. Whatever it cannot convert must be among the output's rejects.
    fn apply(&self, input: StepInput) -> Result<StepOutput>;

    /// What the step does with these settings, as the recipe panel shows it: "Trim whitespace in country, item".
    fn sentence(&self) -> String;

    /// How the catalogue shows the step.
    fn about() -> About
    where
        Self: Sized;

    /// Small tables before and after; they run as tests and are shown in the window. At least two.
    fn examples() -> Vec<Example>
    where
        Self: Sized;
}

/// A step's entry in the catalogue, apart from what its schema says.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The name in recipes.
    pub kind: &'static str,
    /// The name in the window.
    pub title: &'static str,
    /// The heading it stands under in the catalogue.
    pub group: &'static str,
    /// The type words of columns it makes sense for; empty for a step on whole tables.
    pub applies_to: &'static [&'static str],
    /// The setting a column's menu fills with the column; nothing where the menu does not offer the step.
    pub column_field: Option<&'static str>,
}

/// An example as data: settings, and a table before and after in JSON. Each table is an object from column to values.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it shows.
    pub title: &'static str,
    /// The settings.
    pub config: Value,
    /// The table before.
    pub before: Value,
    /// The table after.
    pub after: Value,
}

/// What a step does to the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowEffect {
    /// The same rows in the same order.
    Keep,
    /// Some of the rows, or the rows in another order.
    Subset,
    /// Other rows than before.
    Reshape,
}

/// A frame to apply a step to.
pub struct StepInput {
    /// The rows, with [`ROW`] among the columns.
    pub frame: LazyFrame,
    /// The visible columns, in order.
    pub schema: Schema,
    /// Where rows come from, for ledger entries: `bronze.prices@3`.
    pub source: String,
    /// The step's label in ledger entries: `2 parse_number`.
    pub label: String,
}

/// What came of it.
pub struct StepOutput {
    /// The rows after, with [`ROW`] among the columns.
    pub frame: LazyFrame,
    /// The values that could not be converted: frames with the columns of [`LedgerEntry`].
    pub rejects: Vec<LazyFrame>,
    /// What happened to the rows.
    pub rows: RowEffect,
}

impl StepInput {
    /// The type of `column`; fails with the names that are close to it. `field` is the setting that named it.
    pub fn dtype(&self, column: &str, field: &str) -> Result<&DataType> {
        if column.is_empty() {
            return Err(Error::invalid("No column is chosen.").hint("Choose a column.").field(field));
        }
        self.schema.get(column).ok_or_else(|| self.missing(column, field))
    }

    fn missing(&self, column: &str, field: &str) -> Error {
        let known = self.schema.iter_names().map(PlSmallStr::as_str);
        let hint = match names::close(column, known).as_slice() {
            [] => format!("The columns here are {}.", names::list(&self.names())),
            close => format!("Did you mean {}?", close.join(" or ")),
        };
        Error::invalid(format!("There is no column `{column}` at this step.")).hint(hint).field(field)
    }

    /// The names of the visible columns.
    pub fn names(&self) -> Vec<String> {
        self.schema.iter_names().map(ToString::to_string).collect()
    }

    /// The chosen columns, or every column where none are chosen; fails for a missing one.
    pub fn columns_or_all(&self, chosen: &[String], field: &str) -> Result<Vec<String>> {
        if chosen.is_empty() { Ok(self.names()) } else { self.columns(chosen, field) }
    }

    /// The chosen columns, at least one, each existing and named once.
    pub fn columns(&self, chosen: &[String], field: &str) -> Result<Vec<String>> {
        if chosen.is_empty() {
            return Err(Error::invalid("No column is chosen.").hint("Choose at least one column.").field(field));
        }
        for (index, column) in chosen.iter().enumerate() {
            self.dtype(column, field)?;
            if chosen[..index].contains(column) {
                return Err(Error::invalid(format!("The column `{column}` is chosen twice."))
                    .hint("Remove one of the two.")
                    .field(field));
            }
        }
        Ok(chosen.to_vec())
    }

    /// The chosen text columns, or every text column where none are chosen; fails for one that is not text.
    pub fn text_columns(&self, chosen: &[String], field: &str) -> Result<Vec<String>> {
        if chosen.is_empty() {
            let texts = self.schema.iter().filter(|(_, dtype)| dtype.is_string());
            return Ok(texts.map(|(name, _)| name.to_string()).collect());
        }
        let columns = self.columns(chosen, field)?;
        columns.iter().try_for_each(|column| self.text_column(column, field))?;
        Ok(columns)
    }

    /// Fails where `column` is missing or is not text.
    pub fn text_column(&self, column: &str, field: &str) -> Result<()> {
        let dtype = self.dtype(column, field)?;
        if dtype.is_string() {
            return Ok(());
        }
        Err(Error::invalid(format!("The column `{column}` is {}, not text.", text::type_word(dtype)))
            .hint("Choose a text column, or change its type to text in a step before.")
            .field(field))
    }

    /// Fails where `name` cannot be the name of a new column: blank, hidden or taken.
    pub fn new_column(&self, name: &str, field: &str) -> Result<()> {
        if self.schema.contains(name) {
            return Err(Error::invalid(format!("There is a column `{name}` already."))
                .hint("Choose another name.")
                .field(field));
        }
        column_name(name, field)
    }

    /// The output with `exprs` replacing or adding columns, the rows untouched.
    #[must_use]
    pub fn with(self, exprs: Vec<Expr>) -> StepOutput {
        StepOutput { frame: self.frame.with_columns(exprs), rejects: Vec::new(), rows: RowEffect::Keep }
    }

    /// The output with each column converted, and what could not be converted among the rejects.
    pub fn convert(self, conversions: Vec<(String, Conversion)>) -> StepOutput {
        let rejects = conversions.iter().filter_map(|(column, conversion)| {
            let reason = conversion.reason.clone()?;
            Some(self.reject(column, self.text_of(column), reason))
        });
        let rejects = rejects.collect();
        let exprs = conversions.into_iter().map(|(column, conversion)| conversion.value.alias(column)).collect();
        StepOutput { rejects, ..self.with(exprs) }
    }

    /// The ledger entries of `column`: one for each row whose `reason` is not missing.
    pub fn reject(&self, column: &str, value: Expr, reason: Expr) -> LazyFrame {
        rejects(self.frame.clone(), &self.source, &self.label, column, value, reason)
    }

    /// The column as display text.
    pub fn text_of(&self, column: &str) -> Expr {
        match self.schema.get(column) {
            Some(dtype) => text::expr(column, dtype),
            None => col(column),
        }
    }
}

/// The ledger entries of `frame` (which has [`ROW`]): one for each row whose `reason` is not missing.
pub fn rejects(frame: LazyFrame, source: &str, label: &str, column: &str, value: Expr, reason: Expr) -> LazyFrame {
    let [kind, source_column, line, row, column_column, value_column, step, reason_column] = LedgerEntry::COLUMNS;
    frame
        .select([col(ROW).alias(row), value.alias(value_column), reason.alias(reason_column)])
        .filter(col(reason_column).is_not_null())
        .select([
            lit("value").alias(kind),
            lit(source.to_owned()).alias(source_column),
            lit(NULL).cast(DataType::UInt64).alias(line),
            col(row),
            lit(column.to_owned()).alias(column_column),
            col(value_column),
            lit(label.to_owned()).alias(step),
            col(reason_column),
        ])
}

/// Fails where `name` is blank or would hide the column.
pub fn column_name(name: &str, field: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::invalid("The new column has no name.").hint("Enter a name.").field(field));
    }
    if name.starts_with("__") {
        return Err(Error::invalid(format!("`{name}` cannot be a column's name."))
            .hint("Names that start with two underscores are reserved; choose another.")
            .field(field));
    }
    Ok(())
}
