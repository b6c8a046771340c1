//! Files and Delta tables on web servers.

mod place;
mod table;

use pulse_core::{Error, Progress, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::objects::{self, Changed, Selection};
use crate::Secret;
use crate::connector::{About, Browse, Browsing, Check, Connector, Fetched, Listing, News, NoFilters, Task};
use crate::net::{self, Http, Policy};
use place::{SignIn, Web};

/// Reads files, or a Delta table, from a web server by their addresses. A download that broke off goes on where it
/// stopped, if the server can do that.
pub(super) struct WebFiles(Web);

/// A web server.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// The address that the paths of files begin with. Empty if files are given with their whole addresses.
    #[schemars(extend("x-placeholder" = "https://data.example.com/exports/"))]
    base_url: String,
    /// How to sign in.
    sign_in: How,
    /// The user's name.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["basic"]}))]
    user: String,
    /// The user's password.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["basic"]}))]
    password: Secret,
    /// The token.
    #[schemars(extend("x-depends-on" = {"field": "sign_in", "values": ["bearer"]}))]
    token: Secret,
    /// Allow addresses of this computer and of private networks.
    #[schemars(extend("x-advanced" = true))]
    allow_private: bool,
    /// Check that the server is who it says it is. Switch it off only for a test server with a certificate of its own.
    #[schemars(extend("x-advanced" = true))]
    verify_tls: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            sign_in: How::None,
            user: String::new(),
            password: Secret::default(),
            token: Secret::default(),
            allow_private: false,
            verify_tls: true,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum How {
    /// Not at all
    None,
    /// With a user name and a password
    Basic,
    /// With a token
    Bearer,
}

/// What is read from a web server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WebSelection {
    /// The addresses of the files, or of the folder that is a Delta table. Several files become one table.
    #[serde(deserialize_with = "objects::one_or_several")]
    #[schemars(with = "Vec<String>", extend("x-widget" = "tokens"))]
    paths: Vec<String>,
    /// For a Delta table: the version to read. Empty means the newest.
    version: Option<u64>,
    /// For a Delta table: the columns to read, in this order. None means all.
    #[schemars(extend("x-widget" = "tokens"))]
    columns: Vec<String>,
    /// For a Delta table that is refreshed: what to do if rows were changed or deleted since, and not only added.
    #[schemars(extend("x-advanced" = true))]
    changed: Changed,
    /// The most gigabytes that one read may download.
    #[schemars(extend("x-advanced" = true))]
    max_gigabytes: u64,
}

impl Default for WebSelection {
    fn default() -> Self {
        let Selection { paths, version, columns, changed, max_gigabytes, .. } = Selection::default();
        Self { paths, version, columns, changed, max_gigabytes }
    }
}

impl From<&WebSelection> for Selection {
    fn from(selection: &WebSelection) -> Self {
        let WebSelection { paths, version, columns, changed, max_gigabytes } = selection.clone();
        Self { paths, version, columns, changed, max_gigabytes, addresses: true, ..Self::default() }
    }
}

impl Connector for WebFiles {
    type Settings = Settings;
    type Selection = WebSelection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "web",
            title: "Web files",
            summary: "Files and Delta tables on a web server, by their addresses.",
            group: "Files and APIs",
            schemes: &["http", "https"],
            browsing: Browsing::None,
            main: "paths",
            ready: true,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        let Settings { base_url, sign_in, user, password, token, allow_private, verify_tls } = settings;
        let base = match base_url.trim() {
            "" => None,
            text => {
                let mut base = net::url(text, "base_url")?;
                if !base.path().ends_with('/') {
                    base.set_path(&format!("{}/", base.path()));
                }
                Some(base)
            }
        };
        let sign_in = match sign_in {
            How::None => SignIn::None,
            How::Basic => SignIn::Basic(objects::required(&user, "user", "the user's name")?.to_owned(), password),
            How::Bearer => {
                objects::required(token.expose(), "token", "the token")?;
                SignIn::Bearer(token)
            }
        };
        let http = Http::new(Policy { allow_private, verify_tls, ..Policy::default() })?;
        Ok(Self(Web::new(http, base, sign_in)))
    }

    /// `https://USER:PASSWORD@host/folder/`, the address that the paths begin with.
    fn from_url(url: &Url) -> Result<Value> {
        let mut base = url.clone();
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (user, password) = (decoded(url.username()), url.password().map(decoded).unwrap_or_default());
        // Both can be taken out of an address with a host.
        let _ = base.set_username("");
        let _ = base.set_password(None);
        let mut settings = json!({"base_url": base.as_str()});
        if !user.is_empty() {
            settings["sign_in"] = json!("basic");
            settings["user"] = json!(user);
            settings["password"] = json!(password);
        }
        Ok(settings)
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        let progress = check.progress;
        check.step("Read", || match self.0.base() {
            None => Ok(((), "Nothing to check: files are given with their whole addresses.".into())),
            Some(base) => match self.0.touch(&base, progress) {
                Ok(status) => Ok(((), format!("`{}` answers with status {status}.", net::shown(&base)))),
                Err(error) => Err(error),
            },
        })
    }

    fn browse(&self, _: &Browse<NoFilters>, _: &Progress) -> Result<Listing> {
        Err(Error::invalid("A web server does not say which files it has.").hint("Give the addresses of the files."))
    }

    fn read(&self, selection: &WebSelection, task: &Task<'_>) -> Result<Fetched> {
        let cap = selection.max_gigabytes.saturating_mul(1 << 30);
        objects::read(&self.0.fresh(cap, task.progress)?, &selection.into(), task)
    }

    fn news(&self, selection: &WebSelection, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        let cap = selection.max_gigabytes.saturating_mul(1 << 30);
        objects::news(&self.0.fresh(cap, progress)?, &selection.into(), state, progress)
    }
}
