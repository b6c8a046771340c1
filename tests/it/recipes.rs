//! Recipes: kept over restarts with undo and redo, moved as files, applied again when the input grows, and the two
//! bundled ones against an independent count.

use pulse_core::Code;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::{Space, python_json, recipe_steps, repository};
use serde_json::{Value, json};

fn open(space: &Space, table: &str) -> RecipeDoc {
    space.engine.recipe_open(TableRequest { table: table.into() }).unwrap()
}

fn save(space: &Space, recipe: RecipeDoc, steps: &[(&str, Value)]) -> RecipeDoc {
    space.engine.recipe_save(RecipeDoc { steps: recipe_steps(steps), ..recipe }).unwrap()
}

fn kinds(recipe: &RecipeDoc) -> Vec<&str> {
    recipe.steps.iter().map(|step| step.kind.as_str()).collect()
}

const PRICES: &str = "code,country,price\n007, Kenya ,1.50\n008,Togo,n/a\n009,Mali,<2.5\n";

fn cleaning() -> [(&'static str, Value); 3] {
    [
        ("trim_whitespace", json!({ "columns": ["country"] })),
        ("null_tokens", json!({ "columns": ["price"], "tokens": ["n/a"] })),
        ("parse_number", json!({ "columns": ["price"] })),
    ]
}

#[test]
fn a_recipe_survives_restarts_with_undo_and_redo() {
    let space = Space::new();
    space.import_text("prices.csv", PRICES, "bronze.prices");
    let empty = open(&space, "bronze.prices");
    assert_eq!((empty.steps.len(), empty.can_undo, empty.can_redo), (0, false, false), "{empty:?}");
    assert_eq!((empty.input.as_str(), empty.output.as_str()), ("bronze.prices", "silver.prices"));
    let [trim, tokens, number] = cleaning();
    let one = save(&space, empty, std::slice::from_ref(&trim));
    let mut two = save(&space, one, &[trim, tokens, number]);
    two.steps[1].comment = "The form says so.".into();
    two.steps[2].enabled = false;
    let saved = space.engine.recipe_save(two).unwrap();

    let space = space.reopen();
    let found = open(&space, "bronze.prices");
    assert_eq!((found.id.clone(), found.revision), (saved.id.clone(), saved.revision), "the same recipe");
    assert_eq!((found.steps[1].comment.as_str(), found.steps[2].enabled), ("The form says so.", false), "with remarks");
    assert!(found.can_undo && !found.can_redo, "{found:?}");
    let id = || RecipeId { id: saved.id.clone() };
    let engine = &space.engine;
    let undone = engine.recipe_undo(id()).unwrap();
    assert!(undone.steps[2].enabled && undone.steps[1].comment.is_empty(), "one change back: {undone:?}");
    assert_eq!(kinds(&engine.recipe_undo(id()).unwrap()), ["trim_whitespace"], "two changes back");

    let space = space.reopen();
    let engine = &space.engine;
    let first = engine.recipe_undo(id()).unwrap();
    assert!(first.steps.is_empty() && !first.can_undo && first.can_redo, "undo works after a restart: {first:?}");
    for expected in [1, 3, 3] {
        assert_eq!(engine.recipe_redo(id()).unwrap().steps.len(), expected, "redo leads forward again");
    }
    let last = open(&space, "bronze.prices");
    assert_eq!(
        (last.steps[1].comment.as_str(), last.can_redo),
        ("The form says so.", false),
        "to the newest: {last:?}"
    );
    let undone = engine.recipe_undo(id()).unwrap();
    let other = save(&space, undone, &[("drop", json!({ "columns": ["code"] }))]);
    assert!(!other.can_redo, "a change after undo is the newest");
    assert!(engine.recipe_undo(id()).unwrap().can_redo, "and can be undone itself");
}

#[test]
fn a_recipe_file_cleans_another_table() {
    let space = Space::new();
    space.import_text("prices.csv", PRICES, "bronze.prices");
    space.import_text("other.csv", PRICES.replace("007", "107"), "bronze.other");
    space.apply("bronze.prices", &cleaning()).unwrap();
    let recipe = open(&space, "bronze.prices");
    let file = space.engine.recipe_export(RecipeId { id: recipe.id.clone() }).unwrap();
    assert!(file.name.ends_with(".recipe.json"), "{}", file.name);
    let document: Value = serde_json::from_str(&file.text).unwrap();
    assert_eq!(document["format"], 1, "the file says its format: {document}");
    assert!(!file.text.contains(space.engine.root().to_str().unwrap()), "and nothing of this machine");

    let request = RecipeImport { table: "bronze.other".into(), text: file.text.clone() };
    let imported = space.engine.recipe_import(request).unwrap();
    assert_ne!(imported.id, recipe.id, "the other table has a recipe of its own");
    assert_eq!((imported.input.as_str(), imported.output.as_str()), ("bronze.other", "silver.other"));
    assert_eq!(json!(imported.steps), json!(recipe.steps), "with the same steps");
    let apply = ApplyRequest { recipe: imported.id.clone(), version: None };
    let applied = space.result(&space.engine.recipe_apply(apply).unwrap()).unwrap();
    assert_eq!((&applied["table"], &applied["ledger"]), (&json!("silver.other"), &json!(1)), "{applied}");
    assert_eq!(space.rows("silver.other")[0], [json!("107"), json!("Kenya"), json!(1.5)]);
    let again = space.engine.recipe_export(RecipeId { id: imported.id.clone() }).unwrap();
    assert_eq!(again.text, file.text, "exporting again gives the same file");
    let undone = space.engine.recipe_undo(RecipeId { id: imported.id }).unwrap();
    assert!(undone.steps.is_empty(), "importing a file can be undone");
}

#[test]
fn the_commit_is_stamped_and_the_ledger_holds_every_value() {
    let space = Space::new();
    space.import_text("prices.csv", PRICES, "bronze.prices");
    let mut steps = cleaning().to_vec();
    steps.push(("drop_missing", json!({ "columns": ["price"] })));
    let applied = space.apply("bronze.prices", &steps).unwrap();
    let counts = json!([
        { "id": "s1", "rows_in": 3, "rows_out": 3, "rejected": 0 },
        { "id": "s2", "rows_in": 3, "rows_out": 3, "rejected": 0 },
        { "id": "s3", "rows_in": 3, "rows_out": 3, "rejected": 1 },
        { "id": "s4", "rows_in": 3, "rows_out": 1, "rejected": 0 },
    ]);
    assert_eq!(applied["steps"], counts, "what the job answers");
    let shown = space.engine.table_show(TableVersion { table: "silver.prices".into(), version: None }).unwrap();
    assert_eq!(shown.commit["steps"], counts, "the version is stamped with the counts");
    assert_eq!(shown.commit["input"], json!({ "table": "bronze.prices", "version": 0 }), "with its input version");
    assert_eq!(shown.commit["recipe"]["body"]["steps"][2]["kind"], "parse_number", "and with its recipe");
    let counted = CountsRequest { table: "bronze.prices".into(), version: None, steps: recipe_steps(&steps) };
    assert_eq!(json!(space.engine.recipe_counts(counted).unwrap()), counts, "counting without writing agrees");

    let ledger = space.ledger("silver.prices");
    let rejected: u64 = counts.as_array().unwrap().iter().map(|step| step["rejected"].as_u64().unwrap()).sum();
    assert_eq!((ledger.len() as u64, shown.info.ledger_entries), (rejected, rejected), "an entry for every value");
    let expected = json!(["value", "bronze.prices@0", null, 2, "price", "<2.5", "3 parse_number"]);
    assert_eq!(json!(ledger[0][..7]), expected, "kind, source, line, row, column, value and step");
    assert!(ledger[0][7].as_str().is_some_and(|reason| reason.len() > 10), "and the reason: {ledger:?}");
    let asked = space.sql("SELECT value, step FROM ledger.silver_prices").unwrap();
    assert_eq!(json!(asked), json!([["<2.5", "3 parse_number"]]), "SQL sees the ledger");
    assert_eq!(space.rows("bronze.prices").len(), 3, "the input is as it was");
}

#[test]
fn a_grown_input_makes_the_result_stale_until_it_is_applied_again() {
    let space = Space::new();
    let path = space.file("prices.csv", PRICES);
    space.import(&path, "bronze.prices").unwrap();
    space.apply("bronze.prices", &cleaning()).unwrap();
    let silver = || {
        let tables = space.engine.tables(Nothing {}).unwrap();
        tables.into_iter().find(|table| table.table == "silver.prices").unwrap()
    };
    assert!(!silver().stale, "made from the newest input");
    assert_eq!(silver().input.as_deref(), Some("bronze.prices"), "{:?}", silver());
    let more = space.file("more.csv", "code,country,price\n010,Peru,2.50\n011,Haiti,few\n");
    let appended = space.import_with(&more, "bronze.prices", ReadOptions::default(), ImportMode::Append).unwrap();
    assert_eq!((&appended["version"], &appended["rows"]), (&json!(1), &json!(2)), "{appended}");
    assert!(silver().stale, "the input has a newer version");
    assert_eq!((silver().input_version, silver().rows), (Some(0), 3), "the result is still the old one");

    let recipe = open(&space, "bronze.prices");
    let apply = |version| {
        let request = ApplyRequest { recipe: recipe.id.clone(), version };
        space.result(&space.engine.recipe_apply(request).unwrap()).unwrap()
    };
    let applied = apply(None);
    assert_eq!((&applied["rows"], &applied["ledger"], &applied["version"]), (&json!(5), &json!(2), &json!(1)));
    assert_eq!((silver().stale, silver().input_version), (false, Some(1)), "{:?}", silver());
    assert_eq!(apply(Some(0))["rows"], 3, "an older input version can be cleaned too");
    assert_eq!((silver().stale, silver().input_version), (true, Some(0)), "and is marked as what it is");
}

#[test]
fn a_recipe_never_replaces_the_table_it_reads() {
    let space = Space::new();
    space.import_text("prices.csv", PRICES, "bronze.prices");
    space.apply("bronze.prices", &cleaning()).unwrap();
    let recipe = open(&space, "silver.prices");
    assert_ne!(recipe.output, "silver.prices", "a silver table's recipe writes another one");
    for output in ["silver.prices", "bronze.prices", "gold.prices", "prices", "silver.Prices!"] {
        let error = space.engine.recipe_save(RecipeDoc { output: output.into(), ..recipe.clone() }).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("output")), "{output}: {error:?}");
    }
    let applied = space.apply("silver.prices", &[("drop", json!({ "columns": ["code"] }))]).unwrap();
    assert_eq!(applied["table"], recipe.output, "{applied}");
    assert_eq!(space.columns("silver.prices").len(), 3, "its input is as it was");
    let tables = space.engine.tables(Nothing {}).unwrap();
    assert!(tables.iter().all(|table| !table.stale), "nothing is stale: {tables:?}");
}

#[test]
fn an_import_creates_appends_or_replaces() {
    let space = Space::new();
    let first = space.file("first.csv", "id,word\n1,a\n2,b\n");
    let second = space.file("second.csv", "word,id,extra\nc,3,x\n");
    let import = |path, mode| space.import_with(path, "bronze.t", ReadOptions::default(), mode);
    assert_eq!(import(&first, ImportMode::Create).unwrap()["version"], 0);
    let error = import(&second, ImportMode::Create).unwrap_err();
    assert_eq!(error.code, Code::AlreadyExists, "create never overwrites: {error}");
    let appended = import(&second, ImportMode::Append).unwrap();
    assert_eq!((&appended["version"], &appended["rows"]), (&json!(1), &json!(1)), "{appended}");
    let rows = json!([[1, "a", null], [2, "b", null], [3, "c", "x"]]);
    assert_eq!(json!(space.rows("bronze.t")), rows, "matched by name; what is new is missing in the old rows");
    let words = space.file("words.csv", "id,word\nfour,d\n");
    let error = import(&words, ImportMode::Append).unwrap_err();
    assert_eq!(error.code, Code::InvalidInput, "text does not fit whole numbers: {error}");
    assert!(error.message.contains("id"), "the column is named: {error}");
    assert_eq!(json!(space.rows("bronze.t")), rows, "and nothing was added");
    assert_eq!(import(&words, ImportMode::Replace).unwrap()["version"], 2);
    assert_eq!(json!(space.rows("bronze.t")), json!([["four", "d"]]), "only the new rows and columns");
    assert_eq!(
        json!(space.sql("SELECT count(*) FROM bronze.t@1").unwrap()),
        json!([[3]]),
        "the old ones stay readable"
    );
    for mode in [ImportMode::Append, ImportMode::Replace] {
        let table = format!("bronze.new_{}", json!(mode).as_str().unwrap());
        let made = space.import_with(&first, &table, ReadOptions::default(), mode).unwrap();
        assert_eq!(made["version"], 0, "{mode:?} makes a table where there is none");
    }
}

/// Cleans the bundled samples with nothing but Python's standard library and counts.
const CLEAN: &str = r#"
import csv, datetime, json, re, sys
folder = sys.argv[1]
squeeze = lambda text: " ".join(re.split(r"[\s\u00a0\u200b\ufeff]+", text)).strip()

def number(text):
    text = re.sub(r"\s*(\(a\)|\*)$", "", text)
    text = re.sub(r"^[A-Za-z/$]+\s+|\s+(FCFA|G)$", "", text)
    found = re.fullmatch(r"(-?\d{1,3}(?:[ .,]\d{3})+|-?\d+)(?:[.,](\d{1,2}))?", text)
    if not found: return None
    return round(float(re.sub(r"\D", "", found[1]) + "." + (found[2] or "0")), 2)

def date(text):
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%b %d %Y"):
        try: return datetime.datetime.strptime(text, form).date().isoformat()
        except ValueError: pass

def prices():
    recipe = json.load(open(f"{folder}/recipes/food_prices.recipe.json", encoding="utf-8"))
    mapping = next(s["config"]["mapping"] for s in recipe["steps"] if s["config"].get("column") == "Country")
    country = {pair["from"].lower(): pair["to"] for pair in mapping}
    with open(f"{folder}/food_prices.csv", encoding="latin-1", newline="") as file:
        lines = list(csv.reader(file, delimiter=";"))[4:]
    header, records = lines[0], lines[1:]
    good = [dict(zip(header, map(squeeze, record))) for record in records if len(record) == len(header)]
    seen, ledger = {}, 0
    for row in good:
        for name in ("Price", "Price (USD)", "Note"):
            if row[name] in ("", "-", "..", "n/a"): row[name] = None
        price = row["Price"] or ""
        mark = "provisional" if price.endswith("(a)") else "estimated" if price.endswith("*") else None
        for name in ("Price", "Price (USD)"):
            if row[name] is not None:
                row[name] = number(row[name])
                ledger += row[name] is None
        key = (country[row["Country"].lower()], row["ISO2"].upper(), row["M49"], row["Market"].lower(),
               row["Commodity"].lower(), row["Unit"].lower(), date(row["Date"]), row["Price"], row["Currency"],
               row["Price (USD)"], row["Price type"].lower(), row["Note"], mark)
        seen.setdefault(key)
    rows = list(seen)
    return {"records": len(records), "rejected": len(records) - len(good), "rows": len(rows), "ledger": ledger,
            "countries": len({row[0] for row in rows}), "priced": sum(row[7] is not None for row in rows),
            "cents": sum(round(row[7] * 100) for row in rows if row[7] is not None),
            "first": min(row[6] for row in rows), "last": max(row[6] for row in rows)}

def indicators():
    with open(f"{folder}/food_security_indicators.csv", encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    header, records = lines[0], lines[1:]
    good = [dict(zip(header, map(squeeze, record))) for record in records if len(record) == len(header)]
    kept = {tuple(row.values()): row for row in good if int(row["Area Code"]) < 5000}
    rows, ledger = list(kept.values()), 0
    for row in rows:
        value = row["Value"]
        row["number"] = number(value) if value else None
        ledger += bool(value) and row["number"] is None
        row["years"] = re.findall(r"\d{4}", row["Year"])
    return {"records": len(records), "rejected": len(records) - len(good), "rows": len(rows), "ledger": ledger,
            "valued": sum(row["number"] is not None for row in rows),
            "cents": sum(round(row["number"] * 100) for row in rows if row["number"] is not None),
            "years": sum(int(row["years"][0]) + int(row["years"][-1]) for row in rows),
            "below": sum(row["Value"].startswith("<") for row in rows)}

print(json.dumps({"food_prices": prices(), "food_security_indicators": indicators()}))
"#;

#[test]
fn the_bundled_recipes_clean_the_bundled_samples_as_python_does() {
    let space = Space::new();
    let expected = python_json(CLEAN, &[repository().join("datasets").to_str().unwrap()]);
    let samples = space.engine.workspace(Nothing {}).unwrap().samples;
    assert_eq!(samples.len(), 2, "both samples come with the program");
    for sample in samples {
        let name = sample.table.strip_prefix("bronze.").unwrap();
        let expected = &expected[name];
        let imported = space.import(std::path::Path::new(&sample.path), &sample.table).unwrap();
        assert_eq!(imported["records"], expected["records"], "{name}: {imported}");
        assert_eq!(imported["rejected"], expected["rejected"], "{name}: {imported}");
        let text = std::fs::read_to_string(&sample.recipe_path).unwrap();
        let recipe = space.engine.recipe_import(RecipeImport { table: sample.table.clone(), text }).unwrap();
        let apply = ApplyRequest { recipe: recipe.id, version: None };
        let applied = space.result(&space.engine.recipe_apply(apply).unwrap()).unwrap();
        assert_eq!(applied["rows"], expected["rows"], "{name}: rows of {applied}");
        assert_eq!(applied["ledger"], expected["ledger"], "{name}: ledger of {applied}");
        let first = applied["steps"][0]["rows_in"].as_u64().unwrap();
        assert_eq!(first, imported["rows"].as_u64().unwrap(), "{name}: the first step sees every row");
    }
    let prices = "SELECT count(DISTINCT \"Country\"), count(\"Price\"), CAST(sum(round(\"Price\" * 100)) AS BIGINT), \
                  CAST(min(\"Date\") AS VARCHAR), CAST(max(\"Date\") AS VARCHAR) FROM silver.food_prices";
    let sums = &expected["food_prices"];
    let wanted = json!([[sums["countries"], sums["priced"], sums["cents"], sums["first"], sums["last"]]]);
    assert_eq!(json!(space.sql(prices).unwrap()), wanted, "prices: the values, not only the counts");
    let indicators = "SELECT count(\"Value\"), CAST(sum(round(\"Value\" * 100)) AS BIGINT), \
                      CAST(sum(\"First year\" + \"Last year\") AS BIGINT), count(*) FILTER (\"Below limit\") \
                      FROM silver.food_security_indicators";
    let sums = &expected["food_security_indicators"];
    let wanted = json!([[sums["valued"], sums["cents"], sums["years"], sums["below"]]]);
    assert_eq!(json!(space.sql(indicators).unwrap()), wanted, "indicators: the values, not only the counts");
}
