//! The index template from which a data stream is made; nothing else has to be made for it.

use pulse_core::{Code, Error, Progress, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::server::{Ask, Server, encoded};
use super::place::MARK;
use super::swap;
use crate::outgoing::Outgoing;

/// What is above the templates that clusters come with.
const PRIORITY: u32 = 500;

/// Makes the template of the data stream `name`, unless somebody else made one of that name, which is taken as it is.
/// Fails if that one makes no data streams.
pub(super) fn make(server: &Server, name: &str, body: &Value, outgoing: &Outgoing, progress: &Progress) -> Result<()> {
    if let Some(theirs) = foreign(server, name, progress)? {
        progress.log(format!("The index template `{name}` is there already and is used as it is."));
        return fits(name, &theirs);
    }
    let body = self::body(name, body, outgoing);
    let path = path(name);
    let ask = Ask { method: Method::PUT, path: &path, query: &[], body: Some(&body), repeatable: true };
    server.value(&ask, &format!("make the template of the data stream `{name}`"), progress).map(|_| ())
}

/// The template for an index with this body.
pub(super) fn body(name: &str, body: &Value, outgoing: &Outgoing) -> Value {
    let mut template = body.clone();
    template["mappings"]["properties"]["@timestamp"] = match &body["mappings"]["properties"]["@timestamp"] {
        field if field["type"] == "date" || field["type"] == "date_nanos" => field.clone(),
        _ => json!({"type": "date"}),
    };
    let mark = json!({MARK: swap::mark(outgoing)});
    json!({"index_patterns": [name], "data_stream": {}, "priority": PRIORITY, "_meta": mark, "template": template})
}

/// The template of that name, if there is one that no sync made.
pub(super) fn foreign(server: &Server, name: &str, progress: &Progress) -> Result<Option<Value>> {
    let path = path(name);
    let told = match server.value(&Ask::get(&path, &[]), &format!("look at the template `{name}`"), progress) {
        Err(error) if error.code == Code::NotFound => return Ok(None),
        other => other?,
    };
    let found = &told["index_templates"][0]["index_template"];
    Ok((found.is_object() && found["_meta"][MARK].is_null()).then(|| found.clone()))
}

/// Fails if a template of somebody else makes no data streams.
pub(super) fn fits(name: &str, theirs: &Value) -> Result<()> {
    if theirs["data_stream"].is_object() {
        return Ok(());
    }
    Err(Error::new(Code::AlreadyExists, format!("There is an index template `{name}`, which makes no data streams."))
        .hint("Take another name, or have that template removed by whoever made it.")
        .field("index"))
}

fn path(name: &str) -> String {
    format!("_index_template/{}", encoded(name))
}
