//! The operating system's keyring: one entry a connection, its secrets as a JSON object.

use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use keyring::{Entry, Error as Cause};
use pulse_core::{Code, Error, Result};

use crate::Values;

/// The name under which the keyring shows our entries.
const SERVICE: &str = "Cloud Pulse";
/// A keyring that asks its user something may take as long as it wants later, but not for this first look.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether there is a keyring that answers; found out once.
pub fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let (done, answer) = mpsc::channel();
        // On a thread of its own: a session bus that hangs must not hang the program.
        let look = std::thread::Builder::new().name("keyring".into()).spawn(move || {
            let found = Entry::new(SERVICE, "is there a keyring").and_then(|entry| entry.get_password());
            // Nobody listens any more if it took too long.
            let _ = done.send(matches!(found, Ok(_) | Err(Cause::NoEntry)));
        });
        look.is_ok() && answer.recv_timeout(PATIENCE).unwrap_or(false)
    })
}

/// The secrets of `connection`.
pub fn get(connection: &str) -> Result<Values> {
    match Entry::new(SERVICE, connection).and_then(|entry| entry.get_password()) {
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
    let entry = Entry::new(SERVICE, connection).map_err(|cause| refused("open", &cause))?;
    if values.is_empty() {
        return match entry.delete_credential() {
            Ok(()) | Err(Cause::NoEntry) => Ok(()),
            Err(cause) => Err(refused("remove", &cause)),
        };
    }
    let text = serde_json::to_string(values).map_err(|cause| Error::internal("write down secrets", cause))?;
    entry.set_password(&text).map_err(|cause| refused("save", &cause))
}

/// The keyring's refusal; its message never holds the secret except in the two cases that carry data, which are not shown.
fn refused(attempt: &str, cause: &Cause) -> Error {
    let why = match cause {
        Cause::BadEncoding(_) | Cause::BadDataFormat(..) => "the entry holds something else".to_owned(),
        other => other.to_string(),
    };
    Error::new(
        Code::PermissionDenied,
        format!("The system's keyring could not {attempt} the secrets of a connection: {why}."),
    )
    .hint("Unlock the keyring, or set PULSE_SECRETS=file to keep secrets in a file under a passphrase.")
}
