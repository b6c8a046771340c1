//! BSON documents as JSON text, without losing a digit: one line a document.
//!
//! Top-level values become plain cells where they have a plain text; what has none, and everything below the top, is
//! written as MongoDB Extended JSON v2 (relaxed, with all digits), which gives back the BSON value.

use std::collections::{BTreeMap, HashMap};

use ::mongodb::bson::RawDocument;
use ::mongodb::bson::error::Error;
use ::mongodb::bson::raw::RawBsonRef;
use ::mongodb::bson::spec::BinarySubtype;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::instant;

/// MongoDB itself nests at most 100 deep.
const DEEPEST: usize = 250;
/// Whole numbers up to this are the same as a float.
const EXACT: u64 = 1 << 53;

/// What was seen of the top-level fields of the documents written so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    documents: u64,
    /// The names in the order in which they came.
    names: Vec<String>,
    seen: HashMap<String, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    present: u64,
    null: u64,
    double: bool,
    /// Whether there was anything but null and numbers that a float holds exactly.
    other: bool,
    /// The BSON types, in words.
    types: Vec<&'static str>,
}

impl Fields {
    /// Documents written.
    pub(super) fn documents(&self) -> u64 {
        self.documents
    }

    /// The types of columns that the texts alone may not tell: floats that happen to be whole.
    pub(super) fn types(&self) -> BTreeMap<String, String> {
        let numbers = self.seen.iter().filter(|(_, seen)| seen.double && !seen.other);
        numbers.map(|(name, _)| (name.clone(), "number".to_owned())).collect()
    }

    /// A sentence for each field that is null in some documents and missing in others, which look the same in a table.
    pub(super) fn notes(&self) -> Vec<String> {
        let both = self.names.iter().filter_map(|name| {
            let seen = self.seen.get(name)?;
            let missing = self.documents - seen.present;
            (seen.null > 0 && missing > 0).then(|| {
                format!("`{name}` is null in {} documents and missing in {missing}; both are empty cells.", seen.null)
            })
        });
        both.collect()
    }

    /// The names with the BSON types that were seen, in the order in which they came.
    pub(super) fn described(&self) -> impl Iterator<Item = (&str, String)> {
        self.names.iter().map(|name| (name.as_str(), self.seen.get(name).map_or(String::new(), |s| s.types.join(", "))))
    }

    fn note(&mut self, name: &str, value: RawBsonRef<'_>) {
        if !self.seen.contains_key(name) {
            self.names.push(name.to_owned());
        }
        let seen = self.seen.entry(name.to_owned()).or_default();
        seen.present += 1;
        match value {
            RawBsonRef::Null => seen.null += 1,
            RawBsonRef::Double(number) if number.is_finite() => seen.double = true,
            RawBsonRef::Int32(_) => {}
            RawBsonRef::Int64(number) if number.unsigned_abs() <= EXACT => {}
            _ => seen.other = true,
        }
        let word = type_word(value);
        if !matches!(value, RawBsonRef::Null) && !seen.types.contains(&word) {
            seen.types.push(word);
        }
    }
}

/// Adds one document and a line end to `out`. Fails if the bytes are no BSON or a text in them is no UTF-8.
pub(super) fn write(document: &RawDocument, fields: &mut Fields, out: &mut Vec<u8>) -> Result<(), Error> {
    out.push(b'{');
    for (at, element) in document.iter().enumerate() {
        let (name, value) = element?;
        if at > 0 {
            out.push(b',');
        }
        text(name.as_str(), out);
        out.push(b':');
        cell(value, out)?;
        fields.note(name.as_str(), value);
    }
    out.extend_from_slice(b"}\n");
    fields.documents += 1;
    Ok(())
}

/// A top-level value.
fn cell(value: RawBsonRef<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    match value {
        RawBsonRef::Double(number) if number.is_nan() => text("NaN", out),
        RawBsonRef::Double(number) if number.is_infinite() => {
            text(if number > 0.0 { "Infinity" } else { "-Infinity" }, out);
        }
        RawBsonRef::ObjectId(id) => text(&id.to_hex(), out),
        RawBsonRef::Symbol(word) => text(word, out),
        RawBsonRef::DateTime(at) => match instant::iso(at.timestamp_millis()) {
            Some(iso) => text(&iso, out),
            None => return nested(value, 0, out),
        },
        RawBsonRef::Decimal128(number) => {
            let digits = number.to_string();
            if digits.ends_with(|c: char| c.is_ascii_digit()) {
                out.extend_from_slice(digits.as_bytes());
            } else {
                text(&digits, out);
            }
        }
        RawBsonRef::Binary(binary) => match (binary.subtype, <[u8; 16]>::try_from(binary.bytes)) {
            (BinarySubtype::Uuid, Ok(bytes)) => text(&uuid::Uuid::from_bytes(bytes).to_string(), out),
            (BinarySubtype::Generic, _) => text(&STANDARD.encode(binary.bytes), out),
            _ => return nested(value, 0, out),
        },
        _ => return nested(value, 0, out),
    }
    Ok(())
}

/// A value as extended JSON.
fn nested(value: RawBsonRef<'_>, depth: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(serde::ser::Error::custom(format!("it is nested more than {DEEPEST} levels deep")));
    }
    match value {
        RawBsonRef::Document(document) => {
            out.push(b'{');
            for (at, element) in document.iter().enumerate() {
                let (name, value) = element?;
                if at > 0 {
                    out.push(b',');
                }
                text(name.as_str(), out);
                out.push(b':');
                nested(value, depth + 1, out)?;
            }
            out.push(b'}');
        }
        RawBsonRef::Array(values) => {
            out.push(b'[');
            for (at, value) in values.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                nested(value?, depth + 1, out)?;
            }
            out.push(b']');
        }
        RawBsonRef::Double(number) if !number.is_finite() => {
            out.extend_from_slice(b"{\"$numberDouble\":");
            cell(value, out)?;
            out.push(b'}');
        }
        RawBsonRef::DateTime(at) => match instant::iso(at.timestamp_millis()) {
            Some(iso) => out.extend_from_slice(format!("{{\"$date\":\"{iso}\"}}").as_bytes()),
            None => {
                let number = at.timestamp_millis();
                out.extend_from_slice(format!("{{\"$date\":{{\"$numberLong\":\"{number}\"}}}}").as_bytes());
            }
        },
        // The rest is written by the driver's own rules for extended JSON.
        _ => serde_json::to_writer(out, &value).map_err(<Error as serde::ser::Error>::custom)?,
    }
    Ok(())
}

/// A JSON string.
fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
}

/// The BSON type as MongoDB's documentation names it.
fn type_word(value: RawBsonRef<'_>) -> &'static str {
    match value {
        RawBsonRef::Double(_) => "double",
        RawBsonRef::String(_) => "string",
        RawBsonRef::Array(_) => "array",
        RawBsonRef::Document(_) => "object",
        RawBsonRef::Boolean(_) => "bool",
        RawBsonRef::Null => "null",
        RawBsonRef::Int32(_) => "int",
        RawBsonRef::Int64(_) => "long",
        RawBsonRef::DateTime(_) => "date",
        RawBsonRef::ObjectId(_) => "objectId",
        RawBsonRef::Decimal128(_) => "decimal",
        RawBsonRef::Binary(_) => "binData",
        RawBsonRef::Timestamp(_) => "timestamp",
        RawBsonRef::RegularExpression(_) => "regex",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use ::mongodb::bson::oid::ObjectId;
    use ::mongodb::bson::spec::BinarySubtype;
    use ::mongodb::bson::{
        Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, RawDocumentBuf, Regex, Timestamp, doc,
    };

    use super::*;

    fn line(document: &Document) -> (String, Fields) {
        let raw = RawDocumentBuf::try_from(document).unwrap();
        let (mut fields, mut out) = (Fields::default(), Vec::new());
        write(&raw, &mut fields, &mut out).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok(), "{}", String::from_utf8_lossy(&out));
        (String::from_utf8(out).unwrap().trim_end().to_owned(), fields)
    }

    #[test]
    fn every_type_has_a_text() {
        let decimal = |text: &str| Bson::Decimal128(text.parse().unwrap());
        let binary = |subtype, bytes: &[u8]| Bson::Binary(Binary { subtype, bytes: bytes.to_vec() });
        let regex = Regex { pattern: "^a".try_into().unwrap(), options: "i".try_into().unwrap() };
        let cases: Vec<(Bson, &str)> = vec![
            (Bson::ObjectId(ObjectId::parse_str("507f1f77bcf86cd799439011").unwrap()), r#""507f1f77bcf86cd799439011""#),
            (Bson::Int32(-7), "-7"),
            (Bson::Int64(9_007_199_254_740_993), "9007199254740993"),
            (Bson::Double(0.1), "0.1"),
            (Bson::Double(5.0), "5.0"),
            (Bson::Double(f64::NAN), r#""NaN""#),
            (Bson::Double(f64::NEG_INFINITY), r#""-Infinity""#),
            (decimal("1.10"), "1.10"),
            (decimal("12345678901234567890123456789.01234"), "12345678901234567890123456789.01234"),
            (decimal("-0.00"), "-0.00"),
            (decimal("1E+3"), "1E+3"),
            (decimal("NaN"), r#""NaN""#),
            (decimal("-Infinity"), r#""-Infinity""#),
            (Bson::DateTime(DateTime::from_millis(1_704_448_800_000)), r#""2024-01-05T10:00:00.000Z""#),
            (Bson::DateTime(DateTime::from_millis(i64::MIN)), r#"{"$date":{"$numberLong":"-9223372036854775808"}}"#),
            (Bson::Boolean(true), "true"),
            (Bson::Null, "null"),
            (Bson::String("a\"\n\u{1F600}".into()), "\"a\\\"\\n\u{1F600}\""),
            (binary(BinarySubtype::Generic, &[1, 2, 255]), r#""AQL/""#),
            (binary(BinarySubtype::Uuid, &[0x11; 16]), r#""11111111-1111-1111-1111-111111111111""#),
            (binary(BinarySubtype::Md5, &[1]), r#"{"$binary":{"base64":"AQ==","subType":"05"}}"#),
            (Bson::Timestamp(Timestamp { time: 5, increment: 6 }), r#"{"$timestamp":{"t":5,"i":6}}"#),
            (Bson::RegularExpression(regex), r#"{"$regularExpression":{"pattern":"^a","options":"i"}}"#),
            (Bson::MinKey, r#"{"$minKey":1}"#),
            (Bson::Symbol("s".into()), r#""s""#),
            (Bson::JavaScriptCode("f()".into()), r#"{"$code":"f()"}"#),
            (
                Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code: "f()".into(), scope: doc! { "a": 1 } }),
                r#"{"$code":"f()","$scope":{"a":1}}"#,
            ),
        ];
        for (value, expected) in cases {
            let (written, _) = line(&doc! { "v": value.clone() });
            assert_eq!(written, format!("{{\"v\":{expected}}}"), "{value:?}");
        }
    }

    #[test]
    fn nested_values_keep_their_type_and_digits() {
        let id = ObjectId::parse_str("507f1f77bcf86cd799439011").unwrap();
        let at = DateTime::from_millis(1_704_448_800_120);
        let decimal: ::mongodb::bson::Decimal128 = "1.10".parse().unwrap();
        let (written, _) = line(&doc! { "o": { "id": id, "at": at, "d": decimal, "n": 9_007_199_254_740_993_i64,
        "f": [1.0, f64::INFINITY, 2], "e": {}, "l": [] } });
        let expected = concat!(
            r#"{"o":{"id":{"$oid":"507f1f77bcf86cd799439011"},"at":{"$date":"2024-01-05T10:00:00.120Z"},"#,
            r#""d":{"$numberDecimal":"1.10"},"n":9007199254740993,"#,
            r#""f":[1.0,{"$numberDouble":"Infinity"},2],"e":{},"l":[]}}"#
        );
        assert_eq!(written, expected);
    }

    #[test]
    fn fields_are_noted() {
        let documents = [
            doc! { "n": 1, "x": 2.0, "y": Bson::Null },
            doc! { "n": 2, "x": 3_i64, "y": "a" },
            doc! { "n": 3, "x": 2.5, "w": 1.5 },
            doc! { "n": 4, "w": 9_007_199_254_740_993_i64 },
        ];
        let (mut fields, mut out) = (Fields::default(), Vec::new());
        for document in &documents {
            write(&RawDocumentBuf::try_from(document).unwrap(), &mut fields, &mut out).unwrap();
        }
        assert_eq!(fields.documents(), 4);
        let types: Vec<_> = fields.types().into_iter().collect();
        assert_eq!(types, [("x".to_owned(), "number".to_owned())], "w would lose a digit as a float");
        assert_eq!(fields.notes(), ["`y` is null in 1 documents and missing in 2; both are empty cells."]);
        let described: Vec<_> = fields.described().map(|(name, types)| format!("{name}: {types}")).collect();
        assert_eq!(described, ["n: int", "x: double, long", "y: string", "w: double, long"]);
    }

    #[test]
    fn what_is_too_deep_is_an_error() {
        let mut value = Bson::Int32(1);
        for _ in 0..400 {
            value = Bson::Array(vec![value]);
        }
        let raw = RawDocumentBuf::try_from(&doc! { "v": value }).unwrap();
        let error = write(&raw, &mut Fields::default(), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("levels deep"), "{error}");
    }
}
