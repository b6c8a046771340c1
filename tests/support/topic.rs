//! Topics of Kafka as anybody else sees and writes them: with the client's own library, past the connector.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

/// How long a broker may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message as a reader of committed messages sees it.
#[derive(Debug)]
pub struct Seen {
    /// The partition that holds it.
    pub partition: i32,
    /// Its key, if it has one.
    pub key: Option<String>,
    /// Its value; none deletes what has the key.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
}

impl Seen {
    /// The value as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.value.as_deref().expect("a value")).expect("JSON")
    }

    /// The number of the row in its run that the message says it is.
    pub fn row(&self) -> Option<u64> {
        self.headers.get("pulse-row").map(|row| row.parse().expect("a number"))
    }
}

/// Makes a topic with settings by Kafka's names.
pub fn make_topic(brokers: &str, topic: &str, partitions: i32, settings: &[(&str, &str)]) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create().expect("an admin client");
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let new = settings.iter().fold(new, |new, (name, value)| new.set(name, value));
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let made = futures::executor::block_on(admin.create_topics([&new], &options)).expect("an answer");
    made.into_iter().for_each(|topic| drop(topic.expect("a topic")));
}

/// A consumer of committed messages, which is told where partitions end.
pub fn consumer(brokers: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "test");
    config.set("isolation.level", "read_committed").set("auto.offset.reset", "earliest");
    config.set("enable.partition.eof", "true").create().expect("a consumer")
}

/// Every committed message of a topic, partition by partition.
pub fn messages(brokers: &str, topic: &str) -> Vec<Seen> {
    let consumer = consumer(brokers);
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).expect("the topic");
    let mut open: BTreeSet<i32> = metadata.topics()[0].partitions().iter().map(|partition| partition.id()).collect();
    let mut all = TopicPartitionList::new();
    open.iter().for_each(|partition| {
        all.add_partition_offset(topic, *partition, Offset::Beginning).expect("a partition");
    });
    consumer.assign(&all).expect("assigned");
    let (mut seen, began) = (Vec::new(), Instant::now());
    while !open.is_empty() {
        assert!(began.elapsed() < PATIENCE, "the topic ends");
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(cause)) => panic!("{cause}"),
            Some(Ok(message)) => seen.push(Seen {
                partition: message.partition(),
                key: message.key().map(|key| String::from_utf8_lossy(key).into_owned()),
                value: message.payload().map(<[u8]>::to_vec),
                headers: message.headers().map(texts).unwrap_or_default(),
            }),
        }
    }
    seen
}

/// What a reader who takes the newest message of each key holds.
pub fn newest(brokers: &str, topic: &str) -> BTreeMap<String, Value> {
    let mut held = BTreeMap::new();
    for message in messages(brokers, topic) {
        let key = message.key.clone().expect("a key");
        match message.value {
            Some(_) => drop(held.insert(key, message.json())),
            None => drop(held.remove(&key)),
        }
    }
    held
}

/// Writes messages of key and value to a topic, which is made if it is not there; without a value, the key is deleted.
pub fn write_messages(brokers: &str, topic: &str, messages: impl IntoIterator<Item = (String, Option<String>)>) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", brokers).create().expect("a producer");
    for (key, value) in messages {
        let mut record = BaseRecord::<str, str>::to(topic).key(&key);
        record.payload = value.as_deref();
        while let Err((cause, rejected)) = producer.send(record) {
            assert!(cause.to_string().contains("Queue full"), "{cause}");
            producer.poll(Duration::from_millis(20));
            record = rejected;
        }
    }
    producer.flush(PATIENCE).expect("the messages are written");
}

fn texts(headers: &impl Headers) -> BTreeMap<String, String> {
    let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
    headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
}
