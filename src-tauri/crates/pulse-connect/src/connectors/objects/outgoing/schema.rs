//! The schema of a Delta table: as it is written, and whether columns fit into the one that is there.

use polars::prelude::DataType;
use serde_json::{Value, json};

use super::fields::Field;

/// The columns as the Delta protocol writes them (section "Schema Serialization Format").
pub(super) fn schema(fields: &[Field]) -> Value {
    json!({"type": "struct", "fields": fields.iter().map(field).collect::<Vec<_>>()})
}

fn field(field: &Field) -> Value {
    let metadata = if field.description.is_empty() { json!({}) } else { json!({"comment": field.description}) };
    json!({"name": field.name, "type": word(&field.dtype), "nullable": true, "metadata": metadata})
}

/// A type as the protocol writes it.
pub(super) fn word(dtype: &DataType) -> Value {
    match dtype {
        DataType::Int8 => json!("byte"),
        DataType::Int16 => json!("short"),
        DataType::Int32 => json!("integer"),
        DataType::Int64 => json!("long"),
        DataType::Float32 => json!("float"),
        DataType::Float64 => json!("double"),
        DataType::Boolean => json!("boolean"),
        DataType::Binary => json!("binary"),
        DataType::Date => json!("date"),
        DataType::Datetime(_, None) => json!("timestamp_ntz"),
        DataType::Datetime(_, Some(_)) => json!("timestamp"),
        DataType::Decimal(precision, scale) => json!(format!("decimal({precision},{scale})")),
        DataType::List(inner) => json!({"type": "array", "elementType": word(inner), "containsNull": true}),
        DataType::Struct(members) => {
            let member = |f: &polars::prelude::Field| json!({"name": f.name().as_str(), "type": word(f.dtype()), "nullable": true, "metadata": {}});
            json!({"type": "struct", "fields": members.iter().map(member).collect::<Vec<_>>()})
        }
        _ => json!("string"),
    }
}

/// Whether a type holds times without a zone, which a table must say that it uses.
pub(super) fn has_ntz(schema: &Value) -> bool {
    match schema {
        Value::String(word) => word == "timestamp_ntz",
        Value::Array(items) => items.iter().any(has_ntz),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name != "name" && name != "metadata" && has_ntz(value))
        }
        _ => false,
    }
}

/// Whether two types are the same but for whether values may be missing.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => ["type", "name", "elementType", "fields", "keyType", "valueType"]
            .iter()
            .all(|member| match (a.get(*member), b.get(*member)) {
                (Some(a), Some(b)) => is_same(a, b),
                (a, b) => a.is_none() && b.is_none(),
            }),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (a, b) => a == b,
    }
}

/// How columns go into a table.
#[derive(Debug, Default)]
pub(super) struct Fit {
    /// The table's schema afterwards.
    pub schema: Value,
    /// The columns that the table has not yet.
    pub new: Vec<String>,
    /// The table's columns that are not sent and become missing values.
    pub missing: Vec<String>,
    /// The columns of the table that must have a value in every row.
    pub required: Vec<String>,
    /// Why columns do not fit: the column and a sentence.
    pub misfits: Vec<(String, String)>,
}

/// How `fields` go into a table of the schema `there`; they take the table's names and wider types.
pub(super) fn fit(there: &Value, fields: &mut [Field]) -> Fit {
    let mut columns = there["fields"].as_array().cloned().unwrap_or_default();
    let mut found = Fit::default();
    for own in fields.iter_mut() {
        let theirs = columns.iter().find(|column| name(column).to_lowercase() == own.name.to_lowercase());
        let Some(theirs) = theirs else {
            found.new.push(own.name.clone());
            columns.push(field(own));
            continue;
        };
        if theirs["nullable"] == json!(false) {
            found.required.push(own.name.clone());
        }
        if name(theirs) != own.name {
            let text = format!("The table calls the column `{}`.", name(theirs));
            found.misfits.push((own.name.clone(), text));
        } else if !is_same(&theirs["type"], &word(&own.dtype)) {
            match widened(&theirs["type"], &own.dtype) {
                Some(dtype) => own.dtype = dtype,
                None => {
                    let (here, there) = (shown(&word(&own.dtype)), shown(&theirs["type"]));
                    let text = format!("It is {here} here and {there} in the table.");
                    found.misfits.push((own.name.clone(), text));
                }
            }
        }
    }
    let count = columns.len() - found.new.len();
    for column in &columns[..count] {
        let sent = fields.iter().any(|own| own.name.to_lowercase() == name(column).to_lowercase());
        match (sent, column["nullable"] == json!(false)) {
            (true, _) => {}
            (false, false) => found.missing.push(name(column).to_owned()),
            (false, true) => {
                let text = "The table demands a value in it for every row, and it is not sent.".to_owned();
                found.misfits.push((name(column).to_owned(), text));
            }
        }
    }
    found.schema = json!({"type": "struct", "fields": columns});
    found
}

fn name(column: &Value) -> &str {
    column["name"].as_str().unwrap_or_default()
}

/// A type in words.
pub(super) fn shown(word: &Value) -> String {
    match word {
        Value::String(word) => word.clone(),
        other => other["type"].as_str().unwrap_or("nested").to_owned(),
    }
}

/// The table's type, if it holds every value of `dtype`.
fn widened(there: &Value, dtype: &DataType) -> Option<DataType> {
    /// Whole numbers with the digits that they have at most.
    const WHOLE: [(&str, DataType, usize); 4] = [
        ("byte", DataType::Int8, 3),
        ("short", DataType::Int16, 5),
        ("integer", DataType::Int32, 10),
        ("long", DataType::Int64, 19),
    ];
    let there = there.as_str()?;
    let own = WHOLE.iter().position(|(_, own, _)| own == dtype);
    if let Some((precision, scale)) = decimal(there) {
        let (whole, fraction) = match (own, dtype) {
            (Some(own), _) => (WHOLE[own].2, 0),
            (None, DataType::Decimal(precision, scale)) => (precision - scale, *scale),
            _ => return None,
        };
        let holds = precision.checked_sub(scale)? >= whole && scale >= fraction;
        return holds.then_some(DataType::Decimal(precision, scale));
    }
    // A double holds whole numbers up to 53 bits.
    if there == "double" && (*dtype == DataType::Float32 || own.is_some_and(|own| own < 3)) {
        return Some(DataType::Float64);
    }
    let (_, to, _) = WHOLE.iter().skip(own?).find(|(word, ..)| *word == there)?;
    Some(to.clone())
}

/// The digits of a decimal type, all and those behind the point.
fn decimal(word: &str) -> Option<(usize, usize)> {
    let (precision, scale) = word.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?))
}
