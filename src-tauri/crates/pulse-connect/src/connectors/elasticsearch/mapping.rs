//! Mappings: what a cluster knows of the fields of its indices.

use std::collections::{BTreeMap, HashSet};

use pulse_core::{Code, Error, Progress, Result};
use serde_json::Value;

use super::server::{Ask, Server, encoded};
use crate::connector::EntryColumn;

/// Types whose values are texts, whatever they look like: `007` and `2024-01-05` too.
const TEXTS: [&str; 8] =
    ["keyword", "text", "match_only_text", "constant_keyword", "wildcard", "search_as_you_type", "version", "ip"];

/// The mappings of the indices that a name stands for.
#[derive(Debug, Default)]
pub(super) struct Mappings {
    /// Index and the `properties` of its mapping.
    indices: Vec<(String, Value)>,
}

impl Mappings {
    /// Asks for the mappings of `index`, which may be a pattern. Fails with [`Code::NotFound`] if nothing has that name.
    pub(super) fn of(server: &Server, index: &str, attempt: &str, progress: &Progress) -> Result<Self> {
        let path = format!("{}/_mapping", encoded(index));
        let told = server.value(&Ask::get(&path, &[]), attempt, progress)?;
        let indices: Vec<(String, Value)> = told
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, about)| (name.clone(), properties(&about["mappings"]).clone()))
            .collect();
        if indices.is_empty() {
            return Err(Error::new(Code::NotFound, format!("Could not {attempt}: no index has that name."))
                .hint("Look for the index in the connection; hidden indices are listed apart.")
                .field("index"));
        }
        Ok(Self { indices })
    }

    /// Whether the name stands for exactly this one index, so that ids alone name its documents.
    pub(super) fn is_just(&self, index: &str) -> bool {
        matches!(self.indices.as_slice(), [(name, _)] if name == index)
    }

    /// Whether documents may lie inside documents, which some counts include.
    pub(super) fn nests(&self) -> bool {
        self.indices.iter().any(|(_, properties)| nests(properties))
    }

    /// The type words that a field has, one if all indices agree; a name may lead into objects with points.
    pub(super) fn types_of(&self, field: &str) -> Vec<&str> {
        let mut found: Vec<&str> =
            self.indices.iter().filter_map(|(_, properties)| type_of(properties, field)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Which of the columns hold texts, whatever these look like.
    pub(super) fn texts(&self, columns: &HashSet<String>) -> BTreeMap<String, String> {
        let is_text = |name: &&String| {
            let types = self.types_of(name);
            !types.is_empty() && types.iter().all(|word| TEXTS.contains(word))
        };
        columns.iter().filter(is_text).map(|name| (name.clone(), "text".to_owned())).collect()
    }

    /// The top-level fields of the newest index, which is the last by name.
    pub(super) fn columns(&self) -> Vec<EntryColumn> {
        let Some((_, properties)) = self.indices.iter().max_by(|a, b| a.0.cmp(&b.0)) else { return Vec::new() };
        let column = |(name, about): (&String, &Value)| {
            let inside: Vec<&str> =
                about["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let description = if inside.is_empty() { String::new() } else { format!("holds {}", inside.join(", ")) };
            EntryColumn { name: name.clone(), type_word: word(about).to_owned(), description, key: false }
        };
        properties.as_object().into_iter().flatten().map(column).collect()
    }

    /// These of the indices only.
    pub(super) fn some(&self, names: &[String]) -> Self {
        let kept = self.indices.iter().filter(|(name, _)| names.contains(name));
        Self { indices: kept.cloned().collect() }
    }

    /// Together with others.
    pub(super) fn join(&mut self, other: Self) {
        self.indices.extend(other.indices);
    }
}

/// The properties of a mapping; before version 7 they lay under the name of a type.
fn properties(mappings: &Value) -> &Value {
    if !mappings["properties"].is_null() {
        return &mappings["properties"];
    }
    let typed = mappings.as_object().into_iter().flatten().find_map(|(_, about)| about.get("properties"));
    typed.unwrap_or(&mappings["properties"])
}

fn word(about: &Value) -> &str {
    about["type"].as_str().unwrap_or("object")
}

fn type_of<'a>(properties: &'a Value, field: &str) -> Option<&'a str> {
    if let Some(about) = properties.get(field) {
        return Some(word(about));
    }
    // Longer names first: a field's own name may hold points.
    field.match_indices('.').rev().find_map(|(at, _)| {
        let about = properties.get(&field[..at])?;
        let inner = type_of(&about["properties"], &field[at + 1..]);
        inner.or_else(|| type_of(&about["fields"], &field[at + 1..]))
    })
}

fn nests(properties: &Value) -> bool {
    let any = |about: &Value| about["type"] == "nested" || nests(&about["properties"]);
    properties.as_object().into_iter().flatten().any(|(_, about)| any(about))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_have_types() {
        let one = json!({"code": {"type": "keyword"}, "a": {"properties": {"b": {"type": "date"}}},
            "t": {"type": "text", "fields": {"keyword": {"type": "keyword"}}}, "x.y": {"type": "long"},
            "n": {"type": "nested", "properties": {}}});
        let two = json!({"code": {"type": "long"}, "t": {"type": "keyword"}});
        let mappings = Mappings { indices: vec![("i-1".into(), one), ("i-2".into(), two)] };
        let cases: [(&str, &[&str]); 7] = [
            ("code", &["keyword", "long"]),
            ("a.b", &["date"]),
            ("a", &["object"]),
            ("t", &["keyword", "text"]),
            ("t.keyword", &["keyword"]),
            ("x.y", &["long"]),
            ("none.b", &[]),
        ];
        for (field, types) in cases {
            assert_eq!(mappings.types_of(field), types, "{field}");
        }
        let columns = ["code", "t", "a", "unknown"].map(str::to_owned).into();
        assert_eq!(mappings.texts(&columns).into_keys().collect::<Vec<_>>(), ["t"]);
        assert!(mappings.nests() && !mappings.some(&["i-2".to_owned()]).nests());
        assert!(!mappings.is_just("i-1") && mappings.some(&["i-1".to_owned()]).is_just("i-1"));
        assert_eq!(mappings.columns().len(), 2, "the newest index");
    }
}
