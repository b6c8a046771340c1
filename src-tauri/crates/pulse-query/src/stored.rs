//! Which type a column of a result gets in its Parquet file: its own where every reader of the file has it, else one
//! that loses nothing.

/// The type that `sql_type` is stored as. DuckDB would write a `HUGEINT` as a `DOUBLE`, and Polars has no `UUID`,
/// `INTERVAL`, `BIT` and others; parts of lists and structs are treated the same.
pub(crate) fn stored_type(sql_type: &str) -> String {
    let mut stored = String::new();
    let mut rest = sql_type;
    while !rest.is_empty() {
        let (replacement, length) = part(rest);
        stored.push_str(&replacement);
        rest = &rest[length..];
    }
    stored
}

/// The type for a number too long for the decimal that [`stored_type`] chose.
pub(crate) fn roomier(stored: &str) -> String {
    stored.replace("DECIMAL(38,0)", "VARCHAR")
}

/// The next word, quoted name or symbol of a type, as stored, and its length in the original.
fn part(text: &str) -> (String, usize) {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut end = 0;
        while let Some(quote) = quoted[end..].find('"') {
            end += quote + 1;
            if !quoted[end..].starts_with('"') {
                break;
            }
            end += 1;
        }
        return (text[..=end].to_owned(), end + 1);
    }
    let word = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    match &text[..word] {
        "" => {
            let length = text.chars().next().map_or(0, char::len_utf8);
            (text[..length].to_owned(), length)
        }
        "HUGEINT" | "UHUGEINT" => ("DECIMAL(38,0)".to_owned(), word),
        "UUID" | "INTERVAL" | "BIT" | "BIGNUM" | "VARINT" | "TIMETZ" | "TIME_NS" | "JSON" | "VARIANT" | "GEOMETRY" => {
            ("VARCHAR".to_owned(), word)
        }
        "TIME" if text[word..].starts_with(" WITH TIME ZONE") => ("VARCHAR".to_owned(), word + " WITH TIME ZONE".len()),
        "TIMESTAMP_S" | "TIMESTAMP_MS" => ("TIMESTAMP".to_owned(), word),
        "ENUM" | "UNION" => ("VARCHAR".to_owned(), word + parentheses(&text[word..])),
        other => (other.to_owned(), word),
    }
}

/// Bytes of the parenthesised part that `text` begins with; quotes may hold parentheses.
fn parentheses(text: &str) -> usize {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return if c == ')' { at + 1 } else { 0 };
        }
    }
    text.len()
}
