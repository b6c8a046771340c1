//! MongoDB: collections, read as documents whose top-level fields become columns.

mod browse;
mod check;
mod cursor;
mod link;
mod read;
mod trust;
mod value;

use pulse_core::{Progress, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use self::link::Link;
use crate::Secret;
use crate::connector::{About, Browse, Browsing, Check, Connector, Fetched, Listing, News, NoFilters, Task};

/// Reads collections of a MongoDB database, on a server, a replica set, a sharded cluster or Atlas.
///
/// Each top-level field becomes a column; documents and lists inside a document stay together as JSON text. Numbers,
/// decimals and dates keep every digit. Give either a connection string, or host, user and password. Servers on the own
/// network may always be reached.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Settings {
    /// The whole connection string, such as mongodb+srv://user:password@cluster.example.com/shop. Where it is given, host
    /// and user are taken from it. It is kept as a secret, because a password is part of it.
    #[serde(default)]
    pub connection_string: Secret,
    /// The server's name or address. A single one is used as it is; several members of a replica set are separated by
    /// commas, each with its port if it is not the usual one, and the set says which of them answers.
    #[serde(default)]
    #[schemars(extend("x-placeholder" = "db.example.com"))]
    pub host: String,
    /// The port; 27017 is the usual one.
    #[serde(default = "port")]
    pub port: u16,
    /// The user to sign in as; empty where the server asks for none.
    #[serde(default)]
    pub user: String,
    /// The user's password.
    #[serde(default)]
    pub password: Secret,
    /// The database that is meant where an import names none.
    #[serde(default)]
    pub database: String,
    /// The database that knows the user; `admin` if empty.
    #[serde(default)]
    #[schemars(extend("x-advanced" = true, "x-placeholder" = "admin"))]
    pub auth_database: String,
    /// Encrypt the connection with TLS. A connection string says it itself: `mongodb+srv://` always does, `mongodb://`
    /// with `tls=true`.
    #[serde(default)]
    pub tls: bool,
    /// Check that the server's certificate is valid and belongs to its name. Without, anybody on the way can pretend to
    /// be the server.
    #[serde(default = "yes")]
    #[schemars(extend("x-advanced" = true))]
    pub verify_tls: bool,
    /// A file with the certificate of the authority that signed the server's (PEM), for servers with a certificate of
    /// their own. Without, the authorities that this computer trusts are believed.
    #[serde(default)]
    #[schemars(extend("x-advanced" = true, "x-widget" = "file"))]
    pub ca_file: String,
}

fn port() -> u16 {
    27017
}

fn yes() -> bool {
    true
}

/// What is read: a collection, all of it or the documents that match a filter.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Selection {
    /// The database; empty for the connection's own.
    #[serde(default)]
    pub database: String,
    /// The collection or view.
    pub collection: String,
    /// Which documents, as a MongoDB filter in Extended JSON; all if empty. Dates are written
    /// {"$date": "2024-01-05T00:00:00Z"}, object ids {"$oid": "507f1f77bcf86cd799439011"}.
    #[serde(default)]
    #[schemars(extend("x-widget" = "code", "x-language" = "json",
        "x-placeholder" = "{\"status\": \"paid\", \"total\": {\"$gte\": 100}}"))]
    pub filter: String,
    /// Only these fields; all if none is named. `_id` always comes along. A field inside a document is named with
    /// points, such as address.city.
    #[serde(default)]
    #[schemars(extend("x-widget" = "tokens"))]
    pub fields: Vec<String>,
    /// A MongoDB projection in Extended JSON, instead of a list of fields.
    #[serde(default)]
    #[schemars(extend("x-widget" = "code", "x-language" = "json", "x-advanced" = true,
        "x-placeholder" = "{\"photo\": 0}"))]
    pub projection: String,
    /// The order, as a MongoDB sort in Extended JSON; that of the server if empty.
    #[serde(default)]
    #[schemars(extend("x-widget" = "code", "x-language" = "json", "x-advanced" = true,
        "x-placeholder" = "{\"date\": -1}"))]
    pub sort: String,
    /// At most so many documents; all if empty.
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub limit: Option<u64>,
    /// Read only what is new: a field that grows, such as `updated_at`, or `_id` where documents never change. A refresh
    /// goes on behind the greatest value read so far. Empty to read everything each time.
    #[serde(default)]
    #[schemars(extend("x-placeholder" = "updated_at"))]
    pub incremental: String,
    /// Go back so far at each refresh, for documents that were late: seconds for dates and object ids, otherwise in the
    /// field's own unit. Documents that come again are no trouble when rows are merged by `_id`.
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub lag: u64,
}

/// A connection to MongoDB.
pub(crate) struct MongoDb {
    link: Link,
}

impl Connector for MongoDb {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "mongodb",
            title: "MongoDB",
            summary: "Collections of documents from a MongoDB server or Atlas.",
            group: "Databases",
            schemes: &["mongodb", "mongodb+srv"],
            browsing: Browsing::Tree,
            main: "collection",
            ready: false,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        Ok(Self { link: Link::new(settings)? })
    }

    fn from_url(url: &Url) -> Result<Value> {
        let verify = !url.query_pairs().any(|(name, value)| link::is_insecure(&name, &value));
        Ok(json!({"connection_string": url.as_str(), "verify_tls": verify}))
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        check::run(&self.link, check)
    }

    fn browse(&self, request: &Browse<NoFilters>, progress: &Progress) -> Result<Listing> {
        browse::list(&self.link, request, progress)
    }

    fn read(&self, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
        read::read(&self.link, selection, task)
    }

    fn news(&self, selection: &Selection, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        state.map_or(Ok(None), |state| read::news(&self.link, selection, state, progress))
    }
}
