//! `pulse demo`: the main job on the bundled sample, each result printed with where it lies.

use std::fs;

use pulse_core::{Error, Result};
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use serde_json::{Value, json};

use super::{clean, finish, import, number, query};
use crate::output::Answer;

pub fn demo(engine: &Engine) -> Result<Answer> {
    let mut answer = Answer::default();
    let mut steps: Vec<Value> = Vec::new();
    let mut say = |what: &str, line: String, result: Value| {
        answer.lines.push(format!("{what:<8} {line}"));
        steps.push(json!({ "step": what, "result": result }));
    };
    for sample in engine.workspace(Nothing {})?.samples {
        let files = vec![ImportFile { path: sample.path.clone(), member: None }];
        let request = ImportRequest {
            files,
            options: ReadOptions::default(),
            table: sample.table.clone(),
            // A second run of the demo is a second version, not an error.
            mode: ImportMode::Replace,
        };
        let imported = finish(engine, &engine.import_start(request)?)?;
        say("import", import::sentence(&imported), imported);
        let path = std::path::Path::new(&sample.recipe_path);
        let text = fs::read_to_string(path).map_err(|cause| Error::io("read the recipe", path, &cause))?;
        let recipe = engine.recipe_import(RecipeImport { table: sample.table.clone(), text })?;
        let cleaned = finish(engine, &engine.recipe_apply(ApplyRequest { recipe: recipe.id, version: None })?)?;
        say("clean", clean::sentence(&cleaned), cleaned);
        let lies = engine.root().join("lake").join(recipe.output.replace('.', "/"));
        let newest = engine.table_show(TableVersion { table: recipe.output.clone(), version: None })?;
        let line = format!("{} version {} lies in {}", recipe.output, newest.info.version, lies.display());
        say("delta", line, json!({ "path": lies, "version": newest.info.version }));
        let sql = format!("SELECT count(*) AS rows FROM {}", recipe.output);
        let asked = query::sql(engine, &sql, 10)?;
        say("sql", format!("{sql} → {}", asked.json["rows"][0][0]), asked.json);
        let request = ExportRequest {
            source: ExportSource::Table { table: recipe.output.clone(), version: None },
            format: ExportFormat::Csv,
            path: None,
            guard_formulas: false,
        };
        let exported = finish(engine, &engine.export_start(request)?)?;
        if number(&exported, "rows") != newest.info.rows {
            return Err(Error::internal("export the sample", "the file has another number of rows than the table"));
        }
        say("export", query::sentence(&exported), exported);
    }
    answer.json = json!({ "steps": steps });
    Ok(answer)
}
