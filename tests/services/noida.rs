//! `noida-db`: one process that answers as Elasticsearch 8, as Kafka and as MongoDB.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Process, free_port};

/// A running server; killed and its data removed on drop.
pub struct Noida {
    process: Process,
    services: Vec<(&'static str, u16)>,
    folder: TempDir,
}

impl Noida {
    /// Starts the named ones of `elasticsearch`, `kafka` and `mongodb`, empty, and waits until each accepts connections.
    pub fn start(services: &[&'static str]) -> Self {
        let services: Vec<_> = services.iter().map(|service| (*service, free_port())).collect();
        let folder = tempfile::tempdir().expect("a folder for the server's data");
        let process = launch(&services, folder.path());
        Self { process, services, folder }
    }

    /// The loopback port of one of the services it was started with.
    pub fn port(&self, service: &str) -> u16 {
        let found = self.services.iter().find(|(name, _)| *name == service);
        found.unwrap_or_else(|| panic!("the server was not started with {service}")).1
    }

    /// The loopback address of one of its services: `127.0.0.1:PORT`.
    pub fn address(&self, service: &str) -> String {
        format!("127.0.0.1:{}", self.port(service))
    }

    /// Kills it at once, as a crash does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops it in the middle of whatever it does, until [`Noida::wake`].
    pub fn sleep(&self) {
        self.process.sleep();
    }

    /// Lets it go on.
    pub fn wake(&self) {
        self.process.wake();
    }

    /// Kills it and starts it again with the same data and ports.
    pub fn restart(&mut self) {
        self.kill();
        self.process = launch(&self.services, self.folder.path());
    }
}

/// Where the program lies. The script that wraps it makes it executable, as this does.
const FIND: &str = "
import noida_db, os
program = os.path.join(os.path.dirname(noida_db.__file__), 'noida-db.exe' if os.name == 'nt' else 'noida-db')
os.chmod(program, 0o755)
print(program)";

/// Starts the program itself: killing the script that wraps it would leave it running.
fn launch(services: &[(&'static str, u16)], data: &Path) -> Process {
    let names: Vec<_> = services.iter().map(|(service, _)| *service).collect();
    let mut command = Command::new(crate::python(FIND, &[]).trim());
    command.args(["start", "--only", &names.join(","), "--data-dir"]).arg(data);
    for (service, port) in services {
        command.arg(format!("--{service}-port")).arg(port.to_string());
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let (_, first) = services.first().expect("at least one service");
    let process = Process::start(command, *first);
    let began = Instant::now();
    for (service, port) in services {
        let address = SocketAddr::from(([127, 0, 0, 1], *port));
        while TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
            assert!(began.elapsed() < super::PATIENCE, "{service} does not answer on port {port}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    process
}
