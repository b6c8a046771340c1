//! The encoding of a text file, and its translation to UTF-8.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use pulse_core::{Error, Progress, Result};

use crate::model::Setting;
use crate::text::Text;

/// Stands in translated text before the hexadecimal digits of bytes that could not be translated. No UTF-8 text holds
/// it, so that the record it stands in is found by the check that every record passes.
pub(crate) const MARK: u8 = 0xff;
/// Bytes that are translated at a time.
const BLOCK: usize = 1 << 18;

/// The encoding to read a file in.
#[derive(Clone, Debug)]
pub(crate) struct EncodingChoice {
    pub encoding: &'static Encoding,
    pub setting: Setting,
    /// Whether a later look at the whole file may change the choice.
    pub open: bool,
}

impl EncodingChoice {
    fn new(encoding: &'static Encoding, confidence: f64, why: &str) -> Self {
        Self { encoding, setting: Setting::new(encoding.name().to_ascii_lowercase(), confidence, why), open: false }
    }

    /// Whether the bytes can be read as they are.
    pub(crate) fn is_utf8(&self) -> bool {
        self.encoding == UTF_8
    }
}

/// The encoding the user gave, or the one that the first bytes of a file show.
pub(crate) fn detect_encoding(sample: &[u8], given: Option<&str>) -> Result<EncodingChoice> {
    if let Some(name) = given {
        let encoding = Encoding::for_label(name.as_bytes())
            .or_else(|| Encoding::for_label(name.to_ascii_lowercase().replace("latin-", "latin").as_bytes()))
            .ok_or_else(|| {
                Error::invalid(format!("`{name}` is not an encoding."))
                    .hint("Use a name such as utf-8, windows-1252, iso-8859-15, utf-16le or shift_jis.")
                    .field("encoding")
            })?;
        return Ok(EncodingChoice {
            setting: Setting::given(encoding.name().to_ascii_lowercase()),
            encoding,
            open: false,
        });
    }
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return Ok(EncodingChoice::new(encoding, 1.0, "The file begins with this encoding's byte order mark."));
    }
    if let Some(encoding) = utf16_without_mark(sample) {
        return Ok(EncodingChoice::new(encoding, 0.8, "Every other byte is zero, as in UTF-16 text."));
    }
    if sample.is_ascii() {
        let choice = EncodingChoice::new(UTF_8, 0.9, "The first part has plain ASCII letters only.");
        return Ok(EncodingChoice { open: true, ..choice });
    }
    let cut = valid_up_to(sample);
    if sample.len() - cut < 4 && sample[..cut].iter().any(|b| !b.is_ascii()) {
        let choice = EncodingChoice::new(UTF_8, 0.99, "Its letters beyond ASCII are valid UTF-8.");
        return Ok(EncodingChoice { open: true, ..choice });
    }
    let (good, bad) = count_beyond_ascii(sample);
    if good > bad {
        return Ok(EncodingChoice::new(UTF_8, 0.7, "Most letters beyond ASCII are valid UTF-8; a few are not."));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, false);
    Ok(guessed(&detector))
}

/// The encoding that all bytes of a text together show, once some were found not to be UTF-8; nothing if it is UTF-8
/// with a few damaged places.
pub(crate) fn guess_whole(bytes: &Text, progress: &Progress) -> Result<Option<EncodingChoice>> {
    bytes.read(progress, |bytes, failed| guess(bytes, failed, progress))
}

fn guess(
    bytes: &mut dyn Read,
    failed: &dyn Fn(io::Error) -> Error,
    progress: &Progress,
) -> Result<Option<EncodingChoice>> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut block = vec![0; 1 << 20];
    let (mut good, mut bad) = (0, 0);
    loop {
        progress.check()?;
        let count = bytes.read(&mut block).map_err(failed)?;
        if count == 0 {
            break;
        }
        detector.feed(&block[..count], false);
        let (g, b) = count_beyond_ascii(&block[..count]);
        good += g;
        bad += b;
    }
    Ok((good <= bad).then(|| guessed(&detector)))
}

fn guessed(detector: &EncodingDetector) -> EncodingChoice {
    let encoding = detector.guess(None, Utf8Detection::Deny);
    EncodingChoice::new(encoding, 0.7, "Its bytes are not UTF-8; letter statistics point to this encoding.")
}

/// How many characters beyond ASCII are valid UTF-8, and how many places are not.
fn count_beyond_ascii(bytes: &[u8]) -> (u64, u64) {
    bytes.utf8_chunks().fold((0, 0), |(good, bad), chunk| {
        let beyond = chunk.valid().bytes().filter(|b| *b >= 0xc0).count() as u64;
        (good + beyond, bad + u64::from(!chunk.invalid().is_empty()))
    })
}

fn valid_up_to(bytes: &[u8]) -> usize {
    std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len)
}

fn utf16_without_mark(sample: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| sample.iter().skip(from).step_by(2).filter(|b| **b == 0).count() * 2;
    let (even, odd) = (zeros(0), zeros(1));
    if sample.len() >= 8 && odd * 10 > sample.len() * 7 && even * 10 < sample.len() {
        Some(UTF_16LE)
    } else if sample.len() >= 8 && even * 10 > sample.len() * 7 && odd * 10 < sample.len() {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Whether bytes cannot be text in any encoding that is read.
pub(crate) fn is_binary(head: &[u8]) -> bool {
    if Encoding::for_bom(head).is_some() || utf16_without_mark(head).is_some() {
        return false;
    }
    let odd = head.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31)).count();
    // A few stray control characters in a short text do not make it binary.
    odd > 4 + head.len() / 20
}

/// Bytes translated to UTF-8 as they are read; those that the encoding does not know are written in hexadecimal digits
/// after [`MARK`].
pub(crate) struct Translated<'a> {
    from: &'a mut dyn Read,
    decoder: Decoder,
    /// Bytes read, and how many of them are translated.
    block: Vec<u8>,
    at: usize,
    /// The end of the block before, for what began there and turned out to be no letter.
    tail: Vec<u8>,
    /// Text, and how much of it is handed out.
    text: Vec<u8>,
    given: usize,
    at_end: bool,
}

impl<'a> Translated<'a> {
    /// The text of bytes in `encoding`.
    pub(crate) fn new(from: &'a mut dyn Read, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { from, decoder, block: Vec::new(), at: 0, tail: Vec::new(), text: Vec::new(), given: 0, at_end: false }
    }

    /// Reads and translates more. The text may stay empty before the end is reached.
    fn fill(&mut self) -> io::Result<()> {
        self.tail = self.block[self.block.len().saturating_sub(16)..].to_vec();
        self.block.clear();
        let count = (&mut *self.from).take(BLOCK as u64).read_to_end(&mut self.block)?;
        (self.at, self.at_end) = (0, count == 0);
        // Three bytes of text for one of the block at most, and a few that the decoder held back.
        self.text.resize(3 * BLOCK + 64, 0);
        let mut length = 0;
        loop {
            if self.text.len() - length < 64 {
                self.text.resize(self.text.len() * 2, 0);
            }
            let rest = &self.block[self.at..];
            let (result, read, wrote) =
                self.decoder.decode_to_utf8_without_replacement(rest, &mut self.text[length..], self.at_end);
            self.at += read;
            length += wrote;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                DecoderResult::Malformed(bad, after) => {
                    let recent = self.block[..self.at].iter().rev().chain(self.tail.iter().rev()).copied();
                    let mut bytes: Vec<u8> = recent.skip(usize::from(after)).take(usize::from(bad)).collect();
                    bytes.reverse();
                    let escaped = [&[MARK], crate::ledger::escape(&bytes, true).as_bytes()].concat();
                    self.text.resize(self.text.len().max(length + escaped.len() + 64), 0);
                    self.text[length..length + escaped.len()].copy_from_slice(&escaped);
                    length += escaped.len();
                }
            }
        }
        self.text.truncate(length);
        self.given = 0;
        Ok(())
    }
}

impl Read for Translated<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.at_end {
            self.fill()?;
        }
        let count = into.len().min(self.text.len() - self.given);
        into[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}
