//! Whether the document that a cluster gives back is the one that was sent.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Whether two documents are the same, however their numbers are written and their members ordered. Clusters give a
/// document back byte for byte, unless they make it anew from what they know of it.
pub(super) fn is_same(sent: &[u8], there: &str) -> bool {
    if sent == there.as_bytes() {
        return true;
    }
    let parsed = |text| serde_json::from_str::<Json<'_>>(text).ok();
    let sent = std::str::from_utf8(sent).ok().and_then(parsed);
    sent.zip(parsed(there)).is_some_and(|(sent, there)| sent.is(&there))
}

/// JSON whose texts stay where they are: every document that is read back is made into one and dropped at once.
enum Json<'a> {
    Null,
    Boolean(bool),
    Whole(i128),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    /// The members in the order in which they are written.
    Object(Vec<(Self, Self)>),
}

impl Json<'_> {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Boolean(one), Self::Boolean(other)) => one == other,
            (Self::Whole(one), Self::Whole(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is(other))
            }
            (Self::Object(one), Self::Object(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .enumerate()
                        .all(|(at, member)| value(other, at, member).is_some_and(|v| member.1.is(v)))
            }
            _ => self.float().zip(other.float()).is_some_and(|(one, other)| one == other),
        }
    }

    fn float(&self) -> Option<f64> {
        match self {
            Self::Whole(whole) => Some(*whole as f64),
            Self::Float(float) => Some(*float),
            _ => None,
        }
    }
}

/// The value of the member of that name among `members`; mostly it stands `at` the same place.
fn value<'m, 'a>(
    members: &'m [(Json<'a>, Json<'a>)],
    at: usize,
    member: &(Json<'a>, Json<'a>),
) -> Option<&'m Json<'a>> {
    let here = members.get(at).filter(|(name, _)| name.is(&member.0));
    here.or_else(|| members.iter().find(|(name, _)| name.is(&member.0))).map(|(_, value)| value)
}

impl<'a> Deserialize<'a> for Json<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'a> Visitor<'a> for Reading {
    type Value = Json<'a>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'a>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'a>, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'a>, E> {
        Ok(Json::Whole(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'a>, E> {
        Ok(Json::Whole(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'a>, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'a str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<Json<'a>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<Json<'a>, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_however_they_are_written() {
        for (a, b, same) in [
            (r#"{"a":1.10,"b":[1,null]}"#, r#"{"b":[1,null],"a":1.1}"#, true),
            (r#"{"a":1,"b":2}"#, r#"{"a":1,"c":2}"#, false),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false),
            ("9007199254740993", "9007199254740992", false),
            ("18446744073709551615", "-1", false),
            ("123456789012345678901.50", "123456789012345678901.5", true),
            ("5.00", "5", true),
            (r#"{"a":null}"#, "{}", false),
            (r#""1""#, "1", false),
            ("true", "1", false),
            (r#"{"\u00fc":"\n"}"#, "{\"ü\":\"\\u000a\"}", true),
            ("[1,2]", "[2,1]", false),
            ("{", "{}", false),
            ("{", "{", true),
        ] {
            assert_eq!(is_same(a.as_bytes(), b), same, "{a} {b}");
        }
    }
}
