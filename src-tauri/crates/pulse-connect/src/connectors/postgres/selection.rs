//! What is read through a connection.

use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// A table or a query, and which part of it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(in crate::connectors) struct Selection {
    /// The table or view, such as `public.orders`. Names with blanks or dots need double quotes.
    #[schemars(extend("x-placeholder" = "public.orders"))]
    pub table: String,
    /// A query (SELECT) instead of a table. It can change nothing.
    #[schemars(extend("x-widget" = "code", "x-language" = "sql"))]
    pub query: String,
    /// The columns to read; none means all.
    #[schemars(extend("x-widget" = "tokens"))]
    pub columns: Vec<String>,
    /// Read only rows for which this SQL condition is true, such as `status = 'paid' AND amount > 0`.
    #[schemars(extend("x-widget" = "code", "x-language" = "sql"))]
    pub filter: String,
    /// Read on from here at the next refresh: a column that grows, such as `updated_at` or `id`. Rows whose value is
    /// above the greatest one read so far are new. Without it every refresh reads everything and compares.
    pub cursor: String,
    /// Begin the first read at this value of the cursor column; everything if empty.
    #[schemars(extend("x-advanced" = true))]
    pub start: String,
    /// Read this much again at each refresh, for rows that arrive late: `2 days` or `1 hour` for times, a number for
    /// numbers. Merge by key, so that such rows do not come twice.
    #[schemars(extend("x-advanced" = true))]
    pub lag: String,
    /// The order of the rows as SQL, such as `created_at DESC, id`. Rows are then read one after the other.
    #[schemars(extend("x-widget" = "code", "x-language" = "sql", "x-advanced" = true))]
    pub order: String,
    /// Columns to read as text, exactly as PostgreSQL writes them.
    #[schemars(extend("x-widget" = "tokens", "x-advanced" = true))]
    pub text_columns: Vec<String>,
    /// Into how many ranges a big table is divided, each read through a connection of its own; all see the same state.
    /// Chosen by the size of the table if empty.
    #[schemars(extend("x-advanced" = true), range(min = 1, max = 32))]
    pub parallel: Option<u32>,
}

impl Selection {
    /// Fails unless it names one thing to read, and what belongs together is there.
    pub fn check(&self) -> Result<()> {
        let texts = [
            ("table", &self.table),
            ("query", &self.query),
            ("filter", &self.filter),
            ("cursor", &self.cursor),
            ("start", &self.start),
            ("lag", &self.lag),
            ("order", &self.order),
        ];
        if let Some((field, _)) = texts.iter().find(|(_, text)| text.contains('\0')) {
            return Err(Error::invalid(format!("The selection's {field} holds a NUL character, which SQL cannot."))
                .hint("Type it again.")
                .field(*field));
        }
        match (self.table.trim(), self.query.trim()) {
            ("", "") => Err(Error::invalid("The selection names neither a table nor a query.")
                .hint("Choose a table, such as public.orders, or write a query.")
                .field("table")),
            ("", _) | (_, "") => self.check_cursor(),
            _ => Err(Error::invalid("The selection names a table and a query; only one can be read.")
                .hint("Empty one of the two.")
                .field("query")),
        }
    }

    fn check_cursor(&self) -> Result<()> {
        let given = [("start", &self.start), ("lag", &self.lag)].into_iter().find(|(_, text)| !text.trim().is_empty());
        match given {
            Some((field, _)) if self.cursor.trim().is_empty() => {
                Err(Error::invalid(format!("The selection has a {field} but no cursor column."))
                    .hint("Name the column that grows, or leave this empty.")
                    .field("cursor"))
            }
            _ => Ok(()),
        }
    }
}
