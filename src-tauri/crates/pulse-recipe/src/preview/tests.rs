//! Previews as a user sees them: marks, old values, counts, errors.

use polars::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Recipe, RecipeStep};

fn recipe(steps: &[(&str, Value)]) -> Recipe {
    let steps = steps.iter().enumerate().map(|(index, (kind, config))| RecipeStep {
        id: format!("s{index}"),
        kind: (*kind).to_owned(),
        config: config.clone(),
        enabled: true,
        comment: String::new(),
    });
    Recipe { steps: steps.collect(), ..Recipe::new("test") }
}

fn texts(frame: &DataFrame, column: &str) -> Vec<String> {
    let column = frame.column(column).expect(column).str().expect("text");
    column.iter().map(|text| text.unwrap_or("∅").to_owned()).collect()
}

fn sample() -> DataFrame {
    df!("item" => [" rice", "maize", "wheat", "rye"], "price" => [Some("1.5"), None, Some("n/a"), Some("2")])
        .expect("a frame")
}

#[test]
fn changed_cells_carry_their_old_text() {
    let preview = preview(
        &sample(),
        &recipe(&[("trim_whitespace", json!({})), ("parse_number", json!({"columns": ["price"]}))]),
        Some(1),
    );
    assert_eq!(texts(&preview.frame, "price"), ["1.5", "∅", "∅", "2"], "the values after the step");
    assert_eq!(texts(&preview.frame, "__old:price"), ["1.5", "∅", "n/a", "2"], "the values before it");
    let changed = preview.frame.column("__changed:price").expect("marked").bool().expect("boolean").clone();
    assert_eq!(
        changed.iter().map(|cell| cell == Some(true)).collect::<Vec<_>>(),
        [false, false, true, false],
        "the cells that differ"
    );
    assert!(preview.frame.column("__changed:item").is_err(), "the step before is not marked");
    assert_eq!(
        preview.columns[1],
        PreviewColumn { name: "price".into(), type_word: "number".into(), status: ColumnStatus::Changed },
        "the type is the new one"
    );
    let step = &preview.steps[1];
    assert_eq!(
        (step.rows_in, step.rows_out, step.cells_changed, step.rejected),
        (4, 4, 1, 1),
        "one value went to the ledger"
    );
}

#[test]
fn removed_rows_and_columns_stay_in_their_place() {
    let steps = [
        ("drop_missing", json!({"columns": ["price"]})),
        ("drop", json!({"columns": ["item"]})),
        ("add_column", json!({"name": "n", "expression": "LENGTH(price)"})),
    ];
    let one = preview(&sample(), &recipe(&steps), Some(0));
    assert_eq!(texts(&one.frame, "__mark"), ["", "removed", "", ""], "the removed row is marked");
    assert_eq!(texts(&one.frame, "item"), [" rice", "maize", "wheat", "rye"], "and shows what it was");
    let all = preview(&sample(), &recipe(&steps), None);
    let columns: Vec<_> = all.columns.iter().map(|column| (column.name.as_str(), column.status)).collect();
    let expected = [("item", ColumnStatus::Removed), ("price", ColumnStatus::Kept), ("n", ColumnStatus::Added)];
    assert_eq!(columns, expected, "compared with the sample");
    assert_eq!(texts(&all.frame, "n"), ["3", "∅", "3", "1"], "a removed row has no new cells");
}

#[test]
fn sorting_marks_nothing_and_reshaping_shows_the_rows_after() {
    let sorted = preview(&sample(), &recipe(&[("sort", json!({"by": [{"column": "item"}]}))]), None);
    assert_eq!(texts(&sorted.frame, "item"), [" rice", "maize", "rye", "wheat"], "the rows are in order");
    assert_eq!(
        (sorted.steps[0].cells_changed, texts(&sorted.frame, "__mark")),
        (0, vec![String::new(); 4]),
        "no cell changed"
    );
    let config = json!({"group_by": ["price"], "aggregations": [{"function": "count"}]});
    let grouped = preview(
        &sample(),
        &recipe(&[("group_aggregate", config), ("fill_missing", json!({"columns": ["price"], "value": "0"}))]),
        Some(1),
    );
    assert_eq!(
        texts(&grouped.frame, "__old:price"),
        ["1.5", "∅", "n/a", "2"],
        "steps behind a grouping are compared again"
    );
}

#[test]
fn a_failing_step_carries_its_error_and_stops_the_rest() {
    let mut recipe = recipe(&[
        ("trim_whitespace", json!({"columns": ["item"]})),
        ("sort", json!({"by": [{"column": "prise"}]})),
        ("drop", json!({"columns": ["item"]})),
        ("fly", json!({})),
    ]);
    let preview_of = |recipe: &Recipe, selected| preview(&sample(), recipe, selected);
    let broken = preview_of(&recipe, None);
    let error = broken.steps[1].error.clone().expect("the column is missing");
    assert_eq!(error.field.as_deref(), Some("by.0.column"), "the error names the setting");
    assert!(!broken.steps[2].ran && broken.steps[2].error.is_none(), "the next step only waits");
    assert_eq!(texts(&broken.frame, "item")[0], "rice", "the steps before are shown");
    recipe.steps[1].enabled = false;
    let unknown = preview_of(&recipe, Some(3));
    assert!(
        unknown.steps[3].error.is_some() && unknown.frame.height() == 4,
        "an unknown step shows the rows before it"
    );
}
