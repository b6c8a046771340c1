//! The topic that is written to: what it is, and making it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pulse_core::{Code, Error, Progress, Result};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::form::Target;
use super::witness;
use crate::connectors::kafka::client::{Client, config, failed, unusable};
use crate::connectors::kafka::forms::Settings;
use crate::connectors::kafka::range::{Bounds, bounds};
use crate::destination::SyncMode;
use crate::net;
use crate::outgoing::Outgoing;

/// The statement that says how a topic is made.
pub(super) const STATEMENT: &str = "topic";
/// Bytes of a batch that topics take unless they say otherwise.
pub(super) const LIMIT: u64 = 1_048_588;
/// How often a topic that was just made is looked for before it must be there.
const LOOKS: u32 = 50;
/// How long it takes from one look to the next.
const LOOK: Duration = Duration::from_millis(100);

/// A topic that is there.
pub(super) struct Topic {
    /// What each partition holds.
    pub bounds: Vec<Bounds>,
    /// Its settings; nothing where they were not asked for, or the account may not see them.
    settings: Option<BTreeMap<String, String>>,
}

/// A topic that is not there, as it will be made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// How many partitions.
    pub partitions: i32,
    /// On how many brokers each is kept; -1 for what the cluster does by itself.
    pub replication_factor: i32,
    /// Its settings by Kafka's names, such as `retention.ms`.
    #[serde(default)]
    pub config: BTreeMap<String, Value>,
}

impl Topic {
    /// Looks for a topic and its settings; nothing if there is none of that name.
    pub(super) fn described(
        settings: &Settings,
        client: &Client,
        name: &str,
        progress: &Progress,
    ) -> Result<Option<Self>> {
        let Some(found) = Self::find(client, name, progress)? else { return Ok(None) };
        Ok(Some(Self { settings: describe(settings, name, progress)?, ..found }))
    }

    /// Looks for a topic without its settings, which a connection of its own would have to be opened for.
    pub(super) fn find(client: &Client, name: &str, progress: &Progress) -> Result<Option<Self>> {
        match bounds(client, name, progress) {
            Ok(bounds) => Ok(Some(Self { bounds, settings: None })),
            Err(error) if error.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The topic as soon as readers see everything below `next`, or as it is after waiting in vain: a commit is visible a
    /// moment after the cluster confirmed it, and not before transactions of others that began earlier have ended.
    pub(super) fn visible(
        settings: &Settings,
        client: &Client,
        name: &str,
        next: &BTreeMap<i32, i64>,
        progress: &Progress,
    ) -> Result<Self> {
        let until = Instant::now() + Duration::from_secs(settings.timeout_seconds.into());
        loop {
            let topic = Self::find(client, name, progress)?.ok_or_else(|| witness::recreated(name))?;
            if topic.shows(next) || Instant::now() > until {
                return Ok(topic);
            }
            progress.check()?;
            std::thread::sleep(LOOK);
        }
    }

    /// Whether readers of what is committed see everything below `next`.
    pub(super) fn shows(&self, next: &BTreeMap<i32, i64>) -> bool {
        let high =
            |partition: i32| self.bounds.iter().find(|bound| bound.partition == partition).map(|bound| bound.high);
        next.iter().all(|(partition, next)| high(*partition).is_some_and(|high| high >= *next))
    }

    /// The offset that comes next in each partition.
    pub(super) fn end(&self) -> BTreeMap<i32, i64> {
        self.bounds.iter().map(|bound| (bound.partition, bound.high)).collect()
    }

    /// About how many messages it holds.
    pub(super) fn messages(&self) -> u64 {
        self.bounds.iter().map(|bound| (bound.high - bound.low).unsigned_abs()).sum()
    }

    /// Bytes that a batch may have.
    pub(super) fn limit(&self) -> u64 {
        self.setting("max.message.bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(LIMIT)
    }

    /// Whether older messages with the same key are removed in time; nothing if that is not known.
    pub(super) fn is_compacted(&self) -> Option<bool> {
        self.setting("cleanup.policy").map(|policy| policy.contains("compact"))
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.as_ref()?.get(name).map(String::as_str)
    }
}

impl Wanted {
    /// The topic as the form and the edited statement want it.
    pub(super) fn of(target: &Target, outgoing: &Outgoing) -> Result<Self> {
        let own = |text: &String| {
            serde_json::from_str(text).map_err(|cause| {
                Error::invalid(format!("The settings of the topic are not understood: {cause}."))
                    .hint("They hold partitions, replication_factor and config, an object with Kafka's own names.")
                    .field(STATEMENT)
            })
        };
        if let Some(edited) = outgoing.edits.get(STATEMENT).filter(|text| !text.trim().is_empty()) {
            return own(edited);
        }
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        // By a key, only the newest message of each has to be kept.
        let config = match outgoing.mode {
            SyncMode::Append => BTreeMap::new(),
            _ => BTreeMap::from([("cleanup.policy".to_owned(), json!("compact"))]),
        };
        let replication_factor = if target.replication == 0 { -1 } else { number(target.replication) };
        Ok(Self { partitions: number(target.partitions), replication_factor, config })
    }

    /// The statement that shows it.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Makes the topic and waits until it is there.
    pub(super) fn create(
        &self,
        settings: &Settings,
        client: &Client,
        name: &str,
        progress: &Progress,
    ) -> Result<Topic> {
        let values: Vec<(&str, String)> = self
            .config
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().map_or(value.to_string(), str::to_owned)))
            .collect();
        let replication = TopicReplication::Fixed(self.replication_factor);
        let new = values
            .iter()
            .fold(NewTopic::new(name, self.partitions, replication), |new, (key, value)| new.set(key, value));
        let attempt = format!("make the topic `{name}`");
        let made = ask(settings, &attempt, progress, async |admin, options| {
            let made = admin.create_topics([&new], options).await?;
            Ok(made.into_iter().next())
        })?;
        if let Some(Err((_, code))) = made
            && code != RDKafkaErrorCode::TopicAlreadyExists
        {
            return Err(failed(settings, None, &attempt, &KafkaError::AdminOp(code)).field("topic"));
        }
        for _ in 0..LOOKS {
            if let Some(topic) = Self::there(settings, client, name, progress)? {
                return Ok(topic);
            }
            std::thread::sleep(LOOK);
        }
        Err(Error::new(Code::Unreachable, format!("The topic `{name}` was made, and is not there yet."))
            .hint("Try again in a while."))
    }

    /// The topic, unless it is still being made.
    fn there(settings: &Settings, client: &Client, name: &str, progress: &Progress) -> Result<Option<Topic>> {
        match Topic::described(settings, client, name, progress) {
            Err(error) if error.code == Code::Unreachable => {
                progress.check()?;
                Ok(None)
            }
            found => found,
        }
    }
}

/// The settings of a topic; nothing where the account may not see them or the cluster does not tell.
fn describe(settings: &Settings, name: &str, progress: &Progress) -> Result<Option<BTreeMap<String, String>>> {
    let asked = ask(settings, "look at the settings of the topic", progress, async |admin, options| {
        let told = admin.describe_configs([&ResourceSpecifier::Topic(name)], options).await?;
        Ok(told.into_iter().next())
    });
    match asked {
        Ok(Some(Ok(told))) => {
            let entries = told.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
            Ok(Some(entries.collect()))
        }
        Err(error) if error.code == Code::Cancelled => Err(error),
        _ => Ok(None),
    }
}

/// Asks the cluster something that only its administration answers.
fn ask<T>(
    settings: &Settings,
    attempt: &str,
    progress: &Progress,
    question: impl AsyncFnOnce(&AdminClient<DefaultClientContext>, &AdminOptions) -> KafkaResult<T>,
) -> Result<T> {
    let admin: AdminClient<DefaultClientContext> = config(settings, &[])?.create().map_err(unusable)?;
    let patience = Duration::from_secs(settings.timeout_seconds.into());
    let options = AdminOptions::new().request_timeout(Some(patience)).operation_timeout(Some(patience));
    net::run(progress, async {
        question(&admin, &options).await.map_err(|cause| failed(settings, None, attempt, &cause))
    })
}
