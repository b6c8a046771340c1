//! SQL text as tokens: enough to find tables and versions, the kind of statement and forbidden functions, without
//! being misled by strings, quoted names and comments.

use std::ops::Range;

/// One token and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
}

/// What a token is; names are without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An unquoted name or keyword.
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    /// A string in any of its spellings.
    Text,
    Number(String),
    Symbol(char),
}

impl Token {
    /// The name this token can be, quoted or not.
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(name) | Kind::Quoted(name) => Some(name),
            _ => None,
        }
    }

    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(text) if text.eq_ignore_ascii_case(word))
    }

    pub fn is_symbol(&self, symbol: char) -> bool {
        self.kind == Kind::Symbol(symbol)
    }

    fn integer(&self) -> Option<u64> {
        match &self.kind {
            Kind::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }
}

/// The tokens of `sql`; an unfinished string, name or comment ends with the text.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let (kind, length) = if c.is_whitespace() || rest.starts_with("--") || rest.starts_with("/*") {
            (None, blank(rest))
        } else if c == '\'' {
            (Some(Kind::Text), text(rest, false))
        } else if (c == 'e' || c == 'E') && rest[1..].starts_with('\'') {
            (Some(Kind::Text), 1 + text(&rest[1..], true))
        } else if let Some(length) = dollar_text(rest) {
            (Some(Kind::Text), length)
        } else if c == '"' {
            let length = quoted(rest);
            let inner = rest[1..length].strip_suffix('"').unwrap_or(&rest[1..length]);
            (Some(Kind::Quoted(inner.replace("\"\"", "\""))), length)
        } else if c.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (Some(Kind::Number(rest[..length].to_owned())), length)
        } else if c.is_alphabetic() || c == '_' {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
            (Some(Kind::Word(rest[..length].to_owned())), length)
        } else {
            (Some(Kind::Symbol(c)), c.len_utf8())
        };
        tokens.extend(kind.map(|kind| Token { kind, range: at..at + length }));
        at += length;
    }
    tokens
}

/// A table named in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub layer: String,
    pub name: String,
    pub version: Option<u64>,
    /// The text that names it, with its version.
    pub range: Range<usize>,
}

/// The tables that `tokens` name: `silver.prices`, `silver.prices@3`, `silver.prices VERSION AS OF 3` and DuckDB's own
/// `silver.prices AT (VERSION => 3)`.
pub(crate) fn references(tokens: &[Token]) -> Vec<Reference> {
    let mut found = Vec::new();
    for (at, window) in tokens.windows(3).enumerate() {
        let (Some(layer), true, Some(name)) = (window[0].name(), window[1].is_symbol('.'), window[2].name()) else {
            continue;
        };
        let layer = layer.to_ascii_lowercase();
        let qualified = at > 0 && tokens[at - 1].is_symbol('.');
        if qualified || !["bronze", "silver", "gold"].contains(&layer.as_str()) {
            continue;
        }
        let (version, length) = version(&tokens[at + 3..]);
        let range = window[0].range.start..tokens[at + 2 + length].range.end;
        found.push(Reference { layer, name: name.to_ascii_lowercase(), version, range });
    }
    found
}

/// The version that `tokens` begin with and how many tokens it takes.
fn version(tokens: &[Token]) -> (Option<u64>, usize) {
    let spelled = |pattern: &[&str]| {
        let matches = pattern.len() < tokens.len()
            && pattern.iter().zip(tokens).all(|(part, token)| {
                token.is_word(part) || part.chars().next().is_some_and(|c| part.len() == 1 && token.is_symbol(c))
            });
        matches.then(|| tokens[pattern.len()].integer()).flatten().map(|version| (Some(version), pattern.len() + 1))
    };
    let native = ["at", "(", "version", "=", ">"];
    spelled(&["@"])
        .or_else(|| spelled(&["version", "as", "of"]))
        .or_else(|| spelled(&native).map(|(version, length)| (version, length + 1)).filter(|(_, l)| *l <= tokens.len()))
        .unwrap_or((None, 0))
}

/// Bytes of the white space or comment that `sql` begins with; comments nest.
fn blank(sql: &str) -> usize {
    if sql.starts_with("--") {
        return sql.find('\n').map_or(sql.len(), |end| end + 1);
    }
    if !sql.starts_with("/*") {
        return sql.find(|c: char| !c.is_whitespace()).unwrap_or(sql.len());
    }
    let (mut depth, mut at) = (0_usize, 0);
    while at < sql.len() {
        let rest = &sql.as_bytes()[at..];
        match rest {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    sql.len()
}

/// Bytes of the string that `sql` begins with; a doubled quote stands for one, and a backslash escapes if `escapes`.
fn text(sql: &str, escapes: bool) -> usize {
    let bytes = sql.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    sql.len()
}

/// Bytes of the quoted name that `sql` begins with; a doubled quote stands for one.
pub(crate) fn quoted(sql: &str) -> usize {
    let bytes = sql.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' if bytes.get(at + 1) == Some(&b'"') => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    sql.len()
}

/// Bytes of the `$tag$ … $tag$` that `sql` begins with, if it does.
fn dollar_text(sql: &str) -> Option<usize> {
    let rest = sql.strip_prefix('$')?;
    let tag = rest.find('$').map(|end| &rest[..end])?;
    let valid = tag.chars().all(|c| c.is_alphanumeric() || c == '_') && !tag.starts_with(|c: char| c.is_ascii_digit());
    let mark = format!("${tag}$");
    valid.then(|| sql[mark.len()..].find(&mark).map_or(sql.len(), |end| end + 2 * mark.len()))
}
