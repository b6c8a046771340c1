//! Records written as NDJSON, digit for digit and in the order of their members.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use pulse_core::{Error, Result};

use super::tree::scalar;
use crate::formats::json_text::{compact, members};

/// Objects inside objects are opened so deep.
const DEPTH: usize = 32;

/// The file of rows.
pub(super) struct Rows {
    path: PathBuf,
    out: BufWriter<File>,
    flatten: bool,
    /// Records written so far.
    pub count: u64,
}

impl Rows {
    /// A new file in `folder`; with `flatten` the members of inner objects become members of the record.
    pub(super) fn create(folder: &Path, flatten: bool) -> Result<Self> {
        let path = folder.join("records.ndjson");
        let file = File::create(&path).map_err(|cause| Error::io("write", &path, &cause))?;
        Ok(Self { path, out: BufWriter::with_capacity(1 << 18, file), flatten, count: 0 })
    }

    /// Writes a record, with members of its parent before its own.
    pub(super) fn write(&mut self, record: &[u8], parent: &[(String, Vec<u8>)]) -> Result<()> {
        self.count += 1;
        let object = record.first() == Some(&b'{');
        let mut line = if object && (self.flatten || !parent.is_empty()) {
            let mut line = Vec::with_capacity(record.len() + 64);
            line.push(b'{');
            for (name, value) in parent {
                member(&mut line, name, value);
            }
            if self.flatten {
                flatten(&mut line, record, "", DEPTH)
            } else {
                each(&mut line, record)
            }
            line.push(b'}');
            line
        } else {
            compact(record)
        };
        line.push(b'\n');
        self.out.write_all(&line).map_err(|cause| Error::io("write", &self.path, &cause))
    }

    /// The finished file.
    pub(super) fn finish(mut self) -> Result<PathBuf> {
        self.out.flush().map_err(|cause| Error::io("write", &self.path, &cause))?;
        Ok(self.path)
    }
}

fn member(line: &mut Vec<u8>, name: &str, value: &[u8]) {
    if line.len() > 1 {
        line.push(b',');
    }
    // A text is always written.
    line.extend_from_slice(serde_json::to_string(name).unwrap_or_default().as_bytes());
    line.push(b':');
    line.extend_from_slice(&compact(value));
}

fn each(line: &mut Vec<u8>, record: &[u8]) {
    for (name, value) in members(record, 0) {
        member(line, &name, &record[value]);
    }
}

fn flatten(line: &mut Vec<u8>, object: &[u8], before: &str, depth: usize) {
    for (name, value) in members(object, 0) {
        let value = &object[value];
        let name = if before.is_empty() { name } else { format!("{before}.{name}") };
        let opens = depth > 0 && value.first() == Some(&b'{') && members(value, 0).next().is_some();
        if opens { flatten(line, value, &name, depth - 1) } else { member(line, &name, value) }
    }
}

/// A path with the fields of a record in the place of their names in braces; nothing if the record lacks one of them.
pub(super) fn filled(template: &str, record: &[u8]) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let close = open + rest[open..].find('}')?;
        let value = super::tree::at(record, &rest[open + 1..close]).and_then(scalar)?;
        out.push_str(&rest[..open]);
        out.extend(percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC));
        rest = &rest[close + 1..];
    }
    Some(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_keep_digits_and_order() {
        let record = br#"{"z": 12345678901234567890.10, "a" : {"y": {"k": 1e400, "e": {}}, "x": [1, {"b": 2}]}, "q\"": "t \u00e9 \n"}"#;
        let kept = r#"{"_parent_id":7,"z":12345678901234567890.10,"a":{"y":{"k":1e400,"e":{}},"x":[1,{"b":2}]},"q\"":"t \u00e9 \n"}"#;
        let flat = r#"{"_parent_id":7,"z":12345678901234567890.10,"a.y.k":1e400,"a.y.e":{},"a.x":[1,{"b":2}],"q\"":"t \u00e9 \n"}"#;
        for (flatten, expected) in [(false, kept), (true, flat)] {
            let folder = tempfile::tempdir().unwrap();
            let mut rows = Rows::create(folder.path(), flatten).unwrap();
            rows.write(record, &[("_parent_id".into(), b"7".to_vec())]).unwrap();
            rows.write(b"[1, 2]", &[]).unwrap();
            let text = std::fs::read_to_string(rows.finish().unwrap()).unwrap();
            assert_eq!(text, format!("{expected}\n[1,2]\n"));
        }
    }

    #[test]
    fn templates_are_filled() {
        let record = br#"{"id": "a/b c", "owner": {"n": 5}, "none": null}"#;
        let cases = [
            ("orders/{id}/items", Some("orders/a%2Fb%20c/items")),
            ("x?o={owner.n}", Some("x?o=5")),
            ("plain", Some("plain")),
            ("{none}", None),
            ("{missing}", None),
        ];
        for (template, expected) in cases {
            assert_eq!(filled(template, record).as_deref(), expected, "{template}");
        }
    }
}
