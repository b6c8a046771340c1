//! Servers for tests that are not written in Rust: `services NAME...` starts `kaggle`, `postgres`, `moto`, `elasticsearch`,
//! `mongodb` and `kafka`, prints one line of JSON with what a connection to each needs, and then does what each line of
//! its input says, one line of JSON for the other. Everything ends with the input, so that no server outlives its test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail")]

use std::io::{BufRead, Write};
use std::time::Duration;

use mongodb::bson::{doc, serialize_to_bson};
use pulse_tests::services::kaggle::{Item, Kaggle, TOKEN};
use pulse_tests::services::moto::Moto;
use pulse_tests::services::noida::Noida;
use pulse_tests::services::postgres::{PASSWORD, Postgres, USER};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let servers = Servers::start(&names);
    say(&servers.addresses());
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line of input");
        let order: Value = serde_json::from_str(&line).unwrap_or_else(|cause| panic!("{line} is no JSON: {cause}"));
        say(&servers.obey(&order));
    }
}

fn say(value: &Value) {
    let mut out = std::io::stdout().lock();
    // Whoever started this may have gone; then the input ends, too.
    let _ = writeln!(out, "{value}").and_then(|()| out.flush());
}

/// The servers that were asked for.
struct Servers {
    kaggle: Option<Kaggle>,
    postgres: Option<Postgres>,
    moto: Option<Moto>,
    noida: Option<Noida>,
    /// The names of those that `noida` answers as.
    many: Vec<&'static str>,
}

impl Servers {
    fn start(names: &[String]) -> Self {
        let asked = |name: &str| names.iter().any(|each| each == name);
        let many: Vec<_> = ["elasticsearch", "kafka", "mongodb"].into_iter().filter(|name| asked(name)).collect();
        // Each takes a second or two to start, so they start side by side.
        std::thread::scope(|scope| {
            let postgres = asked("postgres").then(|| scope.spawn(|| Postgres::start(false)));
            let moto = asked("moto").then(|| scope.spawn(Moto::new));
            let noida = (!many.is_empty()).then(|| Noida::start(&many));
            let kaggle = asked("kaggle").then(Kaggle::start);
            let postgres = postgres.map(|started| started.join().expect("PostgreSQL starts"));
            let moto = moto.map(|started| started.join().expect("moto starts"));
            Self { kaggle, postgres, moto, noida, many: many.clone() }
        })
    }

    fn addresses(&self) -> Value {
        let mut all = json!({});
        if let Some(kaggle) = &self.kaggle {
            all["kaggle"] = json!({"address": kaggle.address(), "token": TOKEN});
        }
        if let Some(postgres) = &self.postgres {
            let port = postgres.port();
            all["postgres"] = json!({"host": "127.0.0.1", "port": port, "database": "postgres", "user": USER,
                "password": PASSWORD});
        }
        if let Some(moto) = &self.moto {
            all["moto"] = moto.settings("");
        }
        for name in &self.many {
            all[name] = json!(self.noida.as_ref().map(|noida| noida.address(name)));
        }
        all
    }

    /// Does what one line says; see the members for what there is.
    fn obey(&self, order: &Value) -> Value {
        let text = |name: &str| order[name].as_str().unwrap_or_else(|| panic!("{order} has no {name}")).to_owned();
        match text("do").as_str() {
            "sql" => return json!(self.postgres.as_ref().expect("postgres").psql("postgres", &text("sql"))),
            "dataset" => self.kaggle().dataset(&text("name"), items(&order["files"])),
            "competition" => {
                let accepted = order["accepted"].as_bool().unwrap_or(true);
                self.kaggle().competition(&text("name"), items(&order["files"]), accepted);
            }
            "seen" => {
                let shown = |seen: &pulse_tests::services::kaggle::Seen| json!({"host": seen.host, "path": seen.path, "range": seen.headers.get("range")});
                return self.kaggle().seen().iter().map(shown).collect();
            }
            "documents" => self.documents(&text("database"), &text("collection"), &order["documents"]),
            "topic" => self.topic(&text("topic")),
            "messages" => self.messages(&text("topic"), order["messages"].as_array().expect("messages")),
            other => panic!("there is no {other} to do"),
        }
        Value::Null
    }

    fn kaggle(&self) -> &Kaggle {
        self.kaggle.as_ref().expect("kaggle was not started")
    }

    fn address(&self, service: &str) -> String {
        self.noida.as_ref().expect("the server was not started").address(service)
    }

    /// Adds documents to a collection, by the plain command: the stand-in does not read documents beside the command.
    fn documents(&self, database: &str, collection: &str, documents: &Value) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let address = format!("mongodb://{}/?directConnection=true&serverMonitoringMode=poll", self.address("mongodb"));
        let documents = serialize_to_bson(documents).expect("documents");
        let told = runtime.block_on(async {
            let client = mongodb::Client::with_uri_str(address).await?;
            client.database(database).run_command(doc! {"insert": collection, "documents": documents}).await
        });
        assert!(told.as_ref().unwrap().get_i32("n").unwrap() > 0, "{told:?}");
    }

    fn kafka(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address("kafka"));
        config
    }

    /// Makes a topic of one partition.
    fn topic(&self, topic: &str) {
        let admin: AdminClient<DefaultClientContext> = self.kafka().create().expect("an admin client");
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)));
        let new = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
        let made = futures::executor::block_on(admin.create_topics([&new], &options)).expect("an answer");
        made.into_iter().for_each(|topic| drop(topic.expect("a topic")));
    }

    /// Writes messages, each given as the JSON of its value.
    fn messages(&self, topic: &str, messages: &[Value]) {
        let producer: BaseProducer = self.kafka().create().expect("a producer");
        for message in messages {
            let payload = message.to_string();
            let sent = producer.send(BaseRecord::<str, str>::to(topic).partition(0).payload(&payload));
            sent.unwrap_or_else(|(cause, _)| panic!("{cause}"));
        }
        producer.flush(Duration::from_secs(60)).expect("the messages are written");
    }
}

/// Files from `[{"name": …, "text": …, "packed": …}]`; `rows` in the place of `text` makes a long CSV file.
fn items(files: &Value) -> Vec<Item> {
    let item = |file: &Value| {
        let text = match file["rows"].as_u64() {
            Some(rows) => (0..rows).fold("n,square\n".to_owned(), |text, n| text + &format!("{n},{}\n", n * n)),
            None => file["text"].as_str().expect("a file's text").to_owned(),
        };
        let packed = file["packed"].as_bool().unwrap_or(false);
        Item { packed, ..Item::new(file["name"].as_str().expect("a file's name"), text) }
    };
    files.as_array().expect("files").iter().map(item).collect()
}
