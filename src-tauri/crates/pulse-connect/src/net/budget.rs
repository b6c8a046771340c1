//! How many requests may be made: waits before a limit is exceeded instead of being refused after it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pulse_core::{Code, Error, Progress, Result};
use reqwest::header::HeaderMap;
use url::Url;

/// So many requests in each stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// The requests.
    pub requests: u32,
    /// The stretch of time.
    pub per: Duration,
}

/// What is left of the limits, host by host: those of the user and those that the servers tell.
pub(super) struct Budget {
    rate: Option<Rate>,
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Default)]
struct Host {
    /// When the latest requests were made, as many as the rate allows at most.
    sent: VecDeque<Instant>,
    /// What the server said is left, and when it is filled up again.
    left: Option<(u64, Instant)>,
}

impl Budget {
    /// A budget in which nothing is spent.
    pub(super) fn new(rate: Option<Rate>) -> Self {
        let rate = rate.filter(|rate| rate.requests > 0 && !rate.per.is_zero());
        Self { rate, hosts: Mutex::default() }
    }

    /// Waits until one more request to the host of `url` is within the limits, and counts it. Fails if the server's
    /// limit is used up for longer than `longest`.
    pub(super) async fn take(&self, url: &Url, longest: Duration, progress: &Progress) -> Result<()> {
        loop {
            let Some((wait, why)) = self.try_take(url) else { return Ok(()) };
            if why == Why::Server && wait > longest {
                return Err(too_long(url, wait));
            }
            if wait >= Duration::from_millis(500) {
                let host = url.host_str().unwrap_or_default();
                progress.log(match why {
                    Why::Server => format!("Waiting {}: the limit of {host} is used up.", in_words(wait)),
                    Why::Own => format!("Waiting {}: the rate limit of the connection is reached.", in_words(wait)),
                });
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Counts a request if it is within the limits; otherwise how long to wait and why.
    fn try_take(&self, url: &Url) -> Option<(Duration, Why)> {
        let now = Instant::now();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.entry(key(url)).or_default();
        match &mut host.left {
            Some((_, until)) if *until <= now => host.left = None,
            Some((0, until)) => return Some((*until - now, Why::Server)),
            Some((left, _)) => *left -= 1,
            None => {}
        }
        let rate = self.rate?;
        while host.sent.front().is_some_and(|first| now.duration_since(*first) >= rate.per) {
            host.sent.pop_front();
        }
        if host.sent.len() >= rate.requests as usize {
            // What was taken from the server's limit was not used.
            if let Some((left, _)) = &mut host.left {
                *left += 1;
            }
            return host.sent.front().map(|first| (*first + rate.per - now, Why::Own));
        }
        host.sent.push_back(now);
        None
    }

    /// Learns what is left from an answer's headers.
    pub(super) fn learn(&self, url: &Url, headers: &HeaderMap) {
        let Some((left, wait)) = told(headers) else { return };
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.entry(key(url)).or_default().left = Some((left, Instant::now() + wait));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Own,
    Server,
}

fn key(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// How many requests an answer says are left, and for how long. It understands `RateLimit-Remaining` with
/// `RateLimit-Reset`, both also after `X-` and written as `X-Rate-Limit-…`, and the newer single `RateLimit` header.
fn told(headers: &HeaderMap) -> Option<(u64, Duration)> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    for prefix in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
        let left = text(&format!("{prefix}-remaining")).and_then(|left| left.split(',').next()?.trim().parse().ok());
        let reset = text(&format!("{prefix}-reset")).and_then(until);
        if let (Some(left), Some(wait)) = (left, reset) {
            return Some((left, wait));
        }
    }
    let single = text("ratelimit")?;
    let member = |names: [&str; 2]| {
        let mut pairs = single.split([';', ',']).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| names.contains(name)).and_then(|(_, value)| value.trim().parse::<u64>().ok())
    };
    Some((member(["r", "remaining"])?, Duration::from_secs(member(["t", "reset"])?)))
}

/// How long it is until a reset: servers tell seconds from now, seconds since 1970, or milliseconds since 1970.
fn until(text: &str) -> Option<Duration> {
    let number: f64 = text.split(',').next()?.trim().parse().ok().filter(|n: &f64| *n >= 0.0 && *n < 1e15)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let seconds = match number {
        n if n >= 1e11 => n / 1000.0 - now,
        n if n >= 1e8 => n - now,
        n => n,
    };
    Some(Duration::from_secs_f64(seconds.max(0.0)))
}

/// The error for a server that wants a longer wait than is reasonable.
pub(super) fn too_long(url: &Url, wait: Duration) -> Error {
    let host = url.host_str().unwrap_or_default();
    Error::new(Code::LimitExceeded, format!("`{host}` takes no more requests for {}.", in_words(wait)))
        .hint("Its limit is used up. Try again after that time; what was read so far is kept where it can be.")
}

/// A time in words, such as `12 s` or `4 min`.
pub(super) fn in_words(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.0} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_tell_is_understood() {
        let later = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 30;
        let (epoch, epoch_ms) = (later.to_string(), (later * 1000).to_string());
        let cases: [(&[(&str, &str)], Option<(u64, u64)>); 8] = [
            (&[("ratelimit-remaining", "5"), ("ratelimit-reset", "7")], Some((5, 7))),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &epoch)], Some((0, 30))),
            (&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", &epoch_ms)], Some((3, 30))),
            (&[("x-rate-limit-remaining", "1"), ("x-rate-limit-reset", "2.5")], Some((1, 3))),
            (&[("ratelimit", "\"default\";r=50;t=30")], Some((50, 30))),
            (&[("ratelimit", "limit=100, remaining=9, reset=4")], Some((9, 4))),
            (&[("x-ratelimit-remaining", "3")], None),
            (&[("x-ratelimit-remaining", "many"), ("x-ratelimit-reset", "-1")], None),
        ];
        for (headers, expected) in cases {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            let found = told(&map).map(|(left, wait)| (left, wait.as_secs_f64().ceil() as u64));
            assert_eq!(found, expected, "{headers:?}");
        }
    }
}
