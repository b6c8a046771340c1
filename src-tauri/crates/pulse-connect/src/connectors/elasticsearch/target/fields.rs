//! The mapping of an index that is made for the columns.

use polars::prelude::{DataType, TimeUnit};
use pulse_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::form::{Kind, Target};
use crate::destination::TargetColumn;
use crate::outgoing::{Outgoing, OutgoingColumn};

/// The name of the edited mapping in [`Outgoing::edits`].
pub(super) const MAPPING: &str = "mapping";
/// Characters up to which texts are kept whole for sorting and counting; the cluster takes 32,766 bytes.
pub(super) const WHOLE: usize = 8191;
/// Digits that a floating-point number keeps.
const DIGITS: usize = 15;
/// Digits that a whole number of the cluster keeps.
const LONG: usize = 18;

/// What documents hold besides the columns.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// A place on a map.
    pub geo: Option<Geo>,
    /// The column that is repeated as `@timestamp`.
    pub time: Option<String>,
}

/// A place on a map.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Geo {
    /// The field.
    pub field: String,
    /// The columns.
    pub latitude: String,
    pub longitude: String,
}

impl Places {
    /// What the target wants of these columns. Fails if a column that was chosen is not there or holds no numbers.
    pub(super) fn of(target: &Target, outgoing: &Outgoing) -> Result<Self> {
        let stream = target.kind == Kind::DataStream && target.timestamp() != "@timestamp";
        Ok(Self { geo: geo(target, &outgoing.columns)?, time: stream.then(|| target.timestamp().to_owned()) })
    }
}

fn geo(target: &Target, columns: &[OutgoingColumn]) -> Result<Option<Geo>> {
    let field = target.location.trim();
    let (latitude, longitude) = (target.latitude.trim(), target.longitude.trim());
    if field.is_empty() || columns.iter().any(|column| column.name == field) {
        return Ok(None);
    }
    let number = |column: &&OutgoingColumn| column.dtype.is_primitive_numeric() || column.dtype.is_decimal();
    let named = |names: &[&str]| {
        let found = columns.iter().filter(number).find(|column| names.contains(&column.name.to_lowercase().as_str()));
        found.map(|column| column.name.clone())
    };
    let chosen = |name: &str, member: &str| {
        let found = columns.iter().filter(number).find(|column| column.name == name);
        found.map(|column| column.name.clone()).ok_or_else(|| {
            Error::invalid(format!("There is no column `{name}` with numbers to be a place on a map."))
                .hint("Choose both columns, or leave both empty.")
                .field(member)
        })
    };
    let pair = if latitude.is_empty() && longitude.is_empty() {
        named(&["lat", "latitude"]).zip(named(&["lon", "lng", "long", "longitude"]))
    } else {
        Some((chosen(latitude, "latitude")?, chosen(longitude, "longitude")?))
    };
    Ok(pair.map(|(latitude, longitude)| Geo { field: field.to_owned(), latitude, longitude }))
}

/// The body that makes an index: what the user edited, or what follows from the columns. Fails if the edited one is no
/// JSON object.
pub(super) fn create_body(target: &Target, outgoing: &Outgoing) -> Result<Value> {
    let Some(edited) = outgoing.edits.get(MAPPING).filter(|text| !text.trim().is_empty()) else {
        return generated(target, outgoing);
    };
    let hint = "It is an object with `mappings` and, if need be, `settings`. Start again from the proposed one.";
    let refuse = |why: String| Error::invalid(format!("The mapping {why}.")).hint(hint).field(MAPPING);
    let body: Value = serde_json::from_str(edited).map_err(|cause| refuse(format!("is no JSON: {cause}")))?;
    let members = body.as_object().ok_or_else(|| refuse("is no object".into()))?;
    if members.contains_key("properties") {
        return Ok(json!({"mappings": body}));
    }
    match members.keys().find(|name| !matches!(name.as_str(), "mappings" | "settings" | "aliases")) {
        Some(other) => Err(refuse(format!("has a member `{other}`, which an index does not"))),
        None => Ok(body),
    }
}

fn generated(target: &Target, outgoing: &Outgoing) -> Result<Value> {
    let places = Places::of(target, outgoing)?;
    let mut properties = Map::new();
    for column in &outgoing.columns {
        properties.insert(column.name.clone(), property(&column.dtype, column.type_word.trim()));
    }
    if places.time.is_some() {
        properties.insert("@timestamp".into(), json!({"type": "date"}));
    }
    if let Some(geo) = places.geo {
        properties.insert(geo.field, json!({"type": "geo_point"}));
    }
    Ok(json!({"mappings": {"properties": properties}}))
}

/// The fields of a body that makes an index.
pub(super) fn properties(body: &Value) -> &Value {
    &body["mappings"]["properties"]
}

/// How a column is mapped, with the type that the user chose, if any.
fn property(dtype: &DataType, chosen: &str) -> Value {
    match (chosen, dtype) {
        ("", _) => natural(dtype),
        ("text", _) => text(),
        ("keyword", _) => json!({"type": "keyword", "ignore_above": WHOLE}),
        ("scaled_float", DataType::Decimal(_, scale)) => scaled(*scale),
        ("scaled_float", _) => scaled(2),
        ("object" | "nested", DataType::List(inner)) => with_members(chosen, inner),
        ("object" | "nested", _) => with_members(chosen, dtype),
        (word, _) => json!({"type": word}),
    }
}

fn natural(dtype: &DataType) -> Value {
    match dtype {
        DataType::Boolean => json!({"type": "boolean"}),
        DataType::Int8 => json!({"type": "byte"}),
        DataType::Int16 => json!({"type": "short"}),
        DataType::Int32 => json!({"type": "integer"}),
        DataType::Int64 => json!({"type": "long"}),
        DataType::Float32 => json!({"type": "float"}),
        DataType::Float64 => json!({"type": "double"}),
        DataType::Date | DataType::Datetime(..) => json!({"type": "date"}),
        DataType::Binary => json!({"type": "binary"}),
        DataType::Decimal(precision, 0) if *precision <= LONG => json!({"type": "long"}),
        DataType::Decimal(precision, scale) if *precision <= DIGITS => scaled(*scale),
        DataType::Decimal(..) | DataType::Null => json!({"type": "keyword", "ignore_above": WHOLE}),
        DataType::List(inner) => match inner.as_ref() {
            structure @ DataType::Struct(_) => with_members("nested", structure),
            inner => natural(inner),
        },
        DataType::Struct(_) => with_members("object", dtype),
        _ => text(),
    }
}

fn text() -> Value {
    json!({"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": WHOLE}}})
}

fn scaled(scale: usize) -> Value {
    json!({"type": "scaled_float", "scaling_factor": 10f64.powi(i32::try_from(scale).unwrap_or(0))})
}

fn with_members(word: &str, dtype: &DataType) -> Value {
    let DataType::Struct(members) = dtype else { return json!({"type": word}) };
    let members: Map<String, Value> =
        members.iter().map(|member| (member.name().to_string(), natural(member.dtype()))).collect();
    json!({"type": word, "properties": members})
}

/// The columns as an index with these fields holds them.
pub(super) fn columns(outgoing: &Outgoing, fields: &Value) -> Vec<TargetColumn> {
    let column = |column: &OutgoingColumn| {
        let field = &fields[&column.name];
        TargetColumn { name: column.name.clone(), type_word: word(field), note: note(column, field) }
    };
    outgoing.columns.iter().map(column).collect()
}

/// A field's type in words.
pub(super) fn word(field: &Value) -> String {
    let word = match (field["type"].as_str(), field["properties"].is_object()) {
        (Some(word), _) => word,
        (None, true) => "object",
        (None, false) => return "chosen by the cluster from the first document".into(),
    };
    if word == "text" && field["fields"]["keyword"].is_object() { "text, keyword".into() } else { word.into() }
}

fn note(column: &OutgoingColumn, field: &Value) -> String {
    let word = field["type"].as_str().unwrap_or_default();
    let note = match (&column.dtype, word) {
        (DataType::Decimal(..), "keyword") => {
            "Searched and sorted as text, because no number of the index has so many digits; documents keep every digit."
        }
        (DataType::Decimal(..), "double" | "float" | "half_float") => {
            "Searched and summed with about 15 digits; documents keep every digit."
        }
        (DataType::Datetime(TimeUnit::Microseconds, _), "date") => {
            "Searched and sorted to the millisecond; documents keep the microseconds."
        }
        (DataType::Datetime(_, None), _) => "Taken as UTC.",
        (DataType::String, "keyword" | "text") if field["fields"]["keyword"].is_object() || word == "keyword" => {
            "Texts of more than 8,191 characters are kept, but not sorted or counted."
        }
        (DataType::Binary, _) => "Kept as base64; it cannot be searched.",
        (DataType::Null, _) => "Holds no value yet.",
        _ => "",
    };
    note.to_owned()
}

#[cfg(test)]
mod tests {
    use polars::prelude::Field;

    use super::*;

    #[test]
    fn types_are_mapped_without_loss() {
        let structure = DataType::Struct(vec![Field::new("x".into(), DataType::Int64)]);
        let cases = [
            (DataType::Int64, json!({"type": "long"})),
            (DataType::Decimal(18, 0), json!({"type": "long"})),
            (DataType::Decimal(15, 2), json!({"type": "scaled_float", "scaling_factor": 100.0})),
            (DataType::Decimal(16, 2), json!({"type": "keyword", "ignore_above": 8191})),
            (DataType::Decimal(38, 0), json!({"type": "keyword", "ignore_above": 8191})),
            (DataType::List(Box::new(DataType::Boolean)), json!({"type": "boolean"})),
            (
                DataType::List(Box::new(structure.clone())),
                json!({"type": "nested", "properties": {"x": {"type": "long"}}}),
            ),
            (structure, json!({"type": "object", "properties": {"x": {"type": "long"}}})),
        ];
        for (dtype, expected) in cases {
            assert_eq!(property(&dtype, ""), expected, "{dtype}");
        }
        assert_eq!(property(&DataType::Decimal(30, 3), "scaled_float")["scaling_factor"], 1000.0);
        assert_eq!(property(&DataType::String, "ip"), json!({"type": "ip"}));
        assert_eq!(word(&property(&DataType::String, "")), "text, keyword");
    }
}
