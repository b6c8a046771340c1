//! TLS before a server that has none: a proxy that ends it, with a certificate of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::postgres::certificates;
use super::{Process, free_port};
use crate::{python_program, repository};

/// A running proxy; its certificate is for `localhost`.
pub struct Tls {
    _process: Process,
    port: u16,
    folder: TempDir,
}

impl Tls {
    /// Starts one before the loopback port `target`.
    pub fn before(target: u16) -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a folder for the certificates"), free_port());
        certificates(folder.path());
        let mut command = Command::new(python_program("python"));
        command.arg(repository().join("tests/services/tls.py")).args([port.to_string(), target.to_string()]);
        command.args(["server.pem", "server.key"].map(|file| folder.path().join(file)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { _process: Process::start(command, port), port, folder }
    }

    /// The loopback port with TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that signed the proxy's.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate of an authority that signed nothing here.
    pub fn stranger(&self) -> PathBuf {
        self.folder.path().join("stranger.pem")
    }
}
