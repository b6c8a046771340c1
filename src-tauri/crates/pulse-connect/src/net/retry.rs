//! Repeating what failed: when, how often and after which wait.

use std::time::{Duration, SystemTime};

use pulse_core::{Progress, Result};
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::budget::{in_words, too_long};
use super::fault::{Again, Failure};
use super::{Http, Request};

/// The longest wait that is our own choice.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

impl Http {
    /// Makes attempts until one succeeds, fails for good, or there were too many without any progress.
    pub(super) async fn retrying<T>(
        &self,
        request: &Request,
        progress: &Progress,
        mut attempt: impl AsyncFnMut() -> Result<T, Failure>,
    ) -> Result<T> {
        let mut tried = 0;
        loop {
            let failure = match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            tried = if failure.moved { 0 } else { tried };
            let may = match failure.again {
                Again::Never => false,
                Again::IfRepeatable => request.repeatable,
                Again::Always => true,
            };
            if !may || tried >= self.policy().retries {
                return Err(failure.error);
            }
            let wait = failure.wait.unwrap_or_else(|| backoff(self.policy().backoff, tried));
            if wait > self.policy().longest_wait {
                return Err(too_long(&request.url, wait));
            }
            if self.time_left()?.is_some_and(|left| left < wait) {
                return Err(failure.error);
            }
            tried += 1;
            let of = self.policy().retries;
            progress.log(format!("{} Trying again in {} ({tried} of {of}).", failure.error.message, in_words(wait)));
            tokio::time::sleep(wait).await;
        }
    }
}

/// A wait that doubles each time; part of it is left to chance, so that many callers do not come back at once.
fn backoff(first: Duration, tried: u32) -> Duration {
    let whole = first.saturating_mul(1 << tried.min(16)).min(LONGEST_BACKOFF);
    let chance = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
    whole.mul_f64(0.5 + chance / 2.0)
}

/// How long a server asks to wait: it tells seconds or a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (0.0..1e9).contains(&seconds).then(|| Duration::from_secs_f64(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}
