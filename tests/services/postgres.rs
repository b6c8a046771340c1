//! PostgreSQL from Debian's package: a fresh cluster in a temporary folder, reached over TCP and a Unix socket.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::small_disk::SmallDisk;
use super::{Process, free_port, signal};

/// The superuser of the cluster.
pub const USER: &str = "pulse";
/// Its password: one with everything that connection strings and SQL escape.
pub const PASSWORD: &str = "ge h@im/'\"%";

/// A running server; stopped and its data removed on drop.
pub struct Postgres {
    process: Mutex<Process>,
    port: u16,
    folder: TempDir,
    programs: PathBuf,
    tls: bool,
    disk: Option<SmallDisk>,
}

impl Postgres {
    /// A server that the tests that run at the same time share; each makes a database of its own, see [`Database`].
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let started = Arc::new(Self::start(false));
        *shared = Arc::downgrade(&started);
        started
    }

    /// A server of its own; with `tls`, it also accepts encrypted connections, with a certificate for `localhost` that
    /// the authority [`Postgres::authority`] signed.
    pub fn start(tls: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the server's data");
        Self::start_in(folder, tls, None)
    }

    /// A server of its own whose tables and temporary files lie on a disk that can become full, see [`Postgres::disk`].
    /// Its log of changes has room, as on servers that keep it apart.
    pub fn start_on_small_disk() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the server's data");
        let disk = SmallDisk::below(&folder.path().join("data/base"));
        Self::start_in(folder, false, Some(disk))
    }

    fn start_in(folder: TempDir, tls: bool, disk: Option<SmallDisk>) -> Self {
        let programs = programs();
        let data = folder.path().join("data");
        std::fs::write(folder.path().join("password"), PASSWORD).expect("the password's file");
        if tls {
            certificates(folder.path());
        }
        give_away(folder.path());
        let mut initdb = as_server(&programs.join("initdb"));
        initdb.args(["-N", "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "-U", USER, "-D"]).arg(&data);
        initdb.arg(format!("--pwfile={}", folder.path().join("password").display()));
        let made = initdb.output().expect("initdb starts");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

        let port = free_port();
        let process = Process::start(command(&programs, folder.path(), port, tls, disk.as_ref()), port);
        let server = Self { process: Mutex::new(process), port, folder, programs, tls, disk };
        server.wait();
        server
    }

    /// The disk of [`Postgres::start_on_small_disk`].
    pub fn disk(&self) -> &SmallDisk {
        self.disk.as_ref().expect("the server was started on a small disk")
    }

    /// Starts it again after it was killed, on the same port.
    pub fn restart(&self) {
        let command = command(&self.programs, self.folder.path(), self.port, self.tls, self.disk.as_ref());
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Process::start(command, self.port);
        self.wait();
    }

    fn wait(&self) {
        let began = Instant::now();
        while self.try_psql("postgres", "SELECT 1").is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "PostgreSQL does not get ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Its loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its Unix socket.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// The certificate of the authority that signed the server's.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate of an authority that signed nothing here.
    pub fn stranger(&self) -> PathBuf {
        self.folder.path().join("stranger.pem")
    }

    /// Runs SQL as the superuser; the output as psql gives it unaligned, without a heading. An error ends the test.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        self.try_psql(database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// As [`Postgres::psql`]; what psql complains of if it fails.
    pub fn try_psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", USER, "-d", database, "-c", sql]);
        psql.args(["-p", &self.port.to_string()]).env("PGPASSWORD", PASSWORD).env("PGSSLMODE", "disable");
        psql.env("PGTZ", "UTC");
        let output = psql.output().expect("psql starts");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// The processes at the server that serve the connections of syncs.
    pub fn sync_processes(&self) -> Vec<u32> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'Cloud Pulse %'";
        self.psql("postgres", sql).lines().map(|id| id.parse().expect("a process's number")).collect()
    }

    /// Kills it and all its processes at once, as a power cut does.
    pub fn kill(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let id = process.id();
        // The first one must not see the others die, or it would begin to recover.
        signal("STOP", &[id]);
        signal("KILL", &children(id));
        process.kill();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        // An immediate shutdown, because a killed server leaves its shared memory behind.
        signal("QUIT", &[process.id()]);
        let began = Instant::now();
        while !has_ended(process.id()) && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // One that was killed leaves the file that says which shared memory it had.
        let left = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap_or_default();
        if let Some(memory) = left.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
            // It may be gone already.
            let _ = Command::new("ipcrm").args(["-m", memory]).stderr(Stdio::null()).status();
        }
    }
}

/// A database of a test's own on the shared server.
pub struct Database {
    /// The server.
    pub server: Arc<Postgres>,
    /// Its name.
    pub name: String,
}

impl Database {
    /// An empty one.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = Postgres::shared();
        let name = format!("db{}", NUMBER.fetch_add(1, Relaxed));
        server.psql("postgres", &format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    /// Runs SQL in it.
    pub fn sql(&self, sql: &str) -> String {
        self.server.psql(&self.name, sql)
    }

    /// The settings of a connection to it.
    pub fn settings(&self) -> Value {
        let port = self.server.port();
        json!({"host": "127.0.0.1", "port": port, "database": self.name, "user": USER, "password": PASSWORD})
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::new()
    }
}

/// The folder of the newest server's programs: Debian keeps them off the path.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    let newest = found.max_by_key(|(version, _)| *version).map(|(_, path)| path.join("bin"));
    newest.filter(|path| path.join("initdb").exists()).unwrap_or_else(|| {
        panic!("/usr/lib/postgresql holds no server: `npm test` installs the package postgresql in its set-up stage")
    })
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

/// A program of the server, which refuses to run as root: then it runs as the user that the package made.
fn as_server(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// Starts the server on the cluster in `folder`.
fn command(programs: &Path, folder: &Path, port: u16, tls: bool, disk: Option<&SmallDisk>) -> Command {
    let mut command = as_server(&programs.join("postgres"));
    command.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    command.args(["-c", "fsync=off", "-c", "max_connections=60", "-c"]);
    command.arg(format!("unix_socket_directories={}", folder.display()));
    if tls {
        for (name, file) in [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")] {
            command.args(["-c", &format!("{name}={}", folder.join(file).display())]);
        }
        command.args(["-c", "ssl=on"]);
    }
    if let Some(disk) = disk {
        disk.apply(&mut command);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Lets the server's user own a folder with what is in it.
fn give_away(folder: &Path) {
    if is_root() {
        let given = Command::new("chown").args(["-R", "postgres:postgres"]).arg(folder).status();
        assert!(given.is_ok_and(|status| status.success()), "the server's user gets {}", folder.display());
    }
}

/// Makes an authority, a server's certificate signed by it, and an authority of its own kind.
pub(super) fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let output = output.expect("openssl starts");
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    };
    for name in ["ca", "stranger"] {
        openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"
        ));
    }
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").expect("a file");
    openssl("req -new -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr");
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem");
}

fn children(id: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}

/// Whether a process has ended; nobody may have asked for its exit code yet.
fn has_ended(id: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/stat")).map_or(true, |stat| stat.contains(") Z "))
}
