//! How fast requests follow each other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pulse_tests::services::http::{Answer, HttpServer};
use serde_json::json;

use super::{Reads, records};

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
