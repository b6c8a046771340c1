//! Where rows go in a PostgreSQL database.

use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::sql;

/// A table that is written to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub(in crate::connectors) struct Target {
    /// The schema that the table is in. It must be there already.
    #[schemars(extend("x-placeholder" = "public"))]
    pub schema: String,
    /// The table; it is created if it is not there. Capitals and blanks are kept.
    #[schemars(extend("x-placeholder" = "orders"))]
    pub table: String,
    /// What happens to a table that is replaced.
    pub replace_by: ReplaceBy,
    /// Whether the key columns become the primary key of a table that is created. Otherwise they get a unique index.
    pub primary_key: bool,
    /// Columns of a created table to index, each on its own; several columns with commas between them share an index.
    #[schemars(extend("x-widget" = "tokens", "x-placeholder" = "customer, ordered_at"))]
    pub indexes: Vec<String>,
    /// Whether a created table gets comments: where its rows come from and what its columns mean.
    pub comments: bool,
    /// Whether the server measures the table afterwards (ANALYZE), so that it plans queries well.
    #[schemars(extend("x-advanced" = true))]
    pub analyze: bool,
    /// Over how many connections the rows are sent at once.
    #[schemars(extend("x-advanced" = true), range(min = 1, max = 16))]
    pub parallel: u32,
}

/// What happens to a table that is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors) enum ReplaceBy {
    /// A new table is built beside it and takes its place in an instant; rights, views and indexes are made again.
    #[default]
    Swap,
    /// The table stays what it is, with all that depends on it, and is emptied and filled again in one transaction.
    /// Who reads it meanwhile waits.
    Refill,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            schema: "public".into(),
            table: String::new(),
            replace_by: ReplaceBy::default(),
            primary_key: true,
            indexes: Vec::new(),
            comments: true,
            analyze: true,
            parallel: 2,
        }
    }
}

impl Target {
    /// Fails unless it names a table.
    pub fn check(&self) -> Result<()> {
        for (field, text) in [("schema", &self.schema), ("table", &self.table)] {
            if text.trim().is_empty() {
                return Err(Error::invalid(format!("The target names no {field}."))
                    .hint(format!("Fill in the {field}."))
                    .field(field));
            }
            if text.contains('\0') {
                return Err(Error::invalid(format!("The target's {field} holds a NUL character."))
                    .hint("Type it again.")
                    .field(field));
            }
        }
        Ok(())
    }

    /// The table as SQL names it.
    pub fn quoted(&self) -> String {
        format!("{}.{}", sql::name(&self.schema), sql::name(&self.table))
    }

    /// The table as people write it.
    pub fn title(&self) -> String {
        format!("{}.{}", sql::typed_name(&self.schema), sql::typed_name(&self.table))
    }
}
