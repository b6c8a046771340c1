//! Rows in Avro's binary encoding, value for value, with the schema that describes them (Avro 1.12 specification, "Schema
//! Declaration", "Logical Types" and "Binary Encoding").

use polars::prelude::*;
use pulse_core::Result;
use serde_json::{Value, json};

use super::json::Cells;
use super::{Outgoing, OutgoingColumn};

/// The schema of the rows: a record whose fields may all be missing. Names that Avro does not know are made into such
/// that it does; the field's `doc` says what the column is called.
pub(crate) fn schema(outgoing: &Outgoing, record: &str) -> Value {
    let record = identifier(record);
    let mut taken = Vec::new();
    let field = |column: &OutgoingColumn| {
        let name = unlike(&taken, identifier(&column.name));
        let mut field =
            json!({"name": name, "type": optional(&column.dtype, &format!("{record}_{name}")), "default": null});
        if name != column.name || !column.description.is_empty() {
            let called = if name == column.name { String::new() } else { format!("The column `{}`. ", column.name) };
            field["doc"] = json!(format!("{called}{}", column.description).trim());
        }
        taken.push(name);
        field
    };
    let fields: Vec<Value> = outgoing.columns.iter().map(field).collect();
    json!({"type": "record", "name": record, "fields": fields})
}

/// The rows of a batch, ready to be written one by one.
pub(crate) struct AvroRows(Vec<Cells>);

impl AvroRows {
    /// The rows of `frame`, whose columns are those of the schema in its order.
    pub fn new(frame: &DataFrame) -> Result<Self> {
        let cells = frame.columns().iter().map(|column| Cells::of(column.as_materialized_series()));
        Ok(Self(cells.collect::<Result<_>>()?))
    }

    /// Appends the row `at` as a record.
    pub fn write(&self, at: usize, out: &mut Vec<u8>) {
        self.0.iter().for_each(|cells| optional_value(cells, at, out));
    }
}

/// The type of a value that may be missing; `path` makes the names of records inside it unique.
fn optional(dtype: &DataType, path: &str) -> Value {
    let plain = match dtype {
        DataType::Null => return json!("null"),
        DataType::Boolean => json!("boolean"),
        DataType::Int8 | DataType::Int16 | DataType::Int32 => json!("int"),
        DataType::Int64 => json!("long"),
        DataType::Float32 => json!("float"),
        DataType::Float64 => json!("double"),
        DataType::Binary => json!("bytes"),
        DataType::Date => json!({"type": "int", "logicalType": "date"}),
        DataType::Datetime(_, Some(_)) => json!({"type": "long", "logicalType": "timestamp-micros"}),
        DataType::Datetime(_, None) => json!({"type": "long", "logicalType": "local-timestamp-micros"}),
        DataType::Decimal(precision, scale) => {
            json!({"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale})
        }
        DataType::List(items) => json!({"type": "array", "items": optional(items, path)}),
        DataType::Struct(members) => {
            let mut taken = Vec::new();
            let field = |member: &Field| {
                let name = unlike(&taken, identifier(member.name()));
                let inner = optional(member.dtype(), &format!("{path}_{name}"));
                taken.push(name.clone());
                json!({"name": name, "type": inner, "default": null})
            };
            let fields: Vec<Value> = members.iter().map(field).collect();
            json!({"type": "record", "name": path, "fields": fields})
        }
        _ => json!("string"),
    };
    json!(["null", plain])
}

/// A name as Avro allows it: letters, digits and underscores, not beginning with a digit.
fn identifier(name: &str) -> String {
    let mut made: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if made.is_empty() || made.starts_with(|c: char| c.is_ascii_digit()) {
        made.insert(0, '_');
    }
    made
}

/// The name, with a number behind it if it is taken.
fn unlike(taken: &[String], name: String) -> String {
    if !taken.contains(&name) {
        return name;
    }
    (2..).map(|number| format!("{name}_{number}")).find(|name| !taken.contains(name)).unwrap_or(name)
}

/// Appends the branch of the union with `null`, and the value if there is one.
fn optional_value(cells: &Cells, at: usize, out: &mut Vec<u8>) {
    macro_rules! branch {
        ($value:expr, |$found:ident| $write:expr) => {
            match $value {
                None => out.push(0),
                Some($found) => {
                    out.push(2);
                    $write
                }
            }
        };
    }
    match cells {
        Cells::Null => {}
        Cells::Boolean(values) => branch!(values.get(at), |value| out.push(u8::from(value))),
        Cells::Int8(values) => branch!(values.get(at), |value| long(value.into(), out)),
        Cells::Int16(values) => branch!(values.get(at), |value| long(value.into(), out)),
        Cells::Int32(values) | Cells::Day(values) => branch!(values.get(at), |value| long(value.into(), out)),
        Cells::Int64(values) | Cells::Instant(values, _) => branch!(values.get(at), |value| long(value, out)),
        Cells::Float32(values) => branch!(values.get(at), |value| out.extend_from_slice(&value.to_le_bytes())),
        Cells::Float64(values) => branch!(values.get(at), |value| out.extend_from_slice(&value.to_le_bytes())),
        Cells::String(values) => branch!(values.get(at), |value| bytes(value.as_bytes(), out)),
        Cells::Binary(values) => branch!(values.get(at), |value| bytes(value, out)),
        Cells::Decimal(values, _) => branch!(values.get(at), |value| bytes(shortest(&value.to_be_bytes()), out)),
        Cells::List(missing, offsets, items) => {
            let place = |at: usize| offsets.get(at).map_or(0, |offset| usize::try_from(*offset).unwrap_or_default());
            branch!((missing.get(at) != Some(true)).then(|| place(at)..place(at + 1)), |range| {
                if !range.is_empty() {
                    long(range.len() as i64, out);
                    range.for_each(|item| optional_value(items, item, out));
                }
                out.push(0);
            });
        }
        Cells::Struct(missing, members) => {
            branch!((missing.get(at) != Some(true)).then_some(()), |_there| {
                members.iter().for_each(|(_, cells)| optional_value(cells, at, out));
            });
        }
    }
}

/// A number with its sign in the lowest bit, seven bits a byte.
fn long(value: i64, out: &mut Vec<u8>) {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    while left >= 0x80 {
        out.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

fn bytes(value: &[u8], out: &mut Vec<u8>) {
    long(value.len() as i64, out);
    out.extend_from_slice(value);
}

/// A number in two's complement without the leading bytes that say nothing.
fn shortest(value: &[u8; 16]) -> &[u8] {
    let says_nothing = |at: usize| {
        let sign = if value[at + 1] & 0x80 == 0 { 0 } else { 0xff };
        value[at] == sign
    };
    let first = (0..15).find(|at| !says_nothing(*at)).unwrap_or(15);
    &value[first..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_those_that_avro_knows() {
        assert_eq!(identifier("unit price (€)"), "unit_price____");
        assert_eq!(identifier("2024"), "_2024");
        assert_eq!(identifier(""), "_");
        assert_eq!(unlike(&["a_b".into(), "a_b_2".into()], identifier("a b")), "a_b_3");
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        let made = |value: i128| shortest(&value.to_be_bytes()).to_vec();
        for (value, expected) in [
            (0, vec![0]),
            (127, vec![127]),
            (128, vec![0, 128]),
            (-1, vec![255]),
            (-128, vec![128]),
            (-129, vec![255, 127]),
        ] {
            assert_eq!(made(value), expected, "{value}");
        }
        assert_eq!(made(i128::MIN).len(), 16);
        let mut out = Vec::new();
        [0, -1, 1, 63, -64, 64, i64::MIN].into_iter().for_each(|value| long(value, &mut out));
        assert_eq!(out[..8], [0, 1, 2, 126, 127, 128, 1, 255]);
    }
}
