//! SQLite's failures in the words of the error model.

use std::path::Path;

use pulse_core::{Code, Error};
use rusqlite::ErrorCode;

/// The error for `cause`; `attempt` completes "Could not …", `path` is the catalog's file.
pub(crate) fn describe(attempt: &str, path: &Path, cause: &rusqlite::Error) -> Error {
    let file = path.display();
    let (code, hint) = match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => return damaged(path, &cause.to_string()),
        Some(ErrorCode::DiskFull) => {
            (Code::DiskFull, "Free some space on that disk and try again; nothing that was there is lost.")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (Code::Conflict, "Another program has the catalog open; close it and try again.")
        }
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => (
            Code::PermissionDenied,
            "Give your user write access to the workspace folder, or choose another workspace.",
        ),
        Some(ErrorCode::ConstraintViolation) => {
            (Code::AlreadyExists, "Something with that id is already in the catalog; choose another.")
        }
        _ => (Code::Internal, "Try again; if it happens again, the log file in the workspace says more."),
    };
    Error::new(code, format!("Could not {attempt} in the catalog {file}: {cause}")).hint(hint)
}

/// The error for a file that is no sound catalog: names it and says how to go on without losing anything.
pub(crate) fn damaged(path: &Path, cause: &str) -> Error {
    Error::damaged(format!("The catalog {} cannot be read: {cause}.", path.display())).hint(
        "Move that file (and those beside it that end in -wal and -shm) to another folder and start again: a new \
         catalog is made. The tables in lake/ and the files in landing/ are safe; recipes, saved queries and the list \
         of jobs are in the file you moved.",
    )
}
