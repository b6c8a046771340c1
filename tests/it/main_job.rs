//! The main job on the bundled sample: import, clean, Delta, SQL, export; every record accounted for at each step.

use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::Space;
use serde_json::json;

#[test]
fn a_small_file_goes_all_the_way() {
    let space = Space::new();
    let file =
        space.file("prices.csv", "code,country,price\n007, Viet Nam ,\"1,200.50\"\n008,NA,n/a\n009,Vietnam,<2.5\n");
    let imported = space.import(&file, "bronze.prices").unwrap();
    assert_eq!(imported["records"], 3);
    assert_eq!(imported["rows"], 3);
    assert_eq!(imported["rejected"], 0);
    assert_eq!(space.rows("bronze.prices")[0], [json!("007"), json!(" Viet Nam "), json!("1,200.50")]);

    let steps = [
        ("trim_whitespace", json!({ "columns": ["country"] })),
        ("null_tokens", json!({ "columns": ["price"], "tokens": ["n/a"] })),
        ("parse_number", json!({ "columns": ["price"] })),
    ];
    let applied = space.apply("bronze.prices", &steps).unwrap();
    assert_eq!(applied["table"], "silver.prices");
    assert_eq!(applied["rows"], 3);
    assert_eq!(applied["ledger"], 1, "`<2.5` is no number and must be in the ledger: {applied}");
    let ledger = space.ledger("silver.prices");
    assert_eq!(ledger[0][5], "<2.5", "the ledger holds the original text");

    let rows = space.sql("SELECT country, price FROM silver.prices ORDER BY code").unwrap();
    assert_eq!(rows[0][0], "Viet Nam");
    assert!(rows[1][1].is_null() && rows[2][1].is_null(), "what does not convert is missing: {rows:?}");

    let target = space.path("out.csv");
    let request = ExportRequest {
        source: ExportSource::Table { table: "silver.prices".into(), version: None },
        format: ExportFormat::Csv,
        path: Some(target.display().to_string()),
        guard_formulas: false,
    };
    let exported = space.result(&space.engine.export_start(request).unwrap()).unwrap();
    assert_eq!(exported["rows"], 3);
    let text = std::fs::read_to_string(&target).unwrap();
    assert_eq!(text.lines().count(), 4, "a header and three rows: {text}");
}
