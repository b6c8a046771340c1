//! The service itself: what is asked, in either shape, and what it answers.

use std::sync::atomic::Ordering::Relaxed;

use base64::Engine as _;
use serde_json::{Value, json};

use super::exchange::{Answer, decoded, encoded};
use super::{Fault, Item, KEY, Seen, State, TOKEN, fault, lock};

/// Who asks: nothing for nobody, an error for wrong credentials.
fn user(seen: &Seen) -> Result<Option<String>, Answer> {
    let Some(header) = seen.headers.get("authorization") else { return Ok(None) };
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", KEY.0, KEY.1));
    if *header == format!("Bearer {TOKEN}") || *header == format!("Basic {basic}") {
        return Ok(Some(KEY.0.to_owned()));
    }
    Err(Answer::error(401, "Unauthorized"))
}

/// A question in whatever shape: the method of the remote call and its arguments.
struct Question {
    method: String,
    arguments: Value,
    /// Whether it came as a REST path, whose lists are bare.
    rest: bool,
}

pub(super) fn service(seen: &Seen, state: &State) -> Answer {
    let Some(question) = question(seen, state) else {
        return Answer::new(404, "text/html", "<html><head><title>404</title></head><body>No such page</body></html>");
    };
    match fault(state, false) {
        Some(Fault::ServicePage) => return Answer::page(),
        Some(Fault::Refusal(code, message)) => {
            return Answer::json(200, &json!({"error": {"code": code, "message": message, "status": "REFUSED"}}));
        }
        Some(Fault::TooMany(seconds)) => {
            return Answer::error(429, "Too many requests").header("Retry-After", seconds.to_string());
        }
        _ => {}
    }
    // Whether a token is good is asked with a bad token, too.
    if question.method == "IntrospectToken" {
        let active = question.arguments["token"] == TOKEN;
        return match active {
            true => Answer::json(200, &json!({"active": true, "username": KEY.0, "userId": 7, "scope": "", "exp": 0})),
            false => Answer::error(404, "Not found"),
        };
    }
    let user = match user(seen) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let anonymous_may = ["DownloadDataset", "ListDatasetFiles", "GetDataset", "GetDatasetMetadata"];
    if user.is_none() && !anonymous_may.contains(&question.method.as_str()) {
        return Answer::page();
    }
    respond(&question, state).unwrap_or_else(|| Answer::error(404, "NotFound"))
}

/// Reads a request in either shape.
fn question(seen: &Seen, state: &State) -> Option<Question> {
    let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
    let rest = path.strip_prefix("/api/v1/")?;
    let parts: Vec<String> = rest.split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let asked: Value = serde_json::from_slice(&seen.body).unwrap_or(Value::Null);
    if let [service, method] = parts.as_slice()
        && service.ends_with("Service")
    {
        let known = state.calls.load(Relaxed) && seen.method == "POST";
        return known.then(|| Question { method: (*method).to_owned(), arguments: asked, rest: false });
    }
    if !state.rest.load(Relaxed) {
        return None;
    }
    let mut arguments = json!({});
    for pair in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = decoded(&pair.1.replace('+', " "));
        let is_number = ["page", "pageSize", "datasetVersionNumber", "minSize", "maxSize"].contains(&pair.0);
        let number = value.parse::<u64>().ok().filter(|_| is_number);
        arguments[pair.0] = number.map_or(json!(value), |number| json!(number));
    }
    let mut named = |names: &[(&str, &str)]| names.iter().for_each(|(name, value)| arguments[*name] = json!(value));
    let method = match parts.as_slice() {
        ["datasets", "list"] => "ListDatasets",
        ["datasets", what @ ("list" | "view" | "metadata" | "download"), owner, name, file @ ..] => {
            named(&[("ownerSlug", owner), ("datasetSlug", name)]);
            if let [file] = file {
                named(&[("fileName", file)]);
            }
            match *what {
                "list" => "ListDatasetFiles",
                "view" => "GetDataset",
                "metadata" => "GetDatasetMetadata",
                _ => "DownloadDataset",
            }
        }
        ["competitions", "list"] => "ListCompetitions",
        ["competitions", "get", name] => {
            named(&[("competitionName", name)]);
            "GetCompetition"
        }
        ["competitions", "data", what, name, file @ ..] => {
            named(&[("competitionName", name)]);
            if let [file] = file {
                named(&[("fileName", file)]);
            }
            match *what {
                "list" => "ListDataFiles",
                "download-all" => "DownloadDataFiles",
                "download" => "DownloadDataFile",
                _ => return None,
            }
        }
        ["oauth2", "introspect"] => {
            arguments = asked;
            "IntrospectToken"
        }
        _ => return None,
    };
    Some(Question { method: method.to_owned(), arguments, rest: true })
}

fn respond(question: &Question, state: &State) -> Option<Answer> {
    let text = |name: &str| question.arguments[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| question.arguments[name].as_u64();
    let reference = format!("{}/{}", text("ownerSlug"), text("datasetSlug"));
    let datasets = lock(&state.datasets);
    let competitions = lock(&state.competitions);
    let versions = || datasets.get(&reference);
    let version = || {
        let versions = versions()?;
        let version = number("datasetVersionNumber").unwrap_or(versions.len() as u64);
        let files = versions.get(usize::try_from(version).ok()?.checked_sub(1)?)?;
        Some((version, files))
    };
    let page = |items: Vec<Value>, member: &str, files: bool| {
        let size = usize::try_from(number("pageSize").unwrap_or(20)).unwrap_or(20).min(if files { 2 } else { 20 });
        let from = match text("pageToken").parse::<usize>() {
            Ok(from) => from,
            Err(_) => usize::try_from(number("page").unwrap_or(1).max(1) - 1).unwrap_or(0) * size,
        };
        let next = if from + size < items.len() { (from + size).to_string() } else { String::new() };
        let items: Vec<Value> = items.into_iter().skip(from).take(size).collect();
        if question.rest && !files {
            return Answer::json(200, &Value::Array(items));
        }
        Answer::json(200, &json!({member: items, "nextPageToken": next}))
    };
    Some(match question.method.as_str() {
        "ListDatasets" => {
            let wanted = text("search").to_lowercase();
            let found = datasets.iter().filter(|(reference, _)| reference.contains(&wanted));
            page(found.map(|(reference, versions)| dataset(reference, versions)).collect(), "datasets", false)
        }
        "GetDataset" => Answer::json(200, &dataset(&reference, versions()?)),
        "GetDatasetMetadata" => {
            versions()?;
            Answer::json(200, &json!({"info": {"licenses": [{"name": "CC0-1.0"}]}, "errorMessage": ""}))
        }
        "ListDatasetFiles" => page(version()?.1.iter().map(file).collect(), "datasetFiles", true),
        "DownloadDataset" => {
            let (version, files) = version()?;
            redirect(state, &format!("{reference}/{version}"), files, &text("fileName"))?
        }
        "ListCompetitions" => {
            let found = competitions.iter().map(|(name, (_, accepted))| competition(name, *accepted));
            page(found.collect(), "competitions", false)
        }
        "GetCompetition" => {
            let name = text("competitionName");
            Answer::json(200, &competition(&name, competitions.get(&name)?.1))
        }
        "ListDataFiles" => {
            page(competitions.get(&text("competitionName"))?.0.iter().map(file).collect(), "files", true)
        }
        "DownloadDataFile" | "DownloadDataFiles" => {
            let name = text("competitionName");
            let (files, accepted) = competitions.get(&name)?;
            if !accepted {
                return Some(Answer::error(
                    403,
                    "You must accept this competition's rules before you'll be able to download files.",
                ));
            }
            redirect(state, &format!("c/{name}"), files, &text("fileName"))?
        }
        _ => return None,
    })
}

fn dataset(reference: &str, versions: &[Vec<Item>]) -> Value {
    let (owner, name) = reference.split_once('/').expect("owner/name");
    let bytes: usize = versions.last().into_iter().flatten().map(|file| file.bytes.len()).sum();
    json!({
        "id": 1, "ref": reference, "title": name.replace('-', " "), "subtitle": "Made for tests",
        "description": "## About\nRows that were **made up**.", "creatorName": owner, "ownerName": owner, "ownerRef": owner,
        "totalBytes": bytes, "url": format!("https://www.kaggle.com/datasets/{reference}"), "licenseName": "CC0-1.0",
        "lastUpdated": "2026-01-02T03:04:05.678Z", "downloadCount": 12, "voteCount": 3, "usabilityRating": 0.875,
        "currentVersionNumber": versions.len(), "tags": [], "files": [],
        "versions": (1..=versions.len()).map(|n| json!({"versionNumber": n})).collect::<Vec<_>>(),
    })
}

fn competition(name: &str, accepted: bool) -> Value {
    json!({
        "id": 2, "ref": format!("https://www.kaggle.com/competitions/{name}"), "title": name, "category": "Playground",
        "description": "Guess the number.", "organizationName": "Testers", "reward": "Knowledge", "teamCount": 5,
        "deadline": "2030-01-01T00:00:00Z", "userHasEntered": accepted, "evaluationMetric": "Accuracy",
    })
}

fn file(item: &Item) -> Value {
    let head = item.bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let names = String::from_utf8_lossy(head);
    let column = |(order, name): (usize, &str)| json!({"order": order, "name": name, "type": "String", "description": format!("What {name} means")});
    let columns: Vec<Value> =
        if item.name.ends_with(".csv") { names.split(',').enumerate().map(column).collect() } else { Vec::new() };
    json!({
        "ref": item.name, "name": item.name, "totalBytes": item.bytes.len(), "fileType": ".csv",
        "creationDate": "2026-01-02T03:04:05.678Z", "columns": columns,
    })
}

/// Leads to a signed address of a file, or of the archive of all files.
fn redirect(state: &State, below: &str, files: &[Item], name: &str) -> Option<Answer> {
    let last = match files.iter().find(|file| file.name == name) {
        Some(item) if item.packed => format!("{}.zip", encoded(&item.name)),
        Some(item) => encoded(&item.name),
        None if name.is_empty() => "archive.zip".to_owned(),
        None => return None,
    };
    let number = state.signed.fetch_add(1, Relaxed);
    let storage = lock(&state.storage).clone();
    let address = format!("{storage}/bucket/{below}/{last}?X-Goog-Expires=259200&X-Goog-Signature=sig{number}");
    Some(Answer::new(302, "text/html", "<html>Moved</html>").header("Location", address))
}
