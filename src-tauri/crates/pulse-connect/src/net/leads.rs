//! Where a request leads, without following it: services hand out signed addresses of files by a redirect.

use pulse_core::{Code, Error, Progress, Result};
use reqwest::header::LOCATION;
use url::Url;

use super::{Http, Reply, Request, run, shown};

/// Bytes of an answer that is no redirect which are read, to see what it is.
const HEAD: usize = 64 << 10;
/// The statuses of redirects.
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// What a request leads to.
pub(crate) enum Leads {
    /// Another address, which may hold a secret.
    To(Url),
    /// Nowhere else: the beginning of the answer itself.
    Here(Reply),
}

impl Http {
    /// Sends a request and says where it leads; blocks and fails as [`Http::fetch`].
    pub(crate) fn leads(&self, request: &Request, progress: &Progress) -> Result<Leads> {
        let request = request.clone().expect(&REDIRECTS);
        run(
            progress,
            self.retrying(&request, progress, async || {
                let mut incoming = self.once(&request, true, progress).await?;
                let (status, headers) = (incoming.response.status().as_u16(), incoming.response.headers().clone());
                if REDIRECTS.contains(&status) {
                    let target = headers.get(LOCATION).and_then(|value| value.to_str().ok());
                    let next = target.and_then(|target| incoming.url.join(target).ok()).ok_or_else(|| {
                        let text = format!("`{}` redirects to no readable address.", shown(&incoming.url));
                        Error::new(Code::Unreachable, text).hint("The server is set up wrongly; ask who runs it.")
                    })?;
                    return Ok(Leads::To(next));
                }
                let mut body = Vec::new();
                while let Some(bytes) = incoming.chunk().await? {
                    body.extend_from_slice(&bytes);
                    if body.len() >= HEAD {
                        break;
                    }
                }
                Ok(Leads::Here(Reply { status, headers, url: incoming.url, body }))
            }),
        )
    }
}
