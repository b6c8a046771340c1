use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert::{Conversion, Parse, Value, map_text};
use crate::step::{About, Example, Step, StepInput, StepOutput};
use crate::text;

/// Replaces whole values by others, such as many spellings of a country by one. A column that is not text is read as
/// the text it shows and becomes text.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MapValues {
    /// The column to change.
    #[schemars(extend("x-widget" = "column"))]
    column: String,
    /// Each value and what to write instead.
    #[schemars(extend("x-widget" = "mapping"))]
    mapping: Vec<Pair>,
    /// What happens to values that are not in the list.
    unmatched: Unmatched,
    /// Ignore the difference between capitals and small letters.
    ignore_case: bool,
}

/// A value and its replacement.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Pair {
    /// The value to replace; the whole cell must be equal to it.
    from: String,
    /// What to write instead; null makes the value missing.
    to: Option<String>,
}

/// What happens to values that are not in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Unmatched {
    /// Keep them
    #[default]
    Keep,
    /// Make them missing and write them to the ledger
    Reject,
}

impl MapValues {
    fn table(&self) -> Result<HashMap<String, Option<String>>> {
        let mut table = HashMap::new();
        for (index, pair) in self.mapping.iter().enumerate() {
            if table.insert(key(&pair.from, self.ignore_case).into_owned(), pair.to.clone()).is_some() {
                return Err(Error::invalid(format!("The value “{}” is in the list twice.", pair.from))
                    .hint("Remove one of the two.")
                    .field(format!("mapping.{index}.from")));
            }
        }
        Ok(table)
    }
}

fn key(text: &str, ignore_case: bool) -> Cow<'_, str> {
    if ignore_case { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}

impl Step for MapValues {
    fn apply(&self, mut input: StepInput) -> Result<StepOutput> {
        let dtype = input.dtype(&self.column, "column")?.clone();
        let (table, ignore_case) = (self.table()?, self.ignore_case);
        if !dtype.is_string() {
            input.frame = input.frame.with_column(text::expr(&self.column, &dtype));
        }
        if self.unmatched == Unmatched::Keep {
            let expr = map_text(&self.column, move |text| match table.get(key(text, ignore_case).as_ref()) {
                Some(to) => to.clone().map(Cow::Owned),
                None => Some(Cow::Borrowed(text)),
            });
            return Ok(input.with(vec![expr]));
        }
        let parse: Parse = Arc::new(move |text| match table.get(key(text, ignore_case).as_ref()) {
            Some(Some(to)) => Ok(Value::Text(to.clone())),
            Some(None) => Ok(Value::Missing),
            None => Err("The value is not in the list.".into()),
        });
        let conversion = Conversion::parse(&self.column, DataType::String, parse);
        input.schema.set_dtype(&self.column, DataType::String);
        Ok(input.convert(vec![(self.column.clone(), conversion)]))
    }

    fn sentence(&self) -> String {
        let values = if self.mapping.len() == 1 { "1 value" } else { &format!("{} values", self.mapping.len()) };
        format!("Map {values} in {}", self.column)
    }

    fn about() -> About {
        About {
            kind: "map_values",
            title: "Map values",
            group: "Values",
            applies_to: crate::steps::PLAIN,
            column_field: Some("column"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Several spellings of one country",
                config: json!({"column": "country", "mapping": [
                    {"from": "Viet Nam", "to": "Vietnam"}, {"from": "vietnam", "to": "Vietnam"}]}),
                before: json!({"country": ["Viet Nam", "vietnam", "Laos", null]}),
                after: json!({"country": ["Vietnam", "Vietnam", "Laos", null]}),
            },
            Example {
                title: "Codes to words; an unknown code goes to the ledger",
                config: json!({"column": "flag", "unmatched": "reject", "mapping": [
                    {"from": "1", "to": "official"}, {"from": "2", "to": "estimate"}, {"from": "0", "to": null}]}),
                before: json!({"flag": [1, 2, 9, 0]}),
                after: json!({"flag": ["official", "estimate", null, null]}),
            },
        ]
    }
}
