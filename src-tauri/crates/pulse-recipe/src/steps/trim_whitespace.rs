use std::borrow::Cow;

use pulse_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert::map_text;
use crate::names;
use crate::step::{About, Example, Step, StepInput, StepOutput};

/// Removes white space at both ends of texts, and turns runs of it inside into one blank. Every kind counts: blanks,
/// tabs, line breaks, no-break and zero-width spaces.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrimWhitespace {
    /// The text columns to trim; none means every text column.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// Turn runs of white space inside a text into one blank.
    collapse: bool,
}

impl Default for TrimWhitespace {
    fn default() -> Self {
        Self { columns: Vec::new(), collapse: true }
    }
}

/// White space as people mean it: what Unicode calls so, and the marks that are as invisible as it.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200B}' | '\u{FEFF}' | '\u{2060}')
}

fn trim(text: &str, collapse: bool) -> Cow<'_, str> {
    let trimmed = text.trim_matches(is_blank);
    let mut last_blank = false;
    let untidy = collapse
        && trimmed.chars().any(|c| {
            let blank = is_blank(c);
            let found = blank && (last_blank || c != ' ');
            last_blank = blank;
            found
        });
    if untidy {
        let words: Vec<&str> = trimmed.split(is_blank).filter(|word| !word.is_empty()).collect();
        return Cow::Owned(words.join(" "));
    }
    Cow::Borrowed(trimmed)
}

impl Step for TrimWhitespace {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let columns = input.text_columns(&self.columns, "columns")?;
        let collapse = self.collapse;
        Ok(input.with(columns.iter().map(|column| map_text(column, move |text| Some(trim(text, collapse)))).collect()))
    }

    fn sentence(&self) -> String {
        format!("Trim whitespace in {}", names::list_or(&self.columns, "every text column"))
    }

    fn about() -> About {
        About {
            kind: "trim_whitespace",
            title: "Trim whitespace",
            group: "Text",
            applies_to: crate::steps::TEXT,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Trim and collapse one column",
                config: json!({"columns": ["country"]}),
                before: json!({"country": ["  Sierra   Leone ", "Chad\u{a0}", null], "note": [" a", "b", "c"]}),
                after: json!({"country": ["Sierra Leone", "Chad", null], "note": [" a", "b", "c"]}),
            },
            Example {
                title: "Trim every text column and keep the blanks inside",
                config: json!({"collapse": false}),
                before: json!({"a": [" x  y "], "n": [1], "b": ["\tz\n"]}),
                after: json!({"a": ["x  y"], "n": [1], "b": ["z"]}),
            },
        ]
    }
}
