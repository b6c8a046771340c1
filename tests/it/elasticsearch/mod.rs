//! Elasticsearch and OpenSearch as a source: against servers that answer as Elasticsearch 8 and as OpenSearch 3, and
//! against one made up here that answers as the older products do, with every fault.

mod opensearch;
mod tls;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use pulse_connect::Browse;
use pulse_core::Code;
use pulse_tests::services::http::{Answer, Asked, HttpServer};
use pulse_tests::services::noida::Noida;
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::{free_port, skipped};
use pulse_tests::{Connected, assert_helpful};
use serde_json::{Value, json};

/// As [`send_to`], to Elasticsearch.
fn send(server: &Noida, method: &str, path: &str, body: &str) -> Value {
    send_to(&server.address("elasticsearch"), method, path, body)
}

/// Sends one request to the real server and returns the answer's body; a bad status ends the test.
fn send_to(address: &str, method: &str, path: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(address).unwrap();
    let kind = if path.starts_with("/_bulk") { "application/x-ndjson" } else { "application/json" };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
    serde_json::from_str(body).unwrap()
}

/// A server with the index `orders`.
fn orders(numbers: std::ops::Range<u64>) -> Noida {
    let server = Noida::start(&["elasticsearch"]);
    let mapping = json!({"mappings": {"properties": {
        "number": {"type": "long"}, "big": {"type": "long"}, "code": {"type": "keyword"}, "weight": {"type": "double"},
        "at": {"type": "date"}, "day": {"type": "keyword"}, "note": {"type": "text"}, "paid": {"type": "boolean"},
        "customer": {"properties": {"name": {"type": "keyword"}, "points": {"type": "long"}}},
        "items": {"type": "nested", "properties": {"sku": {"type": "keyword"}, "price": {"type": "double"}}},
    }}});
    send(&server, "PUT", "/orders", &mapping.to_string());
    add(&server, numbers);
    server
}

fn add(server: &Noida, numbers: std::ops::Range<u64>) {
    let numbers: Vec<u64> = numbers.collect();
    for some in numbers.chunks(5000) {
        let mut lines = String::new();
        for number in some {
            let id = format!("o{number:06}");
            writeln!(lines, "{}\n{}", json!({"index": {"_index": "orders", "_id": id}}), order(*number)).unwrap();
        }
        let told = send(server, "POST", "/_bulk?refresh=true", &lines);
        assert_eq!(told["errors"], false, "{told}");
    }
}

/// The members stand in the order of their names, because the stand-in sorts them.
fn order(number: u64) -> Value {
    let at = 1_704_067_200_000 + number * 1001;
    let (seconds, millis) = (at / 1000 - 1_704_067_200, at % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    json!({
        "at": format!("2024-01-01T{hours:02}:{minutes:02}:{:02}.{millis:03}Z", seconds % 60),
        "big": 9_007_199_254_740_993 + number,
        "code": format!("{number:07}"),
        "customer": {"name": format!("Zoë {number}"), "points": 9_007_199_254_740_993_u64},
        "day": "2024-01-01",
        "items": [{"price": 1.5, "sku": "a"}, {"price": 2.25, "sku": "b"}],
        "number": number,
        "paid": number.is_multiple_of(2),
        "weight": number as f64 / 4.0,
    })
}

fn settings(address: &str) -> Value {
    json!({"address": format!("http://{address}")})
}

fn connect(server: &Noida) -> Connected {
    Connected::open("elasticsearch", &settings(&server.address("elasticsearch")))
}

#[test]
fn every_document_is_read_exactly() {
    if skipped() {
        return;
    }
    let server = orders(0..25_000);
    let got = connect(&server).read(&json!({"index": "orders"})).expect("the index is read");
    assert_eq!(got.lines.len(), 25_000);
    let mut lines = got.lines.clone();
    lines.sort();
    for (number, line) in (0..).zip(&lines) {
        let ids = format!(r#"{{"_id":"o{number:06}","_index":"orders","#);
        assert_eq!(*line, ids + &order(number).to_string()[1..]);
    }
    let expected = [
        "_id: str",
        "_index: str",
        "at: datetime[μs, UTC]",
        "big: i64",
        "code: str",
        "customer: str",
        "day: str",
        "items: str",
        "number: i64",
        "paid: bool",
        "weight: f64",
    ];
    assert_eq!(got.columns(), expected, "a keyword stays text even if it looks like a date");
    assert!(got.texts("big").contains(&Some("9007199254765992".to_owned())));
    assert!(got.fetched.snapshot && got.fetched.state.is_none());
    assert_eq!(got.fetched.key, ["_id"]);
    assert_eq!(got.fetched.origin, format!("http://{}/orders", server.address("elasticsearch")));
    let told = send(&server, "GET", "/_nodes/stats/indices/search", "");
    let open = told["nodes"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, node)| node["indices"]["search"]["open_contexts"].as_u64());
    assert_eq!(open.flatten().sum::<u64>(), 0, "no view stays open");
}

#[test]
fn what_is_read_can_be_chosen() {
    if skipped() {
        return;
    }
    let server = orders(0..30);
    send(&server, "PUT", "/orders-2", "{}");
    send(&server, "PUT", "/orders-2/_doc/x?refresh=true", r#"{"number": 100, "code": 7}"#);
    let connected = connect(&server);
    let numbers = |selection: &Value| {
        let got = connected.read(selection).unwrap_or_else(|error| panic!("{selection}: {error}"));
        let mut numbers: Vec<u32> = got.texts("number").into_iter().flatten().map(|n| n.parse().unwrap()).collect();
        numbers.sort_unstable();
        (numbers, got)
    };
    let cases: [(Value, &[u32]); 5] = [
        (json!({"index": "orders", "query": "number:[3 TO 5]"}), &[3, 4, 5]),
        (json!({"index": "orders", "query": "code:0000007"}), &[7]),
        (json!({"index": "orders", "filter": r#"{"range": {"number": {"lt": 2}}}"#}), &[0, 1]),
        (
            json!({"index": "orders", "query": "paid:true", "filter": r#"{"query": {"range": {"number": {"gte": 26}}}}"#}),
            &[26, 28],
        ),
        (json!({"index": "orders", "page_size": 7, "query": "number:<3"}), &[0, 1, 2]),
    ];
    for (selection, expected) in &cases {
        assert_eq!(numbers(selection).0, *expected, "{selection}");
    }
    let (some, got) =
        numbers(&json!({"index": "orders*", "query": "number:>28", "fields": ["number", "customer.name"]}));
    assert_eq!(some, [29, 100]);
    assert_eq!(got.fetched.key, ["_index", "_id"], "ids alone name no document of several indices");
    assert!(
        got.lines
            .contains(&r#"{"_id":"o000029","_index":"orders","customer":{"name":"Zoë 29"},"number":29}"#.to_owned())
    );
    let (_, got) =
        numbers(&json!({"index": "orders", "query": "number:[1 TO 1]", "fields": ["number"], "include_ids": false}));
    assert_eq!((got.lines[0].as_str(), got.fetched.key.len()), (r#"{"number":1}"#, 0));
    let (none, got) = numbers(&json!({"index": "orders", "query": "number:999"}));
    assert!(none.is_empty() && got.rows() == 0, "nothing matches and that is no error");
    let preview = connected.read_with(&json!({"index": "orders"}), None, Some(7)).unwrap();
    assert_eq!((preview.rows(), preview.fetched.snapshot), (7, false));
    for (selection, code, field) in [
        (json!({"index": "invoices"}), Code::NotFound, "index"),
        (json!({"index": "inv*"}), Code::NotFound, "index"),
        (json!({"index": "a/b"}), Code::InvalidInput, "index"),
        (json!({"index": "orders", "filter": r#"{"nope": {}}"#}), Code::InvalidInput, "filter"),
    ] {
        let error = connected.read(&selection).err().unwrap_or_else(|| panic!("{selection} is refused"));
        assert_eq!((error.code, error.field.as_deref()), (code, Some(field)), "{error}");
        assert_helpful(&error, &selection.to_string());
    }
}

#[test]
fn indices_and_aliases_are_listed_hidden_ones_apart() {
    if skipped() {
        return;
    }
    let server = orders(0..3);
    send(&server, "POST", "/_aliases", r#"{"actions": [{"add": {"index": "orders", "alias": "current"}}]}"#);
    send(&server, "PUT", "/.own", r#"{"settings": {"index.hidden": true}}"#);
    let connected = connect(&server);
    let listing = connected.browse(&[]).unwrap();
    let shown: Vec<_> = listing.entries.iter().map(|entry| (entry.name.as_str(), entry.kind.as_str())).collect();
    assert_eq!(shown, [("current", "alias"), ("orders", "index"), ("Hidden indices", "folder")]);
    let index = &listing.entries[1];
    let facts: Vec<_> = index.facts.iter().map(|(label, value)| format!("{label}: {value}")).collect();
    assert!(facts.contains(&"Documents: 3 with those nested in others".to_owned()), "{facts:?}");
    assert!(index.bytes.is_some_and(|bytes| bytes > 0));
    let columns: Vec<_> =
        index.columns.iter().map(|column| (column.name.as_str(), column.type_word.as_str())).collect();
    assert!(columns.contains(&("at", "date")) && columns.contains(&("items", "nested")), "{columns:?}");
    assert_eq!(listing.entries[0].columns, index.columns, "an alias has the columns of its index");
    let hidden = connected.browse(&[&listing.entries[2].id]).unwrap();
    assert_eq!(hidden.entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), [".own"]);
    for entry in listing.entries.iter().chain(&hidden.entries).filter_map(|entry| entry.selection.as_ref()) {
        connected.read(entry).unwrap_or_else(|error| panic!("{entry}: {error}"));
    }
    let search = Browse { search: "ORD".into(), ..Browse::default() };
    assert_eq!(connected.look(&search).unwrap().entries.len(), 1);
}

#[test]
fn only_what_is_new_is_read() {
    if skipped() {
        return;
    }
    let server = orders(0..100);
    send(&server, "PUT", "/orders/_doc/without?refresh=true", r#"{"number": 7}"#);
    let connected = connect(&server);
    for (field, greatest) in
        [("at", json!("2024-01-01T00:01:39.099Z")), ("number", json!(99)), ("code", json!("0000099"))]
    {
        let selection = json!({"index": "orders", "incremental": field, "query": "number:<100"});
        let first = connected.read(&selection).unwrap();
        assert_eq!(first.fetched.state, Some(json!({"field": field, "cursor": greatest})));
        assert_eq!(first.rows(), if field == "number" { 101 } else { 100 });
        assert!(!first.fetched.snapshot);
        let left_out = format!("1 documents are left out: they have no `{field}`.");
        assert_eq!(first.fetched.warnings.contains(&left_out), field != "number", "{:?}", first.fetched.warnings);
    }
    let selection = json!({"index": "orders", "incremental": "at"});
    let state = connected.read(&selection).unwrap().fetched.state.unwrap();
    assert_eq!(connected.news(&selection, &state), Some(false));
    let second = connected.read_on(&selection, Some(&state)).unwrap();
    assert_eq!((second.rows(), second.fetched.state.as_ref()), (0, Some(&state)));
    add(&server, 100..150);
    assert_eq!(connected.news(&selection, &state), Some(true));
    let third = connected.read_on(&selection, Some(&state)).unwrap();
    assert_eq!(third.rows(), 50);
    assert!(third.lines.iter().all(|line| line.contains(r#""_id":"o0001"#)));
    let state = third.fetched.state.unwrap();
    add(&server, 150..151);
    // Each order is a second and a millisecond after the one before.
    let lagging = json!({"index": "orders", "incremental": "at", "lag": 10});
    assert_eq!(connected.read_on(&lagging, Some(&state)).unwrap().rows(), 11);
    for field in ["note", "customer", "unknown"] {
        let error = connected.read(&json!({"index": "orders", "incremental": field})).err().unwrap();
        assert_eq!(error.field.as_deref(), Some("incremental"), "{error}");
    }
}

#[test]
fn a_check_says_what_it_did_and_what_failed() {
    if skipped() {
        return;
    }
    let server = orders(0..1);
    let (steps, error) = connect(&server).check();
    assert!(error.is_none(), "{error:?}");
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["Find the host", "Connect", "TLS", "Sign in", "Read"]);
    assert!(steps[3].detail.starts_with("Elasticsearch 8.") && steps[3].detail.ends_with("without signing in"));
    let page = HttpServer::start(|_| Answer::page("Welcome"));
    let other = HttpServer::start(|_| Answer::json(json!({"hello": "world"})));
    let locked = HttpServer::start(|asked| match asked.header("authorization") {
        None => Answer::json(json!({"error": "missing"})).with_status(401),
        Some(_) => Answer::json(json!({"error": {"reason": "unable to authenticate user [ann]"}})).with_status(401),
    });
    let at = |server: &HttpServer| settings(&server.address().to_string());
    let mut wrong = at(&locked);
    wrong["auth"] = "basic".into();
    wrong["user"] = "ann".into();
    wrong["password"] = "geheim99".into();
    let tls = json!({"address": format!("https://{}", server.address("elasticsearch"))});
    let mut public = settings(&server.address("elasticsearch"));
    public["allow_private"] = false.into();
    let cases = [
        (json!({"address": "http://no-such-host.invalid:9200"}), "Find the host", Code::Unreachable),
        (settings(&format!("127.0.0.1:{}", free_port())), "Connect", Code::Unreachable),
        (tls, "TLS", Code::Unreachable),
        (public, "TLS", Code::PermissionDenied),
        (at(&page), "Sign in", Code::Damaged),
        (at(&other), "Sign in", Code::Unsupported),
        (wrong, "Sign in", Code::PermissionDenied),
    ];
    for (settings, failed, code) in cases {
        let (steps, error) = Connected::open("elasticsearch", &settings).check();
        let error = error.unwrap_or_else(|| panic!("{settings} fails"));
        assert_eq!((steps.last().unwrap().name.as_str(), error.code), (failed, code), "{settings}: {error}");
        assert!(!format!("{error:?}").contains("geheim99"), "no error holds a secret");
        assert_helpful(&error, &settings.to_string());
    }
}

/// How the made-up cluster presents itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    Elasticsearch8,
    /// Before points in time.
    Elasticsearch79,
    OpenSearch3,
    /// With points in time, but without an order in them.
    OpenSearch2,
}

/// Documents of the made-up index `a`.
const DOCUMENTS: u64 = 250;

/// A document whose digits a JSON library would not keep.
fn document(number: u64) -> String {
    format!(r#"{{ "n": {number}, "price": {number}.10, "wide": 123456789012345678901234567890, "o": {{"e": 1.0e5}} }}"#)
}

/// A cluster that answers as the product does; `fault` may answer in its place, given the number of the page that is asked
/// for, or nothing where no page is.
fn cluster(product: As, fault: impl Fn(Option<u64>, &Asked) -> Option<Answer> + Send + Sync + 'static) -> HttpServer {
    HttpServer::start(move |asked| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let search = asked.method == "POST" && asked.path.contains("_search") && !asked.path.ends_with("point_in_time");
        let from = body["search_after"][0].as_u64().map(|last| last + 1);
        let from = from.or_else(|| body["scroll_id"].as_str().and_then(|id| id.parse().ok())).unwrap_or_default();
        let size = body["size"].as_u64().unwrap_or(100);
        if let Some(answer) = fault(search.then_some(from / size.max(1)), asked) {
            return answer;
        }
        let open = matches!(product, As::OpenSearch2 | As::OpenSearch3);
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/") if open => {
                Answer::json(json!({"version": {"distribution": "opensearch", "number": "2.11.0"}}))
            }
            ("GET", "/") => Answer::json(json!({"version": {"number": "8.1.0"}, "tagline": "You Know, for Search"})),
            ("GET", "/a/_mapping") => Answer::json(json!({"a": {"mappings": {"properties": {"n": {"type": "long"}}}}})),
            ("POST", "/a/_pit") if product == As::Elasticsearch8 => Answer::json(json!({"id": "pit"})),
            ("POST", "/a/_search/point_in_time") if open => {
                Answer::json(json!({"pit_id": "pit", "_shards": {"failed": 0}}))
            }
            ("POST", "/a/_pit" | "/a/_search/point_in_time") => {
                Answer::json(json!({"error": "no handler found for uri", "status": 400})).with_status(400)
            }
            ("DELETE", _) => Answer::json(json!({"succeeded": true})),
            ("POST", _) if search && product == As::OpenSearch2 && body["sort"][0]["_shard_doc"] == "asc" => {
                let reason = "No mapping found for [_shard_doc] in order to sort on";
                Answer::json(json!({"error": {"root_cause": [{"type": "query_shard_exception", "reason": reason}]}}))
                    .with_status(400)
            }
            ("POST", _) if search => hits(from, size),
            _ => Answer::status(404),
        }
    })
}

fn hits(from: u64, size: u64) -> Answer {
    let until = (from + size).min(DOCUMENTS);
    let hits: Vec<String> = (from..until)
        .map(|n| format!(r#"{{"_index":"a","_id":"{n}","_source":{},"sort":[{n}]}}"#, document(n)))
        .collect();
    Answer::json(format!(
        r#"{{"_scroll_id":"{until}","pit_id":"pit","timed_out":false,"_shards":{{"total":1,"failed":0}},"hits":{{"total":{{"value":{DOCUMENTS},"relation":"eq"}},"hits":[{}]}}}}"#,
        hits.join(",")
    ))
}

const READ: &str = r#"{"index": "a", "page_size": 100}"#;

fn made_up(server: &HttpServer) -> Connected {
    Connected::open("elasticsearch", &settings(&server.address().to_string()))
}

#[test]
fn every_product_is_read_in_its_own_way() {
    for (product, name, scrolls, opened, closed) in [
        (As::Elasticsearch8, "Elasticsearch 8.1.0", false, "/a/_pit", "/_pit"),
        (As::Elasticsearch79, "Elasticsearch 8.1.0", true, "/a/_pit", "/_search/scroll"),
        (As::OpenSearch3, "OpenSearch 2.11.0", false, "/a/_search/point_in_time", "/_search/point_in_time"),
        (As::OpenSearch2, "OpenSearch 2.11.0", true, "/a/_search/point_in_time", "/_search/scroll"),
    ] {
        let server = cluster(product, |_, _| None);
        let connected = made_up(&server);
        let got =
            connected.read(&serde_json::from_str(READ).unwrap()).unwrap_or_else(|error| panic!("{product:?}: {error}"));
        assert_eq!(got.rows() as u64, DOCUMENTS, "{product:?}");
        let last = r#"{"_id":"249","_index":"a","n":249,"price":249.10,"wide":123456789012345678901234567890,"o":{"e":1.0e5}}"#;
        assert_eq!(got.lines.last().unwrap(), last, "{product:?}: every digit is kept");
        assert_eq!(got.texts("price")[249].as_deref(), Some("249.10"));
        let said = connected.progress.lines().iter().any(|line| line.text.contains("by scrolling"));
        assert_eq!(said, scrolls, "{product:?}: another way is said in the log");
        let asked = server.asked();
        assert!(asked.iter().any(|asked| asked.path == opened), "{product:?}");
        let last = asked.last().unwrap();
        assert_eq!((last.method.as_str(), last.path.as_str()), ("DELETE", closed), "{product:?}: the view is closed");
        let (steps, _) = connected.check();
        assert!(steps.iter().any(|step| step.detail.starts_with(name)), "{product:?}: {steps:?}");
    }
}

#[test]
fn faults_are_errors_and_never_fewer_rows() {
    let shards = json!({"timed_out": false, "_shards": {"total": 5, "failed": 1, "failures": [{"reason": {"reason": "node left"}}]},
        "hits": {"total": {"value": 250, "relation": "eq"}, "hits": []}});
    let expired =
        json!({"error": {"root_cause": [{"type": "search_context_missing_exception", "reason": "No search context"}]}});
    let cases = [
        ("shards", Answer::json(&shards), Code::Unreachable, "1 of 5 shards failed"),
        ("timeout", Answer::json(json!({"timed_out": true, "hits": {"hits": []}})), Code::Unreachable, "gave up"),
        ("page", Answer::page("Sign in"), Code::Damaged, "web page titled \"Sign in\""),
        ("expired", Answer::json(expired).with_status(404), Code::Unreachable, "let go of the view"),
        ("repeated", hits(0, 100), Code::Damaged, "announced 250 documents and gave"),
        ("fewer", hits(250, 0), Code::Damaged, "announced 250 documents and gave 100"),
        ("no JSON", Answer::of("application/json", r#"{"hits":{"hits":["#), Code::Damaged, "no complete JSON"),
        (
            "signed out",
            Answer::json(json!({"error": "expired"})).with_status(401),
            Code::PermissionDenied,
            "credentials",
        ),
        ("forbidden", Answer::json(json!({"error": "no"})).with_status(403), Code::PermissionDenied, "refuses access"),
    ];
    for (what, answer, code, words) in cases {
        let server = cluster(As::Elasticsearch8, move |page, _| (page == Some(1)).then(|| answer.clone()));
        let error = made_up(&server).read(&serde_json::from_str(READ).unwrap()).err();
        let error = error.unwrap_or_else(|| panic!("{what} is an error"));
        assert_eq!(error.code, code, "{what}: {error}");
        assert!(error.message.contains(words), "{what}: {error}");
        assert_helpful(&error, what);
        assert_eq!(server.asked().last().unwrap().method, "DELETE", "{what}: the view is closed all the same");
    }
}

#[test]
fn a_busy_cluster_is_asked_again() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = cluster(As::Elasticsearch8, move |page, _| {
        let refuses = page == Some(1) && asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2;
        refuses.then(|| Answer::json(json!({"error": "es_rejected_execution_exception"})).with_status(429))
    });
    let got = made_up(&server).read(&serde_json::from_str(READ).unwrap()).expect("the third attempt succeeds");
    assert_eq!(got.rows() as u64, DOCUMENTS);
}

#[test]
fn the_first_node_that_answers_is_used() {
    let server = cluster(As::Elasticsearch8, |_, _| None);
    let address = format!("http://127.0.0.1:{}, {}", free_port(), server.url("/"));
    let got = Connected::open("elasticsearch", &json!({"address": address})).read(&serde_json::from_str(READ).unwrap());
    assert_eq!(got.unwrap().rows() as u64, DOCUMENTS);
}

#[test]
fn ways_to_sign_in_reach_the_cluster() {
    for (auth, expected) in [
        (json!({"auth": "basic", "user": "ann", "password": "pass"}), "Basic YW5uOnBhc3M="),
        (json!({"auth": "api_key", "api_key": "a2V5"}), "ApiKey a2V5"),
        (json!({"auth": "bearer", "token": "tok"}), "Bearer tok"),
    ] {
        let server = cluster(As::Elasticsearch8, |_, _| None);
        let mut settings = settings(&server.address().to_string());
        settings.as_object_mut().unwrap().extend(auth.as_object().unwrap().clone());
        Connected::open("elasticsearch", &settings).read(&serde_json::from_str(READ).unwrap()).unwrap();
        assert!(server.asked().iter().all(|asked| asked.header("authorization") == Some(expected)), "{auth}");
    }
}

#[test]
fn a_stalled_read_ends_with_its_cancel() {
    let server = cluster(As::Elasticsearch8, |page, _| (page == Some(1)).then(|| hits(100, 100).stall(50)));
    let connected = made_up(&server);
    let progress = connected.progress.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        progress.cancel();
        Instant::now()
    });
    let error = connected.read(&serde_json::from_str(READ).unwrap()).err().expect("it was cancelled");
    let cancelled = canceller.join().unwrap();
    assert_eq!(error.code, Code::Cancelled);
    assert!(cancelled.elapsed() < Duration::from_secs(1), "a cancel ends it within a second");
    assert_eq!(server.asked().last().unwrap().method, "DELETE", "the view is closed all the same");
}

#[test]
fn a_server_that_dies_is_no_half_read() {
    if skipped() {
        return;
    }
    let server = orders(0..5_000);
    let proxy = Proxy::start(server.port("elasticsearch"));
    let connected = Connected::open("elasticsearch", &settings(&format!("127.0.0.1:{}", proxy.port())));
    proxy.break_after(20_000, Break::Cut);
    let error = connected.read(&json!({"index": "orders"})).err().expect("half an index is an error");
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert_helpful(&error, "a dead server");
    proxy.mend();
    assert_eq!(connected.read(&json!({"index": "orders"})).unwrap().rows(), 5_000);
}
