//! The messages of one read as a file of NDJSON, and what is remembered of the read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use pulse_core::{Error, Progress, Result};
use serde_json::{Value, json};

use super::forms::{KeyFormat, Selection, ValueFormat};
use super::message::{Format, Message, Reading, detect};
use super::read::Reached;
use super::registry::Registry;
use crate::connector::{Content, Fetched, Task};
use crate::model::{Input, ReadOptions, Setting};

/// Formats are detected on so many messages, and at most so many bytes of them.
const LOOK: (usize, usize) = (200, 4 << 20);

/// What a read leaves for the next one.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// The next offset of each partition.
    pub next: BTreeMap<i32, i64>,
    /// The formats that were detected, so that all reads of a table take messages in the same way.
    value: Option<Format>,
    key: Option<Format>,
}

impl State {
    /// What [`State::to_json`] wrote; nothing remembered if there is none.
    pub(super) fn of(state: Option<&Value>) -> Result<Self> {
        let Some(state) = state else { return Ok(Self::default()) };
        let strange = || {
            Error::damaged("The saved position of the last refresh is not understood.").hint("Read everything again.")
        };
        let format = |name: &str| state[name].as_str().and_then(Format::of);
        let one = |(partition, offset): (&String, &Value)| Some((partition.parse().ok()?, offset.as_i64()?));
        let next = state["partitions"].as_object().ok_or_else(strange)?.iter().map(one).collect::<Option<_>>();
        Ok(Self { next: next.ok_or_else(strange)?, value: format("value_format"), key: format("key_format") })
    }

    fn to_json(&self) -> Value {
        let partitions: serde_json::Map<_, _> =
            self.next.iter().map(|(p, next)| (p.to_string(), json!(next))).collect();
        let mut state = json!({ "partitions": partitions });
        for (name, format) in [("value_format", self.value), ("key_format", self.key)] {
            if let Some(format) = format {
                state[name] = json!(format.word());
            }
        }
        state
    }
}

/// Messages on their way to a file.
pub(super) struct Rows<'a> {
    topic: &'a str,
    path: PathBuf,
    out: BufWriter<File>,
    progress: &'a Progress,
    reading: Reading<'a>,
    /// The formats, once they are known, with what there is to say about them.
    value: Option<Setting>,
    key: Option<Setting>,
    /// Messages that wait until enough are there to detect their formats.
    waiting: Vec<Message>,
    waiting_bytes: usize,
    preview: bool,
    rows: u64,
    misfits: u64,
    sample: Option<String>,
}

impl<'a> Rows<'a> {
    /// Starts the file in the scratch folder.
    pub(super) fn create(
        selection: &'a Selection,
        state: &State,
        registry: Option<&'a Registry>,
        task: &Task<'a>,
    ) -> Result<Self> {
        let path = task.scratch.join("kafka-messages.ndjson");
        let file = File::create(&path).map_err(|cause| Error::io("create", &path, &cause))?;
        let given = |format: Option<Format>| format.map(|format| Setting::given(format.word()));
        let kept = |format: Option<Format>| {
            format.map(|format| Setting::new(format.word(), 1.0, "The rows that are there were read so."))
        };
        let value = given(selection.value_format.chosen()).or(kept(state.value));
        let key = given(selection.key_format.chosen()).or(kept(state.key));
        let of = |setting: &Option<Setting>| setting.as_ref().and_then(|s| Format::of(&s.value)).unwrap_or(Format::Raw);
        let reading = Reading {
            value: of(&value),
            key: of(&key),
            registry,
            csv_columns: &selection.csv_columns,
            csv_delimiter: delimiter(&selection.csv_delimiter)?,
            metadata: selection.metadata,
        };
        if registry.is_none() && (reading.value, value.is_some()) == (Format::Avro, true) {
            return Err(Error::invalid("Avro needs a schema registry, and the connection names none.")
                .hint("Add the registry's address to the connection, or choose another format.")
                .field("value_format"));
        }
        Ok(Self {
            topic: &selection.topic,
            path,
            out: BufWriter::with_capacity(1 << 18, file),
            progress: task.progress,
            reading,
            value,
            key,
            waiting: Vec::new(),
            waiting_bytes: 0,
            preview: task.limit.is_some(),
            rows: 0,
            misfits: 0,
            sample: None,
        })
    }

    /// Takes a message.
    pub(super) fn add(&mut self, message: Message) -> Result<()> {
        if self.value.is_some() && self.key.is_some() {
            return self.write(&message);
        }
        self.waiting_bytes += message.bytes();
        self.waiting.push(message);
        if self.waiting.len() >= LOOK.0 || self.waiting_bytes >= LOOK.1 { self.settle() } else { Ok(()) }
    }

    /// Decides on the formats that are not known yet and writes what waits.
    fn settle(&mut self) -> Result<()> {
        let registry = self.reading.registry.is_some();
        if self.value.is_none() {
            let values: Vec<&[u8]> = self.waiting.iter().filter_map(|message| message.value.as_deref()).collect();
            let (format, confidence, why) = detect(&values, registry);
            self.reading.value = format;
            self.value = (!values.is_empty()).then(|| Setting::new(format.word(), confidence, why));
        }
        if self.key.is_none() {
            let keys: Vec<&[u8]> = self.waiting.iter().filter_map(|message| message.key.as_deref()).collect();
            let (format, confidence, why) = detect(&keys, registry);
            // A key is a name; JSON keeps its text as it is.
            self.reading.key = if format == Format::Json { Format::Text } else { format };
            self.key = (!keys.is_empty()).then(|| Setting::new(self.reading.key.word(), confidence, why));
        }
        self.waiting_bytes = 0;
        for message in std::mem::take(&mut self.waiting) {
            self.write(&message)?;
        }
        Ok(())
    }

    fn write(&mut self, message: &Message) -> Result<()> {
        let (line, good) = self.reading.line(message, self.progress)?;
        if self.sample.is_none() && good {
            self.sample = Some(line.clone());
        }
        self.rows += 1;
        self.misfits += u64::from(!good);
        let written = self.out.write_all(line.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        written.map_err(|cause| Error::io("write", &self.path, &cause))
    }

    /// Ends the file and says what was read.
    pub(super) fn finish(mut self, mut state: State, reached: &Reached, origin: String) -> Result<Fetched> {
        self.settle()?;
        self.out.flush().map_err(|cause| Error::io("write", &self.path, &cause))?;
        let Reached { messages, gaps, next } = reached;
        self.progress.log(match gaps {
            0 => format!("{messages} messages were read."),
            gaps => format!(
                "{messages} messages were read; {gaps} offsets between them hold none, because of compaction or transactions."
            ),
        });
        let mut warnings = Vec::new();
        if self.misfits > 0 {
            let text = format!("{} of {} messages cannot be read; they are in the ledger.", self.misfits, self.rows);
            warnings.push(text);
        }
        let format = |setting: &Option<Setting>| setting.as_ref().and_then(|setting| Format::of(&setting.value));
        state.next.extend(next);
        state.value = format(&self.value);
        state.key = format(&self.key);
        let name = Some(format!("{}.ndjson", self.topic));
        let input = Input { path: self.path, name, ..Input::default() };
        let inputs = if self.rows == 0 { Vec::new() } else { vec![input] };
        let options =
            ReadOptions { format: Some("ndjson".into()), source_column: Some(false), ..ReadOptions::default() };
        let settings = [("value_format", self.value), ("key_format", self.key)];
        Ok(Fetched {
            content: Content::Files { inputs, options },
            // A preview does not move the position; that there is one says that a refresh can go on.
            state: Some(state.to_json()),
            snapshot: false,
            detected: settings.into_iter().filter_map(|(name, s)| Some((name.to_owned(), s?))).collect(),
            sample: self.sample.filter(|_| self.preview),
            warnings,
            origin,
            ..Fetched::default()
        })
    }
}

impl ValueFormat {
    fn chosen(self) -> Option<Format> {
        match self {
            Self::Auto => None,
            Self::Json => Some(Format::Json),
            Self::Csv => Some(Format::Csv),
            Self::Avro => Some(Format::Avro),
            Self::Text => Some(Format::Text),
            Self::Raw => Some(Format::Raw),
        }
    }
}

impl KeyFormat {
    fn chosen(self) -> Option<Format> {
        match self {
            Self::Auto => None,
            Self::Text => Some(Format::Text),
            Self::Json => Some(Format::Json),
            Self::Avro => Some(Format::Avro),
            Self::Raw => Some(Format::Raw),
        }
    }
}

/// The byte of a delimiter.
fn delimiter(text: &str) -> Result<u8> {
    let text = if text == "\\t" { "\t" } else { text };
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(Error::invalid(format!("`{text}` cannot separate fields."))
            .hint("Choose one character, such as a comma, a semicolon or \\t.")
            .field("csv_delimiter")),
    }
}
