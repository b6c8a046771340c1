//! One page of hits: what it says of itself, and the raw text of its documents.

use pulse_core::{Code, Error, Result};
use serde_json::Value;

use crate::formats::json_text::{compact, is_valid, members, space, value_end};

/// A page; the documents are slices of its body.
#[derive(Debug, Default)]
pub(super) struct Page<'a> {
    pub hits: Vec<Hit<'a>>,
    /// Documents that match, where the answer counts them exactly.
    pub total: Option<u64>,
    /// The id to ask the next page with; clusters may change it.
    pub pit: Option<String>,
    pub scroll: Option<String>,
}

/// A document.
#[derive(Debug, Default)]
pub(super) struct Hit<'a> {
    /// JSON strings, quotes included.
    index: &'a [u8],
    pub id: &'a [u8],
    source: Option<&'a [u8]>,
    /// The values that the next page goes on behind.
    pub sort: Option<&'a [u8]>,
}

impl<'a> Page<'a> {
    /// Takes an answer to a search apart. Fails if it is none, or if it says that documents are missing.
    pub(super) fn parse(body: &'a [u8], attempt: &str) -> Result<Self> {
        if !is_valid(body) {
            return Err(broken(attempt, "the answer is no complete JSON"));
        }
        let mut page = Self::default();
        let mut seen = false;
        for (name, place) in members(body, space(body, 0)) {
            let raw = &body[place];
            match name.as_str() {
                "_shards" => shards(&value(raw), attempt)?,
                "_clusters" => clusters(&value(raw), attempt)?,
                "timed_out" if raw == b"true" => return Err(timed_out(attempt)),
                "terminated_early" if raw == b"true" => {
                    return Err(broken(attempt, "the cluster stopped before it had gone through all documents"));
                }
                "pit_id" => page.pit = value(raw).as_str().map(str::to_owned),
                "_scroll_id" => page.scroll = value(raw).as_str().map(str::to_owned),
                "hits" => {
                    seen = true;
                    page.take(raw);
                }
                _ => {}
            }
        }
        if seen { Ok(page) } else { Err(broken(attempt, "the answer holds no hits")) }
    }

    fn take(&mut self, hits: &'a [u8]) {
        for (name, place) in members(hits, 0) {
            let raw = &hits[place];
            match name.as_str() {
                "total" => {
                    let total = value(raw);
                    let exact = total["relation"] == "eq";
                    // Before version 7 it was a number.
                    self.total = total.as_u64().or_else(|| total["value"].as_u64().filter(|_| exact));
                }
                "hits" => self.hits = elements(raw).into_iter().map(Hit::parse).collect(),
                _ => {}
            }
        }
    }
}

impl<'a> Hit<'a> {
    fn parse(raw: &'a [u8]) -> Self {
        let mut hit = Self::default();
        for (name, place) in members(raw, 0) {
            let raw = &raw[place];
            match name.as_str() {
                "_index" => hit.index = raw,
                "_id" => hit.id = raw,
                "_source" => hit.source = Some(raw),
                "sort" => hit.sort = Some(raw),
                _ => {}
            }
        }
        hit
    }

    /// Adds the document as one line, behind its id and index if they are wanted. Fails if the index keeps no documents.
    pub(super) fn write(&self, with_id: bool, out: &mut Vec<u8>, attempt: &str) -> Result<()> {
        let Some(source) = self.source else {
            return Err(Error::new(
                Code::Unsupported,
                format!("Could not {attempt}: the index does not keep its documents (`_source` is switched off)."),
            )
            .hint("Only what was indexed is left of them, which cannot be read back; read where they came from.")
            .field("index"));
        };
        let document = compact(source);
        if !with_id {
            out.extend_from_slice(&document);
        } else {
            out.extend_from_slice(b"{\"_id\":");
            out.extend_from_slice(self.id);
            out.extend_from_slice(b",\"_index\":");
            out.extend_from_slice(self.index);
            out.extend_from_slice(if document == b"{}" { b"" } else { b"," });
            out.extend_from_slice(&document[1..]);
        }
        out.push(b'\n');
        Ok(())
    }

    /// The names of the document's top-level fields.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + use<'a> {
        self.source.into_iter().flat_map(|source| members(source, 0).map(|(name, _)| name))
    }
}

fn value(raw: &[u8]) -> Value {
    serde_json::from_slice(raw).unwrap_or_default()
}

/// The values of an array that is known to be valid.
fn elements(array: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut at = space(array, 1);
    while array.get(at).is_some_and(|byte| *byte != b']') {
        let Some(end) = value_end(array, at) else { break };
        found.push(&array[at..end]);
        at = space(array, end);
        if array.get(at) == Some(&b',') {
            at = space(array, at + 1);
        }
    }
    found
}

/// Fails if a part of the index did not answer: its documents would be missing.
fn shards(told: &Value, attempt: &str) -> Result<()> {
    let failed = told["failed"].as_u64().unwrap_or_default();
    if failed == 0 {
        return Ok(());
    }
    let reason = &told["failures"][0]["reason"];
    let reason = reason["reason"].as_str().or_else(|| reason["type"].as_str()).unwrap_or("without a reason");
    let total = told["total"].as_u64().unwrap_or(failed);
    let expired = told["failures"][0]["reason"]["type"] == "search_context_missing_exception";
    let hint = if expired {
        "The view of the index expired: pages came too slowly, or a node restarted. Import again, with smaller pages."
    } else {
        "Without them documents would be missing. Try again later, or ask whoever runs the cluster."
    };
    Err(Error::new(
        Code::Unreachable,
        format!("Could not {attempt}: {failed} of {total} shards failed ({}).", reason.trim_end_matches('.')),
    )
    .hint(hint))
}

/// Fails if another cluster, which the index pattern names, was left out.
fn clusters(told: &Value, attempt: &str) -> Result<()> {
    let left_out: u64 = ["skipped", "failed", "partial"].iter().filter_map(|name| told[*name].as_u64()).sum();
    if left_out == 0 {
        return Ok(());
    }
    Err(Error::new(Code::Unreachable, format!("Could not {attempt}: {left_out} of the clusters did not answer fully."))
        .hint("Without them documents would be missing. Try again later, or leave that cluster out."))
}

fn timed_out(attempt: &str) -> Error {
    Error::new(Code::Unreachable, format!("Could not {attempt}: the cluster gave up before it had all documents."))
        .hint("It is overloaded; try again later, with smaller pages or a narrower filter.")
}

fn broken(attempt: &str, why: &str) -> Error {
    Error::damaged(format!("Could not {attempt}: {why}."))
        .hint("Try again; if it happens again, something between here and the cluster changes its answers.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Result<Page<'_>> {
        Page::parse(text.as_bytes(), "read `a`")
    }

    #[test]
    fn documents_are_kept_to_the_digit() {
        let text = r#" {"took":1,"timed_out":false,"_shards":{"total":1,"failed":0},"pit_id":"p2",
            "hits":{"total":{"value":2,"relation":"eq"},"hits":[
            {"_index":"a","_id":"x\"1","_source":{ "n" : 1.10, "b": 9007199254740993, "s":"a  b", "o":{"z":[1.0 , 2e5]}},
             "sort":[9007199254740993]} , {"_index":"a","_id":"2","_source":{},"sort":[5]}]}}"#;
        let page = page(text).unwrap();
        assert_eq!((page.total, page.pit.as_deref(), page.hits.len()), (Some(2), Some("p2"), 2));
        let mut out = Vec::new();
        page.hits[0].write(true, &mut out, "").unwrap();
        page.hits[0].write(false, &mut out, "").unwrap();
        page.hits[1].write(true, &mut out, "").unwrap();
        let expected = concat!(
            r#"{"_id":"x\"1","_index":"a","n":1.10,"b":9007199254740993,"s":"a  b","o":{"z":[1.0,2e5]}}"#,
            "\n",
            r#"{"n":1.10,"b":9007199254740993,"s":"a  b","o":{"z":[1.0,2e5]}}"#,
            "\n",
            r#"{"_id":"2","_index":"a"}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(page.hits[0].sort, Some(&b"[9007199254740993]"[..]));
        assert_eq!(page.hits[0].names().collect::<Vec<_>>(), ["n", "b", "s", "o"]);
    }

    #[test]
    fn fewer_documents_are_an_error() {
        let cases = [
            (r#"{"timed_out":true,"hits":{"hits":[]}}"#, "gave up"),
            (
                r#"{"_shards":{"total":5,"failed":2,"failures":[{"reason":{"type":"x","reason":"node left"}}]},"hits":{"hits":[]}}"#,
                "2 of 5 shards failed (node left)",
            ),
            (r#"{"_clusters":{"total":2,"successful":1,"skipped":1},"hits":{"hits":[]}}"#, "1 of the clusters"),
            (r#"{"terminated_early":true,"hits":{"hits":[]}}"#, "stopped before"),
            (r#"{"ok":true}"#, "no hits"),
            (r#"{"hits":{"hits":["#, "no complete JSON"),
        ];
        for (text, words) in cases {
            let error = page(text).unwrap_err();
            assert!(error.message.contains(words) && error.hint.is_some(), "{error}");
        }
        let unkept = page(r#"{"hits":{"hits":[{"_index":"a","_id":"1"}]}}"#).unwrap();
        assert_eq!(unkept.hits[0].write(true, &mut Vec::new(), "").unwrap_err().code, Code::Unsupported);
    }

    #[test]
    fn totals_are_understood() {
        assert_eq!(page(r#"{"hits":{"total":7,"hits":[]}}"#).unwrap().total, Some(7));
        assert_eq!(page(r#"{"hits":{"total":{"value":10000,"relation":"gte"},"hits":[]}}"#).unwrap().total, None);
    }
}
