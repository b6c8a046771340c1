//! A cluster made up for the answers that the real ones do not give.

use super::*;

/// A cluster made up for the answers that the real one does not give. `fault` may answer a bulk request, given its number.
pub(super) fn made_up(fault: impl Fn(usize, &Asked) -> Option<Answer> + Send + Sync + 'static) -> HttpServer {
    let (bulks, made) = (AtomicUsize::new(0), Mutex::new(None::<(String, Value)>));
    HttpServer::start(move |asked| {
        let path = asked.path.trim_start_matches('/');
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let missing =
            || Answer::json(json!({"error": {"type": "index_not_found_exception", "reason": "no such index"}}));
        match (asked.method.as_str(), path) {
            ("GET", "") => Answer::json(json!({"version": {"number": "8.1.0"}, "tagline": "You Know, for Search"})),
            ("POST", path) if path.ends_with("/_bulk") => {
                let number = bulks.fetch_add(1, SeqCst);
                fault(number, asked).unwrap_or_else(|| bulk(asked, |_, _| json!({"status": 201})))
            }
            ("PUT", path) if !path.starts_with('_') && !path.contains('/') => {
                *made.lock().unwrap() = Some((path.to_owned(), body));
                Answer::json(json!({"acknowledged": true}))
            }
            ("GET", path) if path.ends_with("/_count") => Answer::json(json!({"count": 1})),
            ("GET", path) if !path.contains('/') => match made.lock().unwrap().as_ref() {
                Some((name, body)) if path == name => {
                    let settings = json!({"index": {"uuid": "u"}});
                    Answer::json(json!({name: {"aliases": {}, "mappings": body["mappings"], "settings": settings}}))
                }
                _ => missing().with_status(404),
            },
            _ => Answer::json(json!({"acknowledged": true})),
        }
    })
}

/// An answer to a bulk request: `outcome` says what becomes of each action.
pub(super) fn bulk(asked: &Asked, outcome: impl Fn(usize, &Value) -> Value) -> Answer {
    let text = asked.text();
    let actions = text.lines().filter(|line| line.contains("\"_id\":") && line.ends_with("}}"));
    let items: Vec<Value> = actions
        .enumerate()
        .map(|(at, line)| {
            let action: Value = serde_json::from_str(line).expect("an action");
            let (word, about) = action.as_object().and_then(|members| members.iter().next()).expect("one member");
            json!({word: outcome(at, about)})
        })
        .collect();
    Answer::json(json!({"errors": true, "items": items}))
}

pub(super) fn keyed(rows: i64) -> DataFrame {
    df!("k" => (0..rows).collect::<Vec<i64>>(), "t" => vec!["x".repeat(100); rows as usize]).unwrap()
}

pub(super) fn to(server: &HttpServer, mode: SyncMode, rows: i64) -> Sending {
    let mut sync = begin(&server.address().to_string(), "a", mode, &["k"], keyed(rows));
    sync.target["requests"] = 1.into();
    sync
}

pub(super) fn bulks(server: &HttpServer) -> Vec<Asked> {
    server.asked().into_iter().filter(|asked| asked.path.ends_with("/_bulk")).collect()
}

/// The ids of the documents of a bulk request.
pub(super) fn ids(asked: &Asked) -> Vec<String> {
    let text = asked.text();
    let actions = text.lines().filter(|line| line.contains("\"_id\":") && line.ends_with("}}"));
    let id = |line: &str| {
        let action: Value = serde_json::from_str(line).expect("an action");
        action.as_object().and_then(|members| members.values().next()?["_id"].as_str()).expect("an id").to_owned()
    };
    actions.map(id).collect()
}
