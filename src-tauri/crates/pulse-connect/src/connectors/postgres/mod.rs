//! PostgreSQL: tables, views and queries, read by binary COPY in parallel ranges of one snapshot.

mod browse;
mod copy;
mod decode;
mod dial;
mod explain;
mod misfit;
mod numeric;
mod plan;
mod read;
mod relation;
mod selection;
mod session;
mod settings;
mod sql;
mod target;
mod tls;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use pulse_core::{Progress, Result};
use serde_json::Value;
use url::Url;

use self::selection::Selection;
use self::session::Session;
use self::settings::Settings;
use crate::connector::{About, Browse, Browsing, Check, Connector, Fetched, Listing, News, NoFilters, Task};

/// A PostgreSQL server; each piece of work signs in anew.
pub(super) struct Postgres {
    settings: Settings,
}

impl Connector for Postgres {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "postgres",
            title: "PostgreSQL",
            summary: "Tables, views and queries of a PostgreSQL database.",
            group: "Databases",
            schemes: &["postgres", "postgresql"],
            browsing: Browsing::Tree,
            main: "table",
            ready: false,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        Ok(Self { settings: settings.checked()? })
    }

    fn from_url(url: &Url) -> Result<Value> {
        settings::from_url(url)
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        let (settings, progress) = (&self.settings, check.progress);
        let place = check.step("Find the host", || dial::find(settings, progress))?;
        let stream = check.step("Connect", || dial::connect(settings, &place, progress))?;
        let wire = check.step("TLS", || dial::secure(settings, &place, stream, progress))?;
        let session = check.step("Sign in", || {
            let session = Session::sign_in(settings, wire, progress)?;
            Ok((session, format!("As {} to the database {}.", settings.user, settings.database())))
        })?;
        check.step("Read", || Ok(((), browse::what_can_be_read(&session, progress)?)))
    }

    fn browse(&self, request: &Browse<NoFilters>, progress: &Progress) -> Result<Listing> {
        let session = Session::open(&self.settings, progress)?;
        match request.path.as_slice() {
            [] => browse::schemas(&session, &request.search, progress),
            [schema, ..] => browse::relations(&session, schema, request, progress),
        }
    }

    fn read(&self, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
        read::read(&self.settings, selection, task)
    }

    fn news(&self, selection: &Selection, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        read::news(&self.settings, selection, state, progress)
    }
}
