//! Rows as they come out of a COPY in binary format, message by message.

use std::time::Duration;

use pulse_core::{Code, Error, Progress, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_postgres::CancelToken;

use super::explain::{self, Refusal};
use super::session;
use super::settings::Settings;
use super::wire::Wire;
use crate::net;

/// Bytes that are read at once at most; a row that is longer gets a longer buffer.
const BUFFER: usize = 1 << 20;
/// A row longer than this is none that PostgreSQL can send.
const LONGEST: usize = 1 << 30;
/// What a COPY in binary format begins with, before flags and the length of an extension.
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// What was being done, for errors: "Could not …".
const ATTEMPT: &str = "read the rows";

/// The rows of one COPY. If it is dropped before its end, the server is told to stop.
pub(super) struct CopyOut {
    wire: Wire,
    settings: Settings,
    token: CancelToken,
    buffer: Vec<u8>,
    /// What was read and not yet used: `buffer[start..end]`.
    start: usize,
    end: usize,
    begun: bool,
    /// Rows that the server says it sent; known at the end.
    sent: Option<u64>,
}

impl Drop for CopyOut {
    fn drop(&mut self) {
        if self.sent.is_none() {
            session::cancel(&self.settings, &self.token);
        }
    }
}

impl CopyOut {
    pub fn new(wire: Wire, settings: Settings, token: CancelToken) -> Self {
        Self { wire, settings, token, buffer: vec![0; BUFFER], start: 0, end: 0, begun: false, sent: None }
    }

    /// Sends the statement, alone: as an extended query it cannot hold a second one.
    pub fn start(mut self, sql: &str, progress: &Progress) -> Result<Self> {
        let mut bytes = Vec::with_capacity(sql.len() + 64);
        message(&mut bytes, b'P', &[b"\0", sql.as_bytes(), b"\0\0\0"]);
        message(&mut bytes, b'B', &[&[0; 8]]);
        message(&mut bytes, b'E', &[&[0; 5]]);
        message(&mut bytes, b'S', &[]);
        let (wire, settings) = (&mut self.wire, &self.settings);
        net::run(progress, async {
            wire.write_all(&bytes).await.map_err(|cause| explain::lost(settings, ATTEMPT, &cause.to_string()))?;
            wire.flush().await.map_err(|cause| explain::lost(settings, ATTEMPT, &cause.to_string()))
        })?;
        Ok(self)
    }

    /// The next row: a count of fields and each with its length; nothing after the last one.
    pub fn next_row(&mut self, progress: &Progress) -> Result<Option<&[u8]>> {
        loop {
            let (kind, from, to) = self.next_message(progress)?;
            match kind {
                b'd' => {
                    let from = if self.begun { from } else { from + self.header(from, to)? };
                    self.begun = true;
                    // A count of -1 ends the rows, and the header may come without one.
                    if from < to && self.buffer[from..to] != [0xff, 0xff] {
                        return Ok(Some(&self.buffer[from..to]));
                    }
                }
                b'C' => self.sent = Some(rows_of_tag(&self.buffer[from..to]).ok_or_else(|| self.garbled())?),
                b'E' => {
                    let refusal = Refusal::parse(&self.buffer[from..to]);
                    // The statement is over; there is nothing to stop any more.
                    self.sent = Some(0);
                    return Err(explain::refused(&self.settings, ATTEMPT, &refusal));
                }
                b'Z' if self.sent.is_some() => return Ok(None),
                // Parse and bind done, the COPY's formats, its end, notices and changed parameters.
                b'1' | b'2' | b'H' | b'c' | b'N' | b'S' | b'A' => {}
                _ => return Err(self.garbled()),
            }
        }
    }

    /// Rows that the server says it sent, after the last one.
    pub fn sent(&self) -> u64 {
        self.sent.unwrap_or_default()
    }

    /// The length of the header in front of the first row.
    fn header(&self, from: usize, to: usize) -> Result<usize> {
        let bytes = &self.buffer[from..to];
        let extension = bytes.get(15..19).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
        match extension {
            Some(extension) if bytes.starts_with(SIGNATURE) && bytes.len() >= 19 + extension as usize => {
                Ok(19 + extension as usize)
            }
            _ => Err(self.garbled()),
        }
    }

    /// The kind of the next message and where in the buffer it is.
    #[inline]
    fn next_message(&mut self, progress: &Progress) -> Result<(u8, usize, usize)> {
        loop {
            let known = self.end - self.start;
            let mut wanted = 5;
            if let [kind, a, b, c, d, ..] = self.buffer[self.start..self.end] {
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                if !(4..=LONGEST).contains(&length) {
                    return Err(self.garbled());
                }
                wanted = 1 + length;
                if known >= wanted {
                    let from = self.start + 5;
                    self.start += wanted;
                    return Ok((kind, from, self.start));
                }
            }
            self.fill(wanted, progress)?;
        }
    }

    /// Reads more, after what is left of a message of `wanted` bytes.
    fn fill(&mut self, wanted: usize, progress: &Progress) -> Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if wanted > self.buffer.len() {
            self.buffer.resize(wanted.next_power_of_two(), 0);
        }
        let (wire, settings, rest) = (&mut self.wire, &self.settings, &mut self.buffer[self.end..]);
        let patience = Duration::from_secs(settings.stall_seconds.into());
        let read = net::run(progress, async {
            match timeout(patience, wire.read(rest)).await {
                Ok(Ok(0)) => Err(explain::lost(settings, ATTEMPT, "the server closed it half-way")),
                Ok(Ok(read)) => Ok(read),
                Ok(Err(cause)) => Err(explain::lost(settings, ATTEMPT, &cause.to_string())),
                Err(_) => Err(stalled(settings)),
            }
        })?;
        progress.add_bytes(read as u64);
        self.end += read;
        Ok(())
    }

    fn garbled(&self) -> Error {
        let server = self.settings.server();
        Error::damaged(format!("Could not {ATTEMPT}: {server} sent what is no binary COPY of PostgreSQL."))
            .hint("If a pooler or proxy is in between, connect to the server itself.")
    }
}

fn stalled(settings: &Settings) -> Error {
    let Settings { stall_seconds, .. } = settings;
    let server = settings.server();
    let what = format!("Could not {ATTEMPT}: {server} has sent nothing for {stall_seconds} seconds.");
    Error::new(Code::Unreachable, what)
        .hint("The server may be stuck or the query slow; try again, or raise the connection's time limit.")
        .field("stall_seconds")
}

/// The count in a tag such as `COPY 42`.
fn rows_of_tag(tag: &[u8]) -> Option<u64> {
    std::str::from_utf8(tag).ok()?.trim_end_matches('\0').strip_prefix("COPY ")?.parse().ok()
}

/// Appends a message of `kind`: its length, which counts itself, and its parts.
fn message(bytes: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let length = 4 + parts.iter().map(|part| part.len()).sum::<usize>();
    bytes.push(kind);
    bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(parts.iter().flat_map(|part| part.iter()));
}
