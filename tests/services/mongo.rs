//! A MongoDB server of our own: its wire protocol, sign-in and cursors are in `mongo.py`, its queries are mongomock's.

use std::process::{Command, Stdio};

use super::{Process, free_port};
use crate::{python_program, repository};

/// The user of a server that asks for one; the database `admin` knows it.
pub const USER: &str = "ann";
/// Its password: one with everything that connection strings escape.
pub const PASSWORD: &str = "ge h@im/'\"%:";

/// A running server; killed on drop, and its documents are gone.
pub struct Mongo {
    process: Process,
    port: u16,
}

impl Mongo {
    /// Starts one that anybody may read.
    pub fn open() -> Self {
        Self::start(&[])
    }

    /// Starts one that asks [`USER`] for [`PASSWORD`].
    pub fn guarded() -> Self {
        Self::start(&[USER, PASSWORD])
    }

    fn start(account: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new(python_program("python"));
        command.arg(repository().join("tests/services/mongo.py")).arg(port.to_string()).args(account);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: Process::start(command, port), port }
    }

    /// Its loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it at once, as a crash does.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}
