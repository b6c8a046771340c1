//! The REST connector against a server with every kind of pages, sign-in and fault.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pulse_connect::{Check, Content, Fetched, Task, connect};
use pulse_core::{Code, Error, Progress, Result};
use pulse_tests::services::http::{Answer, Asked, HttpServer};
use serde_json::{Value, json};

/// The folders of reads, and how they are made.
struct Reads {
    folder: tempfile::TempDir,
    settings: Value,
    progress: Progress,
    limit: Option<u64>,
    state: Option<Value>,
    replay: Vec<PathBuf>,
}

/// What a read gave.
struct Got {
    lines: Vec<String>,
    fetched: Fetched,
}

impl Reads {
    fn of(server: &HttpServer) -> Self {
        let settings = json!({ "base_url": server.url("/v1"), "allow_private": true, "retries": 1 });
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("downloads")).unwrap();
        let (progress, limit, state, replay) = (Progress::new(), None, None, Vec::new());
        Self { folder, settings, progress, limit, state, replay }
    }

    fn set(mut self, more: Value) -> Self {
        merge(&mut self.settings, more);
        self
    }

    fn read(&self, selection: Value) -> Result<Got> {
        let scratch = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let task = Task {
            progress: &self.progress,
            scratch: &scratch,
            downloads: &self.folder.path().join("downloads"),
            limit: self.limit,
            state: self.state.as_ref(),
            replay: &self.replay,
        };
        let fetched = connect("rest", &self.settings)?.read(&selection, &task)?;
        let Content::Files { inputs, options } = &fetched.content else { panic!("records are files") };
        assert_eq!(options.format.as_deref(), Some("ndjson"));
        let text: String = inputs.iter().map(|input| std::fs::read_to_string(&input.path).unwrap()).collect();
        Ok(Got { lines: text.lines().map(str::to_owned).collect(), fetched })
    }

    fn fails(&self, selection: Value) -> Error {
        match self.read(selection) {
            Ok(got) => panic!("{} records were read", got.lines.len()),
            Err(error) => error,
        }
    }

    /// The files of unfinished reads.
    fn unfinished(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("downloads")).unwrap().count()
    }
}

impl Got {
    fn ids(&self) -> Vec<i64> {
        self.lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap()).collect()
    }

    fn detected(&self, name: &str) -> Option<&str> {
        self.fetched.detected.iter().find(|(known, _)| known == name).map(|(_, setting)| setting.value.as_str())
    }

    fn recording(&self) -> PathBuf {
        let landed = self.fetched.landed.iter().find(|landed| landed.recording);
        landed.expect("a recording is kept").path.clone()
    }
}

fn merge(into: &mut Value, more: Value) {
    for (name, value) in more.as_object().unwrap() {
        into[name] = value.clone();
    }
}

/// The records from `from` on, at most `count`, of 25.
fn records(from: u64, count: u64) -> Vec<Value> {
    (from..25.min(from + count)).map(|id| json!({ "id": id, "name": format!("n{id}") })).collect()
}

/// An API with every kind of pagination, ten records a page.
fn pages(asked: &Asked) -> Answer {
    let number = |name: &str, otherwise: u64| asked.number(name).unwrap_or(otherwise);
    let link = |page: u64| format!("http://{}{}?page={page}", asked.header("host").unwrap(), asked.path);
    let page = number("page", 1);
    let data = records(10 * (page.max(1) - 1), 10);
    let next = (page < 3).then(|| link(page + 1));
    let cursor = |name: &str| asked.param(name).map_or(0, |text| text.trim_start_matches('c').parse().unwrap());
    let next_cursor = |name: &str| (cursor(name) < 20).then(|| format!("c{}", cursor(name) + 10));
    match asked.path.as_str() {
        "/v1/link-header" => {
            let answer = Answer::json(json!(data));
            let first = format!("<{}>; rel=\"first\"", link(1));
            match next {
                Some(next) => answer.header("Link", format!("<{next}>; rel=\"next\", {first}")),
                None => answer.header("Link", first),
            }
        }
        "/v1/next" => Answer::json(json!({ "count": 25, "next": next, "previous": null, "results": data })),
        "/v1/odata" => match next {
            Some(next) => Answer::json(json!({ "@odata.context": "x", "value": data, "@odata.nextLink": next })),
            None => Answer::json(json!({ "@odata.context": "x", "value": data })),
        },
        "/v1/hal" => Answer::json(json!({ "_embedded": { "things": data }, "_links": { "next": { "href": next } } })),
        "/v1/fhir" => {
            let link = json!([{ "relation": "self", "url": "x" }]);
            let more = json!([{ "relation": "self", "url": "x" }, { "relation": "next", "url": next }]);
            Answer::json(json!({ "entry": data, "link": if page < 3 { more } else { link } }))
        }
        "/v1/relative" => {
            Answer::json(json!({ "items": data, "next_url": next.map(|_| format!("?page={}", page + 1)) }))
        }
        "/v1/cursor" => {
            let data = records(cursor("cursor"), 10);
            Answer::json(json!({ "data": data, "meta": { "next_cursor": next_cursor("cursor") } }))
        }
        "/v1/token" => {
            let data = records(cursor("pageToken"), 10);
            Answer::json(json!({ "items": data, "nextPageToken": next_cursor("pageToken").unwrap_or_default() }))
        }
        "/v1/after" => {
            let data = records(cursor("after"), 10);
            let paging = next_cursor("after").map(|after| json!({ "next": { "after": after } }));
            Answer::json(json!({ "results": data, "paging": paging }))
        }
        "/v1/relay" => {
            let data = records(cursor("after"), 10);
            let info =
                json!({ "endCursor": format!("c{}", cursor("after") + 10), "hasNextPage": cursor("after") < 20 });
            Answer::json(json!({ "nodes": data, "pageInfo": info }))
        }
        "/v1/stripe" => {
            let from = asked.number("starting_after").map_or(0, |last| last + 1);
            let data = records(from, 10);
            Answer::json(json!({ "object": "list", "data": data, "has_more": from + 10 < 25 }))
        }
        "/v1/page" => Answer::json(json!({ "page": page, "per_page": 10, "total": 25, "data": data })),
        "/v1/spring" => {
            let page = number("page", 0);
            let content = records(10 * page, 10);
            Answer::json(json!({ "content": content, "number": page, "totalPages": 3, "last": page == 2, "size": 10 }))
        }
        "/v1/offset" => {
            let (offset, limit) = (number("offset", 0), number("limit", 10));
            Answer::json(json!({ "offset": offset, "limit": limit, "total": 25, "records": records(offset, limit) }))
        }
        "/v1/jira" => {
            let start = number("startAt", 0);
            Answer::json(json!({ "startAt": start, "maxResults": 10, "total": 25, "issues": records(start, 10) }))
        }
        "/v1/bare-page" if page > 3 => Answer::status(404),
        "/v1/bare-page" => Answer::json(json!(data)),
        "/v1/bare-skip" => Answer::json(json!(records(number("$skip", 0), 10))),
        "/v1/post" => {
            let body: Value = serde_json::from_slice(&asked.body).unwrap();
            let from = body["variables"]["after"].as_str().map_or(0, |text| text[1..].parse().unwrap());
            let info = json!({ "endCursor": format!("c{}", from + 10), "hasNextPage": from < 20 });
            Answer::json(json!({ "data": { "things": { "nodes": records(from, 10), "pageInfo": info } } }))
        }
        "/v1/one" => Answer::json(json!({ "id": 7, "tags": ["a", "b"] })),
        "/v1/lines" => Answer::of("application/x-ndjson", "{\"id\": 1}\n\n{\"id\": 2}\n"),
        _ => Answer::status(404),
    }
}

#[test]
fn pages_are_found_out() {
    let server = HttpServer::start(pages);
    let reads = Reads::of(&server);
    let cases = [
        ("link-header", "link_header", "$"),
        ("next", "next_link", "results"),
        ("odata", "next_link", "value"),
        ("hal", "next_link", "_embedded.things"),
        ("fhir", "next_link", "entry"),
        ("relative", "next_link", "items"),
        ("cursor", "cursor", "data"),
        ("token", "cursor", "items"),
        ("after", "cursor", "results"),
        ("relay", "cursor", "nodes"),
        ("stripe", "cursor", "data"),
        ("page", "page", "data"),
        ("spring", "page", "content"),
        ("offset", "offset", "records"),
        ("jira", "offset", "issues"),
        ("bare-page?page=1", "page", "$"),
        ("bare-skip?$skip=0", "offset", "$"),
    ];
    for (path, pagination, records) in cases {
        let got = reads.read(json!({ "path": path })).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(got.detected("pagination"), Some(pagination), "{path}: {:?}", got.fetched.detected);
        assert_eq!(got.detected("records_path"), Some(records), "{path}");
        assert_eq!(got.ids(), (0..25).collect::<Vec<_>>(), "{path}");
        assert!(got.fetched.snapshot && got.fetched.warnings.is_empty(), "{path}: {:?}", got.fetched.warnings);
    }
    assert_eq!(reads.unfinished(), 0);
    for (path, expected) in [("one", "[7]"), ("lines", "[1, 2]")] {
        let got = reads.read(json!({ "path": path })).unwrap();
        assert_eq!(
            (format!("{:?}", got.ids()).as_str(), got.detected("pagination")),
            (expected, Some("none")),
            "{path}"
        );
    }
}

#[test]
fn chosen_pages_win() {
    let server = HttpServer::start(pages);
    let reads = Reads::of(&server);
    let cases = [
        json!({ "path": "link-header", "pagination": "link_header" }),
        json!({ "path": "next", "pagination": "next_link", "next_path": "next", "records_path": "results" }),
        json!({ "path": "cursor", "pagination": "cursor", "cursor_path": "meta.next_cursor", "cursor_param": "cursor" }),
        json!({ "path": "stripe", "pagination": "cursor", "cursor_path": "data.-1.id", "cursor_param": "starting_after",
            "stop_path": "has_more", "stop_value": "false" }),
        json!({ "path": "page", "pagination": "page", "total_path": "total" }),
        json!({ "path": "spring", "pagination": "page", "page_start": 0, "stop_path": "last", "stop_value": "true" }),
        json!({ "path": "offset", "pagination": "offset", "limit_param": "limit", "page_size": 7, "stop_on_short_page": true }),
        json!({ "path": "bare-page", "pagination": "page" }),
        json!({ "path": "post", "method": "post", "body": "{\"query\": \"q\", \"variables\": {\"n\": 1}}", "params_in": "body",
            "pagination": "cursor", "cursor_path": "data.things.pageInfo.endCursor", "cursor_param": "variables.after",
            "stop_path": "data.things.pageInfo.hasNextPage", "stop_value": "false" }),
    ];
    for selection in cases {
        let got = reads.read(selection.clone()).unwrap_or_else(|error| panic!("{selection}: {error}"));
        assert_eq!(got.ids(), (0..25).collect::<Vec<_>>(), "{selection}");
    }
    let asked = server.asked();
    let sizes: Vec<_> =
        asked.iter().filter(|asked| asked.path == "/v1/offset").map(|asked| asked.query.clone()).collect();
    assert_eq!(sizes.len(), 4, "the short page is the last: {sizes:?}");
    assert_eq!(
        asked.iter().rfind(|asked| asked.path == "/v1/post").unwrap().text(),
        "{\"query\":\"q\",\"variables\":{\"n\":1,\"after\":\"c20\"}}"
    );
    let one = reads.read(json!({ "path": "page", "pagination": "none" })).unwrap();
    assert_eq!(one.lines.len(), 10);
    let capped = reads.read(json!({ "path": "page", "max_pages": 2 })).unwrap();
    assert_eq!((capped.lines.len(), capped.fetched.snapshot), (20, false));
    assert!(capped.fetched.warnings[0].contains("after 2 pages"), "{:?}", capped.fetched.warnings);
    for (selection, field) in [
        (json!({ "path": "next", "pagination": "next_link" }), "next_path"),
        (json!({ "path": "cursor", "pagination": "cursor", "cursor_path": "x" }), "cursor_param"),
        (json!({ "path": "next", "records_path": "wrong.place" }), "records_path"),
        (json!({ "path": "next", "method": "post", "body": "{" }), "body"),
    ] {
        assert_eq!(reads.fails(selection).field.as_deref(), Some(field));
    }
}

#[test]
fn pages_that_repeat_for_ever_are_an_error() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/v1/circle" => Answer::json(json!({ "data": records(0, 5), "next": "/v1/circle" })),
        "/v1/deaf" => Answer::json(json!({ "data": records(0, 5), "page": 1, "total": 25 })),
        _ => {
            let cursor = asked.number("cursor").unwrap_or(0) + 1;
            Answer::json(json!({ "data": [], "next_cursor": cursor }))
        }
    });
    for path in ["circle", "deaf"] {
        let error = Reads::of(&server).fails(json!({ "path": path }));
        assert_eq!((error.code, error.field.as_deref()), (Code::InvalidInput, Some("pagination")), "{path}: {error}");
        let preview = Reads { limit: Some(100), ..Reads::of(&server) }.read(json!({ "path": path })).unwrap();
        assert_eq!(preview.ids(), [0, 1, 2, 3, 4], "{path}");
        assert!(preview.fetched.warnings[0].contains("again and again"), "{:?}", preview.fetched.warnings);
    }
    let empty = Reads::of(&server).read(json!({ "path": "empty", "max_pages": 50 })).unwrap();
    assert_eq!((empty.lines.len(), server.asked().iter().filter(|asked| asked.path == "/v1/empty").count()), (0, 50));
}

#[test]
fn every_way_of_signing_in_works() {
    let server = HttpServer::start(|asked| {
        let header = |name: &str, value: &str| asked.header(name) == Some(value);
        let good = match asked.path.as_str() {
            "/v1/header" => header("x-key", "k-1"),
            "/v1/query" => asked.param("api_key").as_deref() == Some("k 1&"),
            "/v1/bearer" => header("authorization", "Bearer t-1"),
            "/v1/basic" => header("authorization", "Basic dXNlcjpww6RzczpvcmQ="),
            "/v1/extra" => header("x-one", "1") && header("x-two", "s:2") && header("x-three", "3"),
            _ => true,
        };
        if good { Answer::json("[{\"id\": 1}]") } else { Answer::status(401) }
    });
    let cases = [
        ("header", json!({ "auth": "api_key_header", "key_name": "X-Key", "api_key": "k-1" })),
        ("query", json!({ "auth": "api_key_query", "key_name": "api_key", "api_key": "k 1&" })),
        ("bearer", json!({ "auth": "bearer", "token": "t-1\n" })),
        ("basic", json!({ "auth": "basic", "user": "user", "password": "päss:ord" })),
        ("extra", json!({ "headers": [{ "name": "X-One", "value": "1" }], "secret_headers": "X-Two: s:2\n" })),
    ];
    for (path, settings) in cases {
        let reads = Reads::of(&server).set(settings);
        let headers = json!([{ "name": "X-Three", "value": "3" }]);
        let got =
            reads.read(json!({ "path": path, "headers": headers })).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(got.ids(), [1]);
        let recording = std::fs::read_to_string(got.recording()).unwrap();
        for secret in ["k-1", "k 1&", "k+1%26", "t-1", "päss", "s:2"] {
            assert!(!recording.contains(secret), "{path}: {recording}");
        }
        let error = Reads::of(&server).fails(json!({ "path": path }));
        assert_eq!(error.code, Code::PermissionDenied, "{error}");
    }
    for (settings, field) in [
        (json!({ "auth": "bearer" }), "token"),
        (json!({ "auth": "api_key_query", "api_key": "x" }), "key_name"),
        (json!({ "auth": "oauth2_client", "token_url": "nonsense" }), "token_url"),
        (json!({ "secret_headers": "no colon" }), "secret_headers"),
        (json!({ "base_url": "not an address" }), "base_url"),
    ] {
        let error = Reads::of(&server).set(settings).fails(json!({ "path": "x" }));
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
    }
}

#[test]
fn oauth_tokens_are_given_renewed_once_and_refreshed() {
    let given = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&given);
    let server = HttpServer::start(move |asked| match asked.path.as_str() {
        "/token" => {
            let text = asked.text();
            let client = text.contains("grant_type=client_credentials") && text.contains("client_secret=s3cret");
            let refresh = text.contains("grant_type=refresh_token") && text.contains("refresh_token=r-1");
            let basic = asked.header("authorization") == Some("Basic aWQ6czNjcmV0");
            if !(client || refresh || basic) {
                return Answer::json("{\"error\": \"invalid_client\", \"error_description\": \"no s3cret\"}")
                    .with_status(401);
            }
            let number = count.fetch_add(1, SeqCst) + 1;
            Answer::json(json!({ "access_token": format!("a-{number}"), "expires_in": 3600, "token_type": "bearer" }))
        }
        // The first token is taken back after two pages.
        "/v1/things" => {
            let page = asked.number("page").unwrap_or(1);
            let expected = if page <= 2 { "Bearer a-1" } else { "Bearer a-2" };
            match asked.header("authorization") == Some(expected) {
                true => Answer::json(json!({ "page": page, "total": 25, "data": records(10 * (page - 1), 10) })),
                false => Answer::json("{\"message\": \"expired\"}").with_status(401),
            }
        }
        _ => Answer::json("{\"message\": \"never\"}").with_status(401),
    });
    let client = json!({ "auth": "oauth2_client", "token_url": server.url("/token"), "client_id": "id", "client_secret": "s3cret" });
    let got = Reads::of(&server).set(client.clone()).read(json!({ "path": "things" })).unwrap();
    assert_eq!((got.ids().len(), given.load(SeqCst)), (25, 2));
    given.store(0, SeqCst);
    let error = Reads::of(&server).set(client.clone()).fails(json!({ "path": "never" }));
    assert_eq!((error.code, given.load(SeqCst)), (Code::PermissionDenied, 2), "renewed once: {error}");
    let settings = [
        json!({ "auth": "oauth2_refresh", "refresh_token": "r-1", "client_secret": "" }),
        json!({ "client_sent_in": "header" }),
    ];
    for more in settings {
        given.store(0, SeqCst);
        let reads = Reads::of(&server).set(client.clone()).set(more);
        assert_eq!(reads.read(json!({ "path": "things" })).unwrap().ids().len(), 25);
    }
    let error =
        Reads::of(&server).set(client).set(json!({ "client_secret": "wrong-s3cr" })).fails(json!({ "path": "things" }));
    assert!(
        error.message.starts_with("No access token was given") && error.field.as_deref() == Some("token_url"),
        "{error}"
    );
    assert!(!error.to_string().contains("wrong-s3cr"));
}

#[test]
fn credentials_stay_with_their_host() {
    let other = HttpServer::start(|_| Answer::json("[{\"id\": 2}]"));
    let elsewhere = other.url("/more");
    let server = HttpServer::start(move |asked| match asked.path.as_str() {
        "/v1/link" => Answer::json(json!({ "items": [{ "id": 1 }], "next": elsewhere })),
        "/v1/redirect" => Answer::redirect(302, &elsewhere),
        _ => Answer::redirect(302, "http://169.254.169.254/latest/meta-data"),
    });
    let settings = json!({ "auth": "bearer", "token": "t-1", "secret_headers": "X-Key: k-1" });
    for path in ["link", "redirect"] {
        let reads = Reads::of(&server).set(settings.clone());
        let selection = json!({ "path": path, "records_path": if path == "link" { "" } else { "$" } });
        let _ = reads.read(selection);
    }
    assert_eq!(other.asked().len(), 2);
    for asked in other.asked() {
        assert!(asked.header("authorization").is_none() && asked.header("x-key").is_none(), "{asked:?}");
    }
    let error = Reads::of(&server).set(settings.clone()).fails(json!({ "path": "metadata" }));
    assert_eq!(error.code, Code::PermissionDenied, "{error}");
    let error = Reads::of(&server).set(json!({ "allow_private": false })).fails(json!({ "path": "x" }));
    assert_eq!((error.code, error.field.as_deref()), (Code::PermissionDenied, Some("allow_private")));
    let port = server.address().port();
    let name = json!({ "allow_private": false, "base_url": format!("http://localhost:{port}/v1") });
    let error = Reads::of(&server).set(name).fails(json!({ "path": "x" }));
    assert_eq!(error.code, Code::PermissionDenied, "a name that leads to a private address: {error}");
}

#[test]
fn bad_answers_are_clear_errors() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/v1/page" => Answer::page("Sign in"),
        "/v1/text" => Answer::of("text/csv", "a,b\n1,2\n"),
        "/v1/cut" => Answer::json("{\"data\": [{\"id\": 1}, {\"id\""),
        "/v1/huge" => Answer::of("application/json", vec![b' '; 1 << 20]).repeat(2_000_000_000),
        "/v1/silent" => Answer::json("[]").silent(),
        "/v1/stall" => Answer::json("[{\"id\": 1}, {\"id\": 2}]").stall(8),
        "/v1/reset" => Answer::json("[]").reset(),
        "/v1/late-error" if asked.number("page") == Some(2) => Answer::json("{\"error\": \"quota exceeded\"}"),
        "/v1/late-error" => Answer::json(json!({ "page": 1, "total": 25, "data": records(0, 10) })),
        "/v1/graph" => Answer::json("{\"errors\": [{\"message\": \"no such field\"}], \"data\": null}"),
        "/v1/soft" => Answer::json("{\"ok\": false, \"error\": \"bad key\"}"),
        "/v1/403" => Answer::json("{\"message\": \"not yours\"}").with_status(403),
        "/v1/500" => Answer::status(500),
        _ => Answer::status(404),
    });
    let reads = Reads::of(&server)
        .set(json!({ "idle_timeout_seconds": 1, "connect_timeout_seconds": 1, "max_response_mb": 3 }));
    let cases = [
        ("page", Code::Damaged, "a web page titled \"Sign in\" instead of JSON"),
        ("text", Code::Damaged, "text/csv"),
        ("cut", Code::Damaged, "is not JSON"),
        ("huge", Code::LimitExceeded, "3 MB"),
        ("silent", Code::Unreachable, "did not answer"),
        ("stall", Code::Unreachable, "stopped in the middle"),
        ("reset", Code::Unreachable, "broke the connection off"),
        ("late-error", Code::Damaged, "quota exceeded"),
        ("graph", Code::Damaged, "no such field"),
        ("soft", Code::Damaged, "bad key"),
        ("403", Code::PermissionDenied, "not yours"),
        ("500", Code::Unreachable, "500"),
        ("nothing", Code::NotFound, "404"),
    ];
    for (path, code, words) in cases {
        let error = reads.fails(json!({ "path": path, "query": [{ "name": "token", "value": "s3cret" }] }));
        assert_eq!(error.code, code, "{path}: {error}");
        assert!(error.to_string().contains(words) && error.hint.is_some(), "{path}: {error}");
        assert!(!error.to_string().contains("s3cret"), "{path}: {error}");
    }
}

#[test]
fn a_cancel_ends_a_stalled_read_within_a_second() {
    let server = HttpServer::start(|asked| match asked.number("page").unwrap_or(1) {
        2 => Answer::json(json!([])).silent(),
        page => Answer::json(json!({ "page": page, "total": 25, "data": records(0, 10) })),
    });
    let reads = Reads::of(&server);
    let progress = reads.progress.clone();
    let canceller = std::thread::spawn(move || {
        while progress.counts().rows < 10 {
            std::thread::sleep(Duration::from_millis(10));
        }
        progress.cancel();
        Instant::now()
    });
    assert_eq!(reads.fails(json!({ "path": "things" })).code, Code::Cancelled);
    assert!(canceller.join().unwrap().elapsed() < Duration::from_secs(1));
    assert_eq!(reads.unfinished(), 1, "what was read is kept");
}

#[test]
fn a_read_goes_on_after_its_last_complete_page() {
    let broken = Arc::new(AtomicUsize::new(1));
    let breaks = Arc::clone(&broken);
    let server = HttpServer::start(move |asked| match (asked.path.as_str(), asked.number("page").unwrap_or(1)) {
        (_, 3) if breaks.load(SeqCst) == 1 => Answer::json("[]").reset(),
        (_, page) => {
            Answer::json(json!({ "page": page, "per_page": 10, "total": 25, "data": records(10 * (page - 1), 10) }))
        }
    });
    let reads = Reads::of(&server);
    let selection = json!({ "path": "things" });
    assert_eq!(reads.fails(selection.clone()).code, Code::Unreachable);
    // The last line of the part may have been cut off by a crash.
    let part = std::fs::read_dir(reads.folder.path().join("downloads")).unwrap().next().unwrap().unwrap().path();
    let mut text = std::fs::read_to_string(&part).unwrap();
    text.push_str("{\"key\": \"cut o");
    std::fs::write(&part, text).unwrap();
    broken.store(0, SeqCst);
    let before = server.asked().len();
    let got = reads.read(selection.clone()).unwrap();
    assert_eq!(got.ids(), (0..25).collect::<Vec<_>>());
    let asked: Vec<_> = server.asked()[before..].iter().map(|asked| asked.number("page").unwrap_or(1)).collect();
    assert_eq!(asked, [3, 4], "pages 1 and 2 were kept");
    assert_eq!(reads.unfinished(), 0);
    // The recording is whole: it gives the same rows again.
    let replayed = Reads { replay: vec![got.recording()], ..Reads::of(&server) }.set(reads.settings.clone());
    assert_eq!(replayed.read(selection).unwrap().lines, got.lines);
}

#[test]
fn recordings_are_played_without_the_network() {
    let server = HttpServer::start(pages);
    let reads = Reads::of(&server).set(json!({ "auth": "bearer", "token": "t-1" }));
    let selections = ["link-header", "next", "relative", "cursor", "page", "offset", "bare-page?page=1"];
    let gots: Vec<_> = selections.iter().map(|path| reads.read(json!({ "path": path })).unwrap()).collect();
    let (settings, asked) = (reads.settings.clone(), server.asked().len());
    for (path, got) in selections.iter().zip(gots) {
        let replay = Reads { replay: vec![got.recording()], ..Reads::of(&server) }.set(settings.clone());
        let again = replay.read(json!({ "path": path })).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(again.lines, got.lines, "{path}");
        assert_eq!(again.fetched.detected, got.fetched.detected, "{path}");
        let error = replay.fails(json!({ "path": "something else" }));
        assert_eq!(error.code, Code::NotFound, "{error}");
    }
    assert_eq!(server.asked().len(), asked, "nothing was asked");
}

#[test]
fn digits_order_and_changing_pages_are_kept() {
    let server = HttpServer::start(|asked| match asked.number("page").unwrap_or(1) {
        1 => Answer::json(
            "{\"page\": 1, \"total\": 3, \"data\": [{\"z\": 12345678901234567890.10, \"a\": {\"x\": 1.50, \"e\": []}}]}",
        ),
        2 => Answer::json(
            "{\"page\": 2, \"total\": 3, \"data\": [{\"a\": {\"y\": \"\\u00e9\"}, \"new\": true}, {\"a\": \"text\"}]}",
        ),
        _ => Answer::json("{\"page\": 3, \"total\": 3, \"data\": []}"),
    });
    let reads = Reads::of(&server);
    let flat = reads.read(json!({ "path": "x" })).unwrap();
    let expected = [
        "{\"z\":12345678901234567890.10,\"a.x\":1.50,\"a.e\":[]}",
        "{\"a.y\":\"\\u00e9\",\"new\":true}",
        "{\"a\":\"text\"}",
    ];
    assert_eq!(flat.lines, expected);
    let kept = reads.read(json!({ "path": "x", "nested": "keep" })).unwrap();
    assert_eq!(kept.lines[0], "{\"z\":12345678901234567890.10,\"a\":{\"x\":1.50,\"e\":[]}}");
    let Content::Files { inputs, options } = &flat.fetched.content else { panic!("records are files") };
    let read = pulse_connect::read(inputs, options, reads.folder.path(), &Progress::new()).unwrap();
    assert_eq!((read.records, read.rows, read.rejected), (3, 3, 0));
    let frame = read.frame.collect().unwrap();
    let z = frame.column("z").unwrap().cast(&polars::prelude::DataType::String).unwrap();
    assert_eq!(z.str().unwrap().get(0), Some("12345678901234567890.10"));
    assert!(flat.fetched.sample.as_deref().unwrap().contains("12345678901234567890.10"));
}

#[test]
fn more_than_came_is_not_passed_over() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/v1/total" => Answer::json(json!({ "total": 25, "data": records(0, 10) })),
        "/v1/more" => Answer::json(json!({ "has_more": true, "data": records(0, 10) })),
        _ => Answer::json(json!({ "total": 10, "error": null, "data": records(0, 10) })),
    });
    for (path, warnings) in [("total", 1), ("more", 1), ("all", 0)] {
        let got = Reads::of(&server).read(json!({ "path": path })).unwrap();
        let found = (got.lines.len(), got.fetched.warnings.len(), got.fetched.snapshot);
        assert_eq!(found, (10, warnings, warnings == 0), "{path}: {:?}", got.fetched.warnings);
    }
}

#[test]
fn a_preview_reads_the_first_pages() {
    let server = HttpServer::start(pages);
    let preview = |limit, path: &str| {
        let before = server.asked().len();
        let got = Reads { limit: Some(limit), ..Reads::of(&server) }.read(json!({ "path": path })).unwrap();
        (got.lines.len(), server.asked().len() - before, got.fetched.snapshot)
    };
    assert_eq!(preview(5, "next"), (10, 1, false));
    assert_eq!(preview(1000, "offset"), (25, 3, false), "three pages are enough");
}

/// Changes by the second: record `n` was changed at second `n`; `extra` come late.
fn changes(asked: &Asked, extra: &Mutex<Vec<u64>>) -> Answer {
    let since = asked.param("since").map_or(0, |text| text[17..19].parse::<u64>().unwrap());
    let late = extra.lock().unwrap().clone();
    let all = (0..10).chain(late).filter(|second| *second >= since);
    Answer::json(json!(
        all.map(|s| json!({ "id": s, "changed": format!("2024-05-06T07:08:{s:02}Z") })).collect::<Vec<_>>()
    ))
}

#[test]
fn only_what_is_new_is_read_less_the_lag() {
    let extra = Arc::new(Mutex::new(Vec::new()));
    let late = Arc::clone(&extra);
    let server = HttpServer::start(move |asked| changes(asked, &late));
    let selection = json!({ "path": "changes", "cursor_field": "changed", "cursor_query": "since",
        "cursor_start": "2024-05-06T07:08:03Z", "cursor_lag": 2 });
    let mut reads = Reads::of(&server);
    let first = reads.read(selection.clone()).unwrap();
    assert_eq!((first.ids(), first.fetched.snapshot), ((3..10).collect(), false));
    assert_eq!(first.fetched.state, Some(json!({ "cursor": "2024-05-06T07:08:09Z" })));
    extra.lock().unwrap().extend([8, 12]);
    reads.state = first.fetched.state;
    let second = reads.read(selection.clone()).unwrap();
    assert_eq!(second.ids(), [7, 8, 9, 8, 12], "two seconds are read again");
    assert_eq!(second.fetched.state, Some(json!({ "cursor": "2024-05-06T07:08:12Z" })));
    let query = server.asked().pop().unwrap().param("since").unwrap();
    assert_eq!(query, "2024-05-06T07:08:07Z");
    let placeholder =
        json!({ "path": "changes", "cursor_field": "changed", "query": [{ "name": "since", "value": "{cursor}" }] });
    assert_eq!(reads.read(placeholder.clone()).unwrap().ids(), [9, 12]);
    reads.state = None;
    assert_eq!(reads.read(placeholder).unwrap().ids().len(), 12, "everything without a start");
    let wrong = json!({ "path": "changes", "cursor_field": "wrong", "cursor_query": "since" });
    assert_eq!(reads.fails(wrong).field.as_deref(), Some("cursor_field"));
    let unasked = json!({ "path": "changes", "cursor_field": "changed" });
    assert_eq!(reads.fails(unasked).field.as_deref(), Some("cursor_query"));
}

#[test]
fn children_are_read_for_each_parent() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/v1/orders" => Answer::json(
            json!({ "orders": [{ "id": "a/1", "customer": { "n": 5 } }, { "id": "b" }, { "no": 1 }, { "id": "c" }] }),
        ),
        "/v1/orders/a%2F1/items" => {
            let page = asked.number("page").unwrap_or(1);
            let items =
                if page < 3 { vec![json!({ "id": 10 * page }), json!({ "id": 10 * page + 1 })] } else { Vec::new() };
            Answer::json(json!({ "page": page, "total": 4, "items": items }))
        }
        "/v1/orders/b/items" => Answer::json("{\"items\": [{\"id\": 7.50}]}"),
        _ => Answer::status(404),
    });
    let reads = Reads::of(&server);
    let selection =
        json!({ "path": "orders", "child_path": "orders/{id}/items", "parent_fields": ["id", "customer.n"] });
    let got = reads.read(selection.clone()).unwrap();
    let expected = [
        "{\"_parent_id\":\"a/1\",\"_parent_customer.n\":5,\"id\":10}",
        "{\"_parent_id\":\"a/1\",\"_parent_customer.n\":5,\"id\":11}",
        "{\"_parent_id\":\"a/1\",\"_parent_customer.n\":5,\"id\":20}",
        "{\"_parent_id\":\"a/1\",\"_parent_customer.n\":5,\"id\":21}",
        "{\"_parent_id\":\"b\",\"_parent_customer.n\":null,\"id\":7.50}",
    ];
    assert_eq!(got.lines, expected);
    assert_eq!(got.fetched.warnings.len(), 2, "one without an id, one without children: {:?}", got.fetched.warnings);
    assert_eq!(got.detected("child_records_path"), Some("items"));
    let replay = Reads { replay: vec![got.recording()], ..Reads::of(&server) };
    assert_eq!(replay.read(selection).unwrap().lines, got.lines);
}

#[test]
fn limits_of_requests_are_kept() {
    let server = HttpServer::start(|asked| {
        let page = asked.number("page").unwrap_or(1);
        let answer =
            Answer::json(json!({ "page": page, "per_page": 3, "total": 25, "data": records(3 * (page - 1), 3) }));
        match (asked.path.as_str(), page) {
            ("/v1/told", 2) => answer.header("X-RateLimit-Remaining", 0).header("X-RateLimit-Reset", 1),
            _ => answer,
        }
    });
    let reads = Reads::of(&server).set(json!({ "rate_requests": 4, "rate_seconds": 1 }));
    assert_eq!(reads.read(json!({ "path": "own" })).unwrap().lines.len(), 25);
    let times: Vec<_> = server.asked().iter().map(|asked| asked.at).collect();
    assert!(times.windows(5).all(|five| five[4] - five[0] > Duration::from_millis(900)), "{times:?}");
    let began = Instant::now();
    assert_eq!(Reads::of(&server).read(json!({ "path": "told" })).unwrap().lines.len(), 25);
    assert!(began.elapsed() > Duration::from_millis(900));
}

#[test]
fn a_check_says_what_it_did() {
    let server = HttpServer::start(|asked| match (asked.path.as_str(), asked.header("authorization")) {
        ("/v1/status", Some("Bearer t-1")) => Answer::json("{}"),
        ("/v1/status", _) => Answer::status(401),
        _ => Answer::status(404),
    });
    let check = |settings: Value| {
        let progress = Progress::new();
        let mut check = Check { progress: &progress, steps: Vec::new() };
        let outcome = connect("rest", &Reads::of(&server).set(settings).settings).unwrap().check(&mut check);
        (outcome.map_err(|error| error.code), check.steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>())
    };
    let steps = ["Connect", "Sign in", "Read"].map(str::to_owned).to_vec();
    let good = json!({ "auth": "bearer", "token": "t-1", "test_path": "status" });
    assert_eq!(check(good), (Ok(()), steps.clone()));
    assert_eq!(check(json!({})), (Ok(()), steps.clone()), "an API may have nothing at its own address");
    let wrong = json!({ "auth": "bearer", "token": "t-2", "test_path": "status" });
    assert_eq!(check(wrong), (Err(Code::PermissionDenied), steps));
    let nowhere = json!({ "base_url": "http://nowhere.invalid/v1" });
    assert_eq!(check(nowhere), (Err(Code::Unreachable), vec!["Connect".to_owned()]));
}

#[test]
fn connection_strings_become_settings() {
    let cases = [
        ("rest+https://api.test/v1", json!({ "base_url": "https://api.test/v1" })),
        (
            "rest+http://u:p%40@a.test:81/x?allow_private=true&verify_tls=false",
            json!({ "auth": "basic", "user": "u", "password": "p@", "allow_private": true, "verify_tls": false, "base_url": "http://a.test:81/x" }),
        ),
        ("rest+https://:tok@api.test", json!({ "auth": "bearer", "token": "tok", "base_url": "https://api.test/" })),
    ];
    for (text, expected) in cases {
        assert_eq!(pulse_connect::from_url(text).unwrap(), ("rest", expected), "{text}");
    }
}

#[test]
fn the_server_sets_the_pace() {
    let page: Arc<str> = {
        let record = |id: u64| json!({ "id": id, "name": format!("customer {id}"), "amount": 12.5, "at": "2024-05-06T07:08:09Z" });
        json!((0..1000).map(record).collect::<Vec<_>>()).to_string().into()
    };
    let server = HttpServer::start(move |asked| {
        let number = asked.number("page").unwrap_or(1);
        // Pages must differ.
        let body = page.replacen("\"id\":0", &format!("\"id\":{number}"), 1);
        if number > 100 { Answer::json("[]") } else { Answer::json(body) }
    });
    let began = Instant::now();
    let got = Reads::of(&server).read(json!({ "path": "many?page=1" })).unwrap();
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(got.lines.len(), 100_000);
    let rate = 100_000.0 / seconds;
    println!("{rate:.0} records/s");
    assert!(rate > 10_000.0, "{rate:.0} records/s");
}
