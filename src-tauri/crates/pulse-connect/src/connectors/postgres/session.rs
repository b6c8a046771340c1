//! A session: signed in, reading only, one snapshot.

use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use pulse_core::{Code, Error, Progress, Result};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::types::ToSql;
use tokio_postgres::{CancelToken, Client, Config, Row, Statement};

use super::copy::CopyOut;
use super::settings::Settings;
use super::wire::{Done, Wire};
use super::{dial, explain};
use crate::net;

/// The oldest server that is read: its catalog and its numbers of types are those of all newer ones.
const OLDEST: u32 = 120_000;
/// How long a request to cancel may take; the job is over for its user already.
const CANCEL_PATIENCE: Duration = Duration::from_millis(900);
/// How values are written where the server turns them into text: as `psql` writes them, times in UTC. Only for the
/// transaction, so that it also holds behind a pooler.
const STYLE: &str = "SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; \
                     SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 3; \
                     SET LOCAL xmlbinary = 'base64'";

/// A signed-in connection. Dropping it ends it.
pub(super) struct Session {
    client: Client,
    task: JoinHandle<()>,
    wire: Wire,
    settings: Settings,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    /// Connects and signs in.
    pub fn open(settings: &Settings, progress: &Progress) -> Result<Self> {
        let (place, _) = dial::find(settings, progress)?;
        let (stream, _) = dial::connect(settings, &place, progress)?;
        let (wire, _) = dial::secure(settings, &place, stream, progress)?;
        Self::sign_in(settings, wire, progress)
    }

    /// Signs in on a fresh wire.
    pub fn sign_in(settings: &Settings, wire: Wire, progress: &Progress) -> Result<Self> {
        let mut config = Config::new();
        config.user(&settings.user).dbname(settings.database()).application_name(&settings.application_name);
        if !settings.password.is_empty() {
            config.password(settings.password.expose());
        }
        if !settings.options.trim().is_empty() {
            config.options(settings.options.trim());
        }
        // The wire is encrypted already where it has to be; `Done` takes it as it is.
        config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
        let attempt = format!("sign in to {} as {}", settings.server(), settings.user);
        let session = net::run(progress, async {
            let connecting = timeout(dial::patience(settings), config.connect_raw(wire.clone(), Done)).await;
            let connected = connecting.map_err(|_| dial::silent(settings))?;
            let (client, connection) = connected.map_err(|cause| not_signed_in(settings, &attempt, &wire, &cause))?;
            let task = tokio::spawn(async move {
                // Whoever waits for an answer learns of a lost connection there.
                let _ = connection.await;
            });
            Ok(Self { client, task, wire: wire.clone(), settings: settings.clone() })
        })?;
        session.check_version(progress)?;
        Ok(session)
    }

    fn check_version(&self, progress: &Progress) -> Result<()> {
        let number = self.text("SELECT current_setting('server_version_num')", "ask for the version", progress)?;
        if number.parse::<u32>().unwrap_or_default() >= OLDEST {
            return Ok(());
        }
        let version = self.text("SELECT current_setting('server_version')", "ask for the version", progress)?;
        Err(Error::new(Code::Unsupported, format!("The server is PostgreSQL {version}; only 12 and newer are read."))
            .hint("Ask its administrator for an upgrade; until then, export the table to a CSV file and import that."))
    }

    /// Begins a transaction that reads only and sees one state of the database, or that of `snapshot`.
    pub fn begin(&self, snapshot: Option<&str>, progress: &Progress) -> Result<()> {
        let mut sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned();
        if let Some(snapshot) = snapshot {
            sql.push_str("; SET TRANSACTION SNAPSHOT ");
            sql.push_str(&super::sql::literal(snapshot));
        }
        self.execute(&format!("{sql}; {STYLE}"), "begin reading", progress)
    }

    /// The name of this transaction's snapshot, for other sessions.
    pub fn export_snapshot(&self, progress: &Progress) -> Result<String> {
        self.text("SELECT pg_catalog.pg_export_snapshot()", "share the snapshot", progress)
    }

    /// Runs statements without answers.
    pub fn execute(&self, sql: &str, attempt: &str, progress: &Progress) -> Result<()> {
        self.run(attempt, progress, self.client.batch_execute(sql))
    }

    /// What a statement would answer, and whether the server understands it.
    pub fn prepare(&self, sql: &str, attempt: &str, progress: &Progress) -> Result<Statement> {
        self.run(attempt, progress, self.client.prepare(sql))
    }

    /// The rows of a query.
    pub fn query(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
        attempt: &str,
        progress: &Progress,
    ) -> Result<Vec<Row>> {
        self.run(attempt, progress, self.client.query(sql, values))
    }

    /// The one text that a query answers; empty for no row or NULL.
    pub fn text(&self, sql: &str, attempt: &str, progress: &Progress) -> Result<String> {
        Ok(self.maybe_text(sql, attempt, progress)?.unwrap_or_default())
    }

    /// The one text that a query answers; nothing for no row or NULL.
    pub fn maybe_text(&self, sql: &str, attempt: &str, progress: &Progress) -> Result<Option<String>> {
        let rows = self.query(sql, &[], attempt, progress)?;
        rows.first().map_or(Ok(None), |row| {
            row.try_get::<_, Option<String>>(0).map_err(|cause| explain::failed(&self.settings, attempt, &cause))
        })
    }

    /// Starts a COPY to here and gives the session up for it.
    pub fn copy(mut self, sql: &str, progress: &Progress) -> Result<CopyOut> {
        // What was asked before, such as to forget statements, is answered before this is: the wire is silent then.
        self.execute("", "prepare the copy", progress)?;
        self.task.abort();
        // Only when it has ended is nobody else on the wire.
        let task = &mut self.task;
        net::run(progress, async {
            let _ = task.await;
            Ok(())
        })?;
        let copy = CopyOut::new(self.wire.clone(), self.settings.clone(), self.client.cancel_token());
        copy.start(sql, progress)
    }

    /// The settings it was opened with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Waits for an answer; if the job is cancelled meanwhile, the server is told to stop as well.
    fn run<T>(
        &self,
        attempt: &str,
        progress: &Progress,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        self.wait(progress, work)?.map_err(|cause| explain::failed(&self.settings, attempt, &cause))
    }

    /// As [`Session::run`], with what the server says as it is; the outer error is that of a cancelled job.
    pub fn wait<T>(
        &self,
        progress: &Progress,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<Result<T, tokio_postgres::Error>> {
        let answer = net::run(progress, async { Ok(work.await) });
        if answer.is_err() && progress.is_cancelled() {
            cancel(&self.settings, &self.client.cancel_token());
        }
        answer
    }

    /// Who speaks to the server, for what is not a query.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// Tells the server to stop what the session of `token` does, best effort.
pub(super) fn cancel(settings: &Settings, token: &CancelToken) {
    // The job's own handle is cancelled; this is the last thing done for it.
    let progress = Progress::new();
    let hurried = Settings { connect_seconds: 1, ..settings.clone() };
    let ask = || -> Result<()> {
        let (place, _) = dial::find(&hurried, &progress)?;
        let (stream, _) = dial::connect(&hurried, &place, &progress)?;
        let (wire, _) = dial::secure(&hurried, &place, stream, &progress)?;
        net::run(&progress, async {
            let _ = timeout(CANCEL_PATIENCE, token.cancel_query_raw(wire, Done)).await;
            Ok(())
        })
    };
    if let Err(cause) = ask() {
        tracing::debug!(%cause, "the server could not be told to stop");
    }
}

fn not_signed_in(settings: &Settings, attempt: &str, wire: &Wire, cause: &tokio_postgres::Error) -> Error {
    if cause.as_db_error().is_some() {
        return explain::failed(settings, attempt, cause);
    }
    let why = cause.source().map_or_else(|| cause.to_string(), ToString::to_string);
    match wire.first_byte() {
        // Authentication, error, notice and protocol negotiation are what PostgreSQL may begin with.
        Some(b'R') if why.contains("password") => {
            Error::new(Code::PermissionDenied, format!("Could not {attempt}: the server asks for a password."))
                .hint("Fill in the password.")
                .field("password")
        }
        Some(b'R' | b'E' | b'N' | b'v') => explain::lost(settings, attempt, &why),
        Some(_) => dial::not_postgres(settings, "its answer is not that of PostgreSQL"),
        None => dial::not_postgres(settings, &format!("it closed the connection ({why})")),
    }
}
