//! The steps, one file each, and the list that registers them.

use pulse_core::{Error, Result};
use serde_json::Value;

use crate::catalogue::{StepInfo, info};
use crate::names;
use crate::step::Step;

/// A registered step.
pub struct Entry {
    /// The name in recipes.
    pub kind: fn() -> &'static str,
    /// Its catalogue entry.
    pub info: fn() -> StepInfo,
    parse: fn(&Value) -> Result<Box<dyn Step>, serde_json::Error>,
}

/// Declares the modules and lists their steps: `file::Type`, in the order of the catalogue.
macro_rules! steps {
    ($($file:ident::$step:ident,)*) => {
        $(mod $file;)*
        $(pub use $file::$step;)*

        /// Every step, in the order of the catalogue.
        pub const ENTRIES: &[Entry] = &[$(Entry {
            kind: || $step::about().kind,
            info: info::<$step>,
            parse: |config| Ok(Box::new(serde_json::from_value::<$step>(config.clone())?)),
        },)*];
    };
}

steps! {
    rename::Rename,
    drop_columns::DropColumns,
    select_columns::SelectColumns,
    change_type::ChangeType,
    trim_whitespace::TrimWhitespace,
    change_case::ChangeCase,
    find_replace::FindReplace,
    map_values::MapValues,
    null_tokens::NullTokens,
    fill_missing::FillMissing,
    drop_missing::DropMissing,
    drop_duplicates::DropDuplicates,
    filter_rows::FilterRows,
    sort::Sort,
    split_column::SplitColumn,
    merge_columns::MergeColumns,
    extract_text::ExtractText,
    parse_number::ParseNumber,
    parse_date::ParseDate,
    add_column::AddColumn,
    unpivot::Unpivot,
    group_aggregate::GroupAggregate,
}

/// The type words of every column: for steps that any column's menu offers.
const ANY: &[&str] = &[
    "text",
    "integer",
    "decimal",
    "number",
    "boolean",
    "date",
    "timestamp",
    "time",
    "duration",
    "list",
    "struct",
    "binary",
];

/// The type words of text columns.
const TEXT: &[&str] = &["text"];

/// The type words of columns whose values have an order and a text of their own.
const PLAIN: &[&str] = &["text", "integer", "decimal", "number", "boolean", "date", "timestamp", "time", "duration"];

/// The step of `kind` with the settings `config`. Fails with the setting that is not understood as the field.
pub fn parse(kind: &str, config: &Value) -> Result<Box<dyn Step>> {
    let entry = ENTRIES.iter().find(|entry| (entry.kind)() == kind).ok_or_else(|| {
        let hint = match names::close(kind, ENTRIES.iter().map(|entry| (entry.kind)())).as_slice() {
            [] => "Remove the step, or update Cloud Pulse.".to_owned(),
            close => format!("Did you mean {}?", close.join(" or ")),
        };
        Error::invalid(format!("There is no step called `{kind}`.")).hint(hint).field("kind")
    })?;
    (entry.parse)(config).map_err(|cause| {
        let message = cause.to_string();
        let error = Error::invalid(format!("The settings of the step are not understood: {message}"))
            .hint("Open the step's form and choose the settings again.");
        match message.split('`').nth(1) {
            Some(member) if message.starts_with("unknown field") || message.starts_with("missing field") => {
                error.field(member)
            }
            _ => error,
        }
    })
}

#[cfg(test)]
mod tests;
