//! Kafka topics, read as a bounded batch, each message once, and written to (`target`).

mod avro;
mod client;
mod forms;
mod message;
mod range;
mod read;
mod registry;
mod rows;
mod target;
mod trouble;

#[cfg(test)]
mod tests;

use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use pulse_core::{Code, Error, Progress, Result};
use rdkafka::consumer::Consumer as _;
use serde_json::{Map, Value, json};
use url::Url;

use self::client::Client;
use self::forms::{Selection, Settings, SignIn};
use self::message::Message;
use self::registry::Registry;
use crate::connector::{About, Browse, Browsing, Check, Connector, Entry, Fetched, Listing, News, NoFilters, Task};

/// How long a look around counts messages; topics that are left have no count.
const COUNTING: Duration = Duration::from_secs(3);

/// A Kafka cluster.
pub(super) struct Kafka {
    settings: Settings,
    registry: Option<Registry>,
}

impl Connector for Kafka {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "kafka",
            title: "Kafka",
            summary: "Topics of a Kafka cluster as batches: JSON, CSV, Avro, text or raw.",
            group: "Streams",
            schemes: &["kafka", "kafkas"],
            browsing: Browsing::Tree,
            main: "topic",
            ready: false,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        if settings.brokers.trim().is_empty() {
            return Err(Error::invalid("No broker is named.").hint("Name one as host:port.").field("brokers"));
        }
        let address = settings.registry.trim();
        let ca_file = Some(settings.ca_file.trim()).filter(|path| !path.is_empty()).map(PathBuf::from);
        let registry = (!address.is_empty()).then(|| {
            let sign_in = (settings.registry_user.trim(), &settings.registry_password);
            Registry::open(address, sign_in, (settings.allow_private, settings.verify_tls), ca_file)
        });
        Ok(Self { registry: registry.transpose()?, settings })
    }

    fn from_url(url: &Url) -> Result<Value> {
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| {
            Error::invalid("The connection string names no broker.")
                .hint("It looks like kafka://user:password@host:9092, or kafkas:// for TLS.")
        })?;
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut settings = Map::new();
        settings.insert("brokers".into(), json!(format!("{host}:{}", url.port().unwrap_or(9092))));
        settings.insert("tls".into(), json!(url.scheme() == "kafkas"));
        if !url.username().is_empty() {
            settings.insert("sign_in".into(), json!("plain"));
            settings.insert("username".into(), json!(decode(url.username())));
            settings.insert("password".into(), json!(decode(url.password().unwrap_or_default())));
        }
        for (name, value) in url.query_pairs() {
            let value = match name.as_ref() {
                "sign_in" | "registry" | "registry_user" | "registry_password" | "ca_file" => json!(value),
                "verify_tls" | "allow_private" => json!(value == "true"),
                _ => {
                    return Err(Error::invalid(format!("The connection string has an unknown part `{name}`.")).hint(
                        "Known are sign_in, registry, registry_user, registry_password, ca_file, verify_tls and \
                         allow_private.",
                    ));
                }
            };
            settings.insert(name.into_owned(), value);
        }
        Ok(settings.into())
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        let progress = check.progress.clone();
        let addresses = check.step("Find the host", || self.resolve(&progress))?;
        check.step("Connect", || {
            let address = first_open(&addresses, &progress)?;
            Ok(((), format!("{address} accepts connections")))
        })?;
        let client = Client::open(&self.settings)?;
        let (brokers, topics) = check.step("Sign in", || {
            let found = topics(&client, &progress)?;
            let tls = match (self.settings.tls, self.settings.verify_tls) {
                (true, true) => "over TLS",
                (true, false) => "over TLS, not verified",
                _ => "without TLS",
            };
            let user = if self.settings.sign_in == SignIn::None { "nobody" } else { self.settings.username.as_str() };
            Ok((found, format!("as {user}, {tls}")))
        })?;
        check.step("Read", || Ok(((), format!("{brokers} brokers, {} topics", topics.len()))))?;
        if let Some(registry) = &self.registry {
            check.step("Schema registry", || {
                let subjects = registry.subjects(&progress)?;
                Ok(((), format!("{subjects} subjects")))
            })?;
        }
        Ok(())
    }

    fn browse(&self, request: &Browse<NoFilters>, progress: &Progress) -> Result<Listing> {
        let client = Client::open(&self.settings)?;
        if let Some(topic) = request.path.first() {
            return partitions(&client, topic, progress);
        }
        let (_, topics) = topics(&client, progress)?;
        let wanted = request.search.to_lowercase();
        let until = Instant::now() + COUNTING;
        let mut listing = Listing::default();
        for (name, partitions) in topics.into_iter().filter(|(name, _)| name.to_lowercase().contains(&wanted)) {
            let counted = Instant::now() < until;
            let bounds = if counted { Some(range::bounds(&client, &name, progress)) } else { None };
            let (rows, summary) = match bounds {
                None => (None, String::new()),
                Some(Ok(bounds)) => (Some(bounds.iter().map(|b| (b.high - b.low).unsigned_abs()).sum()), String::new()),
                Some(Err(error)) if error.code == Code::Cancelled => return Err(error),
                // A topic that may not be read is still there.
                Some(Err(error)) => (None, error.message),
            };
            listing.entries.push(Entry {
                id: name.clone(),
                kind: "topic".into(),
                facts: vec![("Partitions".into(), partitions.to_string())],
                opens: true,
                selection: summary.is_empty().then(|| json!({ "topic": name })),
                name,
                summary,
                rows,
                ..Entry::default()
            });
        }
        Ok(listing)
    }

    fn read(&self, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
        if selection.topic.is_empty() {
            return Err(Error::invalid("No topic is named.").hint("Choose a topic.").field("topic"));
        }
        let state = rows::State::of(task.state)?;
        let client = Client::open(&self.settings)?;
        let next = task.state.is_some().then_some(&state.next);
        let ranges = range::ranges(&client, selection, next, task.progress)?;
        let offsets: u64 = ranges.iter().map(range::Range::offsets).sum();
        task.progress.stage(&format!("Reading the topic {}", selection.topic), offsets, 0);
        let limit = task.limit.unwrap_or(u64::MAX).min(selection.max_messages.unwrap_or(u64::MAX));
        let mut rows = rows::Rows::create(selection, &state, self.registry.as_ref(), task)?;
        let reached = read::read(client, &selection.topic, &ranges, limit, task.progress, |message| {
            rows.add(Message::of(message))
        })?;
        let origin =
            format!("kafka://{}/{}", self.settings.brokers.split(',').next().unwrap_or_default(), selection.topic);
        rows.finish(state, &reached, origin)
    }

    fn news(&self, selection: &Selection, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        let Some(state) = state else { return Ok(None) };
        let state = rows::State::of(Some(state))?;
        let client = Client::open(&self.settings)?;
        let ranges = range::ranges(&client, selection, Some(&state.next), progress)?;
        let count: u64 = ranges.iter().map(range::Range::offsets).sum();
        let text = match count {
            0 => "There are no new messages.".to_owned(),
            1 => "There is 1 new message.".to_owned(),
            count => format!("There are about {count} new messages."),
        };
        Ok(Some(News { available: count > 0, text }))
    }
}

impl Kafka {
    /// The addresses of the brokers' host names.
    fn resolve(&self, progress: &Progress) -> Result<(Vec<std::net::SocketAddr>, String)> {
        let brokers: Vec<String> =
            self.settings.brokers.split(',').map(|b| b.trim().to_owned()).filter(|b| !b.is_empty()).collect();
        if let Some(wrong) = brokers.iter().find(|broker| !broker.contains(':')) {
            return Err(Error::invalid(format!("`{wrong}` names no port."))
                .hint("Write host:port, such as kafka:9092.")
                .field("brokers"));
        }
        let names = brokers.join(", ");
        let found = patiently(progress, move || {
            let found: Vec<_> = brokers.iter().filter_map(|broker| broker.to_socket_addrs().ok()).flatten().collect();
            found
        })?;
        if found.is_empty() {
            return Err(Error::new(Code::Unreachable, format!("No address is known for `{names}`."))
                .hint("Check the host names, and that you are in the right network.")
                .field("brokers"));
        }
        let shown = format!("{names}: {} addresses", found.len());
        Ok((found, shown))
    }
}

/// The first address that accepts a connection.
fn first_open(addresses: &[std::net::SocketAddr], progress: &Progress) -> Result<std::net::SocketAddr> {
    let mut last = None;
    for address in addresses.iter().copied() {
        match patiently(progress, move || TcpStream::connect_timeout(&address, Duration::from_secs(5)))? {
            Ok(_) => return Ok(address),
            Err(cause) => last = Some(format!("{address}: {cause}")),
        }
    }
    Err(Error::new(Code::Unreachable, format!("No broker accepts a connection: {}.", last.unwrap_or_default()))
        .hint("Check the port, and that the broker runs and a firewall lets you through.")
        .field("brokers"))
}

/// Does what blocks on a thread of its own, so that a cancel need not wait for it.
fn patiently<T: Send + 'static>(progress: &Progress, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (done, answer) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    loop {
        progress.check()?;
        match answer.recv_timeout(Duration::from_millis(30)) {
            Ok(answer) => return Ok(answer),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(cause) => return Err(Error::internal("wait for the network", cause)),
        }
    }
}

/// The number of brokers, and the topics in alphabetical order with how many partitions they have; the cluster's own are
/// left out.
fn topics(client: &Client, progress: &Progress) -> Result<(usize, Vec<(String, usize)>)> {
    client.ask("list the topics", progress, |consumer, patience| {
        let metadata = consumer.fetch_metadata(None, patience)?;
        let topics = metadata.topics().iter().filter(|topic| !topic.name().starts_with("__"));
        let mut topics: Vec<_> = topics.map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect();
        topics.sort();
        Ok((metadata.brokers().len(), topics))
    })
}

/// The partitions of a topic with what they hold.
fn partitions(client: &Client, topic: &str, progress: &Progress) -> Result<Listing> {
    let entry = |bound: range::Bounds| Entry {
        id: bound.partition.to_string(),
        name: format!("Partition {}", bound.partition),
        kind: "partition".into(),
        rows: Some((bound.high - bound.low).unsigned_abs()),
        facts: vec![("Oldest offset".into(), bound.low.to_string()), ("Next offset".into(), bound.high.to_string())],
        ..Entry::default()
    };
    let entries = range::bounds(client, topic, progress)?.into_iter().map(entry).collect();
    Ok(Listing { entries, ..Listing::default() })
}
