//! Columns and the fields of an index: what the one holds and the other takes.

use polars::prelude::{DataType, Expr, TimeUnit, lit};
use serde_json::Value;

use crate::destination::{Finding, Severity};
use crate::outgoing::{OutgoingColumn, Rule, column};

/// Days from the year 1 until the year 9999, counted from 1970.
const DAYS: (i64, i64) = (-719_162, 2_932_896);
const MICROS: i64 = 86_400_000_000;
/// Names that documents use for themselves.
const OWN: [&str; 12] = [
    "_id",
    "_index",
    "_source",
    "_type",
    "_routing",
    "_field_names",
    "_ignored",
    "_seq_no",
    "_version",
    "_tier",
    "_doc_count",
    "_nested_path",
];
/// Whole numbers that a field can hold.
const WHOLES: [(&str, i64, i64); 4] = [
    ("byte", i8::MIN as i64, i8::MAX as i64),
    ("short", i16::MIN as i64, i16::MAX as i64),
    ("integer", i32::MIN as i64, i32::MAX as i64),
    ("unsigned_long", 0, i64::MAX),
];
const TEXTS: [&str; 8] = [
    "keyword",
    "text",
    "match_only_text",
    "constant_keyword",
    "wildcard",
    "search_as_you_type",
    "completion",
    "binary",
];
const NUMBERS: [&str; 9] =
    ["long", "integer", "short", "byte", "unsigned_long", "double", "float", "half_float", "scaled_float"];

/// What is wrong with the columns' names as names of fields.
pub(super) fn names(columns: &[OutgoingColumn]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut stop = |name: &str, text: String| {
        findings.push(Finding::new(Severity::Stops, text, "Give the column another name at the target.").column(name));
    };
    for one in columns {
        let name = one.name.as_str();
        if OWN.contains(&name) {
            stop(name, format!("`{name}` is a field that every document has by itself."));
        } else if name.trim().is_empty() || name.split('.').any(|part| part.trim().is_empty()) {
            stop(name, format!("`{name}` cannot be the name of a field: a part of it is empty."));
        }
        let inside = format!("{name}.");
        if let Some(other) = columns.iter().find(|other| other.name.starts_with(&inside)) {
            stop(&other.name, format!("`{}` lies inside `{name}` for the cluster, and both are columns.", other.name));
        }
    }
    findings
}

/// What a column holds, as far as fields care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Nothing,
    Boolean,
    Whole,
    Number,
    Text,
    Time,
    Object,
}

impl Holds {
    fn of(dtype: &DataType) -> Self {
        match dtype {
            DataType::Null => Self::Nothing,
            DataType::Boolean => Self::Boolean,
            DataType::Date | DataType::Datetime(..) => Self::Time,
            DataType::Struct(_) => Self::Object,
            DataType::List(inner) => Self::of(inner),
            DataType::Decimal(_, 0) => Self::Whole,
            DataType::Decimal(..) | DataType::Float32 | DataType::Float64 => Self::Number,
            dtype if dtype.is_integer() => Self::Whole,
            _ => Self::Text,
        }
    }
}

/// What a field that is there already, or that the user edited, makes of a column: a finding if it does not fit at all,
/// and rules for the rows.
pub(super) fn field(one: &OutgoingColumn, field: &Value) -> (Option<Finding>, Vec<Rule>) {
    let word = field["type"].as_str().unwrap_or(if field["properties"].is_object() { "object" } else { "" });
    let holds = Holds::of(&one.dtype);
    let takes_objects = matches!(word, "object" | "nested" | "flattened" | "geo_point" | "geo_shape");
    let fits = match holds {
        _ if word.is_empty() => true,
        Holds::Nothing => true,
        Holds::Object => takes_objects,
        Holds::Text => !matches!(word, "object" | "nested" | "flattened"),
        Holds::Boolean => word == "boolean" || TEXTS.contains(&word),
        Holds::Whole => NUMBERS.contains(&word) || TEXTS.contains(&word) || matches!(word, "date" | "date_nanos"),
        Holds::Number => NUMBERS.contains(&word) || TEXTS.contains(&word),
        Holds::Time => TEXTS.contains(&word) || matches!(word, "date" | "date_nanos"),
    };
    if !fits {
        let text = format!("The field `{}` is {} {word}, which takes no {}.", one.name, article(word), of(holds));
        let hint = "Replace the index, which makes a new mapping, or give the column another name or type.";
        return (Some(Finding::new(Severity::Stops, text, hint).column(&one.name)), Vec::new());
    }
    let list = matches!(one.dtype, DataType::List(_));
    (None, if list { Vec::new() } else { values(one, word, holds) })
}

/// Rules for the values of a column in a field of the type `word`.
fn values(one: &OutgoingColumn, word: &str, holds: Holds) -> Vec<Rule> {
    let value = || column(&one.name);
    let rule = |broken: Expr, text: &str, hint| Rule {
        severity: Severity::Rejects,
        column: one.name.clone(),
        broken,
        text: text.replace("{name}", &one.name).replace("{word}", word),
        hint,
    };
    let mut rules = Vec::new();
    if one.dtype.is_float() && NUMBERS.contains(&word) {
        let text = "{} no number in `{name}` (NaN or infinite), which a field of numbers refuses.";
        rules.push(rule(value().is_finite().not(), text, "Replace such values with missing ones in a recipe."));
    }
    if let (Holds::Whole, Some((_, least, most))) = (holds, WHOLES.iter().find(|(name, ..)| *name == word)) {
        let broken = value().lt(lit(*least)).or(value().gt(lit(*most)));
        rules.push(rule(broken, "{} a number in `{name}` that is too big for {word}.", "Map the field as long."));
    }
    if holds == Holds::Number && ["long", "integer", "short", "byte", "unsigned_long"].contains(&word) {
        let rounded = value().cast(DataType::Float64).floor();
        let broken = rounded.neq(value().cast(DataType::Float64));
        let text = "{} a fraction in `{name}`, which {word} cuts off for searching.";
        rules
            .push(Rule { severity: Severity::Notes, ..rule(broken, text, "Map the field as double or scaled_float.") });
    }
    if holds == Holds::Text && NUMBERS.contains(&word) {
        let broken = value().is_not_null().and(value().cast(DataType::Float64).is_null());
        rules.push(rule(broken, "{} a text in `{name}` that is no number.", "Clean the column, or map it as keyword."));
    }
    if holds == Holds::Text && word == "boolean" {
        let known = value().eq(lit("true")).or(value().eq(lit("false"))).or(value().eq(lit("")));
        let text = "{} another text in `{name}` than true and false.";
        rules.push(rule(known.not(), text, "Turn the column into true and false with a recipe, or map it as keyword."));
    }
    if holds == Holds::Time {
        let (days, least, most) = match one.dtype {
            DataType::Date => (value().to_physical().cast(DataType::Int64), DAYS.0, DAYS.1),
            DataType::Datetime(TimeUnit::Microseconds, _) => {
                (value().to_physical(), DAYS.0 * MICROS, (DAYS.1 + 1) * MICROS - 1)
            }
            _ => return rules,
        };
        let nanos = word == "date_nanos";
        let unit = if one.dtype == DataType::Date { 1 } else { MICROS };
        let (least, most) = if nanos { (0, 106_751 * unit) } else { (least, most) };
        let broken = days.clone().lt(lit(least)).or(days.gt(lit(most)));
        let text = "{} a time in `{name}` before or after those that {word} takes.";
        rules.push(rule(broken, text, "Map the field as keyword, or replace such values in a recipe."));
    }
    rules
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn of(holds: Holds) -> &'static str {
    match holds {
        Holds::Nothing => "missing values",
        Holds::Boolean => "true and false",
        Holds::Whole | Holds::Number => "numbers",
        Holds::Text => "texts",
        Holds::Time => "times",
        Holds::Object => "objects",
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::destination::SyncMode;
    use crate::outgoing::check_rules;
    use crate::outgoing::{Outgoing, Ranges, Rows};

    fn outgoing(frame: DataFrame) -> Outgoing {
        let one = |column: &Column| OutgoingColumn {
            name: column.name().to_string(),
            source: String::new(),
            dtype: column.dtype().clone(),
            type_word: String::new(),
            description: String::new(),
        };
        let columns = frame.columns().iter().map(one).collect();
        let count = frame.height() as u64;
        Outgoing {
            sync: "s".into(),
            run: "r".into(),
            sequence: 1,
            origin: String::new(),
            mode: SyncMode::Append,
            key: Vec::new(),
            columns,
            rows: Rows::new(frame.lazy(), count),
            deleted: None,
            todo: Ranges::all(count),
            position: None,
            last_seen: None,
            edits: Default::default(),
            folder: Default::default(),
        }
    }

    #[test]
    fn rows_that_would_be_refused_are_found() {
        let frame = df!(
            "f" => [Some(1.0), Some(f64::NAN), None],
            "n" => [1i64, 40_000, -40_000],
            "t" => [Some("1"), Some("x"), None],
            "d" => [0i32, 3_000_000, -800_000],
        );
        let frame = frame.unwrap().lazy().with_column(col("d").cast(DataType::Date)).collect().unwrap();
        let outgoing = outgoing(frame);
        let cases = [("f", "double", 1), ("n", "short", 2), ("t", "long", 1), ("d", "date", 2), ("n", "long", 0)];
        for (name, word, expected) in cases {
            let one = outgoing.columns.iter().find(|column| column.name == name).unwrap();
            let (finding, broken) = field(one, &json!({"type": word}));
            assert!(finding.is_none(), "{name}");
            let found = check_rules(&outgoing, broken).unwrap();
            assert_eq!(found.iter().map(|finding| finding.rows).sum::<u64>(), expected, "{name}: {found:?}");
            assert!(found.iter().all(|finding| finding.examples.len() as u64 == finding.rows), "{found:?}");
        }
    }

    #[test]
    fn fields_that_cannot_take_a_column_stop_it() {
        let one = |dtype: DataType| OutgoingColumn {
            name: "a".into(),
            source: String::new(),
            dtype,
            type_word: String::new(),
            description: String::new(),
        };
        let cases = [
            (DataType::Int64, json!({"type": "boolean"}), true),
            (DataType::Int64, json!({"type": "keyword"}), false),
            (DataType::Int64, json!({"properties": {}}), true),
            (DataType::String, json!({"type": "nested"}), true),
            (DataType::Struct(vec![]), json!({"type": "long"}), true),
            (DataType::Struct(vec![]), json!({"properties": {}}), false),
            (DataType::Date, json!({"type": "long"}), true),
            (DataType::Boolean, json!({"type": "double"}), true),
        ];
        for (dtype, about, stops) in cases {
            assert_eq!(field(&one(dtype.clone()), &about).0.is_some(), stops, "{dtype} {about}");
        }
        let columns =
            ["_id", "a", "a.b", "x..y"].map(|name| OutgoingColumn { name: name.into(), ..one(DataType::Int64) });
        let found: Vec<String> = names(&columns).into_iter().map(|finding| finding.column).collect();
        assert_eq!(found, ["_id", "a.b", "x..y"]);
    }
}
