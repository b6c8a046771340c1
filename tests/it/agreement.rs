//! Two engines, one answer: rows as Polars gives them to the grid and as DuckDB gives them to SQL; what is exported and
//! imported again is the same table.

use polars::prelude::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use pulse_tests::Space;

/// One column of a random table.
#[derive(Clone, Debug)]
enum Cells {
    Whole(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Flag(Vec<Option<bool>>),
    Day(Vec<Option<i32>>),
    /// Hundredths.
    Money(Vec<Option<i64>>),
    /// Microseconds.
    Time(Vec<Option<i64>>),
}

fn cells(rows: usize) -> impl Strategy<Value = Cells> {
    fn column<T: Clone + std::fmt::Debug>(
        value: impl Strategy<Value = T> + 'static,
        rows: usize,
    ) -> impl Strategy<Value = Vec<Option<T>>> {
        proptest::collection::vec(proptest::option::weighted(0.85, value), rows)
    }
    let special = prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), any::<i64>(), -1_000..1_000i64];
    let text = prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,6}",
        "[0-9.,\"\n\r;'=-]{0,8}",
        Just(String::new()),
        Just("NA".to_owned()),
        Just("007".to_owned()),
    ];
    prop_oneof![
        column(special, rows).prop_map(Cells::Whole),
        column(text, rows).prop_map(Cells::Text),
        column(any::<bool>(), rows).prop_map(Cells::Flag),
        // From the year 1 to 9999, which is what every reader knows.
        column(-719_162..2_932_896i32, rows).prop_map(Cells::Day),
        column(-99_999_999_999..99_999_999_999i64, rows).prop_map(Cells::Money),
        column(-62_135_596_800_000_000..253_402_300_799_999_999i64, rows).prop_map(Cells::Time),
    ]
}

fn tables() -> impl Strategy<Value = Vec<Cells>> {
    (1..25usize).prop_flat_map(|rows| proptest::collection::vec(cells(rows), 1..6))
}

/// The table with a row number first, so that both engines can be asked for one order.
fn frame(columns: &[Cells]) -> DataFrame {
    let series = |(at, cells): (usize, &Cells)| {
        let name = PlSmallStr::from(format!("c{at} (x)"));
        let cast = |column: Column, dtype: DataType| column.strict_cast(&dtype).expect("a cast");
        match cells {
            Cells::Whole(values) => Column::new(name, values),
            Cells::Text(values) => Column::new(name, values),
            Cells::Flag(values) => Column::new(name, values),
            Cells::Day(values) => cast(Column::new(name, values), DataType::Date),
            Cells::Time(values) => cast(Column::new(name, values), DataType::Datetime(TimeUnit::Microseconds, None)),
            Cells::Money(values) => {
                let text = |cents: &i64| {
                    let sign = if *cents < 0 { "-" } else { "" };
                    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
                };
                let texts: Vec<_> = values.iter().map(|value| value.as_ref().map(text)).collect();
                cast(Column::new(name, texts), DataType::Decimal(18, 2))
            }
        }
    };
    let rows = match &columns[0] {
        Cells::Whole(values) | Cells::Money(values) | Cells::Time(values) => values.len(),
        Cells::Text(values) => values.len(),
        Cells::Flag(values) => values.len(),
        Cells::Day(values) => values.len(),
    };
    let number = Column::new("row".into(), (0..rows as i64).collect::<Vec<_>>());
    let columns: Vec<Column> = std::iter::once(number).chain(columns.iter().enumerate().map(series)).collect();
    DataFrame::new(rows, columns).expect("a frame")
}

/// Runs `check` on random tables imported into one workspace, each as `bronze.random` version N.
fn for_random_tables(cases: u32, check: impl Fn(&Space, &DataFrame) -> Result<(), TestCaseError>) {
    let space = Space::new();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    let run = TestRunner::new(config).run(&tables(), |columns| {
        let mut frame = frame(&columns);
        let path = space.path("random.parquet");
        ParquetWriter::new(std::fs::File::create(&path).expect("a file")).finish(&mut frame).expect("Parquet");
        let imported = space.import_with(&path, "bronze.random", ReadOptions::default(), ImportMode::Replace);
        let imported = imported.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(imported["rows"].as_u64(), Some(frame.height() as u64));
        check(&space, &frame)
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_grid_and_sql_show_the_same_values() {
    for_random_tables(40, |space, frame| {
        let grid = space.table_grid("bronze.random");
        let sql = "SELECT * FROM bronze.random ORDER BY row".to_owned();
        let asked = space.engine.sql_run(SqlRequest { id: "grid".into(), sql });
        let asked = asked.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(
            &space.grid(RowSource::Result { id: "grid".into() }),
            &grid,
            "typed values through both engines"
        );
        let words: Vec<String> = asked.columns.into_iter().map(|column| column.type_word).collect();
        let ours: Vec<String> = space.columns("bronze.random").into_iter().map(|(_, word)| word).collect();
        prop_assert_eq!(words, ours, "both engines name the same types");

        // DuckDB's own text of the values, except for times, which it spells with a blank instead of a T.
        let texts: Vec<String> = frame
            .columns()
            .iter()
            .filter(|column| !matches!(column.dtype(), DataType::Datetime(_, _)))
            .map(|column| format!("CAST(\"{}\" AS VARCHAR)", column.name()))
            .collect();
        let sql = format!("SELECT {} FROM bronze.random ORDER BY row", texts.join(", "));
        space.sql(&sql).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let spelled = space.grid(RowSource::Result { id: "test".into() });
        let kept: Vec<usize> =
            (0..frame.width()).filter(|at| !matches!(frame.columns()[*at].dtype(), DataType::Datetime(_, _))).collect();
        let expected: Vec<Vec<_>> = grid.iter().map(|row| kept.iter().map(|at| row[*at].clone()).collect()).collect();
        prop_assert_eq!(spelled, expected, "the text of every value");
        Ok(())
    });
}

#[test]
fn an_exported_csv_imports_as_the_same_table() {
    for_random_tables(40, |space, frame| {
        let before = space.table_grid("bronze.random");
        let bytes = space.export("bronze.random", ExportFormat::Csv);
        let path = space.file("again.csv", &bytes);
        // The dialect is known, so it is given: what is tested is that no value changes on the way.
        let options = ReadOptions {
            format: Some("csv".into()),
            encoding: Some("utf-8".into()),
            delimiter: Some(",".into()),
            quote: Some("\"".into()),
            header: Some(true),
            skip_lines: Some(0),
            ..ReadOptions::default()
        };
        let imported = space.import_with(&path, "bronze.again", options, ImportMode::Replace);
        let imported = imported.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(imported["rejected"].as_u64(), Some(0), "{} of {}", imported, String::from_utf8_lossy(&bytes));
        let names =
            |frame: &DataFrame| frame.get_column_names_owned().iter().map(ToString::to_string).collect::<Vec<_>>();
        let found: Vec<String> = space.columns("bronze.again").into_iter().map(|(name, _)| name).collect();
        prop_assert_eq!(found, names(frame), "the same columns");
        let after = space.table_grid("bronze.again");
        prop_assert_eq!(plain(after), plain(before), "{}", String::from_utf8_lossy(&bytes));
        Ok(())
    });
}

/// A time that comes back as text has DuckDB's blank where the grid shows a T, and no zeros at the end of its fraction.
fn plain(rows: Vec<Vec<Option<String>>>) -> Vec<Vec<Option<String>>> {
    let cell = |text: String| {
        let bytes = text.as_bytes();
        let is_time = bytes.len() >= 19 && bytes[4] == b'-' && bytes[13] == b':' && bytes[16] == b':';
        if !is_time {
            return text;
        }
        let text = text.replacen('T', " ", 1);
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    rows.into_iter().map(|row| row.into_iter().map(|value| value.map(cell)).collect()).collect()
}
