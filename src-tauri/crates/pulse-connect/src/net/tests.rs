//! The HTTP client against a server with faults.

#[allow(dead_code, reason = "the server's other faults are for the connectors' tests")]
#[path = "../../../../../tests/services/http.rs"]
mod http;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use md5::Digest as _;
use pulse_core::{Code, Error, Progress, Result};

use self::http::{Answer, Asked, HttpServer};
use super::address::{Reach, reach, trusts};
use super::{Http, Policy, Rate, Reply, Request, recorded, shown, url};
use crate::Secret;

/// A policy that may reach the test's servers, also under made-up names, and is impatient.
fn policy(server: &HttpServer) -> Policy {
    Policy {
        allow_private: true,
        backoff: Duration::from_millis(5),
        retries: 2,
        idle_timeout: Duration::from_millis(400),
        known: vec![("api.test", server.address()), ("other.test", server.address())],
        ..Policy::default()
    }
}

fn get(server: &HttpServer, path: &str) -> Request {
    Request::get(url(&server.url(path), "url").unwrap())
}

fn fetch(policy: Policy, request: &Request) -> Result<Reply> {
    Http::new(policy).unwrap().fetch(request, &Progress::new())
}

fn fails(policy: Policy, request: &Request) -> Error {
    match fetch(policy, request) {
        Ok(reply) => panic!("{} was answered with {}", shown(&request.url), reply.status),
        Err(error) => error,
    }
}

#[test]
fn addresses_are_told_apart() {
    let cases = [
        (Reach::Public, "1.1.1.1 93.184.216.34 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 2606:4700::1111"),
        (Reach::Public, "::ffff:8.8.8.8 64:ff9b::808:808"),
        (Reach::Private, "127.0.0.1 127.9.9.9 10.0.0.1 172.16.0.1 172.31.9.9 192.168.1.1 100.64.0.1 100.127.1.1 ::1"),
        (
            Reach::Private,
            "fc00::1 fd00:ec2::254 ::ffff:127.0.0.1 ::ffff:10.1.1.1 ::127.0.0.1 64:ff9b::a00:1 2002:7f00:1::",
        ),
        (Reach::Private, "0.0.0.0 :: 192.0.2.1 198.18.0.1 2001:db8::1"),
        (Reach::Link, "169.254.169.254 169.254.0.1 fe80::1 ::ffff:169.254.169.254"),
        (Reach::Nowhere, "0.1.2.3 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255 ff02::1"),
    ];
    for (expected, addresses) in cases {
        for address in addresses.split(' ') {
            assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
        }
    }
}

#[test]
fn addresses_are_shown_without_secrets() {
    let parsed = |text: &str| url(text, "url").unwrap();
    let with_all = parsed("https://user:pass@api.test:8443/v1/a?page=2&api_key=abc&keyword=x&X-Amz-Signature=1#part");
    assert_eq!(shown(&with_all), "https://api.test:8443/v1/a");
    let kept = "https://api.test:8443/v1/a?page=2&api_key=…&keyword=x&X-Amz-Signature=…";
    assert_eq!(recorded(&with_all, &[]), kept);
    assert_eq!(recorded(&parsed("http://a.test/?q=secret&n=1"), &["q"]), "http://a.test/?q=…&n=1");
    assert_eq!(parsed("api.example.com/v1").as_str(), "https://api.example.com/v1");
    for (text, word) in [("not an address", "not one"), ("ftp://a.test", "begins with `ftp:`"), ("http://", "not one")]
    {
        let error = url(text, "url").unwrap_err();
        assert!(error.message.contains(word), "{text}: {error}");
        assert_eq!(error.field.as_deref(), Some("url"));
    }
}

#[test]
fn private_addresses_are_refused_as_numbers_as_names_and_after_redirects() {
    let server = HttpServer::start(|asked| match asked.param("to") {
        Some(to) => Answer::redirect(302, &to),
        None => Answer::json("1"),
    });
    let port = server.address().port();
    let strict = || Policy { allow_private: false, ..policy(&server) };
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0.0.0.0", "10.0.0.1"] {
        let direct = format!("http://{host}:{port}/");
        let error = fails(strict(), &Request::get(url(&direct, "url").unwrap()));
        assert_eq!((error.code, error.field.as_deref()), (Code::PermissionDenied, Some("allow_private")), "{host}");
        let by_redirect = url("http://api.test/", "url").unwrap();
        let error = fails(strict(), &Request::get(by_redirect).query("to", &direct));
        assert_eq!(error.code, Code::PermissionDenied, "redirect to {host}: {error}");
    }
    assert!(server.asked().iter().all(|asked| asked.param("to").is_some()), "no refused address was asked");
    let error = fails(policy(&server), &get(&server, "/").query("to", "http://169.254.169.254/latest/meta-data"));
    assert!(error.message.contains("A redirect leads to `169.254.169.254`"), "{error}");
    let error = fails(policy(&server), &get(&server, "/").query("to", "file:///etc/passwd"));
    assert_eq!(error.code, Code::InvalidInput, "{error}");
    assert_eq!(fetch(policy(&server), &get(&server, "/")).unwrap().body, b"1");
}

#[test]
fn redirects_keep_secrets_from_other_hosts() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/same" => Answer::redirect(307, "/end"),
        "/other" => Answer::redirect(302, &format!("http://other.test:{}/end", asked.param("port").unwrap())),
        "/circle" => Answer::redirect(302, "/circle"),
        "/post" => Answer::redirect(303, "/end"),
        _ => Answer::json("{}"),
    });
    let port = server.address().port();
    let ask = |path: &str| {
        let request = Request::get(url(&format!("http://api.test:{port}{path}"), "url").unwrap());
        let request = request.bearer(&"token-1".into()).unwrap().secret_header("X-Api-Key", &"key-1".into()).unwrap();
        let request = request.header("Cookie", "a=b").unwrap().header("Accept", "application/json").unwrap();
        fetch(policy(&server), &request).map(|_| server.asked().pop().unwrap())
    };
    let same = ask("/same").unwrap();
    assert_eq!((same.header("authorization"), same.header("x-api-key")), (Some("Bearer token-1"), Some("key-1")));
    let other = ask(&format!("/other?port={port}")).unwrap();
    for name in ["authorization", "x-api-key", "cookie"] {
        assert_eq!(other.header(name), None, "{name}");
    }
    assert_eq!(other.header("accept"), Some("application/json"));
    let error = ask("/circle").unwrap_err();
    assert!(error.message.contains("more than 10 times"), "{error}");
    let post = Request::post_json(url(&server.url("/post"), "url").unwrap(), "{}");
    fetch(policy(&server), &post).unwrap();
    let last = server.asked().pop().unwrap();
    assert_eq!((last.method.as_str(), last.body.len()), ("GET", 0));
}

#[test]
fn what_can_be_repeated_is_repeated() {
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&count);
    let server = HttpServer::start(move |asked| {
        let number = counted.fetch_add(1, SeqCst);
        match asked.path.as_str() {
            "/third" if number % 3 != 2 => Answer::json("{\"message\":\"busy\"}").with_status(503),
            "/cut" if number % 3 != 2 => Answer::json("[1,2,3,4]").cut(3),
            "/reset" if number % 3 != 2 => Answer::json("").reset(),
            "/wait" if number.is_multiple_of(3) => Answer::status(429).header("Retry-After", "1"),
            "/wait" => Answer::json("[1,2,3,4]"),
            "/long" => Answer::status(429).header("Retry-After", "3600"),
            "/fail" => Answer::json("{\"error\":{\"message\":\"out of order\"}}").with_status(500),
            _ => Answer::json("[1,2,3,4]"),
        }
    });
    let requests = |request: &Request| {
        count.store(0, SeqCst);
        let outcome = fetch(policy(&server), request);
        (outcome.map(|reply| reply.body.len()), count.load(SeqCst))
    };
    let get = |path| get(&server, path);
    let post = |path| Request::post_json(url(&server.url(path), "url").unwrap(), "{}");
    for path in ["/third", "/cut", "/reset"] {
        assert_eq!(requests(&get(path)), (Ok(9), 3), "GET {path}");
        assert_eq!(requests(&post(path).repeatable()), (Ok(9), 3), "POST {path} that only reads");
        let (outcome, made) = requests(&post(path));
        assert!(outcome.is_err() && made == 1, "POST {path}");
    }
    let began = Instant::now();
    assert_eq!(requests(&post("/wait")), (Ok(9), 2), "429 may be repeated in any case");
    assert!(began.elapsed() >= Duration::from_millis(950), "Retry-After is honoured");
    let (outcome, made) = requests(&get("/long"));
    assert_eq!((outcome.unwrap_err().code, made), (Code::LimitExceeded, 1), "nobody waits for an hour");
    let (outcome, made) = requests(&get("/fail"));
    let error = outcome.unwrap_err();
    assert_eq!((error.code, made), (Code::Unreachable, 3));
    assert!(error.message.contains("500") && error.message.contains("out of order"), "{error}");
    let progress = Progress::new();
    Http::new(policy(&server)).unwrap().fetch(&get("/third"), &progress).unwrap();
    let lines = progress.lines();
    assert!(lines.iter().any(|line| line.text.contains("Trying again in")), "{lines:?}");
}

#[test]
fn errors_say_what_to_do_and_hold_no_secret() {
    let server = HttpServer::start(|asked| {
        let status: u16 = asked.path[1..].parse().unwrap();
        let said = format!("{{\"message\": \"no: {} {}\"}}", asked.query, asked.header("authorization").unwrap_or(""));
        Answer::json(said).with_status(status)
    });
    let cases = [
        (400, Code::InvalidInput),
        (401, Code::PermissionDenied),
        (403, Code::PermissionDenied),
        (404, Code::NotFound),
        (418, Code::InvalidInput),
        (429, Code::LimitExceeded),
        (500, Code::Unreachable),
        (503, Code::Unreachable),
    ];
    for (status, code) in cases {
        let request = get(&server, &format!("/{status}")).secret_query("api_key", &"query-secret".into());
        let request = request.bearer(&"token-secret".into()).unwrap();
        let error = fails(Policy { retries: 0, ..policy(&server) }, &request);
        assert_eq!(error.code, code, "{error}");
        let text = error.to_string();
        assert!(text.contains(&status.to_string()) && text.contains("no: ") && text.contains("hint"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
    let nowhere = fails(policy(&server), &Request::get(url("http://nowhere.invalid/", "url").unwrap()));
    assert!(nowhere.message.contains("There is no host called `nowhere.invalid`"), "{nowhere}");
    let address = { HttpServer::start(|_| Answer::status(200)).url("/x") };
    std::thread::sleep(Duration::from_millis(50));
    let refused = fails(policy(&server), &Request::get(url(&address, "url").unwrap()));
    assert!(refused.message.contains("refused the connection"), "{refused}");
    let plain = server.url("/200").replace("http:", "https:");
    let plain = fails(policy(&server), &Request::get(url(&plain, "url").unwrap()));
    assert!(plain.to_string().contains("http://") && plain.field.as_deref() == Some("verify_tls"), "{plain}");
}

#[test]
fn bytes_and_time_are_capped() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/endless" => Answer::of("application/json", vec![b' '; 64 << 10]).repeat(u64::MAX),
        "/silent" => Answer::json("1").silent(),
        "/stall" => Answer::json("[1,2,3]").stall(3),
        "/slow" => Answer::json("1").after(Duration::from_millis(100)),
        _ => Answer::json(" ".repeat(3 << 20)),
    });
    let small = |path: &str| fails(Policy { response_cap: 1 << 20, ..policy(&server) }, &get(&server, path));
    for path in ["/endless", "/big"] {
        assert_eq!((path, small(path).code), (path, Code::LimitExceeded));
    }
    let http = Http::new(Policy { total_cap: 7 << 20, ..policy(&server) }).unwrap();
    let big = get(&server, "/big");
    let outcomes: Vec<bool> = (0..3).map(|_| http.fetch(&big, &Progress::new()).is_ok()).collect();
    assert_eq!(outcomes, [true, true, false]);
    assert!(http.fresh().fetch(&big, &Progress::new()).is_ok(), "a new read counts anew");
    for (path, word) in [("/silent", "did not answer"), ("/stall", "in the middle of its answer")] {
        let error = fails(
            Policy { retries: 1, connect_timeout: Duration::from_millis(100), ..policy(&server) },
            &get(&server, path),
        );
        assert!(error.code == Code::Unreachable && error.message.contains(word), "{error}");
    }
    let http = Http::new(Policy { time_cap: Some(Duration::from_millis(350)), ..policy(&server) }).unwrap();
    let slow = get(&server, "/slow");
    let error = (0..10).find_map(|_| http.fetch(&slow, &Progress::new()).err()).expect("the time is over");
    assert_eq!(error.code, Code::LimitExceeded, "{error}");
}

#[test]
fn a_cancel_ends_a_wait_within_a_second() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/silent" => Answer::json("1").silent(),
        "/stall" => Answer::json("[1,2,3]").stall(3),
        "/busy" => Answer::status(429).header("Retry-After", "60"),
        _ => Answer::json("1").header("RateLimit-Remaining", "0").header("RateLimit-Reset", "60"),
    });
    for path in ["/silent", "/stall", "/busy", "/spent"] {
        let patient = Policy { idle_timeout: Duration::from_secs(60), ..policy(&server) };
        let (http, progress) = (Http::new(patient).unwrap(), Progress::new());
        let canceller = progress.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            canceller.cancel();
            Instant::now()
        });
        let mut outcome = http.fetch(&get(&server, path), &progress);
        if path == "/spent" {
            outcome = outcome.and_then(|_| http.fetch(&get(&server, path), &progress));
        }
        let cancelled = thread.join().unwrap();
        assert_eq!(outcome.err().map(|error| error.code), Some(Code::Cancelled), "{path}");
        assert!(cancelled.elapsed() < Duration::from_secs(1), "{path}");
    }
}

#[test]
fn budgets_wait_before_they_are_exceeded() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/told" => Answer::json("1").header("X-RateLimit-Remaining", "0").header("X-RateLimit-Reset", "1"),
        _ => Answer::json("1"),
    });
    let rate = Some(Rate { requests: 4, per: Duration::from_millis(300) });
    let http = Http::new(Policy { rate, ..policy(&server) }).unwrap();
    for _ in 0..10 {
        http.fetch(&get(&server, "/"), &Progress::new()).unwrap();
    }
    let times: Vec<Duration> = server.asked().iter().map(|asked| asked.at).collect();
    for five in times.windows(5) {
        // The server sees requests a little later or sooner than they were made.
        assert!(five[4] - five[0] >= Duration::from_millis(270), "{times:?}");
    }
    let progress = Progress::new();
    let http = Http::new(policy(&server)).unwrap();
    http.fetch(&get(&server, "/told"), &progress).unwrap();
    let began = Instant::now();
    http.fetch(&get(&server, "/told"), &progress).unwrap();
    assert!(began.elapsed() >= Duration::from_millis(900));
    assert!(progress.lines().iter().any(|line| line.text.contains("is used up")), "{:?}", progress.lines());
}

#[test]
fn a_web_page_is_told_from_json() {
    let server = HttpServer::start(|asked| match asked.path.as_str() {
        "/page" => Answer::page("Please sign in"),
        "/latin" => Answer::of("application/json; charset=iso-8859-1", b"\"caf\xe9\"".to_vec()),
        "/broken" => Answer::of("application/json", b"\"caf\xe9\"".to_vec()),
        _ => Answer::of("text/html", "[1]"),
    });
    let json = |path: &str| fetch(policy(&server), &get(&server, path)).unwrap().json::<serde_json::Value>();
    let error = json("/page").unwrap_err();
    assert!(error.message.contains("a web page titled \"Please sign in\" instead of JSON"), "{error}");
    assert_eq!(json("/latin").unwrap(), "café");
    assert_eq!(json("/broken").unwrap_err().code, Code::Damaged);
    assert_eq!(json("/mislabelled").unwrap(), serde_json::json!([1]));
}

/// Serves a file as storage does: with an ETag and ranges, and cut off every so many bytes.
fn file_answer(asked: &Asked, body: &[u8], etag: &str, cut: usize) -> Answer {
    let from = asked.header("range").filter(|_| asked.header("if-range") == Some(etag));
    let from = from.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let answer = match from {
        Some(from) => Answer::of("application/zip", &body[from..])
            .with_status(206)
            .header("content-range", format!("bytes {from}-{}/{}", body.len() - 1, body.len())),
        None => Answer::of("application/zip", body),
    };
    answer.header("etag", etag).cut(cut)
}

#[test]
fn downloads_go_on_where_they_stopped() {
    let body: Vec<u8> = (0..1_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let served = body.clone();
    let server = HttpServer::start(move |asked| match asked.path.as_str() {
        "/file" => file_answer(asked, &served, "\"v1\"", 150_000),
        "/new" => file_answer(asked, &served[1..], "\"v2\"", usize::MAX),
        _ => Answer::redirect(302, "/file"),
    });
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("data.zip");
    // Each attempt brings something, so that two retries are enough for seven attempts.
    let http = Http::new(policy(&server)).unwrap();
    let got = http.download(&get(&server, "/signed"), &to, &Progress::new()).unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), body);
    assert_eq!((got.bytes, got.md5), (1_000_000, md5::Md5::digest(&body).into()));
    assert!(server.asked().iter().filter(|asked| asked.path == "/signed").count() >= 7, "each begins at the address");

    let impatient = Http::new(Policy { total_cap: 400_000, ..policy(&server) }).unwrap();
    let later = folder.path().join("later.zip");
    assert_eq!(
        impatient.download(&get(&server, "/file"), &later, &Progress::new()).err().unwrap().code,
        Code::LimitExceeded
    );
    assert!(!later.exists());
    let progress = Progress::new();
    http.download(&get(&server, "/file"), &later, &progress).unwrap();
    assert_eq!(std::fs::read(&later).unwrap(), body);
    assert!(progress.lines()[0].text.starts_with("Going on with the download after"), "{:?}", progress.lines());

    let changed = folder.path().join("changed.zip");
    impatient.fresh().download(&get(&server, "/file"), &changed, &Progress::new()).err().unwrap();
    http.download(&get(&server, "/new"), &changed, &Progress::new()).unwrap();
    assert_eq!(std::fs::read(&changed).unwrap(), &body[1..], "another version is never mixed in");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "no parts are left");
}

#[test]
fn what_is_meant_for_a_host_stays_with_it() {
    let cases = [
        ("https://a.test/x", "https://a.test/y?z", true),
        ("http://a.test/", "https://a.test/", true),
        ("https://a.test/", "http://a.test/", false),
        ("http://a.test:81/", "https://a.test/", false),
        ("https://a.test/", "https://a.test:444/", false),
        ("https://a.test/", "https://b.a.test/", false),
    ];
    for (from, to, expected) in cases {
        assert_eq!(trusts(&from.parse().unwrap(), &to.parse().unwrap()), expected, "{from} {to}");
    }
}

/// A server that shows a certificate for `api.test` and answers one request on each connection; its port.
fn tls_server(certificate: &str) -> u16 {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    use std::io::{Read as _, Write as _};

    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/testdata");
    let chain = vec![CertificateDer::from_pem_file(folder.join(certificate)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = std::sync::Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, config) = (stream.unwrap(), std::sync::Arc::clone(&config));
            let mut session = rustls::ServerConnection::new(config).unwrap();
            let mut tls = rustls::Stream::new(&mut session, &mut stream);
            // A client that does not trust the certificate goes away.
            if tls.read(&mut [0; 4096]).is_ok() {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\n1");
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    port
}

#[test]
fn certificates_are_checked_unless_that_is_switched_off() {
    let ca = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/testdata/ca.pem");
    let plain = HttpServer::start(|_| Answer::status(200));
    let (good, expired) = (tls_server("good.pem"), tls_server("expired.pem"));
    let ask = |host: &'static str, port: u16, ca_file: Option<&std::path::Path>, verify_tls: bool| {
        let known = vec![(host, std::net::SocketAddr::from(([127, 0, 0, 1], port)))];
        let policy = Policy { ca_file: ca_file.map(Into::into), verify_tls, known, retries: 0, ..policy(&plain) };
        fetch(policy, &Request::get(url(&format!("https://{host}:{port}/"), "url").unwrap())).map(|reply| reply.body)
    };
    assert_eq!(ask("api.test", good, Some(&ca), true), Ok(b"1".to_vec()));
    assert_eq!(ask("other.test", expired, None, false), Ok(b"1".to_vec()));
    let cases = [
        (ask("api.test", good, None, true), "signed by nobody this computer trusts"),
        (ask("other.test", good, Some(&ca), true), "belongs to another host"),
        (ask("api.test", expired, Some(&ca), true), "has expired"),
    ];
    for (outcome, words) in cases {
        let error = outcome.unwrap_err();
        assert!(error.message.contains(words), "{error}");
        assert_eq!((error.code, error.field.as_deref()), (Code::Unreachable, Some("verify_tls")));
    }
    let error =
        Http::new(Policy { ca_file: Some(ca.with_file_name("server.key")), ..Policy::default() }).err().unwrap();
    assert_eq!(error.field.as_deref(), Some("ca_file"), "{error}");
}

#[test]
fn secrets_are_not_printed() {
    let secret = Secret::from("hidden-value");
    assert!(!format!("{secret:?}").contains("hidden"));
}
