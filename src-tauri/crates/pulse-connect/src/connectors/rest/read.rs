//! One read: requests, children, what is new, and where everything is kept.

use std::ops::Range;
use std::path::{Path, PathBuf};

use pulse_core::{Error, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::Rest;
use super::cursor::{Cursor, PLACEHOLDER};
use super::paging::{Ask, Paging};
use super::responses::Responses;
use super::rows::{Rows, filled};
use super::selection::{CHILD, Method, Nested, ParamsIn, Selection};
use super::tree::at;
use super::walk::{Step, Walk, Walked};
use crate::connector::{Content, Fetched, Landed, Task};
use crate::formats::json_text::compact;
use crate::model::{Input, ReadOptions, Setting};
use crate::net::{shown, url};
use crate::source::hex;

/// Bytes of the first answer that are shown.
const SAMPLE: usize = 200_000;

/// Reads what is selected.
pub(super) fn read(rest: &Rest, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
    let cursor = Cursor::of(selection, task.state)?;
    let from = cursor.as_ref().map(|cursor| cursor.from(selection)).transpose()?.flatten();
    let (paging, child_paging) = (selection.pages().paging()?, selection.child_pages().paging()?);
    let ask = first_ask(rest, selection, from.as_deref())?;
    // Without an address of the connection's own, children lie beside what is read.
    let home = rest.base.clone().or_else(|| ask.url.join(".").ok()).unwrap_or_else(|| ask.url.clone());
    let ask = selection.pages().first(paging.as_ref(), ask);
    let origin = shown(&ask.url);
    task.progress.stage("Reading pages", 0, 0);
    let responses = open(rest, selection, &home, task)?;
    let rows = Rows::create(task.scratch, selection.nested == Nested::Flatten)?;
    let skipped = (0, 0);
    let mut reading =
        Reading { rest, selection, task, home: &home, rows, cursor, skipped, child_paging, first_child: Vec::new() };
    let (responses, walked) = reading.parents(responses, ask, paging)?;
    reading.finish(responses, walked, origin)
}

struct Reading<'a> {
    rest: &'a Rest,
    selection: &'a Selection,
    task: &'a Task<'a>,
    home: &'a Url,
    rows: Rows,
    cursor: Option<Cursor>,
    /// Parents that lack a field of the path, and parents of which the server knows no children.
    skipped: (u64, u64),
    /// How the pages of children were chosen to follow each other.
    child_paging: Option<Paging>,
    /// What was detected of the first children that have pages.
    first_child: Vec<(String, Setting)>,
}

impl<'a> Reading<'a> {
    fn parents(
        &mut self,
        mut responses: Responses<'a>,
        ask: Ask,
        paging: Option<Paging>,
    ) -> Result<(Responses<'a>, Walked)> {
        let (selection, task) = (self.selection, self.task);
        let stop = Some((selection.stop_path.trim(), selection.stop_value.trim())).filter(|(path, _)| !path.is_empty());
        let walk = Walk {
            prefix: "",
            records_path: selection.records_path.trim(),
            paging,
            total_path: selection.total_path.trim(),
            stop,
            full_page: selection.page_size.filter(|_| selection.stop_on_short_page),
            max_pages: u64::from(selection.max_pages.max(1)),
            preview: task.limit.is_some(),
            may_miss: false,
            progress: task.progress,
        };
        let walked = walk.run(&mut responses, ask, &mut |responses, body, records| {
            self.page(responses, body, records)?;
            Ok(if self.enough() { Step::Enough } else { Step::On })
        })?;
        Ok((responses, walked))
    }

    fn enough(&self) -> bool {
        self.task.limit.is_some_and(|limit| self.rows.count >= limit)
    }

    fn page(&mut self, responses: &mut Responses<'a>, body: &[u8], records: &[Range<usize>]) -> Result<()> {
        for (number, range) in records.iter().enumerate() {
            if number % 1024 == 0 {
                self.task.progress.check()?;
            }
            let record = &body[range.clone()];
            if let Some(cursor) = &mut self.cursor {
                cursor.see(record);
            }
            if self.selection.child_path.trim().is_empty() {
                self.rows.write(record, &[])?;
            } else if !self.enough() {
                self.children(responses, record)?;
            }
        }
        self.task.progress.add_rows(records.len() as u64);
        Ok(())
    }

    /// Reads the children of a record instead of the record.
    fn children(&mut self, responses: &mut Responses<'a>, record: &[u8]) -> Result<()> {
        let Some(path) = filled(self.selection.child_path.trim(), record) else {
            self.skipped.0 += 1;
            return Ok(());
        };
        let kept = self.selection.parent_fields.iter().map(|field| {
            let value = at(record, field).map_or_else(|| b"null".to_vec(), compact);
            (format!("_parent_{field}"), value)
        });
        let kept: Vec<(String, Vec<u8>)> = kept.collect();
        let url = joined(self.home, &path)?;
        let ask = Ask { method: Method::Get, url, body: None, params_in: ParamsIn::Query };
        let ask = self.selection.child_pages().first(self.child_paging.as_ref(), ask);
        let walk = Walk {
            prefix: CHILD,
            records_path: self.selection.child_records_path.trim(),
            paging: self.child_paging.clone(),
            total_path: "",
            stop: None,
            full_page: None,
            max_pages: u64::from(self.selection.max_pages.max(1)),
            preview: self.task.limit.is_some(),
            may_miss: true,
            progress: self.task.progress,
        };
        let walked = walk.run(responses, ask, &mut |_, body, records| {
            records.iter().try_for_each(|range| self.rows.write(&body[range.clone()], &kept))?;
            Ok(if self.enough() { Step::Enough } else { Step::On })
        })?;
        self.skipped.1 += u64::from(walked.missed);
        if let Some(warning) = walked.warnings.first() {
            self.task.progress.log(warning.clone());
            if !walked.whole && self.task.limit.is_none() {
                return Err(Error::invalid(format!(
                    "The children at `{path}` could not be read to their end. {warning}"
                ))
                .hint("Raise the limit of pages.")
                .field("max_pages"));
            }
        }
        if self.first_child.is_empty() && !walked.missed {
            self.first_child = detected(CHILD, walked.records_path, walked.paging);
        }
        Ok(())
    }

    fn finish(self, responses: Responses<'a>, walked: Walked, origin: String) -> Result<Fetched> {
        let mut warnings = walked.warnings;
        let count = |number: u64| if number == 1 { "1 record".to_owned() } else { format!("{number} records") };
        if self.skipped.0 > 0 {
            let text = format!(
                "{} lacked a field of `{}`; no children were read for them.",
                count(self.skipped.0),
                self.selection.child_path
            );
            warnings.push(text);
        }
        if self.skipped.1 > 0 {
            warnings.push(format!(
                "The server knows no children of {} (it answered that nothing is there).",
                count(self.skipped.1)
            ));
        }
        warnings.extend(self.rest.auth.unsaved());
        if responses.asked_foreign() {
            warnings.push("Some pages came from another host, which got no credentials.".into());
        }
        let (preview, incremental) = (self.task.limit.is_some(), self.cursor.is_some());
        let state = match &self.cursor {
            // A read that stopped at the limit of pages has not seen everything up to its greatest value.
            Some(_) if preview || !walked.whole => self.task.state.cloned(),
            Some(cursor) => cursor.state()?,
            None => None,
        };
        self.task.progress.log(format!("{} in {} pages.", count(walked.records), walked.pages));
        let (key, sample) = (Vec::new(), walked.first.as_ref().map(|page| sample(&page.body)));
        let mut detected = detected("", walked.records_path, walked.paging);
        detected.extend(self.first_child);
        let landed = landed(responses.finish()?, self.task, &origin)?;
        let input = Input { name: Some("records.ndjson".into()), ..Input::from(self.rows.finish()?) };
        let options =
            ReadOptions { format: Some("ndjson".into()), source_column: Some(false), ..ReadOptions::default() };
        let content = Content::Files { inputs: vec![input], options };
        let snapshot = walked.whole && !walked.short && !incremental && !preview;
        Ok(Fetched { content, landed, state, snapshot, key, detected, sample, warnings, origin })
    }
}

/// What was detected, by the members of the form that choose it otherwise; they begin with `prefix`.
fn detected(prefix: &str, records_path: Setting, paging: Option<(Paging, Setting)>) -> Vec<(String, Setting)> {
    let mut found = vec![(format!("{prefix}records_path"), records_path)];
    if let Some((paging, setting)) = paging {
        let alike = |value: String| Setting { value, ..setting.clone() };
        let members = paging.members().into_iter().map(|(name, value)| (format!("{prefix}{name}"), alike(value)));
        let members: Vec<_> = members.collect();
        found.push((format!("{prefix}pagination"), setting));
        found.extend(members);
    }
    found
}

/// The first request.
fn first_ask(rest: &Rest, selection: &Selection, from: Option<&str>) -> Result<Ask> {
    let path = selection.path.trim();
    let fill = |text: &str, encode: bool| match from {
        Some(value) if encode => text.replace(
            PLACEHOLDER,
            &percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string(),
        ),
        Some(value) => text.replace(PLACEHOLDER, value),
        None => text.to_owned(),
    };
    let missing = |field: &'static str| {
        Error::invalid("The first read has no value for `{cursor}`.").hint("Give a start value.").field(field)
    };
    if from.is_none() && (path.contains(PLACEHOLDER) || selection.body.contains(PLACEHOLDER)) {
        return Err(missing("cursor_start"));
    }
    let mut target = match &rest.base {
        Some(base) => joined(base, &fill(path, true))?,
        None if path.is_empty() => {
            return Err(Error::invalid("There is no address to read.")
                .hint("Give a path or a whole address.")
                .field("path"));
        }
        None => url(&fill(path, true), "path")?,
    };
    let pairs = selection.query.iter().filter(|pair| !pair.name.trim().is_empty());
    // Without a value the first read asks for everything.
    for pair in pairs.filter(|pair| from.is_some() || !pair.value.contains(PLACEHOLDER)) {
        target.query_pairs_mut().append_pair(pair.name.trim(), &fill(&pair.value, false));
    }
    if let (Some(value), name @ [_, ..]) = (from, selection.cursor_query.trim().as_bytes()) {
        target.query_pairs_mut().append_pair(&String::from_utf8_lossy(name), value);
    }
    let body = match (selection.method, selection.body.trim()) {
        (Method::Get, _) | (_, "") => None,
        (Method::Post, text) => Some(serde_json::from_str(&fill(text, false)).map_err(|cause| {
            Error::invalid(format!("The body is not JSON: {cause}."))
                .hint("Check quotes, commas and brackets.")
                .field("body")
        })?),
    };
    let body = body.or_else(|| (selection.method == Method::Post).then(|| json!({})));
    Ok(Ask { method: selection.method, url: target, body, params_in: selection.params_in })
}

/// The address of `path` below `base`; a whole address is itself.
pub(super) fn joined(base: &Url, path: &str) -> Result<Url> {
    if path.contains("://") {
        return url(path, "path");
    }
    if path.is_empty() {
        return Ok(base.clone());
    }
    let mut below = base.clone();
    below.set_query(None);
    below.set_fragment(None);
    let text = match path.strip_prefix('?') {
        Some(query) => format!("{below}?{query}"),
        None => format!("{}/{}", below.as_str().trim_end_matches('/'), path.trim_start_matches('/')),
    };
    let mut whole = Url::parse(&text).map_err(|cause| {
        Error::invalid(format!("`{path}` is no path: {cause}.")).hint("It looks like orders/open.").field("path")
    })?;
    // What the connection's own address asks for, such as a version, is asked for everywhere.
    let own: Vec<(String, String)> = base.query_pairs().into_owned().collect();
    if !own.is_empty() {
        whole.query_pairs_mut().extend_pairs(own);
    }
    Ok(whole)
}

/// Where answers come from in this read. A preview records into its own folder; everything else into one that survives, so
/// that an attempt that failed is gone on with.
fn open<'a>(rest: &'a Rest, selection: &'a Selection, home: &Url, task: &Task<'a>) -> Result<Responses<'a>> {
    if !task.replay.is_empty() {
        return Ok(Responses::replay(rest, selection, home, task.replay, task.progress));
    }
    let file = match task.limit {
        Some(_) => task.scratch.join("preview-responses.ndjson"),
        None => task.downloads.join(format!("rest-{}.ndjson", identity(rest, selection, task.state))),
    };
    Responses::record(rest, selection, home, &file, task.progress)
}

/// What an attempt has to have in common with another one to be gone on with.
fn identity(rest: &Rest, selection: &Selection, state: Option<&Value>) -> String {
    let settings = &rest.settings;
    let who =
        json!([settings.base_url, settings.auth, settings.key_name, settings.user, settings.client_id, settings.scope]);
    let text = json!([who, selection, state]).to_string();
    hex(&Sha256::digest(text.as_bytes())[..16])
}

/// The recording to keep: moved to the read's own folder, so that the next read does not go on with it.
fn landed(recording: Option<PathBuf>, task: &Task<'_>, origin: &str) -> Result<Vec<Landed>> {
    let entry = |path: PathBuf, owned: bool| Landed {
        path,
        name: "responses.ndjson".into(),
        origin: origin.to_owned(),
        owned,
        recording: true,
        ..Landed::default()
    };
    let Some(from) = recording else {
        return Ok(task.replay.iter().map(|path| entry(path.clone(), false)).collect());
    };
    let to = task.scratch.join("responses.ndjson");
    if from.parent() != Some(task.scratch) {
        moved(&from, &to)?;
        return Ok(vec![entry(to, true)]);
    }
    Ok(vec![entry(from, true)])
}

fn moved(from: &Path, to: &Path) -> Result<()> {
    if std::fs::rename(from, to).is_ok() {
        return Ok(());
    }
    // The two folders lie on different disks.
    std::fs::copy(from, to).map_err(|cause| Error::io("write", to, &cause))?;
    std::fs::remove_file(from).map_err(|cause| Error::io("delete", from, &cause))
}

/// The beginning of an answer.
fn sample(body: &str) -> String {
    let end = (0..=SAMPLE.min(body.len())).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0);
    body[..end].to_owned()
}
