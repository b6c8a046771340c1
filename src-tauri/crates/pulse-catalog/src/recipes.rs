//! Recipes and every body they ever had, so that undo and redo survive a restart.

use pulse_core::{Error, Result};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::Catalog;
use crate::value::list;

/// The recipes of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Recipes<'a>(pub(crate) &'a Catalog);

/// A recipe as the catalog keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRecipe {
    /// Its id, chosen by the caller.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The table it reads, such as `bronze.prices`.
    pub input: String,
    /// The table it writes, such as `silver.prices`.
    pub output: String,
    /// The recipe itself, as JSON text.
    pub body: String,
    /// The revision `body` is, from 1; set by the catalog, not read by [`Recipes::save`].
    pub revision: i64,
    /// When it was last saved, undone or redone.
    pub updated_at_ms: i64,
}

/// One body a recipe had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Its number, from 1 in the order of saving.
    pub revision: i64,
    /// The revision it was edited from; none for the first.
    pub parent: Option<i64>,
    /// The recipe at that time, as JSON text.
    pub body: String,
    /// When it was saved.
    pub at_ms: i64,
}

const SELECT: &str = "SELECT id, name, input, output, body, revision, updated_at_ms FROM recipes";

impl Recipes<'_> {
    /// All recipes by name.
    pub fn list(&self) -> Result<Vec<StoredRecipe>> {
        self.0.read("list the recipes", |c| list(c, &format!("{SELECT} ORDER BY name, id"), &[], recipe))
    }

    /// The recipe `id`; fails with `NotFound`.
    pub fn get(&self, id: &str) -> Result<StoredRecipe> {
        let found = self
            .0
            .read("read a recipe", |c| c.query_row(&format!("{SELECT} WHERE id = ?1"), [id], recipe).optional())?;
        found.ok_or_else(|| missing(id))
    }

    /// The recipes that read `table`, the last saved first.
    pub fn find_for_input(&self, table: &str) -> Result<Vec<StoredRecipe>> {
        let sql = format!("{SELECT} WHERE input = ?1 ORDER BY updated_at_ms DESC, id");
        self.0.read("find the recipes of a table", |c| list(c, &sql, &[&table], recipe))
    }

    /// Saves the recipe and returns its revision: a new one unless the body is the current one, in which case only
    /// name, input, output and time change.
    pub fn save(&self, recipe: &StoredRecipe) -> Result<i64> {
        self.0.transact("save a recipe", |t| save(t, recipe))
    }

    /// Every revision of the recipe `id`, oldest first.
    pub fn revisions(&self, id: &str) -> Result<Vec<Revision>> {
        let sql = "SELECT revision, parent, body, at_ms FROM recipe_revisions WHERE recipe_id = ?1 ORDER BY revision";
        self.0.read("list the revisions of a recipe", |c| list(c, sql, &[&id], revision))
    }

    /// Goes back to the revision the current one was edited from; `None` where there is none.
    pub fn undo(&self, id: &str, at_ms: i64) -> Result<Option<StoredRecipe>> {
        self.step(
            id,
            at_ms,
            "undo a change of a recipe",
            "SELECT parent FROM recipe_revisions WHERE recipe_id = ?1 AND revision = ?2",
        )
    }

    /// Goes forward to the newest revision edited from the current one; `None` where there is none.
    pub fn redo(&self, id: &str, at_ms: i64) -> Result<Option<StoredRecipe>> {
        self.step(
            id,
            at_ms,
            "redo a change of a recipe",
            "SELECT max(revision) FROM recipe_revisions WHERE recipe_id = ?1 AND parent = ?2",
        )
    }

    /// Forgets the recipe and its revisions; fails with `NotFound`.
    pub fn delete(&self, id: &str) -> Result<()> {
        match self.0.transact("delete a recipe", |t| t.execute("DELETE FROM recipes WHERE id = ?1", [id]))? {
            0 => Err(missing(id)),
            _ => Ok(()),
        }
    }

    /// Makes the revision that `target` finds from (id, current revision) the current one.
    fn step(&self, id: &str, at_ms: i64, attempt: &str, target: &str) -> Result<Option<StoredRecipe>> {
        self.get(id)?;
        self.0.transact(attempt, |t| {
            let current: i64 = t.query_row("SELECT revision FROM recipes WHERE id = ?1", [id], |row| row.get(0))?;
            let Some(revision) = t.query_row(target, params![id, current], |row| row.get::<_, Option<i64>>(0))? else {
                return Ok(None);
            };
            t.execute(
                "UPDATE recipes SET revision = ?2, updated_at_ms = ?3, body =
                     (SELECT body FROM recipe_revisions WHERE recipe_id = ?1 AND revision = ?2) WHERE id = ?1",
                params![id, revision, at_ms],
            )?;
            t.query_row(&format!("{SELECT} WHERE id = ?1"), [id], recipe).map(Some)
        })
    }
}

fn save(t: &Transaction<'_>, recipe: &StoredRecipe) -> rusqlite::Result<i64> {
    let StoredRecipe { id, name, input, output, body, updated_at_ms, .. } = recipe;
    let current: Option<(i64, String)> = t
        .query_row("SELECT revision, body FROM recipes WHERE id = ?1", [id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let parent = current.as_ref().map(|(revision, _)| *revision);
    let revision = match &current {
        Some((revision, old)) if old == body => *revision,
        _ => t.query_row(
            "SELECT coalesce(max(revision), 0) + 1 FROM recipe_revisions WHERE recipe_id = ?1",
            [id],
            |row| row.get(0),
        )?,
    };
    t.execute(
        "INSERT INTO recipes (id, name, input, output, body, revision, updated_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET name = ?2, input = ?3, output = ?4, body = ?5, revision = ?6, updated_at_ms = ?7",
        params![id, name, input, output, body, revision, updated_at_ms],
    )?;
    if parent != Some(revision) {
        t.execute(
            "INSERT INTO recipe_revisions (recipe_id, revision, parent, body, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, revision, parent, body, updated_at_ms],
        )?;
    }
    Ok(revision)
}

fn recipe(row: &Row<'_>) -> rusqlite::Result<StoredRecipe> {
    Ok(StoredRecipe {
        id: row.get("id")?,
        name: row.get("name")?,
        input: row.get("input")?,
        output: row.get("output")?,
        body: row.get("body")?,
        revision: row.get("revision")?,
        updated_at_ms: row.get("updated_at_ms")?,
    })
}

fn revision(row: &Row<'_>) -> rusqlite::Result<Revision> {
    Ok(Revision {
        revision: row.get("revision")?,
        parent: row.get("parent")?,
        body: row.get("body")?,
        at_ms: row.get("at_ms")?,
    })
}

fn missing(id: &str) -> Error {
    Error::not_found(format!("There is no recipe `{id}`."))
        .hint("Look it up in the list of recipes; it may have been deleted.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulse_core::Code;

    fn recipe(id: &str, body: &str, at: i64) -> StoredRecipe {
        StoredRecipe {
            id: id.into(),
            name: format!("Clean {id}"),
            input: "bronze.prices".into(),
            output: "silver.prices".into(),
            body: body.into(),
            revision: 0,
            updated_at_ms: at,
        }
    }

    #[test]
    fn undo_and_redo_survive_a_restart_and_an_edit_after_undo_loses_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("catalog.db");
        {
            let catalog = Catalog::open(&path).expect("a new catalog");
            for (at, body) in ["a", "ab", "abc"].into_iter().enumerate() {
                let saved = catalog.recipes().save(&recipe("r", body, at as i64)).expect("saved");
                assert_eq!(saved, at as i64 + 1, "every change is a revision");
            }
            assert_eq!(catalog.recipes().save(&recipe("r", "abc", 3)).expect("saved"), 3, "no change, no revision");
        }
        let catalog = Catalog::open(&path).expect("the catalog opens again");
        let recipes = catalog.recipes();
        let body = |found: Option<StoredRecipe>| found.map(|recipe| recipe.body);
        assert_eq!(body(recipes.undo("r", 10).expect("undone")).as_deref(), Some("ab"), "one change back");
        assert_eq!(body(recipes.undo("r", 11).expect("undone")).as_deref(), Some("a"), "two changes back");
        assert_eq!(body(recipes.undo("r", 12).expect("nothing")), None, "nothing before the first");
        assert_eq!(body(recipes.redo("r", 13).expect("redone")).as_deref(), Some("ab"), "forward again");
        assert_eq!(recipes.save(&recipe("r", "abX", 14)).expect("saved"), 4, "an edit after undo is a new branch");
        assert_eq!(body(recipes.redo("r", 15).expect("nothing")), None, "nothing after the newest edit");
        assert_eq!(body(recipes.undo("r", 16).expect("undone")).as_deref(), Some("ab"), "back to where it branched");
        assert_eq!(
            body(recipes.redo("r", 17).expect("redone")).as_deref(),
            Some("abX"),
            "forward to the newest branch"
        );
        let parents: Vec<_> = recipes.revisions("r").expect("revisions").iter().map(|r| r.parent).collect();
        assert_eq!(parents, [None, Some(1), Some(2), Some(2)], "every body is kept with where it came from");
    }

    #[test]
    fn recipes_are_found_by_input_and_gone_after_delete() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).expect("a new catalog");
        let recipes = catalog.recipes();
        recipes.save(&recipe("old", "{}", 1)).expect("saved");
        recipes.save(&recipe("new", "{}", 2)).expect("saved");
        recipes.save(&StoredRecipe { input: "bronze.other".into(), ..recipe("other", "{}", 3) }).expect("saved");
        let ids: Vec<_> = recipes.find_for_input("bronze.prices").expect("found").into_iter().map(|r| r.id).collect();
        assert_eq!(ids, ["new", "old"], "the last saved comes first");
        recipes.delete("old").expect("deleted");
        assert!(recipes.revisions("old").expect("revisions").is_empty(), "its revisions are gone too");
        for error in [recipes.get("old").map(drop), recipes.delete("old"), recipes.undo("old", 9).map(drop)] {
            assert_eq!(error.expect_err("no such recipe").code, Code::NotFound, "a missing recipe is said so");
        }
    }
}
