//! Brokers that take nothing any more half-way: their disks are full, the right to write is revoked. The client's library
//! brings a cluster whose answers can be chosen, because the other server confirms what its full disk does not keep. This
//! one shows what was taken back with a transaction too, so those are only looked at until they fail.

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::faults::{amid, once};
use super::*;

const ROWS: i64 = 300_000;

/// A cluster in this process with a topic `t`, and a sync to it.
fn cluster(transactional: bool) -> (MockCluster<'static, DefaultProducerContext>, Sending) {
    let cluster = MockCluster::new(1).expect("a cluster");
    cluster.create_topic("t", 3, 1).expect("a topic");
    let settings = json!({"brokers": cluster.bootstrap_servers(), "tls": false, "timeout_seconds": 2});
    let target = json!({"topic": "t", "transactional": transactional});
    (cluster, Sending::new(("kafka", &settings), target, SyncMode::Append, &[], orders(0..ROWS)))
}

/// From now on, everything that is to be written is refused.
fn refuse(cluster: &MockCluster<'static, DefaultProducerContext>, error: RDKafkaRespErr) {
    cluster.request_errors(RDKafkaApiKey::Produce, &vec![error; 10_000]);
}

/// Goes on, and finds every row once.
fn goes_on(cluster: &MockCluster<'static, DefaultProducerContext>, sync: &mut Sending) {
    let known = sync.journal.rows(Fate::Delivered).count();
    assert!((20_000..ROWS as u64).contains(&known), "{known} receipts");
    assert_eq!(sync.journal.rejected(), [], "no row is at fault");
    cluster.clear_request_errors(RDKafkaApiKey::Produce);
    let written = sync.resume().unwrap_or_else(|error| panic!("it goes on: {error}"));
    sync.must_match(&written);
    let mut times: BTreeMap<u64, usize> = BTreeMap::new();
    for message in pulse_tests::messages(&cluster.bootstrap_servers(), "t") {
        *times.entry(message.row().expect("a row")).or_default() += 1;
    }
    assert!(times == once(ROWS as u64), "each row is there once");
}

#[test]
fn a_right_that_is_revoked_half_way_is_told_and_given_back_the_run_goes_on() {
    for transactional in [false, true] {
        let (cluster, mut sync) = cluster(transactional);
        let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        let error = amid(&sync, 20_000, || refuse(&cluster, refused)).expect_err("the right is gone");
        assert_eq!(error.code, Code::PermissionDenied, "{error}");
        assert!(error.message.contains("Topic authorization failed"), "{error}");
        assert_helpful(&error, "a revoked right");
        if !transactional {
            goes_on(&cluster, &mut sync);
        }
    }
}

#[test]
fn brokers_whose_disks_are_full_are_told_and_with_room_again_the_run_goes_on() {
    let (cluster, mut sync) = cluster(false);
    let full = RDKafkaRespErr::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR;
    let began = Instant::now();
    let error = amid(&sync, 20_000, || refuse(&cluster, full)).expect_err("no room");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(error.code, Code::DiskFull, "{error}");
    assert!(error.message.contains("Disk error"), "{error}");
    assert_helpful(&error, "a full disk");
    goes_on(&cluster, &mut sync);
}

#[test]
fn brokers_whose_disks_are_full_for_a_moment_are_waited_for() {
    let (cluster, sync) = cluster(false);
    let written = amid(&sync, 20_000, || {
        refuse(&cluster, RDKafkaRespErr::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
        std::thread::sleep(Duration::from_secs(1));
        cluster.clear_request_errors(RDKafkaApiKey::Produce);
    });
    sync.must_match(&written.unwrap_or_else(|error| panic!("it ends by itself: {error}")));
}
