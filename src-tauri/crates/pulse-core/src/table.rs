//! Names of tables: a layer and a name, written `silver.prices`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The layer of a table: as imported, cleaned, modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// As imported, losslessly typed.
    Bronze,
    /// The result of a recipe.
    Silver,
    /// The result of an SQL model.
    Gold,
}

impl Layer {
    /// All layers, in the order data flows.
    pub const ALL: [Self; 3] = [Self::Bronze, Self::Silver, Self::Gold];

    /// The name in paths, SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bronze => "bronze",
            Self::Silver => "silver",
            Self::Gold => "gold",
        }
    }
}

/// A table's full name. It is valid by construction: lower-case letters, digits and underscores, at most 63 bytes, so
/// that it needs no quoting in SQL and is the same folder name on every operating system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName {
    layer: Layer,
    name: String,
}

impl TableName {
    /// The table `name` of `layer`; fails with what a valid name looks like.
    pub fn new(layer: Layer, name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let valid = name.len() <= 63
            && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !valid {
            return Err(Error::invalid(format!("`{name}` cannot be a table's name."))
                .hint(format!(
                    "Use lower-case letters, digits and underscores, starting with a letter: `{}`.",
                    Self::suggest(&name)
                ))
                .field("table"));
        }
        Ok(Self { layer, name })
    }

    /// The layer.
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// The name without its layer.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same name in another layer.
    #[must_use]
    pub fn in_layer(&self, layer: Layer) -> Self {
        Self { layer, name: self.name.clone() }
    }

    /// A valid name close to `text`, such as a file's name without its extension.
    pub fn suggest(text: &str) -> String {
        let mut name = String::new();
        for c in text.chars() {
            match c.to_ascii_lowercase() {
                c if c.is_ascii_lowercase() || c.is_ascii_digit() => name.push(c),
                _ if name.ends_with('_') || name.is_empty() => {}
                _ => name.push('_'),
            }
        }
        let name = name.trim_end_matches('_');
        let name = if name.is_empty() { "table" } else { name };
        let prefix = if name.starts_with(|c: char| c.is_ascii_digit()) { "t_" } else { "" };
        format!("{prefix}{name}").chars().take(63).collect()
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.layer.as_str(), self.name)
    }
}

impl FromStr for TableName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (layer, name) = text.split_once('.').ok_or_else(|| {
            Error::invalid(format!("`{text}` does not name a table."))
                .hint("Write the layer and the name, such as `silver.prices`.")
                .field("table")
        })?;
        let layer = Layer::ALL.into_iter().find(|known| known.as_str() == layer).ok_or_else(|| {
            Error::invalid(format!("`{layer}` in `{text}` is no layer."))
                .hint("The layers are bronze, silver and gold.")
                .field("table")
        })?;
        Self::new(layer, name)
    }
}

impl TryFrom<String> for TableName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_bad_ones_are_refused_with_a_suggestion() {
        let name: TableName = "silver.prices_2024".parse().expect("a valid name");
        assert_eq!(name.to_string(), "silver.prices_2024", "a name prints as it parses");
        for bad in ["prices", "copper.prices", "silver.Prices", "silver.a b", "silver.", "silver.../x", "silver.1a"] {
            let error = bad.parse::<TableName>().expect_err(bad);
            assert!(error.hint.is_some(), "{bad} must come with a hint");
        }
    }

    #[test]
    fn suggestions_are_valid_names() {
        for (text, expected) in
            [("Food Prices (2024)", "food_prices_2024"), ("2024", "t_2024"), ("ÄÖ", "table"), ("__a", "a")]
        {
            assert_eq!(TableName::suggest(text), expected, "for {text}");
            TableName::new(Layer::Bronze, TableName::suggest(text)).expect("a suggestion is valid");
        }
    }
}
