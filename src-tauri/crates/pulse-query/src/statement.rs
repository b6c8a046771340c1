//! What the user may run: one statement that only reads, over the workspace's tables.

use std::collections::HashSet;

use pulse_core::{Code, Error, Result};

use crate::tokens::{self, Token};

/// The longest statement; longer ones are data, not queries.
const LONGEST: usize = 1 << 20;
/// Deeper nesting than anyone writes; DuckDB's parser needs stack for each level.
const DEEPEST: usize = 500;

/// Words that begin statements that do more than read. DuckDB's parser has the last word on what is a query
/// ([`crate::run::check_with_duckdb`]); these get a better message.
const CHANGING: [&str; 37] = [
    "alter",
    "analyze",
    "attach",
    "begin",
    "call",
    "checkpoint",
    "comment",
    "commit",
    "copy",
    "create",
    "deallocate",
    "delete",
    "detach",
    "drop",
    "execute",
    "export",
    "force",
    "grant",
    "import",
    "insert",
    "install",
    "load",
    "merge",
    "pragma",
    "prepare",
    "reset",
    "revoke",
    "rollback",
    "set",
    "start",
    "transaction",
    "truncate",
    "update",
    "upsert",
    "use",
    "vacuum",
    "variable",
];

/// What kind of statement ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Statement {
    /// Rows of a query: `SELECT`, `WITH`, `FROM`, `VALUES`, `PIVOT`.
    Select,
    /// The plan of a query.
    Explain,
    /// Facts about tables: `DESCRIBE`, `SUMMARIZE`, `SHOW`.
    Other,
}

/// A statement that passed the checks on its text.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub statement: Statement,
    /// The statement for DuckDB without a final semicolon; for an `EXPLAIN` without that prefix.
    pub sql: String,
    /// `EXPLAIN` or `EXPLAIN ANALYZE`, if it is one.
    pub explain: Option<&'static str>,
    pub pivots: bool,
    /// For each place where `sql` differs in length from the text: its end in `sql`, and what to add to get the place
    /// in the text.
    shifts: Vec<(usize, isize)>,
}

impl Query {
    /// Checks `text` and replaces `silver.prices@3` by the view of that version.
    pub fn read(text: &str, forbidden: &HashSet<String>) -> Result<Self> {
        let tokens = tokens::tokens(text);
        check_shape(text, &tokens)?;
        let end = tokens.iter().position(|token| token.is_symbol(';')).unwrap_or(tokens.len());
        if tokens[end..].iter().any(|token| !token.is_symbol(';')) {
            return Err(wrong("The text holds more than one statement.").hint("Run them one at a time."));
        }
        let tokens = &tokens[..end];
        let first = tokens.first().ok_or_else(|| {
            wrong("There is no statement to run.").hint("Write a query, such as: SELECT * FROM silver.prices LIMIT 10")
        })?;
        check_functions(tokens, forbidden)?;
        let (explain, from) = explain_prefix(tokens);
        let body = tokens.get(from).unwrap_or(first);
        let statement = match body.name().unwrap_or("(").to_ascii_lowercase().as_str() {
            _ if explain.is_some() => Statement::Explain,
            "describe" | "desc" | "summarize" | "show" => Statement::Other,
            other if CHANGING.contains(&other) => return Err(refused(other)),
            // A word that begins no statement is left to DuckDB's parser, which says where the mistake is.
            _ => Statement::Select,
        };
        let (sql, shifts) = rewrite(text, tokens, body.range.start);
        let pivots = tokens.iter().any(|token| token.is_word("pivot"));
        Ok(Self { statement, sql, explain, pivots, shifts })
    }

    /// The place in the user's text of a place in [`Query::sql`].
    pub fn origin(&self, place: usize) -> usize {
        let shift = self.shifts.iter().rev().find(|(end, _)| *end <= place).map_or(0, |(_, shift)| *shift);
        place.saturating_add_signed(shift)
    }
}

/// An error about the statement.
pub(crate) fn wrong(message: impl Into<String>) -> Error {
    Error::invalid(message).field("sql")
}

/// The name of the view of one version of a table.
pub(crate) fn version_view(name: &str, version: u64) -> String {
    format!("{name}@{version}")
}

/// A name in double quotes.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn check_shape(text: &str, tokens: &[Token]) -> Result<()> {
    if text.len() > LONGEST || text.contains('\0') {
        return Err(wrong("The statement is too long or holds a zero byte.").hint("Keep it under one megabyte."));
    }
    let mut depth = 0_usize;
    for token in tokens {
        if ['(', '[', '{'].iter().any(|open| token.is_symbol(*open)) {
            depth += 1;
        } else if [')', ']', '}'].iter().any(|close| token.is_symbol(*close)) {
            depth = depth.saturating_sub(1);
        }
        if depth > DEEPEST {
            return Err(Error::new(Code::LimitExceeded, format!("The statement nests more than {DEEPEST} levels."))
                .hint("Split it with WITH.")
                .field("sql"));
        }
    }
    Ok(())
}

/// Functions that read files, run SQL from text or change DuckDB's own state; two of them can end the process.
fn check_functions(tokens: &[Token], forbidden: &HashSet<String>) -> Result<()> {
    for pair in tokens.windows(2) {
        let name = pair[0].name().unwrap_or_default().to_ascii_lowercase();
        if pair[1].is_symbol('(') && forbidden.contains(&name) {
            return Err(Error::new(Code::PermissionDenied, format!("The function `{name}` cannot be used here."))
                .hint("A query reads the workspace's tables; import a file to ask about it.")
                .field("sql"));
        }
    }
    Ok(())
}

/// `EXPLAIN` with its options, and at which token the explained statement begins.
fn explain_prefix(tokens: &[Token]) -> (Option<&'static str>, usize) {
    match tokens {
        [first, second, ..] if first.is_word("explain") && second.is_word("analyze") => (Some("EXPLAIN ANALYZE"), 2),
        [first, ..] if first.is_word("explain") => (Some("EXPLAIN"), 1),
        _ => (None, 0),
    }
}

fn rewrite(text: &str, tokens: &[Token], start: usize) -> (String, Vec<(usize, isize)>) {
    let mut sql = String::new();
    let mut shifts = vec![(0, start.cast_signed())];
    let mut copied = start;
    for reference in tokens::references(tokens) {
        let Some(version) = reference.version.filter(|_| reference.range.start >= copied) else { continue };
        sql.push_str(&text[copied..reference.range.start]);
        sql.push_str(&format!("{}.{}", reference.layer, quote(&version_view(&reference.name, version))));
        copied = reference.range.end;
        shifts.push((sql.len(), copied.cast_signed() - sql.len().cast_signed()));
    }
    let end = tokens.last().map_or(start, |token| token.range.end);
    sql.push_str(&text[copied..end.max(copied)]);
    (sql, shifts)
}

fn refused(word: &str) -> Error {
    Error::new(Code::PermissionDenied, format!("A statement that begins with `{}` cannot be run here.", word.to_uppercase()))
        .hint("Queries only read: begin with SELECT, FROM, WITH, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN. Clean a table with a recipe and export it with Export.")
        .field("sql")
}
