//! What messages look like, and that they are read as they were written.

use std::path::Path;
use std::sync::{Arc, Mutex};

use pulse_connect::{Content, Task, connect};
use pulse_core::Progress;
use pulse_tests::services::http::{Answer, Asked, HttpServer};

use super::*;

/// A schema registry that numbers what it is given and refuses a second schema of a subject.
fn registry() -> (HttpServer, Arc<Mutex<Vec<String>>>) {
    let known: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&known);
    let server = HttpServer::start(move |asked: &Asked| {
        let mut known = kept.lock().expect("schemas");
        let given =
            || serde_json::from_slice::<Value>(&asked.body).expect("JSON")["schema"].as_str().map(str::to_owned);
        if let Some(id) = asked.path.strip_prefix("/schemas/ids/") {
            let schema = id.parse::<usize>().ok().and_then(|id| known.get(id - 1).cloned());
            return schema.map_or_else(|| Answer::status(404), |schema| Answer::json(json!({ "schema": schema })));
        }
        let fits = known.is_empty() || known.first() == given().as_ref();
        match asked.path.as_str() {
            "/subjects/typed-value/versions" if fits => {
                if known.is_empty() {
                    known.extend(given());
                }
                Answer::json(json!({"id": 1}))
            }
            "/subjects/typed-value/versions" => Answer::status(409),
            "/compatibility/subjects/typed-value/versions/latest" if known.is_empty() => Answer::status(404),
            "/compatibility/subjects/typed-value/versions/latest" => Answer::json(json!({ "is_compatible": fits })),
            _ => Answer::status(404),
        }
    });
    (server, known)
}

/// The lines that the connector reads back.
fn lines(settings: &Value, selection: &Value) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let read = |folder: &Path| {
        let progress = Progress::new();
        let task = Task {
            progress: &progress,
            scratch: folder,
            downloads: folder,
            limit: None,
            state: None,
            replay: &[],
            merges: false,
        };
        connect("kafka", settings).expect("a connection").read(selection, &task)
    };
    let fetched = read(folder.path()).unwrap_or_else(|error| panic!("{selection}: {error}"));
    let Content::Files { inputs, .. } = fetched.content else { panic!("files") };
    let text = std::fs::read_to_string(&inputs.first().expect("a file").path).expect("a file");
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    lines.sort_by_key(|line| line["_key"].as_str().map(|key| key.parse::<i64>().expect("a number")));
    lines
}

/// Rows of every type, one of them without a value.
fn typed() -> DataFrame {
    let numbers: Vec<Option<i64>> = vec![Some(0), Some(1), Some(2)];
    let frame = df!(
        "id" => numbers,
        "text" => [Some("a,\"é\"\n"), Some(""), None],
        "small" => [Some(-7i32), Some(i32::MAX), None],
        "big" => [Some(i64::MIN), Some(9_007_199_254_740_993), None],
        "real" => [Some(0.1f64), Some(-1e300), None],
        "single" => [Some(0.25f32), Some(-3.5), None],
        "yes" => [Some(true), Some(false), None],
        "cents" => [Some(-5i64), Some(123_456), None],
        "at" => [Some(-1i64), Some(1_700_000_000_000_001), None],
        "day" => [Some(-1i32), Some(19_000), None],
        "unit price" => [Some(1i64), Some(2), None],
    );
    let micros = |zone| DataType::Datetime(TimeUnit::Microseconds, zone);
    let lazy = frame.expect("a frame").lazy().with_columns([
        (col("cents").cast(DataType::Decimal(17, 2)) / lit(100)).cast(DataType::Decimal(15, 2)).alias("price"),
        col("at").cast(micros(Some(TimeZone::UTC))),
        col("at").cast(micros(None)).alias("local"),
        col("day").cast(DataType::Date),
        as_struct(vec![col("text").alias("a"), col("small").alias("b")]).alias("nested"),
        concat_list([col("big"), col("id")]).expect("a list").alias("list"),
    ]);
    lazy.collect().expect("rows")
}

#[test]
fn avro_is_read_back_by_the_registry_as_json_would_be() {
    if skipped() {
        return;
    }
    let (server, (registry, known)) = (server(), registry());
    let mut settings = settings(&server);
    settings["registry"] = format!("http://{}", registry.address()).into();
    settings["allow_private"] = true.into();
    let avro = |frame| {
        Sending::new(
            ("kafka", &settings),
            json!({"topic": "typed", "format": "avro"}),
            SyncMode::Append,
            &["id"],
            frame,
        )
    };
    let json = Sending::new(("kafka", &settings), json!({"topic": "plain"}), SyncMode::Append, &["id"], typed());
    let sync = avro(typed());
    let look = sync.outlet.preflight(&sync.target, &sync.outgoing, &sync.progress).expect("a look");
    assert!(look.findings.is_empty() && known.lock().expect("schemas").is_empty(), "a look registers nothing");
    let renamed = look.columns.iter().find(|column| column.name == "unit_price").expect("a name that Avro allows");
    assert!(!renamed.note.is_empty());
    sync.done();
    json.done();
    let bytes = messages(&server, "typed")[0].value.clone().expect("a value");
    assert_eq!(bytes[..5], [0, 0, 0, 0, 1], "the schema's number stands before the value");
    let read = |topic: &str, format: &str| {
        lines(&settings, &json!({"topic": topic, "value_format": format, "metadata": false}))
    };
    let (mut there, mut here) = (read("typed", "avro"), read("plain", "json"));
    for line in there.iter_mut().chain(&mut here) {
        let line = line.as_object_mut().expect("an object");
        if let Some(price) = line.remove("unit_price") {
            line.insert("unit price".into(), price);
        }
    }
    let members =
        |line: &Value| -> BTreeMap<String, Value> { serde_json::from_value(line.clone()).expect("an object") };
    for (there, here) in there.iter().zip(&here) {
        for (name, value) in members(here) {
            // Times are written as texts here and as numbers with a logical type there; both are read as the same text.
            let text = |value: &Value| {
                value
                    .as_str()
                    .map(|text| text.trim_end_matches('Z').replace(' ', "T"))
                    .map(|t| t.trim_end_matches(".000000").to_owned())
            };
            let same = members(there).get(&name) == Some(&value)
                || text(&there[&name]).is_some() && text(&there[&name]) == text(&value)
                || there[&name].to_string().trim_matches('"') == value.to_string().trim_matches('"');
            assert!(same, "{name}: {} is not {value}", there[&name]);
        }
    }
    assert_eq!((there.len(), here.len()), (3, 3));

    // Other columns are refused before anything is sent.
    let other = avro(df!("id" => [1i64], "other" => ["x"]).expect("a frame"));
    assert!(other.said(Severity::Stops)[0].contains("schema registry does not take"), "{:?}", other.findings());
    assert_eq!(other.attempt().expect_err("the registry refuses").code, Code::Conflict);
    assert_eq!(messages(&server, "typed").len(), 3);
}

#[test]
fn avro_without_a_registry_begins_with_the_fingerprint_of_its_schema() {
    if skipped() {
        return;
    }
    let server = server();
    let mut sync = sync(&server, "alone", SyncMode::Append, &["id"], orders(0..10));
    sync.target["format"] = "avro".into();
    let notes = sync.said(Severity::Notes);
    assert!(notes[0].contains("fingerprint"), "{notes:?}");
    sync.done();
    let found = messages(&server, "alone");
    let starts: BTreeSet<Vec<u8>> = found.iter().map(|m| m.value.as_deref().expect("a value")[..10].to_vec()).collect();
    assert_eq!(starts.len(), 1, "all have the same schema");
    assert_eq!(starts.first().expect("one")[..2], [0xC3, 0x01]);
}

#[test]
fn csv_and_keys_of_several_columns() {
    if skipped() {
        return;
    }
    let server = server();
    let frame = df!("id" => [1i64, 2], "name" => [Some("a;b \"c\""), None], "n" => [0.5, 1.0]).expect("a frame");
    let mut sync = sync(&server, "lines", SyncMode::Append, &["id", "name"], frame);
    sync.target["format"] = "csv".into();
    sync.target["csv_delimiter"] = ";".into();
    sync.done();
    let mut found = messages(&server, "lines");
    found.sort_by_key(Seen::row);
    let text = |message: &Seen| String::from_utf8(message.value.clone().expect("a value")).expect("text");
    assert_eq!(found.iter().map(text).collect::<Vec<_>>(), ["1;\"a;b \"\"c\"\"\";0.5", "2;;1.0"]);
    let keys: Vec<_> = found.iter().map(|message| message.key.as_deref().expect("a key")).collect();
    assert_eq!(keys, [r#"{"id":1,"name":"a;b \"c\""}"#, r#"{"id":2,"name":null}"#]);
    sync.target["csv_delimiter"] = "ab".into();
    assert!(sync.said(Severity::Stops)[0].contains("cannot separate"));
}
