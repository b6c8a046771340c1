//! Data streams.

use super::made_up::*;
use super::*;

#[test]
fn a_data_stream_takes_new_documents_from_a_template() {
    let server = made_up(|_, asked| {
        assert!(!asked.text().contains("version_type"));
        None
    });
    let mut sync = to(&server, SyncMode::Append, 10);
    sync.target = json!({"index": "logs", "kind": "data_stream", "timestamp": "k"});
    sync.write();
    let asked = server.asked();
    let made = |asked: &&Asked| asked.method == "PUT" && asked.path == "/_index_template/logs";
    let template = asked.iter().find(made).expect("a template");
    let template: Value = serde_json::from_slice(&template.body).unwrap();
    assert_eq!((&template["index_patterns"], &template["data_stream"]), (&json!(["logs"]), &json!({})));
    assert_eq!(template["template"]["mappings"]["properties"]["@timestamp"], json!({"type": "date"}));
    let lines = bulks(&server)[0].text();
    assert!(lines.starts_with("{\"create\":{\"_id\":\"shop:run-1:0\"}}\n{\"k\":0,"), "{lines}");
    assert!(lines.contains(",\"@timestamp\":0}\n"));
    sync.outgoing.mode = SyncMode::Upsert;
    assert_eq!(sync.attempt().unwrap_err().code, Code::Unsupported);
}

#[test]
fn a_data_stream_that_went_on_elsewhere_gets_nothing_twice() {
    // The stream has an index behind it that holds the first rows, and another that takes new ones.
    let server = HttpServer::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/logs") => {
            Answer::json(json!({".ds-logs-1": {"data_stream": "logs"}, ".ds-logs-2": {"data_stream": "logs"}}))
        }
        ("POST", "/logs/_search") => {
            Answer::json(json!({"hits": {"hits": [{"_id": "shop:run-1:0"}, {"_id": "shop:run-1:2"}]}}))
        }
        ("POST", "/logs/_bulk") => bulk(asked, |_, _| json!({"status": 201})),
        ("GET", "/logs/_count") => Answer::json(json!({"count": 4})),
        _ => Answer::json(json!({})),
    });
    let mut sync = to(&server, SyncMode::Append, 4);
    sync.target = json!({"index": "logs", "kind": "data_stream", "timestamp": "k"});
    sync.outgoing.position = Some(json!({"index": "", "uuid": "", "done": false, "left_out": []}));
    sync.write();
    assert_eq!(bulks(&server)[0].text().matches("create").count(), 2, "only what is not there is sent");
    assert_eq!(sync.journal.rows(Fate::Delivered), Ranges::all(4));
}

#[test]
fn a_template_of_somebody_else_stays_as_it_is() {
    let theirs = |more: Value| {
        let mut template = json!({"index_patterns": ["logs"], "template": {"settings": {"number_of_shards": 3}}});
        template.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        HttpServer::start(move |asked| match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/") => Answer::json(json!({"version": {"number": "8.1.0"}, "tagline": "You Know, for Search"})),
            ("GET", "/_index_template/logs") => {
                Answer::json(json!({"index_templates": [{"name": "logs", "index_template": template}]}))
            }
            ("GET", "/logs") => Answer::json(json!({"error": {"type": "index_not_found_exception"}})).with_status(404),
            ("POST", "/logs/_bulk") => bulk(asked, |_, _| json!({"status": 201})),
            _ => Answer::json(json!({"count": 4})),
        })
    };
    let sync = |server: &HttpServer| {
        let mut sync = to(server, SyncMode::Append, 4);
        sync.target = json!({"index": "logs", "kind": "data_stream", "timestamp": "k"});
        sync
    };
    let server = theirs(json!({"data_stream": {}}));
    let with_streams = sync(&server);
    let shown = with_streams.outlet.preflight(&with_streams.target, &with_streams.outgoing, &with_streams.progress);
    let shown = shown.expect("it can be looked at").statements;
    assert!(shown[1].text.contains("number_of_shards") && shown[1].title.contains("stays"), "{shown:?}");
    with_streams.write();
    assert!(server.asked().iter().all(|asked| asked.method != "PUT"), "nothing is overwritten");
    let server = theirs(json!({}));
    let without = sync(&server);
    assert!(without.said(Severity::Stops)[0].contains("makes no data streams"), "{:?}", without.findings());
    let error = without.attempt().expect_err("documents would go to a plain index");
    assert_eq!(error.code, Code::AlreadyExists);
    assert_helpful(&error, "a template in the way");
}
