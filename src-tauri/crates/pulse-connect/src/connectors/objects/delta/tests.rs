//! Tables made by hand, action by action, as the protocol describes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use delta_kernel::arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use delta_kernel::arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Schema as ArrowSchema};
use delta_kernel::parquet::arrow::ArrowWriter;
use polars::prelude::*;
use pulse_core::{Code, Progress, Result};
use serde_json::{Value, json};

use crate::connector::{Content, Fetched, Task};

/// A table in a temporary folder.
struct Made {
    folder: tempfile::TempDir,
    version: u64,
}

impl Made {
    fn new(protocol: Value, schema: Value, partitions: &[&str], configuration: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("t/_delta_log")).unwrap();
        let metadata = json!({
            "id": "0f3c0a7e-0000-4000-8000-000000000001", "format": {"provider": "parquet", "options": {}},
            "schemaString": json!({"type": "struct", "fields": schema}).to_string(),
            "partitionColumns": partitions, "configuration": configuration, "createdTime": 0,
        });
        let mut made = Self { folder, version: 0 };
        made.commit(&[json!({"protocol": protocol}), json!({"metaData": metadata})]);
        made
    }

    /// A table that any reader understands.
    fn plain(schema: Value) -> Self {
        Self::new(json!({"minReaderVersion": 1, "minWriterVersion": 2}), schema, &[], json!({}))
    }

    /// A table that needs reader features.
    fn with_features(features: &[&str], schema: Value, configuration: Value) -> Self {
        let protocol = json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features});
        Self::new(protocol, schema, &[], configuration)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("t").join(path)
    }

    fn log(&self, version: u64) -> PathBuf {
        self.path(&format!("_delta_log/{version:020}.json"))
    }

    fn commit(&mut self, actions: &[Value]) -> u64 {
        let text: String = actions.iter().map(|action| format!("{action}\n")).collect();
        fs::write(self.log(self.version), text).unwrap();
        self.version += 1;
        self.version - 1
    }

    /// Writes a Parquet file and returns its `add`.
    fn file(&self, path: &str, mut frame: DataFrame) -> Value {
        let at = self.path(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        ParquetWriter::new(fs::File::create(&at).unwrap()).finish(&mut frame).unwrap();
        self.add(path, frame.height())
    }

    fn add(&self, path: &str, rows: usize) -> Value {
        let size = fs::metadata(self.path(path)).unwrap().len();
        json!({"path": path, "partitionValues": {}, "size": size, "modificationTime": 0, "dataChange": true,
            "stats": json!({"numRecords": rows}).to_string()})
    }

    fn read(&self, selection: Value, state: Option<&Value>) -> Result<Fetched> {
        read(self.folder.path(), selection, state, None)
    }

    fn all(&self) -> Fetched {
        self.read(json!({"paths": ["t"]}), None).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn read(folder: &Path, selection: Value, state: Option<&Value>, limit: Option<u64>) -> Result<Fetched> {
    let connection = crate::connect("folder", &json!({"folder": folder})).unwrap();
    let scratch = tempfile::tempdir_in(folder).unwrap().keep();
    let progress = Progress::new();
    let task =
        Task { progress: &progress, scratch: &scratch, downloads: &scratch, limit, state, replay: &[], merges: false };
    connection.read(&selection, &task)
}

/// The rows that were read, their types checked against what was promised.
fn frame(fetched: &Fetched) -> DataFrame {
    let Content::Typed { files, schema, rows, columns, .. } = &fetched.content else { panic!("typed rows") };
    assert_eq!(schema.len(), columns.len());
    let mut all = DataFrame::empty_with_schema(schema);
    for file in files {
        let part = ParquetReader::new(fs::File::open(file).unwrap()).finish().unwrap();
        assert_eq!(part.schema().as_ref(), schema, "the file has the promised types");
        all.vstack_mut(&part).unwrap();
    }
    assert_eq!(all.height() as u64, *rows);
    all
}

fn longs(frame: &DataFrame, column: &str) -> Vec<i64> {
    frame.column(column).unwrap().i64().unwrap().iter().map(Option::unwrap).collect()
}

fn field(name: &str, r#type: Value) -> Value {
    json!({"name": name, "type": r#type, "nullable": true, "metadata": {}})
}

fn numbers(from: i64, to: i64) -> DataFrame {
    df!("n" => (from..to).collect::<Vec<_>>()).unwrap()
}

/// A set of row numbers as the protocol's RoaringBitmapArray in the portable format, of array containers only.
fn roaring(rows: &[u32]) -> Vec<u8> {
    let mut containers: Vec<(u16, Vec<u16>)> = Vec::new();
    for row in rows {
        let (key, low) = ((row >> 16) as u16, (row & 0xffff) as u16);
        match containers.last_mut() {
            Some((last, lows)) if *last == key => lows.push(low),
            _ => containers.push((key, vec![low])),
        }
    }
    let mut bytes = 1_681_511_377_u32.to_le_bytes().to_vec();
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(12_346_u32.to_le_bytes());
    bytes.extend((containers.len() as u32).to_le_bytes());
    for (key, lows) in &containers {
        bytes.extend(key.to_le_bytes());
        bytes.extend(((lows.len() - 1) as u16).to_le_bytes());
    }
    let mut offset = 8 + containers.len() as u32 * 8;
    for (_, lows) in &containers {
        bytes.extend(offset.to_le_bytes());
        offset += lows.len() as u32 * 2;
    }
    bytes.extend(containers.iter().flat_map(|(_, lows)| lows.iter().flat_map(|low| low.to_le_bytes())));
    bytes
}

/// Base 85 as ZeroMQ's RFC 32 defines it.
fn z85(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    let mut text = String::new();
    for chunk in bytes.chunks(4) {
        let mut four = [0; 4];
        four[..chunk.len()].copy_from_slice(chunk);
        let number = u32::from_be_bytes(four);
        for power in (0..5).rev() {
            text.push(char::from(DIGITS[(number / 85_u32.pow(power) % 85) as usize]));
        }
    }
    text
}

/// The `deletionVector` of an `add`, its file written as the protocol says.
fn vector_file(made: &Made, uuid: [u8; 16], rows: &[u32]) -> Value {
    let data = roaring(rows);
    let mut crc = flate2::Crc::new();
    crc.update(&data);
    let mut bytes = vec![1];
    bytes.extend((data.len() as u32).to_be_bytes());
    bytes.extend(&data);
    bytes.extend(crc.sum().to_be_bytes());
    let name = format!("deletion_vector_{}.bin", uuid::Uuid::from_bytes(uuid));
    fs::write(made.path(&name), bytes).unwrap();
    json!({"storageType": "u", "pathOrInlineDv": z85(&uuid), "offset": 1, "sizeInBytes": data.len(), "cardinality": rows.len()})
}

#[test]
fn deletion_vectors_leave_out_exactly_their_rows() {
    let mut made = Made::with_features(&["deletionVectors"], json!([field("n", json!("long"))]), json!({}));
    let deleted: Vec<u32> =
        (0..140_000).filter(|n| n % 20 == 3 || *n == 0 || *n == 8191 || *n == 8192 || *n == 139_999).collect();
    let mut in_file = made.file("a.parquet", numbers(0, 140_000));
    in_file["deletionVector"] = vector_file(&made, [7; 16], &deleted);
    let mut inline = made.file("b.parquet", numbers(200_000, 200_010));
    let data = roaring(&[1, 9]);
    inline["deletionVector"] =
        json!({"storageType": "i", "pathOrInlineDv": z85(&data), "sizeInBytes": data.len(), "cardinality": 2});
    made.commit(&[json!({"add": in_file}), json!({"add": inline})]);
    let fetched = made.all();
    let expected: Vec<i64> = (0..140_000)
        .filter(|n| !deleted.contains(&(*n as u32)))
        .chain([200_000, 200_002, 200_003, 200_004, 200_005, 200_006, 200_007, 200_008])
        .collect();
    assert_eq!(longs(&frame(&fetched), "n"), expected);
    assert!(fetched.snapshot);
    assert!(fetched.warnings[0].contains("2 of 2 files"), "{:?}", fetched.warnings);

    fs::remove_file(made.path("deletion_vector_07070707-0707-0707-0707-070707070707.bin")).unwrap();
    let error = made.read(json!({"paths": ["t"]}), None).err().expect("a missing deletion vector is no empty one");
    assert_eq!(error.code, Code::Damaged, "{error}");
    assert!(error.message.contains("deletion_vector_07070707"), "{error}");
}

#[test]
fn mapped_columns_are_found_by_name_and_by_id() {
    let mapped = |name: &str, id: i64, r#type: &str| {
        json!({"name": name, "type": r#type, "nullable": true,
            "metadata": {"delta.columnMapping.id": id, "delta.columnMapping.physicalName": format!("col-{id}")}})
    };
    for mode in ["name", "id"] {
        let protocol = json!({"minReaderVersion": 2, "minWriterVersion": 5});
        let configuration = json!({"delta.columnMapping.mode": mode, "delta.columnMapping.maxColumnId": "3"});
        let schema =
            json!([mapped("Größe in cm", 2, "long"), mapped("who, when", 1, "string"), mapped("part", 3, "string")]);
        let mut made = Made::new(protocol, schema, &["part"], configuration);
        // In a file that is read by id the names may be anything, and the order another.
        let names = if mode == "id" { ["x", "y"] } else { ["col-1", "col-2"] };
        let with_id = |name: &str, id: &str, r#type| {
            ArrowField::new(name, r#type, true).with_metadata([("PARQUET:field_id".to_owned(), id.to_owned())].into())
        };
        let fields = vec![with_id(names[0], "1", ArrowType::Utf8), with_id(names[1], "2", ArrowType::Int64)];
        let columns: Vec<ArrayRef> =
            vec![Arc::new(StringArray::from(vec!["a", "b"])), Arc::new(Int64Array::from(vec![Some(180), None]))];
        let batch = RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns).unwrap();
        let file = fs::File::create(made.path("f.parquet")).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let mut add = made.add("f.parquet", 2);
        add["partitionValues"] = json!({"col-3": "p q"});
        made.commit(&[json!({"add": add})]);
        let expected =
            df!("Größe in cm" => [Some(180_i64), None], "who, when" => ["a", "b"], "part" => ["p q", "p q"]).unwrap();
        assert!(frame(&made.all()).equals_missing(&expected), "{mode}: {}", frame(&made.all()));
    }
}

#[test]
fn every_type_arrives_as_the_lake_stores_it() {
    let list = json!({"type": "array", "elementType": "integer", "containsNull": true});
    let map = json!({"type": "map", "keyType": "string", "valueType": "long", "valueContainsNull": true});
    let inner = json!({"type": "struct", "fields": [field("x", json!("double")), field("y", list.clone())]});
    let schema = json!([
        field("b", json!("boolean")),
        field("i8", json!("byte")),
        field("i16", json!("short")),
        field("i32", json!("integer")),
        field("f", json!("float")),
        field("d", json!("double")),
        field("s", json!("string")),
        field("bin", json!("binary")),
        field("day", json!("date")),
        field("at", json!("timestamp")),
        field("local", json!("timestamp_ntz")),
        field("dec", json!("decimal(20,3)")),
        field("l", list),
        field("st", inner),
        field("m", map),
    ]);
    let mut made = Made::with_features(&["timestampNtz"], schema, json!({}));
    let frame_in = df!(
        "b" => [Some(true), None], "i8" => [Some(-128_i32), None], "i16" => [Some(-32768_i32), None],
        "i32" => [Some(i32::MIN), None], "f" => [Some(0.1_f32), None], "d" => [Some(0.1_f64), None],
        "s" => [Some("ä\u{0}\n"), None], "day" => [Some(-1_i32), None], "at" => [Some(1_i64), None],
        "local" => [Some(-1_i64), None], "dec" => [Some("12345678901234567.891"), None],
    )
    .unwrap();
    let micros = TimeUnit::Microseconds;
    let list = || Series::new("".into(), [1, 2]);
    let frame_in = frame_in
        .lazy()
        .with_columns([
            col("i8").cast(DataType::Int8),
            col("i16").cast(DataType::Int16),
            col("day").cast(DataType::Date),
            col("at").cast(DataType::Datetime(micros, Some(TimeZone::UTC))),
            col("local").cast(DataType::Datetime(micros, None)),
            col("dec").cast(DataType::Decimal(20, 3)),
            col("s").cast(DataType::Binary).alias("bin"),
            lit(list()).implode(true).alias("l"),
        ])
        .with_columns([as_struct(vec![lit(0.5).alias("x"), col("l").alias("y")]).alias("st")])
        .select([
            cols(["b", "i8", "i16", "i32", "f", "d", "s", "bin", "day", "at", "local", "dec", "l", "st"]).as_expr()
        ])
        .collect()
        .unwrap();
    let add = made.file("f.parquet", frame_in.clone());
    made.commit(&[json!({"add": add})]);
    let out = frame(&made.all());
    assert!(out.drop("m").unwrap().equals_missing(&frame_in), "{out}");
    let entry =
        DataType::Struct(vec![Field::new("key".into(), DataType::String), Field::new("value".into(), DataType::Int64)]);
    assert_eq!(out.column("m").unwrap().dtype(), &DataType::List(Box::new(entry)));
    assert_eq!(out.column("m").unwrap().null_count(), 2, "a column that the file lacks is missing everywhere");
    let Content::Typed { columns, .. } = made.all().content else { panic!("typed rows") };
    let words: Vec<_> = columns.iter().map(|column| column.type_word.as_str()).collect();
    assert_eq!(
        words.join(" "),
        "boolean integer integer integer number number text binary date timestamp timestamp decimal list struct list"
    );
}

#[test]
fn a_map_is_a_list_of_its_entries() {
    use delta_kernel::arrow::array::builder::{Int64Builder, MapBuilder, StringBuilder};
    let map = json!({"type": "map", "keyType": "string", "valueType": "long", "valueContainsNull": true});
    let mut made = Made::plain(json!([field("m", map)]));
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    builder.keys().append_value("a");
    builder.values().append_value(1);
    builder.keys().append_value("b");
    builder.values().append_null();
    builder.append(true).unwrap();
    builder.append(false).unwrap();
    let batch =
        RecordBatch::try_from_iter_with_nullable([("m", Arc::new(builder.finish()) as ArrayRef, true)]).unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(made.path("f.parquet")).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let add = made.add("f.parquet", 2);
    made.commit(&[json!({"add": add})]);
    let out = frame(&made.all());
    assert_eq!(out.column("m").unwrap().get(0).unwrap().to_string(), "[{\"a\",1}, {\"b\",null}]");
    assert!(out.column("m").unwrap().get(1).unwrap().is_null());
}

#[test]
fn widened_types_and_partition_values_read_from_old_files() {
    let widened = |name: &str, from: &str, to: &str| {
        json!({"name": name, "type": to, "nullable": true,
            "metadata": {"delta.typeChanges": [{"fromType": from, "toType": to}]}})
    };
    let features = json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["typeWidening"], "writerFeatures": ["typeWidening"]});
    let schema = json!([
        widened("n", "integer", "long"),
        widened("d", "float", "double"),
        field("day", json!("date")),
        field("p", json!("string"))
    ]);
    let mut made = Made::new(features, schema, &["day", "p"], json!({}));
    let mut old =
        made.file("day=2024-02-29/p=a%25b%20c/old.parquet", df!("n" => [i32::MAX], "d" => [0.5_f32]).unwrap());
    old["path"] = json!("day=2024-02-29/p=a%2525b%2520c/old.parquet");
    old["partitionValues"] = json!({"day": "2024-02-29", "p": "a%b c"});
    made.commit(&[json!({"add": old})]);
    let mut new = made.file("new file#1.parquet", df!("n" => [i64::MAX], "d" => [0.1_f64]).unwrap());
    new["path"] = json!("new%20file%231.parquet");
    new["partitionValues"] = json!({"day": null, "p": null});
    made.commit(&[json!({"add": new})]);
    let out = frame(&made.all());
    assert_eq!(longs(&out, "n"), [i64::from(i32::MAX), i64::MAX], "older files come first");
    assert_eq!(out.column("day").unwrap().get(0).unwrap().to_string(), "2024-02-29");
    assert!(out.column("day").unwrap().get(1).unwrap().is_null());
    let p: Vec<_> = out.column("p").unwrap().str().unwrap().iter().collect();
    assert_eq!(p, [Some("a%b c"), None]);
}

#[test]
fn columns_and_versions_are_chosen() {
    let mut made = Made::plain(json!([field("a", json!("long")), field("n", json!("long"))]));
    let add = made.file("1.parquet", df!("a" => [1_i64], "n" => [10_i64]).unwrap());
    made.commit(&[json!({"add": add})]);
    let second = made.file("2.parquet", df!("a" => [2_i64], "n" => [20_i64]).unwrap());
    made.commit(&[json!({"add": second}), json!({"remove": {"path": "1.parquet", "dataChange": true}})]);
    let read = |selection| made.read(selection, None);
    let out = frame(&read(json!({"paths": ["t/"], "version": 1, "columns": ["n", "a"]})).unwrap());
    assert_eq!(out.get_column_names(), ["n", "a"]);
    assert_eq!(longs(&out, "n"), [10]);
    assert_eq!(longs(&frame(&made.all()), "n"), [20]);
    assert_eq!(frame(&read(json!({"paths": ["t"], "version": 0})).unwrap()).shape(), (0, 2));
    for (selection, code, field) in [
        (json!({"paths": ["t"], "version": 9}), Code::NotFound, "version"),
        (json!({"paths": ["t"], "columns": ["b"]}), Code::InvalidInput, "columns"),
        (json!({"paths": ["u"]}), Code::NotFound, "paths"),
        (json!({"paths": ["t", "t"]}), Code::InvalidInput, "paths"),
    ] {
        let error = read(selection.clone()).err().unwrap_or_else(|| panic!("{selection} is refused"));
        assert_eq!((error.code, error.field.as_deref()), (code, Some(field)), "{selection}: {error}");
        assert!(error.hint.is_some(), "{error}");
    }
    assert_eq!(
        frame(&super::tests::read(made.folder.path(), json!({"paths": ["t"]}), None, Some(1)).unwrap()).height(),
        1
    );
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let long = || json!([field("n", json!("long"))]);
    for (features, schema, named) in [
        (vec!["timeTravelMachine"], long(), "timeTravelMachine"),
        (vec!["variantType"], json!([field("v", json!("variant"))]), "variant"),
        (vec!["catalogManaged"], long(), "catalogManaged"),
        (vec![], json!([field("v", json!("void"))]), "void"),
    ] {
        let mut made = Made::with_features(&features, schema, json!({}));
        let add = made.file("f.parquet", numbers(0, 1));
        made.commit(&[json!({"add": add})]);
        let error = made.read(json!({"paths": ["t"]}), None).err().unwrap_or_else(|| panic!("{named} is refused"));
        assert_eq!(error.code, Code::Unsupported, "{named}: {error}");
        assert!(error.message.contains(named) && error.hint.is_some(), "{named}: {error}");
    }
    let mut made = Made::new(json!({"minReaderVersion": 9, "minWriterVersion": 9}), long(), &[], json!({}));
    made.commit(&[json!({"commitInfo": {}})]);
    assert_eq!(made.read(json!({"paths": ["t"]}), None).err().unwrap().code, Code::Unsupported);
    for outside in ["s3://other/t/f.parquet", "file:///etc/passwd", "/etc/passwd", "../u/f.parquet"] {
        let mut made = Made::plain(long());
        let mut add = made.file("f.parquet", numbers(0, 1));
        add["path"] = json!(outside);
        made.commit(&[json!({"add": add})]);
        let error = made.read(json!({"paths": ["t"]}), None).err().unwrap_or_else(|| panic!("{outside} is refused"));
        assert!(matches!(error.code, Code::Unsupported | Code::Damaged), "{outside}: {error}");
        assert!(error.message.contains(outside) || error.message.contains("f.parquet"), "{error}");
    }
}

#[test]
fn damage_is_named_and_never_read_over() {
    let fresh = || {
        let mut made = Made::plain(json!([field("n", json!("long"))]));
        for at in 0..3 {
            let add = made.file(&format!("{at}.parquet"), numbers(at * 10, at * 10 + 10));
            made.commit(&[json!({"add": add})]);
        }
        made
    };
    let cases: [(&str, fn(&Made), &str); 7] = [
        ("an empty newest commit", |made| fs::write(made.log(3), "").unwrap(), "00000000000000000003.json"),
        ("a blank commit", |made| fs::write(made.log(1), "\n \n").unwrap(), "00000000000000000001.json"),
        (
            "a torn commit",
            |made| {
                let text = fs::read(made.log(2)).unwrap();
                fs::write(made.log(2), &text[..text.len() / 2]).unwrap();
            },
            "00000000000000000002.json",
        ),
        ("a commit in between is gone", |made| fs::remove_file(made.log(1)).unwrap(), "t"),
        ("a data file is gone", |made| fs::remove_file(made.path("1.parquet")).unwrap(), "1.parquet"),
        (
            "a data file is cut",
            |made| {
                let bytes = fs::read(made.path("1.parquet")).unwrap();
                fs::write(made.path("1.parquet"), &bytes[..bytes.len() - 9]).unwrap();
            },
            "1.parquet",
        ),
        (
            "a data file was replaced by one with fewer rows",
            |made| {
                made.file("1.parquet", numbers(0, 9));
                let add = json!({"add": made.add("1.parquet", 10)});
                fs::write(made.log(2), format!("{add}\n")).unwrap();
            },
            "1.parquet",
        ),
    ];
    for (what, damage, named) in cases {
        let made = fresh();
        damage(&made);
        let error = made.read(json!({"paths": ["t"]}), None).err().unwrap_or_else(|| panic!("{what} is noticed"));
        assert_eq!(error.code, Code::Damaged, "{what}: {error}");
        assert!(error.message.contains(named) && error.hint.is_some(), "{what}: {error}");
    }
}

#[test]
fn a_refresh_reads_what_was_added() {
    let mut made = Made::plain(json!([field("n", json!("long"))]));
    let add = made.file("1.parquet", numbers(0, 3));
    made.commit(&[json!({"add": add})]);
    let selection = || json!({"paths": ["t"]});
    let first = made.all();
    let state = first.state.clone().unwrap();
    assert!(first.snapshot && state["version"] == 1);
    let again = made.read(selection(), Some(&state)).unwrap();
    let nothing = matches!(&again.content, Content::Files { inputs, .. } if inputs.is_empty());
    assert!(nothing && !again.snapshot && again.state.as_ref() == Some(&state), "an unchanged table brings nothing");

    for at in 1..3 {
        let add = made.file(&format!("more-{at}.parquet"), numbers(at * 10, at * 10 + 2));
        made.commit(&[json!({"commitInfo": {}}), json!({"txn": {"appId": "a", "version": at}}), json!({"add": add})]);
    }
    // Old files are rearranged; that changes no row.
    let mut compact = made.file("compact.parquet", numbers(0, 3));
    compact["dataChange"] = json!(false);
    made.commit(&[json!({"remove": {"path": "1.parquet", "dataChange": false}}), json!({"add": compact})]);
    let more = made.read(selection(), Some(&state)).unwrap();
    assert_eq!(longs(&frame(&more), "n"), [10, 11, 20, 21]);
    assert!(!more.snapshot && more.warnings.is_empty(), "{:?}", more.warnings);
    let state = more.state.unwrap();
    assert_eq!(state["version"], 4);

    made.commit(&[json!({"remove": {"path": "more-1.parquet", "dataChange": true}})]);
    let connection = crate::connect("folder", &json!({"folder": made.folder.path()})).unwrap();
    let news = connection.news(&selection(), Some(&state), &Progress::new()).unwrap().unwrap();
    assert!(news.available && news.text == "Version 5 is there; version 4 was read.", "{news:?}");
    let error = made.read(selection(), Some(&state)).err().expect("deleted rows would stay");
    assert_eq!((error.code, error.field.as_deref()), (Code::Conflict, Some("changed")), "{error}");
    let selection = || json!({"paths": ["t"], "changed": "everything"});
    let all = made.read(selection(), Some(&state)).unwrap();
    assert_eq!(longs(&frame(&all), "n"), [20, 21, 0, 1, 2]);
    assert!(all.snapshot && all.warnings[0].contains("version 5 did more than add rows"), "{:?}", all.warnings);
    let other = json!({"version": 5, "id": "another"});
    assert!(made.read(selection(), Some(&other)).unwrap().warnings[0].contains("made anew"));
}

#[test]
fn a_checkpoint_of_the_second_kind_stands_for_its_commits() {
    let protocol = json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["v2Checkpoint"], "writerFeatures": ["v2Checkpoint"]});
    let mut made = Made::new(protocol, json!([field("n", json!("long"))]), &[], json!({}));
    let add = made.file("1.parquet", numbers(0, 3));
    made.commit(&[json!({"add": add})]);
    let first: Vec<Value> =
        fs::read_to_string(made.log(0)).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines =
        [json!({"checkpointMetadata": {"version": 1}}), first[0].clone(), first[1].clone(), json!({"add": add})];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let name = "00000000000000000001.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json";
    fs::write(made.path(&format!("_delta_log/{name}")), text).unwrap();
    fs::remove_file(made.log(0)).unwrap();
    fs::remove_file(made.log(1)).unwrap();
    let more = made.file("2.parquet", numbers(10, 12));
    made.commit(&[json!({"add": more})]);
    assert_eq!(longs(&frame(&made.all()), "n"), [0, 1, 2, 10, 11]);
}

#[test]
fn a_cancelled_read_ends_at_once() {
    let mut made = Made::plain(json!([field("n", json!("long"))]));
    let add = made.file("1.parquet", numbers(0, 3));
    made.commit(&[json!({"add": add})]);
    let connection = crate::connect("folder", &json!({"folder": made.folder.path()})).unwrap();
    let progress = Progress::new();
    progress.cancel();
    let scratch = made.folder.path();
    let task =
        Task { progress: &progress, scratch, downloads: scratch, limit: None, state: None, replay: &[], merges: false };
    assert_eq!(connection.read(&json!({"paths": ["t"]}), &task).err().unwrap().code, Code::Cancelled);
}

#[test]
fn one_batch_of_int32_is_not_widened_without_being_told() {
    // A table whose file has another type than its schema, without the feature for it, is damaged and not converted.
    let mut made = Made::plain(json!([field("n", json!("string"))]));
    let schema = ArrowSchema::new(vec![ArrowField::new("n", ArrowType::Int32, true)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int32Array::from(vec![1]))]).unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(made.path("f.parquet")).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let add = made.add("f.parquet", 1);
    made.commit(&[json!({"add": add})]);
    let error = made.read(json!({"paths": ["t"]}), None).err().expect("a number is no text");
    assert_eq!(error.code, Code::Damaged, "{error}");
    assert!(error.message.contains("f.parquet"), "{error}");
}
