//! What a server's refusal means to an analyst.

use std::error::Error as _;

use pulse_core::{Code, Error};
use tokio_postgres::error::ErrorPosition;

use super::settings::Settings;

/// An error as a server reports it.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    /// SQLSTATE, five characters ("PostgreSQL Error Codes" in its manual).
    pub state: String,
    /// The sentence, without a full stop.
    pub message: String,
    /// More about it.
    pub detail: String,
    /// The server's own hint.
    pub hint: String,
    /// Where in the statement, in characters from 1.
    pub position: Option<u32>,
    /// Where in the work, such as `COPY orders, line 3`.
    pub context: String,
}

impl Refusal {
    /// From the fields of an ErrorResponse message: a letter and a text ended by NUL each.
    pub fn parse(mut fields: &[u8]) -> Self {
        let mut refusal = Self::default();
        while let [kind, rest @ ..] = fields {
            let Some(end) = rest.iter().position(|byte| *byte == 0).filter(|_| *kind != 0) else { break };
            let text = String::from_utf8_lossy(&rest[..end]).into_owned();
            match kind {
                b'C' => refusal.state = text,
                b'M' => refusal.message = text,
                b'D' => refusal.detail = text,
                b'H' => refusal.hint = text,
                b'P' => refusal.position = text.parse().ok(),
                b'W' => refusal.context = text,
                _ => {}
            }
            fields = &rest[end + 1..];
        }
        refusal
    }

    /// What the server refused; nothing if the connection broke.
    pub fn of(error: &tokio_postgres::Error) -> Option<Self> {
        let error = error.as_db_error()?;
        Some(Self {
            state: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: error.detail().unwrap_or_default().to_owned(),
            hint: error.hint().unwrap_or_default().to_owned(),
            position: match error.position() {
                Some(ErrorPosition::Original(position)) => Some(*position),
                _ => None,
            },
            context: error.where_().unwrap_or_default().to_owned(),
        })
    }
}

/// The error for a query that failed; `attempt` completes "Could not …".
pub(super) fn failed(settings: &Settings, attempt: &str, cause: &tokio_postgres::Error) -> Error {
    match Refusal::of(cause) {
        Some(refusal) => refused(settings, attempt, &refusal),
        None => lost(settings, attempt, &cause.source().map_or_else(|| cause.to_string(), ToString::to_string)),
    }
}

/// The error for a connection that broke.
pub(super) fn lost(settings: &Settings, attempt: &str, cause: &str) -> Error {
    let server = settings.server();
    Error::new(Code::Unreachable, format!("Could not {attempt}: the connection to {server} was lost ({cause})."))
        .hint("The server or the network failed; nothing was changed. Try again.")
}

/// The error for a statement that the server refused.
pub(super) fn refused(settings: &Settings, attempt: &str, refusal: &Refusal) -> Error {
    let (code, hint, field) = meaning(settings, refusal);
    let Refusal { message, detail, position, .. } = refusal;
    let mut text = format!("Could not {attempt}: {message}");
    if !detail.is_empty() && code != Code::PermissionDenied {
        text.push_str(&format!(" ({})", detail.trim_end_matches('.')));
    }
    if let Some(position) = position.filter(|_| matches!(code, Code::InvalidInput)) {
        text.push_str(&format!(", at character {position} of what was sent"));
    }
    let own = if refusal.hint.is_empty() { String::new() } else { format!(" The server says: {}", refusal.hint) };
    let error = Error::new(code, format!("{text}.")).hint(format!("{hint}{own}"));
    if field.is_empty() { error } else { error.field(field) }
}

/// Code, hint and form member of a SQLSTATE.
fn meaning(settings: &Settings, refusal: &Refusal) -> (Code, String, &'static str) {
    let (code, hint, field) = match refusal.state.as_str() {
        "28P01" => (Code::PermissionDenied, "Check user and password; both are case-sensitive.", "password"),
        "28000" if refusal.message.contains("no encryption") || refusal.message.contains("SSL off") => {
            (Code::PermissionDenied, "This server wants an encrypted connection: set TLS to required.", "tls")
        }
        "28000" => (
            Code::PermissionDenied,
            "Check the user; the server's administrator decides in pg_hba.conf who may connect from where.",
            "user",
        ),
        "3D000" => (Code::NotFound, "Check the database's name; it is case-sensitive.", "database"),
        "42501" => {
            let hint = format!(
                "Ask the owner for the right to read it: GRANT SELECT ON … TO {0}, and GRANT USAGE ON SCHEMA … TO {0}.",
                super::sql::name(&settings.user)
            );
            return (Code::PermissionDenied, hint, "");
        }
        "53300" => (Code::LimitExceeded, "The server allows no more connections; try again later.", ""),
        "53100" | "53200" | "53000" | "53400" | "54000" | "54001" => (
            Code::LimitExceeded,
            "The server has too little room for this; read less of it, or ask its administrator.",
            "",
        ),
        "57014" if refusal.message.contains("timeout") => (
            Code::LimitExceeded,
            "The server limits how long a statement runs. Read fewer rows, or set the connection's options to \
             `-c statement_timeout=0`.",
            "options",
        ),
        "57014" => (Code::Cancelled, "Somebody ended the statement on the server; start it again.", ""),
        "25P03" | "57P05" => (Code::Unreachable, "The server ended an idle connection; try again.", ""),
        "57P01" | "57P02" => (Code::Unreachable, "The server was shut down meanwhile; try again when it runs.", ""),
        "57P03" => (Code::Unreachable, "The server is just starting or stopping; try again in a moment.", ""),
        "55P03" => (Code::Unreachable, "Somebody else has locked the table; try again later.", ""),
        "40001" | "40P01" | "72000" => (
            Code::Unreachable,
            "A change on the server came in between, as on a replica; try again, or read fewer rows.",
            "",
        ),
        "42P01" | "3F000" => (Code::NotFound, "Look around in the connection to see which tables there are.", ""),
        "42703" => (Code::InvalidInput, "Check the column's name; names with capitals need double quotes.", ""),
        "25006" => (Code::InvalidInput, "Only reading is allowed here: write a SELECT that changes nothing.", ""),
        "0A000" => (Code::Unsupported, "Read it in another way, such as through a view.", ""),
        state if state.starts_with("42") => (Code::InvalidInput, "Correct the SQL and try again.", ""),
        state if state.starts_with("22") => {
            (Code::InvalidInput, "A value does not fit an expression; correct the SQL, or leave such rows out.", "")
        }
        state if state.starts_with("08") || state.starts_with("58") || state.starts_with("XX") => {
            (Code::Unreachable, "The server has a problem of its own; its administrator finds more in its log.", "")
        }
        _ => (Code::InvalidInput, "Read the server's message; correct the selection and try again.", ""),
    };
    (code, hint.to_owned(), field)
}
