//! Requests for each record of another one.

use pulse_tests::services::http::{Answer, HttpServer};
use serde_json::json;

use super::{Reads, merge, records};

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
fn the_pages_of_children_are_found_out_or_chosen() {
    let server = HttpServer::start(|asked| match (asked.path.as_str(), asked.number("page"), asked.number("skip")) {
        ("/v1/orders", ..) => Answer::json("[{\"id\": 1}, {\"id\": 2}]"),
        // Pages that nothing in the answer speaks of.
        ("/v1/mute/1", page, _) => Answer::json(json!({ "items": records(10 * page.unwrap_or(0), 10) })),
        ("/v1/mute/2", ..) => Answer::json("{\"items\": []}"),
        ("/v1/skip/1", _, skip) => Answer::json(json!({ "items": records(skip.unwrap_or(0), 7) })),
        ("/v1/skip/2", ..) => Answer::json("[]"),
        ("/v1/told/1", page, _) => {
            let page = page.unwrap_or(1);
            Answer::json(json!({ "page": page, "total": 25, "items": records(10 * (page - 1), 10) }))
        }
        _ => Answer::status(404),
    });
    let reads = Reads::of(&server);
    let read = |path: &str, more: serde_json::Value| {
        let mut selection =
            json!({ "path": "orders", "child_path": format!("{path}/{{id}}"), "child_records_path": "items" });
        merge(&mut selection, more);
        reads.read(selection)
    };
    let found = read("told", json!({})).unwrap();
    assert_eq!((found.lines.len(), found.detected("child_pagination")), (25, Some("page")));
    assert_eq!(
        found.detected("child_page_param"),
        Some("page"),
        "what was found can be chosen: {:?}",
        found.fetched.detected
    );
    assert_eq!(found.detected("pagination"), Some("none"), "the parents have their own");
    let mute = read("mute", json!({})).unwrap();
    assert_eq!((mute.lines.len(), mute.detected("child_pagination")), (10, Some("none")));
    let chosen = read("mute", json!({ "child_pagination": "page", "child_page_start": 0 })).unwrap();
    assert_eq!((chosen.ids(), chosen.detected("child_pagination")), ((0..25).collect(), Some("page")));
    let skipped = json!({ "child_pagination": "offset", "child_offset_param": "skip", "child_limit_param": "take",
        "child_page_size": 7, "child_records_path": "" });
    assert_eq!(read("skip", skipped).unwrap().ids(), (0..25).collect::<Vec<_>>());
    let queries: Vec<_> = server.asked().into_iter().filter(|asked| asked.path == "/v1/skip/1").collect();
    assert!(queries.iter().all(|asked| asked.number("take") == Some(7)), "{queries:?}");
    let one = read("told", json!({ "child_pagination": "none" })).unwrap();
    assert_eq!(one.lines.len(), 10);
    for (more, field) in [
        (json!({ "child_pagination": "cursor", "child_cursor_path": "x" }), "child_cursor_param"),
        (json!({ "child_pagination": "page", "child_page_param": "p" }), "child_pagination"),
        (json!({ "child_records_path": "wrong" }), "child_records_path"),
    ] {
        let error = read("mute", more.clone()).err().unwrap_or_else(|| panic!("{more} is refused"));
        assert_eq!(error.field.as_deref(), Some(field), "{more}: {error}");
    }
}
