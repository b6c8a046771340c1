//! The client's library as a producer: idempotent, watched for standstill, with the delivery reports as they come.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use pulse_core::{Error, Progress, Result};
use rdkafka::Message as _;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use super::form::Target;
use crate::connectors::kafka::client::{Context, config, failed, unusable};
use crate::connectors::kafka::forms::Settings;
use crate::outgoing::Ranges;

/// How long one wait for reports takes; the library ends none earlier, whatever comes.
const WAIT: Duration = Duration::from_millis(10);
/// Between two looks for reports, more than this is spent with something else.
const BUSY: Duration = Duration::from_secs(2);
/// Messages between two looks at the reports.
const LOOK: u64 = 512;
/// Bytes of messages that wait to be sent at most.
const QUEUE: &str = "65536";
/// Bytes that a batch holds at most, unless the topic takes less.
const BATCH: u64 = 1_000_000;
/// Bytes that a batch has besides its messages.
const OVERHEAD: u64 = 512;
/// The number of a message that is about no row.
const NO_ROW: usize = usize::MAX;

/// A producer of one topic.
pub(super) struct Producer<'a> {
    producer: Option<Arc<BaseProducer<Reports>>>,
    settings: &'a Settings,
    topic: &'a str,
    progress: &'a Progress,
    transactional: bool,
    sent: Cell<u64>,
    /// When it was last looked for reports.
    looked: Cell<Instant>,
}

/// What became of messages since the last look.
#[derive(Default)]
pub(super) struct Told {
    /// Rows that are in the topic.
    pub delivered: Vec<Range<u64>>,
    /// The offset behind the last message of each partition.
    pub next: BTreeMap<i32, i64>,
    /// Rows that the cluster refused, and why.
    pub refused: BTreeMap<u64, String>,
    /// Why the others could not be written.
    failed: Option<KafkaError>,
}

/// The reports as the library gives them.
#[derive(Default)]
pub(super) struct Reports {
    said: Context,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    told: Told,
    settled: u64,
    /// Whether a message arrived since it was last looked.
    arrived: bool,
    /// When something was last heard, as far as it was noted.
    heard: Option<Instant>,
}

impl<'a> Producer<'a> {
    /// A producer for a topic whose batches have at most `limit` bytes. A transactional one fences off what is left of an
    /// earlier attempt of the same sync: its open transaction is aborted, and it can write no more.
    pub(super) fn open(
        settings: &'a Settings,
        (target, topic): (&Target, &'a str),
        limit: u64,
        sync: &str,
        progress: &'a Progress,
    ) -> Result<Self> {
        // What brokers refuse for a while is sent again in silence; only the log for finding errors says why.
        let defaults = [("linger.ms", "20"), ("batch.num.messages", "10000"), ("debug", "msg")];
        let mut config = config(settings, &defaults)?;
        config
            .set_log_level(RDKafkaLogLevel::Debug)
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("compression.type", target.compression.word())
            .set("message.max.bytes", limit.to_string())
            .set("batch.size", limit.min(BATCH).saturating_sub(OVERHEAD).max(1).to_string())
            .set("queue.buffering.max.kbytes", QUEUE);
        if target.transactional {
            config.set("transactional.id", format!("cloud-pulse-{sync}"));
        } else {
            // How long is too long is told by what is heard, not by how long the queue is.
            config.set("message.timeout.ms", "0");
        }
        let made: KafkaResult<BaseProducer<Reports>> = config.create_with_context(Reports::default());
        let producer = Some(Arc::new(made.map_err(unusable)?));
        let transactional = target.transactional;
        let made = Self {
            producer,
            settings,
            topic,
            progress,
            transactional,
            sent: Cell::new(0),
            looked: Cell::new(Instant::now()),
        };
        if transactional {
            made.wait_for("begin to write in transactions", |producer, patience| producer.init_transactions(patience))?;
        }
        Ok(made)
    }

    /// Hands a message over; waits while too many are on their way. Fails only where nothing more can be sent.
    pub(super) fn put(
        &self,
        number: Option<u64>,
        (key, value): (Option<&[u8]>, Option<&[u8]>),
        headers: OwnedHeaders,
    ) -> Result<()> {
        let opaque = number.map_or(Ok(NO_ROW), usize::try_from);
        let opaque = opaque.map_err(|cause| Error::internal("number the rows to send", cause))?;
        let mut record = BaseRecord::with_opaque_to(self.topic, opaque).headers(headers);
        (record.key, record.payload) = (key, value);
        let producer = self.producer()?;
        if self.sent.get().is_multiple_of(LOOK) {
            self.looked()?;
            producer.poll(Duration::ZERO);
        }
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.wait()?;
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) => {
                    let mut state = self.state()?;
                    state.settled += 1;
                    state.told.refuse(opaque, RDKafkaErrorCode::MessageSizeTooLarge);
                    break;
                }
                Err((cause, _)) => {
                    // A transaction takes nothing more once a message failed; why is told by the report of that one, which
                    // may come a moment later.
                    let until = Instant::now() + BUSY;
                    while self.state()?.told.failed.is_none() && Instant::now() < until {
                        producer.poll(WAIT);
                    }
                    let first = self.state()?.told.failed.take();
                    return Err(self.unwritten(first.as_ref().unwrap_or(&cause))?);
                }
            }
        }
        self.sent.set(self.sent.get() + 1);
        Ok(())
    }

    /// Waits until every message has its report.
    pub(super) fn drain(&self) -> Result<()> {
        while self.state()?.settled < self.sent.get() {
            self.wait()?;
        }
        match self.state()?.told.failed.take() {
            Some(cause) => Err(self.unwritten(&cause)?),
            None => Ok(()),
        }
    }

    /// What the reports told since the last time.
    pub(super) fn told(&self) -> Result<Told> {
        Ok(std::mem::take(&mut self.state()?.told))
    }

    /// Begins a transaction, if it writes in such.
    pub(super) fn begin(&self) -> Result<()> {
        if !self.transactional {
            return Ok(());
        }
        let attempt = "begin a transaction";
        self.producer()?.begin_transaction().or_else(|cause| Err(self.failed(attempt, &cause)?))
    }

    /// Makes what was written since [`Producer::begin`] visible.
    pub(super) fn commit(&self) -> Result<()> {
        if !self.transactional {
            return Ok(());
        }
        self.wait_for("commit a transaction", |producer, patience| producer.commit_transaction(patience))
    }

    /// Takes back what was written since [`Producer::begin`].
    pub(super) fn abort(&self) -> Result<()> {
        self.wait_for("abort a transaction", |producer, patience| producer.abort_transaction(patience))
    }

    /// Waits a moment for reports; fails if waiting is useless or nothing was heard for too long.
    fn wait(&self) -> Result<()> {
        self.progress.check()?;
        let producer = self.producer()?;
        producer.poll(WAIT);
        let patience = Duration::from_secs(self.settings.timeout_seconds.into());
        let silent = self.looked()?.elapsed() > patience;
        if silent || producer.context().said.is_hopeless() {
            let cause = KafkaError::Global(if silent {
                RDKafkaErrorCode::MessageTimedOut
            } else {
                RDKafkaErrorCode::AllBrokersDown
            });
            return Err(self.unwritten(&cause)?);
        }
        Ok(())
    }

    /// When something was last heard. A machine that slept, or a program that was busy elsewhere, could hear nothing.
    fn looked(&self) -> Result<Instant> {
        let (now, last) = (Instant::now(), self.looked.replace(Instant::now()));
        let mut state = self.state()?;
        if now.duration_since(last) > BUSY {
            state.heard = None;
        }
        // Noting it here, and not with each report, spares every message two looks at the clock and a lock.
        if std::mem::take(&mut state.arrived) {
            state.heard = Some(now);
            self.producer()?.context().said.answered();
        }
        Ok(*state.heard.get_or_insert(now))
    }

    fn unwritten(&self, cause: &KafkaError) -> Result<Error> {
        self.failed(&format!("write to the topic `{}`", self.topic), cause)
    }

    /// Does what blocks on a thread of its own, so that a cancel need not wait for it.
    fn wait_for(
        &self,
        attempt: &str,
        work: impl Fn(&BaseProducer<Reports>, Duration) -> KafkaResult<()> + Send + 'static,
    ) -> Result<()> {
        let patience = Duration::from_secs(self.settings.timeout_seconds.into());
        let until = Instant::now() + patience;
        let (done, answer) = mpsc::channel();
        let producer = Arc::clone(self.producer()?);
        thread::spawn(move || {
            loop {
                match work(&producer, until.saturating_duration_since(Instant::now())) {
                    Err(KafkaError::Transaction(cause)) if cause.is_retriable() && Instant::now() < until => {}
                    outcome => return done.send(outcome),
                }
            }
        });
        loop {
            self.progress.check()?;
            self.producer()?.poll(Duration::ZERO);
            match answer.recv_timeout(WAIT) {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(cause)) => return Err(self.failed(attempt, &cause)?),
                Err(mpsc::RecvTimeoutError::Timeout) if self.producer()?.context().said.is_hopeless() => {
                    return Err(self.failed(attempt, &KafkaError::Global(RDKafkaErrorCode::AllBrokersDown))?);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(cause) => return Err(Error::internal(attempt, cause)),
            }
        }
    }

    fn producer(&self) -> Result<&Arc<BaseProducer<Reports>>> {
        self.producer.as_ref().ok_or_else(|| Error::internal("use the connection", "it is closed"))
    }

    fn state(&self) -> Result<std::sync::MutexGuard<'_, State>> {
        Ok(self.producer()?.context().state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The error for what the library could not do; the outer one only if there is no library any more.
    fn failed(&self, attempt: &str, cause: &KafkaError) -> Result<Error> {
        let cause = match cause {
            KafkaError::Transaction(inner) => &KafkaError::Global(inner.code()),
            cause => cause,
        };
        let reason = self.producer()?.context().said.reason();
        let error = failed(self.settings, reason, attempt, cause);
        let fenced =
            [RDKafkaErrorCode::Fenced, RDKafkaErrorCode::ProducerFenced, RDKafkaErrorCode::InvalidProducerEpoch];
        Ok(match cause.rdkafka_error_code() {
            Some(code) if fenced.contains(&code) => Error::new(
                pulse_core::Code::Conflict,
                format!("Could not {attempt}: another run of the same sync took over, or this one slept too long."),
            )
            .hint("Start the sync again; it goes on from the last committed transaction."),
            _ => error,
        })
    }
}

impl Drop for Producer<'_> {
    fn drop(&mut self) {
        // Leaving a cluster that does not answer takes a while, which nobody has to wait for.
        if let Some(producer) = self.producer.take() {
            thread::spawn(move || drop(producer));
        }
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, message: &str) {
        if !matches!(level, RDKafkaLogLevel::Debug) {
            self.said.log(level, fac, message);
        } else if let Some(why) = untaken(message).filter(|_| fac == "MSGSET") {
            self.said.untaken(why);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.said.error(error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, report: &DeliveryResult<'_>, number: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.settled += 1;
        match report {
            Ok(message) => {
                state.arrived = true;
                state.told.deliver(number, message.partition(), message.offset());
            }
            Err((cause, _)) => match cause.rdkafka_error_code() {
                Some(code) if is_refusal(code) => state.told.refuse(number, code),
                _ => drop(state.told.failed.get_or_insert_with(|| cause.clone())),
            },
        }
    }
}

impl Told {
    fn deliver(&mut self, number: usize, partition: i32, offset: i64) {
        let next = self.next.entry(partition).or_default();
        *next = (*next).max(offset + 1);
        if number == NO_ROW {
            return;
        }
        let number = number as u64;
        match self.delivered.last_mut() {
            Some(last) if last.end == number => last.end += 1,
            _ => self.delivered.push(number..number + 1),
        }
    }

    fn refuse(&mut self, number: usize, code: RDKafkaErrorCode) {
        self.refused.insert(number as u64, code.to_string());
    }

    /// The rows that are in the topic.
    pub(super) fn delivered(&self) -> Ranges {
        Ranges::of(self.delivered.iter().cloned())
    }
}

/// What a broker answered to messages that it did not take, as a line of the library's log tells it: `MessageSet with 9
/// message(s) (MsgId 1, BaseSeq 0) encountered error: Broker: Not enough in-sync replicas (actions Retry)`.
fn untaken(line: &str) -> Option<&str> {
    let (_, why) = line.split_once("encountered error: ")?;
    why.split(" (actions").next().filter(|why| why.starts_with("Broker: "))
}

/// Whether the cluster refuses the message itself, however often it is sent. A batch is refused as a whole where the
/// broker does not say which message it was.
fn is_refusal(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::*;
    matches!(
        code,
        MessageSizeTooLarge
            | InvalidRecord
            | InvalidDifferentRecord
            | InvalidMessage
            | InvalidTimestamp
            | InvalidMessageSize
            | PolicyViolation
    )
}
