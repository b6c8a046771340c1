//! Avro's binary encoding made into JSON text, digit for digit.
//!
//! The schema's own decoder is not used: it drops the order of maps and the scale of decimals, and takes the end of the
//! bytes inside a value for a missing value. What is written here follows the Avro 1.12 specification, "Binary Encoding".

use std::collections::HashMap;
use std::fmt::Write;

use apache_avro::Schema;
use apache_avro::schema::{InnerDecimalSchema, Name, UuidSchema};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::iso::{clock, day, instant};

/// Values inside values; deeper ones are refused.
const DEPTH: usize = 100;
/// Characters of one message's JSON; a few bytes can stand for endlessly many empty values.
const LONGEST: usize = 64 << 20;

/// Why bytes are not what the schema says; a part of a sentence.
type Decoded<T> = Result<T, String>;

/// A schema that decodes messages.
pub(super) struct Decoder {
    schema: Schema,
    /// The named schemas by their full names.
    names: HashMap<String, Schema>,
}

impl Decoder {
    /// The decoder of a schema as JSON, which may refer to the named schemas in `others`.
    pub(super) fn parse(schema: &str, others: &[String]) -> Decoded<Self> {
        let (schema, others) = Schema::parse_str_with_list(schema, others).map_err(|cause| cause.to_string())?;
        let mut names = HashMap::new();
        others.iter().chain([&schema]).for_each(|schema| collect(schema, None, &mut names));
        Ok(Self { schema, names })
    }

    /// The bytes of one value as JSON.
    pub(super) fn json(&self, bytes: &[u8]) -> Decoded<String> {
        let mut run = Run { bytes, names: &self.names, out: String::new() };
        run.value(&self.schema, None, 0)?;
        if run.bytes.is_empty() {
            return Ok(run.out);
        }
        Err(format!("{} bytes follow the value that its schema describes", run.bytes.len()))
    }
}

/// Notes every named schema inside a schema.
fn collect(schema: &Schema, space: Option<&str>, names: &mut HashMap<String, Schema>) {
    let mut note = |name: &Name| names.insert(name.fullname(space), schema.clone());
    match schema {
        Schema::Record(record) => {
            note(&record.name);
            let inner = record.name.namespace().or(space);
            record.fields.iter().for_each(|field| collect(&field.schema, inner, names));
        }
        Schema::Enum(symbols) => drop(note(&symbols.name)),
        Schema::Fixed(fixed) | Schema::Duration(fixed) | Schema::Uuid(UuidSchema::Fixed(fixed)) => {
            note(&fixed.name);
        }
        Schema::Decimal(decimal) => {
            if let InnerDecimalSchema::Fixed(fixed) = &decimal.inner {
                note(&fixed.name);
            }
        }
        Schema::Array(array) => collect(&array.items, space, names),
        Schema::Map(map) => collect(&map.types, space, names),
        Schema::Union(union) => union.variants().iter().for_each(|variant| collect(variant, space, names)),
        _ => {}
    }
}

/// One message on its way from bytes to JSON.
struct Run<'a> {
    bytes: &'a [u8],
    names: &'a HashMap<String, Schema>,
    out: String,
}

impl<'a> Run<'a> {
    fn value(&mut self, schema: &Schema, space: Option<&str>, depth: usize) -> Decoded<()> {
        if depth > DEPTH {
            return Err(format!("it holds more than {DEPTH} values inside each other"));
        }
        if self.out.len() > LONGEST {
            return Err(format!("it would be more than {} MB of JSON", LONGEST >> 20));
        }
        match schema {
            Schema::Null => self.plain("null"),
            Schema::Boolean => match self.take(1)?[0] {
                0 => self.plain("false"),
                1 => self.plain("true"),
                other => return Err(format!("a boolean is the byte {other}")),
            },
            Schema::Int => {
                let number = self.int()?;
                self.plain(&number.to_string());
            }
            Schema::Long => {
                let number = self.long()?;
                self.plain(&number.to_string());
            }
            Schema::Float => {
                let number = f32::from_le_bytes(self.array()?);
                self.float(f64::from(number), format!("{number:?}"));
            }
            Schema::Double => {
                let number = f64::from_le_bytes(self.array()?);
                self.float(number, format!("{number:?}"));
            }
            Schema::Bytes => {
                let bytes = self.sized()?;
                self.text(&BASE64.encode(bytes));
            }
            Schema::String => {
                let text = self.string()?;
                self.text(text);
            }
            Schema::Fixed(fixed) => {
                let bytes = self.take(fixed.size)?;
                self.text(&BASE64.encode(bytes));
            }
            Schema::Enum(symbols) => {
                let at = self.long()?;
                let symbol = usize::try_from(at).ok().and_then(|at| symbols.symbols.get(at));
                let symbol = symbol.ok_or_else(|| format!("the enum has no symbol number {at}"))?;
                self.text(symbol);
            }
            Schema::Array(array) => self.blocks(['[', ']'], &mut |run| run.value(&array.items, space, depth + 1))?,
            Schema::Map(map) => self.blocks(['{', '}'], &mut |run| {
                let name = run.string()?;
                run.text(name);
                run.out.push(':');
                run.value(&map.types, space, depth + 1)
            })?,
            Schema::Union(union) => {
                let at = self.long()?;
                let variant = usize::try_from(at).ok().and_then(|at| union.variants().get(at));
                let variant = variant.ok_or_else(|| format!("the union has no type number {at}"))?;
                self.value(variant, space, depth + 1)?;
            }
            Schema::Record(record) => {
                let inner = record.name.namespace().or(space);
                self.out.push('{');
                for (at, field) in record.fields.iter().enumerate() {
                    if at > 0 {
                        self.out.push(',');
                    }
                    self.text(&field.name);
                    self.out.push(':');
                    self.value(&field.schema, inner, depth + 1)?;
                }
                self.out.push('}');
            }
            Schema::Ref { name } => {
                let full = name.fullname(space);
                let names = self.names;
                let schema = names.get(&full).ok_or_else(|| format!("its schema does not say what `{full}` is"))?;
                self.value(schema, name.namespace().or(space), depth + 1)?;
            }
            logical => self.logical(logical)?,
        }
        Ok(())
    }

    /// A value whose type says more than its encoding.
    fn logical(&mut self, schema: &Schema) -> Decoded<()> {
        match schema {
            Schema::Decimal(decimal) => {
                let bytes = match &decimal.inner {
                    InnerDecimalSchema::Bytes => self.sized()?,
                    InnerDecimalSchema::Fixed(fixed) => self.take(fixed.size)?,
                };
                self.plain(&number(bytes, decimal.scale));
            }
            Schema::BigDecimal => {
                let bytes = self.sized()?;
                let mut inner = Run { bytes, names: self.names, out: String::new() };
                let digits = inner.sized()?;
                let scale = inner.long()?;
                let scale = usize::try_from(scale).ok().filter(|scale| *scale <= 1000);
                let scale = scale.ok_or("a decimal has digits far off its point")?;
                self.plain(&number(digits, scale));
            }
            Schema::Uuid(UuidSchema::String) => {
                let text = self.string()?;
                self.text(text);
            }
            Schema::Uuid(kind) => {
                let bytes = if matches!(kind, UuidSchema::Bytes) { self.sized()? } else { self.take(16)? };
                let uuid = uuid::Uuid::from_slice(bytes).map_err(|cause| cause.to_string())?;
                self.text(&uuid.to_string());
            }
            Schema::Date => {
                let days = self.int()?;
                self.text(&day(i64::from(days)));
            }
            Schema::TimeMillis => {
                let parts = self.int()?;
                self.text(&clock(i64::from(parts), 3));
            }
            Schema::TimeMicros => {
                let parts = self.long()?;
                self.text(&clock(parts, 6));
            }
            Schema::TimestampMillis => self.instant(3, "Z")?,
            Schema::TimestampMicros => self.instant(6, "Z")?,
            Schema::TimestampNanos => self.instant(9, "Z")?,
            Schema::LocalTimestampMillis => self.instant(3, "")?,
            Schema::LocalTimestampMicros => self.instant(6, "")?,
            Schema::LocalTimestampNanos => self.instant(9, "")?,
            Schema::Duration(_) => {
                let parts = [(); 3].map(|()| self.array().map(u32::from_le_bytes));
                let [months, days, milliseconds] = parts;
                let (months, days, milliseconds) = (months?, days?, milliseconds?);
                self.plain(&format!(r#"{{"months":{months},"days":{days},"milliseconds":{milliseconds}}}"#));
            }
            other => return Err(format!("its schema holds the type {other:?}, which cannot be decoded")),
        }
        Ok(())
    }

    fn instant(&mut self, digits: u32, zone: &str) -> Decoded<()> {
        let parts = self.long()?;
        self.text(&format!("{}{zone}", instant(parts, digits)));
        Ok(())
    }

    /// Items in blocks, each with its number of items in front, the last one empty; a negative number is followed by the
    /// block's size.
    fn blocks(&mut self, [open, close]: [char; 2], item: &mut dyn FnMut(&mut Self) -> Decoded<()>) -> Decoded<()> {
        self.out.push(open);
        let start = self.out.len();
        loop {
            let count = self.long()?;
            if count < 0 {
                self.long()?;
            }
            for _ in 0..count.unsigned_abs() {
                if self.out.len() > start {
                    self.out.push(',');
                }
                item(self)?;
            }
            if count == 0 {
                break;
            }
        }
        self.out.push(close);
        Ok(())
    }

    fn take(&mut self, count: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or("it ends in the middle of a value")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| "it ends in the middle of a value".to_owned())
    }

    /// A variable-length zig-zag number.
    fn long(&mut self) -> Decoded<i64> {
        let mut value = 0u64;
        for place in 0..10 {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f).checked_shl(place * 7).unwrap_or(0);
            if byte < 0x80 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err("a number has more than 64 bits".to_owned())
    }

    fn int(&mut self) -> Decoded<i32> {
        i32::try_from(self.long()?).map_err(|_| "a number has more than 32 bits".to_owned())
    }

    fn sized(&mut self) -> Decoded<&'a [u8]> {
        let count = self.long()?;
        let count = usize::try_from(count).map_err(|_| format!("a text or bytes have the length {count}"))?;
        self.take(count)
    }

    fn string(&mut self) -> Decoded<&'a str> {
        std::str::from_utf8(self.sized()?).map_err(|_| "a text is not UTF-8".to_owned())
    }

    fn plain(&mut self, json: &str) {
        self.out.push_str(json);
    }

    fn text(&mut self, text: &str) {
        // A JSON value of text is its text in quotes.
        let _ = write!(self.out, "{}", serde_json::Value::from(text));
    }

    /// A float with its shortest text; those that JSON does not know as the texts that are written for them too.
    fn float(&mut self, number: f64, text: String) {
        match number {
            f64::INFINITY => self.text("Infinity"),
            f64::NEG_INFINITY => self.text("-Infinity"),
            number if number.is_nan() => self.text("NaN"),
            _ => self.plain(&text),
        }
    }
}

/// A two's-complement number of any length, the highest byte first, with `scale` digits behind the point.
fn number(bytes: &[u8], scale: usize) -> String {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut magnitude: Vec<u8> = if negative { bytes.iter().map(|byte| !byte).collect() } else { bytes.to_vec() };
    if negative {
        for byte in magnitude.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        // The most negative number of its length needs one more bit than its bytes have.
        if magnitude.iter().all(|byte| *byte == 0) {
            magnitude.insert(0, 1);
        }
    }
    let mut digits = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) {
        let rest = magnitude.iter_mut().fold(0u32, |rest, byte| {
            let value = rest << 8 | u32::from(*byte);
            *byte = (value / 10) as u8;
            value % 10
        });
        digits.push(char::from_digit(rest, 10).unwrap_or('0'));
    }
    while digits.len() <= scale {
        digits.push('0');
    }
    if scale > 0 {
        digits.insert(scale, '.');
    }
    let sign = if negative { "-" } else { "" };
    format!("{sign}{}", digits.into_iter().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (bytes, scale, text) in [
            (&[][..], 0, "0"),
            (&[0], 2, "0.00"),
            (&[0x04, 0xce], 2, "12.30"),
            (&[0xff], 3, "-0.001"),
            (&[0x80], 0, "-128"),
            (&[0x80, 0], 2, "-327.68"),
            (&[0x7f; 16], 4, "16947396313317327396019049076013554.0607"),
        ] {
            assert_eq!(number(bytes, scale), text, "{bytes:?}");
        }
    }

    #[test]
    fn values_of_every_type_become_json() {
        let schema = r#"{"type":"record","name":"R","namespace":"a.b","fields":[
            {"name":"n","type":["null","long"]},
            {"name":"f","type":"float"},
            {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}},
            {"name":"on","type":{"type":"int","logicalType":"date"}},
            {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
            {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},
            {"name":"e2","type":"E"},
            {"name":"m","type":{"type":"map","values":"int"}},
            {"name":"l","type":{"type":"array","items":["null","string"]}},
            {"name":"u","type":{"type":"string","logicalType":"uuid"}},
            {"name":"next","type":["null","R"]}]}"#;
        let mut bytes = vec![2];
        bytes.extend([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        bytes.extend(1.1f32.to_le_bytes());
        bytes.extend([4, 0xfb, 0x32]);
        bytes.extend([0x01, 0x02, 0x02, 0x00]);
        bytes.extend([4, 2, b'z', 2, 2, b'a', 4, 0]);
        bytes.extend([3, 8, 0, 2, 2, b'"', 0]);
        bytes.extend([2, b'u', 0]);
        let decoder = Decoder::parse(schema, &[]).expect("a schema");
        let json = r#"{"n":9223372036854775807,"f":1.1,"d":-12.30,"on":"1969-12-31","at":"1970-01-01T00:00:00.000001Z","e":"B","e2":"A","m":{"z":1,"a":2},"l":[null,"\""],"u":"u","next":null}"#;
        assert_eq!(decoder.json(&bytes).expect("a value"), json);
        for end in 0..bytes.len() {
            assert!(decoder.json(&bytes[..end]).is_err(), "{end} bytes are too few");
        }
        bytes.push(0);
        assert_eq!(decoder.json(&bytes), Err("1 bytes follow the value that its schema describes".into()));
    }

    #[test]
    fn hostile_bytes_are_refused() {
        let nulls = Decoder::parse(r#"{"type":"array","items":"null"}"#, &[]).expect("a schema");
        let endless = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert!(nulls.json(&endless).expect_err("too many").contains("64 MB"));
        let list = r#"{"type":"record","name":"L","fields":[{"name":"n","type":["null","L"]}]}"#;
        let list = Decoder::parse(list, &[]).expect("a schema");
        assert!(list.json(&[2; 500]).expect_err("too deep").contains("inside each other"));
        assert!(list.json(&[0x80; 11]).is_err() && list.json(&[4]).is_err());
    }

    #[test]
    fn schemas_refer_to_others() {
        let other = r#"{"type":"record","name":"x.P","fields":[{"name":"q","type":"int"}]}"#.to_owned();
        let schema = r#"{"type":"record","name":"x.R","fields":[{"name":"p","type":"P"},{"name":"p2","type":"x.P"}]}"#;
        let decoder = Decoder::parse(schema, &[other]).expect("schemas");
        assert_eq!(decoder.json(&[2, 4]).expect("a value"), r#"{"p":{"q":1},"p2":{"q":2}}"#);
    }
}
