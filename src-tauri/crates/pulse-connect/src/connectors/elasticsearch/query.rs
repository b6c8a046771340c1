//! What is read, as a form, and the search it stands for.

use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// What is read: the documents of an index, all of them or those that match.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Selection {
    /// The index, alias or data stream. Several are separated by commas, and * stands for any characters: logs-2024-*.
    pub index: String,
    /// Which documents, in the words of the search field of Kibana and Dashboards: status:paid AND total:>100. All if
    /// empty.
    #[serde(default)]
    #[schemars(extend("x-placeholder" = "status:paid AND total:>100"))]
    pub query: String,
    /// Which documents, as a query in the Query DSL; with a query text as well, both must match.
    #[serde(default)]
    #[schemars(extend("x-widget" = "code", "x-language" = "json", "x-advanced" = true,
        "x-placeholder" = "{\"range\": {\"total\": {\"gte\": 100}}}"))]
    pub filter: String,
    /// Only these fields, with * for any characters; all if none is named.
    #[serde(default)]
    #[schemars(extend("x-widget" = "tokens"))]
    pub fields: Vec<String>,
    /// Add the columns `_id` and `_index`, which together name a document. Merging rows needs them.
    #[serde(default = "yes")]
    pub include_ids: bool,
    /// Read only what is new: a field that grows, such as `@timestamp`. A refresh goes on behind the greatest value read
    /// so far. Empty to read everything each time.
    #[serde(default)]
    #[schemars(extend("x-placeholder" = "@timestamp"))]
    pub incremental: String,
    /// Go back so far at each refresh, for documents that were late: seconds for dates, otherwise in the field's own
    /// unit. Documents that come again are no trouble when rows are merged by `_id`.
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub lag: u64,
    /// Documents asked for at once; fewer for very big documents.
    #[serde(default = "page_size")]
    #[schemars(range(min = 1, max = 10_000), extend("x-advanced" = true))]
    pub page_size: u64,
}

fn yes() -> bool {
    true
}

fn page_size() -> u64 {
    1000
}

impl Selection {
    /// The name of what is read. Fails if there is none.
    pub(super) fn index(&self) -> Result<&str> {
        let index = self.index.trim();
        if index.is_empty() || index.contains(['/', '?', '#', ' ']) {
            return Err(Error::invalid(format!("`{index}` is not the name of an index."))
                .hint("Choose an index, an alias or a data stream; several are separated by commas.")
                .field("index"));
        }
        Ok(index)
    }

    /// The field that a refresh goes on behind.
    pub(super) fn field(&self) -> Option<&str> {
        Some(self.incremental.trim()).filter(|field| !field.is_empty())
    }

    /// The documents that are wanted, as a query of the cluster. Fails if the filter is no JSON object.
    pub(super) fn wanted(&self) -> Result<Value> {
        let mut conditions = Vec::new();
        if !self.query.trim().is_empty() {
            conditions.push(json!({"query_string": {"query": self.query.trim()}}));
        }
        if !self.filter.trim().is_empty() {
            conditions.push(dsl(self.filter.trim())?);
        }
        Ok(all(conditions))
    }

    /// What of a document is wanted.
    pub(super) fn source(&self) -> Value {
        let fields: Vec<&str> = self.fields.iter().map(|f| f.trim()).filter(|f| !f.is_empty()).collect();
        if fields.is_empty() { json!(true) } else { json!({"includes": fields}) }
    }

    /// Documents of one page.
    pub(super) fn page(&self) -> u64 {
        self.page_size.clamp(1, 10_000)
    }
}

/// A query as people copy it: with or without the `query` around it.
fn dsl(text: &str) -> Result<Value> {
    let hint = "It is an object such as {\"term\": {\"status\": \"paid\"}}.";
    let parsed: Value = serde_json::from_str(text)
        .map_err(|cause| Error::invalid(format!("The filter is no JSON: {cause}.")).hint(hint).field("filter"))?;
    match parsed {
        Value::Object(mut members) if members.len() == 1 && members.contains_key("query") => {
            Ok(members.remove("query").unwrap_or_default())
        }
        Value::Object(members) if members.contains_key("query") => {
            let others: Vec<_> = members.keys().filter(|name| *name != "query").cloned().collect();
            Err(Error::invalid(format!("The filter holds more than a query: {}.", others.join(", ")))
                .hint("Give the query alone; order, fields and size are set elsewhere in the form.")
                .field("filter"))
        }
        Value::Object(members) => Ok(Value::Object(members)),
        _ => Err(Error::invalid("The filter is no object.").hint(hint).field("filter")),
    }
}

/// A query that demands every condition, without scores.
pub(super) fn all(mut conditions: Vec<Value>) -> Value {
    match conditions.len() {
        0 => json!({"match_all": {}}),
        1 => json!({"bool": {"filter": [conditions.remove(0)]}}),
        _ => json!({"bool": {"filter": conditions}}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(value: Value) -> Result<Value> {
        Selection::deserialize(value).unwrap().wanted()
    }

    #[test]
    fn forms_become_queries() {
        assert_eq!(wanted(json!({"index": "a"})).unwrap(), json!({"match_all": {}}));
        let term = json!({"term": {"a": 1}});
        let alone = json!({"bool": {"filter": [term]}});
        for filter in [r#"{"term": {"a": 1}}"#, r#"{"query": {"term": {"a": 1}}}"#] {
            assert_eq!(wanted(json!({"index": "a", "filter": filter})).unwrap(), alone);
        }
        let both = json!({"bool": {"filter": [{"query_string": {"query": "x:1"}}, term]}});
        assert_eq!(wanted(json!({"index": "a", "query": " x:1 ", "filter": r#"{"term": {"a": 1}}"#})).unwrap(), both);
        for filter in ["term", "[1]", r#"{"query": {}, "sort": []}"#] {
            let error = wanted(json!({"index": "a", "filter": filter})).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("filter"), "{error}");
        }
        for index in ["", "a/b", "a b"] {
            assert!(Selection::deserialize(json!({"index": index})).unwrap().index().is_err());
        }
    }
}
