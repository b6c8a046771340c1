//! The catalogue: every step with its form, its manual and its examples, made from the steps themselves.
//!
//! # The vocabulary of forms
//!
//! A schema is one JSON Schema object without references; its `properties` are the fields, in order. A field's label is
//! its name in words, its help the `description`, its start value the `default`. Types are `string`, `boolean`,
//! `integer`, `number`, `array` (of strings, integers or objects) and nested `object`; an optional number has the type
//! `["integer", "null"]`. A choice is `oneOf` with a `const` each, whose `description` is the option's label.
//! Extensions:
//!
//! | member | on | meaning |
//! |---|---|---|
//! | `x-widget: "column"` | string | choose one column of the table at this step |
//! | `x-widget: "columns"` | array of strings | choose several columns; the description says what none means |
//! | `x-widget: "new_column"` | string | the name of a column to be made |
//! | `x-widget: "code"` | string | an expression in a fixed-width font; `x-language` is `sql` or `regex` |
//! | `x-widget: "tokens"` | array of strings | short texts as chips, exact to the blank; `x-suggestions` lists some |
//! | `x-widget: "mapping"` | array of `{from, to}` | a two-column table; an empty `to` may be null |
//! | `x-widget: "condition"` | array of `{column, operator, value, values}` | the rules of a condition builder |
//! | `x-depends-on: {field, values}` | any | shown only while the sibling `field` has one of `values` |
//! | `x-advanced: true` | any | folded away until asked for |
//! | `x-placeholder` | string | shown while empty |

use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use crate::step::{About, Example, Step};

/// One step of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepInfo {
    /// The name in recipes.
    pub kind: String,
    /// The name in the window.
    pub title: String,
    /// What it does, in a few sentences.
    pub description: String,
    /// The heading it stands under.
    pub group: String,
    /// Type words (as [`crate::type_word`] without the digits of decimals) of the columns it makes sense for in a
    /// column's menu; empty for a step on whole tables.
    pub applies_to: Vec<String>,
    /// The setting a column's menu fills with the column: a string, an array of strings, or an array of objects whose
    /// `column` is filled, as the schema says.
    pub column_field: Option<String>,
    /// The settings as JSON Schema in the vocabulary of this module's documentation.
    pub schema: Value,
    /// The settings a new step starts with.
    pub default_config: Value,
    /// What it does, shown on small tables.
    pub examples: Vec<ExampleInfo>,
}

/// An example: settings, and a table before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExampleInfo {
    /// What it shows.
    pub title: String,
    /// The settings.
    pub config: Value,
    /// The table before.
    pub before: ExampleTable,
    /// The table after.
    pub after: ExampleTable,
}

/// A small table as JSON values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExampleTable {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows, each with a value for every column.
    pub rows: Vec<Vec<Value>>,
}

/// Every step, in the order of the catalogue.
pub fn catalogue() -> Vec<StepInfo> {
    crate::steps::ENTRIES.iter().map(|entry| (entry.info)()).collect()
}

/// The catalogue entry of one step.
pub fn info<S>() -> StepInfo
where
    S: Step + Default + Serialize + schemars::JsonSchema,
{
    let About { kind, title, group, applies_to, column_field } = S::about();
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<S>().to_value();
    let mut description = String::new();
    if let Some(members) = schema.as_object_mut() {
        // The form shows the description as the step's manual, apart from the fields.
        if let Some(Value::String(text)) = members.remove("description") {
            description = text;
        }
        members.remove("$schema");
        members.remove("title");
        members.remove("default");
    }
    StepInfo {
        kind: kind.to_owned(),
        title: title.to_owned(),
        description,
        group: group.to_owned(),
        applies_to: applies_to.iter().map(ToString::to_string).collect(),
        column_field: column_field.map(str::to_owned),
        schema,
        default_config: serde_json::to_value(S::default()).unwrap_or_default(),
        examples: S::examples().iter().map(example).collect(),
    }
}

fn example(example: &Example) -> ExampleInfo {
    ExampleInfo {
        title: example.title.to_owned(),
        config: example.config.clone(),
        before: table(&example.before),
        after: table(&example.after),
    }
}

/// A table from an object of columns.
fn table(columns: &Value) -> ExampleTable {
    let Some(columns) = columns.as_object() else { return ExampleTable { columns: Vec::new(), rows: Vec::new() } };
    let height = columns.values().filter_map(Value::as_array).map(Vec::len).max().unwrap_or_default();
    let rows = (0..height).map(|row| columns.values().map(|values| values[row].clone()).collect());
    ExampleTable { columns: columns.keys().cloned().collect(), rows: rows.collect() }
}
