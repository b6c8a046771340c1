//! The HTTP client: one request with its redirects, within the policy.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pulse_core::{Code, Error, Progress, Result};
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, IF_RANGE, LOCATION, RANGE};
use reqwest::{Certificate, Client, Method, Response, redirect};
use url::Url;

use super::address::{self, Resolver};
use super::budget::Budget;
use super::fault::{self, Failure};
use super::reply::Incoming;
use super::{Policy, Reply, Request, run, shown};

/// How many redirects one request follows.
const REDIRECTS: usize = 10;
/// The headers that a redirect takes along to another host; every other one may hold a secret.
const HARMLESS: [reqwest::header::HeaderName; 5] = [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, RANGE, IF_RANGE];

/// An HTTP client with its [`Policy`]. Clones share everything; see [`Http::fresh`].
#[derive(Clone)]
pub(crate) struct Http(Arc<Inner>);

struct Inner {
    policy: Policy,
    clients: Arc<Clients>,
    budget: Arc<Budget>,
    received: AtomicU64,
    deadline: Option<Instant>,
}

impl Http {
    /// A client that keeps `policy`; connects to nothing yet. Fails if the file of certificates cannot be read.
    pub(crate) fn new(policy: Policy) -> Result<Self> {
        let clients = Arc::new(Clients::new(&policy)?);
        let budget = Arc::new(Budget::new(policy.rate));
        let deadline = policy.time_cap.map(|cap| Instant::now() + cap);
        Ok(Self(Arc::new(Inner { policy, clients, budget, received: AtomicU64::new(0), deadline })))
    }

    /// The same client with fresh totals of bytes and time, for a new read; the rate budget goes on.
    pub(crate) fn fresh(&self) -> Self {
        self.with(self.policy().clone())
    }

    /// The same client, fresh, that repeats nothing, for a check that should fail soon.
    pub(crate) fn impatient(&self) -> Self {
        self.with(Policy { retries: 0, ..self.policy().clone() })
    }

    fn with(&self, policy: Policy) -> Self {
        let Inner { clients, budget, .. } = &*self.0;
        Self(Arc::new(Inner {
            clients: Arc::clone(clients),
            budget: Arc::clone(budget),
            received: AtomicU64::new(0),
            deadline: policy.time_cap.map(|cap| Instant::now() + cap),
            policy,
        }))
    }

    /// The rules.
    pub(crate) fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Makes a request and reads its whole answer; repeats it after failures, as its method and the policy allow. Blocks;
    /// do not call it from asynchronous work.
    ///
    /// Fails with [`Code::PermissionDenied`] for 401, 403 and refused addresses, [`Code::NotFound`] for 404 and 410,
    /// [`Code::LimitExceeded`] for 429 and answers over a cap, [`Code::InvalidInput`] for other 4xx, and
    /// [`Code::Unreachable`] for everything that may work later. Statuses that the request expects are no errors.
    pub(crate) fn fetch(&self, request: &Request, progress: &Progress) -> Result<Reply> {
        run(progress, self.fetch_async(request, progress))
    }

    /// As [`Http::fetch`], for work that is asynchronous already.
    pub(crate) async fn fetch_async(&self, request: &Request, progress: &Progress) -> Result<Reply> {
        self.retrying(request, progress, async || self.once(request, false, progress).await?.whole().await).await
    }

    /// Sends a request once, follows redirects, and checks the status.
    pub(super) async fn once<'a>(
        &self,
        request: &'a Request,
        exact: bool,
        progress: &'a Progress,
    ) -> Result<Incoming<'a>, Failure> {
        let mut hop = Hop {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        };
        for number in 0..=REDIRECTS {
            address::check(&hop.url, self.policy().allow_private, number > 0)?;
            self.0.budget.take(&hop.url, self.policy().longest_wait, progress).await?;
            let response = self.send(&hop, request, exact).await?;
            self.0.budget.learn(&hop.url, response.headers());
            let status = response.status().as_u16();
            if !request.expected.contains(&status) && matches!(status, 301 | 302 | 303 | 307 | 308) {
                hop.follow(&response)?;
                continue;
            }
            let incoming = Incoming::new(self.clone(), request, progress, hop.url, response);
            let good = status < 300 || request.expected.contains(&status);
            return if good { Ok(incoming) } else { Err(incoming.into_failure().await) };
        }
        let text = format!("{} was redirected more than {REDIRECTS} times.", request.shown());
        Err(Error::new(Code::Unreachable, text).hint("The addresses lead in a circle; check the address.").into())
    }

    async fn send(&self, hop: &Hop, request: &Request, exact: bool) -> Result<Response, Failure> {
        let client = self.0.clients.get(!exact)?;
        let mut builder = client.request(hop.method.clone(), hop.url.clone()).headers(hop.headers.clone());
        if let Some(body) = &hop.body {
            builder = builder.body(body.clone());
        }
        let patience = self.policy().idle_timeout + self.policy().connect_timeout;
        match self.within(patience, builder.send()).await? {
            Some(Ok(response)) => Ok(response),
            Some(Err(cause)) => Err(fault::transport(request, &hop.url, &cause)),
            None => Err(fault::silent(request, &hop.url, self.policy().idle_timeout, "did not answer")),
        }
    }

    /// Awaits `work`, at most for `patience` and until the time cap; nothing if it took longer than `patience`.
    pub(super) async fn within<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Result<Option<T>> {
        let left = self.time_left()?;
        let outcome = tokio::time::timeout(left.map_or(patience, |left| left.min(patience)), work).await;
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(_) => self.time_left().map(|_| None),
        }
    }

    /// How much time is left; nothing if there is no limit. Fails when it is over.
    pub(super) fn time_left(&self) -> Result<Option<Duration>> {
        let Some(deadline) = self.0.deadline else { return Ok(None) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let cap = super::budget::in_words(self.policy().time_cap.unwrap_or_default());
            return Err(Error::new(
                Code::LimitExceeded,
                format!("Reading took longer than {cap}, which is its limit."),
            )
            .hint("Raise the time limit, or read less at once."));
        }
        Ok(Some(left))
    }

    /// Counts bytes that came; fails when there are more than allowed.
    pub(super) fn count(&self, bytes: u64) -> Result<()> {
        let total = self.0.received.fetch_add(bytes, Relaxed) + bytes;
        if total > self.policy().total_cap {
            return Err(fault::too_big("All answers together hold", total, self.policy().total_cap));
        }
        Ok(())
    }
}

/// What speaks HTTP for one policy. A client is built when it is first needed: it reads every certificate that this computer
/// trusts, and many connections are opened only to be asked what they are.
struct Clients {
    policy: Policy,
    trusted: Vec<Certificate>,
    /// Unpacks what servers pack for the way.
    unpacking: OnceLock<Client>,
    /// Gives the bytes as they come.
    exact: OnceLock<Client>,
}

impl Clients {
    fn new(policy: &Policy) -> Result<Self> {
        let (unpacking, exact) = Default::default();
        Ok(Self { policy: policy.clone(), trusted: certificates(policy)?, unpacking, exact })
    }

    fn get(&self, unpack: bool) -> Result<&Client> {
        let place = if unpack { &self.unpacking } else { &self.exact };
        match place.get() {
            Some(client) => Ok(client),
            None => self.build(unpack).map(|client| place.get_or_init(|| client)),
        }
    }

    fn build(&self, unpack: bool) -> Result<Client> {
        let policy = &self.policy;
        let resolver = Resolver {
            allow_private: policy.allow_private,
            #[cfg(test)]
            known: policy.known.clone(),
        };
        let builder = Client::builder()
            .user_agent(concat!("cloud-pulse/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            // Repeating is done here, where it is counted and shown.
            .retry(reqwest::retry::never())
            // A proxy would resolve names itself, out of reach of the check.
            .no_proxy()
            .referer(false)
            .gzip(unpack)
            .connect_timeout(policy.connect_timeout)
            .dns_resolver(Arc::new(resolver));
        let builder = if policy.verify_tls {
            builder.tls_certs_merge(self.trusted.clone())
        } else {
            builder.tls_danger_accept_invalid_certs(true)
        };
        builder.build().map_err(|cause| Error::internal("set up what speaks HTTP", fault::root(&cause)))
    }
}

/// Where a request goes next.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Hop {
    /// Goes on to where a redirect leads. Another host gets no header that may hold a secret.
    fn follow(&mut self, response: &Response) -> Result<()> {
        let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let next = target.and_then(|target| self.url.join(target).ok()).ok_or_else(|| {
            Error::new(Code::Unreachable, format!("`{}` redirects to no readable address.", shown(&self.url)))
                .hint("The server is set up wrongly; ask who runs it.")
        })?;
        let status = response.status().as_u16();
        if status == 303 || (matches!(status, 301 | 302) && self.method == Method::POST) {
            self.method = Method::GET;
            self.body = None;
            self.headers.remove(CONTENT_TYPE);
        }
        if !address::trusts(&self.url, &next) {
            self.headers =
                HARMLESS.iter().filter_map(|name| Some((name.clone(), self.headers.get(name)?.clone()))).collect();
            // The body of a request may hold a secret as well, such as that of a sign-in.
            if self.body.is_some() {
                return Err(Error::new(
                    Code::Unreachable,
                    format!(
                        "`{}` redirects a request with a body to another host, `{}`.",
                        shown(&self.url),
                        shown(&next)
                    ),
                )
                .hint("Give the address it leads to, if you trust it."));
            }
        }
        self.url = next;
        Ok(())
    }
}

/// The certificates of the policy's file.
fn certificates(policy: &Policy) -> Result<Vec<Certificate>> {
    let Some(path) = &policy.ca_file else { return Ok(Vec::new()) };
    let bytes =
        std::fs::read(path).map_err(|cause| Error::io("read the certificates in", path, &cause).field("ca_file"))?;
    let found = Certificate::from_pem_bundle(&bytes).unwrap_or_default();
    if found.is_empty() {
        return Err(Error::invalid(format!("{} holds no certificate.", path.display()))
            .hint("It must be in PEM format: text that begins with -----BEGIN CERTIFICATE-----.")
            .field("ca_file"));
    }
    Ok(found)
}
