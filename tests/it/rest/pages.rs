//! How pages follow each other: found out, chosen, repeated for ever, fewer than there are.

use pulse_core::Code;
use pulse_tests::services::http::{Answer, Asked, HttpServer};
use serde_json::{Value, json};

use super::{Reads, records};

/// An API with every kind of pagination, ten records a page.
pub(super) fn pages(asked: &Asked) -> Answer {
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
