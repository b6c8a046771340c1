//! The parallel structural scan: proves in one pass over a file that every record is well formed and what every column
//! holds, and hashes the file meanwhile.
//!
//! One thread reads blocks in order, hashes them and cuts them after a record: outside quotes, which the parity of the
//! quotes before shows if the file is well formed. Workers walk over the fields. Anything unusual ends the scan, and the
//! tolerant reader takes over; so the scan may assume what it checks.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use memchr::{memchr, memchr_iter, memchr2, memchr3, memrchr, memrchr2};
use pulse_core::{Error, Progress, Result};
use sha2::{Digest, Sha256};

use crate::records::Dialect;
use crate::source::hex;
use crate::typing::{Evidence, Example, Kind, Lexed, day, lex, number, number_kind};

/// Bytes read at a time.
const BLOCK: usize = 4 << 20;
/// A record may be this long; a longer one is left to the tolerant reader.
const MAX_CARRY: usize = 64 << 20;

/// What is known of a file before the scan.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub dialect: Dialect,
    pub width: usize,
    /// Byte and line, from 1, of the first record.
    pub start: u64,
    pub line: u64,
    pub hash: bool,
}

/// What the scan proved.
pub(super) enum Scanned {
    /// Every record is well formed.
    Clean { columns: Vec<Evidence>, records: u64, sha256: Option<String> },
    /// Something is unusual.
    Odd(Odd),
}

/// Why the tolerant reader has to take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    NotUtf8,
    Structure,
}

/// One block's share of the result.
struct Tally {
    number: usize,
    columns: Vec<Evidence>,
    records: u64,
    lines: u64,
}

/// Whether the scan can judge files of this dialect.
pub(super) fn understands(dialect: Dialect) -> bool {
    let plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"-+.:\r\n\0".contains(&byte);
    dialect.line_end == b'\n' && plain(dialect.delimiter) && dialect.quote.is_none_or(plain)
}

/// Scans a text from its first byte to its last; `failed` is the error for a failed read.
pub(super) fn scan(
    text: &mut dyn Read,
    failed: &dyn Fn(std::io::Error) -> Error,
    layout: Layout,
    progress: &Progress,
) -> Result<Scanned> {
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let stop = AtomicBool::new(false);
    let (full, blocks) = sync_channel::<(usize, Vec<u8>)>(workers);
    let blocks = Arc::new(Mutex::new(blocks));
    let (give_back, spare) = channel::<Vec<u8>>();
    thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|_| {
                let (blocks, give_back, stop) = (Arc::clone(&blocks), give_back.clone(), &stop);
                scope.spawn(move || work(&blocks, &give_back, layout, stop, progress))
            })
            .collect();
        drop(blocks);
        drop(give_back);
        let read = feed(text, layout, &full, &spare, &stop, progress);
        drop(full);
        let mut tallies = Vec::new();
        let mut odd = None;
        for handle in handles {
            match handle.join() {
                Ok(Ok(mut part)) => tallies.append(&mut part),
                Ok(Err(found)) => odd = Some(found),
                Err(_) => return Err(Error::internal("scan the file", "a worker stopped")),
            }
        }
        progress.check()?;
        match (read.map_err(failed)?, odd) {
            (_, Some(odd)) | (Fed::Odd(odd), None) => Ok(Scanned::Odd(odd)),
            (Fed::Whole(sha256), None) => {
                let (columns, records) = add_up(tallies, layout);
                Ok(Scanned::Clean { columns, records, sha256 })
            }
        }
    })
}

fn add_up(mut tallies: Vec<Tally>, layout: Layout) -> (Vec<Evidence>, u64) {
    tallies.sort_by_key(|tally| tally.number);
    let mut columns = vec![Evidence::default(); layout.width];
    let (mut records, mut line) = (0, layout.line);
    for tally in tallies {
        for (column, part) in columns.iter_mut().zip(tally.columns) {
            column.merge(part, line);
        }
        records += tally.records;
        line += tally.lines;
    }
    (columns, records)
}

/// How reading the file ended.
enum Fed {
    Whole(Option<String>),
    Odd(Odd),
}

/// Reads the text in order, hashes it and hands out blocks of whole records.
fn feed(
    mut text: &mut dyn Read,
    layout: Layout,
    full: &SyncSender<(usize, Vec<u8>)>,
    spare: &Receiver<Vec<u8>>,
    stop: &AtomicBool,
    progress: &Progress,
) -> std::io::Result<Fed> {
    let mut hash = layout.hash.then(Sha256::new);
    let mut before = Vec::new();
    (&mut text).take(layout.start).read_to_end(&mut before)?;
    if let Some(hash) = &mut hash {
        hash.update(&before);
    }
    let mut carry: Vec<u8> = Vec::new();
    for number in 0.. {
        if stop.load(Relaxed) || progress.is_cancelled() {
            return Ok(Fed::Odd(Odd::Structure));
        }
        let mut block = spare.try_recv().unwrap_or_default();
        block.clear();
        block.extend_from_slice(&carry);
        let count = (&mut text).take(BLOCK as u64).read_to_end(&mut block)?;
        if let Some(hash) = &mut hash {
            hash.update(&block[carry.len()..]);
        }
        if number == 0 && block.starts_with(b"\xef\xbb\xbf") {
            return Ok(Fed::Odd(Odd::Structure));
        }
        carry.clear();
        let at_end = count == 0;
        if at_end && block.last().is_some_and(|last| *last != b'\n') {
            block.push(b'\n');
        }
        if !at_end {
            let cut = last_record_end(&block, layout.dialect.quote);
            carry.extend_from_slice(&block[cut..]);
            block.truncate(cut);
        }
        if carry.len() > MAX_CARRY {
            return Ok(Fed::Odd(Odd::Structure));
        }
        if !block.is_empty() && full.send((number, block)).is_err() {
            return Ok(Fed::Odd(Odd::Structure));
        }
        if at_end {
            break;
        }
    }
    Ok(Fed::Whole(hash.map(|hash| hex(&hash.finalize()))))
}

/// The position behind the last line's end that is outside quotes, or 0.
pub(crate) fn last_record_end(block: &[u8], quote: Option<u8>) -> usize {
    let quotes = quote.map_or(0, |quote| memchr_iter(quote, block).count());
    let Some(quote) = quote.filter(|_| quotes > 0) else { return memrchr(b'\n', block).map_or(0, |at| at + 1) };
    let mut inside = quotes % 2 == 1;
    let mut end = block.len();
    while let Some(at) = memrchr2(b'\n', quote, &block[..end]) {
        if block[at] == quote {
            inside = !inside;
        } else if !inside {
            return at + 1;
        }
        end = at;
    }
    0
}

fn work(
    blocks: &Mutex<Receiver<(usize, Vec<u8>)>>,
    give_back: &std::sync::mpsc::Sender<Vec<u8>>,
    layout: Layout,
    stop: &AtomicBool,
    progress: &Progress,
) -> std::result::Result<Vec<Tally>, Odd> {
    let mut tallies = Vec::new();
    loop {
        let received = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, block)) = received else { return Ok(tallies) };
        if stop.load(Relaxed) || progress.is_cancelled() {
            continue;
        }
        match Walk::over(&block, layout) {
            Ok((columns, records, lines)) => {
                progress.add_bytes(block.len() as u64);
                progress.add_rows(records);
                tallies.push(Tally { number, columns, records, lines });
            }
            Err(odd) => {
                stop.store(true, Relaxed);
                // The reader must not wait for a worker that is gone.
                while blocks.lock().unwrap_or_else(PoisonError::into_inner).recv().is_ok() {}
                return Err(odd);
            }
        }
        // The reader may be gone already; then the block is not needed again.
        let _ = give_back.send(block);
    }
}

/// A walk over the fields of one block of whole records, each ending with LF.
struct Walk<'a> {
    block: &'a [u8],
    delimiter: u8,
    /// The quote, or the delimiter if nothing is quoted, which no field contains.
    quote: u8,
    /// Whether a CR occurs anywhere in the block.
    returns: bool,
}

impl<'a> Walk<'a> {
    fn over(block: &'a [u8], layout: Layout) -> std::result::Result<(Vec<Evidence>, u64, u64), Odd> {
        if std::str::from_utf8(block).is_err() {
            return Err(Odd::NotUtf8);
        }
        if memchr(0, block).is_some() {
            return Err(Odd::Structure);
        }
        let Dialect { delimiter, quote, .. } = layout.dialect;
        let walk =
            Self { block, delimiter, quote: quote.unwrap_or(delimiter), returns: memchr(b'\r', block).is_some() };
        let mut columns = vec![Evidence::default(); layout.width];
        let (mut at, mut records) = (0, 0);
        while at < block.len() {
            at = walk.record(at, &mut columns)?;
            records += 1;
        }
        let lines = memchr_iter(b'\n', block).count() as u64;
        Ok((columns, records, lines))
    }

    /// Walks over the record at `at` and gives the start of the next.
    #[inline(always)]
    fn record(&self, mut at: usize, columns: &mut [Evidence]) -> std::result::Result<usize, Odd> {
        let line_start = self.block[at];
        if line_start == b'\n' || (line_start == b'\r' && self.ends(at)) {
            return Err(Odd::Structure);
        }
        let (last, start) = (columns.len() - 1, at);
        for (index, evidence) in columns.iter_mut().enumerate() {
            at = self.field(at, start, evidence)?;
            let byte = self.block[at];
            if (byte == self.delimiter) == (index == last) {
                return Err(Odd::Structure);
            }
            at += 1 + usize::from(byte == b'\r' && self.delimiter != b'\r');
        }
        Ok(at)
    }

    /// Whether a field ends before `at`.
    #[inline(always)]
    fn ends(&self, at: usize) -> bool {
        match self.block.get(at) {
            Some(byte) if *byte == self.delimiter || *byte == b'\n' => true,
            Some(b'\r') => self.block.get(at + 1) == Some(&b'\n'),
            _ => false,
        }
    }

    /// Judges the field at `at` and gives the position behind it.
    #[inline(always)]
    fn field(&self, at: usize, record: usize, evidence: &mut Evidence) -> std::result::Result<usize, Odd> {
        let first = self.block[at];
        if first == self.delimiter || first == b'\n' {
            evidence.missing += 1;
            return Ok(at);
        }
        if first == self.quote {
            return self.quoted(at, record, evidence);
        }
        if first.is_ascii_digit() || first == b'-' {
            let n = number(self.block, at);
            if self.ends(n.end) {
                let text = &self.block[at..n.end];
                evidence.add(number_kind(&n, text), || self.example(text, record));
                return Ok(n.end);
            }
            if self.block[n.end] == b'-' && day(&self.block[at..]) && self.ends(at + 10) {
                let text = &self.block[at..at + 10];
                evidence.add(Lexed::of(Kind::Date), || self.example(text, record));
                return Ok(at + 10);
            }
        }
        self.text(at, record, evidence)
    }

    #[inline]
    fn text(&self, at: usize, record: usize, evidence: &mut Evidence) -> std::result::Result<usize, Odd> {
        let rest = &self.block[at..];
        let found = if self.quote == self.delimiter {
            memchr2(self.delimiter, b'\n', rest)
        } else {
            memchr3(self.delimiter, b'\n', self.quote, rest)
        };
        // Every block ends with LF, so there is an end.
        let mut end = at + found.ok_or(Odd::Structure)?;
        if self.block[end] == self.quote && self.quote != self.delimiter {
            return Err(Odd::Structure);
        }
        if self.returns {
            if self.block[end] == b'\n' && end > at && self.block[end - 1] == b'\r' {
                end -= 1;
            }
            if memchr(b'\r', &self.block[at..end]).is_some() {
                return Err(Odd::Structure);
            }
        }
        if end == at {
            evidence.missing += 1;
            return Ok(end);
        }
        let text = &self.block[at..end];
        evidence.add(lex(text), || self.example(text, record));
        Ok(end)
    }

    #[inline]
    fn quoted(&self, at: usize, record: usize, evidence: &mut Evidence) -> std::result::Result<usize, Odd> {
        let start = at + 1;
        let mut i = start;
        loop {
            i += memchr(self.quote, &self.block[i..]).ok_or(Odd::Structure)?;
            if self.block.get(i + 1) != Some(&self.quote) {
                break;
            }
            i += 2;
        }
        if !self.ends(i + 1) {
            return Err(Odd::Structure);
        }
        let text = &self.block[start..i];
        let lexed = if text.is_empty() { Lexed::of(Kind::Empty) } else { lex(text) };
        evidence.add(lexed, || {
            let Example { value, line } = self.example(text, record);
            let quote = char::from(self.quote).to_string();
            Example { value: value.replace(&quote.repeat(2), &quote), line }
        });
        Ok(i + 1)
    }

    /// A value with the line on which its record starts, counted from the block's first as 0.
    #[cold]
    fn example(&self, text: &[u8], record: usize) -> Example {
        let line = memchr_iter(b'\n', &self.block[..record]).count() as u64;
        Example { value: String::from_utf8_lossy(text).into_owned(), line }
    }
}
