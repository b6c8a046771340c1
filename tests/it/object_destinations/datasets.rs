//! Datasets of Parquet and CSV files.

use super::*;

#[test]
fn datasets_are_read_as_they_were_sent() {
    let place = tempfile::tempdir().unwrap();
    let frame = all_types(0, 500);
    for (format, by) in
        [("parquet", json!([])), ("parquet", json!(["city", "small"])), ("csv", json!([])), ("csv", json!(["city"]))]
    {
        let path = format!("{format}-{}", by.as_array().unwrap().len());
        let target = json!({"path": path, "format": format, "partition_by": by});
        let mut sending = Sending::new("folder", &json!({"folder": place.path()}), target);
        sending.send(&all_types(7, 5));
        sending.next(SyncMode::Replace);
        let written = sending.send(&frame);
        assert_eq!((written.rows, written.deleted), (500, 5));
        let register = std::fs::read_to_string(place.path().join(&path).join("_cloud_pulse/register.sql")).unwrap();
        let duckdb = register.split("-- DuckDB\n").nth(1).unwrap();
        let script = READ.replace("peer = DeltaTable(table, storage_options=options)\n", "");
        let script = format!(
            "import sys\noptions = None\n{script}\ncon.execute(sys.argv[2])\nprint(json.dumps(rows(con.execute('select * from \"' + sys.argv[3] + '\"').to_arrow_table())))"
        );
        let found = python_json(&script, &["", duckdb, &path]);
        let found = found.as_array().unwrap();
        assert_eq!(found.len(), 500, "{path}");
        let wanted = if format == "csv" { frame.drop_many(["raw", "tags", "st"]) } else { frame.clone() };
        let wanted = expected(&wanted);
        let mut names: Vec<&str> = frame.columns().iter().map(|c| c.name().as_str()).collect();
        names.sort_unstable();
        let kept: Vec<usize> = names
            .iter()
            .enumerate()
            .filter(|(_, n)| format != "csv" || !["raw", "tags", "st"].contains(*n))
            .map(|(at, _)| at)
            .collect();
        for (row, wanted) in found.iter().zip(wanted.as_array().unwrap()) {
            let row: Vec<&Value> = kept.iter().map(|at| &row[*at]).collect();
            assert_eq!(row, wanted.as_array().unwrap().iter().collect::<Vec<_>>(), "{path}");
        }
        // Files that no sync put are not touched, and stop a replacement.
        std::fs::write(place.path().join(&path).join("mine.txt"), "x").unwrap();
        assert!(sending.stops(&frame)[0].contains("mine.txt"));
        sending.next(SyncMode::Append);
        assert_eq!(sending.stops(&frame), [""; 0]);
        sending.target["partition_by"] = json!(["day"]);
        assert!(!sending.stops(&frame).is_empty(), "other partitions do not fit");
        sending.target["format"] = json!("delta");
        assert!(!sending.stops(&frame).is_empty(), "a Delta table does not go over a dataset");
    }
}

#[test]
fn writers_of_one_dataset_in_a_folder_do_not_lose_each_others_rows() {
    let place = tempfile::tempdir().unwrap();
    let sending = |sync: String| {
        let target = json!({"path": "t", "format": "parquet"});
        let sending = Sending::new("folder", &json!({"folder": place.path()}), target);
        Sending { sync, mode: SyncMode::Append, ..sending }
    };
    sending("first".into()).try_send(&numbers(-1, 1), &Memory::default()).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let mut own = sending(format!("sync {writer}"));
            scope.spawn(move || {
                for at in 0..5 {
                    let frame = numbers(writer * 100 + at, 1);
                    own.try_send(&frame, &Memory::default()).unwrap_or_else(|error| panic!("{error}"));
                    own.next(SyncMode::Append);
                }
            });
        }
    });
    let script = "import json, sys\nm = json.load(open(sys.argv[1]))\nprint(json.dumps([m['rows'], len({f['path'] for f in m['files']})]))";
    let manifest = place.path().join("t/_cloud_pulse/manifest.json");
    assert_eq!(python_json(script, &[manifest.to_str().unwrap()]), json!([31, 31]));
}
