//! A keyring as desktops have it: Debian's `gnome-keyring` on a session bus of its own, its files in a temporary folder.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::{PATIENCE, Process};

/// The password that opens the keyring.
const PASSWORD: &str = "the user's password";
/// A bus on which nobody starts a program by asking for it: a keyring that is gone stays gone, and a locked one finds
/// nobody to ask its user for the password.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=@/bus</listen>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"#;

/// A session bus with a keyring on it.
pub struct Keyring {
    daemon: Process,
    _bus: Process,
    folder: tempfile::TempDir,
    address: String,
}

impl Keyring {
    /// Starts both, the keyring unlocked.
    #[allow(clippy::new_without_default, reason = "starting a server is no default")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().display().to_string();
        let config = folder.path().join("bus.conf");
        std::fs::write(&config, BUS.replace('@', &place)).expect("a file");
        let mut command = Command::new("dbus-daemon");
        command.arg("--nofork").arg("--config-file").arg(config).stdout(Stdio::null()).stderr(Stdio::null());
        let bus = Process(spawned(&mut command));
        let address = format!("unix:path={place}/bus");
        let daemon = daemon(folder.path(), &address);
        let keyring = Self { daemon, _bus: bus, folder, address };
        keyring.wait();
        keyring
    }

    /// What a program needs in its environment to find the keyring.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        vec![("DBUS_SESSION_BUS_ADDRESS", &self.address), ("PULSE_SECRETS", "keyring"), ("PULSE_PASSPHRASE", "")]
    }

    /// Every secret in it: the connection's id and the text, which is JSON.
    pub fn secrets(&self) -> Vec<(String, Value)> {
        let output = self.run("secret-tool", &["search", "--all", "service", "Cloud Pulse"]);
        // The secrets are on one stream and what they are found by on the other.
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (secrets, attributes) = (text(&output.stdout), text(&output.stderr));
        let all = format!("{secrets}\n{attributes}");
        let found = |name: &str| {
            let lines = all.lines().filter_map(|line| line.strip_prefix(name));
            lines.map(|line| line.trim_start_matches(" = ").to_owned()).collect::<Vec<_>>()
        };
        let secrets =
            found("secret").into_iter().map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        let mut found: Vec<_> = found("attribute.username").into_iter().zip(secrets).collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        found
    }

    /// Removes every secret behind the program's back.
    pub fn empty(&self) {
        self.run("secret-tool", &["clear", "service", "Cloud Pulse"]);
    }

    /// Locks it, as the desktop does after a while.
    pub fn lock(&self) {
        let login = "array:objpath:/org/freedesktop/secrets/collection/login";
        let output = self.call("org.freedesktop.secrets", &["/org/freedesktop/secrets"], "Secret.Service.Lock", login);
        assert!(output.status.success(), "the keyring is locked: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Ends the keyring; the bus stays.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Starts it again, unlocked.
    pub fn restart(&mut self) {
        self.daemon.kill();
        self.daemon = daemon(self.folder.path(), &self.address);
        self.wait();
    }

    fn wait(&self) {
        let began = Instant::now();
        let name = "string:org.freedesktop.secrets";
        loop {
            let asked = self.call("org.freedesktop.DBus", &["/org/freedesktop/DBus"], "DBus.NameHasOwner", name);
            if String::from_utf8_lossy(&asked.stdout).contains("true") {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the keyring does not answer: {asked:?}");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    fn call(&self, to: &str, object: &[&str], method: &str, argument: &str) -> Output {
        let (to, method) = (format!("--dest={to}"), format!("org.freedesktop.{method}"));
        self.run("dbus-send", &[&["--session", "--print-reply", &to], object, &[&method, argument]].concat())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(arguments).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
            .output()
            .unwrap_or_else(|cause| panic!("{program} is missing ({cause}): run `npm test`, which installs it"))
    }
}

/// The keyring's program, its password given as at a login.
fn daemon(folder: &std::path::Path, address: &str) -> Process {
    let mut command = Command::new("gnome-keyring-daemon");
    command.args(["--foreground", "--unlock", "--components=secrets"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", address).env("HOME", folder).env("XDG_RUNTIME_DIR", folder);
    command.env("XDG_DATA_HOME", folder.join("data")).env_remove("DISPLAY");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = spawned(&mut command);
    child.stdin.take().expect("its input is piped").write_all(PASSWORD.as_bytes()).expect("it takes the password");
    Process(child)
}

fn spawned(command: &mut Command) -> Child {
    command.spawn().unwrap_or_else(|cause| {
        panic!("{command:?} cannot be started ({cause}); `npm test` installs it in its set-up stage")
    })
}
