//! A session that writes, and what the server refuses it.

use std::error::Error as _;

use pulse_core::{Code, Error, Progress, Result};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::explain::{self, Refusal};
use super::super::session::Session;
use super::super::settings::Settings;

/// A session that writes. Its statements give back what the server refused, because some refusals are about rows.
pub(super) struct Link<'a> {
    pub session: Session,
    pub progress: &'a Progress,
}

/// Why a statement was not done.
#[derive(Debug)]
pub(super) struct Failure {
    /// For the user.
    pub error: Error,
    /// What the server said, if it said something.
    pub refusal: Option<Box<Refusal>>,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl<'a> Link<'a> {
    /// Signs in under a name by which others see what it does.
    pub fn open(settings: &Settings, name: &str, progress: &'a Progress) -> Result<Self> {
        let settings = Settings { application_name: name.to_owned(), ..settings.clone() };
        let link = Self { session: Session::open(&settings, progress)?, progress };
        // A transaction of hours is the job's own business, and names are compared as the catalog writes them.
        let style = "SET idle_in_transaction_session_timeout = 0; SET quote_all_identifiers = off; SET timezone = 'UTC'; \
                     SET datestyle = 'ISO, YMD'; SET extra_float_digits = 3";
        link.run(style, "prepare the session")?;
        Ok(link)
    }

    /// Runs statements without answers.
    pub fn run(&self, sql: &str, attempt: &str) -> Result<(), Failure> {
        self.answer(self.session.wait(self.progress, self.session.client().batch_execute(sql)), attempt)
    }

    /// Runs one statement and gives the number of rows it concerned.
    pub fn count(&self, sql: &str, attempt: &str) -> Result<u64, Failure> {
        self.answer(self.session.wait(self.progress, self.session.client().execute(sql, &[])), attempt)
    }

    /// The rows of a query.
    pub fn query(&self, sql: &str, values: &[&(dyn ToSql + Sync)], attempt: &str) -> Result<Vec<Row>, Failure> {
        self.answer(self.session.wait(self.progress, self.session.client().query(sql, values)), attempt)
    }

    /// The outcome of something that was asked.
    pub fn answer<T>(&self, outcome: Result<Result<T, tokio_postgres::Error>>, attempt: &str) -> Result<T, Failure> {
        let settings = self.session.settings();
        match outcome {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(cause)) => Err(Failure::of(settings, attempt, &cause)),
            Err(error) => Err(Failure { error, refusal: None }),
        }
    }
}

impl Failure {
    fn of(settings: &Settings, attempt: &str, cause: &tokio_postgres::Error) -> Self {
        let Some(refusal) = Refusal::of(cause) else {
            let why = cause.source().map_or_else(|| cause.to_string(), ToString::to_string);
            let error = explain::lost(settings, attempt, &why);
            let error =
                error.hint("The server or the network failed; the sync goes on from here when it is run again.");
            return Self { error, refusal: None };
        };
        let error = explain::refused(settings, attempt, &refusal);
        let error = match meaning(settings, &refusal) {
            Some((code, hint)) => Error { code, hint: Some(hint), field: None, ..error },
            None => error,
        };
        Self { error, refusal: Some(Box::new(refusal)) }
    }

    /// Whether it is about a value or a row rather than the statement: class 22 (data), 23 (constraints), 44 (a view's
    /// condition), and what a trigger raises.
    pub fn is_about_rows(&self) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| {
            let state = refusal.state.as_str();
            ["22", "23", "44"].iter().any(|class| state.starts_with(class)) || state == "P0001"
        })
    }

    /// The state that the server gave, such as `23505`; empty if it said nothing.
    pub fn state(&self) -> &str {
        self.refusal.as_ref().map_or("", |refusal| refusal.state.as_str())
    }

    /// What the server says, as the reason for a row; with the detail, which names the value.
    pub fn reason(&self) -> String {
        let Some(Refusal { message, detail, .. }) = self.refusal.as_deref() else { return self.error.message.clone() };
        if detail.is_empty() { message.clone() } else { format!("{message}: {}", detail.trim_end_matches('.')) }
    }

    /// Which row of a COPY it was, from 0.
    pub fn line(&self) -> Option<usize> {
        // Others may say where they were as well, such as in which line of a JSON text.
        let context = self.refusal.as_ref()?.context.lines().find(|line| line.starts_with("COPY "))?;
        let (_, after) = context.split_once(", line ")?;
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()?.checked_sub(1)
    }
}

/// What a refusal means to one who writes, where that is another thing than to one who reads.
fn meaning(settings: &Settings, refusal: &Refusal) -> Option<(Code, String)> {
    let user = super::super::sql::name(&settings.user);
    let (code, hint) = match refusal.state.as_str() {
        "42501" => (
            Code::PermissionDenied,
            format!("Ask the owner for the right to write: GRANT … TO {user}. The table is as it was before."),
        ),
        "25006" => (Code::PermissionDenied, "This server or user may only read; write to the primary server.".into()),
        "53100" => (
            Code::DiskFull,
            "The server's disk is full; the table is as it was before. Make room there and run the sync again.".into(),
        ),
        "53200" | "53000" | "53400" => (
            Code::LimitExceeded,
            "The server has too little room for this; the table is as it was before. Ask its administrator.".into(),
        ),
        "2BP01" => (
            Code::InvalidInput,
            "Other things depend on the table. Empty and refill it instead, so that it stays, or remove them.".into(),
        ),
        "55P03" => (
            Code::Unreachable,
            "Somebody else keeps the table locked; the sync goes on from here when it is run again.".into(),
        ),
        "42P07" | "42710" => {
            (Code::AlreadyExists, "Somebody made it meanwhile; choose another name, or run the sync again.".into())
        }
        "42703" | "42P01" | "42704" | "42804" => {
            (Code::SchemaChanged, "The target was changed since it was looked at; look at the preflight again.".into())
        }
        state if ["22", "23", "44"].iter().any(|class| state.starts_with(class)) => {
            (Code::InvalidInput, "The rows contradict what the table demands; correct them or the table.".into())
        }
        _ => return None,
    };
    Some((code, hint))
}
