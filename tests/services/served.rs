//! `pulse serve` as a process of its own, with the environment a test gives it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use pulse_core::Error;
use serde_json::Value;

use super::Process;
use crate::pulse_command;

/// A running program on a workspace; killed on drop, as a crash does.
pub struct Served {
    process: Process,
    port: u16,
    token: String,
}

impl Served {
    /// Starts it with these variables besides the test's own.
    pub fn start(workspace: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = pulse_command(workspace, &["--json", "serve"]);
        command.envs(variables.iter().copied()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the pulse binary starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output is piped");
        let process = Process(child);
        BufReader::new(output).read_line(&mut line).expect("it says where it is");
        let document: Value = serde_json::from_str(&line).unwrap_or_else(|cause| panic!("{cause}: {line}"));
        let url = document["url"].as_str().unwrap_or_else(|| panic!("{document}"));
        let place = url.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split_once("/?token="));
        let (port, token) = place.unwrap_or_else(|| panic!("an address with a token: {url}"));
        Self { process, port: port.parse().expect("a port"), token: token.to_owned() }
    }

    /// Runs a command, as the window does.
    pub fn call(&self, command: &str, request: &Value) -> Result<Value, Error> {
        let body = request.to_string();
        let (port, token, length) = (self.port, &self.token, body.len());
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the program runs");
        // Version 1.0 of the protocol ends an answer with the connection.
        let head = format!("POST /rpc/{command} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nX-Pulse-Token: {token}\r\n");
        let request = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer comes");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("an answer has a head: {answer}"));
        let parsed = |what| serde_json::from_str(body).unwrap_or_else(|cause| panic!("{what} ({cause}): {answer}"));
        match head.split(' ').nth(1) {
            Some("200") => Ok(parsed("an answer in JSON")),
            _ => Err(serde_json::from_value(parsed("an error in JSON")).expect("the shape of an error")),
        }
    }

    /// Kills it at once, as a crash does.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}
