//! What a target can hold and what it holds already.

use super::*;
use pulse_core::Code;

#[test]
fn what_a_target_cannot_hold_is_told_before() {
    let place = tempfile::tempdir().unwrap();
    let mut sending = Sending::new("folder", &json!({"folder": place.path()}), json!({"path": "t"}));
    let frame = df!("n" => [1.0, f64::NAN], "t" => ["", "x"], "u" => [1i64, 2]).unwrap();
    for (target, named) in [
        (json!({"path": ""}), "lacks a folder"),
        (json!({"path": "../t"}), "leads elsewhere"),
        (json!({"path": "t", "partition_by": ["n"]}), "NaN cannot split"),
        (json!({"path": "t", "partition_by": ["t"]}), "empty text"),
        (json!({"path": "t", "partition_by": ["v"]}), "not among the columns"),
        (json!({"path": "t", "partition_by": ["n", "t", "u"]}), "No column is left"),
    ] {
        sending.target = target;
        assert!(sending.stops(&frame).join("\n").contains(named), "{named}: {:?}", sending.stops(&frame));
    }
    sending.target = json!({"path": "t"});
    assert!(sending.stops(&df!("a" => [1i64], "A" => [1i64]).unwrap())[0].contains("capitals"));
    sending.target = json!({"path": "t", "format": "csv"});
    assert!(sending.stops(&df!("a" => [Some(1i64), None]).unwrap())[0].contains("empty line"));
    assert!(std::fs::read_dir(place.path()).unwrap().next().is_none(), "a preflight writes nothing");
}

#[test]
fn a_table_with_wider_types_takes_rows_and_one_with_narrower_ones_does_not() {
    let place = tempfile::tempdir().unwrap();
    let there = df!("n" => [1i64], "x" => [0.5f64], "t" => ["a"], "y" => [0.5f64]).unwrap();
    let wide = DataType::Decimal(20, 2);
    let there = there.lazy().with_column(lit(1).cast(wide).alias("d")).collect().unwrap();
    let there = there.lazy().with_column(lit(3).cast(DataType::Decimal(12, 2)).alias("z")).collect().unwrap();
    for format in ["delta", "parquet"] {
        let target = json!({"path": format, "format": format});
        let mut sending = Sending::new("folder", &json!({"folder": place.path()}), target);
        sending.send(&there);
        let more = df!("n" => [2i16], "x" => [1.5f32], "t" => ["b"], "y" => [7i32], "z" => [-4i32]).unwrap();
        let narrow = DataType::Decimal(10, 2);
        let more = more.lazy().with_column(lit(2).cast(narrow).alias("d")).collect().unwrap();
        sending.next(SyncMode::Append);
        if format == "delta" {
            sending.send(&more);
            let found = read_delta(&place.path().join(format));
            assert_eq!(
                found["deltalake"],
                json!([["1.00", 1, "a", 0.5, 0.5, "3.00"], ["2.00", 2, "b", 1.5, 7.0, "-4.00"]])
            );
            assert_eq!(found["duckdb"], found["deltalake"]);
        } else {
            // Files have no log that says how they differ.
            assert!(sending.stops(&more)[0].contains("does not fit the dataset"), "{:?}", sending.stops(&more));
            assert_eq!(sending.try_send(&more, &Memory::default()).unwrap_err().code, Code::Unsupported);
        }
        let wider = df!("n" => [3.5f64], "x" => [1.5f64], "t" => ["b"]).unwrap();
        sending.next(SyncMode::Append);
        assert!(sending.stops(&wider)[0].contains("`n` does not fit"), "{:?}", sending.stops(&wider));
        let before = pulse_tests::files_below(&place.path().join(format));
        assert_eq!(sending.try_send(&wider, &Memory::default()).unwrap_err().code, Code::Unsupported);
        let after = pulse_tests::files_below(&place.path().join(format));
        let data = |files: &BTreeMap<std::path::PathBuf, _>| {
            files.keys().filter(|path| path.extension().is_some_and(|end| end == "parquet")).count()
        };
        assert_eq!(data(&before), data(&after), "{format}: nothing is put that does not fit");
    }
}
