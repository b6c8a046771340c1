//! A server with the collection `shop.orders`, filled by the driver.

use std::time::{Duration, Instant};

use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, Credential};
use pulse_tests::services::mongo::{Mongo, PASSWORD, USER};
use pulse_tests::{Connected, python};
use serde_json::{Value, json};

/// The server and a client of it.
pub(super) struct Store {
    pub server: Mongo,
    pub runtime: tokio::runtime::Runtime,
    pub client: Client,
}

impl Store {
    /// One that anybody may read, with these orders.
    pub fn open(orders: &[Document]) -> Self {
        Self::start(Mongo::open(), false, orders)
    }

    /// One that asks for the user and the password.
    pub fn guarded(orders: &[Document]) -> Self {
        Self::start(Mongo::guarded(), true, orders)
    }

    fn start(server: Mongo, guarded: bool, orders: &[Document]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let address = format!("mongodb://127.0.0.1:{}/?directConnection=true&serverMonitoringMode=poll", server.port());
        let client = runtime.block_on(async {
            let mut options = ClientOptions::parse(address).await.unwrap();
            options.credential = guarded.then(|| {
                let mut credential = Credential::default();
                credential.username = Some(USER.into());
                credential.password = Some(PASSWORD.into());
                credential
            });
            Client::with_options(options).unwrap()
        });
        let store = Self { server, runtime, client };
        store.add(orders);
        store
    }

    /// Adds orders.
    pub fn add(&self, orders: &[Document]) {
        if !orders.is_empty() {
            let collection = self.client.database("shop").collection::<Document>("orders");
            self.runtime.block_on(async { collection.insert_many(orders).await }).unwrap();
        }
    }

    /// The answer to a command.
    pub fn run(&self, database: &str, command: Document) -> Document {
        let database = self.client.database(database);
        self.runtime.block_on(async { database.run_command(command).await }).unwrap()
    }

    /// Lets a command fail as `data` says, after `skip` times that it works.
    pub fn fail(&self, command: &str, skip: i32, data: Document) {
        let mut data = data;
        data.insert("failCommands", vec![command]);
        self.run("admin", doc! {"configureFailPoint": "failCommand", "mode": {"skip": skip}, "data": data});
    }

    /// The settings of a connection, without a user.
    pub fn settings(&self) -> Value {
        json!({"host": "127.0.0.1", "port": self.server.port(), "database": "shop"})
    }

    pub fn connect(&self) -> Connected {
        Connected::open("mongodb", &self.settings())
    }

    /// Waits until no cursor is open; the driver closes those it leaves in the background.
    pub fn wait_until_closed(&self) {
        let began = Instant::now();
        loop {
            let status = self.run("admin", doc! {"serverStatus": 1});
            let cursor = status.get_document("metrics").unwrap().get_document("cursor").unwrap();
            let open = cursor.get_document("open").unwrap().get_i64("total").unwrap();
            if open == 0 {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "{open} cursors stay open");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Drives the server with another client than ours, whose own checks are part of this.
const PEER: &str = r"
import sys
import pymongo
from pymongo.errors import OperationFailure

def client(user, password):
    return pymongo.MongoClient('127.0.0.1', int(sys.argv[1]), username=user, password=password)

def refused(user, password):
    try:
        client(user, password).shop.orders.find_one()
    except OperationFailure as error:
        return error.code

mine = client(*sys.argv[2:4])
orders = mine.shop.orders
orders.insert_many([{'n': n, 'half': n / 2, 'odd': n % 2 == 1} for n in range(1500)])
assert mine.list_database_names() == ['shop'] and mine.shop.list_collection_names() == ['orders']
assert [one['n'] for one in orders.find()] == list(range(1500))
assert len(list(orders.find(batch_size=7))) == 1500
assert [one['n'] for one in orders.find({'odd': True}, {'n': 1}, sort=[('n', -1)], skip=1, limit=2)] == [1497, 1495]
assert orders.count_documents({'half': {'$type': 'double', '$lt': 2}}) == 4 and orders.estimated_document_count() == 1500
mine.shop.create_collection('late', viewOn='orders', pipeline=[{'$match': {'n': {'$gte': 1490}}}])
assert [one['n'] for one in mine.shop.late.find({'n': {'$lt': 1493}}).sort('n', -1)] == [1492, 1491, 1490]
some = orders.find(batch_size=5)
next(some)
opened = lambda: mine.admin.command('serverStatus')['metrics']['cursor']['open']['total']
assert opened() == 1
some.close()
assert opened() == 0
assert refused(sys.argv[2], 'wrong') == 18 and refused('bob', sys.argv[3]) == 18 and refused(None, None) == 13
print('done')
";

#[test]
fn the_server_answers_another_client_as_mongodb_does() {
    if pulse_tests::services::skipped() {
        return;
    }
    let server = Mongo::guarded();
    assert_eq!(python(PEER, &[&server.port().to_string(), USER, PASSWORD]).trim(), "done");
}
