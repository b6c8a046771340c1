//! Kaggle: datasets and the data of competitions.

mod answers;
mod api;
mod beginning;
mod browse;
mod checksum;
mod credentials;
mod fetch;
mod read;
mod reference;
mod wire;

use pulse_core::{Error, Progress, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use self::api::Api;
use self::reference::{Named, Reference};
use crate::Secret;
use crate::connector::{About, Browse, Browsing, Check, Connector, Fetched, Listing, News, Task};

/// Kaggle's public address.
const ADDRESS: &str = "https://api.kaggle.com";

/// Datasets and competitions of kaggle.com: search them, look at their descriptions, files and columns, and import files
/// with their licence and version. Without any setting it signs in as Kaggle's own program would on this computer:
/// an API token or kaggle.json is found by itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Settings {
    /// An API token, or the path of a file that holds one; kaggle.com makes one under Settings, API. Empty: what is
    /// found on this computer is used.
    token: Secret,
    /// The user name of kaggle.json, for the older kind of key.
    #[schemars(extend("x-advanced" = true))]
    username: String,
    /// The key of kaggle.json.
    #[schemars(extend("x-advanced" = true))]
    key: Secret,
    /// Use the token or kaggle.json of this computer where none is given here (KAGGLE_API_TOKEN, KAGGLE_USERNAME and
    /// KAGGLE_KEY, and the files in ~/.kaggle). They are sent to kaggle.com and to this computer only.
    #[schemars(extend("x-advanced" = true))]
    use_computer_sign_in: bool,
    /// The address of the service; change it only for a server that stands in for Kaggle.
    #[schemars(extend("x-advanced" = true))]
    address: String,
    /// How Kaggle is asked.
    #[schemars(extend("x-advanced" = true))]
    protocol: Protocol,
    /// Let the address lead to this computer or a private network.
    #[schemars(extend("x-advanced" = true))]
    allow_private: bool,
    /// Check the server's certificate. Switched off, anybody on the way can read and change what is sent.
    #[schemars(extend("x-advanced" = true))]
    verify_tls: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token: Secret::default(),
            username: String::new(),
            key: Secret::default(),
            use_computer_sign_in: true,
            address: ADDRESS.into(),
            protocol: Protocol::Automatic,
            allow_private: false,
            verify_tls: true,
        }
    }
}

/// How Kaggle is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Protocol {
    /// As the server understands it
    #[default]
    Automatic,
    /// Remote calls, as Kaggle's own programs do
    Calls,
    /// The older REST paths
    Rest,
}

/// What is read from Kaggle.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Selection {
    /// A dataset as owner/name, a competition as c/name, or the address of its page.
    #[schemars(extend("x-placeholder" = "owner/name"))]
    dataset: String,
    /// A dataset's version; empty for the newest, which a refresh then follows.
    version: Option<u64>,
    /// The files to read into one table; empty for all that can be read.
    #[schemars(extend("x-widget" = "tokens"))]
    files: Vec<String>,
}

/// What narrows a search.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Filters {
    /// What to search.
    kind: Kind,
    /// What comes first.
    #[schemars(extend("x-depends-on" = {"field": "kind", "values": ["datasets"]}))]
    sort: Sort,
    /// The type that files must have.
    #[schemars(extend("x-depends-on" = {"field": "kind", "values": ["datasets"]}))]
    file_type: FileType,
    /// The licence that datasets must have.
    #[schemars(extend("x-depends-on" = {"field": "kind", "values": ["datasets"]}))]
    licence: Licence,
    /// The smallest size in megabytes.
    #[schemars(extend("x-depends-on" = {"field": "kind", "values": ["datasets"]}))]
    min_size: Option<u64>,
    /// The greatest size in megabytes.
    #[schemars(extend("x-depends-on" = {"field": "kind", "values": ["datasets"]}))]
    max_size: Option<u64>,
}

impl Filters {
    fn min_bytes(&self) -> Option<u64> {
        self.min_size.map(|megabytes| megabytes.saturating_mul(1_000_000))
    }

    fn max_bytes(&self) -> Option<u64> {
        self.max_size.map(|megabytes| megabytes.saturating_mul(1_000_000))
    }
}

/// Declares a choice whose words are those of Kaggle.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$label:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub(super) enum $name {
            $($(#[$label])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Kaggle's word.
            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

/// What is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Datasets
    #[default]
    Datasets,
    /// Competitions
    Competitions,
}

choice! {
    /// What comes first.
    Sort {
        /// Hottest
        #[default]
        Hottest = "hottest",
        /// Most votes
        Votes = "votes",
        /// Newest version
        Updated = "updated",
        /// Most active
        Active = "active",
        /// Newest
        Published = "published",
    }
}

choice! {
    /// A type of files.
    FileType {
        /// Any type
        #[default]
        All = "all",
        /// CSV
        Csv = "csv",
        /// JSON
        Json = "json",
        /// Parquet
        Parquet = "parquet",
        /// SQLite
        Sqlite = "sqlite",
    }
}

choice! {
    /// A group of licences.
    Licence {
        /// Any licence
        #[default]
        All = "all",
        /// Creative Commons
        Cc = "cc",
        /// GPL
        Gpl = "gpl",
        /// Open Database
        Odb = "odb",
        /// Other
        Other = "other",
    }
}

/// A connection to Kaggle.
pub(crate) struct Kaggle {
    api: Api,
}

impl Connector for Kaggle {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = Filters;

    fn about() -> About {
        About {
            kind: "kaggle",
            title: "Kaggle",
            summary: "Datasets and competitions of kaggle.com.",
            group: "Datasets",
            schemes: &["kaggle"],
            browsing: Browsing::Search,
            main: "dataset",
            ready: true,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        Ok(Self { api: Api::new(&settings)? })
    }

    /// `kaggle://TOKEN@kaggle.com`, or `kaggle://USER:KEY@kaggle.com`; another host stands in for Kaggle.
    fn from_url(url: &Url) -> Result<Value> {
        let text = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut settings = match url.password() {
            Some(key) => json!({"username": text(url.username()), "key": text(key)}),
            None => json!({"token": text(url.username())}),
        };
        let host = url.host_str().unwrap_or_default();
        if !host.is_empty() && !is_kaggle(host) {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            settings["address"] = json!(format!("https://{host}{port}"));
        }
        Ok(settings)
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        self.api.check(check)
    }

    fn browse(&self, request: &Browse<Filters>, progress: &Progress) -> Result<Listing> {
        browse::browse(&self.api, request, progress)
    }

    fn read(&self, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
        read::read(&self.api, selection, task)
    }

    fn news(&self, selection: &Selection, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        read::news(&self.api, selection, state, progress)
    }
}

/// Whether a host belongs to Kaggle.
fn is_kaggle(host: &str) -> bool {
    host == "kaggle.com" || host.ends_with(".kaggle.com")
}

/// What a selection names, with the version that it wants.
fn named(selection: &Selection) -> Result<(Reference, Option<u64>, Vec<String>)> {
    let named = Named::parse(&selection.dataset)?;
    let version = selection.version.filter(|version| *version > 0).or(named.version);
    if version.is_some() && matches!(named.reference, Reference::Competition(_)) {
        return Err(Error::invalid("The data of a competition has no versions.")
            .hint("Leave the version empty.")
            .field("version"));
    }
    let mut files: Vec<String> = Vec::new();
    for file in selection.files.iter().map(|file| file.trim()).filter(|file| !file.is_empty()) {
        if !files.iter().any(|known| known == file) {
            files.push(file.to_owned());
        }
    }
    if files.is_empty() {
        files.extend(named.file);
    }
    Ok((named.reference, version, files))
}
