use std::borrow::Cow;
use std::collections::HashSet;

use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert::map_text;
use crate::names;
use crate::step::{About, Example, Step, StepInput, StepOutput};

/// Makes texts that stand for "no value" missing, such as `-`, `N/A` or `..`. Only a cell that is equal to one of the
/// listed texts changes; as you list them yourself, they are not written to the ledger.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NullTokens {
    /// The text columns to change; none means every text column.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// The texts that stand for no value. An empty one stands for empty cells.
    #[schemars(extend("x-widget" = "tokens", "x-suggestions" = ["", "-", "--", "..", "...", "N/A", "n/a", "NA", "NULL", "null", "None", "nan", "?"]))]
    tokens: Vec<String>,
    /// Ignore the difference between capitals and small letters.
    ignore_case: bool,
}

impl Default for NullTokens {
    fn default() -> Self {
        // `NA` is not among them: it is the code of Namibia.
        let tokens = ["", "-", "..", "N/A", "n/a"].map(str::to_owned).to_vec();
        Self { columns: Vec::new(), tokens, ignore_case: false }
    }
}

impl Step for NullTokens {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let columns = input.text_columns(&self.columns, "columns")?;
        if self.tokens.is_empty() {
            return Err(Error::invalid("No text is listed that stands for no value.")
                .hint("Enter at least one, such as N/A.")
                .field("tokens"));
        }
        let ignore_case = self.ignore_case;
        let fold = move |text: &str| if ignore_case { text.to_lowercase() } else { text.to_owned() };
        let tokens: HashSet<String> = self.tokens.iter().map(|token| fold(token)).collect();
        let exprs = columns.iter().map(|column| {
            let tokens = tokens.clone();
            map_text(column, move |text| {
                let listed = if ignore_case { tokens.contains(&text.to_lowercase()) } else { tokens.contains(text) };
                (!listed).then_some(Cow::Borrowed(text))
            })
        });
        let exprs = exprs.collect();
        Ok(input.with(exprs))
    }

    fn sentence(&self) -> String {
        let tokens: Vec<String> = self.tokens.iter().map(|token| format!("“{token}”")).collect();
        format!("Make {} missing in {}", names::list(&tokens), names::list_or(&self.columns, "every text column"))
    }

    fn about() -> About {
        About {
            kind: "null_tokens",
            title: "Make texts missing",
            group: "Missing values",
            applies_to: crate::steps::TEXT,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Marks for no value in one column; Namibia stays",
                config: json!({"columns": ["code"], "tokens": ["-", "N/A"]}),
                before: json!({"code": ["NA", "-", "N/A", "n/a", "-1"], "note": ["-", "-", "-", "-", "-"]}),
                after: json!({"code": ["NA", null, null, "n/a", "-1"], "note": ["-", "-", "-", "-", "-"]}),
            },
            Example {
                title: "In every text column and any case",
                config: json!({"tokens": ["null", ""], "ignore_case": true}),
                before: json!({"a": ["NULL", "x"], "b": ["", "Null"], "n": [1, 2]}),
                after: json!({"a": [null, "x"], "b": [null, null], "n": [1, 2]}),
            },
        ]
    }
}
