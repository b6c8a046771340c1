//! The first bytes of a file, for whoever needs no more of it.

use pulse_core::{Progress, Result};
use reqwest::header::{CONTENT_LENGTH, HeaderMap, RANGE};

use super::download::range_whole;
use super::{Http, Reply, Request, run};

impl Http {
    /// The first `bytes` bytes of what `request` names, and how big the whole is where the server says so.
    ///
    /// Only that range is asked for; from a server that gives no ranges nothing more is read either. The bytes are those on
    /// the wire, not unpacked. Blocks and fails as [`Http::fetch`].
    pub(crate) fn beginning(
        &self,
        request: &Request,
        bytes: usize,
        progress: &Progress,
    ) -> Result<(Reply, Option<u64>)> {
        let asked = request.clone().header("accept-encoding", "identity")?;
        let asked = asked.header(RANGE.as_str(), &format!("bytes=0-{}", bytes.max(1) - 1))?;
        let reply = run(
            progress,
            self.retrying(&asked, progress, async || {
                let mut incoming = self.once(&asked, true, progress).await?;
                let (status, headers) = (incoming.response.status().as_u16(), incoming.response.headers().clone());
                let mut body = Vec::new();
                while body.len() < bytes
                    && let Some(some) = incoming.chunk().await?
                {
                    body.extend_from_slice(&some);
                }
                body.truncate(bytes);
                Ok(Reply { status, headers, url: incoming.url, body })
            }),
        )?;
        let whole = if reply.status == 206 { range_whole(&reply.headers) } else { length(&reply.headers) };
        Ok((reply, whole))
    }
}

/// How many bytes an answer announces.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
