//! What a text names: a dataset, one version of it, a competition, a file; also as an address pasted from the site.

use percent_encoding::percent_decode_str;
use pulse_core::{Error, Result};
use url::Url;

/// The site's address, for links that people follow.
const SITE: &str = "https://www.kaggle.com";

/// A dataset or a competition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// `owner/name`.
    Dataset { owner: String, name: String },
    /// `c/name`.
    Competition(String),
}

/// A reference with what else its text said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub reference: Reference,
    /// The version it names.
    pub version: Option<u64>,
    /// The file that is selected on a pasted page.
    pub file: Option<String>,
}

impl Named {
    /// Reads `owner/name`, `owner/name/versions/3`, `owner/name/3`, `c/name` and the site's addresses of these.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let (path, file) = path_of(text.trim());
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let parts = parts.strip_prefix(&["datasets"]).unwrap_or(&parts);
        let named = |reference, version| Ok(Self { reference, version, file });
        match parts {
            ["c" | "competitions", name, ..] if is_slug(name) => {
                named(Reference::Competition((*name).to_owned()), None)
            }
            [owner, name, rest @ ..] if is_slug(owner) && is_slug(name) => {
                let dataset = Reference::Dataset { owner: (*owner).to_owned(), name: (*name).to_owned() };
                match rest {
                    [number] | ["versions", number, ..] if number.parse::<u64>().is_ok_and(|number| number > 0) => {
                        named(dataset, number.parse().ok())
                    }
                    // The pages of a dataset: `data`, `code`, `discussion`, `suggestions` and what may come.
                    [] | [_] => named(dataset, None),
                    _ => Err(unclear(text)),
                }
            }
            _ => Err(unclear(text)),
        }
    }
}

impl Reference {
    /// As it is written in a selection.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Dataset { owner, name } => format!("{owner}/{name}"),
            Self::Competition(name) => format!("c/{name}"),
        }
    }

    /// The last part, from which files and tables get their names.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Dataset { name, .. } | Self::Competition(name) => name,
        }
    }

    /// Its page on the site.
    pub(super) fn page(&self) -> String {
        match self {
            Self::Dataset { owner, name } => format!("{SITE}/datasets/{owner}/{name}"),
            Self::Competition(name) => format!("{SITE}/competitions/{name}"),
        }
    }

    /// The page on which what is asked for before a download is agreed to.
    pub(super) fn terms(&self) -> String {
        match self {
            Self::Dataset { .. } => self.page(),
            Self::Competition(_) => format!("{}/rules", self.page()),
        }
    }
}

/// The path of a reference or address, and the file that the address selects.
fn path_of(text: &str) -> (String, Option<String>) {
    let address = match text.split_once("://") {
        Some(_) => Url::parse(text).ok(),
        None if text.starts_with("www.kaggle.com/") || text.starts_with("kaggle.com/") => {
            Url::parse(&format!("https://{text}")).ok()
        }
        None => None,
    };
    match address {
        Some(url) if url.host_str().is_some_and(|host| host == "kaggle.com" || host.ends_with(".kaggle.com")) => {
            let file = url.query_pairs().find(|(name, _)| name == "select").map(|(_, file)| file.into_owned());
            (percent_decode_str(url.path()).decode_utf8_lossy().into_owned(), file)
        }
        // An address elsewhere is no reference; its scheme's colon makes that plain.
        _ => (text.to_owned(), None),
    }
}

fn is_slug(part: &str) -> bool {
    part.starts_with(|first: char| first.is_ascii_alphanumeric())
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn unclear(text: &str) -> Error {
    let shown: String = text.chars().take(80).collect();
    Error::invalid(format!("`{shown}` names no dataset or competition."))
        .hint("Write owner/name for a dataset, c/name for a competition, or paste the address of its page.")
        .field("dataset")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_what_they_mean() {
        let cases = [
            ("heptapod/titanic", "heptapod/titanic", None, None),
            (" heptapod/titanic/versions/3 ", "heptapod/titanic", Some(3), None),
            ("heptapod/titanic/3", "heptapod/titanic", Some(3), None),
            ("https://www.kaggle.com/datasets/heptapod/titanic", "heptapod/titanic", None, None),
            ("https://www.kaggle.com/datasets/heptapod/titanic/data", "heptapod/titanic", None, None),
            ("https://www.kaggle.com/heptapod/titanic/version/2", "", None, None),
            ("www.kaggle.com/datasets/a/b/versions/7?select=x%20y.csv", "a/b", Some(7), Some("x y.csv")),
            ("https://kaggle.com/competitions/titanic/data?select=train.csv", "c/titanic", None, Some("train.csv")),
            ("c/titanic", "c/titanic", None, None),
            ("https://example.com/a/b", "", None, None),
            ("titanic", "", None, None),
            ("../etc/passwd", "", None, None),
            ("", "", None, None),
        ];
        for (text, means, version, file) in cases {
            match Named::parse(text) {
                Ok(named) => {
                    assert_eq!(named.reference.text(), means, "{text}");
                    assert_eq!((named.version, named.file.as_deref()), (version, file), "{text}");
                }
                Err(error) => assert!(means.is_empty() && error.hint.is_some(), "{text}: {error}"),
            }
        }
    }
}
