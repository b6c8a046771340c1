//! One message made into one line of NDJSON, without changing a digit of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use pulse_core::{Progress, Result};
use rdkafka::Message as _;
use rdkafka::message::{BorrowedMessage, Headers};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};

use super::registry::Registry;
use crate::iso::instant;
use crate::ledger::escape;
use crate::records::{Dialect, split};
use crate::typing::{Kind, lex};

/// The columns that a message has besides those of its value.
const OWN: [&str; 6] = ["_key", "_partition", "_offset", "_timestamp", "_headers", "_deleted"];
/// The column of a value that is no object.
const VALUE: &str = "value";

/// How the bytes of a key or a value are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Csv,
    Avro,
    Text,
    Raw,
}

impl Format {
    const WORDS: [(&'static str, Self); 5] =
        [("json", Self::Json), ("csv", Self::Csv), ("avro", Self::Avro), ("text", Self::Text), ("raw", Self::Raw)];

    /// The word in the selection.
    pub(super) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, format)| *format == self).map_or("raw", |(word, _)| word)
    }

    /// The format of that word.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, format)| *format)
    }
}

/// A message that has left the client's memory.
pub(super) struct Message {
    pub partition: i32,
    pub offset: i64,
    /// Milliseconds since 1970; nothing if it has none.
    pub timestamp: Option<i64>,
    pub key: Option<Vec<u8>>,
    /// Nothing stands for the deletion of the key.
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Message {
    /// A copy of what the client received.
    pub(super) fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map(|headers| {
            let copy =
                |header: rdkafka::message::Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(<[u8]>::to_vec));
            headers.iter().map(copy).collect()
        });
        Self {
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.unwrap_or_default(),
        }
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let size = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        64 + size(&self.key) + size(&self.value) + self.headers.iter().map(|(n, v)| n.len() + size(v)).sum::<usize>()
    }
}

/// How messages are read.
pub(super) struct Reading<'a> {
    pub value: Format,
    pub key: Format,
    pub registry: Option<&'a Registry>,
    /// Names of the fields of CSV; empty for `column_1` and so on.
    pub csv_columns: &'a [String],
    pub csv_delimiter: u8,
    /// Whether offset, partition, time and headers are kept.
    pub metadata: bool,
}

impl Reading<'_> {
    /// The message as a line, without its end, and whether it is one that can be read; one that cannot is no JSON, so
    /// that it goes to the ledger as a whole.
    ///
    /// Fails only if the registry fails.
    pub(super) fn line(&self, message: &Message, progress: &Progress) -> Result<(String, bool)> {
        let key = match &message.key {
            None => Ok("null".to_owned()),
            Some(key) => self.scalar(self.key, key, progress)?.map_err(|why| format!("the key cannot be read: {why}")),
        };
        let members = match &message.value {
            None => Ok(String::new()),
            Some(value) => self
                .members(value, progress)?
                .map_err(|why| format!("the value cannot be read as {}: {why}", self.value.word())),
        };
        match (key, members) {
            (Ok(key), Ok(members)) => Ok((self.row(message, &key, &members), true)),
            (Err(why), _) | (_, Err(why)) => Ok((misfit(message, &why), false)),
        }
    }

    /// The members of the row that the value makes, as the inside of an object; or why it cannot be read.
    fn members(&self, value: &[u8], progress: &Progress) -> Result<std::result::Result<String, String>> {
        if self.value == Format::Csv {
            return Ok(self.csv(value));
        }
        let json = match self.scalar(self.value, value, progress)? {
            Ok(json) => json,
            Err(why) => return Ok(Err(why)),
        };
        let inside = json.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        Ok(Ok(match inside {
            // A member with the name of one of ours would make two of one name.
            Some(inside) if !names(&json).iter().any(|name| OWN.contains(&name.as_str())) => inside.trim().to_owned(),
            _ => format!("\"{VALUE}\":{json}"),
        }))
    }

    /// Bytes as one JSON value.
    fn scalar(&self, format: Format, bytes: &[u8], progress: &Progress) -> Result<std::result::Result<String, String>> {
        Ok(match format {
            Format::Json => json_text(bytes),
            Format::Raw => Ok(Value::from(BASE64.encode(bytes)).to_string()),
            Format::Text | Format::Csv => text(bytes).map(|text| Value::from(text).to_string()),
            Format::Avro => match self.registry {
                Some(registry) => return registry.json(bytes, progress),
                None => Err("no schema registry is given in the connection".to_owned()),
            },
        })
    }

    /// One line of CSV. Numbers and truth values stand without quotes, so that columns are typed as those of files are.
    fn csv(&self, value: &[u8]) -> std::result::Result<String, String> {
        let value = text(value)?.trim_end_matches(['\r', '\n']).as_bytes();
        let dialect = Dialect { delimiter: self.csv_delimiter, quote: Some(b'"'), line_end: b'\n' };
        let mut fields = Vec::new();
        let record = split(value, 0, dialect, true, &mut fields).ok_or("it is cut off")?;
        if let Some(broken) = record.broken {
            return Err(broken.to_lowercase().trim_end_matches('.').to_owned());
        }
        if record.next < value.len() {
            return Err("it holds more than one line".to_owned());
        }
        if !self.csv_columns.is_empty() && fields.len() != self.csv_columns.len() {
            return Err(format!("it has {} fields instead of {}", fields.len(), self.csv_columns.len()));
        }
        let member = |(at, field): (usize, &crate::records::Field)| {
            let content = field.content(value, dialect.quote);
            let name = self.csv_columns.get(at).cloned().unwrap_or_else(|| format!("column_{}", at + 1));
            let cell = match content.as_ref() {
                b"" if !field.quoted => "null".to_owned(),
                content if is_bare(content) => String::from_utf8_lossy(content).into_owned(),
                content => Value::from(String::from_utf8_lossy(content)).to_string(),
            };
            format!("{}:{cell}", Value::from(name))
        };
        Ok(fields.iter().enumerate().map(member).collect::<Vec<_>>().join(","))
    }

    /// The row as JSON.
    fn row(&self, message: &Message, key: &str, members: &str) -> String {
        let comma = if members.is_empty() { "" } else { "," };
        let mut row = format!("{{{members}{comma}\"_key\":{key},\"_deleted\":{}", message.value.is_none());
        if self.metadata {
            let timestamp = message.timestamp.map_or(Value::Null, |at| json!(format!("{}Z", instant(at, 3))));
            let Message { partition, offset, .. } = message;
            let headers = headers(&message.headers);
            row += &format!(
                ",\"_partition\":{partition},\"_offset\":{offset},\"_timestamp\":{timestamp},\"_headers\":{headers}"
            );
        }
        row + "}"
    }
}

/// Headers as a list of names and values, because a name may come twice; nothing if there is none.
fn headers(headers: &[(String, Option<Vec<u8>>)]) -> Value {
    if headers.is_empty() {
        return Value::Null;
    }
    let one = |(name, value): &(String, Option<Vec<u8>>)| match value.as_deref().map(|value| (text(value), value)) {
        None => json!({ "name": name, "value": null }),
        Some((Ok(text), _)) => json!({ "name": name, "value": text }),
        Some((Err(_), bytes)) => json!({ "name": name, "base64": BASE64.encode(bytes) }),
    };
    headers.iter().map(one).collect()
}

/// A message that cannot be read, with all that it holds and why, as text that is no JSON.
fn misfit(message: &Message, why: &str) -> String {
    let shown = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or("missing".to_owned(), |bytes| escape(bytes, false));
    let Message { partition, offset, .. } = message;
    let (key, value, headers) = (shown(&message.key), shown(&message.value), headers(&message.headers));
    let line = format!("partition {partition}, offset {offset}: {why}; key: {key}; headers: {headers}; value: {value}");
    line.replace('\n', "\\n").replace('\r', "\\r")
}

/// Bytes as text; or why they are none that a table can hold.
fn text(bytes: &[u8]) -> std::result::Result<&str, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    if text.contains('\0') { Err("it holds a zero byte".to_owned()) } else { Ok(text) }
}

/// Bytes as one JSON value on one line; or why they are none.
pub(super) fn json_text(bytes: &[u8]) -> std::result::Result<String, String> {
    let text = text(bytes)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    serde_json::from_str::<IgnoredAny>(text).map_err(|cause| cause.to_string())?;
    // A line's end inside a text is escaped in JSON, so that these stand between values.
    Ok(text.replace(['\n', '\r'], " "))
}

/// Whether CSV text is a number or truth value that JSON writes the same.
fn is_bare(text: &[u8]) -> bool {
    use Kind::{Boolean, Decimal, DecimalOnly, DecimalZero, Float, Integer, WideInteger};
    let kinds = [Boolean, Decimal, DecimalOnly, DecimalZero, Float, Integer, WideInteger];
    !text.is_empty() && kinds.contains(&lex(text).kind) && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// The names of an object's own members.
fn names(object: &str) -> Vec<String> {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
                names.push(name);
            }
            Ok(names)
        }
    }
    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(object), Names).unwrap_or_default()
}

/// The format that most of some values have, how sure that is, and why.
pub(super) fn detect(values: &[&[u8]], registry: bool) -> (Format, f64, String) {
    use super::registry::is_framed;
    let count = values.len();
    let all = |test: &dyn Fn(&[u8]) -> bool| count > 0 && values.iter().all(|value| test(value));
    let objects = values.iter().filter(|v| json_text(v).is_ok_and(|text| text.starts_with(['{', '[']))).count();
    let first = if count == 1 { "The first one".to_owned() } else { format!("The first {count}") };
    if all(&is_framed) {
        return if registry {
            (Format::Avro, 0.95, format!("{first} name a schema of the registry."))
        } else {
            let hint = "give the connection a schema registry to decode them";
            (Format::Raw, 0.5, format!("{first} seem to name a schema; {hint}."))
        };
    }
    if objects * 2 > count {
        return (Format::Json, 0.95, format!("{objects} of the first {count} are JSON."));
    }
    if all(&|value| text(value).is_ok()) {
        return (Format::Text, 0.7, format!("{first} are text and no JSON."));
    }
    match count {
        0 => (Format::Text, 0.1, "There is none yet.".to_owned()),
        _ => (Format::Raw, 0.6, format!("{first} are neither JSON nor text.")),
    }
}
