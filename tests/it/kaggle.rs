//! Kaggle: what is found, read and refused, against a service of our own that the real client understands as well.

use std::path::Path;
use std::time::{Duration, Instant};

use polars::prelude::{DataFrame, DataType};
use pulse_connect::{
    Browse, Check, Connection, Content, Fetched, Input, Listing, ReadOptions, Task, connect, connectors, preview, read,
};
use pulse_core::{Code, Error, Progress};
use pulse_tests::services::kaggle::{Fault, Item, KEY, Kaggle, TOKEN, zipped};
use pulse_tests::services::skipped;
use pulse_tests::{assert_helpful, python_program};
use serde_json::{Value, json};

/// A service with a dataset of two versions and a competition, a connection to it, and folders.
struct World {
    kaggle: Kaggle,
    connection: Box<dyn Connection>,
    folder: tempfile::TempDir,
}

const TRAIN: &str = "id,name\n1,Ann\n2,Bob\n";

impl World {
    fn new() -> Self {
        Self::with(json!({"token": TOKEN}))
    }

    fn with(mut settings: Value) -> Self {
        let kaggle = Kaggle::start();
        kaggle.dataset("ann/ships", vec![Item::new("old.csv", "a,b\n1,2\n")]);
        let big = Item { packed: true, ..Item::new("sub/big one.csv", numbers(20_000)) };
        kaggle.dataset(
            "ann/ships",
            vec![
                Item::new("train.csv", TRAIN),
                Item::new("more.csv", "id,name\n3,Cy\n"),
                big,
                Item::new("notes.pdf", "%PDF"),
            ],
        );
        kaggle.competition("guess", vec![Item::new("train.csv", TRAIN)], true);
        kaggle.competition("closed", vec![Item::new("train.csv", TRAIN)], false);
        settings["address"] = json!(kaggle.address());
        settings["allow_private"] = json!(true);
        settings["use_computer_sign_in"] = json!(false);
        let connection = connect("kaggle", &settings).expect("a connection");
        Self { kaggle, connection, folder: tempfile::tempdir().expect("a folder") }
    }

    fn fetch_with(&self, selection: Value, progress: &Progress) -> Result<Fetched, Error> {
        self.read(selection, progress, None)
    }

    fn read(&self, selection: Value, progress: &Progress, limit: Option<u64>) -> Result<Fetched, Error> {
        let (scratch, downloads) = (self.folder.path().join("scratch"), self.downloads());
        std::fs::create_dir_all(&scratch).expect("a folder");
        let task =
            Task { progress, scratch: &scratch, downloads: &downloads, limit, state: None, replay: &[], merges: false };
        self.connection.read(&selection, &task)
    }

    fn fetch(&self, selection: Value) -> Result<Fetched, Error> {
        self.fetch_with(selection, &Progress::new())
    }

    fn downloads(&self) -> std::path::PathBuf {
        self.folder.path().join("downloads")
    }

    /// Reads a selection into a table.
    fn table(&self, selection: Value) -> Result<(DataFrame, Fetched), Error> {
        let fetched = self.fetch(selection)?;
        Ok((frame(&fetched, self.folder.path())?, fetched))
    }

    fn browse(&self, request: Browse) -> Result<Listing, Error> {
        self.connection.browse(&request, &Progress::new())
    }
}

fn numbers(rows: usize) -> Vec<u8> {
    let mut text = b"n,square\n".to_vec();
    (0..rows).for_each(|n| text.extend(format!("{n},{}\n", n * n).bytes()));
    text
}

fn inputs(fetched: &Fetched) -> &[Input] {
    match &fetched.content {
        Content::Files { inputs, .. } => inputs,
        Content::Typed { .. } => panic!("Kaggle gives files"),
    }
}

fn frame(fetched: &Fetched, scratch: &Path) -> Result<DataFrame, Error> {
    let options = ReadOptions { source_column: Some(false), ..ReadOptions::default() };
    let done = read(inputs(fetched), &options, scratch, &Progress::new())?;
    Ok(done.frame.collect().expect("the rows"))
}

fn fact<'a>(facts: &'a [(String, String)], label: &str) -> &'a str {
    facts.iter().find(|(known, _)| known == label).map_or("", |(_, value)| value)
}

/// The error of a read that fails.
fn refused(result: Result<Fetched, Error>, code: Code, what: &str) -> Error {
    let error = result.err().unwrap_or_else(|| panic!("{what} is refused"));
    assert_eq!(error.code, code, "{what}: {error}");
    assert_helpful(&error, what);
    assert!(!error.to_string().contains(TOKEN), "{what}: no secret is shown");
    error
}

#[test]
fn a_search_finds_datasets_and_shows_what_they_are() {
    if skipped() {
        return;
    }
    for old in [false, true] {
        let world = World::new();
        if old {
            world.kaggle.old();
        }
        (0..30).for_each(|n| world.kaggle.dataset(&format!("bob/many-{n:02}"), vec![Item::new("a.csv", "a,b\n1,2\n")]));
        let filters = json!({"sort": "votes", "file_type": "csv", "licence": "cc", "min_size": 1, "max_size": 20});
        let first = world.browse(Browse { search: "many".into(), filters, ..Browse::default() }).expect("a page");
        assert_eq!(first.entries.len(), 20, "a page of the search");
        let asked = world.kaggle.seen();
        let asked = asked.last().expect("a request");
        if old {
            assert!(asked.path.contains("sortBy=votes&filetype=csv&license=cc&minSize=1000000"), "{}", asked.path);
        } else {
            let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
            let sent = json!({"sortBy": "DATASET_SORT_BY_VOTES", "fileType": "DATASET_FILE_TYPE_GROUP_CSV",
                "license": "DATASET_LICENSE_GROUP_CC", "minSize": 1_000_000, "maxSize": 20_000_000, "search": "many",
                "pageSize": 20, "page": 1, "pageToken": ""});
            assert_eq!(body, sent);
        }
        let next = Browse { search: "many".into(), page: first.next.clone(), ..Browse::default() };
        let second = world.browse(next).expect("the next page");
        assert_eq!((second.entries.len(), second.next), (10, None), "the rest of it");
        assert_ne!(second.entries[0].id, first.entries[0].id, "other entries");

        let found = world.browse(Browse { search: "ships".into(), ..Browse::default() }).expect("a search");
        let ships = &found.entries[0];
        assert_eq!((ships.id.as_str(), ships.opens, fact(&ships.facts, "Licence")), ("ann/ships", true, "CC0-1.0"));
        let opened = world.browse(Browse { path: vec![ships.id.clone()], ..Browse::default() }).expect("a dataset");
        let about = opened.about.expect("a description");
        assert!(about.text.contains("made up") && about.link.as_deref().is_some_and(|l| l.ends_with("ann/ships")));
        for (label, value) in [("Version", "2"), ("Last update", "2026-01-02"), ("Usability", "8.8 of 10")] {
            assert_eq!(fact(&about.facts, label), value, "{:?}", about.facts);
        }
        let train = &opened.entries[0];
        assert_eq!((train.name.as_str(), train.several), ("train.csv", true));
        assert_eq!(train.columns[1].name, "name");
        assert_eq!(train.columns[1].description, "What name means");
        assert_eq!(train.selection.as_ref().expect("a selection")["files"], json!(["train.csv"]));
        let rest = Browse { path: vec![ships.id.clone()], page: opened.next, ..Browse::default() };
        let rest = world.browse(rest).expect("more files");
        assert!(rest.about.is_none() && rest.entries[0].name == "sub/big one.csv", "the files go on");

        let filters = json!({"kind": "competitions"});
        let found = world.browse(Browse { filters, ..Browse::default() }).expect("competitions");
        assert_eq!(found.entries[0].id, "c/closed", "{:?}", found.entries);
        let opened = world.browse(Browse { path: vec!["c/guess".into()], ..Browse::default() }).expect("a competition");
        assert_eq!(opened.entries[0].selection.as_ref().expect("a selection")["dataset"], "c/guess");
    }
}

#[test]
fn files_become_tables_in_both_shapes_with_their_provenance() {
    if skipped() {
        return;
    }
    for old in [false, true] {
        let world = World::new();
        if old {
            world.kaggle.old();
        }
        let (frame, fetched) = world.table(json!({"dataset": "ann/ships", "files": ["train.csv"]})).expect("a table");
        assert_eq!((frame.height(), frame.column("id").expect("ids").dtype()), (2, &DataType::Int64));
        let kept = &fetched.landed[0];
        for (label, value) in [("Licence", "CC0-1.0"), ("Version", "2"), ("Owner", "ann"), ("Title", "ships")] {
            assert_eq!(fact(&kept.facts, label), value, "{:?}", kept.facts);
        }
        assert_eq!(fact(&kept.facts, "MD5").len(), 32, "{:?}", kept.facts);
        assert_eq!((kept.name.as_str(), kept.owned), ("train.csv", true));
        assert_eq!(std::fs::read_to_string(&kept.path).expect("the file"), TRAIN, "the exact bytes");
        assert_eq!(fetched.state, Some(json!({"version": 2})));
        assert_eq!(inputs(&fetched)[0].name.as_deref(), Some("train.csv"));
        assert!(fetched.snapshot && fetched.origin.ends_with("/datasets/ann/ships/versions/2"), "{}", fetched.origin);
        for asked in world.kaggle.seen() {
            let signed_in = asked.headers.contains_key("authorization");
            assert_eq!(signed_in, asked.host == "service", "the storage learns no secret: {asked:?}");
        }

        // Packed for the way, in a folder, with a blank in its name.
        let (frame, fetched) =
            world.table(json!({"dataset": "ann/ships", "files": ["sub/big one.csv"]})).expect("rows");
        assert_eq!(frame.height(), 20_000);
        assert_eq!(fetched.landed[0].name, "big one.csv.zip");

        // An older version by its address, and two files of one shape.
        let address = "https://www.kaggle.com/datasets/ann/ships/versions/1?select=old.csv";
        let (frame, fetched) = world.table(json!({"dataset": address})).expect("an old version");
        assert_eq!((frame.get_column_names()[0].as_str(), fact(&fetched.landed[0].facts, "Version")), ("a", "1"));
        let both = json!({"dataset": "ann/ships", "files": ["train.csv", "more.csv"]});
        assert_eq!(world.table(both).expect("two files").0.height(), 3);
        let (frame, fetched) = world.table(json!({"dataset": "c/guess"})).expect("a competition");
        assert_eq!(frame.height(), 2);
        assert!(fact(&fetched.landed[0].facts, "Licence").ends_with("/competitions/guess/rules"));
    }
}

#[test]
fn a_whole_dataset_is_one_archive_and_hostile_names_are_refused() {
    if skipped() {
        return;
    }
    let world = World::new();
    let error = refused(world.fetch(json!({"dataset": "ann/ships"})), Code::InvalidInput, "files of different shapes");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("separately")), "{error}");

    let files =
        vec![Item::new("2024.csv", "id,v\n1,2\n"), Item::new("x/2025.csv", "id,v\n3,4\n"), Item::new("a.md", "#")];
    world.kaggle.dataset("ann/years", files);
    let (frame, fetched) = world.table(json!({"dataset": "ann/years"})).expect("one table");
    assert_eq!(frame.height(), 2);
    assert_eq!((fetched.landed.len(), fetched.landed[0].name.as_str()), (1, "years.zip"), "one archive is kept");
    let members: Vec<_> = inputs(&fetched).iter().filter_map(|input| input.member.as_deref()).collect();
    assert_eq!(members, ["2024.csv", "x/2025.csv"]);
    assert!(fetched.warnings.iter().any(|text| text.contains("a.md")), "what is not read is said");

    let hostile = vec![Item::new("../up.csv", "id,v\n1,2\n"), Item::new("/root.csv", "id,v\n1,2\n")];
    world.kaggle.dataset("ann/hostile", hostile);
    refused(world.fetch(json!({"dataset": "ann/hostile"})), Code::Unsupported, "names that lead out of the archive");
    let mut twice = zipped(&[Item::new("aa.csv", "id,v\n1,2\n"), Item::new("ab.csv", "id,v\n9,9\n")]);
    while let Some(at) = twice.windows(6).position(|name| name == b"ab.csv") {
        twice[at + 1] = b'a';
    }
    let path = world.folder.path().join("twice.zip");
    std::fs::write(&path, twice).expect("a file");
    let input = Input { path, member: Some("aa.csv".into()), name: None };
    let outcome = read(&[input], &ReadOptions::default(), world.folder.path(), &Progress::new());
    assert!(outcome.is_err(), "two members of one name are no member");
}

#[test]
fn what_goes_wrong_on_the_way_is_survived() {
    if skipped() {
        return;
    }
    let expected = numbers(200_000);
    let survived: &[&[Fault]] = &[
        &[Fault::Expired],
        &[Fault::Truncated(300_000), Fault::Truncated(500_000)],
        &[Fault::Truncated(300_000), Fault::Expired],
        &[Fault::Truncated(300_000), Fault::NoRange],
        &[Fault::StorageBusy(1)],
        &[Fault::TooMany(1), Fault::Refusal(429, "Too many requests")],
        &[Fault::WrongMd5],
        &[Fault::WrongCrc, Fault::NoMd5],
    ];
    for faults in survived {
        let world = World::new();
        world.kaggle.dataset("ann/big", vec![Item::new("big.csv", expected.clone())]);
        world.kaggle.fault(faults);
        let fetched = world.fetch(json!({"dataset": "ann/big"})).unwrap_or_else(|error| panic!("{faults:?}: {error}"));
        assert_eq!(world.kaggle.left(), [], "{faults:?} happened");
        assert_eq!(fetched.warnings, [""; 0], "{faults:?}: the bytes were checked");
        assert_eq!(std::fs::read(&fetched.landed[0].path).expect("the file"), expected, "{faults:?}: the exact bytes");
        if let [Fault::Truncated(_), ..] = faults {
            let seen = world.kaggle.seen();
            assert!(seen.iter().any(|asked| asked.headers.contains_key("range")), "{faults:?}: it went on");
        }
    }
}

#[test]
fn what_cannot_be_survived_is_said() {
    if skipped() {
        return;
    }
    let one = json!({"dataset": "ann/ships", "files": ["train.csv"]});
    let world = World::new();
    world.kaggle.fault(&[Fault::ServicePage]);
    refused(world.fetch(one.clone()), Code::Damaged, "a web page in the place of an answer");
    world.kaggle.fault(&[Fault::StoragePage]);
    refused(world.fetch(one.clone()), Code::Damaged, "a web page in the place of a file");
    world.kaggle.fault(&[Fault::WrongMd5, Fault::WrongMd5]);
    let error = refused(world.fetch(one.clone()), Code::Damaged, "another checksum twice");
    assert!(error.message.contains("MD5"), "{error}");
    world.kaggle.fault(&[Fault::WrongCrc, Fault::WrongCrc]);
    let error = refused(world.fetch(one.clone()), Code::Damaged, "another CRC twice");
    assert!(error.message.contains("CRC-32C"), "{error}");
    world.kaggle.fault(&[Fault::TooMany(100_000)]);
    refused(world.fetch(one.clone()), Code::LimitExceeded, "a limit that lasts");
    world.kaggle.fault(&[Fault::Refusal(404, "Dataset not found")]);
    refused(world.fetch(one.clone()), Code::NotFound, "a refusal inside an answer of 200");
    assert_eq!(world.table(one.clone()).expect("afterwards all is well").0.height(), 2);

    refused(world.fetch(json!({"dataset": "ann/nothing"})), Code::NotFound, "a dataset that is not there");
    let error = refused(
        world.fetch(json!({"dataset": "ann/ships", "files": ["none.csv"]})),
        Code::NotFound,
        "a file that is not there",
    );
    assert!(error.field.as_deref() == Some("files") && error.to_string().contains("train.csv"), "{error}");
    refused(world.fetch(json!({"dataset": "nonsense"})), Code::InvalidInput, "a text that names nothing");
    let error = refused(world.fetch(json!({"dataset": "c/closed"})), Code::PermissionDenied, "rules not accepted");
    assert!(error.to_string().contains("https://www.kaggle.com/competitions/closed/rules"), "{error}");
    let wrong = World::with(json!({"token": "KGAT_wrong"}));
    let error = refused(wrong.fetch(one.clone()), Code::PermissionDenied, "a wrong token");
    assert!(!error.to_string().contains("KGAT_wrong"), "{error}");
    let wrong = World::with(json!({"username": "ann", "key": "wrong"}));
    refused(wrong.fetch(one), Code::PermissionDenied, "a wrong key");
}

#[test]
fn a_preview_fetches_the_beginning_of_a_text_and_says_when_it_needs_all() {
    if skipped() {
        return;
    }
    let world = World::new();
    let rows = 600_000;
    let json = |n: usize| format!("{{\"n\": {n}, \"text\": \"{}\"}}", "x".repeat(90));
    let json = format!("[{}]", (0..80_000).map(json).collect::<Vec<_>>().join(",\n"));
    let packed = Item { packed: true, ..Item::new("packed.csv", numbers(rows)) };
    let plain = Item::new("plain.csv", numbers(rows));
    world.kaggle.dataset("ann/big", vec![plain, packed, Item::new("list.json", json)]);
    let look = |file: &str| {
        world.kaggle.seen();
        let fetched = world.read(json!({"dataset": "ann/big", "files": [file]}), &Progress::new(), Some(100));
        let fetched = fetched.unwrap_or_else(|error| panic!("{file}: {error}"));
        let options = ReadOptions { source_column: Some(false), ..ReadOptions::default() };
        let shown = preview(inputs(&fetched), &options, world.folder.path(), 100, &Progress::new());
        (fetched.warnings, shown.unwrap_or_else(|error| panic!("{file}: {error}")), world.kaggle.seen())
    };
    for (file, rows) in [("plain.csv", rows as f64), ("list.json", 80_000.0)] {
        let (warnings, shown, seen) = look(file);
        let ranges: Vec<_> = seen.iter().filter(|asked| asked.host == "storage").collect();
        assert_eq!(ranges.len(), 1, "{file}: the storage is asked once");
        assert_eq!(ranges[0].headers["range"], "bytes=0-4999999", "{file}");
        assert!(warnings.iter().any(|text| text.contains("the first 5 MB")), "{file}: {warnings:?}");
        assert!(!shown.complete && shown.rejected == 0, "{file}");
        assert!((shown.rows as f64 / rows - 1.0).abs() < 0.1, "{file}: about {} rows", shown.rows);
        assert!(!world.downloads().exists(), "{file}: nothing is kept");
    }
    let progress = Progress::new();
    world.read(json!({"dataset": "ann/big", "files": ["packed.csv"]}), &progress, Some(100)).expect("a preview");
    let said = progress
        .lines()
        .into_iter()
        .any(|line| line.text.contains("all of packed.csv, 11.4 MB") && line.text.contains("packs"));
    assert!(said, "the size is said before the download begins");
    let (_, _, seen) = look("packed.csv");
    assert!(seen.iter().all(|asked| asked.host == "service"), "what is here is not downloaded again");

    // A beginning is no file: what is imported later is all of it.
    let (table, _) = world.table(json!({"dataset": "ann/big", "files": ["plain.csv"]})).expect("the rows");
    assert_eq!(table.height(), rows);
    world.kaggle.fault(&[Fault::Expired]);
    look("list.json");
    world.kaggle.fault(&[Fault::StoragePage]);
    let page = world.read(json!({"dataset": "ann/big", "files": ["list.json"]}), &Progress::new(), Some(100));
    refused(page, Code::Damaged, "a web page in the place of the beginning");
}

#[test]
fn a_download_goes_on_after_a_restart_and_is_not_made_twice() {
    if skipped() {
        return;
    }
    let world = World::new();
    let expected = numbers(300_000);
    world.kaggle.dataset("ann/big", vec![Item::new("big.csv", expected.clone())]);
    let selection = json!({"dataset": "ann/big"});
    world.kaggle.fault(&[Fault::Stalls(1_000_000)]);
    let progress = Progress::new();
    let began = std::thread::scope(|scope| {
        let reading = scope.spawn(|| world.fetch_with(selection.clone(), &progress));
        let deadline = Instant::now() + Duration::from_secs(20);
        while progress.counts().bytes < 1_000_000 {
            assert!(Instant::now() < deadline, "the bytes are counted: {:?}", progress.counts());
            std::thread::sleep(Duration::from_millis(20));
        }
        let began = Instant::now();
        progress.cancel();
        refused(reading.join().expect("no panic"), Code::Cancelled, "a cancelled download");
        began
    });
    assert!(began.elapsed() < Duration::from_secs(2), "a cancel ends it within a second: {:?}", began.elapsed());

    world.kaggle.seen();
    let fetched = world.fetch(selection.clone()).expect("it goes on");
    let ranges: Vec<String> =
        world.kaggle.seen().iter().filter_map(|asked| asked.headers.get("range").cloned()).collect();
    assert_eq!(ranges, ["bytes=1000000-"], "where it stopped");
    assert_eq!(std::fs::read(&fetched.landed[0].path).expect("the file"), expected, "the exact bytes");
    world.fetch(selection.clone()).expect("once more");
    assert!(world.kaggle.seen().iter().all(|asked| asked.host == "service"), "what is complete is not fetched again");

    // A newer version replaces the bytes, and is announced before.
    let state = fetched.state.clone();
    let news = |state: Option<&Value>| world.connection.news(&selection, state, &Progress::new()).expect("news");
    assert!(!news(state.as_ref()).expect("an answer").available, "nothing new");
    world.kaggle.dataset("ann/big", vec![Item::new("big.csv", "n,square\n1,1\n")]);
    let found = news(state.as_ref()).expect("an answer");
    assert!(found.available && found.text == "Version 2 is there; the table holds version 1.", "{found:?}");
    assert_eq!(world.table(selection.clone()).expect("the new version").0.height(), 1);
}

#[test]
fn a_part_of_another_state_of_the_file_is_not_gone_on_with() {
    if skipped() {
        return;
    }
    let world = World::new();
    world.kaggle.dataset("ann/big", vec![Item::new("big.csv", numbers(100_000))]);
    world.kaggle.fault(&[Fault::Stalls(200_000)]);
    let (progress, selection) = (Progress::new(), json!({"dataset": "ann/big"}));
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| world.fetch_with(selection.clone(), &progress));
        while progress.counts().bytes < 200_000 && !reading.is_finished() {
            std::thread::sleep(Duration::from_millis(20));
        }
        progress.cancel();
        refused(reading.join().expect("no panic"), Code::Cancelled, "a cancelled download");
    });
    // The same version with other bytes, as when Kaggle has processed it again.
    let expected = numbers(100_001);
    world.kaggle.change("ann/big", vec![Item::new("big.csv", expected.clone())]);
    let fetched = world.fetch(selection).expect("a download");
    assert_eq!(std::fs::read(&fetched.landed[0].path).expect("the file"), expected, "no mixture of both");
}

#[test]
fn a_check_says_who_signs_in_and_what_fails() {
    if skipped() {
        return;
    }
    let progress = Progress::new();
    let run = |world: &World| {
        let mut check = Check { progress: &progress, steps: Vec::new() };
        let outcome = world.connection.check(&mut check);
        (outcome, check.steps)
    };
    let shown = |steps: &[pulse_connect::CheckStep]| {
        steps.iter().map(|step| format!("{}: {} ", step.name, step.detail)).collect::<String>()
    };
    let (outcome, steps) = run(&World::new());
    outcome.expect("a good token");
    assert!(shown(&steps).contains("Signed in as ann") && !shown(&steps).contains(TOKEN), "{}", shown(&steps));
    let (outcome, steps) = run(&World::with(json!({"username": KEY.0, "key": KEY.1})));
    outcome.expect("a good key");
    assert!(shown(&steps).contains("the key of `ann` from the connection"), "{}", shown(&steps));
    let (outcome, steps) = run(&World::with(json!({"token": "KGAT_wrong"})));
    assert_helpful(&outcome.expect_err("a wrong token"), "a check with a wrong token");
    assert_eq!(steps.last().map(|step| step.name.as_str()), Some("Sign in"));
    let token_file = tempfile::tempdir().expect("a folder");
    let path = token_file.path().join("token.txt");
    std::fs::write(&path, format!("{TOKEN}\n")).expect("a file");
    let (outcome, steps) = run(&World::with(json!({"token": path})));
    outcome.expect("a token in a file");
    assert!(shown(&steps).contains("token.txt"), "{}", shown(&steps));

    // Nobody signs in: downloads work, searches are refused with what to do.
    let nobody = World::with(json!({}));
    let (outcome, _) = run(&nobody);
    assert!(outcome.expect_err("a search").to_string().contains("API token"));
    let one = json!({"dataset": "ann/ships", "files": ["train.csv"]});
    assert_eq!(nobody.table(one).expect("an anonymous download").0.height(), 2);
}

#[test]
fn the_form_is_complete_and_private_addresses_need_leave() {
    let info = connectors().iter().find(|info| info.about.kind == "kaggle").expect("it is listed");
    assert!(info.about.ready && info.settings["properties"]["token"]["x-secret"] == json!(true));
    assert_eq!(info.settings["properties"]["verify_tls"]["default"], json!(true));
    assert_eq!(info.selection["properties"]["files"]["x-widget"], "tokens");
    let choices = info.filters["properties"]["sort"]["oneOf"].as_array().expect("choices").len();
    assert!(choices >= 4 && info.filters["properties"]["kind"]["default"] == "datasets", "{}", info.filters);
    let connection = connect("kaggle", &json!({"address": "http://127.0.0.1:9"})).expect("a connection");
    let error = connection.browse(&Browse::default(), &Progress::new()).expect_err("a private address");
    assert_eq!(error.code, Code::PermissionDenied, "{error}");
    let (kind, settings) = pulse_connect::from_url("kaggle://KGAT_x@kaggle.com").expect("a connection string");
    assert_eq!((kind, settings), ("kaggle", json!({"token": "KGAT_x"})));
}

/// What the real client does with the service that the other tests use.
const CLIENT: &str = r#"
import json, os, sys
port, home, token, user, key = sys.argv[1:6]
os.environ.update(HOME=home, KAGGLE_API_ENVIRONMENT="TEST", KAGGLE_CONFIG_DIR=home)
import kagglesdk.kaggle_env as env
env._env_to_endpoint[env.KaggleEnv.TEST] = "http://localhost:" + port
import kaggle
from kaggle.api.kaggle_api_extended import KaggleApi
from kagglesdk.kaggle_client import KaggleClient
# The program asks the public service whatever the environment says; its own client heeds it.
KaggleApi.build_kaggle_client_with_params = staticmethod(
    lambda args, username=None, password=None, api_token=None, response_processor=None: KaggleClient(
        username=username, password=password, api_token=api_token, response_processor=response_processor))
out = {}
def signed(**credentials):
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"): os.environ.pop(name, None)
    os.environ.update(credentials)
    api = KaggleApi(); api.authenticate(); return api
for name, credentials in (("token", {"KAGGLE_API_TOKEN": token}), ("key", {"KAGGLE_USERNAME": user, "KAGGLE_KEY": key})):
    api = signed(**credentials)
    found = api.dataset_list(search="ships", sort_by="votes", file_type="csv", max_size="1000000")
    files = api.dataset_list_files("ann/ships")
    where = os.path.join(home, name)
    api.dataset_download_file("ann/ships", "train.csv", path=where)
    api.dataset_download_files("ann/ships", path=where, unzip=True)
    api.competition_download_file("guess", "train.csv", path=os.path.join(where, "c"), quiet=True)
    out[name] = {
        "found": [d.ref for d in found], "licence": found[0].license_name, "version": found[0].current_version_number,
        "files": [f.name for f in files.files], "next": files.next_page_token,
        "columns": [c.name for c in files.files[0].columns],
        "train": open(os.path.join(where, "train.csv")).read(), "unzipped": sorted(os.listdir(where)),
        "competitions": [c.title for c in api.competitions_list().competitions],
        "competition": open(os.path.join(where, "c", "train.csv")).read(),
    }
try:
    api.competition_download_file("closed", "train.csv", path=home, quiet=True); out["closed"] = 200
except Exception as e: out["closed"] = e.response.status_code
try:
    api.dataset_list_files("ann/nothing"); out["nothing"] = 200
except Exception as e: out["nothing"] = e.response.status_code
print("\n" + json.dumps(out))
"#;

#[test]
fn the_real_client_understands_the_service() {
    if skipped() {
        return;
    }
    let world = World::new();
    let address = world.kaggle.address();
    let port = address.rsplit(':').next().expect("a port");
    let home = world.folder.path().display().to_string();
    let mut command = std::process::Command::new(python_program("python"));
    command.arg("-c").arg(CLIENT).args([port, &home, TOKEN, KEY.0, KEY.1]);
    let output = command.output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let told: Value = serde_json::from_str(printed.lines().last().unwrap_or_default()).expect("JSON at the end");
    for way in ["token", "key"] {
        let told = &told[way];
        assert_eq!(told["found"], json!(["ann/ships"]), "{told}");
        assert_eq!((&told["licence"], &told["version"]), (&json!("CC0-1.0"), &json!(2)), "{told}");
        assert_eq!((&told["files"], &told["next"]), (&json!(["train.csv", "more.csv"]), &json!("2")), "{told}");
        assert_eq!((&told["columns"], &told["train"]), (&json!(["id", "name"]), &json!(TRAIN)), "{told}");
        assert_eq!(told["competitions"], json!(["closed", "guess"]), "{told}");
        assert_eq!(told["competition"], TRAIN);
        assert!(told["unzipped"].as_array().expect("names").contains(&json!("more.csv")), "{told}");
    }
    assert_eq!((&told["closed"], &told["nothing"]), (&json!(403), &json!(404)), "{told}");
}

#[test]
fn a_dataset_becomes_a_table_with_its_provenance_and_is_refreshed_when_a_version_is_new() {
    use pulse_rpc::Commands as _;
    use pulse_rpc::types::*;
    let world = World::new();
    let space = pulse_tests::Space::new();
    let passphrase = SecretsPassphrase { passphrase: "open sesame".into() };
    space.engine.secrets_unlock(passphrase).expect("a place for the token");
    let settings = json!({
        "address": world.kaggle.address(), "allow_private": true, "use_computer_sign_in": false, "token": TOKEN,
    });
    let doc = ConnectionDoc { id: None, name: "Kaggle".into(), kind: "kaggle".into(), settings };
    let connection = space.engine.connection_save(doc).expect("saved");
    assert_eq!(connection.settings.get("token"), None, "the token is not among the settings");
    let browse = |path: &[&str]| BrowseRequest {
        connection: connection.id.clone(),
        path: path.iter().map(|id| (*id).to_owned()).collect(),
        search: if path.is_empty() { "ships".into() } else { String::new() },
        ..BrowseRequest::default()
    };
    let found = space.engine.source_browse(browse(&[])).expect("found").entries.remove(0);
    let files = space.engine.source_browse(browse(&[&found.id])).expect("files").entries;
    let mut selection = files.iter().find(|file| file.name == "train.csv").expect("the file").selection.clone();
    selection["version"] = Value::Null;
    let source = SourceDoc {
        name: "ships".into(),
        connection: connection.id.clone(),
        selection,
        table: "bronze.ships".into(),
        ..SourceDoc::default()
    };
    let request = SourcePreviewRequest { source: source.clone(), ticket: "t".into() };
    let shown = space.engine.source_preview(request).expect("previewed");
    assert_eq!((shown.import.rows, shown.import.complete), (2, true));
    world.kaggle.seen();
    let saved = space.engine.source_save(source).expect("saved");
    let refresh = || {
        let request = RefreshRequest { sources: vec![saved.id.clone()], ..RefreshRequest::default() };
        let job = space.engine.source_refresh(request).expect("started").jobs.remove(0).job;
        space.result(&JobStarted { job })
    };
    let first = refresh().expect("imported");
    assert_eq!((first["records"].clone(), first["rejected"].clone()), (json!(2), json!(0)), "{first}");
    let detail = space.engine.table_show(TableVersion { table: "bronze.ships".into(), version: None }).expect("shown");
    let facts: Vec<_> = detail.origin[0].facts.iter().map(|fact| fact.label.as_str()).collect();
    for fact in ["Licence", "Version", "MD5"] {
        assert!(facts.contains(&fact), "{fact} is kept: {facts:?}");
    }
    let news = || space.engine.source_news(Nothing {}).expect("news").remove(0);
    assert_eq!(news().available, Some(false), "{:?}", news());
    world.kaggle.dataset("ann/ships", vec![Item::new("train.csv", format!("{TRAIN}3,Cy\n"))]);
    assert_eq!(news().available, Some(true), "{:?}", news());
    assert_eq!(refresh().expect("refreshed")["records"], 3);
    assert_eq!(space.table_grid("bronze.ships").len(), 3);
}
