//! What object stores answer, in words that say what to do: the stores' own texts name keys and signed addresses.

use std::error::Error as StdError;

use object_store::client::{HttpError, HttpErrorKind};
use pulse_core::{Code, Error};

use super::listing::NO_LISTING;

/// How far a request came before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No connection.
    Connect,
    /// No trust in the other side.
    Tls,
    /// The store does not accept who asks.
    SignIn,
    /// The store knows who asks and refuses, or has no such thing.
    Read,
}

/// Who was asked for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The provider as people call it, such as `S3`.
    pub provider: &'a str,
    /// What the provider calls a bucket.
    pub container: &'a str,
    /// The address that was asked for, without secrets.
    pub address: &'a str,
}

/// What a store's answer means.
struct Answer {
    status: u16,
    code: String,
    text: String,
}

/// The error for a failed request, and how far the request came.
pub(crate) fn explain(cause: &object_store::Error, asked: Asked<'_>) -> (Stage, Error) {
    use object_store::Error as E;
    let address = asked.address;
    match cause {
        E::InvalidPath { source } => return (Stage::Read, unusable_name(source, address)),
        E::NotModified { .. } | E::Precondition { .. } => return (Stage::Read, changed(address)),
        E::NotSupported { .. } | E::NotImplemented { .. } => {
            let message = format!("{} cannot do what reading {address} needs.", asked.provider);
            return (
                Stage::Read,
                Error::new(Code::Unsupported, message).hint("Copy the files to a folder and read that."),
            );
        }
        _ => {}
    }
    let answer = answer(cause);
    if answer.status == 0 && answer.code.is_empty() {
        return transport(cause, asked);
    }
    refused(&answer, asked)
}

/// The error for a file that is no longer what it was when it was listed.
pub(crate) fn changed(address: &str) -> Error {
    Error::new(Code::Conflict, format!("{address} was replaced while it was read."))
        .hint("Start again; what was read of the other files is kept.")
}

/// The error for a path that is not there.
pub(crate) fn no_such_path(address: &str) -> Error {
    Error::not_found(format!("There is nothing at {address}."))
        .hint("Check the path with its capitals, or choose it from the listing.")
        .field("paths")
}

fn refused(answer: &Answer, asked: Asked<'_>) -> (Stage, Error) {
    let Asked { provider, container, address } = asked;
    let said = said(answer);
    if is_full(answer) {
        let error = Error::new(Code::DiskFull, format!("{provider} has no space left for {address}{said}"));
        return (Stage::Read, error.hint("Free space there, or have its quota raised; then start again."));
    }
    let sign_in = |sentence: String, hint: &str, field: &str| {
        let error = Error::new(Code::PermissionDenied, sentence).hint(hint);
        (Stage::SignIn, if field.is_empty() { error } else { error.field(field) })
    };
    match answer.code.as_str() {
        "NoSuchBucket" | "ContainerNotFound" | "ContainerBeingDeleted" => {
            let error = Error::not_found(format!("{provider} has no {container} at {address}."));
            (Stage::Read, error.hint(format!("Check the name of the {container} and the endpoint.")).field(container))
        }
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => {
            let right =
                between(&answer.text, "<Region>", "</Region>").or_else(|| between(&answer.text, "expecting '", "'"));
            let right = right.map_or_else(String::new, |region| format!(" It is in `{region}`."));
            let error = Error::invalid(format!("{address} is not in the region that the connection names.{right}"));
            (Stage::SignIn, error.hint("Set the region of the bucket in the connection.").field("region"))
        }
        "SignatureDoesNotMatch" => sign_in(
            format!("{provider} does not accept the secret key for {address}."),
            "Enter the secret key that belongs to the access key, without blanks around it.",
            "secret_key",
        ),
        "InvalidAccessKeyId" | "NoSuchKeyId" => sign_in(
            format!("{provider} does not know the access key used for {address}."),
            "Check the access key; it may have been deleted or be one of another account.",
            "access_key",
        ),
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => sign_in(
            format!("The session token for {address} is no longer valid."),
            "Get new temporary credentials and enter all three parts of them.",
            "session_token",
        ),
        "RequestTimeTooSkewed" => sign_in(
            format!("{provider} refuses the request for {address}, because this machine's clock is wrong."),
            "Set the clock of this machine by the network's time and try again.",
            "",
        ),
        "AuthenticationFailed" | "InvalidAuthenticationInfo" | "NoAuthenticationInformation" => sign_in(
            format!("{provider} does not accept the credentials for {address}{said}"),
            "Check the account, the key or the SAS token and its expiry, and this machine's clock.",
            "secret_key",
        ),
        "PublicAccessNotPermitted" => sign_in(
            format!("{address} cannot be read without credentials."),
            "Enter the credentials of an account that may read it.",
            "",
        ),
        _ => by_status(answer, asked, &said),
    }
}

/// Whether a store has no space, by its status or by the words that Ceph, MinIO and others have for it.
fn is_full(answer: &Answer) -> bool {
    let codes = ["QuotaExceeded", "StorageFull", "InsufficientStorage"];
    answer.status == 507 || codes.iter().any(|code| answer.code.ends_with(code))
}

fn by_status(answer: &Answer, asked: Asked<'_>, said: &str) -> (Stage, Error) {
    let Asked { provider, address, .. } = asked;
    match answer.status {
        401 => {
            let error = Error::new(Code::PermissionDenied, format!("{provider} wants credentials for {address}{said}"));
            (Stage::SignIn, error.hint("Enter the credentials of an account that may read it."))
        }
        403 => {
            let error = Error::new(Code::PermissionDenied, format!("{provider} refuses access to {address}{said}"));
            (Stage::Read, error.hint("Ask its owner for the right to list and to read it, or use other credentials."))
        }
        404 => (Stage::Read, no_such_path(address)),
        412 => (Stage::Read, changed(address)),
        416 => {
            let error = Error::damaged(format!("{address} is shorter than {provider} said."));
            (Stage::Read, error.hint("Start again; the file was probably replaced."))
        }
        300..=399 => {
            let error = Error::invalid(format!("{provider} sends the request for {address} elsewhere."));
            (Stage::SignIn, error.hint("Check the region and the endpoint of the connection.").field("region"))
        }
        429 | 500..=599 => {
            let error = Error::new(Code::Unreachable, format!("{provider} could not answer for {address} now{said}"));
            (Stage::Read, error.hint("Try again in a while; what was read is kept."))
        }
        status => {
            let status = if status == 0 { String::new() } else { format!(" with status {status}") };
            let error =
                Error::new(Code::Unreachable, format!("{provider} refused the request for {address}{status}{said}"));
            (Stage::Read, error.hint("Check the endpoint and the other settings of the connection."))
        }
    }
}

/// Where clouds give credentials to their machines: hosts, and paths where the host was set otherwise.
const OF_MACHINE: [&str; 7] = [
    "169.254.169.254",
    "metadata.google.internal",
    "instance credentials",
    "/latest/api/token",
    "/latest/meta-data/",
    "/computemetadata/",
    "/metadata/identity",
];

/// The error where no answer came at all.
fn transport(cause: &object_store::Error, asked: Asked<'_>) -> (Stage, Error) {
    let Asked { provider, address, .. } = asked;
    let (mut kind, mut texts) = (None, cause.to_string().to_lowercase());
    let of_machine = OF_MACHINE.iter().any(|word| texts.contains(word));
    let of_command_line = texts.contains("az account get-access-token") || texts.contains("azure cli");
    let mut at: Option<&(dyn StdError + 'static)> = Some(cause);
    while let Some(error) = at {
        if let (None, Some(http)) = (kind, error.downcast_ref::<HttpError>()) {
            // What is above repeats the address, in which any word may occur.
            (kind, texts) = (Some(http.kind()), String::new());
        }
        texts.push_str(&error.to_string().to_lowercase());
        texts.push('\n');
        at = error.source();
    }
    let has = |words: &[&str]| words.iter().any(|word| texts.contains(word));
    let unreachable = |sentence: String| Error::new(Code::Unreachable, sentence);
    if of_command_line {
        let error = Error::new(Code::PermissionDenied, format!("The command line of {provider} gave no token."));
        return (Stage::SignIn, error.hint("Install it if it is missing, and run `az login` in a terminal."));
    }
    if of_machine {
        let error = Error::new(Code::PermissionDenied, format!("This machine has no credentials for {provider}."));
        return (Stage::SignIn, error.hint("Enter a key in the connection, or read without credentials."));
    }
    if has(&["certificate", "handshake", "tls", "invalid peer", "unknownissuer", "corrupt message"]) {
        let error = unreachable(format!("There is no trusted TLS connection to {provider} for {address}."));
        return (
            Stage::Tls,
            error.hint("Check the endpoint: its certificate must be valid for that host.").field("verify_tls"),
        );
    }
    if has(&["dns error", "failed to lookup", "name or service not known"]) {
        let error = unreachable(format!("The host of {provider} for {address} was not found."));
        return (
            Stage::Connect,
            error.hint("Check the endpoint, the name and the network connection.").field("endpoint"),
        );
    }
    if has(&["oauth", "token response", "service account", "credential"]) {
        let error = Error::new(Code::PermissionDenied, format!("{provider} gave no token for {address}."));
        return (Stage::SignIn, error.hint("Check the credentials and this machine's clock."));
    }
    if has(&[NO_LISTING, "invalid list response", "header", "deserialize"]) {
        let error =
            Error::new(Code::Unsupported, format!("What answers at {address} does not speak as {provider} does."));
        return (Stage::Read, error.hint("Check the endpoint; it may be that of a web page.").field("endpoint"));
    }
    if matches!(kind, Some(HttpErrorKind::Timeout)) || has(&["timed out", "timeout"]) {
        let error = unreachable(format!("{provider} did not answer in time for {address}."));
        return (Stage::Connect, error.hint("Check the endpoint and the network; then try again."));
    }
    let error = unreachable(format!("The connection to {provider} for {address} failed or broke off."));
    (Stage::Connect, error.hint("Check the endpoint and the network; what was read is kept for the next try."))
}

fn unusable_name(cause: &object_store::path::Error, address: &str) -> Error {
    use object_store::path::Error as E;
    let (E::EmptySegment { path } | E::BadSegment { path, .. } | E::NonUnicode { path, .. }) = cause else {
        return Error::invalid(format!("The path {address} cannot be read.")).hint("Check the path.").field("paths");
    };
    Error::new(
        Code::Unsupported,
        format!("{address} holds an object named `{path}`, which cannot be addressed as a file."),
    )
    .hint("A part of its name is empty, `.` or `..`; choose a folder without it, or rename that object.")
    .field("paths")
}

/// The store's own code and sentence, for answers that are not known.
fn said(answer: &Answer) -> String {
    let sentence = between(&answer.text, "<Message>", "</Message>").unwrap_or_default();
    // A first line is the sentence; Azure adds an id and the time.
    let sentence = sentence.lines().next().unwrap_or_default();
    // Sentences that repeat what was signed can hold parts of keys.
    let harmless = !sentence.is_empty() && sentence.len() < 300 && !sentence.to_lowercase().contains("sign");
    match (answer.code.as_str(), harmless) {
        ("", false) => ".".into(),
        (code, false) => format!(" ({code})."),
        ("", true) => format!(": {}.", sentence.trim_end_matches('.')),
        (code, true) => format!(" ({code}): {}.", sentence.trim_end_matches('.')),
    }
}

/// The status, the code and the body in an error's text. The crate keeps the status and body private.
fn answer(cause: &object_store::Error) -> Answer {
    let text = cause.to_string();
    let status = between(&text, "status code: ", " ").and_then(|digits| digits.parse().ok());
    let bare_redirect = text.contains("Received redirect without LOCATION");
    let status = if bare_redirect { 301 } else { status.unwrap_or_default() };
    let code = between(&text, "<Code>", "</Code>").unwrap_or_default();
    let status = match cause {
        object_store::Error::NotFound { .. } if status == 0 => 404,
        _ => status,
    };
    Answer { status, code: if bare_redirect { "PermanentRedirect".into() } else { code }, text }
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let from = text.find(start)? + start.len();
    let length = text[from..].find(end)?;
    Some(text[from..from + length].trim().to_owned()).filter(|found| !found.is_empty())
}
