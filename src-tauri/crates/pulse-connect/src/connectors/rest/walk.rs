//! Going through the pages of a request.

use std::collections::HashMap;
use std::ops::Range;

use pulse_core::{Error, Progress, Result};
use sha2::{Digest, Sha256};

use super::detect::{self, Found};
use super::paging::{Ask, Paging};
use super::responses::{Page, Responses};
use super::tree::{at, elements, scalar};
use crate::formats::json_text::is_valid;
use crate::model::Setting;
use crate::net::shown;

/// Pages of a preview.
const PREVIEW_PAGES: u64 = 3;

/// How the pages of one request are gone through.
pub(super) struct Walk<'a> {
    /// What the members of the form that speak of these pages begin with.
    pub prefix: &'static str,
    /// Where the records are; empty to find out.
    pub records_path: &'a str,
    /// How the pages follow each other; nothing to find out.
    pub paging: Option<Paging>,
    /// Where an answer says how many records there are; empty for nowhere.
    pub total_path: &'a str,
    /// Where an answer says that it is the last one, and the value that says so.
    pub stop: Option<(&'a str, &'a str)>,
    /// The records of a full page, where a shorter one is the last.
    pub full_page: Option<u32>,
    pub max_pages: u64,
    /// Whether only the first rows are wanted.
    pub preview: bool,
    /// Whether the first answer may be that nothing is there.
    pub may_miss: bool,
    pub progress: &'a Progress,
}

/// What going through the pages found.
#[derive(Default)]
pub(super) struct Walked {
    pub pages: u64,
    pub records: u64,
    /// Whether everything was read.
    pub whole: bool,
    /// Whether the server spoke of more than came.
    pub short: bool,
    /// Whether nothing was there at all.
    pub missed: bool,
    /// The first answer.
    pub first: Option<Page>,
    /// Where the records are, and how the pages follow each other.
    pub records_path: Setting,
    pub paging: Option<(Paging, Setting)>,
    pub warnings: Vec<String>,
}

/// Whether the walk goes on.
pub(super) enum Step {
    On,
    Enough,
}

/// Takes a page's body and the places of its records in it.
type Each<'a, 'r> = dyn FnMut(&mut Responses<'r>, &[u8], &[Range<usize>]) -> Result<Step> + 'a;

impl Walk<'_> {
    /// Asks for page after page from `ask` on and hands each page's records to `each`.
    pub(super) fn run<'r>(
        &self,
        responses: &mut Responses<'r>,
        mut ask: Ask,
        each: &mut Each<'_, 'r>,
    ) -> Result<Walked> {
        let mut walked = Walked::default();
        let mut known: HashMap<[u8; 32], u64> = HashMap::new();
        let mut found = None;
        for number in 1.. {
            let counted = matches!(walked.paging, Some((Paging::Page { .. } | Paging::Offset { .. }, _)));
            let page = responses.get(&ask, if number == 1 { self.may_miss } else { counted })?;
            if page.status >= 300 {
                walked.missed = number == 1;
                walked.whole = true;
                self.progress.log(format!("There is no page {number}; the pages end before it."));
                break;
            }
            let body = page.body.as_bytes();
            check(&page, number)?;
            if number == 1 {
                walked.records_path = self.place(body);
            }
            let records = records(&page, &walked.records_path.value, number);
            let records = records.map_err(|error| self.of_form(error))?;
            if number == 1 {
                let (paging, seen) = self.way(&ask, &page, &walked.records_path.value, records.len());
                (walked.paging, found) = (Some(paging), seen);
            }
            if let Some(before) = repeated(&mut known, body, &records, number) {
                self.repeats(&mut walked, number, before)?;
                break;
            }
            walked.pages = number;
            walked.records += records.len() as u64;
            let step = each(responses, body, &records)?;
            let next = self.next(&walked, found.as_ref(), &ask, &page, records.len());
            let next = next.map_err(|error| self.of_form(error))?;
            if number == 1 {
                walked.first = Some(page);
            }
            let Some(next) = next else {
                walked.whole = true;
                break;
            };
            if next == ask {
                self.repeats(&mut walked, number + 1, number)?;
                break;
            }
            if matches!(step, Step::Enough) || (self.preview && number >= PREVIEW_PAGES) {
                break;
            }
            if number >= self.max_pages {
                walked
                    .warnings
                    .push(format!("Reading stopped after {number} pages, which is the limit; there are more."));
                break;
            }
            ask = next;
        }
        self.compare(&mut walked, found.as_ref());
        Ok(walked)
    }

    fn place(&self, body: &[u8]) -> Setting {
        match self.records_path.trim() {
            "" => detect::records_path(body),
            path => Setting::given(path),
        }
    }

    /// The pagination that was chosen or found.
    fn way(&self, ask: &Ask, page: &Page, records: &str, count: usize) -> ((Paging, Setting), Option<Found>) {
        if let Some(paging) = &self.paging {
            return ((paging.clone(), Setting::given(paging.word())), None);
        }
        let found = detect::pagination(ask, page, records, count);
        let setting = Setting::new(found.paging.word(), found.confidence, found.why.clone());
        ((found.paging.clone(), setting), Some(found))
    }

    /// The next request; nothing when one of the conditions says that this was the last page.
    fn next(
        &self,
        walked: &Walked,
        found: Option<&Found>,
        ask: &Ask,
        page: &Page,
        count: usize,
    ) -> Result<Option<Ask>> {
        let Some((paging, _)) = &walked.paging else { return Ok(None) };
        let text = |path: &str| at(page.body.as_bytes(), path).and_then(scalar);
        if let Some((path, value)) = self.stop
            && text(path).as_deref() == Some(value)
        {
            return Ok(None);
        }
        if !self.total_path.is_empty() {
            let total = text(self.total_path).and_then(|text| text.parse::<u64>().ok());
            if total.is_some_and(|total| walked.records >= total) {
                return Ok(None);
            }
        }
        if self.full_page.is_some_and(|full| count < full as usize) {
            return Ok(None);
        }
        if found.and_then(|found| found.more.as_deref()).and_then(text).as_deref() == Some("false") {
            return Ok(None);
        }
        paging.next(ask, page, count)
    }

    /// A page that comes again for ever: an error, or the end of a preview.
    fn repeats(&self, walked: &mut Walked, number: u64, before: u64) -> Result<()> {
        let text =
            format!("Page {number} is the same as page {before}: the server gives the same page again and again.");
        let hint = "It may not know the parameter that turns the pages; choose another pagination, or none.";
        if self.preview {
            walked.warnings.push(format!("{text} {hint}"));
            return Ok(());
        }
        Err(self.of_form(Error::invalid(text).hint(hint).field("pagination")))
    }

    /// The error with the member of the form that speaks of these pages.
    fn of_form(&self, error: Error) -> Error {
        match error.field.clone() {
            Some(field) => error.field(format!("{}{field}", self.prefix)),
            None => error,
        }
    }

    /// Warns where the server spoke of more records than came.
    fn compare(&self, walked: &mut Walked, found: Option<&Found>) {
        let (Some(first), true) = (&walked.first, walked.whole) else { return };
        let text = |path: &str| at(first.body.as_bytes(), path).and_then(scalar);
        let total = found.and_then(|found| found.total.as_deref()).unwrap_or(self.total_path);
        let total = (!total.is_empty()).then(|| text(total)).flatten().and_then(|text| text.parse::<u64>().ok());
        if let Some(total) = total.filter(|total| *total > walked.records) {
            walked.warnings.push(format!("The server speaks of {total} records, but {} came.", walked.records));
            walked.short = true;
            return;
        }
        let alone = found.is_some_and(|found| found.paging == Paging::None);
        if alone && found.and_then(|found| found.more.as_deref()).and_then(text).as_deref() == Some("true") {
            let text =
                "The answer says that there is more, but not how to get it; choose how the pages follow each other.";
            walked.warnings.push(text.into());
            walked.short = true;
        }
    }
}

/// Fails if an answer is no JSON.
fn check(page: &Page, number: u64) -> Result<()> {
    let body = page.body.as_bytes();
    if is_valid(body) || lines(body).is_some() {
        return Ok(());
    }
    let why = serde_json::from_slice::<serde::de::IgnoredAny>(body).err().map(|cause| cause.to_string());
    let text = format!("Page {number} of `{}` is not JSON: {}.", shown(&page.url), why.unwrap_or_default());
    let hint = match page.header("content-type") {
        Some(kind) if !kind.contains("json") => {
            format!("It says that it is `{kind}`; give the address of a JSON answer.")
        }
        _ => "It may have been cut off; try again, or ask for smaller pages.".to_owned(),
    };
    Err(Error::damaged(text).hint(hint))
}

/// The lines of an answer that is one JSON object a line; nothing if it is not.
fn lines(body: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut found = Vec::new();
    let mut from = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let record = line.trim_ascii();
        if !record.is_empty() {
            let start = from + line.len() - line.trim_ascii_start().len();
            if record.first() != Some(&b'{') || !is_valid(record) {
                return None;
            }
            found.push(start..start + record.len());
        }
        from += line.len();
    }
    (found.len() > 1).then_some(found)
}

/// Where the records of a page are. A page without their place is an empty one, as some servers leave empty lists out,
/// unless it is the first.
fn records(page: &Page, path: &str, number: u64) -> Result<Vec<Range<usize>>> {
    let body = page.body.as_bytes();
    if path == "$"
        && let Some(lines) = lines(body)
    {
        return Ok(lines);
    }
    let place = at(body, path).filter(|place| place.first() != Some(&b'n'));
    let whole = path == "$" && body.trim_ascii_start().first() == Some(&b'{');
    if (place.is_none() || whole || path == "errors")
        && let Some(said) = said_error(body)
    {
        let text = format!("Page {number} of `{}` is an error in the form of an answer: {said}", shown(&page.url));
        return Err(Error::damaged(text).hint("Check the request; if this is the data, choose where its records are."));
    }
    let Some(place) = place else {
        return if number > 1 || at(body, path).is_some() { Ok(Vec::new()) } else { Err(missing(page, path)) };
    };
    let from = place.as_ptr() as usize - body.as_ptr() as usize;
    Ok(match place.first() {
        Some(b'[') => elements(place).map(|element| from + element.start..from + element.end).collect(),
        _ => std::iter::once(from..from + place.len()).collect(),
    })
}

/// The error that an answer speaks of in spite of its status: a member `error` or `errors` that says something.
fn said_error(body: &[u8]) -> Option<String> {
    let found = ["errors", "error"].iter().find_map(|name| at(body, name))?;
    let says = match found.first()? {
        b'[' => elements(found).next().is_some(),
        b'"' => found.len() > 2,
        b'{' => true,
        _ => found == b"true",
    };
    let text = String::from_utf8_lossy(found);
    let head: String = text.chars().take(200).collect();
    says.then(|| if head.len() < text.len() { head + "…" } else { head })
}

fn missing(page: &Page, path: &str) -> Error {
    let head: String = page.body.chars().take(200).collect();
    let more = if head.len() < page.body.len() { "…" } else { "" };
    Error::not_found(format!("The answer of `{}` holds nothing at `{path}`: {head}{more}", shown(&page.url)))
        .hint("Choose where the records are on the answer's tree, or leave it to be found out.")
        .field("records_path")
}

/// The number of the page with the same records, if there was one.
fn repeated(known: &mut HashMap<[u8; 32], u64>, body: &[u8], records: &[Range<usize>], number: u64) -> Option<u64> {
    let (first, last) = (records.first()?, records.last()?);
    let hash: [u8; 32] = Sha256::digest(&body[first.start..last.end]).into();
    let before = known.get(&hash).copied();
    known.entry(hash).or_insert(number);
    before
}
