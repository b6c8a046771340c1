//! Names and texts as parts of a statement.

/// A name, quoted: capitals, blanks, reserved words and quotes in it are safe.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal that means the same whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// A name as it can be typed: quoted only where it has to be.
pub(super) fn typed_name(given: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    let simple = given.starts_with(plain) && given.chars().all(|c| plain(c) || c.is_ascii_digit());
    if simple { given.to_owned() } else { name(given) }
}

/// The parts of a dotted name with optional double quotes; nothing if quotes do not match.
pub(super) fn parts(text: &str) -> Option<Vec<String>> {
    let (mut parts, mut chars) = (Vec::new(), text.trim().chars().peekable());
    loop {
        let mut part = String::new();
        if chars.next_if_eq(&'"').is_some() {
            loop {
                match chars.next()? {
                    '"' if chars.next_if_eq(&'"').is_some() => part.push('"'),
                    '"' => break,
                    other => part.push(other),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| *c != '.') {
                part.push(c);
            }
            part = part.trim().to_owned();
        }
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        match chars.next() {
            None => return Some(parts),
            Some('.') => {}
            Some(_) => return None,
        }
    }
}

/// A condition or a query in brackets. The line breaks end comments in it, and a semicolon at its end is dropped.
pub(super) fn bracketed(text: &str) -> String {
    format!("(\n{}\n)", text.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace()))
}
