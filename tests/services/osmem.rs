//! `osmem-server`: answers as OpenSearch 3, with its documents in memory.

use std::process::{Command, Stdio};

use super::{Process, free_port};

/// A running server; killed on drop.
pub struct Osmem {
    _process: Process,
    port: u16,
}

impl Osmem {
    /// Starts it, empty.
    #[allow(clippy::new_without_default, reason = "starting a server is no default")]
    pub fn new() -> Self {
        let port = free_port();
        let program = crate::python("import osmem_server; print(osmem_server.resolve_binary())", &[]);
        let mut command = Command::new(program.trim());
        command.args(["-addr", &format!("127.0.0.1:{port}"), "-no-stdin-watch", "-no-ja"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { _process: Process::start(command, port), port }
    }

    /// Its loopback address: `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }
}
