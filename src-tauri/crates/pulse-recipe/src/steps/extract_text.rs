use std::borrow::Cow;
use std::sync::Arc;

use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert::{Conversion, Parse, Value, map_text};
use crate::names;
use crate::step::{About, Example, Step, StepInput, StepOutput};
use crate::steps::find_replace::regex;

/// Takes parts out of texts by a regular expression: each group in parentheses becomes a new column at the end, or the
/// whole match where there is no group.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExtractText {
    /// The text column to read.
    #[schemars(extend("x-widget" = "column"))]
    column: String,
    /// The regular expression; its first match in a text counts.
    #[schemars(extend("x-widget" = "code", "x-language" = "regex", "x-placeholder" = r"(\d{4})-(\d{2})"))]
    pattern: String,
    /// The names of the new columns, one for each group.
    #[schemars(extend("x-widget" = "tokens"))]
    into: Vec<String>,
    /// What happens to texts that do not match.
    unmatched: Unmatched,
}

/// What happens to texts that do not match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Unmatched {
    /// The new columns stay missing and the text goes to the ledger
    #[default]
    Ledger,
    /// The new columns stay missing
    Missing,
}

impl Step for ExtractText {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        input.text_column(&self.column, "column")?;
        let pattern = regex(&self.pattern, true, "pattern")?;
        let groups = pattern.captures_len() - 1;
        if self.into.len() != groups.max(1) {
            return Err(Error::invalid(format!(
                "The expression gives {} columns, but {} are named.",
                groups.max(1),
                self.into.len()
            ))
            .hint("Name one column for each group in parentheses.")
            .field("into"));
        }
        for (index, name) in self.into.iter().enumerate() {
            input.new_column(name, "into")?;
            if self.into[..index].contains(name) {
                return Err(Error::invalid(format!("Two new columns are called `{name}`."))
                    .hint("Give each group a name of its own.")
                    .field("into"));
            }
        }
        let exprs = self.into.iter().enumerate().map(|(index, name)| {
            let (pattern, group) = (pattern.clone(), if groups == 0 { 0 } else { index + 1 });
            let extracted =
                map_text(&self.column, move |text| Some(Cow::Borrowed(pattern.captures(text)?.get(group)?.as_str())));
            extracted.alias(name.as_str())
        });
        let exprs = exprs.collect();
        let mut rejects = Vec::new();
        if self.unmatched == Unmatched::Ledger {
            let matches: Parse = Arc::new(move |text| {
                if pattern.is_match(text) {
                    Ok(Value::Missing)
                } else {
                    Err("The text does not match the expression.".into())
                }
            });
            let reason = Conversion::parse(&self.column, DataType::String, matches).reason;
            rejects.extend(reason.map(|reason| input.reject(&self.column, input.text_of(&self.column), reason)));
        }
        Ok(StepOutput { rejects, ..input.with(exprs) })
    }

    fn sentence(&self) -> String {
        format!("Extract {} from {}", names::list_or(&self.into, "parts"), self.column)
    }

    fn about() -> About {
        About {
            kind: "extract_text",
            title: "Extract text",
            group: "Text",
            applies_to: crate::steps::TEXT,
            column_field: Some("column"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Amount and unit",
                config: json!({"column": "pack", "pattern": r"(\d+) ?(kg|g)", "into": ["amount", "unit"]}),
                before: json!({"pack": ["Rice 5 kg", "Maize 500g", "loose"]}),
                after: json!({"pack": ["Rice 5 kg", "Maize 500g", "loose"], "amount": ["5", "500", null], "unit": ["kg", "g", null]}),
            },
            Example {
                title: "The first year in a text",
                config: json!({"column": "source", "pattern": r"\b(?:19|20)\d\d\b", "into": ["year"], "unmatched": "missing"}),
                before: json!({"source": ["Survey 2019 (2021)", "no date"]}),
                after: json!({"source": ["Survey 2019 (2021)", "no date"], "year": ["2019", null]}),
            },
        ]
    }
}
