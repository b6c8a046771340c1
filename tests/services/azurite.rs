//! The Azure stand-in: npm `azurite`, which keeps its blobs in memory.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Process, free_port};
use crate::repository;

/// The account that every Azurite has, and its published key.
pub const ACCOUNT: &str = "devstoreaccount1";
/// See [`ACCOUNT`].
pub const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A running blob server.
pub struct Azurite {
    _process: Process,
    port: u16,
}

impl Azurite {
    /// Starts it.
    #[allow(clippy::new_without_default, reason = "starting a server is no default")]
    pub fn new() -> Self {
        let port = free_port();
        let program = repository().join("node_modules/.bin/azurite-blob");
        assert!(program.exists(), "{} is missing: run `npm test`, which installs it", program.display());
        let mut command = Command::new(program);
        command.args(["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]);
        command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self { _process: Process::start(command, port), port }
    }

    /// The address of its account.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    /// The settings of a connection to `container`.
    pub fn settings(&self, container: &str) -> Value {
        json!({"account": ACCOUNT, "container": container, "secret_key": KEY, "endpoint": self.endpoint(),
            "allow_http": true})
    }
}
