//! What is read: files, a folder of files, or a Delta table.

use pulse_core::{Code, Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// What is read from a place that holds files.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Selection {
    /// The path of a file, of a folder with files, or of a folder that is a Delta table. Several files become one table.
    #[serde(deserialize_with = "one_or_several")]
    #[schemars(with = "Vec<String>", extend("x-widget" = "tokens"))]
    pub paths: Vec<String>,
    /// Which files of a folder: `*.csv` for these endings anywhere below it, `2024/*.csv` for one folder, `**` for any
    /// number of folders. Empty means every file that can be read. A refresh reads files that are new; files that were
    /// changed are read again when everything is replaced or rows are merged by a key.
    #[schemars(extend("x-placeholder" = "*.csv"))]
    pub pattern: String,
    /// For a Delta table: the version to read. Empty means the newest.
    pub version: Option<u64>,
    /// For a Delta table: the columns to read, in this order. None means all.
    #[schemars(extend("x-widget" = "tokens"))]
    pub columns: Vec<String>,
    /// For a Delta table that is refreshed: what to do if rows were changed or deleted since, and not only added.
    #[schemars(extend("x-advanced" = true))]
    pub changed: Changed,
    /// The most gigabytes that one read may download.
    #[schemars(extend("x-advanced" = true))]
    pub max_gigabytes: u64,
    /// Whether the paths are web addresses, or parts of them, in which `//` and `..` mean something else.
    #[serde(skip)]
    pub addresses: bool,
}

/// What a refresh does with a table in which more happened than that rows were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Changed {
    /// Stop, so that no row comes twice
    Stop,
    /// Read everything, to be merged by a key
    Everything,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            pattern: String::new(),
            version: None,
            columns: Vec::new(),
            changed: Changed::Stop,
            max_gigabytes: 100,
            addresses: false,
        }
    }
}

impl Selection {
    /// The paths without a leading `/`; fails if there is none, or one leads out of the place.
    pub(crate) fn clean_paths(&self) -> Result<Vec<String>> {
        if self.paths.is_empty() {
            return Err(Error::invalid("There is nothing to read.")
                .hint("Choose a file, folder or table.")
                .field("paths"));
        }
        if self.addresses {
            return Ok(self.paths.iter().map(|path| path.trim().to_owned()).collect());
        }
        self.paths.iter().map(|path| clean(path)).collect()
    }

    /// Fails if more than the user allowed would be downloaded.
    pub(crate) fn check_bytes(&self, bytes: u64, what: &str) -> Result<()> {
        if bytes <= self.max_gigabytes.saturating_mul(1 << 30) {
            return Ok(());
        }
        let gigabytes = bytes.div_ceil(1 << 30);
        let message = format!("{what} has {gigabytes} GB, and at most {} GB may be downloaded.", self.max_gigabytes);
        Err(Error::new(Code::LimitExceeded, message)
            .hint("Choose fewer files, or allow more gigabytes.")
            .field("max_gigabytes"))
    }
}

fn clean(path: &str) -> Result<String> {
    let path = path.trim_start_matches('/');
    let folder = path.ends_with('/') || path.is_empty();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| matches!(*part, "." | "..")) {
        return Err(Error::invalid(format!("The path `{path}` leads elsewhere with `.` or `..`."))
            .hint("Write the path from the top of the place, as the listing shows it.")
            .field("paths"));
    }
    let joined = parts.join("/");
    Ok(if folder && !joined.is_empty() { joined + "/" } else { joined })
}

/// A command line gives one path, a form a list of them.
pub(crate) fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Paths {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Paths::deserialize(deserializer)? {
        Paths::One(path) => vec![path],
        Paths::Several(paths) => paths,
    })
}

/// Whether a file's path below its folder matches a pattern. A pattern without `/` is one for names in any subfolder.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches('/');
    if !pattern.contains('/') {
        let name = path.rsplit('/').next().unwrap_or(path);
        return wild(pattern.as_bytes(), name.as_bytes());
    }
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    wild_parts(&pattern, &path)
}

fn wild_parts(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => {
            wild_parts(rest, path) || path.split_first().is_some_and(|(_, below)| wild_parts(pattern, below))
        }
        (Some((first, rest)), Some((name, below))) => {
            wild(first.as_bytes(), name.as_bytes()) && wild_parts(rest, below)
        }
        _ => false,
    }
}

/// `*` stands for any characters, `?` for one byte; greedy with one place to come back to.
fn wild(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_files() {
        for (pattern, path, expected) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "2024/01/a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("2024/*.csv", "2024/a.csv", true),
            ("2024/*.csv", "2024/01/a.csv", false),
            ("2024/**/*.csv", "2024/01/02/a.csv", true),
            ("2024/**/*.csv", "2024/a.csv", true),
            ("**/a?c.*", "x/abc.parquet", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxcxxb", false),
            ("[1].csv", "[1].csv", true),
            ("", "a.csv", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn paths_stay_in_their_place() {
        let paths = |text: &str| Selection { paths: vec![text.into()], ..Selection::default() }.clean_paths();
        assert_eq!(paths("/a//b c/#1%.csv").unwrap(), ["a/b c/#1%.csv"]);
        assert_eq!(paths("a/b/").unwrap(), ["a/b/"]);
        assert_eq!(paths("/").unwrap(), [""]);
        for outside in ["../x", "a/../b", "./a", "a/.."] {
            assert_eq!(paths(outside).unwrap_err().field.as_deref(), Some("paths"), "{outside}");
        }
        let one: Selection = serde_json::from_str(r#"{"paths": "a.csv"}"#).unwrap();
        assert_eq!(one.paths, ["a.csv"]);
    }
}
