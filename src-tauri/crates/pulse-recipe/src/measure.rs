//! Measurements, run by hand: `cargo test -p pulse-recipe measure -- --ignored --nocapture`.

use std::time::Instant;

use polars::prelude::*;
use pulse_core::Progress;
use serde_json::json;

use crate::{Recipe, RecipeStep, counts, ipc, ledger, plan, preview, profile, to_text};

/// A table of `rows` with ten columns of the types people have: texts, amounts as text, integers, numbers, dates.
fn table(rows: usize) -> DataFrame {
    let text =
        |name: &str, of: &dyn Fn(usize) -> String| Column::new(name.into(), (0..rows).map(of).collect::<Vec<_>>());
    let columns = vec![
        text("country", &|row| format!(" Country  {} ", row * 7 % 190)),
        text("item", &|row| format!("Item {}", row * 13 % 1000)),
        text("price", &|row| {
            if row % 50 == 0 { "n/a".into() } else { format!("{},{:03}.{:02}", row % 9 + 1, row % 1000, row % 100) }
        }),
        text("note", &|row| format!("note number {row}")),
        text("day", &|row| format!("{:02}/{:02}/20{:02}", row % 28 + 1, row % 12 + 1, row % 25)),
        Column::new("year".into(), (0..rows).map(|row| 1960 + (row % 64) as i64).collect::<Vec<_>>()),
        Column::new("id".into(), (0..rows as i64).collect::<Vec<_>>()),
        Column::new(
            "value".into(),
            (0..rows).map(|row| (row % 7 != 0).then_some((row as f64).sin() * 1e4)).collect::<Vec<_>>(),
        ),
        Column::new("flag".into(), (0..rows).map(|row| row % 3 == 0).collect::<Vec<_>>()),
        Series::new("date".into(), (0..rows).map(|row| (row % 20_000) as i32).collect::<Vec<_>>())
            .into_date()
            .into_column(),
    ];
    DataFrame::new(rows, columns).expect("columns of one length")
}

fn recipe() -> Recipe {
    let steps = [
        ("trim_whitespace", json!({})),
        ("null_tokens", json!({})),
        ("parse_number", json!({"columns": ["price"]})),
        ("parse_date", json!({"columns": ["day"], "day_first": true})),
        ("change_case", json!({"columns": ["country"], "case": "upper"})),
        ("find_replace", json!({"columns": ["item"], "find": "item", "replace": "x", "match_case": false})),
        ("filter_rows", json!({"rules": [{"column": "year", "operator": "greater", "value": "1970"}]})),
        ("fill_missing", json!({"columns": ["value"], "with": "mean"})),
        ("drop_duplicates", json!({"columns": ["note"]})),
        ("add_column", json!({"name": "total", "expression": "price * value"})),
    ];
    let steps = steps.into_iter().enumerate().map(|(index, (kind, config))| RecipeStep {
        id: index.to_string(),
        kind: kind.into(),
        config,
        enabled: true,
        comment: String::new(),
    });
    Recipe { steps: steps.collect(), ..Recipe::new("measured") }
}

fn timed<T>(what: &str, work: impl Fn() -> T) -> T {
    let mut best = f64::MAX;
    let mut result = None;
    for _ in 0..5 {
        let start = Instant::now();
        result = Some(work());
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{what}: {:.1} ms (best of 5)", best * 1e3);
    result.expect("five runs")
}

#[test]
#[ignore = "a measurement, not a test"]
fn previews() {
    let sample = table(10_000);
    let other = sample
        .get_column_names()
        .into_iter()
        .map(|name| sample.column(name).expect("own").clone().with_name(format!("{name}_2").into()));
    let other: Vec<Column> = other.collect();
    let sample = sample.hstack(&other).expect("twenty columns");
    for selected in [Some(0), Some(6), Some(9), None] {
        let shown = timed(&format!("preview 10,000 x 20, 10 steps, selected {selected:?}"), || {
            preview(&sample, &recipe(), selected)
        });
        assert!(shown.steps.iter().all(|step| step.error.is_none()), "every step runs: {:?}", shown.steps);
    }
    timed("to_text 10,000 x 20", || to_text(&sample).expect("text"));
    timed("ipc 10,000 x 20", || ipc(&sample).expect("bytes").len());
}

#[test]
#[ignore = "a measurement, not a test"]
fn profiles_and_recipes() {
    let path = std::env::temp_dir().join("pulse-recipe-measure.parquet");
    let mut df = table(1_000_000);
    ParquetWriter::new(std::fs::File::create(&path).expect("a file")).finish(&mut df).expect("written");
    let scan = || {
        LazyFrame::scan_parquet(PlRefPath::new(path.to_str().expect("a path")), ScanArgsParquet::default())
            .expect("readable")
    };
    let progress = Progress::new();
    timed("profile 1,000,000 x 10", || profile::profile(scan(), None, &progress).expect("a profile"));
    for column in df.get_column_names() {
        timed(&format!("profile 1,000,000 {column}"), || {
            profile::profile(scan(), Some(&[column.to_string()]), &progress).expect("a profile")
        });
    }
    timed("counts 1,000,000, 10 steps", || counts(scan(), &recipe(), &progress).expect("counts"));
    timed("ledger 1,000,000, 10 steps", || {
        ledger(&plan(scan(), &recipe(), "t").expect("a plan"), &progress).expect("a ledger").height()
    });
    timed("result 1,000,000, 10 steps", || {
        let frame = plan(scan(), &recipe(), "t").expect("a plan").frame;
        frame.collect_with_engine(Engine::Streaming).expect("rows").unwrap_single().height()
    });
    std::fs::remove_file(path).expect("removed");
}
