//! The answer to a bulk request: what became of each document.

use pulse_core::{Code, Error, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// The kind of an error that says that writes are blocked.
const BLOCKED: &str = "cluster_block_exception";

/// What became of one document.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is there, or gone if it was to be deleted.
    Delivered,
    /// The index holds a newer state, and why that is so.
    Superseded(String),
    /// It was refused for good, and why.
    Rejected(String),
    /// It may be taken later; the reason.
    Later(String),
    /// Nothing can be written any more.
    Stop(Box<Error>),
}

/// What is known about the documents that were sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// The version that they have, where they have one of ours.
    pub version: Option<u64>,
    /// Whether they may have been sent before, without an answer that we know of.
    pub again: bool,
}

/// The answer as far as it has to be read where every document was taken.
#[derive(Deserialize)]
struct Glance {
    errors: bool,
    items: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Told {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(alias = "create", alias = "delete")]
    index: One,
}

#[derive(Deserialize)]
struct One {
    status: u16,
    #[serde(default)]
    error: Value,
}

/// The outcomes of `count` documents, in their order. Fails if the answer is none to them.
pub(super) fn outcomes(body: &[u8], count: usize, sent: Sent) -> Result<Vec<Outcome>> {
    let broken = |why: String| {
        Error::damaged(format!("Could not send documents: the answer to a bulk request {why}."))
            .hint("Something between here and the cluster changes its answers. What was confirmed before is kept.")
    };
    if serde_json::from_slice(body).is_ok_and(|glance: Glance| !glance.errors && glance.items.len() == count) {
        return Ok((0..count).map(|_| Outcome::Delivered).collect());
    }
    let told: Told = serde_json::from_slice(body).map_err(|cause| broken(format!("is not understood ({cause})")))?;
    if told.items.len() != count {
        return Err(broken(format!("speaks of {} documents, and {count} were sent", told.items.len())));
    }
    Ok(told.items.into_iter().map(|item| outcome(&item.index, sent)).collect())
}

fn outcome(one: &One, sent: Sent) -> Outcome {
    let kind = one.error["type"].as_str().unwrap_or_default();
    match one.status {
        200..=299 => Outcome::Delivered,
        // Without an error it is about a document that was to be deleted and is not there.
        404 if one.error.is_null() => Outcome::Delivered,
        409 => conflict(one, sent),
        _ if kind == BLOCKED => stop(blocked(&reason(&one.error))),
        429 | 500..=599 => Outcome::Later(reason(&one.error)),
        401 | 403 => stop(denied(&reason(&one.error))),
        404 => stop(
            Error::not_found(format!("Could not write documents: {}.", reason(&one.error)))
                .hint("The index was removed meanwhile; run the sync anew.")
                .field("index"),
        ),
        _ => Outcome::Rejected(reason(&one.error)),
    }
}

fn stop(error: Error) -> Outcome {
    Outcome::Stop(Box::new(error))
}

/// The error of an answer that refuses a whole request for good: a full disk, a block, a right that the account lacks.
pub(super) fn refusal(status: u16, body: &[u8]) -> Option<Error> {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    match status {
        _ if told["error"]["type"] == BLOCKED => Some(blocked(&reason(&told["error"]))),
        403 => Some(denied(&reason(&told["error"]))),
        _ => None,
    }
}

fn denied(reason: &str) -> Error {
    Error::new(Code::PermissionDenied, format!("Could not write documents: {reason}."))
        .hint("The account needs the right to write to this index; ask whoever runs the cluster.")
}

/// A version that is not above that of the document that is there.
fn conflict(one: &One, sent: Sent) -> Outcome {
    let reason = reason(&one.error);
    let Some(version) = sent.version else {
        // The id belongs to this one row of this run, so the document that has it is the row.
        return Outcome::Delivered;
    };
    let there =
        reason.split_once("current version [").and_then(|(_, rest)| rest.split(']').next()?.parse::<u64>().ok());
    if there == Some(version) && sent.again { Outcome::Delivered } else { Outcome::Superseded(reason) }
}

/// An index that takes nothing any more; mostly because a disk is full.
fn blocked(reason: &str) -> Error {
    // Older clusters call the block that they set when a disk is full by its name only.
    let full = ["flood-stage", "disk usage", "allow-delete", "allow delete"].iter().any(|words| reason.contains(words));
    let (code, hint) = if full {
        (
            Code::DiskFull,
            "A disk of the cluster is full; free space there. Newer clusters lift the block themselves then.",
        )
    } else {
        (Code::PermissionDenied, "The index is set to take no writes; whoever runs the cluster can change that.")
    };
    Error::new(code, format!("Could not write documents: {reason}.")).hint(hint)
}

/// The cluster's words, down to the first cause.
pub(super) fn reason(error: &Value) -> String {
    let mut text = String::new();
    let mut place = error;
    while let Some(words) = place["reason"].as_str() {
        if !text.contains(words) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(words.trim_end_matches('.'));
        }
        place = &place["caused_by"];
    }
    if text.is_empty() { error.as_str().unwrap_or("without a reason").to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(item: Value, sent: Sent) -> Outcome {
        outcomes(json!({"errors": true, "items": [item]}).to_string().as_bytes(), 1, sent).unwrap().remove(0)
    }

    fn failed(status: u16, kind: &str, reason: &str) -> Value {
        json!({"index": {"status": status, "error": {"type": kind, "reason": reason}}})
    }

    #[test]
    fn every_status_has_its_meaning() {
        let first = Sent { version: Some(5), again: false };
        let again = Sent { again: true, ..first };
        let own = Sent { version: None, again: false };
        let conflict = |there: u64| {
            failed(
                409,
                "version_conflict_engine_exception",
                &format!("[1]: version conflict, current version [{there}] is higher"),
            )
        };
        assert!(matches!(of(json!({"index": {"status": 201}}), first), Outcome::Delivered));
        assert!(matches!(of(json!({"delete": {"status": 404}}), first), Outcome::Delivered));
        assert!(matches!(of(conflict(5), again), Outcome::Delivered), "it came before");
        assert!(matches!(of(conflict(5), first), Outcome::Superseded(_)), "somebody else's");
        assert!(matches!(of(conflict(6), again), Outcome::Superseded(_)));
        assert!(matches!(
            of(json!({"create": {"status": 409, "error": {"reason": "exists"}}}), own),
            Outcome::Delivered
        ));
        assert!(matches!(of(failed(429, "es_rejected_execution_exception", "full"), first), Outcome::Later(_)));
        assert!(matches!(of(failed(503, "unavailable_shards_exception", "gone"), first), Outcome::Later(_)));
        let nested = json!({"index": {"status": 400, "error": {"reason": "a.", "caused_by": {"reason": "b"}}}});
        assert!(matches!(of(nested, first), Outcome::Rejected(reason) if reason == "a: b"));
        let stops = [
            (failed(404, "index_not_found_exception", "no such index [a]"), Code::NotFound),
            (failed(403, "security_exception", "unauthorized"), Code::PermissionDenied),
            (failed(403, "cluster_block_exception", "[FORBIDDEN/8/index write (api)]"), Code::PermissionDenied),
            (
                failed(403, "cluster_block_exception", "[FORBIDDEN/12/index read-only / allow delete (api)]"),
                Code::DiskFull,
            ),
            (failed(429, "cluster_block_exception", "disk usage exceeded flood-stage watermark"), Code::DiskFull),
        ];
        for (item, code) in stops {
            assert!(matches!(of(item.clone(), first), Outcome::Stop(error) if error.code == code), "{item}");
        }
    }

    #[test]
    fn a_request_that_is_refused_as_a_whole_says_whether_it_is_for_good() {
        let body =
            |kind: &str| json!({"error": {"type": kind, "reason": "disk usage exceeded"}, "status": 429}).to_string();
        assert_eq!(refusal(429, body("cluster_block_exception").as_bytes()).unwrap().code, Code::DiskFull);
        assert!(refusal(429, body("es_rejected_execution_exception").as_bytes()).is_none());
        assert!(refusal(429, b"busy").is_none());
        assert_eq!(refusal(403, b"no").unwrap().code, Code::PermissionDenied);
    }

    #[test]
    fn an_answer_to_other_documents_is_none() {
        let sent = Sent { version: None, again: false };
        for body in [
            r#"{"items":[]}"#,
            r#"{"errors":false,"items":[]}"#,
            r#"{"items":[{"index":{"status":201}},{"index":{"status":201}}]}"#,
            "{}",
            "<html>",
        ] {
            assert_eq!(outcomes(body.as_bytes(), 1, sent).unwrap_err().code, Code::Damaged, "{body}");
        }
    }
}
