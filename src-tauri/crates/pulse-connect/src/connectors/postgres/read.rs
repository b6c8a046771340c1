//! Reading a selection: one state of the database, several ranges of a big table at once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
use std::thread;

use polars::prelude::{DataFrame, Schema};
use pulse_core::{Code, Error, LedgerEntry, LedgerKind, Progress, Result};
use serde_json::{Value, json};

use super::copy::CopyOut;
use super::decode::Batch;
use super::plan::{Cursor, Plan};
use super::relation::Relation;
use super::selection::Selection;
use super::session::Session;
use super::settings::Settings;
use super::sql;
use super::write::Files;
use crate::connector::{Content, Fetched, News, Task};

/// Rows that are decoded before they are written.
const BATCH_ROWS: usize = 131_072;
/// Bytes of rows that are decoded before they are written, for wide rows.
const BATCH_BYTES: usize = 64 << 20;
/// Values that batches have room for at first.
const BATCH_VALUES: usize = 4 << 20;
/// So many values of a column may be in the ledger; with more of them it is read as text.
const MISFITS: u64 = 1000;
/// A range has at least so many pages (16 MB): a connection of its own costs time as well.
const RANGE_PAGES: u64 = 2048;
/// The most ranges that are chosen without asking.
const RANGES: usize = 8;
/// The most ranges that can be asked for.
const MOST_RANGES: u64 = 32;

/// Reads what is selected.
pub(super) fn read(settings: &Settings, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
    selection.check()?;
    let mut texts = selection.text_columns.clone();
    for attempt in 0.. {
        match read_once(settings, selection, task, &texts, attempt)? {
            Outcome::Read(fetched) => return Ok(*fetched),
            Outcome::AsText(columns) => {
                let names = columns.join(", ");
                task.progress
                    .log(format!("Reading again, with many values of {names} as text: no other type holds them."));
                texts.extend(columns);
            }
        }
    }
    Err(Error::internal("read the rows", "there was no attempt"))
}

/// What one attempt to read came to.
enum Outcome {
    Read(Box<Fetched>),
    /// These columns have too many values that their types do not hold.
    AsText(Vec<String>),
}

fn read_once(
    settings: &Settings,
    selection: &Selection,
    task: &Task<'_>,
    texts: &[String],
    attempt: usize,
) -> Result<Outcome> {
    let progress = task.progress;
    let session = Session::open(settings, progress)?;
    session.begin(None, progress)?;
    let relation = Relation::resolve(&session, selection, progress)?;
    let plan = Plan::of(&relation, selection, texts)?;
    let cursor = Cursor::of(&relation, selection)?;
    let mut window = Window::of(&session, &relation, &plan, selection, cursor.as_ref(), task)?;
    let rows = relation.table.as_ref().and_then(|table| table.rows).filter(|_| window.conditions.is_empty());
    progress.stage(&format!("Reading {}", relation.title), task.limit.or(rows).unwrap_or(0), 0);

    let copies = start(session, &relation, &plan, selection, &window, task)?;
    let shared = Shared {
        schema: plan.schema(),
        plan: &plan,
        source: format!("{}/{}", settings.database(), relation.title),
        progress,
        misfits: plan.columns.iter().map(|_| AtomicU64::new(0)).collect(),
        stop: AtomicBool::new(false),
    };
    let parts = read_all(copies, &shared, task, attempt)?;
    if let Some(columns) = shared.hopeless() {
        parts.iter().flat_map(|part| &part.files).for_each(|file| drop(std::fs::remove_file(file)));
        let given = columns.into_iter().map(|at| window.names[at].clone());
        return Ok(Outcome::AsText(given.collect()));
    }
    let schema = shared.schema;
    let (mut files, mut ledger, mut rows) = (Vec::new(), Vec::new(), 0);
    for part in parts {
        files.extend(part.files);
        ledger.extend(part.ledger.into_iter().map(|entry| LedgerEntry { row: entry.row.map(|at| at + rows), ..entry }));
        rows += part.rows;
    }
    let mut warnings = relation.warnings;
    warnings.extend(plan.warnings);
    warnings.append(&mut window.warnings);
    let origin = format!("postgres://{}/{}/{}", settings.server(), settings.database(), relation.title);
    let content = Content::Typed { files, columns: plan.described, schema, rows, ledger, rejected: 0 };
    Ok(Outcome::Read(Box::new(Fetched {
        content,
        state: window.state,
        snapshot: window.everything,
        key: plan.key,
        warnings,
        origin,
        ..Fetched::default()
    })))
}

/// Which rows are read, and where the next read goes on.
struct Window {
    conditions: Vec<String>,
    /// Whether these are all rows of the selection.
    everything: bool,
    state: Option<Value>,
    warnings: Vec<String>,
    /// The columns' names on the server.
    names: Vec<String>,
}

impl Window {
    /// Finds it, and lets the server look over each part of the SQL so that an error belongs to a member of the form.
    fn of(
        session: &Session,
        relation: &Relation,
        plan: &Plan,
        selection: &Selection,
        cursor: Option<&Cursor<'_>>,
        task: &Task<'_>,
    ) -> Result<Self> {
        let progress = task.progress;
        let look = |conditions: &[String], order: &str, field: &str| {
            let sql = plan.select(relation, conditions, order, None);
            session.prepare(&sql, &format!("understand the {field}"), progress).map_err(|error| error.field(field))
        };
        let names = if selection.columns.is_empty() {
            relation.columns.iter().map(|column| column.name.clone()).collect()
        } else {
            selection.columns.clone()
        };
        let mut window =
            Self { conditions: Vec::new(), everything: task.limit.is_none(), state: None, warnings: Vec::new(), names };
        if !selection.filter.trim().is_empty() {
            window.conditions.push(sql::bracketed(&selection.filter));
            look(&window.conditions, "", "filter")?;
        }
        if !selection.order.trim().is_empty() {
            look(&window.conditions, &selection.order, "order")?;
        }
        let Some(cursor) = cursor else { return Ok(window) };
        let last = last_value(task.state, selection);
        // Where the next read goes on: the greatest value beyond the last one, which a lag does not move back.
        let mut beyond = window.conditions.clone();
        match (last, selection.start.trim()) {
            (Some(last), _) => {
                beyond.push(cursor.after(last));
                window.conditions.push(cursor.since(last));
                look(&window.conditions, "", "lag")?;
                window.everything = false;
            }
            (None, "") => {
                let missing = cursor.missing(relation, &window.conditions);
                if session.maybe_text(&missing, "look for rows without a cursor", progress)?.is_some() {
                    window.warnings.push(format!(
                        "Some rows have no value in the cursor column `{}`: only a full read brings changes of those.",
                        selection.cursor.trim()
                    ));
                }
            }
            (None, start) => {
                beyond.push(cursor.from(start));
                window.conditions.push(cursor.from(start));
                look(&window.conditions, "", "start")?;
                window.everything = false;
            }
        }
        if task.limit.is_none() {
            let sql = cursor.greatest(relation, &beyond);
            let found = session.maybe_text(&sql, "find the greatest value of the cursor", progress);
            let greatest = found.map_err(|error| error.field("cursor"))?.or_else(|| last.map(str::to_owned));
            window.state = greatest.map(|value| json!({"column": selection.cursor.trim(), "cursor": value}));
        }
        Ok(window)
    }
}

/// The greatest value of the cursor that was read before, if it was the same column.
fn last_value<'a>(state: Option<&'a Value>, selection: &Selection) -> Option<&'a str> {
    let state = state.filter(|state| state["column"] == selection.cursor.trim())?;
    state["cursor"].as_str()
}

/// Starts the reading of all ranges; each has a connection, and all see the state of the first one.
fn start(
    session: Session,
    relation: &Relation,
    plan: &Plan,
    selection: &Selection,
    window: &Window,
    task: &Task<'_>,
) -> Result<Vec<CopyOut>> {
    let progress = task.progress;
    let pages = match task.limit {
        None if selection.order.trim().is_empty() => relation.pages(&session, progress)?,
        _ => None,
    };
    let mut sessions = Vec::new();
    if let Some(pages) = pages {
        let wanted = wanted_ranges(selection.parallel, pages);
        if wanted > 1 {
            let snapshot = session.export_snapshot(progress)?;
            for _ in 1..wanted {
                match Session::open(session.settings(), progress) {
                    Ok(another) => {
                        another.begin(Some(&snapshot), progress)?;
                        sessions.push(another);
                    }
                    // As many connections as the server allows.
                    Err(error) if error.code == Code::LimitExceeded => {
                        progress.log(error.message);
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    sessions.insert(0, session);
    let count = sessions.len() as u64;
    let begin_of = |range: u64| range * pages.unwrap_or(0) / count;
    let copy = |(range, session): (usize, Session)| {
        let mut conditions = window.conditions.clone();
        let range = range as u64;
        if range > 0 {
            conditions.push(format!("ctid >= '({},0)'::tid", begin_of(range)));
        }
        if range + 1 < count {
            conditions.push(format!("ctid < '({},0)'::tid", begin_of(range + 1)));
        }
        let select = plan.select(relation, &conditions, &selection.order, task.limit);
        session.copy(&format!("COPY ({select}) TO STDOUT (FORMAT binary)"), progress)
    };
    sessions.into_iter().enumerate().map(copy).collect()
}

/// How many ranges a table of so many pages is divided into.
fn wanted_ranges(asked: Option<u32>, pages: u64) -> u64 {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(RANGES) as u64;
    asked.map_or_else(|| cores.min(pages / RANGE_PAGES), |asked| u64::from(asked).min(MOST_RANGES).min(pages)).max(1)
}

/// What the readers of all ranges share.
struct Shared<'a> {
    schema: Schema,
    plan: &'a Plan,
    source: String,
    progress: &'a Progress,
    /// Values of each column that are in the ledger.
    misfits: Vec<AtomicU64>,
    /// Whether to stop: a range has failed, or a column has too many misfits.
    stop: AtomicBool,
}

impl Shared<'_> {
    /// The columns with too many misfits, if there are any.
    fn hopeless(&self) -> Option<Vec<usize>> {
        let many = self.misfits.iter().enumerate().filter(|(_, count)| count.load(Relaxed) > MISFITS);
        Some(many.map(|(column, _)| column).collect::<Vec<_>>()).filter(|columns| !columns.is_empty())
    }
}

/// What one range gave.
struct Part {
    files: Vec<PathBuf>,
    rows: u64,
    ledger: Vec<LedgerEntry>,
}

fn read_all(copies: Vec<CopyOut>, shared: &Shared<'_>, task: &Task<'_>, attempt: usize) -> Result<Vec<Part>> {
    let alone = copies.len() == 1;
    let parts: Vec<Result<Part>> = thread::scope(|scope| {
        let read = |(range, copy): (usize, CopyOut)| {
            let files = Files::new(task.scratch, format!("rows-{attempt}-{range:04}"), &shared.schema, alone);
            scope.spawn(move || {
                let part = read_range(copy, files, shared);
                shared.stop.fetch_or(part.is_err(), Relaxed);
                part
            })
        };
        let threads: Vec<_> = copies.into_iter().enumerate().map(read).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(crashed()))).collect()
    });
    shared.progress.check()?;
    parts.into_iter().collect()
}

/// Decodes one range here and writes its files on another thread meanwhile.
fn read_range(mut copy: CopyOut, mut files: Files<'_>, shared: &Shared<'_>) -> Result<Part> {
    thread::scope(|scope| {
        let (send, receive) = sync_channel::<DataFrame>(1);
        let writer = scope.spawn(move || {
            for rows in receive {
                files.write(&rows)?;
            }
            files.finish()
        });
        let mut ledger = Vec::new();
        let decoded = decode(&mut copy, shared, &mut ledger, |rows| send.send(rows).is_ok());
        drop(send);
        // Why writing failed says more than that it has stopped.
        let files = writer.join().unwrap_or_else(|_| Err(crashed()))?;
        Ok(Part { files, rows: decoded?, ledger })
    })
}

/// Gives all rows in batches to `write`, until it says no, and returns their number.
fn decode(
    copy: &mut CopyOut,
    shared: &Shared<'_>,
    ledger: &mut Vec<LedgerEntry>,
    write: impl Fn(DataFrame) -> bool,
) -> Result<u64> {
    let (plan, progress) = (shared.plan, shared.progress);
    let room = BATCH_ROWS.min(BATCH_VALUES / plan.columns.len().max(1));
    let mut batch = Batch::new(&plan.columns, room);
    let mut done = 0u64;
    while let Some(row) = copy.next_row(progress)? {
        let at = done + batch.height() as u64;
        batch.push(row, |column, misfit| {
            if shared.misfits[column].fetch_add(1, Relaxed) >= MISFITS {
                return shared.stop.store(true, Relaxed);
            }
            ledger.push(LedgerEntry {
                kind: LedgerKind::Value,
                source: shared.source.clone(),
                line: None,
                row: Some(at),
                column: Some(plan.columns[column].0.to_string()),
                value: Some(misfit.value),
                step: None,
                reason: misfit.reason.into(),
            });
        })?;
        if shared.stop.load(Relaxed) {
            return Ok(done);
        }
        if batch.height() >= BATCH_ROWS || batch.bytes() >= BATCH_BYTES {
            let full = std::mem::replace(&mut batch, Batch::new(&plan.columns, room));
            done += full.height() as u64;
            progress.add_rows(full.height() as u64);
            if !write(full.finish()?) {
                return Ok(done);
            }
        }
    }
    let last = batch.height() as u64;
    if last > 0 && !write(batch.finish()?) {
        return Ok(done);
    }
    progress.add_rows(last);
    done += last;
    if done != copy.sent() {
        let sent = copy.sent();
        return Err(Error::damaged(format!(
            "Could not read the rows: {done} came, but the server says it sent {sent}."
        ))
        .hint("Nothing was stored. Try again; if a pooler or proxy is in between, connect to the server itself."));
    }
    Ok(done)
}

fn crashed() -> Error {
    Error::internal("read the rows", "a thread ended unexpectedly")
}

/// Whether there are rows above the greatest cursor value that was read.
pub(super) fn news(
    settings: &Settings,
    selection: &Selection,
    state: Option<&Value>,
    progress: &Progress,
) -> Result<Option<News>> {
    selection.check()?;
    let Some(last) = last_value(state, selection) else { return Ok(None) };
    let session = Session::open(settings, progress)?;
    session.begin(None, progress)?;
    let relation = Relation::resolve(&session, selection, progress)?;
    let Some(cursor) = Cursor::of(&relation, selection)? else { return Ok(None) };
    let filter = Some(sql::bracketed(&selection.filter)).filter(|_| !selection.filter.trim().is_empty());
    let conditions: Vec<String> = filter.into_iter().chain([cursor.after(last)]).collect();
    let sql = format!("SELECT 'x' FROM {} WHERE {} LIMIT 1", relation.from, conditions.join(" AND "));
    let available = session.maybe_text(&sql, "look for new rows", progress)?.is_some();
    let (column, title) = (selection.cursor.trim(), &relation.title);
    let text = if available {
        format!("{title} has rows with `{column}` above {last}.")
    } else {
        format!("{title} has no row with `{column}` above {last}.")
    };
    Ok(Some(News { available, text }))
}
