use std::borrow::Cow;

use pulse_core::{Error, Result};
use regex::{NoExpand, Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert::map_text;
use crate::names;
use crate::step::{About, Example, Step, StepInput, StepOutput};

/// Replaces a text wherever it occurs, or only where it is the whole cell. The text is taken literally or as a regular
/// expression.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FindReplace {
    /// The text columns to search; none means every text column.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// What to find.
    find: String,
    /// What to write instead; with a regular expression, `$1` is its first group.
    replace: String,
    /// How to read what to find.
    mode: Mode,
    /// Replace only where the whole cell matches.
    whole_cell: bool,
    /// Tell capitals from small letters.
    match_case: bool,
}

/// How to read a search text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Literal text
    #[default]
    Literal,
    /// Regular expression
    Regex,
}

impl Default for FindReplace {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            find: String::new(),
            replace: String::new(),
            mode: Mode::Literal,
            whole_cell: false,
            match_case: true,
        }
    }
}

/// A regular expression of the user's; `field` is the setting it stands in.
pub fn regex(pattern: &str, match_case: bool, field: &str) -> Result<Regex> {
    if pattern.is_empty() {
        return Err(Error::invalid("There is nothing to find.")
            .hint("Enter a text or a regular expression.")
            .field(field));
    }
    RegexBuilder::new(pattern).case_insensitive(!match_case).build().map_err(|cause| {
        let message = cause.to_string();
        let reason = message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Error::invalid(format!("`{pattern}` is not a regular expression: {reason}"))
            .hint(r"Put a backslash before ( ) [ ] { } . * + ? ^ $ | and \ to find the character itself.")
            .field(field)
    })
}

impl Step for FindReplace {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let columns = input.text_columns(&self.columns, "columns")?;
        let literal = self.mode == Mode::Literal;
        let pattern = if literal { regex::escape(&self.find) } else { self.find.clone() };
        // The bare pattern is checked first, so that an error shows what the user wrote.
        regex(&pattern, self.match_case, "find")?;
        let pattern = if self.whole_cell { format!(r"\A(?:{pattern})\z") } else { pattern };
        let found = regex(&pattern, self.match_case, "find")?;
        let exprs = columns.iter().map(|column| {
            let (found, replacement) = (found.clone(), self.replace.clone());
            map_text(column, move |text| Some(replaced(&found, text, &replacement, literal)))
        });
        let exprs = exprs.collect();
        Ok(input.with(exprs))
    }

    fn sentence(&self) -> String {
        let columns = names::list_or(&self.columns, "every text column");
        format!("Replace “{}” by “{}” in {columns}", self.find, self.replace)
    }

    fn about() -> About {
        About {
            kind: "find_replace",
            title: "Find and replace",
            group: "Text",
            applies_to: crate::steps::TEXT,
            column_field: Some("columns"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "A literal text, dots and all",
                config: json!({"columns": ["unit"], "find": "kg.", "replace": "kg"}),
                before: json!({"unit": ["1 kg.", "1 kgx", null]}),
                after: json!({"unit": ["1 kg", "1 kgx", null]}),
            },
            Example {
                title: "Only whole cells, in any case",
                config: json!({"columns": ["c"], "find": "uk", "replace": "United Kingdom", "whole_cell": true, "match_case": false}),
                before: json!({"c": ["UK", "Uk", "Ukraine"]}),
                after: json!({"c": ["United Kingdom", "United Kingdom", "Ukraine"]}),
            },
            Example {
                title: "A regular expression with groups",
                config: json!({"columns": ["d"], "find": r"(\d+)/(\d+)", "replace": "$2-$1", "mode": "regex"}),
                before: json!({"d": ["3/2024", "none"]}),
                after: json!({"d": ["2024-3", "none"]}),
            },
        ]
    }
}

fn replaced<'a>(found: &Regex, text: &'a str, replacement: &str, literal: bool) -> Cow<'a, str> {
    if literal { found.replace_all(text, NoExpand(replacement)) } else { found.replace_all(text, replacement) }
}
