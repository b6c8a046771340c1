//! Contracts every crate of Cloud Pulse shares: errors, progress with cancellation, table names and ledger entries.
//!
//! The crate does no IO and knows no engine, so that every leaf can depend on it and on nothing else of ours.

mod error;
mod ledger;
mod progress;
mod table;

pub use error::{Code, Error, Result};
pub use ledger::{LedgerEntry, LedgerKind};
pub use progress::{Cancelled, Counts, LogLine, Progress};
pub use table::{Layer, TableName};
