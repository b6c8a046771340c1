//! The form of a target, and which names and modes fit it.

use pulse_core::{Code, Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::outgoing::Outgoing;

/// Characters of the longest name of a topic.
const NAME: usize = 249;

/// Where the rows go: a topic, with one message for each row.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Target {
    /// The topic.
    #[schemars(extend("x-placeholder" = "orders"))]
    pub topic: String,
    /// How a row is written as the value of its message.
    #[serde(default)]
    pub format: Format,
    /// What separates the fields of CSV: one character, `\t` for a tabulator.
    #[serde(default = "comma")]
    #[schemars(extend("x-depends-on" = {"field": "format", "values": ["csv"]}))]
    pub csv_delimiter: String,
    /// How the key's columns are written as the key of the message. Messages with the same key are in the same partition,
    /// the one that Kafka's own clients choose too.
    #[serde(default)]
    pub key_format: KeyFormat,
    /// Send the rows in transactions: whoever reads only what is committed sees the rows of a transaction together, and
    /// none of an attempt that was interrupted. The cluster must allow it.
    #[serde(default)]
    pub transactional: bool,
    /// Make the topic if it is not there.
    #[serde(default = "yes")]
    pub create: bool,
    /// How many partitions a topic has that is made.
    #[serde(default = "partitions")]
    #[schemars(range(min = 1, max = 10000), extend("x-depends-on" = {"field": "create", "values": [true]}))]
    pub partitions: u32,
    /// On how many brokers each partition of a topic is kept that is made; 0 for what the cluster does by itself.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100), extend("x-depends-on" = {"field": "create", "values": [true]}, "x-advanced" = true))]
    pub replication: u32,
    /// How messages are packed on their way and in the topic.
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub compression: Compression,
}

/// How a row is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// JSON: an object with the columns as members
    #[default]
    Json,
    /// CSV: one line with the columns in order
    Csv,
    /// Avro, by the schema registry if the connection names one
    Avro,
}

/// How a key is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyFormat {
    /// One column as its text, several as a JSON object
    #[default]
    Text,
    /// Always as a JSON object
    Json,
}

/// How messages are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Compression {
    /// LZ4: quick
    #[default]
    Lz4,
    /// Zstandard: small
    Zstd,
    /// Snappy
    Snappy,
    /// gzip
    Gzip,
    /// Not at all
    None,
}

impl Compression {
    /// The word of the client's library.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
            Self::Gzip => "gzip",
            Self::None => "none",
        }
    }
}

fn comma() -> String {
    ",".into()
}

fn yes() -> bool {
    true
}

fn partitions() -> u32 {
    3
}

impl Target {
    /// The topic's name. Fails if no topic may be called so.
    pub(super) fn topic(&self) -> Result<&str> {
        let name = self.topic.trim();
        let refuse = |why: &str| {
            Err(Error::invalid(format!("`{name}` cannot be the name of a topic: {why}."))
                .hint("Take letters, digits, points, hyphens and underscores, such as shop.orders.")
                .field("topic"))
        };
        match name {
            "" => refuse("it is empty"),
            "." | ".." => refuse("it means a folder"),
            _ if name.starts_with("__") => refuse("such names are the cluster's own"),
            _ if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) => {
                refuse("it holds a character that names of topics cannot have")
            }
            _ if name.len() > NAME => refuse("it is longer than 249 characters"),
            _ => Ok(name),
        }
    }

    /// What separates the fields of CSV.
    pub(super) fn delimiter(&self) -> Result<u8> {
        match self.csv_delimiter.as_bytes() {
            b"\\t" => Ok(b'\t'),
            [one] if !matches!(one, b'"' | b'\n' | b'\r') => Ok(*one),
            _ => Err(Error::invalid(format!("`{}` cannot separate the fields of CSV.", self.csv_delimiter))
                .hint("Take one character such as a comma, a semicolon or \\t.")
                .field("csv_delimiter")),
        }
    }

    /// Fails if rows to delete cannot be told by a key.
    pub(super) fn fits(&self, outgoing: &Outgoing) -> Result<()> {
        if outgoing.mode == crate::SyncMode::Replace {
            return Err(Error::new(Code::Unsupported, "A topic only grows, so its messages cannot be replaced.")
                .hint("Choose to mirror by a key, or to append.")
                .field("mode"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_that_a_cluster_refuses_are_refused_before() {
        let name = |text: &str| Target::deserialize(json!({"topic": text})).unwrap().topic().map(str::to_owned);
        for good in ["orders", "A.b_c-1", " spaced ", &"x".repeat(249)] {
            assert_eq!(name(good).unwrap(), good.trim());
        }
        for bad in ["", ".", "..", "a b", "é", "a/b", "__offsets", &"x".repeat(250)] {
            let error = name(bad).unwrap_err();
            assert!(error.field.as_deref() == Some("topic") && error.hint.is_some(), "{bad}: {error}");
        }
    }
}
