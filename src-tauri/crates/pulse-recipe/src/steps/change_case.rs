use std::borrow::Cow;

use pulse_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert::map_text;
use crate::names;
use crate::step::{About, Example, Step, StepInput, StepOutput};

/// Writes texts in capitals, small letters, or with capitals at the start of words or of the text.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeCase {
    /// The text columns to change; none means every text column.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// How to write the letters.
    case: Case,
}

/// How to write letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Case {
    /// lower case
    #[default]
    Lower,
    /// UPPER CASE
    Upper,
    /// Title Case
    Title,
    /// Sentence case
    Sentence,
}

impl Case {
    fn write(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            // An apostrophe does not start a word: it is "Côte d'ivoire"'s neighbour "Children's", not "Children'S".
            Self::Title => capitals(text, |before| !before.is_alphanumeric() && !matches!(before, '\'' | '\u{2019}')),
            Self::Sentence => capitals(text, |_| false),
        }
    }
}

/// Lower case with a capital for the first letter, and for each letter after a character that `starts` a word.
fn capitals(text: &str, starts: impl Fn(char) -> bool) -> String {
    let mut written = String::with_capacity(text.len());
    let mut capital = true;
    for c in text.chars() {
        if capital && c.is_alphanumeric() {
            written.extend(c.to_uppercase());
            capital = false;
        } else {
            written.extend(c.to_lowercase());
            capital = capital || starts(c);
        }
    }
    written
}

impl Step for ChangeCase {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let columns = input.text_columns(&self.columns, "columns")?;
        let case = self.case;
        Ok(input.with(
            columns.iter().map(|column| map_text(column, move |text| Some(Cow::Owned(case.write(text))))).collect(),
        ))
    }

    fn sentence(&self) -> String {
        let columns = names::list_or(&self.columns, "every text column");
        let case = match self.case {
            Case::Lower => "lower case",
            Case::Upper => "upper case",
            Case::Title => "title case",
            Case::Sentence => "sentence case",
        };
        format!("Change {columns} to {case}")
    }

    fn about() -> About {
        About {
            kind: "change_case",
            title: "Change case",
            group: "Text",
            applies_to: crate::steps::TEXT,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Names in title case",
                config: json!({"columns": ["name"], "case": "title"}),
                before: json!({"name": ["SIERRA LEONE", "guinea-bissau", "children's fund"]}),
                after: json!({"name": ["Sierra Leone", "Guinea-Bissau", "Children's Fund"]}),
            },
            Example {
                title: "Codes in capitals",
                config: json!({"columns": ["code"], "case": "upper"}),
                before: json!({"code": ["na", "de", null]}),
                after: json!({"code": ["NA", "DE", null]}),
            },
            Example {
                title: "A capital at the start only",
                config: json!({"case": "sentence"}),
                before: json!({"item": ["RICE, PADDY", "\"maize\" flour"]}),
                after: json!({"item": ["Rice, paddy", "\"Maize\" flour"]}),
            },
        ]
    }
}
