//! What is read through a connection to a REST API.

use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::paging::{Ask, Paging};
use super::settings::Pair;

/// What is read: a request, where its records are, and how its pages follow each other.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Selection {
    /// The path, added to the connection's address, or a whole address.
    #[schemars(extend("x-placeholder" = "orders"))]
    pub path: String,
    /// The method. Choose POST for an API that takes its query as a body; it must only read, as it is repeated after
    /// failures.
    pub method: Method,
    /// The body, in JSON.
    #[schemars(extend("x-widget" = "code", "x-language" = "json", "x-depends-on" = {"field": "method", "values": ["post"]}))]
    pub body: String,
    /// Parameters of the query. `{cursor}` stands for the cursor's value.
    #[schemars(extend("x-widget" = "pairs"))]
    pub query: Vec<Pair>,
    /// Headers of these requests.
    #[schemars(extend("x-widget" = "pairs", "x-advanced" = true))]
    pub headers: Vec<Pair>,
    /// Where the records are in an answer: names joined by dots; `$` is the whole answer. Found out if empty.
    #[schemars(extend("x-response-path" = "list", "x-placeholder" = "data.items"))]
    pub records_path: String,
    /// What becomes of objects inside a record.
    pub nested: Nested,
    /// How the pages follow each other.
    pub pagination: Pagination,
    /// Where an answer holds the address of the next page.
    #[schemars(extend("x-response-path" = true, "x-depends-on" = {"field": "pagination", "values": ["next_link"]}, "x-placeholder" = "links.next"))]
    pub next_path: String,
    /// Where an answer holds the cursor of the next page. `-1` stands for the last record, as in `data.-1.id`.
    #[schemars(extend("x-response-path" = true, "x-depends-on" = {"field": "pagination", "values": ["cursor"]}, "x-placeholder" = "meta.next_cursor"))]
    pub cursor_path: String,
    /// The parameter that carries the cursor.
    #[schemars(extend("x-depends-on" = {"field": "pagination", "values": ["cursor"]}, "x-placeholder" = "cursor"))]
    pub cursor_param: String,
    /// The parameter that carries the number of the page.
    #[schemars(extend("x-depends-on" = {"field": "pagination", "values": ["page"]}))]
    pub page_param: String,
    /// The number of the first page.
    #[schemars(extend("x-depends-on" = {"field": "pagination", "values": ["page"]}))]
    pub page_start: u32,
    /// The parameter that carries how many records are skipped.
    #[schemars(extend("x-depends-on" = {"field": "pagination", "values": ["offset"]}))]
    pub offset_param: String,
    /// The parameter that carries how many records a page holds; not sent if empty.
    #[schemars(extend("x-depends-on" = {"field": "pagination", "values": ["page", "offset"]}, "x-placeholder" = "limit"))]
    pub limit_param: String,
    /// How many records a page holds.
    #[schemars(range(min = 1), extend("x-depends-on" = {"field": "pagination", "values": ["page", "offset"]}))]
    pub page_size: Option<u32>,
    /// Whether the parameters that turn the pages stand in the query or in the body, there with names joined by dots.
    #[schemars(extend("x-depends-on" = {"field": "method", "values": ["post"]}, "x-advanced" = true))]
    pub params_in: ParamsIn,
    /// Stop after a page with fewer records than a page holds. It saves a request, but some APIs give short pages on the
    /// way.
    #[schemars(extend("x-advanced" = true))]
    pub stop_on_short_page: bool,
    /// Where an answer says how many records there are in all: stop when so many were read.
    #[schemars(extend("x-response-path" = true, "x-advanced" = true, "x-placeholder" = "meta.total"))]
    pub total_path: String,
    /// Where an answer says that it is the last one.
    #[schemars(extend("x-response-path" = true, "x-advanced" = true, "x-placeholder" = "has_more"))]
    pub stop_path: String,
    /// The value there that says so.
    #[schemars(extend("x-advanced" = true, "x-placeholder" = "false"))]
    pub stop_value: String,
    /// Read at most so many pages.
    #[schemars(range(min = 1), extend("x-advanced" = true))]
    pub max_pages: u32,
    /// For each record another request, whose records are read instead: its path, with fields of the record in braces.
    #[schemars(extend("x-advanced" = true, "x-placeholder" = "orders/{id}/items"))]
    pub child_path: String,
    /// Where the records are in the answers to those requests. Found out if empty.
    #[schemars(extend("x-advanced" = true, "x-placeholder" = "items"))]
    pub child_records_path: String,
    /// How the pages of each of those requests follow each other.
    #[schemars(extend("x-advanced" = true))]
    pub child_pagination: Pagination,
    /// Where an answer to those requests holds the address of the next page.
    #[schemars(extend("x-advanced" = true, "x-depends-on" = {"field": "child_pagination", "values": ["next_link"]}, "x-placeholder" = "links.next"))]
    pub child_next_path: String,
    /// Where an answer to those requests holds the cursor of the next page; `-1` stands for the last record.
    #[schemars(extend("x-advanced" = true, "x-depends-on" = {"field": "child_pagination", "values": ["cursor"]}, "x-placeholder" = "meta.next_cursor"))]
    pub child_cursor_path: String,
    /// The parameter that carries the cursor in those requests.
    #[schemars(extend("x-advanced" = true, "x-depends-on" = {"field": "child_pagination", "values": ["cursor"]}, "x-placeholder" = "cursor"))]
    pub child_cursor_param: String,
    /// The parameter that carries the number of the page in those requests.
    #[schemars(extend("x-advanced" = true, "x-depends-on" = {"field": "child_pagination", "values": ["page"]}))]
    pub child_page_param: String,
    /// The number of the first page in those requests.
    #[schemars(extend("x-advanced" = true, "x-depends-on" = {"field": "child_pagination", "values": ["page"]}))]
    pub child_page_start: u32,
    /// The parameter that carries how many records are skipped in those requests.
    #[schemars(extend("x-advanced" = true, "x-depends-on" = {"field": "child_pagination", "values": ["offset"]}))]
    pub child_offset_param: String,
    /// The parameter that carries how many records a page holds in those requests; not sent if empty.
    #[schemars(extend("x-advanced" = true, "x-depends-on" = {"field": "child_pagination", "values": ["page", "offset"]}, "x-placeholder" = "limit"))]
    pub child_limit_param: String,
    /// How many records a page holds in those requests.
    #[schemars(range(min = 1), extend("x-advanced" = true, "x-depends-on" = {"field": "child_pagination", "values": ["page", "offset"]}))]
    pub child_page_size: Option<u32>,
    /// Fields of the record that are kept with each of its children, as `_parent_` and their name.
    #[schemars(extend("x-advanced" = true, "x-widget" = "tokens"))]
    pub parent_fields: Vec<String>,
    /// Read only what is new: the field of a record that grows, such as a time of change or a number.
    #[schemars(extend("x-response-path" = "record", "x-advanced" = true, "x-placeholder" = "updated_at"))]
    pub cursor_field: String,
    /// The parameter of the query that asks for records from a value of that field on. Not needed if `{cursor}` stands in
    /// the path, a parameter or the body.
    #[schemars(extend("x-advanced" = true, "x-placeholder" = "updated_since"))]
    pub cursor_query: String,
    /// The value for the first read; everything is read without.
    #[schemars(extend("x-advanced" = true, "x-placeholder" = "2024-01-01T00:00:00Z"))]
    pub cursor_start: String,
    /// How far each read goes back behind the greatest value so far, for records that arrive late: seconds for times, an
    /// amount for numbers.
    #[schemars(extend("x-advanced" = true))]
    pub cursor_lag: u32,
}

/// The method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// GET
    #[default]
    Get,
    /// POST
    Post,
}

/// What becomes of objects inside a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Nested {
    /// Their members become columns, their names joined by dots; lists stay JSON
    #[default]
    Flatten,
    /// They stay JSON in one column
    Keep,
}

/// How the pages follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pagination {
    /// Find out from the first answer
    #[default]
    Auto,
    /// There is one page
    None,
    /// The Link header names the next page
    LinkHeader,
    /// The answer holds the address of the next page
    NextLink,
    /// The answer holds a cursor for the next page
    Cursor,
    /// Pages are numbered
    Page,
    /// A number of records is skipped
    Offset,
}

/// Where the parameters that turn the pages stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ParamsIn {
    /// In the query
    #[default]
    Query,
    /// In the body
    Body,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            path: String::new(),
            method: Method::Get,
            body: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            records_path: String::new(),
            nested: Nested::Flatten,
            pagination: Pagination::Auto,
            next_path: String::new(),
            cursor_path: String::new(),
            cursor_param: String::new(),
            page_param: "page".into(),
            page_start: 1,
            offset_param: "offset".into(),
            limit_param: String::new(),
            page_size: None,
            params_in: ParamsIn::Query,
            stop_on_short_page: false,
            total_path: String::new(),
            stop_path: String::new(),
            stop_value: String::new(),
            max_pages: 10_000,
            child_path: String::new(),
            child_records_path: String::new(),
            child_pagination: Pagination::Auto,
            child_next_path: String::new(),
            child_cursor_path: String::new(),
            child_cursor_param: String::new(),
            child_page_param: "page".into(),
            child_page_start: 1,
            child_offset_param: "offset".into(),
            child_limit_param: String::new(),
            child_page_size: None,
            parent_fields: Vec::new(),
            cursor_field: String::new(),
            cursor_query: String::new(),
            cursor_start: String::new(),
            cursor_lag: 0,
        }
    }
}

impl Selection {
    /// How the pages of the request itself were chosen to follow each other.
    pub(super) fn pages(&self) -> Pages<'_> {
        Pages {
            prefix: "",
            pagination: self.pagination,
            next_path: self.next_path.trim(),
            cursor_path: self.cursor_path.trim(),
            cursor_param: self.cursor_param.trim(),
            page_param: self.page_param.trim(),
            page_start: self.page_start,
            offset_param: self.offset_param.trim(),
            limit_param: self.limit_param.trim(),
            page_size: self.page_size,
        }
    }

    /// How those of the requests for children were.
    pub(super) fn child_pages(&self) -> Pages<'_> {
        Pages {
            prefix: CHILD,
            pagination: self.child_pagination,
            next_path: self.child_next_path.trim(),
            cursor_path: self.child_cursor_path.trim(),
            cursor_param: self.child_cursor_param.trim(),
            page_param: self.child_page_param.trim(),
            page_start: self.child_page_start,
            offset_param: self.child_offset_param.trim(),
            limit_param: self.child_limit_param.trim(),
            page_size: self.child_page_size,
        }
    }
}

/// What the members of the form that speak of children begin with.
pub(super) const CHILD: &str = "child_";

/// How pages were chosen to follow each other.
pub(super) struct Pages<'a> {
    /// What the members of the form begin with.
    prefix: &'static str,
    pagination: Pagination,
    next_path: &'a str,
    cursor_path: &'a str,
    cursor_param: &'a str,
    page_param: &'a str,
    page_start: u32,
    offset_param: &'a str,
    limit_param: &'a str,
    page_size: Option<u32>,
}

impl Pages<'_> {
    /// The chosen pagination; nothing if it is to be found out.
    pub(super) fn paging(&self) -> Result<Option<Paging>> {
        let needed = |value: &str, field: &str, what: &str| match value {
            "" => Err(Error::invalid(format!("The pagination needs {what}."))
                .hint("Fill it in.")
                .field(format!("{}{field}", self.prefix))),
            value => Ok(value.to_owned()),
        };
        Ok(Some(match self.pagination {
            Pagination::Auto => return Ok(None),
            Pagination::None => Paging::None,
            Pagination::LinkHeader => Paging::LinkHeader,
            Pagination::NextLink => {
                Paging::NextLink { path: needed(self.next_path, "next_path", "the place of the next address")? }
            }
            Pagination::Cursor => Paging::Cursor {
                path: needed(self.cursor_path, "cursor_path", "the place of the cursor")?,
                param: needed(self.cursor_param, "cursor_param", "the parameter that carries the cursor")?,
            },
            Pagination::Page => Paging::Page {
                param: needed(self.page_param, "page_param", "the parameter that carries the page's number")?,
                start: i64::from(self.page_start),
                pages_path: None,
            },
            Pagination::Offset => Paging::Offset {
                param: needed(self.offset_param, "offset_param", "the parameter that carries the offset")?,
            },
        }))
    }

    /// The first request by the chosen pagination.
    pub(super) fn first(&self, paging: Option<&Paging>, ask: Ask) -> Ask {
        let limit = Some(self.limit_param).filter(|name| !name.is_empty()).zip(self.page_size);
        paging.map_or(ask.clone(), |paging| paging.first(&ask, limit))
    }
}
