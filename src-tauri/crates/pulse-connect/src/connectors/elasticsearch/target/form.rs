//! The form of a target, and which names and modes fit it.

use pulse_core::{Code, Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::destination::SyncMode;
use crate::outgoing::Outgoing;

/// Bytes of the longest name of an index.
const NAME: usize = 255;
/// Bytes that the name of a new index behind the alias has more than the alias.
const GENERATION: usize = 32;

/// Where the rows go: an index, which other programs find under its name, or a data stream.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Target {
    /// The name under which the documents are found, in lower case. A new one becomes an alias of an index that is made
    /// for it, so that it can be replaced at once and without a gap later.
    #[schemars(extend("x-placeholder" = "orders"))]
    pub index: String,
    /// What the documents are kept in.
    #[serde(default)]
    pub kind: Kind,
    /// The column that says when a row happened; it becomes `@timestamp`. Empty if a column has that name already.
    #[serde(default)]
    #[schemars(extend("x-depends-on" = {"field": "kind", "values": ["data_stream"]}))]
    pub timestamp: String,
    /// When replacing: also replace an index that has this very name instead of an alias. It is deleted in the same step
    /// in which the new one takes its name.
    #[serde(default)]
    #[schemars(extend("x-depends-on" = {"field": "kind", "values": ["index"]}))]
    pub replace_index: bool,
    /// The column with the latitude, for a place on a map. Empty to take a column called lat or latitude, if one called
    /// lon, lng or longitude is beside it.
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub latitude: String,
    /// The column with the longitude.
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub longitude: String,
    /// The field that holds latitude and longitude as a place on a map (geo_point). Empty for none.
    #[serde(default = "location")]
    #[schemars(extend("x-advanced" = true))]
    pub location: String,
    /// How many requests are under way at once; fewer where others need the cluster.
    #[serde(default = "requests")]
    #[schemars(range(min = 1, max = 16), extend("x-advanced" = true))]
    pub requests: usize,
    /// The most that one request holds, in megabytes. It begins with less, and grows while the cluster answers quickly.
    #[serde(default = "megabytes")]
    #[schemars(range(min = 1, max = 100), extend("x-advanced" = true))]
    pub request_megabytes: usize,
}

/// What documents are kept in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// An index
    #[default]
    Index,
    /// A data stream, which only takes new documents, such as those of a log
    DataStream,
}

fn location() -> String {
    "location".into()
}

fn requests() -> usize {
    4
}

fn megabytes() -> usize {
    15
}

impl Target {
    /// The name. Fails if no index may be called so.
    pub(super) fn name(&self) -> Result<&str> {
        let name = self.index.trim();
        let refuse = |why: &str| {
            Err(Error::invalid(format!("`{name}` cannot be the name of an index: {why}."))
                .hint("Take letters in lower case, digits, hyphens and points, such as shop-orders.")
                .field("index"))
        };
        match name {
            "" => refuse("it is empty"),
            "." | ".." => refuse("it means a folder"),
            _ if name.starts_with(['-', '_', '+', '.']) => refuse("it begins with a character for other purposes"),
            _ if name.chars().any(char::is_uppercase) => refuse("it has letters in upper case"),
            _ if name.contains(['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':']) => {
                refuse("it holds a character that names of indices cannot have")
            }
            _ if name.chars().any(char::is_control) => refuse("it holds an invisible character"),
            _ if name.len() > NAME - GENERATION => refuse("it is longer than 223 bytes"),
            _ => Ok(name),
        }
    }

    /// Fails if a data stream cannot take rows in the mode of `outgoing`, or lacks its timestamp.
    pub(super) fn fits(&self, outgoing: &Outgoing) -> Result<()> {
        if self.kind == Kind::Index {
            return Ok(());
        }
        if outgoing.mode != SyncMode::Append {
            return Err(Error::new(Code::Unsupported, "A data stream only takes new documents.")
                .hint("Choose to append, or an index instead of a data stream.")
                .field("kind"));
        }
        let has = |name: &str| outgoing.columns.iter().any(|column| column.name == name);
        if self.timestamp() != "@timestamp" && has("@timestamp") {
            return Err(Error::invalid("A column is called `@timestamp` already, and another is to become it.")
                .hint("Leave the timestamp empty, or rename the column.")
                .field("timestamp"));
        }
        if !has(self.timestamp()) {
            return Err(Error::invalid(format!(
                "A data stream needs a time for each document, and no column is called `{}`.",
                self.timestamp()
            ))
            .hint("Choose the column that says when a row happened.")
            .field("timestamp"));
        }
        Ok(())
    }

    /// The column that becomes `@timestamp`.
    pub(super) fn timestamp(&self) -> &str {
        Some(self.timestamp.trim()).filter(|name| !name.is_empty()).unwrap_or("@timestamp")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_that_a_cluster_refuses_are_refused_before() {
        let name = |text: &str| Target::deserialize(json!({"index": text})).unwrap().name().map(str::to_owned);
        for good in ["orders", "a", "logs-2024.01", "é", " spaced "] {
            assert_eq!(name(good).unwrap(), good.trim());
        }
        for bad in ["", "A", "_a", "-a", "+a", ".a", "..", "a b", "a/b", "a*", "a,b", "a:b", "a#", &"x".repeat(224)] {
            let error = name(bad).unwrap_err();
            assert!(error.field.as_deref() == Some("index") && error.hint.is_some(), "{bad}: {error}");
        }
    }
}
