//! Real servers for the tests: started on free loopback ports with their data in a temporary folder, stopped on drop.
//!
//! A test that lacks its server fails; `PULSE_SKIP_SERVICES=1` skips such tests instead, see [`skipped`].

pub mod azurite;
pub mod front;
pub mod http;
pub mod kafka;
pub mod kaggle;
pub mod keyring;
pub mod mongo;
pub mod moto;
pub mod noida;
pub mod osmem;
pub mod postgres;
pub mod proxy;
pub mod served;
pub mod small_disk;
pub mod tls;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether tests that need a server are to be skipped.
pub fn skipped() -> bool {
    std::env::var_os("PULSE_SKIP_SERVICES").is_some_and(|value| value == "1")
}

/// A loopback port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
    listener.local_addr().expect("its address").port()
}

/// Sends a signal, such as `STOP`, to processes.
pub fn signal(name: &str, processes: &[u32]) {
    if !processes.is_empty() {
        let processes = processes.iter().map(u32::to_string);
        // One of them may have ended by itself.
        let _ = Command::new("kill").arg(format!("-{name}")).args(processes).stderr(Stdio::null()).status();
    }
}

/// A running server process; killed on drop.
pub struct Process(Child);

impl Process {
    /// Starts `command` and waits until it accepts connections on loopback `port`; panics with what it printed if not.
    pub fn start(mut command: Command, port: u16) -> Self {
        let child = command.spawn().unwrap_or_else(|cause| {
            panic!("{command:?} cannot be started ({cause}); `npm test` installs it in its set-up stage")
        });
        let mut process = Self(child);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let began = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
            if let Ok(Some(status)) = process.0.try_wait() {
                panic!("{command:?} ended at once: {status}");
            }
            assert!(began.elapsed() < PATIENCE, "{command:?} does not answer on port {port}");
            std::thread::sleep(Duration::from_millis(50));
        }
        process
    }

    /// One that runs already.
    pub fn running(child: Child) -> Self {
        Self(child)
    }

    /// Waits until it ends by itself; whether it succeeded.
    pub fn succeeds(&mut self) -> bool {
        self.0.wait().is_ok_and(|status| status.success())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Stops it in the middle of whatever it does, as a machine that falls asleep does, until [`Process::wake`].
    pub fn sleep(&self) {
        signal("STOP", &[self.id()]);
    }

    /// Lets it go on.
    pub fn wake(&self) {
        signal("CONT", &[self.id()]);
    }

    /// Kills it at once, as a crash does.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
