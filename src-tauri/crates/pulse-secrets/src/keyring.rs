//! The operating system's keyring: one entry a connection, its secrets as a JSON object.

use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use keyring::{Entry, Error as Cause};
use pulse_core::{Code, Error, Result};

use crate::Values;

/// The name under which the keyring shows our entries.
const SERVICE: &str = "Cloud Pulse";
/// What helps where the keyring refuses.
const UNLOCK: &str = "Unlock the keyring, or set PULSE_SECRETS=file to keep secrets in a file under a passphrase.";
/// A keyring that asks its user something may take as long as it wants later, but not for this first look.
const FIRST_LOOK: Duration = Duration::from_secs(5);
/// How long it may take later, when it may be waiting for its user to unlock it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether there is a keyring that answers; found out once.
pub fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let found =
            answered(FIRST_LOOK, || Entry::new(SERVICE, "is there a keyring").and_then(|entry| entry.get_password()));
        matches!(found, Some(Ok(_) | Err(Cause::NoEntry)))
    })
}

/// What the keyring answers to `work`, if it does in time. On a thread of its own: a session bus that hangs must not hang
/// the program.
fn answered<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, answer) = mpsc::channel();
    let asking = std::thread::Builder::new().name("keyring".into()).spawn(move || {
        // Nobody listens any more if it took too long.
        let _ = done.send(work());
    });
    asking.ok().and_then(|_| answer.recv_timeout(limit).ok())
}

/// What the keyring answers about the entry of `connection`.
fn entry<T: Send + 'static>(
    attempt: &str,
    connection: &str,
    work: impl FnOnce(&Entry) -> Result<T, Cause> + Send + 'static,
) -> Result<Result<T, Cause>> {
    let connection = connection.to_owned();
    let answer = answered(PATIENCE, move || Entry::new(SERVICE, &connection).and_then(|entry| work(&entry)));
    answer.ok_or_else(|| {
        let text =
            format!("The system's keyring has not answered: it could not {attempt} the secrets of a connection.");
        Error::new(Code::Unreachable, text).hint(UNLOCK)
    })
}

/// The secrets of `connection`.
pub fn get(connection: &str) -> Result<Values> {
    match entry("read", connection, Entry::get_password)? {
        Ok(text) => serde_json::from_str(&text).map_err(|_| {
            Error::damaged("The keyring's entry of this connection is not what was saved.")
                .hint("Edit the connection and give its password or key again.")
        }),
        Err(Cause::NoEntry) => Ok(Values::new()),
        Err(cause) => Err(refused("read", &cause)),
    }
}

/// Replaces the secrets of `connection`.
pub fn set(connection: &str, values: &Values) -> Result<()> {
    if values.is_empty() {
        return match entry("remove", connection, Entry::delete_credential)? {
            Ok(()) | Err(Cause::NoEntry) => Ok(()),
            Err(cause) => Err(refused("remove", &cause)),
        };
    }
    let text = serde_json::to_string(values).map_err(|cause| Error::internal("write down secrets", cause))?;
    entry("save", connection, move |entry| entry.set_password(&text))?.map_err(|cause| refused("save", &cause))
}

/// The keyring's refusal; its message never holds the secret except in the two cases that carry data, which are not shown.
fn refused(attempt: &str, cause: &Cause) -> Error {
    if cause.to_string().contains("NoSession") {
        let text =
            format!("The system's keyring was started anew, so it could not {attempt} the secrets of a connection.");
        return Error::new(Code::PermissionDenied, text).hint("Close Cloud Pulse and start it again; nothing is lost.");
    }
    let why = match cause {
        Cause::BadEncoding(_) | Cause::BadDataFormat(..) => "the entry holds something else".to_owned(),
        other => other.to_string(),
    };
    Error::new(
        Code::PermissionDenied,
        format!("The system's keyring could not {attempt} the secrets of a connection: {why}."),
    )
    .hint(UNLOCK)
}
