//! What the first answer says about its records and about the pages that follow.

use super::paging::{Ask, Paging, next_of};
use super::responses::Page;
use super::selection::ParamsIn;
use super::tree::{Leaf, at, elements, leaves, plain, scalar};
use crate::model::Setting;

/// How deep records and hints are looked for.
const DEPTH: usize = 4;

/// Names of members that hold records, the most usual first.
const RECORD_NAMES: [&str; 14] = [
    "data",
    "results",
    "items",
    "records",
    "value",
    "values",
    "entries",
    "rows",
    "hits",
    "content",
    "list",
    "result",
    "elements",
    "documents",
];
const NEXT_LINKS: [&str; 10] = [
    "next",
    "nextlink",
    "nexturl",
    "nexturi",
    "nexthref",
    "nextpage",
    "nextpageurl",
    "nextpagelink",
    "odatanextlink",
    "nextrecordsurl",
];
const CURSORS: [&str; 19] = [
    "nextcursor",
    "nextpagetoken",
    "nexttoken",
    "nextpagecursor",
    "nextcursormark",
    "endcursor",
    "continuationtoken",
    "nextcontinuationtoken",
    "continuation",
    "continue",
    "nextmarker",
    "nextoffset",
    "nextstart",
    "nextkey",
    "nextid",
    "scrollid",
    "nextpage",
    "bookmark",
    "cursor",
];
const PAGES: [&str; 7] = ["page", "currentpage", "pagenumber", "pageno", "pagenum", "pageindex", "number"];
const PAGE_COUNTS: [&str; 7] =
    ["totalpages", "pagecount", "pages", "lastpage", "numpages", "pagetotal", "numberofpages"];
const OFFSETS: [&str; 6] = ["offset", "skip", "start", "startat", "startindex", "from"];
const LIMITS: [&str; 10] =
    ["limit", "maxresults", "pagesize", "perpage", "size", "rows", "take", "top", "itemsperpage", "count"];
const TOTALS: [&str; 9] = [
    "total",
    "totalcount",
    "totalresults",
    "totalrecords",
    "totalitems",
    "totalelements",
    "totalhits",
    "numfound",
    "count",
];
const MORE: [&str; 7] = ["hasmore", "hasnext", "hasnextpage", "hasmorepages", "hasmoreitems", "moreresults", "more"];
/// Parameters of requests that number pages or skip records.
const PAGE_PARAMS: [&str; 7] = ["page", "p", "pg", "pagenumber", "pageno", "pagenum", "pageindex"];
const OFFSET_PARAMS: [&str; 5] = ["offset", "skip", "start", "startat", "startindex"];

/// How the pages seem to follow each other.
pub(super) struct Found {
    pub paging: Paging,
    /// Where the answer says whether there is more, as `true` or `false`.
    pub more: Option<String>,
    /// Where the answer says how many records there are.
    pub total: Option<String>,
    pub confidence: f64,
    /// Why; a sentence.
    pub why: String,
}

/// Where the records are in an answer: the whole of it, or the longest array of objects.
pub(super) fn records_path(body: &[u8]) -> Setting {
    let body = body.trim_ascii();
    if body.first() == Some(&b'[') {
        return Setting::new("$", 1.0, "The answer is a list of records.");
    }
    let all = leaves(body, DEPTH);
    let arrays = all.iter().filter(|leaf| leaf.raw.first() == Some(&b'['));
    let rank = |leaf: &Leaf<'_>| {
        let usual = RECORD_NAMES.iter().position(|name| *name == leaf.plain()).unwrap_or(RECORD_NAMES.len());
        (usize::MAX - leaf.names.len(), RECORD_NAMES.len() - usual)
    };
    let counted = arrays.map(|leaf| {
        let (mut objects, mut others) = (0usize, 0usize);
        elements(leaf.raw).for_each(|element| if leaf.raw[element.start] == b'{' { objects += 1 } else { others += 1 });
        (leaf, objects, others)
    });
    let counted: Vec<_> = counted.collect();
    let full = counted.iter().filter(|(_, objects, _)| *objects > 0);
    if let Some((leaf, objects, _)) = full.max_by_key(|(leaf, objects, _)| (*objects, rank(leaf))) {
        let why = format!("The longest list of objects in the answer is there, with {objects} of them.");
        return Setting::new(leaf.path.clone(), 0.9, why);
    }
    let usual = |leaf: &Leaf<'_>| RECORD_NAMES.contains(&leaf.plain());
    let empty = counted.iter().filter(|(leaf, _, others)| usual(leaf) || *others == 0);
    match empty.max_by_key(|(leaf, _, _)| (usual(leaf), rank(leaf))) {
        Some((leaf, _, _)) => Setting::new(leaf.path.clone(), 0.6, "The answer has one list there, without objects."),
        None => Setting::new("$", 0.6, "The answer holds no list of objects; it is one record."),
    }
}

/// How the pages seem to follow each other, from the first answer and its request; `records` is where the records are and
/// `count` how many.
pub(super) fn pagination(ask: &Ask, page: &Page, records: &str, count: usize) -> Found {
    let body = page.body.as_bytes();
    let mut hints = if body.trim_ascii_start().first() == Some(&b'{') { leaves(body, DEPTH) } else { Vec::new() };
    let inside = format!("{records}.");
    hints.retain(|leaf| leaf.path != records && !leaf.path.starts_with(&inside) && leaf.raw.first() != Some(&b'{'));
    let ways = [link_header, next_link, cursor, last_record, page_number, offset, request];
    let total = hints.iter().find(|leaf| {
        TOTALS.contains(&leaf.plain()) && leaf.number().is_some_and(|total| total >= i64::try_from(count).unwrap_or(0))
    });
    let seen = Seen { ask, page, hints: &hints, records, count };
    let more = hints.iter().find(|leaf| MORE.contains(&leaf.plain()) && matches!(leaf.raw, b"true" | b"false"));
    let found = ways.iter().find_map(|way| way(&seen));
    let (paging, confidence, why) = found.unwrap_or_else(|| (Paging::None, 0.7, nothing(total, count)));
    let (more, total) = (more.map(|leaf| leaf.path.clone()), total.map(|leaf| leaf.path.clone()));
    Found { paging, more, total, confidence, why }
}

/// What detection looks at.
struct Seen<'a> {
    ask: &'a Ask,
    page: &'a Page,
    hints: &'a [Leaf<'a>],
    records: &'a str,
    count: usize,
}

type Way = (Paging, f64, String);

fn nothing(total: Option<&Leaf<'_>>, count: usize) -> String {
    match total.and_then(Leaf::number).filter(|total| *total > i64::try_from(count).unwrap_or(i64::MAX)) {
        Some(total) => format!(
            "The answer speaks of {total} records and holds {count}, but not of how to get the others; choose how the \
             pages follow each other."
        ),
        None => "Nothing in the answer speaks of further pages.".into(),
    }
}

fn link_header(seen: &Seen<'_>) -> Option<Way> {
    let header = seen.page.header("link")?;
    let known = ["next", "prev", "first", "last"].iter().any(|rel| header.contains(&format!("\"{rel}\"")));
    let named = next_of(header).is_some();
    let why =
        if named { "The Link header names the next page." } else { "The Link header names pages, but no next one." };
    (known || named).then(|| (Paging::LinkHeader, if named { 1.0 } else { 0.8 }, why.into()))
}

/// Whether a text is the address of a page rather than a cursor.
fn is_address(text: &str) -> bool {
    ["http://", "https://", "/", "?"].iter().any(|start| text.starts_with(start))
}

fn next_link(seen: &Seen<'_>) -> Option<Way> {
    let named = |leaf: &&Leaf<'_>| {
        let parent = leaf.names.len().checked_sub(2).map_or("", |at| leaf.names[at].as_str());
        let address = matches!(leaf.plain(), "href" | "url" | "uri" | "link") && parent == "next";
        address || NEXT_LINKS.contains(&leaf.plain())
    };
    let all: Vec<_> = seen.hints.iter().filter(named).collect();
    if let Some(leaf) = all.iter().find(|leaf| leaf.text().is_some_and(|text| is_address(&text))) {
        let why = format!("The answer holds the address of the next page at `{}`.", leaf.path);
        return Some((Paging::NextLink { path: leaf.path.clone() }, 0.95, why));
    }
    if let Some(path) = seen.hints.iter().find_map(link_in_list) {
        let why = format!("The list of links at `{}` names the next page.", path.split('.').next().unwrap_or_default());
        return Some((Paging::NextLink { path }, 0.95, why));
    }
    // On the only page the address is missing.
    let leaf =
        all.iter().find(|leaf| leaf.raw == b"null" && matches!(leaf.plain(), "next" | "nextlink" | "nexturl"))?;
    let why = format!("The answer has a place for the next page at `{}`, which is empty.", leaf.path);
    Some((Paging::NextLink { path: leaf.path.clone() }, 0.8, why))
}

/// The place of the next address in a list of links such as `[{"rel": "next", "href": "…"}]`.
fn link_in_list(leaf: &Leaf<'_>) -> Option<String> {
    let pairs = ["rel", "relation"].iter().flat_map(|rel| ["href", "url", "uri"].map(|to| format!("{rel}=next.{to}")));
    let path = pairs.into_iter().find(|path| at(leaf.raw, path).and_then(scalar).is_some())?;
    Some(format!("{}.{path}", leaf.path))
}

fn cursor(seen: &Seen<'_>) -> Option<Way> {
    let fits = |leaf: &&Leaf<'_>| {
        let after = matches!(leaf.plain(), "after") && leaf.names.len() > 1;
        let airtable = leaf.plain() == "offset" && leaf.raw.first() == Some(&b'"');
        let token = leaf.plain() == "next" && leaf.text().is_some() && !matches!(leaf.raw, b"true" | b"false");
        CURSORS.contains(&leaf.plain()) || after || airtable || token
    };
    let rank = |leaf: &&Leaf<'_>| CURSORS.iter().position(|name| *name == leaf.plain()).unwrap_or(0);
    let filled = |leaf: &&Leaf<'_>| leaf.text().is_some_and(|text| !text.is_empty());
    let best = seen.hints.iter().filter(fits).filter(filled).min_by_key(rank);
    let leaf = best.or_else(|| seen.hints.iter().filter(fits).find(|leaf| matches!(leaf.raw, b"null" | b"\"\"")))?;
    let param = cursor_param(&leaf.name, seen.ask);
    let named = if leaf.text().is_some_and(|text| !text.is_empty()) { "holds" } else { "has an empty place for" };
    let why = format!("The answer {named} what to ask for next at `{}`; it is sent as `{param}`.", leaf.path);
    Some((Paging::Cursor { path: leaf.path.clone(), param }, 0.8, why))
}

/// The parameter that a cursor is sent in: one of the request's that has its name, or the name without its "next".
fn cursor_param(name: &str, ask: &Ask) -> String {
    let fitting = match plain(name).as_str() {
        "endcursor" | "after" => "after".to_owned(),
        "nexttoken" => name.to_owned(),
        "next" => "cursor".to_owned(),
        _ => {
            let rest = name.trim_start_matches('_');
            let rest = rest.strip_prefix("next").or_else(|| rest.strip_prefix("Next")).unwrap_or(rest);
            let rest = rest.trim_start_matches(['_', '-']);
            let mut letters = rest.chars();
            letters.next().map(|first| first.to_lowercase().collect::<String>() + letters.as_str()).unwrap_or_default()
        }
    };
    if ask.params_in == ParamsIn::Body {
        return fitting;
    }
    let known = ask.url.query_pairs().map(|(name, _)| name.into_owned());
    known.into_iter().find(|known| plain(known) == plain(&fitting)).unwrap_or(fitting)
}

/// An answer that says whether there is more and names nothing: the id of its last record leads on.
fn last_record(seen: &Seen<'_>) -> Option<Way> {
    let list = seen.hints.iter().any(|leaf| leaf.plain() == "object" && leaf.raw == b"\"list\"");
    let more = seen.hints.iter().any(|leaf| leaf.plain() == "hasmore");
    let path = format!("{}.-1.id", seen.records);
    if !(list && more) || at(seen.page.body.as_bytes(), &path).is_none() {
        return None;
    }
    let why = "The answer says whether there is more; the id of its last record is sent as `starting_after`.";
    Some((Paging::Cursor { path, param: "starting_after".into() }, 0.8, why.into()))
}

fn page_number(seen: &Seen<'_>) -> Option<Way> {
    let pages = seen.hints.iter().find(|leaf| PAGE_COUNTS.contains(&leaf.plain()) && leaf.number().is_some());
    let number = seen.hints.iter().find(|leaf| {
        let number = leaf.plain() == "number" && pages.is_none();
        PAGES.contains(&leaf.plain()) && !number && leaf.number().is_some_and(|page| (0..=1_000_000).contains(&page))
    })?;
    let supports =
        |leaf: &Leaf<'_>| [&TOTALS[..], &LIMITS[..], &MORE[..]].iter().any(|names| names.contains(&leaf.plain()));
    let asked = asked(seen.ask, &PAGE_PARAMS);
    if pages.is_none() && asked.is_none() && !seen.hints.iter().any(supports) {
        return None;
    }
    let param = asked.unwrap_or_else(|| match number.plain() {
        "currentpage" | "number" => "page".to_owned(),
        _ => number.name.clone(),
    });
    // The request may have begun in the middle.
    let start = number.number().filter(|_| seen.ask.param(&param).is_none()).unwrap_or(1).min(1);
    let why = format!("The answer holds the number of the page at `{}`; it is sent as `{param}`.", number.path);
    let pages_path = pages.map(|leaf| leaf.path.clone());
    Some((Paging::Page { param, start, pages_path }, 0.8, why))
}

fn offset(seen: &Seen<'_>) -> Option<Way> {
    let leaf =
        seen.hints.iter().find(|leaf| OFFSETS.contains(&leaf.plain()) && leaf.number().is_some_and(|n| n >= 0))?;
    let supports = |leaf: &Leaf<'_>| LIMITS.contains(&leaf.plain()) || TOTALS.contains(&leaf.plain());
    if !seen.hints.iter().any(|leaf| supports(leaf) && leaf.number().is_some()) {
        return None;
    }
    let param = asked(seen.ask, &OFFSET_PARAMS).unwrap_or_else(|| leaf.name.clone());
    let why = format!("The answer says how many records are skipped at `{}`; it is sent as `{param}`.", leaf.path);
    Some((Paging::Offset { param }, 0.8, why))
}

/// A request that has the parameters of pages itself.
fn request(seen: &Seen<'_>) -> Option<Way> {
    if seen.count == 0 {
        return None;
    }
    if let Some(param) = asked(seen.ask, &OFFSET_PARAMS) {
        let why = format!("The request says with `{param}` how many records are skipped.");
        return Some((Paging::Offset { param }, 0.6, why));
    }
    let param = asked(seen.ask, &PAGE_PARAMS)?;
    let start = seen.ask.param(&param)?.parse::<i64>().ok()?.min(1);
    let why = format!("The request names the page with `{param}`.");
    Some((Paging::Page { param, start, pages_path: None }, 0.6, why))
}

/// A parameter of the request with one of these names and a whole number.
fn asked(ask: &Ask, names: &[&str]) -> Option<String> {
    let mut pairs = ask.url.query_pairs();
    let found = pairs.find(|(name, value)| names.contains(&plain(name).as_str()) && value.parse::<u64>().is_ok());
    found.map(|(name, _)| name.into_owned())
}
