//! What holds for every step: its examples are true, its form uses the vocabulary only, its settings round-trip.

use polars::prelude::*;
use serde_json::Value;

use super::{ENTRIES, parse};
use crate::step::ROW;
use crate::{ExampleTable, catalogue, fold, to_text};

/// A frame from an example: texts, integers, floats and booleans as in the JSON.
fn frame(table: &ExampleTable) -> DataFrame {
    let columns = table.columns.iter().enumerate().map(|(index, name)| {
        let values: Vec<&Value> = table.rows.iter().map(|row| &row[index]).collect();
        let present: Vec<&&Value> = values.iter().filter(|value| !value.is_null()).collect();
        let name = PlSmallStr::from(name.as_str());
        if !present.is_empty() && present.iter().all(|value| value.is_boolean()) {
            Column::new(name, values.iter().map(|value| value.as_bool()).collect::<Vec<_>>())
        } else if !present.is_empty() && present.iter().all(|value| value.is_i64()) {
            Column::new(name, values.iter().map(|value| value.as_i64()).collect::<Vec<_>>())
        } else if !present.is_empty() && present.iter().all(|value| value.is_number()) {
            Column::new(name, values.iter().map(|value| value.as_f64()).collect::<Vec<_>>())
        } else {
            Column::new(name, values.iter().map(|value| value.as_str()).collect::<Vec<_>>())
        }
    });
    DataFrame::new(table.rows.len(), columns.collect()).expect("an example is a table")
}

#[test]
fn examples_are_true() {
    for step in catalogue() {
        assert!(step.examples.len() >= 2, "{} needs two examples", step.kind);
        for example in &step.examples {
            let place = format!("{}: {}", step.kind, example.title);
            let parsed = parse(&step.kind, &example.config).unwrap_or_else(|error| panic!("{place}: {error}"));
            let before = fold::numbered(frame(&example.before).lazy()).expect("numbered");
            let output =
                fold::apply(parsed.as_ref(), before, "t", "1").unwrap_or_else(|error| panic!("{place}: {error}"));
            let got = output.frame.collect().unwrap_or_else(|error| panic!("{place}: {error}"));
            assert!(got.schema().contains(ROW), "{place}: the row number survives");
            let got = to_text(&got.drop(ROW).expect("dropped")).expect("text");
            let expected = to_text(&frame(&example.after)).expect("text");
            assert!(got.equals_missing(&expected), "{place}\nexpected {expected}\ngot {got}");
        }
    }
}

#[test]
fn every_step_is_described_and_its_settings_round_trip() {
    for step in catalogue() {
        assert!(!step.description.is_empty() && !step.title.is_empty(), "{} is described", step.kind);
        let parsed = parse(&step.kind, &step.default_config).unwrap_or_else(|error| panic!("{}: {error}", step.kind));
        assert!(!parsed.sentence().is_empty(), "{} has a sentence even before it is set up", step.kind);
        let Some(field) = &step.column_field else { continue };
        assert!(step.schema["properties"][field].is_object(), "{}: {field} is a setting", step.kind);
        assert!(!step.applies_to.is_empty(), "{}: a column's menu must know the types", step.kind);
    }
    let mut kinds: Vec<&str> = ENTRIES.iter().map(|entry| (entry.kind)()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), ENTRIES.len(), "each kind is registered once");
}

#[test]
fn forms_use_the_vocabulary_only() {
    const WIDGETS: [&str; 7] = ["column", "columns", "new_column", "code", "tokens", "mapping", "condition"];
    const EXTENSIONS: [&str; 6] =
        ["x-widget", "x-depends-on", "x-advanced", "x-placeholder", "x-language", "x-suggestions"];
    fn check(place: &str, schema: &Value) {
        assert!(schema.get("$ref").is_none() && schema.get("anyOf").is_none(), "{place}: no references or unions");
        for (key, value) in schema.as_object().into_iter().flatten() {
            assert!(!key.starts_with("x-") || EXTENSIONS.contains(&key.as_str()), "{place}: {key} is no extension");
            if key == "x-widget" {
                assert!(WIDGETS.contains(&value.as_str().expect("a word")), "{place}: {value} is no widget");
            }
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}.{name}");
            assert!(property["description"].is_string(), "{place} is explained");
            if let Some(other) = property["x-depends-on"]["field"].as_str() {
                assert!(schema["properties"][other].is_object(), "{place}: depends on a sibling");
            }
            check(&place, property);
            check(&place, &property["items"]);
        }
        for option in schema["oneOf"].as_array().into_iter().flatten() {
            assert!(option["const"].is_string() && option["description"].is_string(), "{place}: an option has a label");
        }
    }
    for step in catalogue() {
        check(&step.kind, &step.schema);
    }
}

#[test]
fn a_missing_column_is_an_error_of_every_step_that_names_one() {
    let table = df!("other" => ["x"]).expect("a frame");
    for step in catalogue() {
        let Some(field) = &step.column_field else { continue };
        let mut config = step.examples[0].config.clone();
        let setting = &step.schema["properties"][field];
        // A column's menu fills a name, a list of names, or a list of entries that each name a column.
        let of_entries = setting["items"]["properties"].is_object();
        config[field] = match setting["type"] == "array" {
            true if of_entries => serde_json::json!([{ "column": "othr" }]),
            true => serde_json::json!(["othr"]),
            false => "othr".into(),
        };
        let field = &if of_entries { format!("{field}.0.column") } else { field.clone() };
        let parsed = parse(&step.kind, &config).unwrap_or_else(|error| panic!("{}: {error}", step.kind));
        let frame = fold::numbered(table.clone().lazy()).expect("numbered");
        let error =
            fold::apply(parsed.as_ref(), frame, "t", "1").err().unwrap_or_else(|| panic!("{} must fail", step.kind));
        assert_eq!(error.field.as_ref(), Some(field), "{}: {error}", step.kind);
        assert!(
            error.hint.is_some_and(|hint| hint.contains("other")),
            "{}: the hint names the close column",
            step.kind
        );
    }
}
