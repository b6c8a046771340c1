//! MongoDB as a source: here against a stand-in with its own storage and filters, in the other files against a server of
//! the tests that also lists, sorts, projects, signs in and fails.

mod browsing;
mod choosing;
mod faults;
mod incremental;
mod safety;
mod store;

use std::time::{Duration, Instant};

use mongodb::Client;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Decimal128, Document, doc};
use pulse_core::Code;
use pulse_tests::services::http::{Answer, HttpServer};
use pulse_tests::services::noida::Noida;
use pulse_tests::services::proxy::{Break, Proxy};
use pulse_tests::services::{free_port, skipped};
use pulse_tests::{Connected, assert_helpful};
use serde_json::{Value, json};

/// A server with one collection, `shop.orders`.
struct Shop {
    server: Noida,
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Shop {
    fn open(documents: &[Document]) -> Self {
        let server = Noida::start(&["mongodb"]);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let address =
            format!("mongodb://{}/?directConnection=true&serverMonitoringMode=poll", server.address("mongodb"));
        let client = runtime.block_on(Client::with_uri_str(address)).unwrap();
        let shop = Self { server, runtime, client };
        shop.insert(documents);
        shop
    }

    /// By the plain command: the stand-in does not read documents beside the command, as the driver sends them.
    fn insert(&self, documents: &[Document]) {
        let database = self.client.database("shop");
        for some in documents.chunks(5000) {
            let told = self
                .runtime
                .block_on(async { database.run_command(doc! {"insert": "orders", "documents": some.to_vec()}).await });
            let count = told.as_ref().unwrap().get_i32("n").unwrap();
            assert_eq!(usize::try_from(count).unwrap(), some.len(), "{told:?}");
        }
    }

    fn connect(&self) -> Connected {
        Connected::open("mongodb", &settings(self.server.port("mongodb")))
    }
}

fn settings(port: u16) -> Value {
    json!({"host": "127.0.0.1", "port": port, "database": "shop"})
}

/// An order as different as orders of one collection are.
fn order(number: i32) -> Document {
    let id = ObjectId::from_parts(u32::try_from(number).unwrap(), [1; 5], [2; 3]);
    let total: Decimal128 = format!("{}.{:02}", number / 100, number % 100).parse().unwrap();
    let mut order = doc! {
        "_id": id,
        "number": number,
        "big": 9_007_199_254_740_993_i64 + i64::from(number),
        "weight": f64::from(number) / 4.0,
        "total": total,
        "at": DateTime::from_millis(1_704_067_200_000 + i64::from(number) * 1001),
        "code": format!("{number:07}"),
        "paid": number % 2 == 0,
        "customer": {"name": format!("Zoë {number}"), "points": 9_007_199_254_740_993_i64},
        "items": [{"sku": "a", "price": 1.5}, {"sku": "b", "price": 2.0}],
    };
    if number % 3 == 0 {
        order.insert("note", Bson::Null);
    } else if number % 3 == 1 {
        order.insert("note", "fragile");
    }
    order
}

fn line(number: i32) -> String {
    let whole = order(number);
    let at = 1_704_067_200_000 + i64::from(number) * 1001;
    let iso = DateTime::from_millis(at).try_to_rfc3339_string().unwrap();
    let (seconds, fraction) = iso.trim_end_matches('Z').split_once('.').unwrap_or((iso.trim_end_matches('Z'), ""));
    let weight = serde_json::to_string(&(f64::from(number) / 4.0)).unwrap();
    let note = match number % 3 {
        0 => r#","note":null"#,
        1 => r#","note":"fragile""#,
        _ => "",
    };
    format!(
        concat!(
            r#"{{"_id":"{}","number":{},"big":{},"weight":{},"total":{},"at":"{}.{:0<3}Z","code":"{:07}","paid":{},"#,
            r#""customer":{{"name":"Zoë {}","points":9007199254740993}},"#,
            r#""items":[{{"sku":"a","price":1.5}},{{"sku":"b","price":2.0}}]{}}}"#
        ),
        whole.get_object_id("_id").unwrap().to_hex(),
        number,
        9_007_199_254_740_993_i64 + i64::from(number),
        weight,
        format_args!("{}.{:02}", number / 100, number % 100),
        seconds,
        fraction,
        number,
        number % 2 == 0,
        number,
        note,
    )
}

#[test]
fn every_document_is_read_exactly() {
    if skipped() {
        return;
    }
    let shop = Shop::open(&(0..25_000).map(order).collect::<Vec<_>>());
    let got = shop.connect().read(&json!({"collection": "orders"})).expect("the collection is read");
    assert_eq!(got.lines.len(), 25_000);
    for (number, written) in (0..).zip(&got.lines) {
        assert_eq!(*written, line(number));
    }
    let expected = [
        "_id: str",
        "number: i64",
        "big: i64",
        "weight: f64",
        "total: decimal[18,2]",
        "at: datetime[μs, UTC]",
        "code: str",
        "paid: bool",
        "customer: str",
        "items: str",
        "note: str",
    ];
    assert_eq!(got.columns(), expected);
    assert_eq!(got.texts("big")[24_999].as_deref(), Some("9007199254765992"));
    assert_eq!(got.texts("code")[7].as_deref(), Some("0000007"));
    assert!(got.fetched.snapshot, "all documents were read");
    assert_eq!(got.fetched.key, ["_id"]);
    assert!(got.fetched.state.is_none());
    let origin = format!("mongodb://127.0.0.1:{}/shop/orders", shop.server.port("mongodb"));
    assert_eq!(got.fetched.origin, origin);
    assert_eq!(got.fetched.warnings, ["`note` is null in 8334 documents and missing in 8333; both are empty cells."]);
}

/// The stand-in knows filters only; for sorts and projections see `choosing`.
#[test]
fn what_is_read_can_be_chosen() {
    if skipped() {
        return;
    }
    let shop = Shop::open(&(0..30).map(order).collect::<Vec<_>>());
    let orders = shop.connect();
    let numbers = |selection: Value| {
        let mut selection = selection;
        selection["collection"] = "orders".into();
        let got = orders.read(&selection).unwrap_or_else(|error| panic!("{selection}: {error}"));
        (got.texts("number").into_iter().flatten().collect::<Vec<_>>().join(" "), got)
    };
    let cases = [
        (json!({"filter": r#"{"number": {"$lt": 3}}"#}), "0 1 2"),
        (json!({"filter": r#"{"customer.name": "Zoë 5"}"#}), "5"),
        (json!({"filter": r#"{"at": {"$date": "2024-01-01T00:00:01.001Z"}}"#}), "1"),
        (json!({"filter": r#"{"number": {"$gte": 20}}"#, "limit": 3}), "20 21 22"),
    ];
    for (selection, expected) in cases {
        assert_eq!(numbers(selection.clone()).0, expected, "{selection}");
    }
    let (_, got) = numbers(json!({"fields": ["number"], "limit": 1}));
    assert_eq!(got.rows(), 1);
    assert!(!got.fetched.snapshot, "some documents only say nothing about the others");
    let (_, got) = numbers(json!({"projection": r#"{"_id": 0, "number": 1}"#}));
    assert!(got.fetched.key.is_empty(), "without _id there is no key");
    let (none, got) = numbers(json!({"filter": r#"{"number": -1}"#}));
    assert!(none.is_empty() && got.rows() == 0, "nothing matches and that is no error");
    let preview = orders.read_with(&json!({"collection": "orders"}), None, Some(7)).unwrap();
    assert_eq!(preview.rows(), 7);
    for (selection, code, field) in [
        (json!({"collection": " "}), Code::InvalidInput, Some("collection")),
        (json!({"collection": "orders", "filter": "number > 3"}), Code::InvalidInput, Some("filter")),
        (json!({"collection": "orders", "sort": "number"}), Code::InvalidInput, Some("sort")),
        (json!({"collection": "orders", "incremental": "customer"}), Code::InvalidInput, Some("incremental")),
    ] {
        let error = orders.read(&selection).err().unwrap_or_else(|| panic!("{selection} is refused"));
        assert_eq!((error.code, error.field.as_deref()), (code, field), "{error}");
        assert_helpful(&error, &selection.to_string());
    }
}

/// The stand-in has no commands that list: the connection's own database is offered all the same.
#[test]
fn a_server_that_lists_nothing_is_told_apart() {
    if skipped() {
        return;
    }
    let shop = Shop::open(&[order(1)]);
    let connected = shop.connect();
    let databases = connected.browse(&[]).unwrap();
    assert_eq!(databases.entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["shop"]);
    assert!(databases.entries[0].opens);
    let error = connected.browse(&["shop"]).expect_err("its collections cannot be listed");
    assert_eq!(error.code, Code::Unsupported, "{error}");
    assert_helpful(&error, "listing collections");
}

#[test]
fn a_check_says_what_it_did_and_what_failed() {
    if skipped() {
        return;
    }
    let shop = Shop::open(&[order(1)]);
    let (steps, error) = shop.connect().check();
    assert!(error.is_none(), "{error:?}");
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["Find the host", "Connect", "TLS", "Sign in", "Read"]);
    assert!(
        steps[2].detail.starts_with("MongoDB ") && steps[2].detail.ends_with("not encrypted"),
        "{}",
        steps[2].detail
    );
    let page = HttpServer::start(|_| Answer::page("Welcome"));
    let port = shop.server.port("mongodb");
    let mut tls = settings(port);
    tls["tls"] = true.into();
    let cases = [
        (json!({"host": "no-such-host.invalid"}), "Find the host", Code::Unreachable),
        (settings(free_port()), "Connect", Code::Unreachable),
        (tls, "TLS", Code::Unreachable),
        (settings(page.address().port()), "TLS", Code::Unreachable),
    ];
    for (settings, failed, code) in cases {
        let (steps, error) = Connected::open("mongodb", &settings).check();
        let error = error.unwrap_or_else(|| panic!("{settings} fails"));
        assert_eq!((steps.last().unwrap().name.as_str(), error.code), (failed, code), "{settings}: {error}");
        assert_eq!(steps.last().unwrap().error.as_ref(), Some(&error));
        assert_helpful(&error, &settings.to_string());
    }
}

#[test]
fn a_server_that_dies_or_stalls_is_no_half_read() {
    if skipped() {
        return;
    }
    let shop = Shop::open(&(0..20_000).map(order).collect::<Vec<_>>());
    let proxy = Proxy::start(shop.server.port("mongodb"));
    let orders = Connected::open("mongodb", &settings(proxy.port()));
    proxy.break_after(500_000, Break::Cut);
    let error = orders.read(&json!({"collection": "orders"})).err().expect("half a collection is an error");
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert_helpful(&error, "a dead server");
    proxy.break_after(500_000, Break::Stall);
    let progress = orders.progress.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        progress.cancel();
        Instant::now()
    });
    let error = orders.read(&json!({"collection": "orders"})).err().expect("a stalled read was cancelled");
    let cancelled = canceller.join().unwrap();
    assert_eq!(error.code, Code::Cancelled);
    assert!(cancelled.elapsed() < Duration::from_secs(1), "a cancel ends it within a second");
    proxy.mend();
    let again = Connected::open("mongodb", &settings(proxy.port()));
    assert_eq!(again.read(&json!({"collection": "orders"})).unwrap().rows(), 20_000);
}
