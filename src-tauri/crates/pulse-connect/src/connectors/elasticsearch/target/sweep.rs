//! Deleting the documents whose key is not among the rows any more.

use std::hash::{DefaultHasher, Hash, Hasher};

use pulse_core::{Progress, Result};
use serde_json::{Value, json};

use super::super::page::Page;
use super::super::server::Server;
use super::super::view::View;
use super::answer::Outcome;
use super::body::{Lines, Loaded, Style};
use super::send::Sending;
use crate::outgoing::{Outgoing, Ranges};

/// Rows whose ids are compared at once: 8 bytes each.
const PART: u64 = 32_000_000;
/// Documents of one page.
const PAGE: u64 = 5000;

/// Deletes them and says how many were deleted and how many of them are newer than this run and stay.
pub(super) fn sweep(sending: &Sending<'_>) -> Result<(u64, u64)> {
    let Sending { outgoing, progress, .. } = sending;
    progress.stage("Looking for documents that vanished", 0, 0);
    let parts = outgoing.rows.count() / PART + 1;
    let (mut deleted, mut newer) = (0, 0);
    for part in 0..parts {
        let mut known = known(outgoing, sending.style, part, parts, progress)?;
        known.sort_unstable();
        let vanished = |id: &str| {
            let hash = hash(id);
            hash % parts == part && known.binary_search(&hash).is_err()
        };
        each_page(sending.server, sending.index, progress, &mut |ids| {
            let gone: Vec<Vec<u8>> = ids
                .iter()
                .filter(|raw| serde_json::from_slice::<String>(raw).is_ok_and(|id| vanished(&id)))
                .map(|raw| raw.to_vec())
                .collect();
            if gone.is_empty() {
                return Ok(());
            }
            let lines = Lines::deleting(&gone, outgoing.sequence);
            sending.send(&lines, (0..lines.len()).collect(), true, &mut |settled| {
                for (_, outcome) in settled {
                    match outcome {
                        Outcome::Delivered => deleted += 1,
                        Outcome::Stop(error) => return Err(*error),
                        _ => newer += 1,
                    }
                }
                Ok(())
            })
        })?;
    }
    Ok((deleted, newer))
}

/// The hashes of the ids of the rows that fall into `part`.
fn known(outgoing: &Outgoing, style: &Style, part: u64, parts: u64, progress: &Progress) -> Result<Vec<u64>> {
    let mut known = Vec::new();
    let all = outgoing.narrowed(Ranges::all(outgoing.rows.count()));
    for batch in all.batches(1 << 16) {
        progress.check()?;
        let loaded = Loaded::new(batch?, style)?;
        known.extend((0..loaded.batch.len()).map(|at| hash(&loaded.id(at, style))).filter(|hash| hash % parts == part));
    }
    Ok(known)
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// Gives the ids of all documents of `index`, a page at a time, as JSON strings.
fn each_page(
    server: &Server,
    index: &str,
    progress: &Progress,
    each: &mut dyn FnMut(&[&[u8]]) -> Result<()>,
) -> Result<()> {
    let product = server.info(progress)?.product;
    let mut view = View::open(server, index, product, progress)?;
    let outcome = pages(&mut view, index, progress, each);
    view.close();
    outcome
}

fn pages(
    view: &mut View<'_>,
    index: &str,
    progress: &Progress,
    each: &mut dyn FnMut(&[&[u8]]) -> Result<()>,
) -> Result<()> {
    let search = json!({"size": PAGE, "query": {"match_all": {}}, "_source": false});
    let mut after: Option<Value> = None;
    loop {
        progress.check()?;
        let answer = view.page(&search, after.as_ref(), progress)?;
        let page = Page::parse(&answer, &format!("go through `{index}`"))?;
        view.learn(&page);
        if page.hits.is_empty() {
            return Ok(());
        }
        let ids: Vec<&[u8]> = page.hits.iter().map(|hit| hit.id).collect();
        each(&ids)?;
        progress.add_rows(ids.len() as u64);
        after = page.hits.last().and_then(|hit| hit.sort).and_then(|sort| serde_json::from_slice(sort).ok());
    }
}
