//! The two shapes in which Kaggle is asked: remote calls, which its own programs use, and the older REST paths.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::reference::Reference;
use super::{Filters, Kind};
use crate::Secret;

/// Entries on a page of a search, and files on a page of a list.
pub(super) const PAGE: usize = 20;
const FILES: usize = 200;
/// What stays as it is in one part of a path.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Call<'a> {
    Datasets {
        search: &'a str,
        filters: &'a Filters,
        page: Page<'a>,
    },
    Competitions {
        search: &'a str,
        page: Page<'a>,
    },
    Dataset {
        owner: &'a str,
        name: &'a str,
    },
    Competition(&'a str),
    Files {
        of: &'a Reference,
        version: Option<u64>,
        token: &'a str,
    },
    /// One file, or everything as an archive.
    Download {
        of: &'a Reference,
        version: Option<u64>,
        file: Option<&'a str>,
    },
    /// Whom a token belongs to.
    WhoIs(&'a Secret),
}

/// Which page.
#[derive(Clone, Copy, Debug)]
pub(super) enum Page<'a> {
    Number(u64),
    Token(&'a str),
}

/// A request, to be sent below a base address.
#[derive(Debug, PartialEq)]
pub(super) struct Ask {
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    /// The body of a POST; a GET without.
    pub body: Option<Value>,
}

/// A way to put a question.
pub(super) trait Wire: Sync {
    /// The request that puts the question.
    fn ask(&self, call: &Call<'_>) -> Ask;
}

/// Remote calls: a POST to `service/Method`, the question as JSON without members at their defaults.
pub(super) struct Rpc;

/// REST paths with a query.
pub(super) struct Legacy;

impl Wire for Rpc {
    fn ask(&self, call: &Call<'_>) -> Ask {
        let datasets = |method: &str, body| post(format!("/datasets.DatasetApiService/{method}"), body);
        let competitions = |method: &str, body| post(format!("/competitions.CompetitionApiService/{method}"), body);
        match call {
            Call::Datasets { search, filters, page } => {
                let mut body = rpc_filters(filters);
                body.insert("search".into(), json!(search));
                rpc_page(&mut body, *page);
                datasets("ListDatasets", Value::Object(body))
            }
            Call::Competitions { search, page } => {
                let mut body = Map::from_iter([("search".to_owned(), json!(search))]);
                body.insert("group".into(), json!("COMPETITION_LIST_TAB_EVERYTHING"));
                body.insert("sortBy".into(), json!("COMPETITION_SORT_BY_BEST"));
                rpc_page(&mut body, *page);
                competitions("ListCompetitions", Value::Object(body))
            }
            Call::Dataset { owner, name } => datasets("GetDataset", json!({"ownerSlug": owner, "datasetSlug": name})),
            Call::Competition(name) => competitions("GetCompetition", json!({"competitionName": name})),
            Call::Files { of: Reference::Dataset { owner, name }, version, token } => {
                let mut body = json!({"ownerSlug": owner, "datasetSlug": name, "pageToken": token, "pageSize": FILES});
                set(&mut body, "datasetVersionNumber", *version);
                datasets("ListDatasetFiles", body)
            }
            Call::Files { of: Reference::Competition(name), token, .. } => {
                let body = json!({"competitionName": name, "pageToken": token, "pageSize": FILES});
                competitions("ListDataFiles", body)
            }
            Call::Download { of: Reference::Dataset { owner, name }, version, file } => {
                let mut body = json!({"ownerSlug": owner, "datasetSlug": name});
                set(&mut body, "fileName", *file);
                set(&mut body, "datasetVersionNumber", *version);
                datasets("DownloadDataset", body)
            }
            Call::Download { of: Reference::Competition(name), file: None, .. } => {
                competitions("DownloadDataFiles", json!({"competitionName": name}))
            }
            Call::Download { of: Reference::Competition(name), file: Some(file), .. } => {
                competitions("DownloadDataFile", json!({"competitionName": name, "fileName": file}))
            }
            Call::WhoIs(token) => {
                post("/security.OAuthService/IntrospectToken".into(), json!({"token": token.expose()}))
            }
        }
    }
}

impl Wire for Legacy {
    fn ask(&self, call: &Call<'_>) -> Ask {
        let version_of = |version: &Option<u64>| version.map(|v| ("datasetVersionNumber", v.to_string()));
        match call {
            Call::Datasets { search, filters, page } => {
                let mut query = legacy_filters(filters);
                query.push(("search", (*search).to_owned()));
                query.push(("page", page.number()));
                get("/datasets/list".into(), query)
            }
            Call::Competitions { search, page } => {
                get("/competitions/list".into(), vec![("search", (*search).to_owned()), ("page", page.number())])
            }
            Call::Dataset { owner, name } => get(format!("/datasets/view/{}/{}", part(owner), part(name)), vec![]),
            Call::Competition(name) => get(format!("/competitions/get/{}", part(name)), vec![]),
            Call::Files { of, version, token } => {
                let path = match of {
                    Reference::Dataset { owner, name } => format!("/datasets/list/{}/{}", part(owner), part(name)),
                    Reference::Competition(name) => format!("/competitions/data/list/{}", part(name)),
                };
                let mut query = vec![("pageToken", (*token).to_owned()), ("pageSize", FILES.to_string())];
                query.extend(version_of(version));
                get(path, query)
            }
            Call::Download { of, version, file } => {
                let path = match (of, file) {
                    (Reference::Dataset { owner, name }, _) => {
                        format!("/datasets/download/{}/{}", part(owner), part(name))
                    }
                    (Reference::Competition(name), None) => format!("/competitions/data/download-all/{}", part(name)),
                    (Reference::Competition(name), Some(_)) => format!("/competitions/data/download/{}", part(name)),
                };
                let path = file.map_or(path.clone(), |file| format!("{path}/{}", part(file)));
                get(path, version_of(version).into_iter().collect())
            }
            Call::WhoIs(token) => post("/oauth2/introspect".into(), json!({"token": token.expose()})),
        }
    }
}

impl Page<'_> {
    fn number(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Token(token) => token.to_owned(),
        }
    }
}

fn post(path: String, body: Value) -> Ask {
    Ask { path, query: Vec::new(), body: Some(body) }
}

fn get(path: String, query: Vec<(&'static str, String)>) -> Ask {
    Ask { path, query, body: None }
}

/// One part of a path; a file's folders become part of it, too, as the service wants them.
fn part(text: &str) -> String {
    utf8_percent_encode(text, PART).to_string()
}

fn set(body: &mut Value, member: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        body[member] = value.into();
    }
}

fn rpc_page(body: &mut Map<String, Value>, page: Page<'_>) {
    body.insert("pageSize".into(), json!(PAGE));
    match page {
        Page::Number(number) => {
            body.insert("page".into(), json!(number));
            body.insert("pageToken".into(), json!(""));
        }
        Page::Token(token) => {
            body.insert("pageToken".into(), json!(token));
        }
    }
}

fn rpc_filters(filters: &Filters) -> Map<String, Value> {
    let mut body = Map::new();
    let mut choice = |member: &str, prefix: &str, word: &str, default: &str| {
        if word != default {
            body.insert(member.into(), json!(format!("{prefix}_{}", word.to_ascii_uppercase())));
        }
    };
    choice("sortBy", "DATASET_SORT_BY", filters.sort.word(), "hottest");
    choice("fileType", "DATASET_FILE_TYPE_GROUP", filters.file_type.word(), "all");
    choice("license", "DATASET_LICENSE_GROUP", filters.licence.word(), "all");
    for (member, bytes) in [("minSize", filters.min_bytes()), ("maxSize", filters.max_bytes())] {
        body.extend(bytes.map(|bytes| (member.to_owned(), json!(bytes))));
    }
    body
}

fn legacy_filters(filters: &Filters) -> Vec<(&'static str, String)> {
    let mut query = vec![
        ("group", "public".to_owned()),
        ("sortBy", filters.sort.word().to_owned()),
        ("filetype", filters.file_type.word().to_owned()),
        ("license", filters.licence.word().to_owned()),
    ];
    query.extend(filters.min_bytes().map(|bytes| ("minSize", bytes.to_string())));
    query.extend(filters.max_bytes().map(|bytes| ("maxSize", bytes.to_string())));
    query
}

impl Call<'_> {
    /// What is attempted, for "Could not …".
    pub(super) fn attempt(&self) -> String {
        match self {
            Self::Datasets { filters, .. } if filters.kind == Kind::Datasets => "search Kaggle's datasets".into(),
            Self::Datasets { .. } | Self::Competitions { .. } => "search Kaggle's competitions".into(),
            Self::Dataset { owner, name } => format!("look up the dataset `{owner}/{name}`"),
            Self::Competition(name) => format!("look up the competition `{name}`"),
            Self::Files { of, .. } => format!("list the files of `{}`", of.text()),
            Self::Download { of, file: Some(file), .. } => format!("download `{file}` of `{}`", of.text()),
            Self::Download { of, file: None, .. } => format!("download `{}`", of.text()),
            Self::WhoIs(_) => "sign in".into(),
        }
    }

    /// The dataset or competition it is about.
    pub(super) fn about(&self) -> Option<Reference> {
        match self {
            Self::Dataset { owner, name } => {
                Some(Reference::Dataset { owner: (*owner).to_owned(), name: (*name).to_owned() })
            }
            Self::Competition(name) => Some(Reference::Competition((*name).to_owned())),
            Self::Files { of, .. } | Self::Download { of, .. } => Some((*of).clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kaggle::{FileType, Sort};

    #[test]
    fn questions_have_the_captured_shapes() {
        let filters = Filters { sort: Sort::Votes, file_type: FileType::Csv, max_size: Some(1), ..Filters::default() };
        let call = Call::Datasets { search: "titanic", filters: &filters, page: Page::Number(2) };
        let asked = Rpc.ask(&call);
        assert_eq!(asked.path, "/datasets.DatasetApiService/ListDatasets");
        let body = json!({
            "sortBy": "DATASET_SORT_BY_VOTES", "fileType": "DATASET_FILE_TYPE_GROUP_CSV", "search": "titanic",
            "maxSize": 1_000_000, "page": 2, "pageToken": "", "pageSize": 20,
        });
        assert_eq!(asked.body, Some(body));
        let asked = Legacy.ask(&call);
        assert!(asked.query.contains(&("sortBy", "votes".into())) && asked.query.contains(&("page", "2".into())));

        let of = Reference::Dataset { owner: "a".into(), name: "b".into() };
        let call = Call::Download { of: &of, version: Some(3), file: Some("sub/x y.csv") };
        let body = json!({
            "ownerSlug": "a", "datasetSlug": "b", "fileName": "sub/x y.csv", "datasetVersionNumber": 3,
        });
        assert_eq!(Rpc.ask(&call).body, Some(body));
        assert_eq!(Legacy.ask(&call).path, "/datasets/download/a/b/sub%2Fx%20y.csv");
        let of = Reference::Competition("titanic".into());
        let call = Call::Download { of: &of, version: None, file: None };
        assert_eq!(Rpc.ask(&call).path, "/competitions.CompetitionApiService/DownloadDataFiles");
        assert_eq!(Legacy.ask(&call).path, "/competitions/data/download-all/titanic");
    }
}
