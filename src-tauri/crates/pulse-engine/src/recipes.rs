//! Saved recipes: one for each table that is cleaned, with undo and redo across restarts.

use pulse_catalog::StoredRecipe;
use pulse_core::{Error, Layer, Result, TableName};
use pulse_recipe::{ExampleTable, Recipe};
use pulse_rpc::types::*;
use serde_json::Value;

use crate::Engine;
use crate::clock::now_ms;

/// Every kind of step, as the window shows it.
pub(crate) fn catalogue() -> Vec<StepInfo> {
    let step = |step: pulse_recipe::StepInfo| StepInfo {
        kind: step.kind,
        title: step.title,
        description: step.description,
        group: step.group,
        applies_to: step.applies_to,
        column_field: step.column_field,
        schema: step.schema,
        default_config: step.default_config,
        examples: step
            .examples
            .into_iter()
            .map(|example| StepExample {
                title: example.title,
                config: example.config,
                before: small_table(example.before),
                after: small_table(example.after),
            })
            .collect(),
    };
    pulse_recipe::catalogue().into_iter().map(step).collect()
}

pub(crate) fn list(engine: &Engine) -> Result<Vec<RecipeDoc>> {
    engine.0.catalog.recipes().list()?.into_iter().map(|stored| doc(engine, stored)).collect()
}

/// The recipe that reads `table`, made empty where there is none.
pub(crate) fn open(engine: &Engine, table: &str) -> Result<RecipeDoc> {
    let table: TableName = table.parse()?;
    if let Some(found) = engine.0.catalog.recipes().find_for_input(&table.to_string())?.into_iter().next() {
        return doc(engine, found);
    }
    engine.0.lake.snapshot(&table, None)?;
    let name = format!("Clean {}", table.name());
    let stored = StoredRecipe {
        id: uuid::Uuid::new_v4().to_string(),
        output: output_for(&table)?.to_string(),
        input: table.to_string(),
        body: body(&name, Vec::new())?,
        name,
        revision: 0,
        updated_at_ms: now_ms(),
    };
    store(engine, stored)
}

/// The silver table that a recipe of `table` writes unless the user names another; never the table itself.
fn output_for(table: &TableName) -> Result<TableName> {
    if table.layer() != Layer::Silver {
        return Ok(table.in_layer(Layer::Silver));
    }
    let stem: String = table.name().chars().take(57).collect();
    TableName::new(Layer::Silver, format!("{stem}_clean"))
}

pub(crate) fn get(engine: &Engine, id: &str) -> Result<RecipeDoc> {
    doc(engine, engine.0.catalog.recipes().get(id)?)
}

pub(crate) fn save(engine: &Engine, recipe: &RecipeDoc) -> Result<RecipeDoc> {
    let stored = engine.0.catalog.recipes().get(&recipe.id)?;
    let output: TableName = recipe.output.parse().map_err(|error: Error| error.field("output"))?;
    if output.layer() != Layer::Silver {
        return Err(Error::invalid(format!("A recipe cannot write `{output}`."))
            .hint(format!("Recipes write silver tables, such as `{}`.", output.in_layer(Layer::Silver)))
            .field("output"));
    }
    if output.to_string() == stored.input {
        return Err(Error::invalid(format!("The recipe cannot replace `{output}`, the table it reads."))
            .hint(format!("Write another silver table, such as `{}`.", output_for(&output)?))
            .field("output"));
    }
    let steps = recipe.steps.iter().cloned().map(step_in).collect();
    store(
        engine,
        StoredRecipe {
            name: recipe.name.clone(),
            output: output.to_string(),
            body: body(&recipe.name, steps)?,
            updated_at_ms: now_ms(),
            ..stored
        },
    )
}

pub(crate) fn undo(engine: &Engine, id: &str) -> Result<RecipeDoc> {
    engine.0.catalog.recipes().undo(id, now_ms())?;
    get(engine, id)
}

pub(crate) fn redo(engine: &Engine, id: &str) -> Result<RecipeDoc> {
    engine.0.catalog.recipes().redo(id, now_ms())?;
    get(engine, id)
}

pub(crate) fn export(engine: &Engine, id: &str) -> Result<TextFile> {
    let stored = engine.0.catalog.recipes().get(id)?;
    let text = parse(&stored)?.to_json()?;
    Ok(TextFile { name: format!("{}.recipe.json", TableName::suggest(&stored.name)), text: text + "\n" })
}

/// Gives the table's recipe the steps of a recipe file, as a new revision that undo takes back.
pub(crate) fn import(engine: &Engine, request: &RecipeImport) -> Result<RecipeDoc> {
    let recipe = Recipe::parse(&request.text)?;
    let open = open(engine, &request.table)?;
    let name = if recipe.name.is_empty() { open.name.clone() } else { recipe.name };
    save(engine, &RecipeDoc { name, steps: recipe.steps.into_iter().map(step_out).collect(), ..open })
}

/// The steps of a request as a recipe.
pub(crate) fn recipe(name: &str, steps: &[RecipeStep]) -> Recipe {
    Recipe { format: Recipe::FORMAT, name: name.to_owned(), steps: steps.iter().cloned().map(step_in).collect() }
}

fn store(engine: &Engine, stored: StoredRecipe) -> Result<RecipeDoc> {
    engine.0.catalog.recipes().save(&stored)?;
    get(engine, &stored.id)
}

/// A stored recipe may hold steps that are still being filled in, so only its outer shape is checked.
fn parse(stored: &StoredRecipe) -> Result<Recipe> {
    serde_json::from_str(&stored.body).map_err(|cause| {
        Error::damaged(format!("The recipe “{}” in the catalog is damaged: {cause}.", stored.name))
            .hint("Undo the last change, or import the recipe from a file.")
    })
}

fn body(name: &str, steps: Vec<pulse_recipe::RecipeStep>) -> Result<String> {
    let recipe = Recipe { format: Recipe::FORMAT, name: name.to_owned(), steps };
    serde_json::to_string(&recipe).map_err(|cause| Error::internal("write the recipe", cause))
}

fn doc(engine: &Engine, stored: StoredRecipe) -> Result<RecipeDoc> {
    let recipe = parse(&stored)?;
    let revisions = engine.0.catalog.recipes().revisions(&stored.id)?;
    let current = revisions.iter().find(|revision| revision.revision == stored.revision);
    Ok(RecipeDoc {
        can_undo: current.is_some_and(|revision| revision.parent.is_some()),
        can_redo: revisions.iter().any(|revision| revision.parent == Some(stored.revision)),
        steps: recipe.steps.into_iter().map(step_out).collect(),
        id: stored.id,
        name: stored.name,
        input: stored.input,
        output: stored.output,
        revision: u64::try_from(stored.revision).unwrap_or(0),
    })
}

fn step_in(step: RecipeStep) -> pulse_recipe::RecipeStep {
    let RecipeStep { id, kind, config, enabled, comment } = step;
    pulse_recipe::RecipeStep { id, kind, config, enabled, comment }
}

fn step_out(step: pulse_recipe::RecipeStep) -> RecipeStep {
    let pulse_recipe::RecipeStep { id, kind, config, enabled, comment } = step;
    RecipeStep { id, kind, config, enabled, comment }
}

fn small_table(table: ExampleTable) -> SmallTable {
    let cell = |value: Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    let rows = table.rows.into_iter().map(|row| row.into_iter().map(cell).collect());
    SmallTable { rows: rows.collect(), columns: table.columns }
}
