//! A view of an index as it is now, read page by page: a point in time, or a scroll where the cluster has none.

use std::time::Duration;

use pulse_core::{Code, Error, Progress, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::fault::is_unknown_way;
use super::page::Page;
use super::server::{Ask, Product, Server, encoded};

/// How long the cluster keeps the view between two pages.
const KEEP: &str = "5m";
/// How long to wait until the cluster has let go of it; it does so anyway after a while.
const FAREWELL: Duration = Duration::from_millis(700);

/// An open view; [`View::close`] it in any case.
pub(super) struct View<'a> {
    server: &'a Server,
    index: &'a str,
    attempt: String,
    way: Way,
}

enum Way {
    /// Elasticsearch's point in time, with its id.
    Pit(String),
    /// OpenSearch's.
    OpenPit(String),
    /// Not opened yet, or with the id for the next page.
    Scroll(Option<String>),
}

/// Makes a way of the id that the server gave.
type Opened = fn(String) -> Way;

impl<'a> View<'a> {
    /// Opens a view of `index`. Fails if there is no such index or it may not be read.
    pub(super) fn open(server: &'a Server, index: &'a str, product: Product, progress: &Progress) -> Result<Self> {
        let attempt = format!("read `{index}`");
        let name = encoded(index);
        let ways: &[(String, Opened, &str)] = &[
            (format!("{name}/_pit"), Way::Pit, "id"),
            (format!("{name}/_search/point_in_time"), Way::OpenPit, "pit_id"),
        ];
        let ways = match product {
            Product::Elasticsearch => &ways[..1],
            Product::OpenSearch => &ways[1..],
            Product::Untold => ways,
        };
        for (path, way, member) in ways {
            let ask = Ask { repeatable: false, ..Ask::post(path, &[("keep_alive", KEEP)], None) };
            match server.value(&ask, &attempt, progress) {
                Ok(told) => {
                    if let Some(id) = told[*member].as_str() {
                        let view = Self { server, index, attempt, way: way(id.to_owned()) };
                        return view.complete(&told);
                    }
                }
                Err(error) if is_unknown_way(&error) => {}
                Err(error) => return Err(error),
            }
        }
        progress.log("The cluster has no point in time; its documents are read by scrolling.");
        Ok(Self { server, index, attempt, way: Way::Scroll(None) })
    }

    /// Fails if the view lacks shards of the index.
    fn complete(self, told: &Value) -> Result<Self> {
        match told["_shards"]["failed"].as_u64() {
            None | Some(0) => Ok(self),
            Some(failed) => {
                self.close();
                Err(Error::new(
                    Code::Unreachable,
                    format!("Could not {}: {failed} shards of the index do not answer.", self.attempt),
                )
                .hint("Without them documents would be missing. Try again later."))
            }
        }
    }

    /// The answer to one search in the view, which is not gone through page by page.
    pub(super) fn search(&self, mut body: Value, progress: &Progress) -> Result<Vec<u8>> {
        let path = match &self.way {
            Way::Pit(id) | Way::OpenPit(id) => {
                body["pit"] = json!({"id": id, "keep_alive": KEEP});
                "_search".to_owned()
            }
            Way::Scroll(_) => format!("{}/_search", encoded(self.index)),
        };
        let ask = Ask::post(&path, &[("allow_partial_search_results", "false")], Some(&body));
        Ok(self.server.ask(&ask, &self.attempt, progress)?.body)
    }

    /// The answer that holds the next page of `search` (its query, fields and size), behind the hit whose sort values are
    /// `after`; nothing for the first. Falls back to scrolling where the cluster cannot order a point in time by itself,
    /// as OpenSearch before 3.3, and says so in the log.
    pub(super) fn page(&mut self, search: &Value, after: Option<&Value>, progress: &Progress) -> Result<Vec<u8>> {
        if let Way::Scroll(id) = &self.way {
            return match id {
                None => self.begin_scroll(search, progress),
                Some(id) => self.scroll_on(id, progress),
            };
        }
        let mut body = search.clone();
        body["sort"] = json!([{"_shard_doc": "asc"}]);
        match after {
            Some(after) => body["search_after"] = after.clone(),
            None => body["track_total_hits"] = true.into(),
        }
        match self.search(body, progress) {
            Err(error) if after.is_none() && is_unknown_way(&error) => {
                progress
                    .log("The cluster cannot order a point in time by itself; its documents are read by scrolling.");
                self.close();
                self.way = Way::Scroll(None);
                self.begin_scroll(search, progress)
            }
            other => other,
        }
    }

    /// Takes over what the answer says about the next one.
    pub(super) fn learn(&mut self, page: &Page<'_>) {
        match (&mut self.way, &page.pit, &page.scroll) {
            (Way::Pit(id) | Way::OpenPit(id), Some(new), _) => id.clone_from(new),
            (Way::Scroll(id), _, Some(new)) => *id = Some(new.clone()),
            _ => {}
        }
    }

    fn begin_scroll(&self, search: &Value, progress: &Progress) -> Result<Vec<u8>> {
        let mut body = search.clone();
        body["sort"] = json!(["_doc"]);
        body["track_total_hits"] = true.into();
        let path = format!("{}/_search", encoded(self.index));
        let query = [("scroll", KEEP), ("allow_partial_search_results", "false")];
        Ok(self.server.ask(&Ask::post(&path, &query, Some(&body)), &self.attempt, progress)?.body)
    }

    fn scroll_on(&self, id: &str, progress: &Progress) -> Result<Vec<u8>> {
        let body = json!({"scroll": KEEP, "scroll_id": id});
        // Asking twice would skip a page whose answer was lost on the way.
        let ask = Ask { repeatable: false, ..Ask::post("_search/scroll", &[], Some(&body)) };
        Ok(self.server.ask(&ask, &self.attempt, progress)?.body)
    }

    /// Lets the cluster let go of the view; what fails here does no harm, because it expires.
    pub(super) fn close(&self) {
        let (path, body) = match &self.way {
            Way::Pit(id) => ("_pit", json!({"id": id})),
            Way::OpenPit(id) => ("_search/point_in_time", json!({"pit_id": [id]})),
            Way::Scroll(Some(id)) => ("_search/scroll", json!({"scroll_id": [id]})),
            Way::Scroll(None) => return,
        };
        let ask = Ask { method: Method::DELETE, path, query: &[], body: Some(&body), repeatable: false };
        if let Err(error) = self.server.tell(&ask, FAREWELL) {
            tracing::debug!(%error, "the cluster keeps a view until it expires");
        }
    }
}
