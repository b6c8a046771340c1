//! The way to other machines, shared by the connectors: one runtime, one HTTP client, one set of rules.
//!
//! An [`Http`] keeps a [`Policy`]: private addresses are refused unless it allows them, after name resolution and again
//! at each redirect; headers with credentials stay with the host they were meant for; bytes, waiting and time are capped;
//! what can be repeated is, with backoff and as `Retry-After` says; and a rate budget waits before it is used up.
//!
//! A request is made with [`Http::fetch`] (a whole answer in memory), [`Http::beginning`] (its first bytes) or
//! [`Http::download`] (into a file that resumes); all block, and end within a moment of the job's cancel. Errors never hold secrets: a [`Request`] knows its own, and
//! addresses are shown without their query.

mod address;
mod beginning;
mod budget;
mod client;
mod download;
mod fault;
mod leads;
mod policy;
mod reply;
mod request;
mod retry;
mod runtime;
#[cfg(test)]
mod tests;
mod trust;

pub(crate) use address::{recorded, shown, trusts};
pub(crate) use budget::Rate;
pub(crate) use client::Http;
pub(crate) use download::Downloaded;
pub(crate) use leads::Leads;
pub(crate) use policy::Policy;
pub(crate) use reply::{Reply, is_web_page};
pub(crate) use request::{Request, url};
pub(crate) use runtime::run;
pub(crate) use trust::{authorities, unreadable};
