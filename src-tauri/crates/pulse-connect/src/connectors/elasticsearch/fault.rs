//! What a cluster says is wrong, in words that help.

use pulse_core::{Code, Error};
use serde_json::Value;

/// The error that an answer with a bad status holds; `attempt` completes "Could not …".
pub(super) fn refused(attempt: &str, status: u16, body: &[u8]) -> Error {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &told["error"];
    let (kind, reason) = deepest(error);
    let reason = if reason.is_empty() { format!("it answered with {status}") } else { reason.to_owned() };
    let reason = reason.trim_end_matches('.');
    let text = format!("Could not {attempt}: {reason}.");
    match kind {
        "index_not_found_exception" => Error::not_found(text)
            .hint("Look for the index in the connection; it may have been renamed or deleted.")
            .field("index"),
        "index_closed_exception" => {
            Error::invalid(text).hint("The index is closed; whoever runs the cluster can open it.").field("index")
        }
        "search_context_missing_exception" => Error::new(
            Code::Unreachable,
            format!("Could not {attempt}: the cluster has let go of the view of the index that was being read."),
        )
        .hint("It expires when pages come too slowly, and when a node restarts. Import again, with smaller pages."),
        "security_exception" => Error::new(Code::PermissionDenied, text)
            .hint("The account needs the right to read this index; ask whoever runs the cluster."),
        "circuit_breaking_exception" | "too_many_scroll_contexts_exception" => Error::new(Code::LimitExceeded, text)
            .hint("The cluster is short of memory for this; use smaller pages, or try again later."),
        _ if (400..500).contains(&status) && status != 404 => Error::invalid(text)
            .hint("Check the query and the filter; the message is the cluster's own.")
            .field("filter"),
        _ if status == 404 => Error::not_found(text).hint("Check the address and the name of the index."),
        _ => Error::new(Code::Unreachable, text).hint("The fault is on the cluster's side; try again later."),
    }
}

/// The kind and the reason that say most: those of the first root cause, or of what it was caused by.
fn deepest(error: &Value) -> (&str, &str) {
    let text = |value: &'_ Value| -> String { value.as_str().unwrap_or_default().to_owned() };
    let candidates = [&error["caused_by"]["caused_by"], &error["root_cause"][0], &error["caused_by"], error];
    for candidate in candidates {
        if !text(&candidate["reason"]).is_empty() {
            return (candidate["type"].as_str().unwrap_or_default(), candidate["reason"].as_str().unwrap_or_default());
        }
    }
    ("", error.as_str().unwrap_or_default())
}

/// Whether the cluster does not know the request at all, so that another way can be taken.
pub(super) fn is_unknown_way(error: &Error) -> bool {
    let says = |words: &str| error.message.contains(words);
    says("no handler found")
        || says("[_pit]")
        || says("Invalid index name")
        || says("answered with 405")
        || says("Incorrect HTTP method")
        || says("unrecognized parameter")
        || says("No mapping found for [_shard_doc]")
        || says("unknown key [pit]")
        || says("Unknown key for a START_OBJECT in [pit]")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_clusters_words_become_errors() {
        let body = |kind: &str, reason: &str| {
            let root = json!({"type": kind, "reason": reason});
            json!({"error": {"root_cause": [root], "type": "x", "reason": "all shards failed"}})
        };
        let cases = [
            (404, body("index_not_found_exception", "no such index [a]"), Code::NotFound, "no such index [a]"),
            (404, body("search_context_missing_exception", "No search context"), Code::Unreachable, "let go"),
            (400, body("parsing_exception", "unknown query [nope]"), Code::InvalidInput, "unknown query [nope]"),
            (403, body("security_exception", "is unauthorized"), Code::PermissionDenied, "unauthorized"),
            (400, json!({"error": "no handler found for uri [/a/_pit]"}), Code::InvalidInput, "no handler found"),
            (405, json!({}), Code::InvalidInput, "answered with 405"),
            (500, body("x", "broken"), Code::Unreachable, "broken"),
        ];
        for (status, body, code, words) in cases {
            let error = refused("read `a`", status, body.to_string().as_bytes());
            assert_eq!(error.code, code, "{error}");
            assert!(error.message.contains(words), "{error}");
            assert!(error.hint.is_some());
        }
    }
}
