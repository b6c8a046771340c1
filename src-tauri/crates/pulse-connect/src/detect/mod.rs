//! What a text file looks like: its encoding, its dialect, its header.

mod dialect;
mod encoding;
mod header;

pub(crate) use dialect::{Guess, detect_dialect, one_byte};
pub(crate) use encoding::{EncodingChoice, MARK, Translated, detect_encoding, guess_whole, is_binary};
pub(crate) use header::{Header, find_header};
