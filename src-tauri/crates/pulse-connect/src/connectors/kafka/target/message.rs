//! A row made into a message: its key, its value and the headers that name it.

use apache_avro::Schema;
use apache_avro::rabin::Rabin;
use pulse_core::{Error, Progress, Result};
use rdkafka::message::{Header, OwnedHeaders};
use serde_json::Value;

use super::form::{Format, KeyFormat, Target};
use crate::connectors::kafka::registry::{Registry, framed};
use crate::outgoing::{AvroRows, Batch, CsvRows, JsonRows, Outgoing, avro_schema};

/// The header with the run, which is the same in every attempt to finish it.
pub(super) const RUN: &str = "pulse-run";
/// The header with the number of the row in its run.
pub(super) const ROW: &str = "pulse-row";
/// The header with what was sent: the layer and the name of a table.
const TABLE: &str = "pulse-table";
/// The header with the version of the table, or the count of runs for a query's result.
const VERSION: &str = "pulse-version";

/// How the rows of one write become messages.
pub(super) struct Style {
    format: Format,
    delimiter: u8,
    key: Vec<String>,
    key_format: KeyFormat,
    /// What stands before each value in Avro.
    prefix: Vec<u8>,
    /// What all messages have in common.
    headers: OwnedHeaders,
}

impl Style {
    /// The style of a target. Registers the schema of Avro where the connection has a registry.
    pub(super) fn new(
        target: &Target,
        outgoing: &Outgoing,
        registry: Option<&Registry>,
        progress: &Progress,
    ) -> Result<Self> {
        let prefix = match (target.format, registry) {
            (Format::Avro, Some(registry)) => {
                let id = registry.register(&subject(target)?, &schema(target, outgoing)?.to_string(), progress)?;
                framed(id)
            }
            (Format::Avro, None) => fingerprint(&schema(target, outgoing)?)?,
            _ => Vec::new(),
        };
        Self::with_prefix(target, outgoing, prefix)
    }

    /// The style without asking the registry, for what only has to look like the messages.
    pub(super) fn with_prefix(target: &Target, outgoing: &Outgoing, prefix: Vec<u8>) -> Result<Self> {
        let (table, version) = outgoing.origin.rsplit_once('@').unwrap_or((&outgoing.origin, ""));
        let version = if version.is_empty() { outgoing.sequence.to_string() } else { version.to_owned() };
        Ok(Self {
            format: target.format,
            delimiter: target.delimiter()?,
            key: outgoing.key.clone(),
            key_format: target.key_format,
            prefix,
            headers: [(RUN, &*outgoing.run), (TABLE, table), (VERSION, &version)]
                .into_iter()
                .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(value) })),
        })
    }

    /// The headers of the row with this number, or of a message that is about no row.
    pub(super) fn headers(&self, number: Option<u64>) -> OwnedHeaders {
        let headers = self.headers.clone();
        match number {
            Some(number) => headers.insert(Header { key: ROW, value: Some(&number.to_string()) }),
            None => headers,
        }
    }
}

/// The name under which a registry keeps the schema of a topic's values (Confluent's TopicNameStrategy).
pub(super) fn subject(target: &Target) -> Result<String> {
    Ok(format!("{}-value", target.topic()?))
}

/// The schema of the values.
pub(super) fn schema(target: &Target, outgoing: &Outgoing) -> Result<Value> {
    Ok(avro_schema(outgoing, target.topic()?))
}

/// What Avro's specification ("Single-object encoding") puts before a value to tell by which schema it is written.
fn fingerprint(schema: &Value) -> Result<Vec<u8>> {
    let parsed = Schema::parse(schema).map_err(|cause| Error::internal("describe the rows in Avro", cause))?;
    Ok([&[0xC3, 0x01][..], &parsed.fingerprint::<Rabin>().bytes].concat())
}

/// A batch, ready to be written message by message.
pub(super) struct Loaded {
    pub batch: Batch,
    numbers: Vec<u64>,
    json: JsonRows,
    values: Values,
    keys: Keys,
}

enum Values {
    Json,
    Csv(CsvRows),
    Avro(Vec<u8>, AvroRows),
    /// The rows are to be deleted.
    None,
}

enum Keys {
    None,
    /// The column whose text is the key.
    One(usize),
    /// An object of these columns.
    Object(JsonRows),
}

impl Loaded {
    pub(super) fn new(batch: Batch, style: &Style) -> Result<Self> {
        let frame = &batch.frame;
        let values = match style.format {
            _ if batch.delete => Values::None,
            Format::Json => Values::Json,
            Format::Csv => Values::Csv(CsvRows::new(frame, style.delimiter)?),
            Format::Avro => Values::Avro(style.prefix.clone(), AvroRows::new(frame)?),
        };
        let keys = match (&style.key[..], style.key_format) {
            ([], _) => Keys::None,
            ([one], KeyFormat::Text) => Keys::One(frame.get_column_index(one).ok_or_else(|| missing(one))?),
            (several, _) => {
                let columns = several.iter().map(|name| frame.column(name).cloned()).collect::<Result<Vec<_>, _>>();
                let columns = columns.map_err(|cause| Error::internal("write the keys", cause))?;
                let keys = polars::prelude::DataFrame::new(frame.height(), columns);
                Keys::Object(JsonRows::new(&keys.map_err(|cause| Error::internal("write the keys", cause))?)?)
            }
        };
        let numbers = batch.numbers(0..batch.len()).into_iter().flatten().collect();
        Ok(Self { numbers, json: JsonRows::new(frame)?, values, keys, batch })
    }

    /// The number of the row `at`.
    pub(super) fn number(&self, at: usize) -> u64 {
        self.numbers[at]
    }

    /// Appends the key of the row `at`; false if it has none.
    pub(super) fn key(&self, at: usize, out: &mut Vec<u8>) -> bool {
        match &self.keys {
            Keys::None => return false,
            Keys::Object(rows) => rows.write(at, out),
            Keys::One(column) => {
                let start = out.len();
                self.json.write_value(*column, at, out);
                match out.get(start) {
                    Some(b'n') => {
                        out.truncate(start);
                        return false;
                    }
                    Some(b'"') => {
                        let text: String = serde_json::from_slice(&out[start..]).unwrap_or_default();
                        out.truncate(start);
                        out.extend_from_slice(text.as_bytes());
                    }
                    _ => {}
                }
            }
        }
        true
    }

    /// Appends the value of the row `at`; false if the message has none, which deletes its key.
    pub(super) fn value(&self, at: usize, out: &mut Vec<u8>) -> bool {
        match &self.values {
            Values::Json => self.json.write(at, out),
            Values::Csv(rows) => rows.write(at, out),
            Values::Avro(prefix, rows) => {
                out.extend_from_slice(prefix);
                rows.write(at, out);
            }
            Values::None => return false,
        }
        true
    }

    /// The row `at` as JSON.
    pub(super) fn json(&self, at: usize) -> String {
        let mut out = Vec::new();
        self.json.write(at, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

fn missing(column: &str) -> Error {
    Error::internal("write the keys", format!("there is no column `{column}`"))
}
