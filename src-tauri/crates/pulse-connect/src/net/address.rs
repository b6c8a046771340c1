//! Which addresses may be reached, and how an address is shown.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use pulse_core::{Code, Error, Result};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// What stands in an address in the place of a secret.
const HIDDEN: &str = "…";
/// Parts of the names of query parameters that hold keys.
const SECRET_NAMES: [&str; 12] =
    ["key", "token", "secret", "password", "passwd", "pwd", "auth", "sig", "credential", "session", "jwt", "code"];

/// How much of the world an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// The internet.
    Public,
    /// This computer and private networks.
    Private,
    /// The own network segment, where clouds serve the credentials of their machines.
    Link,
    /// No single machine: unspecified, multicast, broadcast, reserved.
    Nowhere,
}

/// How much of the world `ip` belongs to; an IPv4 address inside an IPv6 address counts as itself.
pub(super) fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(ip) => reach_v4(ip),
        IpAddr::V6(ip) => reach_v6(ip),
    }
}

fn reach_v4(ip: Ipv4Addr) -> Reach {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        (0, ..) if ip.is_unspecified() => Reach::Private,
        (0, ..) | (224..=255, ..) => Reach::Nowhere,
        (169, 254, _) => Reach::Link,
        (10 | 127, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Reach::Private,
        (192, 0, 0 | 2) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => Reach::Private,
        _ => Reach::Public,
    }
}

fn reach_v6(ip: Ipv6Addr) -> Reach {
    let parts = ip.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        reach_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // The unspecified address is this computer on some systems.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Reach::Private,
        // IPv4 inside IPv6: mapped, compatible, translated (two prefixes), 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => inner(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x64, 0xff9b, 1, ..] => Reach::Private,
        [0x2002, high, low, ..] => inner(high, low),
        [first, ..] if first & 0xfe00 == 0xfc00 => Reach::Private,
        [first, ..] if first & 0xffc0 == 0xfe80 => Reach::Link,
        [first, ..] if first & 0xffc0 == 0xfec0 => Reach::Private,
        [first, ..] if first & 0xff00 == 0xff00 => Reach::Nowhere,
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..] => Reach::Private,
        _ => Reach::Public,
    }
}

/// Checks what can be known of an address without resolving its name: the scheme, and numbers in the place of a name.
/// A redirect never leads to the own network segment.
pub(super) fn check(url: &Url, allow_private: bool, redirected: bool) -> Result<()> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::invalid(format!("`{}` is no web address: it begins with `{}:`.", shown(url), url.scheme()))
            .hint("Give an address that begins with https:// or http://."));
    }
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err(Error::invalid(format!("`{}` names no host.", shown(url)))),
    };
    match reach(ip) {
        Reach::Public => Ok(()),
        Reach::Private if allow_private => Ok(()),
        Reach::Link if allow_private && !redirected => Ok(()),
        _ => Err(refusal(&ip.to_string(), redirected)),
    }
}

/// Whether what is meant for `from` may go to `to` as well: the same scheme, host and port, or the same host by TLS.
pub(crate) fn trusts(from: &Url, to: &Url) -> bool {
    let upgrade = from.scheme() == "http" && to.scheme() == "https" && from.port().is_none() && to.port().is_none();
    from.origin() == to.origin() || (upgrade && from.host() == to.host())
}

/// The error for an address that may not be reached.
pub(super) fn refusal(host: &str, redirected: bool) -> Error {
    let (how, hint) = if redirected {
        ("A redirect leads to", "The server sends its callers into a private network; ask who runs it.")
    } else {
        ("This connection may not reach", "If that is what you want, allow private addresses in the connection.")
    };
    let text = format!("{how} `{host}`, which is an address of this computer or of a private network.");
    Error::new(Code::PermissionDenied, text).hint(hint).field("allow_private")
}

/// Resolves names as the operating system does and leaves out the addresses that may not be reached; the connection is
/// made to what was checked, so that no second answer of the name server can lead elsewhere.
pub(super) struct Resolver {
    pub allow_private: bool,
    /// Names that tests make up; they may lead anywhere.
    #[cfg(test)]
    pub known: Vec<(&'static str, SocketAddr)>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let allow_private = self.allow_private;
        #[cfg(test)]
        if let Some((_, address)) = self.known.iter().find(|(known, _)| *known == host) {
            let found: Addrs = Box::new(std::iter::once(*address));
            return Box::pin(std::future::ready(Ok(found)));
        }
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let may = |address: &SocketAddr| match reach(address.ip()) {
                Reach::Public => true,
                Reach::Private => allow_private,
                Reach::Link | Reach::Nowhere => false,
            };
            let any = !found.is_empty();
            let left: Vec<SocketAddr> = found.into_iter().filter(may).collect();
            if any && left.is_empty() {
                return Err(Refused(host).into());
            }
            let left: Addrs = Box::new(left.into_iter());
            Ok(left)
        })
    }
}

/// A name that leads only to addresses that may not be reached.
#[derive(Debug)]
pub(super) struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} leads to a private address", self.0)
    }
}

impl std::error::Error for Refused {}

/// An address for people: without user, password, query and fragment, all of which may hold secrets.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only where the address cannot hold them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// An address to keep: with its query, in which the values of `secrets` (names of parameters) and of every parameter
/// whose name speaks of a key are replaced.
pub(crate) fn recorded(url: &Url, secrets: &[&str]) -> String {
    let Some(query) = url.query() else { return shown(url) };
    let kept: Vec<String> = query.split('&').map(|pair| without_secret(pair, secrets)).collect();
    format!("{}?{}", shown(url), kept.join("&"))
}

fn without_secret(pair: &str, secrets: &[&str]) -> String {
    let Some((raw, _)) = pair.split_once('=') else { return pair.to_owned() };
    let name = percent_encoding::percent_decode_str(raw).decode_utf8_lossy().replace('+', " ");
    let lower = name.to_lowercase();
    let hides = secrets.contains(&name.as_str()) || SECRET_NAMES.iter().any(|part| speaks_of(&lower, part));
    if hides { format!("{raw}={HIDDEN}") } else { pair.to_owned() }
}

/// Whether a name holds `part` as a word or at its end, as `api_key` and `accesstoken` do but `keyword` does not.
fn speaks_of(name: &str, part: &str) -> bool {
    let word = |name: &str| name.split(|c: char| !c.is_alphanumeric()).any(|word| word == part);
    word(name) || (part.len() > 2 && part != "code" && name.ends_with(part)) || name.ends_with("signature")
}
