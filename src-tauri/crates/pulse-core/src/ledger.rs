//! The ledger: every value or record that did not fit, with where it came from, what it was and why.

use serde::{Deserialize, Serialize};

/// What a ledger entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerKind {
    /// A physical record that is in the ledger only, not among the table's rows.
    Record,
    /// One value of a row: the row is in the table, the value became null.
    Value,
}

/// One entry. In a table's ledger file the members are the columns, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Record or value.
    pub kind: LedgerKind,
    /// Where it came from: a file (with the archive member after `!`), or a table with its version such as
    /// `bronze.prices@3`.
    pub source: String,
    /// The line in the file on which the record starts, from 1.
    pub line: Option<u64>,
    /// The row in the source table, from 0.
    pub row: Option<u64>,
    /// The column of a rejected value.
    pub column: Option<String>,
    /// What it was, as text; bytes that are not UTF-8 are escaped as `\xNN`.
    pub value: Option<String>,
    /// The step that could not convert it, such as `2 parse_number`; nothing for an import.
    pub step: Option<String>,
    /// Why; a sentence.
    pub reason: String,
}

impl LedgerEntry {
    /// The columns of a ledger file, in order.
    pub const COLUMNS: [&'static str; 8] = ["kind", "source", "line", "row", "column", "value", "step", "reason"];
}
