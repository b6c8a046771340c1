//! Where an incremental read stands: a value of a field that grows.

use ::mongodb::bson::oid::ObjectId;
use ::mongodb::bson::{Bson, DateTime, Document, Timestamp, doc};
use pulse_core::{Error, Result};
use serde_json::{Value, json};

use super::super::instant;

/// From where to where one read goes, so that documents that are written meanwhile come with the next.
#[derive(Debug, PartialEq)]
pub(super) struct Bounds {
    lower: Option<Bson>,
    /// Whether the lower bound itself is read, as it is with a lag.
    inclusive: bool,
    pub upper: Bson,
}

impl Bounds {
    /// From `known`, less the lag, to `upper`. Fails if the type of the values has no order that helps, or no lag.
    pub(super) fn new(known: Option<Bson>, upper: Bson, lag: u64) -> Result<Self> {
        let lower = known.map(|known| if lag == 0 { Ok(known) } else { less(&known, lag) }).transpose()?;
        Ok(Self { lower, inclusive: lag > 0, upper })
    }

    /// The condition on `field`.
    pub(super) fn filter(&self, field: &str) -> Document {
        let mut range = Document::new();
        if let Some(lower) = &self.lower {
            range.insert(if self.inclusive { "$gte" } else { "$gt" }, lower.clone());
        }
        range.insert("$lte", self.upper.clone());
        doc! {field: range}
    }
}

/// `value` less a lag in seconds or in its own unit.
fn less(value: &Bson, lag: u64) -> Result<Bson> {
    let whole = i64::try_from(lag).unwrap_or(i64::MAX);
    let seconds = |from: u32| u32::try_from(u64::from(from).saturating_sub(lag)).unwrap_or_default();
    Ok(match value {
        Bson::DateTime(at) => {
            let millis = at.timestamp_millis().saturating_sub(whole.saturating_mul(1000));
            Bson::DateTime(DateTime::from_millis(millis))
        }
        Bson::ObjectId(id) => {
            let born = u32::try_from(id.timestamp().timestamp_millis() / 1000).unwrap_or_default();
            Bson::ObjectId(ObjectId::from_parts(seconds(born), [0; 5], [0; 3]))
        }
        Bson::Timestamp(at) => Bson::Timestamp(Timestamp { time: seconds(at.time), increment: 0 }),
        Bson::Int32(number) => Bson::Int64(i64::from(*number).saturating_sub(whole)),
        Bson::Int64(number) => Bson::Int64(number.saturating_sub(whole)),
        Bson::Double(number) => Bson::Double(number - lag as f64),
        _ => {
            return Err(Error::invalid("There is a lag, but the values of the field cannot be counted back.")
                .hint("Set the lag to 0, or go on by a date or a number.")
                .field("lag"));
        }
    })
}

/// The value of a field, which may lie in a document in the document. Fails if it has no order that helps.
pub(super) fn value_at(document: &Document, field: &str) -> Result<Bson> {
    let mut found = document.get(field);
    if found.is_none() {
        let mut names = field.split('.');
        found = names.next().and_then(|name| document.get(name));
        for name in names {
            found = found.and_then(Bson::as_document).and_then(|inner| inner.get(name));
        }
    }
    match found {
        Some(value) if type_alias(value) != "other" => Ok(value.clone()),
        Some(value) => Err(useless(field, &format!("a value of it is {:?}", value.element_type()))),
        None => Err(useless(field, "it lies inside of lists")),
    }
}

/// The error for a field behind which no refresh can go on.
pub(super) fn useless(field: &str, why: &str) -> Error {
    Error::invalid(format!("`{field}` cannot say what is new: {why}."))
        .hint("Choose a field with dates, numbers, texts or object ids that grows, or read everything each time.")
        .field("incremental")
}

/// The types that fields usually have and that have an order that helps, in MongoDB's words.
pub(super) const ALIASES: [&str; 4] = ["number", "string", "objectId", "date"];

/// The condition that `field` is greater than `known`.
pub(super) fn behind(field: &str, known: &Bson) -> Document {
    doc! {field: {"$gt": known.clone()}}
}

/// The condition that `field` has the type of `value`.
pub(super) fn of_type(field: &str, value: &Bson) -> Document {
    doc! {field: {"$type": type_alias(value)}}
}

/// MongoDB's word for the type of a value, as `$type` takes it; numbers of all types are compared with each other.
pub(super) fn type_alias(value: &Bson) -> &'static str {
    match value {
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => "number",
        Bson::DateTime(_) => "date",
        Bson::ObjectId(_) => "objectId",
        Bson::String(_) => "string",
        Bson::Timestamp(_) => "timestamp",
        _ => "other",
    }
}

/// What to remember.
pub(super) fn state(field: &str, upper: &Bson) -> Value {
    let value = match upper {
        Bson::DateTime(at) => instant::iso(at.timestamp_millis()).map(|iso| json!({"$date": iso})),
        _ => None,
    };
    json!({"field": field, "cursor": value.unwrap_or_else(|| json!(upper))})
}

/// The value that was remembered; nothing if it is that of another field. Fails if it is none of this program's.
pub(super) fn parse(state: &Value, field: &str) -> Result<Option<Bson>> {
    if state["field"] != field {
        return Ok(None);
    }
    let value = serde_json::from_value(state["cursor"].clone());
    value.map(Some).map_err(|cause| {
        Error::damaged(format!("Where the last read of `{field}` ended is not understood: {cause}."))
            .hint("Refresh it in full; that reads everything again.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_read_again() {
        let values = [
            Bson::DateTime(DateTime::from_millis(1_704_448_800_120)),
            Bson::DateTime(DateTime::from_millis(i64::MAX)),
            Bson::ObjectId(ObjectId::parse_str("507f1f77bcf86cd799439011").unwrap()),
            Bson::Int64(9_007_199_254_740_993),
            Bson::Double(1.5),
            Bson::Decimal128("1.10".parse().unwrap()),
            Bson::String("b".into()),
            Bson::Timestamp(Timestamp { time: 5, increment: 6 }),
        ];
        for value in values {
            let state = serde_json::from_str(&state("f", &value).to_string()).unwrap();
            assert_eq!(parse(&state, "f").unwrap(), Some(value));
            assert_eq!(parse(&state, "g").unwrap(), None, "another field starts anew");
        }
        assert!(parse(&json!({"field": "f", "cursor": {"$date": "soon"}}), "f").is_err());
    }

    #[test]
    fn a_lag_goes_back() {
        let at = |millis| Bson::DateTime(DateTime::from_millis(millis));
        let bounds = Bounds::new(Some(at(10_000)), at(20_000), 3).unwrap();
        assert_eq!(bounds.filter("a.b"), doc! {"a.b": {"$gte": at(7_000), "$lte": at(20_000)}});
        let bounds = Bounds::new(Some(Bson::Int32(5)), Bson::Int32(9), 0).unwrap();
        assert_eq!(bounds.filter("n"), doc! {"n": {"$gt": 5, "$lte": 9}});
        let id = Bson::ObjectId(ObjectId::from_parts(100, [7; 5], [7; 3]));
        let expected = Bson::ObjectId(ObjectId::from_parts(90, [0; 5], [0; 3]));
        assert_eq!(Bounds::new(Some(id.clone()), id, 10).unwrap().lower, Some(expected));
        let text = Bson::String("a".into());
        assert_eq!(Bounds::new(Some(text.clone()), text, 1).unwrap_err().field.as_deref(), Some("lag"));
    }

    #[test]
    fn values_are_found_inside() {
        let document = doc! {"a": {"b": 5}, "c": [{"d": 1}], "e": {"x": 1}};
        assert_eq!(value_at(&document, "a.b").unwrap(), Bson::Int32(5));
        for field in ["c.d", "c", "e"] {
            assert_eq!(value_at(&document, field).unwrap_err().field.as_deref(), Some("incremental"));
        }
    }
}
