//! `pulse clean`.

use std::fs;

use pulse_core::{Error, Result};
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use serde_json::Value;

use super::{count, finish, number, text};
use crate::args::Clean;
use crate::output::Answer;

pub fn clean(engine: &Engine, args: &Clean) -> Result<Answer> {
    let recipe = match &args.recipe {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|cause| Error::io("read the recipe", path, &cause))?;
            engine.recipe_import(RecipeImport { table: args.at.table.clone(), text })?
        }
        None => engine.recipe_open(TableRequest { table: args.at.table.clone() })?,
    };
    if recipe.steps.is_empty() {
        return Err(Error::invalid(format!("The recipe of {} has no steps.", args.at.table))
            .hint("Add steps in the window, or give a recipe file with --recipe FILE."));
    }
    let recipe = match &args.output {
        Some(output) => engine.recipe_save(RecipeDoc { output: output.clone(), ..recipe })?,
        None => recipe,
    };
    let result = finish(engine, &engine.recipe_apply(ApplyRequest { recipe: recipe.id, version: args.at.version })?)?;
    Ok(Answer { lines: vec![sentence(&result)], json: result, table: None })
}

/// What applying a recipe did.
pub fn sentence(result: &Value) -> String {
    format!(
        "{} version {}: {} rows from {} version {}, {} values in the ledger ({:.2} s)",
        text(result, "table"),
        number(result, "version"),
        count(number(result, "rows")),
        text(result, "input"),
        number(result, "input_version"),
        count(number(result, "ledger")),
        result.get("seconds").and_then(Value::as_f64).unwrap_or(0.0),
    )
}
