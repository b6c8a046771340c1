//! The forms: the settings of a connection, and what is read of a topic.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Secret;

/// A Kafka cluster, or anything that speaks its protocol. Topics are read as a batch up to the messages that are there when
/// the read begins; a refresh goes on where the last one ended. Nothing is committed in the cluster, and no consumer group
/// is disturbed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// One or more brokers as host:port, separated by commas.
    #[schemars(extend("x-placeholder" = "broker-1:9092, broker-2:9092"))]
    pub(super) brokers: String,
    /// Whether the brokers speak TLS. Without it, everything goes over the network as plain text, the password too.
    #[serde(default = "yes")]
    #[schemars(default = "yes")]
    pub(super) tls: bool,
    /// How to sign in.
    #[serde(default)]
    #[schemars(default)]
    pub(super) sign_in: SignIn,
    /// The user name.
    #[serde(default)]
    #[schemars(default, extend("x-depends-on" = {"field": "sign_in", "values": ["plain", "scram_sha_256", "scram_sha_512"]}))]
    pub(super) username: String,
    /// The password.
    #[serde(default)]
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["plain", "scram_sha_256", "scram_sha_512"]}))]
    pub(super) password: Secret,
    /// The address of a schema registry of Confluent's kind, which messages in Avro need.
    #[serde(default)]
    #[schemars(default, extend("x-placeholder" = "https://registry:8081"))]
    pub(super) registry: String,
    /// The user name at the schema registry, or its API key.
    #[serde(default)]
    #[schemars(default)]
    pub(super) registry_user: String,
    /// The password at the schema registry.
    #[serde(default)]
    pub(super) registry_password: Secret,
    /// A file in PEM format with the certificates of who signed the brokers' certificates, where this computer does not
    /// trust them already.
    #[serde(default)]
    #[schemars(default, extend("x-widget" = "file", "x-advanced" = true))]
    pub(super) ca_file: String,
    /// Verify the certificates of brokers and registry. Without, nobody knows who answers.
    #[serde(default = "yes")]
    #[schemars(default = "yes", extend("x-advanced" = true))]
    pub(super) verify_tls: bool,
    /// The schema registry may be on this computer or in a private network.
    #[serde(default)]
    #[schemars(default, extend("x-advanced" = true))]
    pub(super) allow_private: bool,
    /// After so many seconds without a word from the brokers, a read gives up.
    #[serde(default = "patience")]
    #[schemars(default = "patience", range(min = 1, max = 3600), extend("x-advanced" = true))]
    pub(super) timeout_seconds: u32,
    /// Further properties of the client, with the names of librdkafka, such as `ssl.key.location`.
    #[serde(default)]
    #[schemars(default, extend("x-advanced" = true))]
    pub(super) properties: Vec<Property>,
}

/// How to sign in at the brokers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignIn {
    /// Not at all
    #[default]
    None,
    /// User name and password (SASL PLAIN)
    Plain,
    /// User name and password (SCRAM-SHA-256)
    #[serde(rename = "scram_sha_256")]
    ScramSha256,
    /// User name and password (SCRAM-SHA-512)
    #[serde(rename = "scram_sha_512")]
    ScramSha512,
}

impl SignIn {
    /// The name of the mechanism in the protocol.
    pub(super) fn mechanism(self) -> &'static str {
        match self {
            Self::None | Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// A property of the client.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Property {
    /// Its name.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
}

/// What is read of a topic.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Selection {
    /// The topic.
    pub(super) topic: String,
    /// Where the first read begins; a refresh goes on where the last one ended.
    pub(super) from: Start,
    /// The time from which on messages are read, in UTC.
    #[schemars(extend("x-depends-on" = {"field": "from", "values": ["timestamp"]}, "x-placeholder" = "2024-01-31 09:30"))]
    pub(super) timestamp: String,
    /// The first offset of each partition; partitions that are not named are read from the oldest message.
    #[schemars(extend("x-depends-on" = {"field": "from", "values": ["offsets"]}))]
    pub(super) offsets: Vec<Place>,
    /// How many messages of each partition.
    #[schemars(range(min = 1), extend("x-depends-on" = {"field": "from", "values": ["last"]}))]
    pub(super) last: u64,
    /// Where a read ends.
    pub(super) to: End,
    /// The time before which messages are read, in UTC.
    #[schemars(extend("x-depends-on" = {"field": "to", "values": ["timestamp"]}, "x-placeholder" = "2024-02-29 09:30"))]
    pub(super) to_timestamp: String,
    /// The offset of each partition before which to end; partitions that are not named are read to the newest message.
    #[schemars(extend("x-depends-on" = {"field": "to", "values": ["offsets"]}))]
    pub(super) to_offsets: Vec<Place>,
    /// How values are read.
    pub(super) value_format: ValueFormat,
    /// The names of the fields of CSV, in order; `column_1` and so on if none is given.
    #[schemars(extend("x-widget" = "tokens", "x-depends-on" = {"field": "value_format", "values": ["csv"]}))]
    pub(super) csv_columns: Vec<String>,
    /// What separates the fields of CSV: one character, `\t` for a tabulator.
    #[schemars(extend("x-depends-on" = {"field": "value_format", "values": ["csv"]}))]
    pub(super) csv_delimiter: String,
    /// How keys are read; they are kept in the column `_key`.
    #[schemars(extend("x-advanced" = true))]
    pub(super) key_format: KeyFormat,
    /// At most so many messages in one read; the next read goes on behind them.
    #[schemars(range(min = 1), extend("x-advanced" = true))]
    pub(super) max_messages: Option<u64>,
    /// Keep the columns `_partition`, `_offset`, `_timestamp` and `_headers`.
    #[schemars(extend("x-advanced" = true))]
    pub(super) metadata: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            topic: String::new(),
            from: Start::Earliest,
            timestamp: String::new(),
            offsets: Vec::new(),
            last: 1000,
            to: End::Now,
            to_timestamp: String::new(),
            to_offsets: Vec::new(),
            value_format: ValueFormat::Auto,
            csv_columns: Vec::new(),
            csv_delimiter: ",".to_owned(),
            key_format: KeyFormat::Auto,
            max_messages: None,
            metadata: true,
        }
    }
}

/// Where a first read begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Start {
    /// With the oldest message
    #[default]
    Earliest,
    /// At an offset of each partition
    Offsets,
    /// At a time
    Timestamp,
    /// With the last messages of each partition
    Last,
}

/// Where a read ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// With the newest message when the read begins
    #[default]
    Now,
    /// Before an offset of each partition
    Offsets,
    /// Before a time
    Timestamp,
}

/// An offset of a partition.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Place {
    /// The partition's number, from 0.
    pub(super) partition: i32,
    /// The offset.
    pub(super) offset: i64,
}

/// How values are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueFormat {
    /// As the first messages look
    #[default]
    Auto,
    /// JSON: the members of objects become columns
    Json,
    /// CSV: one line a message
    Csv,
    /// Avro, by the schema registry
    Avro,
    /// Text, in one column
    Text,
    /// Any bytes, in one column as base64
    Raw,
}

/// How keys are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyFormat {
    /// As the first messages look
    #[default]
    Auto,
    /// Text
    Text,
    /// JSON
    Json,
    /// Avro, by the schema registry
    Avro,
    /// Any bytes, as base64
    Raw,
}

fn yes() -> bool {
    true
}

fn patience() -> u32 {
    30
}
