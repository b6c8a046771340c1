//! Properties that hold for every recipe on every table.

use polars::prelude::*;
use proptest::prelude::*;
use pulse_core::Progress;
use serde_json::{Value, json};

use crate::number::Digits;
use crate::{Recipe, RecipeStep, counts, ledger, plan, preview, to_text};

/// Tables with the values that break careless code.
fn tables() -> impl Strategy<Value = DataFrame> {
    let texts = ["", " ", "a", " a  b ", "A", "-", "n/a", "NA", "ä\u{a0}", "1,5", "x\"y"];
    let numbers = ["1", "1.5", "-2", "1e400", "9223372036854775808", "NaN", "007", "", "1,234.5", "(3)", "5%", "0.1"];
    let dates = ["2024-01-31", "31/1/2024", "1/2/2024", "2024-02-30", "soon", ""];
    let row = (
        prop::option::of(prop::sample::select(texts.to_vec())),
        prop::option::of(prop::sample::select(numbers.to_vec())),
        prop::option::of(prop::sample::select(dates.to_vec())),
        prop::option::of(prop_oneof![Just(i64::MAX), Just(i64::MIN), -3..3_i64]),
        prop::option::of(prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(1.5), Just(2.0), Just(-0.0)]),
    );
    prop::collection::vec(row, 0..30).prop_map(|rows| {
        df!(
            "text" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "number" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "date" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            "n" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
            "x" => rows.iter().map(|row| row.4).collect::<Vec<_>>(),
        )
        .expect("columns of one length")
    })
}

/// Steps that fit these columns wherever they stand in a recipe.
fn steps() -> Vec<(&'static str, Value)> {
    vec![
        ("trim_whitespace", json!({"columns": ["text"]})),
        ("change_case", json!({"columns": ["text"], "case": "upper"})),
        ("find_replace", json!({"columns": ["text"], "find": "a", "replace": "$1"})),
        (
            "map_values",
            json!({"column": "text", "mapping": [{"from": "A", "to": "b"}, {"from": "-", "to": null}], "unmatched": "reject"}),
        ),
        ("null_tokens", json!({"columns": ["text"]})),
        ("parse_number", json!({"columns": ["number"]})),
        ("parse_number", json!({"columns": ["number"], "result": "integer", "comparison": "strip"})),
        ("parse_number", json!({"columns": ["number", "x"], "result": "decimal"})),
        ("parse_date", json!({"columns": ["date"], "day_first": true})),
        ("change_type", json!({"columns": ["n"], "to": "number"})),
        ("change_type", json!({"columns": ["x", "number"], "to": "integer"})),
        ("change_type", json!({"columns": ["n", "x"], "to": "text"})),
        ("fill_missing", json!({"columns": ["text", "n"], "with": "previous"})),
        ("fill_missing", json!({"columns": ["text"], "with": "most_common"})),
        ("drop_missing", json!({"columns": ["text"], "blank_is_missing": true})),
        ("drop_duplicates", json!({"columns": ["text"], "keep": "last"})),
        ("drop_duplicates", json!({})),
        (
            "filter_rows",
            json!({"action": "remove", "rules": [{"column": "text", "operator": "contains", "value": "a"}]}),
        ),
        ("sort", json!({"by": [{"column": "text", "descending": true}, {"column": "n"}]})),
        ("select", json!({"columns": ["n"], "keep_others": true})),
        ("unpivot", json!({"keep": ["text", "number", "date"], "name_column": "n", "value_column": "x"})),
    ]
}

fn recipe(steps: Vec<(&str, Value)>) -> Recipe {
    let steps = steps.into_iter().enumerate().map(|(index, (kind, config))| RecipeStep {
        id: index.to_string(),
        kind: kind.to_owned(),
        config,
        enabled: true,
        comment: String::new(),
    });
    Recipe { steps: steps.collect(), ..Recipe::new("any") }
}

fn recipes() -> impl Strategy<Value = Recipe> {
    prop::collection::vec(prop::sample::select(steps()), 0..6).prop_map(recipe)
}

/// A number's text in one spelling, so that equal numbers have equal texts; other texts as they are.
fn spelled(text: &str) -> String {
    let Some(digits) = Digits::read(text) else { return text.to_owned() };
    // A floating point number beyond 2^53 is a whole number whose shortest text has fewer digits than its value.
    let exact = text.parse::<f64>().ok().filter(|_| text.contains('e')).map(|value| format!("{value:.0}"));
    match exact.as_deref().and_then(Digits::read).unwrap_or(digits).to(&DataType::Decimal(38, 6)) {
        Ok(value) => format!("{value:?}"),
        Err(_) => text.to_owned(),
    }
}

/// Recipes on these tables that fit; others fail on purpose and say why.
fn applied(df: &DataFrame, recipe: &Recipe) -> Option<DataFrame> {
    let plan = plan(df.clone().lazy(), recipe, "t");
    plan.ok().map(|plan| plan.frame.collect().expect("a plan that fits can be computed"))
}

fn step_names(recipe: &Recipe) -> Vec<&str> {
    recipe.steps.iter().map(|step| step.kind.as_str()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_preview_of_the_whole_table_is_the_result(df in tables(), recipe in recipes()) {
        let Some(result) = applied(&df, &recipe) else { return Ok(()) };
        let shown = preview(&df, &recipe, None);
        let kept = shown.frame.column("__mark").expect("marks").str().expect("text").not_equal("removed");
        let names: Vec<String> = result.get_column_names().iter().map(ToString::to_string).collect();
        let shown = shown.frame.filter(&kept).expect("filtered").select(names).expect("every column is shown");
        let result = to_text(&result).expect("text");
        prop_assert!(shown.equals_missing(&result), "{:?}\npreview {shown}\nresult {result}", step_names(&recipe));
    }

    #[test]
    fn both_engines_agree(df in tables(), recipe in recipes()) {
        let Some(result) = applied(&df, &recipe) else { return Ok(()) };
        let plan = plan(df.lazy(), &recipe, "t").expect("fits");
        let streamed = plan.frame.collect_with_engine(Engine::Streaming).expect("computed").unwrap_single();
        prop_assert!(to_text(&streamed).expect("text").equals_missing(&to_text(&result).expect("text")), "{:?}", step_names(&recipe));
    }

    #[test]
    fn counts_add_up(df in tables(), recipe in recipes()) {
        let Some(result) = applied(&df, &recipe) else { return Ok(()) };
        let progress = Progress::new();
        let counts = counts(df.clone().lazy(), &recipe, &progress).expect("counted");
        let mut rows = df.height() as u64;
        for count in &counts {
            prop_assert_eq!(count.rows_in, rows, "rows into {:?}", count);
            rows = count.rows_out;
        }
        prop_assert_eq!(rows, result.height() as u64, "the last step gives the result");
        let entries = ledger(&plan(df.clone().lazy(), &recipe, "t").expect("fits"), &progress).expect("a ledger").height() as u64;
        prop_assert_eq!(counts.iter().map(|count| count.rejected).sum::<u64>(), entries, "rejected values are ledger entries");
        let previewed = preview(&df, &recipe, None).steps;
        for (count, step) in counts.iter().zip(&previewed) {
            prop_assert_eq!((count.rows_in, count.rows_out, count.rejected), (step.rows_in, step.rows_out, step.rejected), "{:?}", &recipe.steps);
        }
    }

    #[test]
    fn a_value_is_kept_converted_or_in_the_ledger(df in tables(), index in 0..steps().len()) {
        let (kind, config) = steps().swap_remove(index);
        // Steps that remove rows or make values missing on purpose do something else than convert.
        prop_assume!(matches!(kind, "parse_number" | "parse_date" | "change_type"));
        let recipe = recipe(vec![(kind, config)]);
        let plan = plan(df.clone().lazy(), &recipe, "t").expect("fits");
        let result = plan.frame.clone().collect().expect("computed");
        let ledger = to_text(&ledger(&plan, &Progress::new()).expect("a ledger")).expect("text");
        let column = |name: &str| ledger.column(name).expect(name).str().expect("text").clone();
        let (rows, columns, values) = (column("row"), column("column"), column("value"));
        let entries: Vec<_> = rows.iter().zip(columns.iter()).zip(values.iter()).map(|((row, column), value)| (row, column, value)).collect();
        let (before, after) = (to_text(&df).expect("text"), to_text(&result).expect("text"));
        for name in df.get_column_names() {
            let was = before.column(name).expect("there").str().expect("text").clone();
            let is = after.column(name).expect("there").str().expect("text").clone();
            for row in 0..df.height() {
                let lost = was.get(row).is_some() && is.get(row).is_none();
                if let ("change_type", Some(was), Some(is)) = (kind, was.get(row), is.get(row)) {
                    prop_assert_eq!(spelled(was), spelled(is), "changing the type changes no value");
                }
                let number = row.to_string();
                let listed = entries.iter().filter(|entry| entry.0 == Some(&number) && entry.1 == Some(name.as_str())).collect::<Vec<_>>();
                prop_assert_eq!(lost, listed.len() == 1, "{} row {} of {}", name, row, kind);
                prop_assert!(listed.iter().all(|entry| entry.2 == was.get(row)), "the ledger has the original text");
            }
        }
    }

    #[test]
    fn tidying_twice_is_tidying_once(df in tables()) {
        for index in [0, 1, 4, 14, 15, 16, 18] {
            let step = steps().swap_remove(index);
            let once = applied(&df, &recipe(vec![step.clone()])).expect("fits");
            let twice = applied(&df, &recipe(vec![step.clone(), step.clone()])).expect("fits");
            prop_assert!(once.equals_missing(&twice), "{}", step.0);
        }
    }
}
