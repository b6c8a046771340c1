//! The client of the cluster: its configuration, what it said, and a consumer that belongs to no group and commits
//! nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use pulse_core::{Error, Progress, Result};
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;

use super::forms::{Settings, SignIn};
use super::trouble::{Trouble, plain};

/// How long all brokers may be out of reach before a read gives up.
const ALL_DOWN: Duration = Duration::from_secs(4);
/// How often a wait looks around.
const LOOK: Duration = Duration::from_millis(30);
/// Lines of the library's log that are kept to explain an error.
const LINES: usize = 30;
/// Properties that reading and writing depend on, and those that would load or run a program.
const OURS: [&str; 30] = [
    "acks",
    "allow.auto.create.topics",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "compression.codec",
    "compression.type",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "enable.ssl.certificate.verification",
    "group.id",
    "isolation.level",
    "log.queue",
    "message.max.bytes",
    "message.timeout.ms",
    "metadata.broker.list",
    "partitioner",
    "plugin.library.paths",
    "request.required.acks",
    "retries",
    "sasl.kerberos.kinit.cmd",
    "sasl.mechanism",
    "sasl.mechanisms",
    "security.protocol",
    "ssl.engine.location",
    "statistics.interval.ms",
    "transactional.id",
];

/// The consumer with what it said.
pub(super) type Consumer = BaseConsumer<Context>;

/// A connection to a cluster.
pub(super) struct Client {
    consumer: Option<Arc<Consumer>>,
    settings: Settings,
}

/// What the library said last, which explains errors that come as a mere code.
#[derive(Default)]
pub(super) struct Context(Mutex<Said>);

#[derive(Default)]
struct Said {
    lines: VecDeque<String>,
    refused: bool,
    answered: bool,
    all_down: Option<Instant>,
    /// Why the brokers did not take what was written last; it is sent again and again meanwhile.
    untaken: Option<String>,
    /// The sum of the offsets that are asked for next, and when it grew.
    places: Option<i64>,
    moved: Option<Instant>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        match level {
            // A connection that a broker closes is reported as mere information.
            RDKafkaLogLevel::Info if fac == "FAIL" => self.note(message, false),
            RDKafkaLogLevel::Debug | RDKafkaLogLevel::Info => tracing::debug!(target: "kafka", "{fac} {message}"),
            _ => {
                tracing::warn!(target: "kafka", "{fac} {message}");
                self.note(message, false);
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let code = error.rdkafka_error_code();
        // The end of a partition comes as an error, and is none.
        if code == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        tracing::warn!(target: "kafka", "{error}: {reason}");
        self.note(reason, code == Some(RDKafkaErrorCode::AllBrokersDown));
    }

    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        // An offset that is not known is negative.
        let places: i64 = partitions.map(|partition| partition.next_offset.max(0)).sum();
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.places.is_some_and(|before| places > before) {
            said.moved = Some(Instant::now());
        }
        said.places = Some(places);
    }
}

impl ConsumerContext for Context {}

impl Context {
    fn note(&self, text: &str, all_down: bool) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all_down {
            said.all_down.get_or_insert_with(Instant::now);
            return;
        }
        let line = plain(text);
        said.refused |= Trouble::of(&line).is_final();
        if said.lines.len() == LINES {
            said.lines.pop_front();
        }
        said.lines.push_back(line);
    }

    /// Whether waiting is useless: signing in or TLS failed, or no broker has been in reach for a while.
    pub(super) fn is_hopeless(&self) -> bool {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (said.refused && !said.answered) || said.all_down.is_some_and(|since| since.elapsed() > ALL_DOWN)
    }

    /// Notes that a broker answered: whatever is wrong with others may pass.
    pub(super) fn answered(&self) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.answered = true;
        said.all_down = None;
        said.untaken = None;
    }

    /// Notes why the brokers did not take what was written.
    pub(super) fn untaken(&self, why: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).untaken = Some(why.to_owned());
    }

    /// When the library last came forward, with messages or over offsets that hold none.
    pub(super) fn moved(&self) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).moved
    }

    /// The line that says most about what went wrong.
    pub(super) fn reason(&self) -> Option<String> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.untaken.is_some() {
            return said.untaken.clone();
        }
        let telling = said.lines.iter().rev().find(|line| Trouble::of(line) != Trouble::Other);
        telling.or(said.lines.back()).cloned()
    }
}

impl Client {
    /// A client with these settings; connects in the background.
    pub(super) fn open(settings: &Settings) -> Result<Self> {
        let made: KafkaResult<Consumer> = reading(settings)?.create_with_context(Context::default());
        let consumer = made.map_err(unusable)?;
        Ok(Self { consumer: Some(Arc::new(consumer)), settings: settings.clone() })
    }

    /// Another client of the same cluster, which knows nothing of what went wrong with this one.
    pub(super) fn anew(&self) -> Result<Self> {
        Self::open(&self.settings)
    }

    /// How long a broker may say nothing.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.settings.timeout_seconds.into())
    }

    /// The consumer; it is there until the client is dropped.
    pub(super) fn consumer(&self) -> Result<&Arc<Consumer>> {
        self.consumer.as_ref().ok_or_else(|| Error::internal("use the connection", "it is closed"))
    }

    /// Asks the cluster something; ends within a moment of the job's cancel, and at once where waiting is useless.
    /// `attempt` completes "Could not … ".
    pub(super) fn ask<T: Send + 'static>(
        &self,
        attempt: &str,
        progress: &Progress,
        question: impl FnOnce(&Consumer, Duration) -> KafkaResult<T> + Send + 'static,
    ) -> Result<T> {
        let (done, answer) = mpsc::channel();
        let (consumer, patience) = (Arc::clone(self.consumer()?), self.patience());
        thread::spawn(move || done.send(question(&consumer, patience)));
        loop {
            progress.check()?;
            let answer = answer.recv_timeout(LOOK);
            // Log lines and errors come with the messages, of which there are none yet.
            for _ in 0..LINES {
                self.consumer()?.poll(Duration::ZERO);
            }
            match answer {
                Ok(Ok(answer)) => {
                    self.consumer()?.context().answered();
                    return Ok(answer);
                }
                Ok(Err(cause)) => return Err(self.failed(attempt, &cause)),
                Err(mpsc::RecvTimeoutError::Timeout) => self.check(attempt)?,
                Err(cause) => return Err(Error::internal(attempt, cause)),
            }
        }
    }

    /// The last line of the library's log with these words.
    pub(super) fn said(&self, words: &str) -> Option<String> {
        let said = self.consumer.as_ref()?.context().0.lock().unwrap_or_else(PoisonError::into_inner);
        said.lines.iter().rev().find(|line| line.contains(words)).cloned()
    }

    /// Fails where waiting is useless.
    pub(super) fn check(&self, attempt: &str) -> Result<()> {
        if !self.consumer()?.context().is_hopeless() {
            return Ok(());
        }
        Err(self.failed(attempt, &KafkaError::Global(RDKafkaErrorCode::AllBrokersDown)))
    }

    /// The error for what the library could not do.
    pub(super) fn failed(&self, attempt: &str, cause: &KafkaError) -> Error {
        let reason = self.consumer.as_ref().and_then(|consumer| consumer.context().reason());
        failed(&self.settings, reason, attempt, cause)
    }
}

/// The error for a client that cannot even be made.
pub(super) fn unusable(cause: KafkaError) -> Error {
    match cause {
        // The value is not repeated: it may be a secret.
        KafkaError::ClientConfig(_, reason, name, _) => {
            Error::invalid(format!("The property `{name}` cannot be set: {}.", reason.trim_end_matches('.')))
                .hint("The names and values are those of librdkafka's CONFIGURATION.md.")
                .field("properties")
        }
        cause => Error::invalid(format!("The connection cannot be set up: {cause}."))
            .hint("Check the settings, above all files with certificates and properties."),
    }
}

/// The error for what the library could not do; `reason` is [`Context::reason`].
pub(super) fn failed(settings: &Settings, reason: Option<String>, attempt: &str, cause: &KafkaError) -> Error {
    use RDKafkaErrorCode as C;
    let code = cause.rdkafka_error_code();
    let said = reason.as_deref().unwrap_or_default();
    let forbidden = matches!(code, Some(C::TopicAuthorizationFailed | C::ClusterAuthorizationFailed));
    let trouble = match code {
        _ if forbidden => Trouble::Forbidden,
        Some(C::Authentication | C::SaslAuthenticationFailed) => Trouble::SignIn,
        _ => Trouble::of(said),
    };
    let told = code.map_or_else(|| cause.to_string(), |code| code.to_string());
    let why = if forbidden || said.is_empty() { told } else { said.to_owned() };
    let (kind, hint, field) = trouble.advice();
    let text = format!("Could not {attempt} at `{}`: {}.", settings.brokers, why.trim_end_matches('.'));
    let error = Error::new(kind, text).hint(hint);
    if field.is_empty() { error } else { error.field(field) }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Leaving a cluster that does not answer takes a while, which nobody has to wait for.
        if let Some(consumer) = self.consumer.take() {
            thread::spawn(move || drop(consumer));
        }
    }
}

/// The configuration of a consumer.
fn reading(settings: &Settings) -> Result<ClientConfig> {
    let mut config = config(settings, &[("queued.max.messages.kbytes", "32768"), ("fetch.wait.max.ms", "100")])?;
    config
        // A name is needed to assign partitions by hand; nobody joins that group and nothing is committed.
        .set("group.id", format!("cloud-pulse-{}", uuid::Uuid::new_v4()))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed")
        .set("allow.auto.create.topics", "false")
        .set("check.crcs", "true")
        .set("statistics.interval.ms", "1000");
    Ok(config)
}

/// What every client of the cluster needs; the properties of the connection may change `defaults`.
pub(super) fn config(settings: &Settings, defaults: &[(&str, &str)]) -> Result<ClientConfig> {
    let mut config = ClientConfig::new();
    // What a property may change comes before the properties.
    for (name, value) in defaults {
        config.set(*name, *value);
    }
    config
        .set("client.id", "cloud-pulse")
        // Some servers answer with all of a partition, however little was asked for. An alert of TLS, read as an answer
        // of Kafka, claims to have 352 MB, which must be too much.
        .set("receive.message.max.bytes", "300000000")
        .set("reconnect.backoff.max.ms", "1000")
        .set("socket.connection.setup.timeout.ms", "10000");
    for property in &settings.properties {
        let name = property.name.trim();
        if OURS.contains(&name) {
            return Err(Error::invalid(format!(
                "The property `{name}` is set by the program, or would run another one."
            ))
            .hint("Take it out; what matters of it has a field of its own.")
            .field("properties"));
        }
        if ["password", "secret", "token", "jaas"].iter().any(|word| name.contains(word)) {
            return Err(Error::invalid(format!(
                "The property `{name}` holds a secret, which would be saved in plain text."
            ))
            .hint("Use the user name and the password; a private key needs a file without a password.")
            .field("properties"));
        }
        config.set(name, property.value.trim());
    }
    let protocol = match (settings.sign_in == SignIn::None, settings.tls) {
        (true, false) => "plaintext",
        (true, true) => "ssl",
        (false, false) => "sasl_plaintext",
        (false, true) => "sasl_ssl",
    };
    config
        .set("bootstrap.servers", settings.brokers.trim())
        .set("security.protocol", protocol)
        .set_log_level(RDKafkaLogLevel::Info);
    if settings.sign_in != SignIn::None {
        for (field, empty) in
            [("username", settings.username.trim().is_empty()), ("password", settings.password.expose().is_empty())]
        {
            if empty {
                return Err(Error::invalid(format!("Signing in needs a {field}, and none is given."))
                    .hint("Fill it in, or choose not to sign in.")
                    .field(field));
            }
        }
        config
            .set("sasl.mechanisms", settings.sign_in.mechanism())
            .set("sasl.username", settings.username.trim())
            .set("sasl.password", settings.password.expose());
    }
    if settings.tls {
        let ca_file = settings.ca_file.trim();
        config
            .set("ssl.ca.location", if ca_file.is_empty() { "probe" } else { ca_file })
            .set("enable.ssl.certificate.verification", settings.verify_tls.to_string())
            .set("ssl.endpoint.identification.algorithm", if settings.verify_tls { "https" } else { "none" });
    }
    Ok(config)
}
