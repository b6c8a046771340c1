//! Syncs that are killed at any instant: what is in the topic afterwards is as if nothing had been.

use pulse_tests::{Killed, Numbers, Space, kill_sync, pulse_json};

use super::*;

const ROWS: usize = 30_000;

#[test]
fn a_killed_sync_goes_on_and_each_row_is_there_once() {
    if skipped() {
        return;
    }
    let server = server();
    let space = Space::new();
    space.connection("stream", "kafka", &settings(&server));
    let rows: String = (0..ROWS).map(|n| format!("{n},item {n},{}.25\n", n % 900)).collect();
    space.import_text("orders.csv", format!("id,item,price\n{rows}"), "bronze.orders");
    let (root, guard) = space.close();
    let mut numbers = Numbers::new(17);
    let mut killed_in_all = 0;
    let cases = [
        ("log", "append", "false"),
        ("ledger", "append", "true"),
        ("state", "upsert", "false"),
        ("held", "mirror", "true"),
    ];
    for (name, mode, transactional) in cases {
        let transactional = format!("transactional={transactional}");
        let save = ["sync", name, "--to", "stream", "--table", "bronze.orders", "--target", name, "--mode", mode];
        let save = [&save[..], &["--key", "id", "--set", &transactional]].concat();
        let (code, document) = pulse_json(&root, &save);
        assert_eq!(code, 0, "{name} is saved and run once: {document}");
        let Killed { killed, finished, done } = kill_sync(&root, name, 13, &mut numbers);
        killed_in_all += killed;
        let found = messages(&server, name);
        let what = format!("{name}: {killed} killed, {finished} finished, {done} done");
        // A run whose rows did not change sends them again, each of them once; deletions name no row.
        let mut times: BTreeMap<(String, u64), usize> = BTreeMap::new();
        for message in &found {
            *times.entry((message.headers["pulse-run"].clone(), message.row().expect("a row"))).or_default() += 1;
        }
        let twice = times.values().filter(|times| **times > 1).count();
        assert_eq!((twice, times.len()), (0, ROWS * done), "{what}");
        let keys: BTreeSet<_> = found.iter().map(|message| message.key.clone()).collect();
        assert_eq!(keys.len(), ROWS, "{what}");
    }
    assert!(killed_in_all >= 26, "most were killed in the middle: {killed_in_all}");
    drop(guard);
}
