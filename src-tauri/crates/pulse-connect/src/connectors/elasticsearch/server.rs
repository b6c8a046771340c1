//! Asking a cluster: the node that answers, the sign-in, and what kind of server it is.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use pulse_core::{Code, Error, Progress, Result};
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::fault;
use super::settings::{Auth, Settings};
use crate::Secret;
use crate::net::{self, Http, Policy, Reply, Request, shown};

/// Bytes of one answer; a document has at most 100 MB.
const PAGE_BYTES: u64 = 512 << 20;
/// Statuses whose answers say in Elasticsearch's own words what is wrong.
const SPEAKING: [u16; 5] = [400, 404, 405, 406, 410];
/// Statuses of a cluster that takes no documents, or not so many, and says why.
const BUSY: [u16; 7] = [403, 413, 429, 500, 502, 503, 504];

/// The nodes of a cluster and how to sign in.
pub(super) struct Server {
    http: Http,
    nodes: Vec<Url>,
    auth: Auth,
    user: String,
    secret: Secret,
    /// The node that answered last.
    answering: AtomicUsize,
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    Elasticsearch,
    OpenSearch,
    /// It does not tell everybody.
    Untold,
}

/// What answers, in which version.
#[derive(Clone, Debug)]
pub(super) struct Info {
    pub product: Product,
    pub version: String,
}

/// One request to a cluster.
pub(super) struct Ask<'a> {
    pub method: Method,
    /// The path behind the node's address, with percent-encoded names.
    pub path: &'a str,
    pub query: &'a [(&'a str, &'a str)],
    pub body: Option<&'a Value>,
    /// Whether it may be asked again when the answer was lost.
    pub repeatable: bool,
}

impl<'a> Ask<'a> {
    /// A GET request.
    pub(super) fn get(path: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: Method::GET, path, query, body: None, repeatable: true }
    }

    /// A POST request that changes nothing and may be repeated.
    pub(super) fn post(path: &'a str, query: &'a [(&'a str, &'a str)], body: Option<&'a Value>) -> Self {
        Self { method: Method::POST, path, query, body, repeatable: true }
    }
}

impl Server {
    /// Checks the settings; connects to nothing yet.
    pub(super) fn new(settings: &Settings) -> Result<Self> {
        let addresses = settings.address.split(',').map(str::trim).filter(|address| !address.is_empty());
        let nodes = addresses.map(node).collect::<Result<Vec<Url>>>()?;
        if nodes.is_empty() {
            return Err(Error::invalid("The cluster has no address.")
                .hint("Give one such as https://search.example.com:9200.")
                .field("address"));
        }
        let (secret, field) = match settings.auth {
            Auth::None => (Secret::default(), ""),
            Auth::Basic => (settings.password.clone(), "user"),
            Auth::ApiKey => (settings.api_key.clone(), "api_key"),
            Auth::Bearer => (settings.token.clone(), "token"),
        };
        let missing = match settings.auth {
            Auth::None => false,
            Auth::Basic => settings.user.trim().is_empty(),
            Auth::ApiKey | Auth::Bearer => secret.is_empty(),
        };
        if missing {
            return Err(Error::invalid("The connection does not say as whom to sign in.")
                .hint("Fill in what the chosen way to sign in needs, or choose another.")
                .field(field));
        }
        let policy = Policy {
            allow_private: settings.allow_private,
            verify_tls: settings.verify_tls,
            ca_file: Some(settings.ca_file.trim()).filter(|path| !path.is_empty()).map(Into::into),
            response_cap: PAGE_BYTES,
            idle_timeout: Duration::from_secs(120),
            ..Policy::default()
        };
        let (auth, user) = (settings.auth, settings.user.trim().to_owned());
        Ok(Self { http: Http::new(policy)?, nodes, auth, user, secret, answering: AtomicUsize::new(0) })
    }

    /// The nodes.
    pub(super) fn nodes(&self) -> &[Url] {
        &self.nodes
    }

    /// Whether certificates are checked.
    pub(super) fn verifies(&self) -> bool {
        self.http.policy().verify_tls
    }

    /// As whom it signs in, in words.
    pub(super) fn identity(&self) -> String {
        match self.auth {
            Auth::None => "without signing in".into(),
            Auth::Basic => format!("as {}", self.user),
            Auth::ApiKey => "with an API key".into(),
            Auth::Bearer => "with a token".into(),
        }
    }

    /// The address of what is read, without secrets.
    pub(super) fn origin(&self, index: &str) -> String {
        let node = &self.nodes[self.answering.load(Relaxed) % self.nodes.len()];
        format!("{}/{index}", shown(node).trim_end_matches('/'))
    }

    /// Asks and checks the answer's status. `attempt` completes "Could not …". Fails with what the cluster says is wrong.
    pub(super) fn ask(&self, ask: &Ask<'_>, attempt: &str, progress: &Progress) -> Result<Reply> {
        let reply = self.fetch(ask, true, &SPEAKING, progress)?;
        reply.must_be_json()?;
        if reply.status < 300 { Ok(reply) } else { Err(fault::refused(attempt, reply.status, &reply.body)) }
    }

    /// Asks the node that answered last, and the others if it cannot be reached.
    fn fetch(&self, ask: &Ask<'_>, sign_in: bool, expected: &[u16], progress: &Progress) -> Result<Reply> {
        let first = self.answering.load(Relaxed);
        let mut failed = None;
        for number in first..first + self.nodes.len() {
            let number = number % self.nodes.len();
            let request = self.request(&self.nodes[number], ask, sign_in)?.expect(expected);
            match self.http.fetch(&request, progress) {
                Ok(reply) => {
                    self.answering.store(number, Relaxed);
                    return Ok(reply);
                }
                Err(error) if error.code == Code::Unreachable => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(failed.unwrap_or_else(|| Error::internal("ask the cluster", "it has no node")))
    }

    /// Sends the lines of a bulk request once, to the node that answered last or to another that can be reached. Answers
    /// that say that the cluster is busy or blocked or the request too big are no errors; an error with
    /// [`Code::Unreachable`] may mean that the lines arrived all the same.
    pub(super) fn bulk(&self, path: &str, query: &[(&str, &str)], lines: Bytes, progress: &Progress) -> Result<Reply> {
        let ask = Ask { method: Method::POST, path, query, body: None, repeatable: false };
        let (http, first) = (self.http.impatient(), self.answering.load(Relaxed));
        let mut failed = None;
        for number in first..first + self.nodes.len() {
            let number = number % self.nodes.len();
            let request = self.request(&self.nodes[number], &ask, true)?;
            let request = request.header("content-type", "application/x-ndjson")?.body(lines.clone());
            match http.fetch(&request.expect(&SPEAKING).expect(&BUSY), progress) {
                Ok(reply) => {
                    self.answering.store(number, Relaxed);
                    return Ok(reply);
                }
                Err(error) if error.code == Code::Unreachable => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(failed.unwrap_or_else(|| Error::internal("ask the cluster", "it has no node")))
    }

    /// As [`Server::ask`], with the answer as a JSON value.
    pub(super) fn value(&self, ask: &Ask<'_>, attempt: &str, progress: &Progress) -> Result<Value> {
        self.ask(ask, attempt, progress)?.json()
    }

    /// Asks without waiting long for the answer, even if the job was cancelled; for tidying up.
    pub(super) fn tell(&self, ask: &Ask<'_>, patience: Duration) -> Result<()> {
        let node = &self.nodes[self.answering.load(Relaxed) % self.nodes.len()];
        let request = self.request(node, ask, true)?;
        // The job's own progress would end the request before it is sent.
        let progress = Progress::new();
        net::run(&progress, async {
            match tokio::time::timeout(patience, self.http.fetch_async(&request, &progress)).await {
                Ok(reply) => reply.map(|_| ()),
                Err(_) => Err(Error::new(Code::Unreachable, "The cluster did not answer in time.")),
            }
        })
    }

    /// Whether somebody answers in HTTP at all, whoever asks; for TLS.
    pub(super) fn knock(&self, progress: &Progress) -> Result<()> {
        let ask = Ask::get("", &[]);
        self.fetch(&ask, false, &[400, 401, 403, 404, 429, 503], progress).map(|_| ())
    }

    /// What answers. Fails if it is something else than a search engine.
    pub(super) fn info(&self, progress: &Progress) -> Result<Info> {
        let reply = self.fetch(&Ask::get("", &[]), true, &[403], progress)?;
        let marked = reply.header("x-elastic-product").is_some();
        if reply.status == 403 {
            // Some roles may read indices but not look at the cluster.
            let product = if marked { Product::Elasticsearch } else { Product::Untold };
            return Ok(Info { product, version: String::new() });
        }
        let told: Value = reply.json()?;
        let version = told["version"]["number"].as_str().unwrap_or_default().to_owned();
        let tagline = told["tagline"].as_str().unwrap_or_default();
        let opensearch = told["version"]["distribution"] == "opensearch" || tagline.contains("OpenSearch");
        if version.is_empty() || !(opensearch || marked || tagline.contains("for Search")) {
            let address = shown(&reply.url);
            return Err(Error::new(
                Code::Unsupported,
                format!("`{address}` answers, but it is neither Elasticsearch nor OpenSearch."),
            )
            .hint("Check host, port and path; 9200 is the usual port of a cluster.")
            .field("address"));
        }
        Ok(Info { product: if opensearch { Product::OpenSearch } else { Product::Elasticsearch }, version })
    }

    fn request(&self, node: &Url, ask: &Ask<'_>, sign_in: bool) -> Result<Request> {
        let mut url = node.clone();
        url.set_path(&format!("{}/{}", node.path().trim_end_matches('/'), ask.path));
        let mut request = Request::new(ask.method.clone(), url).header("accept", "application/json")?;
        for (name, value) in ask.query {
            request = request.query(name, value);
        }
        if let Some(body) = ask.body {
            request = request.header("content-type", "application/json")?.body(body.to_string());
        }
        if ask.repeatable {
            request = request.repeatable();
        }
        match self.auth {
            _ if !sign_in => Ok(request),
            Auth::None => Ok(request),
            Auth::Basic => request.basic(&self.user, &self.secret),
            Auth::Bearer => request.bearer(&self.secret),
            Auth::ApiKey => {
                let value = Secret::from(format!("ApiKey {}", self.secret.expose().trim()).as_str());
                Ok(request.secret_header("authorization", &value)?.hide(&self.secret))
            }
        }
    }
}

impl Info {
    /// The name and version for people.
    pub(super) fn shown(&self) -> String {
        let name = match self.product {
            Product::Elasticsearch => "Elasticsearch",
            Product::OpenSearch => "OpenSearch",
            Product::Untold => "A cluster that does not tell its version",
        };
        format!("{name} {}", self.version).trim_end().to_owned()
    }
}

/// The address of one node. A user and a password in it would be shown, so they are refused.
fn node(text: &str) -> Result<Url> {
    let url = net::url(text, "address")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::invalid("The address holds a user or a password, where everybody can read them.")
            .hint("Choose to sign in with user and password, and fill them in there.")
            .field("address"));
    }
    Ok(url)
}

/// A name for a path; commas and wildcards stay, because they mean several indices.
pub(super) fn encoded(name: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b',').remove(b'*');
    utf8_percent_encode(name, KEPT).to_string()
}
