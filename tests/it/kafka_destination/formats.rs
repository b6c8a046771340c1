//! What messages look like, and that they are read as they were written.

use std::sync::{Arc, Mutex};

use pulse_tests::Connected;
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

/// The lines that the connector reads back, digit for digit, by their keys.
fn lines(settings: &Value, selection: &Value) -> Vec<String> {
    let got = Connected::open("kafka", settings).read(selection).unwrap_or_else(|error| panic!("{selection}: {error}"));
    let mut lines = got.lines;
    lines.sort_by_key(|line| serde_json::from_str::<Value>(line).expect("JSON")["_key"].to_string());
    lines
}

/// Rows of every type: small values, big ones and none.
fn typed() -> DataFrame {
    let frame = df!(
        "id" => [0i64, 1, 2],
        "text" => [Some("a,\"é\"\n"), Some(""), None],
        "bytes" => [Some(&b"\x00\xff"[..]), Some(b""), None],
        "tiny" => [Some(-128i8), Some(127), None],
        "short" => [Some(i16::MIN), Some(i16::MAX), None],
        "small" => [Some(-7i32), Some(i32::MAX), None],
        "big" => [Some(i64::MIN), Some(9_007_199_254_740_993), None],
        "real" => [Some(0.1f64), Some(-2.5e-300), None],
        "single" => [Some(0.1f32), Some(-3.5), None],
        "odd" => [Some(f64::NAN), Some(f64::INFINITY), None],
        "odd single" => [Some(f32::NEG_INFINITY), Some(f32::NAN), None],
        "yes" => [Some(true), Some(false), None],
        "price" => [Some(-5i64), Some(123_456), None],
        "wide" => [Some(i64::MIN), Some(i64::MAX), None],
        "at" => [Some(-1i64), Some(1_700_000_000_000_001), None],
        "day" => [Some(-1i32), Some(19_000), None],
    );
    let micros = |zone| DataType::Datetime(TimeUnit::Microseconds, zone);
    let lazy = frame.expect("a frame").lazy().with_columns([
        (col("price").cast(DataType::Decimal(17, 2)) / lit(100)).cast(DataType::Decimal(15, 2)),
        col("wide").cast(DataType::Decimal(38, 4)),
        col("at").cast(micros(Some(TimeZone::UTC))),
        col("at").cast(micros(None)).alias("local"),
        col("day").cast(DataType::Date),
        as_struct(vec![col("text").alias("a"), col("small").alias("b")]).alias("nested"),
        concat_list([col("big"), col("id")]).expect("a list").alias("list"),
    ]);
    lazy.collect().expect("rows")
}

/// What is read of [`typed`], digit for digit.
const TYPED: [&str; 3] = [
    r#"{"id":0,"text":"a,\"é\"\n","bytes":"AP8=","tiny":-128,"short":-32768,"small":-7,"big":-9223372036854775808,"real":0.1,"single":0.1,"odd":"NaN","odd single":"-Infinity","yes":true,"price":-0.05,"wide":-9223372036854775808.0000,"at":"1969-12-31T23:59:59.999999Z","day":"1969-12-31","local":"1969-12-31T23:59:59.999999","nested":{"a":"a,\"é\"\n","b":-7},"list":[-9223372036854775808,0],"_key":"0","_deleted":false}"#,
    r#"{"id":1,"text":"","bytes":"","tiny":127,"short":32767,"small":2147483647,"big":9007199254740993,"real":-2.5e-300,"single":-3.5,"odd":"Infinity","odd single":"NaN","yes":false,"price":1234.56,"wide":9223372036854775807.0000,"at":"2023-11-14T22:13:20.000001Z","day":"2022-01-08","local":"2023-11-14T22:13:20.000001","nested":{"a":"","b":2147483647},"list":[9007199254740993,1],"_key":"1","_deleted":false}"#,
    r#"{"id":2,"text":null,"bytes":null,"tiny":null,"short":null,"small":null,"big":null,"real":null,"single":null,"odd":null,"odd single":null,"yes":null,"price":null,"wide":null,"at":null,"day":null,"local":null,"nested":{"a":null,"b":null},"list":[null,2],"_key":"2","_deleted":false}"#,
];

#[test]
fn every_type_comes_back_from_json_and_avro_digit_for_digit() {
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
    let renamed = look.columns.iter().find(|column| column.name == "odd_single").expect("a name that Avro allows");
    assert!(!renamed.note.is_empty());
    sync.done();
    json.done();
    let bytes = messages(&server, "typed")[0].value.clone().expect("a value");
    assert_eq!(bytes[..5], [0, 0, 0, 0, 1], "the schema's number stands before the value");
    let read = |topic: &str, format: &str| {
        lines(&settings, &json!({"topic": topic, "value_format": format, "metadata": false}))
    };
    assert_eq!(read("plain", "json"), TYPED);
    assert_eq!(read("typed", "avro"), TYPED.map(|line| line.replace("odd single", "odd_single")));

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
