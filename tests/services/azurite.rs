//! The Azure stand-in: npm `azurite`, with its blobs in a temporary folder.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Process, free_port};
use crate::{python, repository};

/// The account that every Azurite has, and its published key.
pub const ACCOUNT: &str = "devstoreaccount1";
/// See [`ACCOUNT`].
pub const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A running blob server.
pub struct Azurite {
    process: Process,
    port: u16,
    folder: TempDir,
}

impl Azurite {
    /// Starts it.
    #[allow(clippy::new_without_default, reason = "starting a server is no default")]
    pub fn new() -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().expect("a folder for the blobs"));
        Self { process: launch(port, folder.path()), port, folder }
    }

    /// Kills it at once, as a crash does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after it was killed, with the same blobs on the same port.
    pub fn restart(&mut self) {
        self.process = launch(self.port, self.folder.path());
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes a container.
    pub fn container(&self, name: &str) {
        python(MAKE, &[ACCOUNT, KEY, &self.endpoint(), name]);
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

fn launch(port: u16, folder: &Path) -> Process {
    let program = repository().join("node_modules/.bin/azurite-blob");
    assert!(program.exists(), "{} is missing: run `npm test`, which installs it", program.display());
    let mut command = Command::new(program);
    command.args(["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location"]).arg(folder);
    command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Process::start(command, port)
}

const MAKE: &str = r#"
import sys, hmac, hashlib, base64, email.utils, urllib.request
account, key, endpoint, name = sys.argv[1:5]
date = email.utils.formatdate(usegmt=True)
text = f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:2021-08-06\n/{account}/{account}/{name}\nrestype:container"
sign = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
urllib.request.urlopen(urllib.request.Request(endpoint + f"/{name}?restype=container", method="PUT", headers={
    "x-ms-date": date, "x-ms-version": "2021-08-06", "Authorization": f"SharedKey {account}:{sign}", "Content-Length": "0"}))
"#;
