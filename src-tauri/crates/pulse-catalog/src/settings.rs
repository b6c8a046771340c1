//! Small choices of the user, such as the theme: a key and any JSON.

use pulse_core::Result;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::Catalog;
use crate::value::{json_in, json_out};

/// The settings of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a>(pub(crate) &'a Catalog);

impl Settings<'_> {
    /// The value of `key`, if it was ever set.
    pub fn get(&self, key: &str) -> Result<Option<Value>> {
        self.0.read("read a setting", |c| {
            c.query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| json_out(row, "value")).optional()
        })
    }

    /// Sets `key`, replacing its value.
    pub fn set(&self, key: &str, value: &Value) -> Result<()> {
        let sql = "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
        self.0.transact("save a setting", |t| t.execute(sql, params![key, json_in(value)?])).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_replaced_and_unset_ones_are_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("catalog.db");
        {
            let catalog = Catalog::open(&path).expect("a new catalog");
            for value in [json!("dark"), json!({"theme": "light", "width": 1.5})] {
                catalog.settings().set("look", &value).expect("set");
                assert_eq!(catalog.settings().get("look").expect("read"), Some(value), "the last value wins");
            }
        }
        let catalog = Catalog::open(&path).expect("the catalog opens again");
        assert!(catalog.settings().get("look").expect("read").is_some(), "a setting survives a restart");
        assert_eq!(catalog.settings().get("other").expect("read"), None, "an unset key is none");
    }
}
