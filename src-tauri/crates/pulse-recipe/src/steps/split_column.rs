use std::sync::Arc;

use polars::prelude::*;
use pulse_core::{Error, Result};
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::{self, col};
use crate::step::{About, Example, ROW, RowEffect, Step, StepInput, StepOutput};
use crate::steps::find_replace::regex;

/// Splits the texts of a column into several new columns, which stand after it. A text with fewer parts leaves the
/// last columns missing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SplitColumn {
    /// The text column to split.
    #[schemars(extend("x-widget" = "column"))]
    column: String,
    /// Where to split.
    at: At,
    /// The text between the parts.
    #[schemars(extend("x-depends-on" = {"field": "at", "values": ["delimiter"]}))]
    delimiter: String,
    /// The regular expression for what is between the parts.
    #[schemars(extend("x-widget" = "code", "x-language" = "regex", "x-depends-on" = {"field": "at", "values": ["regex"]}))]
    pattern: String,
    /// After how many characters each next part begins, such as 2 and 4 for `DE` `12` `rest`.
    #[schemars(extend("x-depends-on" = {"field": "at", "values": ["positions"]}))]
    positions: Vec<u32>,
    /// The names of the new columns, in order.
    #[schemars(extend("x-widget" = "tokens"))]
    into: Vec<String>,
    /// What happens when a text has more parts than there are columns.
    rest: Rest,
    /// Remove the column that was split.
    remove_original: bool,
}

/// Where to split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum At {
    /// At a delimiter
    #[default]
    Delimiter,
    /// At a regular expression
    Regex,
    /// At fixed positions
    Positions,
}

/// What happens to surplus parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Rest {
    /// The last column keeps the rest of the text
    #[default]
    Keep,
    /// The last column keeps its part; the rest goes to the ledger
    Ledger,
}

impl Default for SplitColumn {
    fn default() -> Self {
        Self {
            column: String::new(),
            at: At::Delimiter,
            delimiter: ",".to_owned(),
            pattern: String::new(),
            positions: Vec::new(),
            into: Vec::new(),
            rest: Rest::Keep,
            remove_original: false,
        }
    }
}

/// A rule that cuts a text into at most `limit` parts; the last part is the rest of the text.
type Cut = Arc<dyn Fn(&str, usize) -> Vec<String> + Send + Sync>;

impl SplitColumn {
    fn cut(&self) -> Result<Cut> {
        match self.at {
            At::Delimiter if self.delimiter.is_empty() => Err(Error::invalid("There is no delimiter to split at.")
                .hint("Enter one, such as a comma.")
                .field("delimiter")),
            At::Delimiter => {
                let delimiter = self.delimiter.clone();
                Ok(Arc::new(move |text, limit| text.splitn(limit, delimiter.as_str()).map(str::to_owned).collect()))
            }
            At::Regex => {
                let pattern: Regex = regex(&self.pattern, true, "pattern")?;
                Ok(Arc::new(move |text, limit| pattern.splitn(text, limit).map(str::to_owned).collect()))
            }
            At::Positions => {
                let positions = self.positions.clone();
                if positions.is_empty() || positions[0] == 0 || positions.windows(2).any(|pair| pair[0] >= pair[1]) {
                    return Err(Error::invalid("The positions to split at are not in order.")
                        .hint("Enter positions from 1, each larger than the one before.")
                        .field("positions"));
                }
                Ok(Arc::new(move |text, limit| cut_at(text, &positions, limit)))
            }
        }
    }

    /// The names of all columns afterwards, the new ones behind the one they come from.
    fn order(&self, input: &StepInput) -> Vec<Expr> {
        let columns = input.names().into_iter().flat_map(|name| {
            let own = name == self.column;
            let kept = (!own || !self.remove_original).then_some(name);
            kept.into_iter().chain(if own { self.into.clone() } else { Vec::new() })
        });
        std::iter::once(ROW.to_owned()).chain(columns).map(col).collect()
    }
}

/// Parts that begin at `positions` counted in characters; parts beyond the text's end do not exist.
fn cut_at(text: &str, positions: &[u32], limit: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut begin = 0;
    let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).collect();
    for position in positions.iter().take(limit - 1) {
        let Some(end) = offsets.get(*position as usize) else { break };
        parts.push(text[begin..*end].to_owned());
        begin = *end;
    }
    parts.push(text[begin..].to_owned());
    parts
}

/// Part `index` of each text of `column`, cut into at most `limit` parts.
fn part(column: &str, cut: &Cut, index: usize, limit: usize) -> Expr {
    let cut = cut.clone();
    col(column).map(
        move |texts| {
            let parts = texts.str()?.iter().map(|text| cut(text?, limit).into_iter().nth(index));
            let parts: StringChunked = parts.collect();
            Ok(parts.with_name(texts.name().clone()).into_column())
        },
        |_, field| Ok(field.clone()),
    )
}

impl Step for SplitColumn {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        input.text_column(&self.column, "column")?;
        if self.into.is_empty() {
            return Err(Error::invalid("The new columns have no names.")
                .hint("Enter a name for each part.")
                .field("into"));
        }
        for (index, name) in self.into.iter().enumerate() {
            input.new_column(name, "into")?;
            if self.into[..index].contains(name) {
                return Err(Error::invalid(format!("Two new columns are called `{name}`."))
                    .hint("Give each part a name of its own.")
                    .field("into"));
            }
        }
        let (cut, count) = (self.cut()?, self.into.len());
        let limit = if self.rest == Rest::Keep { count } else { count + 1 };
        let exprs = self.into.iter().enumerate();
        let exprs: Vec<Expr> =
            exprs.map(|(index, name)| part(&self.column, &cut, index, limit).alias(name.as_str())).collect();
        let order = self.order(&input);
        let mut rejects = Vec::new();
        if self.rest == Rest::Ledger {
            let surplus = part(&self.column, &cut, count, limit);
            let reason = format!("The text has more than {count} parts; the rest was cut off.");
            let reason =
                when(surplus.clone().is_not_null()).then(lit(reason)).otherwise(lit(NULL).cast(DataType::String));
            rejects.push(input.reject(&self.column, surplus, reason));
        }
        let frame = input.frame.with_columns(exprs).select(order);
        Ok(StepOutput { frame, rejects, rows: RowEffect::Keep })
    }

    fn sentence(&self) -> String {
        format!("Split {} into {}", self.column, names::list_or(&self.into, "columns"))
    }

    fn about() -> About {
        About {
            kind: "split_column",
            title: "Split column",
            group: "Columns",
            applies_to: crate::steps::TEXT,
            column_field: Some("column"),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "At a comma; the last column keeps the rest",
                config: json!({"column": "name", "delimiter": ", ", "into": ["family", "given"], "remove_original": true}),
                before: json!({"name": ["Sen, Amartya", "Borlaug, Norman, E.", "Plato", null], "n": [1, 2, 3, 4]}),
                after: json!({"family": ["Sen", "Borlaug", "Plato", null], "given": ["Amartya", "Norman, E.", null, null], "n": [1, 2, 3, 4]}),
            },
            Example {
                title: "At any run of blanks or slashes; the rest goes to the ledger",
                config: json!({"column": "d", "at": "regex", "pattern": "[ /]+", "into": ["a", "b"], "rest": "ledger"}),
                before: json!({"d": ["x / y", "x y z"]}),
                after: json!({"d": ["x / y", "x y z"], "a": ["x", "x"], "b": ["y", "y"]}),
            },
            Example {
                title: "At fixed positions",
                config: json!({"column": "code", "at": "positions", "positions": [2, 4], "into": ["country", "region", "place"]}),
                before: json!({"code": ["DE12345", "ÄB1"]}),
                after: json!({"code": ["DE12345", "ÄB1"], "country": ["DE", "ÄB"], "region": ["12", "1"], "place": ["345", null]}),
            },
        ]
    }
}
