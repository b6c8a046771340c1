//! The one list of commands between the window (or any other host) and the engine, with their types.
//!
//! `commands.rs` holds the list. From it come the [`Commands`] trait that the engine implements (a missing body does
//! not compile), the dispatcher that every host calls, and the TypeScript types in `ui/src/generated/rpc.ts`.

mod commands;
mod dispatch;
pub mod types;

pub use commands::{Commands, NAMES, RpcSchema, dispatch};
pub use dispatch::{Arrow, Reply};
