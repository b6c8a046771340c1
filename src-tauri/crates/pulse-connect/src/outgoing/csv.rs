//! Rows as lines of CSV as RFC 4180 describes it: the same texts as in JSON, without its quotes.

use std::borrow::Cow;

use polars::prelude::DataFrame;
use pulse_core::Result;

use super::JsonRows;

/// The rows of a batch, ready to be written one by one. A missing value is an empty field, an empty text is `""`, and
/// nested values are JSON texts.
pub(crate) struct CsvRows {
    rows: JsonRows,
    width: usize,
    delimiter: u8,
}

impl CsvRows {
    /// The rows of `frame`, their fields separated by `delimiter`.
    pub fn new(frame: &DataFrame, delimiter: u8) -> Result<Self> {
        Ok(Self { rows: JsonRows::new(frame)?, width: frame.width(), delimiter })
    }

    /// Appends the row `at` as a line without its end.
    pub fn write(&self, at: usize, out: &mut Vec<u8>) {
        let mut value = Vec::new();
        for column in 0..self.width {
            if column > 0 {
                out.push(self.delimiter);
            }
            value.clear();
            self.rows.write_value(column, at, &mut value);
            match value.first() {
                Some(b'n') => {}
                Some(b'"') => {
                    let text: Cow<'_, str> = serde_json::from_slice(&value).unwrap_or_default();
                    self.field(text.as_bytes(), out);
                }
                _ => self.field(&value, out),
            }
        }
    }

    /// Appends a field, in quotes where it would be read as something else without them.
    fn field(&self, text: &[u8], out: &mut Vec<u8>) {
        let plain = |byte: &u8| *byte != self.delimiter && !matches!(byte, b'"' | b'\n' | b'\r');
        let edges = [text.first(), text.last()];
        if !text.is_empty() && text.iter().all(plain) && !edges.contains(&Some(&b' ')) {
            out.extend_from_slice(text);
            return;
        }
        out.push(b'"');
        for byte in text {
            out.extend_from_slice(if *byte == b'"' { b"\"\"" } else { std::slice::from_ref(byte) });
        }
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Dialect, split};
    use polars::prelude::df;

    #[test]
    fn fields_come_back_as_they_were() {
        let texts = [Some("a,b"), Some("say \"hi\"\nnow"), Some(""), None, Some("ü\\"), Some(" padded ")];
        let frame = df!("t" => texts, "n" => [Some(1i64), None, Some(-3), Some(4), Some(5), Some(6)],
            "f" => [0.1, f64::NAN, 1.0, 2.0, 3.0, 4.0], "b" => [true, false, true, true, true, true])
        .expect("a frame");
        let rows = CsvRows::new(&frame, b',').expect("rows");
        let line = |at| {
            let mut out = Vec::new();
            rows.write(at, &mut out);
            out
        };
        let dialect = Dialect { delimiter: b',', quote: Some(b'"'), line_end: b'\n' };
        for (at, text) in texts.iter().enumerate() {
            let (line, mut fields) = (line(at), Vec::new());
            split(&line, 0, dialect, true, &mut fields).expect("a record");
            assert_eq!(fields.len(), 4, "{}", String::from_utf8_lossy(&line));
            assert_eq!(fields[0].content(&line, Some(b'"')), text.unwrap_or_default().as_bytes());
            assert_eq!(fields[0].quoted, *text != Some("ü\\") && text.is_some(), "what is missing is told from \"\"");
        }
        assert_eq!(line(1), b"\"say \"\"hi\"\"\nnow\",,NaN,false");
        assert_eq!(line(3), b",4,2.0,true");
    }
}
