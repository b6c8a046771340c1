//! The S3 stand-in: PyPI `moto`, which keeps its buckets in memory.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Process, free_port};
use crate::{python, python_program};

/// A running S3 server.
pub struct Moto {
    process: Process,
    port: u16,
}

impl Moto {
    /// Starts it.
    #[allow(clippy::new_without_default, reason = "starting a server is no default")]
    pub fn new() -> Self {
        let port = free_port();
        Self { process: launch(port), port }
    }

    /// Starts one with a bucket in it.
    pub fn with_bucket(name: &str) -> Self {
        let moto = Self::new();
        moto.bucket(name);
        moto
    }

    /// Makes a bucket.
    pub fn bucket(&self, name: &str) {
        self.python("s3.create_bucket(Bucket=sys.argv[2])", &[name]);
    }

    /// Kills it at once, as a crash does; its buckets are gone with it.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after it was killed, empty, on the same port.
    pub fn restart(&mut self) {
        self.process = launch(self.port);
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The settings of a connection to `bucket`.
    pub fn settings(&self, bucket: &str) -> Value {
        json!({"bucket": bucket, "access_key": "AKIATEST", "secret_key": "a-secret-key", "endpoint": self.endpoint(),
            "allow_http": true})
    }

    /// Runs a Python script that knows `s3` (boto3's client), `endpoint` and `options` (deltalake's storage options) and
    /// finds its arguments from `sys.argv[2]` on.
    pub fn python(&self, script: &str, arguments: &[&str]) -> String {
        let script = format!("{PRELUDE}{script}");
        python(&script, &[&[self.endpoint().as_str()], arguments].concat())
    }
}

fn launch(port: u16) -> Process {
    let mut command = Command::new(python_program("moto_server"));
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Process::start(command, port)
}

const PRELUDE: &str = r#"
import boto3, json, sys
endpoint = sys.argv[1]
s3 = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id="AKIATEST", aws_secret_access_key="a-secret-key",
                  region_name="us-east-1")
options = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "a-secret-key",
           "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true", "aws_conditional_put": "etag"}
"#;
