//! The way to other machines, shared by the connectors: one runtime, one HTTP client, one set of rules.

mod runtime;

pub(crate) use runtime::run;
