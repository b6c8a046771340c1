//! The error model: one struct with a code for programs and a message, hint and field for people.

use std::fmt;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The result of everything in Cloud Pulse that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as programs tell errors apart. A variant exists only where a consumer acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request itself is wrong: a bad value, a missing column, invalid SQL.
    InvalidInput,
    /// A named table, file, version, recipe or job does not exist.
    NotFound,
    /// What should be created exists already.
    AlreadyExists,
    /// Somebody else changed the same thing first.
    Conflict,
    /// The user cancelled the job.
    Cancelled,
    /// The operating system refused access.
    PermissionDenied,
    /// No space is left on the device.
    DiskFull,
    /// The bytes are not what they should be: a truncated archive, a torn log, a corrupt catalog.
    Damaged,
    /// The input is fine but this version cannot handle it.
    Unsupported,
    /// Another process has the workspace open.
    WorkspaceLocked,
    /// A resource limit was reached: memory, temporary space, nesting, archive size.
    LimitExceeded,
    /// Another machine did not answer, or not as it should; trying again later may help.
    Unreachable,
    /// The columns of a source have changed and the user wants to decide what happens.
    SchemaChanged,
    /// The saved secrets are under a passphrase that was not given yet.
    SecretsLocked,
    /// Anything that should not happen; the log holds the details.
    Internal,
}

/// An error a user can act on: what was attempted and went wrong, why, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// The kind of error, for programs.
    pub code: Code,
    /// What was attempted on what, and what went wrong; a sentence.
    pub message: String,
    /// What to do next; a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The form field or request member the error belongs to, as a dotted path such as `steps.2.column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Error {
    /// An error of `code` with a sentence for the user.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, field: None }
    }

    /// [`Code::InvalidInput`] with a sentence for the user.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidInput, message)
    }

    /// [`Code::NotFound`] with a sentence for the user.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// [`Code::Damaged`] with a sentence for the user.
    pub fn damaged(message: impl Into<String>) -> Self {
        Self::new(Code::Damaged, message)
    }

    /// [`Code::Internal`]: `attempt` names what was being done, `cause` is the engine's own message.
    pub fn internal(attempt: &str, cause: impl fmt::Display) -> Self {
        Self::new(Code::Internal, format!("Could not {attempt}: {cause}"))
            .hint("Try again; if it happens again, the log file in the workspace says more.")
    }

    /// The error for a failed file operation: `attempt` completes "Could not … `path`".
    pub fn io(attempt: &str, path: &Path, cause: &io::Error) -> Self {
        let (code, hint) = match cause.kind() {
            io::ErrorKind::NotFound => (Code::NotFound, "Check the path; the file may have been moved or renamed."),
            io::ErrorKind::PermissionDenied => {
                (Code::PermissionDenied, "Give your user access to it, or choose another place.")
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                (Code::DiskFull, "Free some space on that disk and try again; nothing that was there is lost.")
            }
            io::ErrorKind::IsADirectory => (Code::InvalidInput, "Choose a file inside the folder."),
            io::ErrorKind::AlreadyExists => (Code::AlreadyExists, "Choose another name."),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
                (Code::Damaged, "The file is damaged or incomplete; fetch it again.")
            }
            _ => (Code::Internal, "Try again; if it happens again, check the disk."),
        };
        Self::new(code, format!("Could not {attempt} {}: {cause}", path.display())).hint(hint)
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the request member the error belongs to.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
