//! Where an incremental read stands: a value of a field that grows.

use pulse_core::{Error, Result};
use serde_json::{Value, json};

use super::super::super::instant;
use super::super::mapping::Mappings;

/// How the values of the field are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Milliseconds since 1970.
    Date,
    /// Nanoseconds, compared by their milliseconds.
    DateNanos,
    Number,
    Text,
}

impl Kind {
    /// The kind of a field. Fails if it cannot be sorted by, or differs from index to index.
    pub(super) fn of(mappings: &Mappings, field: &str) -> Result<Self> {
        let types = mappings.types_of(field);
        let refuse = |why: String, hint: &str| {
            Err(Error::invalid(format!("`{field}` cannot say what is new: {why}.")).hint(hint).field("incremental"))
        };
        match types.as_slice() {
            [] => refuse("no index has such a field".into(), "Choose a field of the index, such as `@timestamp`."),
            ["date"] => Ok(Self::Date),
            ["date_nanos"] | ["date", "date_nanos"] => Ok(Self::DateNanos),
            [
                "long" | "integer" | "short" | "byte" | "double" | "float" | "half_float" | "scaled_float"
                | "unsigned_long",
            ] => Ok(Self::Number),
            ["keyword" | "constant_keyword" | "wildcard"] => Ok(Self::Text),
            ["text" | "match_only_text"] => refuse(
                "it is a text for searching, which has no order".into(),
                "Choose a date, a number or a keyword; texts often have one more field for that, such as name.keyword.",
            ),
            [one] => refuse(format!("its type is {one}"), "Choose a field with dates, numbers or keywords that grows."),
            many => refuse(
                format!("its type differs between the indices ({})", many.join(", ")),
                "Read the indices one by one, or choose another field.",
            ),
        }
    }
}

/// A value of the field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cursor {
    kind: Kind,
    /// Milliseconds for dates.
    value: Value,
}

impl Cursor {
    /// A value by which the cluster sorted. Fails if it is of another kind than the mapping says.
    pub(super) fn new(kind: Kind, value: Value, field: &str) -> Result<Self> {
        let fits = match kind {
            Kind::Date | Kind::DateNanos => value.is_i64(),
            Kind::Number => value.is_number(),
            Kind::Text => value.is_string(),
        };
        if !fits {
            return Err(Error::invalid(format!("`{field}` cannot say what is new: its greatest value is {value}."))
                .hint("Choose a field with dates, numbers or keywords that grows.")
                .field("incremental"));
        }
        Ok(Self { kind, value })
    }

    /// What to remember.
    pub(super) fn state(&self, field: &str) -> Value {
        let iso = match self.kind {
            Kind::Date | Kind::DateNanos => self.value.as_i64().and_then(instant::iso),
            _ => None,
        };
        json!({"field": field, "cursor": iso.map_or_else(|| self.value.clone(), Value::from)})
    }

    /// The value that was remembered; nothing if it is that of another field. Fails if it is of another kind.
    pub(super) fn parse(state: &Value, field: &str, kind: Kind) -> Result<Option<Self>> {
        if state["field"] != field {
            return Ok(None);
        }
        let kept = &state["cursor"];
        let value = match kind {
            Kind::Date | Kind::DateNanos => kept.as_str().and_then(instant::millis).map_or(kept.clone(), Value::from),
            _ => kept.clone(),
        };
        Self::new(kind, value, field).map(Some).map_err(|_| {
            Error::damaged(format!("`{field}` has another type than when it was last read."))
                .hint("Refresh it in full; that reads everything again.")
        })
    }

    /// The condition for greater values.
    pub(super) fn behind(&self, field: &str) -> Value {
        json!({"range": {field: self.bound("gt", &self.value)}})
    }

    /// The condition for values behind `known`, less the lag, up to this one.
    pub(super) fn range(&self, field: &str, known: Option<&Self>, lag: u64) -> Result<Value> {
        let mut range = self.bound("lte", &self.value);
        if let Some(known) = known {
            let lower = if lag == 0 { known.bound("gt", &known.value) } else { known.bound("gte", &known.less(lag)?) };
            if let (Some(range), Value::Object(lower)) = (range.as_object_mut(), lower) {
                range.extend(lower);
            }
        }
        Ok(json!({"range": {field: range}}))
    }

    /// One end of a range. All values of one millisecond are on the same side of it.
    fn bound(&self, operator: &str, value: &Value) -> Value {
        match (self.kind, value.as_i64()) {
            (Kind::Date | Kind::DateNanos, Some(millis)) => {
                let (operator, millis) = match operator {
                    "gt" => ("gte", millis.saturating_add(1)),
                    "lte" => ("lt", millis.saturating_add(1)),
                    other => (other, millis),
                };
                json!({operator: millis, "format": "epoch_millis"})
            }
            _ => json!({operator: value}),
        }
    }

    /// The value less a lag.
    fn less(&self, lag: u64) -> Result<Value> {
        let whole = i64::try_from(lag).unwrap_or(i64::MAX);
        match (self.kind, &self.value) {
            (Kind::Date | Kind::DateNanos, value) => {
                let millis = value.as_i64().unwrap_or_default();
                Ok(millis.saturating_sub(whole.saturating_mul(1000)).into())
            }
            (Kind::Number, Value::Number(number)) => Ok(match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => number.saturating_sub(whole).into(),
                (None, Some(number)) => number.saturating_sub(lag).into(),
                _ => json!(number.as_f64().unwrap_or_default() - lag as f64),
            }),
            _ => Err(Error::invalid("There is a lag, but the values of the field are texts.")
                .hint("Set the lag to 0, or go on by a date or a number.")
                .field("lag")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(kind: Kind, value: Value) -> Cursor {
        Cursor::new(kind, value, "f").unwrap()
    }

    #[test]
    fn what_is_remembered_is_read_again() {
        for (kind, value, kept) in [
            (Kind::Date, json!(1_704_448_800_120_i64), json!("2024-01-05T10:00:00.120Z")),
            (Kind::DateNanos, json!(i64::MAX), json!(i64::MAX)),
            (Kind::Number, json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_993_u64)),
            (Kind::Number, json!(1.5), json!(1.5)),
            (Kind::Text, json!("b"), json!("b")),
        ] {
            let state = cursor(kind, value.clone()).state("f");
            assert_eq!(state, json!({"field": "f", "cursor": kept}));
            assert_eq!(Cursor::parse(&state, "f", kind).unwrap(), Some(cursor(kind, value)));
            assert_eq!(Cursor::parse(&state, "g", kind).unwrap(), None, "another field starts anew");
        }
        assert!(Cursor::parse(&json!({"field": "f", "cursor": "b"}), "f", Kind::Number).is_err());
        assert!(Cursor::new(Kind::Number, Value::Null, "f").is_err());
    }

    #[test]
    fn ranges_follow_each_other_without_a_gap() {
        let (low, high) = (cursor(Kind::Date, json!(5)), cursor(Kind::Date, json!(9)));
        let range = |lower: i64| json!({"range": {"f": {"gte": lower, "lt": 10, "format": "epoch_millis"}}});
        assert_eq!(high.range("f", Some(&low), 0).unwrap(), range(6));
        assert_eq!(high.range("f", Some(&low), 3).unwrap(), range(-2995));
        let numbers = cursor(Kind::Number, json!(9)).range("f", Some(&cursor(Kind::Number, json!(5))), 0).unwrap();
        assert_eq!(numbers, json!({"range": {"f": {"gt": 5, "lte": 9}}}));
        let texts = cursor(Kind::Text, json!("b"));
        assert_eq!(texts.range("f", Some(&texts), 1).unwrap_err().field.as_deref(), Some("lag"));
    }
}
