//! What runs outside this process: the `pulse` binary and the Python peers.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Runs the `pulse` binary on a workspace.
pub fn pulse(workspace: &Path, arguments: &[&str]) -> Output {
    pulse_command(workspace, arguments).output().expect("the pulse binary starts")
}

/// The `pulse` binary on a workspace, ready to be started.
pub fn pulse_command(workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(pulse_binary());
    command.arg("--workspace").arg(workspace).args(arguments);
    command
}

/// Runs `pulse --json` and returns its exit code and its one document.
pub fn pulse_json(workspace: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = pulse(workspace, &[&["--json"], arguments].concat());
    let code = output.status.code().unwrap_or(-1);
    (code, one_document(&output, &arguments.join(" ")))
}

/// The one JSON document of an output; anything beside it ends the test.
pub fn one_document(output: &Output, what: &str) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&text)
        .unwrap_or_else(|cause| panic!("`{what}` printed no single JSON document ({cause}): {text}{stderr}"))
}

/// The error in the document that a failed `pulse --json` printed.
pub fn error_of(output: &Output, what: &str) -> pulse_core::Error {
    let document = one_document(output, what);
    assert_eq!(output.status.code(), Some(1), "`{what}` fails with exit code 1: {document}");
    serde_json::from_value(document["error"].clone())
        .unwrap_or_else(|cause| panic!("`{what}` printed an error of another shape ({cause}): {document}"))
}

/// The `pulse` binary beside this test's own, built by `npm test` before the tests.
pub fn pulse_binary() -> PathBuf {
    let own = std::env::current_exe().expect("the test knows its own path");
    let folder = own.parent().and_then(Path::parent).expect("target/debug/deps");
    let binary = folder.join(format!("pulse{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "{} is missing: run `npm test`, which builds it first", binary.display());
    binary
}

/// The repository's folder.
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests lies in the repository").to_owned()
}

/// A program of the virtual environment that `npm test` makes, such as `python` or `moto_server`.
pub fn python_program(name: &str) -> PathBuf {
    let python = std::env::var_os("PULSE_PYTHON").map(PathBuf::from).unwrap_or_else(|| {
        let home = std::env::home_dir().expect("a home folder");
        home.join(".cache/cloud-pulse/venv/bin/python")
    });
    let program = python.with_file_name(name);
    assert!(program.exists(), "{} is missing: run `npm test`, which makes it", program.display());
    program
}

/// Runs a Python script in the virtual environment that `npm test` makes, with the peers `deltalake` and `duckdb`.
pub fn python(script: &str, arguments: &[&str]) -> String {
    let python = python_program("python");
    // The peers' own threads now and then abort an interpreter that tidies up; it has answered by then, so it just ends.
    let script = format!("{script}\nimport os, sys\nsys.stdout.flush()\nos._exit(0)\n");
    let output = Command::new(python).arg("-c").arg(script).args(arguments).output().expect("Python starts");
    assert!(output.status.success(), "Python failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("Python prints UTF-8")
}

/// What a Python script prints, as JSON.
pub fn python_json(script: &str, arguments: &[&str]) -> Value {
    let text = python(script, arguments);
    serde_json::from_str(&text).unwrap_or_else(|cause| panic!("Python printed no JSON ({cause}): {text}"))
}

/// A reproducible sequence of numbers (SplitMix64; Steele, Lea and Flood, OOPSLA 2014), for data and instants that vary.
#[derive(Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
