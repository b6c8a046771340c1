//! A recipe: an ordered list of steps, stored and exported as JSON.

use pulse_core::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An ordered list of steps. Its JSON is the file a user exports and imports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The version of this file format; 1.
    pub format: u32,
    /// What the user calls it.
    pub name: String,
    /// The steps, first to last.
    pub steps: Vec<RecipeStep>,
}

/// One step of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeStep {
    /// Identifies the step while it is moved and edited; unique within its recipe.
    pub id: String,
    /// Which step it is, such as `trim_whitespace`.
    pub kind: String,
    /// Its settings, as the step's schema describes them.
    #[serde(default = "no_settings")]
    pub config: Value,
    /// Whether it takes part.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// The user's note.
    #[serde(default)]
    pub comment: String,
}

impl Recipe {
    /// The format this version writes.
    pub const FORMAT: u32 = 1;

    /// An empty recipe called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { format: Self::FORMAT, name: name.into(), steps: Vec::new() }
    }

    /// Reads a recipe from its JSON and checks that its steps exist and their settings can be read.
    ///
    /// Fails with [`Code::Damaged`] and the line where the JSON breaks off, with [`Code::Unsupported`] for a newer
    /// format, and with [`Code::InvalidInput`] and the field of the first step that is not understood.
    pub fn parse(json: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(json).map_err(|cause| {
            Error::damaged(format!("The recipe is not valid JSON: {cause}"))
                .hint("Export the recipe again, or mend the file at that line.")
        })?;
        let format = value.get("format").and_then(Value::as_u64);
        if format.is_some_and(|format| format > u64::from(Self::FORMAT)) {
            return Err(Error::new(Code::Unsupported, "The recipe was written by a newer version of Cloud Pulse.")
                .hint("Update Cloud Pulse, then open the recipe again.")
                .field("format"));
        }
        let recipe: Self = serde_json::from_value(value).map_err(|cause| {
            Error::damaged(format!("The file is valid JSON but not a recipe: {cause}"))
                .hint("A recipe has the members format (1), name and steps; each step has id, kind and config.")
        })?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The JSON of an export: indented, with the members in a fixed order.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|cause| Error::internal("write the recipe", cause))
    }

    fn check(&self) -> Result<()> {
        if self.format != Self::FORMAT {
            return Err(Error::damaged(format!("`{}` is no format of a recipe.", self.format))
                .hint("The format is 1.")
                .field("format"));
        }
        for (index, step) in self.steps.iter().enumerate() {
            if self.steps[..index].iter().any(|earlier| earlier.id == step.id) {
                return Err(Error::damaged(format!("Two steps of the recipe have the id `{}`.", step.id))
                    .hint("Give each step an id of its own.")
                    .field(format!("steps.{index}.id")));
            }
            crate::steps::parse(&step.kind, &step.config).map_err(|error| at_step(index, &step.kind, error))?;
        }
        Ok(())
    }
}

/// Says in `error` which step of the recipe it belongs to; `index` counts from 0.
pub fn at_step(index: usize, kind: &str, mut error: Error) -> Error {
    error.message = format!("Step {} ({kind}): {}", index + 1, error.message);
    error.field = Some(match error.field {
        Some(field) => format!("steps.{index}.{field}"),
        None => format!("steps.{index}"),
    });
    error
}

fn enabled() -> bool {
    true
}

fn no_settings() -> Value {
    Value::Object(serde_json::Map::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_round_trips_through_its_json() {
        let json = r#"{"format":1,"name":"Prices","steps":[
            {"id":"a","kind":"trim_whitespace","config":{"columns":["item"]},"enabled":false,"comment":"why"}]}"#;
        let recipe = Recipe::parse(json).expect("a valid recipe");
        let again = Recipe::parse(&recipe.to_json().expect("writable")).expect("what we write is valid");
        assert_eq!(recipe, again, "an export reads back as the same recipe");
    }

    #[test]
    fn damaged_recipes_say_where_and_what_to_do() {
        let cases = [
            ("", Code::Damaged, None),
            (r#"{"format":1,"name":"x","steps":["#, Code::Damaged, None),
            (r#"{"format":1,"steps":[]}"#, Code::Damaged, None),
            (r#"{"format":2,"name":"x","steps":[]}"#, Code::Unsupported, Some("format")),
            (r#"{"format":0,"name":"x","steps":[]}"#, Code::Damaged, Some("format")),
            (
                r#"{"format":1,"name":"x","steps":[{"id":"a","kind":"fly","config":{}}]}"#,
                Code::InvalidInput,
                Some("steps.0.kind"),
            ),
            (
                r#"{"format":1,"name":"x","steps":[{"id":"a","kind":"sort","config":{"oops":1}}]}"#,
                Code::InvalidInput,
                Some("steps.0.oops"),
            ),
            (
                r#"{"format":1,"name":"x","steps":[{"id":"a","kind":"sort","config":{}},{"id":"a","kind":"sort","config":{}}]}"#,
                Code::Damaged,
                Some("steps.1.id"),
            ),
        ];
        for (json, code, field) in cases {
            let error = Recipe::parse(json).expect_err(json);
            assert_eq!((error.code, error.field.as_deref()), (code, field), "for {json}: {error}");
            assert!(error.hint.is_some(), "{json} must come with a hint");
        }
    }
}
