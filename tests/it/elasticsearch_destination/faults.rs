//! Servers, networks and processes that fail.

use super::*;

#[test]
fn a_write_that_ends_at_any_note_is_whole_after_going_on() {
    if skipped() {
        return;
    }
    let server = server();
    let address = server.address("elasticsearch");
    for mode in [SyncMode::Replace, SyncMode::Append, SyncMode::Mirror] {
        for notes in 0..8 {
            let name = format!("{mode:?}-{notes}").to_lowercase();
            let mut sync = begin(&address, &name, mode, &["number"], wide(4000));
            sync.target["requests"] = 2.into();
            sync.journal.fail_after(notes);
            let failed = sync.attempt().is_err();
            sync.journal.fail_after(i64::MAX);
            if mode == SyncMode::Replace && failed && sync.journal.position().is_none() {
                assert!(behind(&server, &name).is_empty(), "nothing half done is seen");
            }
            let written = sync.resume().unwrap_or_else(|error| panic!("{name} goes on: {error}"));
            assert_eq!(count(&server, &name), 4000, "{name}");
            assert!(sync.journal.todo(4000).is_empty(), "{name}");
            assert_eq!(sync.journal.rows(Fate::Delivered).count(), 4000, "{name}");
            assert!(sync.verify(&written).comparisons[0].here == "4000", "{name}");
            ask(&server, "DELETE", &format!("/{}", behind(&server, &name)[0]), "");
            if !failed {
                break;
            }
        }
    }
}

#[test]
fn a_server_that_dies_keeps_what_was_confirmed() {
    if skipped() {
        return;
    }
    let mut server = server();
    let proxy = Proxy::start(server.port("elasticsearch"));
    let address = format!("127.0.0.1:{}", proxy.port());
    let mut sync = begin(&address, "orders", SyncMode::Replace, &["number"], wide(12_000));
    sync.target["requests"] = 1.into();
    sync.target["request_megabytes"] = 1.into();
    let error = std::thread::scope(|scope| {
        let attempt = scope.spawn(|| sync.attempt());
        while sync.journal.receipts().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        proxy.break_after(0, Break::Cut);
        attempt.join().expect("no thread failed").expect_err("the connection is cut for good")
    });
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("kept")), "{error}");
    let kept = sync.journal.rows(Fate::Delivered).count();
    assert!(kept > 0 && kept < 12_000, "{kept} rows are confirmed");
    server.restart();
    proxy.break_after(i64::MAX as u64, Break::Cut);
    proxy.mend();
    let written = sync.resume().expect("it goes on");
    assert!(written.rows < 12_000, "what was confirmed is not sent again");
    assert!(sync.verify(&written).matched());
    assert_eq!(count(&server, "orders"), 12_000);
}

#[test]
fn a_killed_sync_goes_on_and_the_index_is_as_if_nothing_had_been() {
    if skipped() {
        return;
    }
    let server = server();
    let space = Space::new();
    let text =
        format!("[search]\nkind = \"elasticsearch\"\naddress = \"http://{}\"\n", server.address("elasticsearch"));
    std::fs::write(space.engine.root().join("connections.toml"), text).expect("a file");
    let rows: String = (0..20_000).map(|n| format!("{n},item {n},{}.25\n", n % 900)).collect();
    space.import_text("orders.csv", format!("id,item,price\n{rows}"), "bronze.orders");
    let (root, guard) = space.close();
    let mut numbers = Numbers::new(23);
    let mut killed_in_all = 0;
    for mode in ["replace", "append", "mirror"] {
        let save = ["sync", mode, "--to", "search", "--table", "bronze.orders", "--target", mode, "--mode", mode];
        let save = [&save[..], &["--key", "id"]].concat();
        assert_eq!(pulse_json(&root, &save).0, 0, "{mode} is saved and run once");
        let Killed { killed, finished, done } = kill_sync(&root, mode, 17, &mut numbers);
        killed_in_all += killed;
        let times = if mode == "append" { done as u64 } else { 1 };
        assert_eq!(count(&server, mode), 20_000 * times, "{mode}: {killed} killed, {finished} finished, {done} done");
        let sum = json!({"size": 0, "aggs": {"s": {"sum": {"field": "id"}}}});
        let sum =
            ask(&server, "POST", &format!("/{mode}/_search"), &sum.to_string())["aggregations"]["s"]["value"].clone();
        assert_eq!(sum.as_f64(), Some((19_999.0 * 20_000.0 / 2.0) * times as f64), "{mode}");
        let left = ask(&server, "GET", &format!("/{mode}-*"), "");
        assert!(left.as_object().is_some_and(|all| all.len() <= 1), "{mode}: no index is left over: {left}");
    }
    assert!(killed_in_all >= 25, "most were killed in the middle: {killed_in_all}");
    drop(guard);
}

#[cfg(unix)]
#[test]
fn a_machine_that_slept_while_its_connections_were_cut_goes_on() {
    if skipped() {
        return;
    }
    const ROWS: u64 = 60_000;
    let server = server();
    let proxy = Proxy::start(server.port("elasticsearch"));
    let space = Space::new();
    let text = format!("[search]\nkind = \"elasticsearch\"\naddress = \"http://127.0.0.1:{}\"\n", proxy.port());
    std::fs::write(space.engine.root().join("connections.toml"), text).expect("a file");
    let rows: String = (0..ROWS).map(|n| format!("{n},{}{n},{}.25\n", "words ".repeat(30), n % 900)).collect();
    space.import_text("orders.csv", format!("id,text,price\n{rows}"), "bronze.orders");
    let (root, guard) = space.close();
    let there = || {
        ask(&server, "POST", "/orders/_refresh", "");
        ask(&server, "GET", "/orders/_count", "")["count"].as_u64().unwrap_or(0)
    };
    // It stalls after the first answers, so that it is in the middle when it falls asleep.
    proxy.break_after(100_000, Break::Stall);
    let arguments = ["sync", "orders", "--to", "search", "--table", "bronze.orders", "--target", "orders"];
    let arguments = [&arguments[..], &["--mode", "upsert", "--key", "id"]].concat();
    let mut child = pulse_command(&root, &arguments).spawn().expect("pulse starts");
    let began = Instant::now();
    while there() == 0 {
        assert!(child.try_wait().expect("asked").is_none(), "it is in the middle");
        assert!(began.elapsed() < Duration::from_secs(60), "documents come");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(500));
    let signal = |name: &str| {
        let told = std::process::Command::new("kill").args([name, &child.id().to_string()]).status();
        assert!(told.expect("kill runs").success(), "{name}");
    };
    signal("-STOP");
    assert!(there() < ROWS, "it is in the middle");
    proxy.break_after(0, Break::Cut);
    std::thread::sleep(Duration::from_secs(4));
    proxy.mend();
    signal("-CONT");
    if !child.wait().expect("it ends").success() {
        let (code, document) = pulse_json(&root, &["sync", "orders"]);
        assert_eq!(code, 0, "it goes on: {document}");
    }
    assert_eq!(there(), ROWS);
    let (_, history) = pulse_json(&root, &["sync", "orders", "--history"]);
    let runs = history["runs"].as_array().expect("runs");
    assert_eq!((runs.len(), &runs[0]["state"]), (1, &json!("done")), "{history}");
    assert_eq!(runs[0]["delivered"], ROWS, "{history}");
    drop(guard);
}
