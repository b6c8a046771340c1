//! Elasticsearch and OpenSearch: the documents of indices, aliases and data streams.

mod browse;
mod check;
mod fault;
mod mapping;
mod page;
mod query;
mod read;
mod server;
mod settings;
mod target;
mod view;

use pulse_core::{Progress, Result};
use serde_json::Value;
use url::Url;

use self::query::Selection;
use self::server::Server;
use self::settings::Settings;
use crate::connector::{About, Browse, Browsing, Check, Connector, Fetched, Listing, News, NoFilters, Task};

/// A connection to a cluster.
pub(crate) struct Elasticsearch {
    server: Server,
}

impl Connector for Elasticsearch {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "elasticsearch",
            title: "Elasticsearch / OpenSearch",
            summary: "Documents of the indices of an Elasticsearch or OpenSearch cluster.",
            group: "Search engines",
            schemes: &settings::SCHEMES,
            browsing: Browsing::Tree,
            main: "index",
            ready: false,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        Ok(Self { server: Server::new(&settings)? })
    }

    fn from_url(url: &Url) -> Result<Value> {
        settings::from_url(url)
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        check::run(&self.server, check)
    }

    fn browse(&self, request: &Browse<NoFilters>, progress: &Progress) -> Result<Listing> {
        browse::list(&self.server, request, progress)
    }

    fn read(&self, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
        read::read(&self.server, selection, task)
    }

    fn news(&self, selection: &Selection, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        state.map_or(Ok(None), |state| read::news(&self.server, selection, state, progress))
    }
}
