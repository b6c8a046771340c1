//! Archives, hostile ones too, and files that cannot be read.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use pulse_core::{Code, Progress};
use zip::write::SimpleFileOptions;

use super::{file, read_paths};
use crate::{Input, ReadOptions, expand, inspect, preview, read};

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).expect("packed");
    out.finish().expect("packed")
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        out.start_file(*name, SimpleFileOptions::default()).expect("a member");
        out.write_all(bytes).expect("packed");
    }
    out.finish().expect("an archive").into_inner()
}

#[test]
fn packed_files_read_as_plain_ones() {
    let text = b"a,b\n1,x\n2,y\n";
    for (name, bytes) in [("t.csv.gz", gzip(text)), ("t.zip", zipped(&[("dir/t.csv", text), ("__MACOSX/t.csv", b"x")]))]
    {
        let (_folder, path) = file(name, &bytes);
        let done = read_paths(&[&path], &ReadOptions::default()).expect("a read");
        assert_eq!(done.shown(), "1|x/2|y", "{name}");
        assert_eq!(done.read.files[0].bytes, bytes.len() as u64, "the size is the file's");
        assert_eq!(done.read.files[0].sha256.len(), 64, "the hash is the file's");
    }
    let two = [gzip(b"a,b\n1,x\n"), gzip(b"2,y\n")].concat();
    let (_folder, path) = file("two.csv.gz", &two);
    assert_eq!(
        read_paths(&[&path], &ReadOptions::default()).expect("a read").shown(),
        "1|x/2|y",
        "several gzip members"
    );
}

/// The cells, types, reasons, ledger and account of a read.
fn told(done: &super::Done) -> (Vec<Vec<String>>, Vec<(String, String, String)>, Vec<String>, (u64, u64)) {
    let columns = done.read.columns.iter().map(|c| (c.name.clone(), c.type_word.clone(), c.why.clone())).collect();
    (done.rows(), columns, done.ledger(), (done.read.records, done.read.rejected))
}

#[test]
fn big_packed_texts_read_as_plain_ones() {
    let rows = |row: &dyn Fn(u64) -> String| (0..2_000u64).map(row).collect::<String>();
    let cases = [
        ("clean", format!("id,day,price,text\n{}", rows(&|n| format!("{n},2024-01-{:02},{n}.50,t{n}\n", n % 28 + 1)))),
        ("quoted", format!("id,text\n{}", rows(&|n| format!("{n},\"a, \"\"b\"\"\nsecond line {n}\"\n")))),
        ("returns", format!("id,text\r\n{}", rows(&|n| format!("{n},x{n}\r\n")))),
        ("no end", format!("id,text\n{}7,last", rows(&|n| format!("{n},x{n}\n")))),
        ("times", format!("at;flag\n{}", rows(&|n| format!("2024-05-06T07:08:{:02}Z;{}\n", n % 60, n % 2 == 0)))),
        ("one column", format!("id\n{}", rows(&|n| format!("{n}\n")))),
        ("late text", format!("id,v\n{}5000,word\n", rows(&|n| format!("{n},{n}\n")))),
        ("ragged", format!("id,v\n{}1\n2,3\n", rows(&|n| format!("{n},{n}\n")))),
        ("blank lines", format!("id,v\n{}\n\n2,3\n", rows(&|n| format!("{n},{n}\n")))),
        ("latin", format!("id,v\n{}9,caf\u{e9}\n", rows(&|n| format!("{n},{n}\n")))),
        ("preamble", format!("Report of May\n\nid,v,w\n{}", rows(&|n| format!("{n},{n},x\n")))),
        ("mark", format!("\u{feff}id,v\n{}", rows(&|n| format!("{n},{n}\n")))),
    ];
    for (what, text) in cases {
        let bytes = match what {
            "latin" => text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect(),
            _ => text.into_bytes(),
        };
        let (_folder, path) = file("t.csv", &bytes);
        let mut plain = read_paths(&[&path], &ReadOptions::default()).expect("a read");
        for (name, packed) in [("t.csv.gz", gzip(&bytes)), ("t.zip", zipped(&[("t.csv", &bytes)]))] {
            let (_folder, path) = file(name, &packed);
            let done = read_paths(&[&path], &ReadOptions::default()).expect("a read");
            assert_eq!(told(&done), told(&plain), "{what} in {name}");
            assert!(done.frame.equals_missing(&plain.frame), "{what} in {name}: values and types");
            assert_eq!(done.read.detected, plain.read.detected, "{what} in {name}");
        }
        let types = std::collections::BTreeMap::from([("id".to_owned(), "text".to_owned())]);
        let options = ReadOptions { types, ..ReadOptions::default() };
        if plain.read.columns.iter().any(|column| column.name == "id") {
            plain = read_paths(&[&path], &options).expect("a read");
            let (_folder, path) = file("t.csv.gz", &gzip(&bytes));
            assert_eq!(told(&read_paths(&[&path], &options).expect("a read")), told(&plain), "{what} as chosen");
        }
    }
}

#[test]
fn texts_never_lie_unpacked_or_translated_on_disk() {
    let rows = (0..400_000u64).fold(String::new(), |text, n| text + &format!("{n},{}\n", n % 97));
    let latin: Vec<u8> = format!("id,v\n{rows}").bytes().chain(*b"8,caf\xe9\n").collect();
    let objects = (0..400_000u64).fold(String::new(), |text, n| text + &format!("{{\"id\":{n},\"v\":{}}}\n", n % 97));
    let utf16: Vec<u8> = format!("\u{feff}id,v\n{rows}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases = [
        ("clean", "csv", format!("id,v\n{rows}").into_bytes(), 400_000),
        ("ragged", "csv", format!("id,v\n{rows}7\n").into_bytes(), 400_000),
        ("latin", "csv", latin, 400_001),
        ("utf-16", "csv", utf16, 400_000),
        ("objects", "ndjson", objects.clone().into_bytes(), 400_000),
        ("one document", "json", format!("[{}]", objects.trim_end().replace('\n', ",")).into_bytes(), 400_000),
    ];
    for (what, extension, text, rows) in cases {
        let zip = zipped(&[(&format!("t.{extension}"), &text)]);
        let files = [
            (format!("t.{extension}.gz"), gzip(&text)),
            ("t.zip".into(), zip),
            (format!("t.{extension}"), text.clone()),
        ];
        for (name, packed) in files {
            let (folder, path) = file(&name, &packed);
            let scratch = folder.path().join("scratch");
            std::fs::create_dir(&scratch).expect("a folder");
            let done = read(&[Input::from(path)], &ReadOptions::default(), &scratch, &Progress::new()).expect("a read");
            assert_eq!((done.rows, done.files[0].sha256.len()), (rows, 64), "{what} in {name}");
            let own =
                std::fs::read_dir(&scratch).expect("a folder").next().expect("an entry").expect("a folder").path();
            let size =
                |entry: std::io::Result<std::fs::DirEntry>| entry.expect("a file").metadata().expect("a size").len();
            let written: u64 = std::fs::read_dir(own).expect("a folder").map(size).sum();
            // The first part, for what looks at it, and the typed rows.
            assert!(written < (2 << 20) + text.len() as u64 / 2, "{what} in {name}: {written} bytes of {}", text.len());
            let in_place = what == "clean" && name == "t.csv";
            let finished = done.finished.clone();
            assert_eq!(finished.is_none(), in_place, "{what} in {name}");
            let Some(finished) = finished else { continue };
            assert!(finished.len() > 1, "{what} in {name}: files of bounded size");
            let all = polars::prelude::DataFrame::clone(&done.frame.clone().collect().expect("rows"));
            let found = crate::spool::scan_files(&finished, all.schema()).map(|frame| frame.collect().expect("rows"));
            assert!(found.expect("files").equals_missing(&all), "{what} in {name}: the files hold the rows in order");
            let ids = all.column("id").expect("a column").cast(&polars::prelude::DataType::Int64).expect("numbers");
            let ids: Vec<i64> = ids.i64().expect("numbers").iter().flatten().take(400_000).collect();
            assert!(ids.iter().enumerate().all(|(at, id)| *id == at as i64), "{what} in {name}: in the file's order");
        }
    }
}

#[test]
fn several_packed_files_are_finished_in_one_form() {
    let text = |from: u64, more: &str| {
        let rows = (from..from + 500).fold(String::new(), |text, n| text + &format!("{n},{}{more}\n", n % 7));
        gzip(format!("id,v\n{rows}").as_bytes())
    };
    let (_one, first) = file("a.csv.gz", &text(0, ""));
    let (_two, second) = file("b.csv.gz", &text(500, ".5"));
    let (_three, third) = file("c.csv.gz", &gzip(format!("w,id\n{}", "x,1\n".repeat(400)).as_bytes()));
    let done = read_paths(&[&first, &second, &third], &ReadOptions::default()).expect("a read");
    assert_eq!(done.names(), "id|v|w|source_file");
    assert_eq!((done.read.rows, done.read.finished.as_ref().map(Vec::len)), (1_400, Some(3)));
    assert_eq!(done.rows()[999][..2], ["999", "5.5"]);
    assert_eq!(done.rows()[1_000][2..], ["x", "c.csv.gz"]);
}

#[test]
fn a_cancel_ends_a_packed_read() {
    let text: Vec<u8> = (0..400_000u64).flat_map(|n| format!("{n},{}\n", n % 97).into_bytes()).collect();
    let (folder, path) = file("t.csv.gz", &gzip(&text));
    let progress = Progress::new();
    progress.cancel();
    let outcome = read(&[Input::from(path)], &ReadOptions::default(), folder.path(), &progress);
    assert_eq!(outcome.err().map(|error| error.code), Some(Code::Cancelled));
}

#[test]
fn archives_with_two_members_of_one_name_are_refused() {
    let mut twice = zipped(&[("aa.csv", b"id,v\n1,2\n"), ("ab.csv", b"id,v\n9,9\n")]);
    while let Some(at) = twice.windows(6).position(|name| name == b"ab.csv") {
        twice[at + 1] = b'a';
    }
    let (_folder, path) = file("twice.zip", &twice);
    let error = read_paths(&[&path], &ReadOptions::default()).err().expect("an error");
    assert!(error.code == Code::Unsupported && error.message.contains("one name"), "{error}");
}

#[test]
fn files_go_by_the_name_they_are_given() {
    let bytes = zipped(&[("dir/t.tsv", b"a\tb\n1\tx\n")]);
    for (stored, name, content, shown) in [
        ("0a1b", "t.csv", b"a,b\n1,x\n".to_vec(), "t.csv"),
        ("2c3d", "t.csv.gz", gzip(b"a,b\n1,x\n"), "t.csv.gz"),
        ("4e5f", "t.zip", bytes, "t.zip!dir/t.tsv"),
    ] {
        let (folder, path) = file(stored, &content);
        let input = Input { path, name: Some(name.into()), member: None };
        let inputs = [input.clone(), input];
        let done = read(&inputs[..1], &ReadOptions::default(), folder.path(), &Progress::new()).expect("a read");
        assert_eq!((done.rows, done.files[0].name.as_str()), (1, shown), "{name}");
        let both = read(&inputs, &ReadOptions::default(), folder.path(), &Progress::new()).expect("a read");
        assert_ne!(both.files[0].name, both.files[1].name, "two files of one name are told apart");
    }
}

#[test]
fn members_are_listed_and_chosen() {
    let bytes =
        zipped(&[("a.csv", b"a,b\n1,2\n"), ("b.json", b"[{\"q\":1}]"), ("notes.pdf", b"%PDF"), ("empty.csv", b"")]);
    let (folder, path) = file("k.zip", &bytes);
    let seen = inspect(&path).expect("an inspection");
    let listed: Vec<(&str, bool)> = seen.members.iter().map(|m| (m.name.as_str(), m.supported)).collect();
    assert_eq!(listed, [("a.csv", true), ("b.json", true), ("notes.pdf", false), ("empty.csv", false)], "with why not");
    let get = |member: Option<&str>| {
        let input = Input { path: path.clone(), member: member.map(str::to_owned), name: None };
        read(&[input], &ReadOptions::default(), folder.path(), &Progress::new())
    };
    assert_eq!(get(Some("b.json")).expect("a read").files[0].name, "k.zip!b.json", "the name says where it is from");
    for member in [None, Some("c.csv"), Some("notes.pdf")] {
        let error = get(member).err().expect("an error");
        assert_eq!(error.field.as_deref(), Some("member"), "{error}");
    }
}

#[test]
fn hostile_members_are_refused_by_name() {
    let mut encrypted = zipped(&[("a.csv", b"a,b\n1,2\n")]);
    let directory = encrypted.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    encrypted[6] |= 1;
    encrypted[directory + 8] |= 1;
    let mut linked = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    linked.add_symlink("a.csv", "/etc/passwd", SimpleFileOptions::default()).expect("a link");
    let linked = linked.finish().expect("an archive").into_inner();
    let cases = [
        ("../a.csv", zipped(&[("../a.csv", b"a,b\n1,2\n")]), "leads out"),
        ("/a.csv", zipped(&[("/a.csv", b"a,b\n1,2\n")]), "leads out"),
        ("a.csv", encrypted, "encrypted"),
        ("a.csv", linked, "symbolic link"),
    ];
    for (member, bytes, why) in cases {
        let (folder, path) = file("h.zip", &bytes);
        let seen = inspect(&path).expect("an inspection");
        assert!(seen.members.iter().all(|m| !m.supported), "{member}: {:?}", seen.members);
        assert!(seen.members[0].why_not.as_deref().unwrap_or_default().contains(why), "{:?}", seen.members);
        for member in [None, Some(seen.members[0].name.clone())] {
            let input = Input { path: path.clone(), member, name: None };
            let result = read(&[input], &ReadOptions::default(), folder.path(), &Progress::new());
            let error = result.err().expect("an error");
            assert!(error.code == Code::Unsupported && error.message.contains(why), "{error}");
        }
    }
}

#[test]
fn bombs_are_stopped_by_what_comes_out() {
    let zeros = vec![b'0'; 80 << 20];
    for (name, bytes) in [("b.csv.gz", gzip(&zeros)), ("b.zip", zipped(&[("b.csv", &zeros)]))] {
        let (_folder, path) = file(name, &bytes);
        let error = read_paths(&[&path], &ReadOptions::default()).err().expect("an error");
        assert_eq!(error.code, Code::LimitExceeded, "{error}");
    }
}

#[test]
fn damaged_archives_are_errors() {
    let text: Vec<u8> = (0..50_000).flat_map(|i| format!("{i},{}\n", i * 7919 % 1009).into_bytes()).collect();
    let packed = gzip(&text);
    let archive = zipped(&[("a.csv", &text)]);
    let cases = [
        ("cut.csv.gz", packed[..packed.len() / 2].to_vec()),
        ("tail.csv.gz", packed[..packed.len() - 4].to_vec()),
        ("cut.zip", archive[..archive.len() / 2].to_vec()),
    ];
    for (name, bytes) in cases {
        let (_folder, path) = file(name, &bytes);
        assert_eq!(inspect(&path).err().map(|e| e.code), Some(Code::Damaged), "{name} is found damaged at once");
        let error = read_paths(&[&path], &ReadOptions::default()).err().expect("an error");
        assert!(error.code == Code::Damaged && error.hint.is_some(), "{error}");
    }
    let mut changed = archive;
    changed[60] ^= 0xff;
    let (_folder, path) = file("changed.zip", &changed);
    assert_eq!(
        read_paths(&[&path], &ReadOptions::default()).err().map(|e| e.code),
        Some(Code::Damaged),
        "a checksum fails"
    );
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let binary: Vec<u8> = (0..=255u8).cycle().take(4096).collect();
    let cases: &[(&str, &[u8], Code, &str)] = &[
        ("empty.csv", b"", Code::InvalidInput, "is empty"),
        ("blob.bin", &binary, Code::Unsupported, "binary"),
        ("doc.pdf", b"%PDF-1.7 \0\0\0\0", Code::Unsupported, "PDF"),
        ("db.csv", b"SQLite format 3\0\0\0\0", Code::Unsupported, "SQLite"),
        ("x.json", b"just words here", Code::Damaged, "no JSON"),
    ];
    for (name, bytes, code, says) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        let error = read_paths(&[&path], &ReadOptions::default()).err().expect(name);
        assert!(error.code == *code && error.message.contains(says) && error.hint.is_some(), "{name}: {error:?}");
    }
    assert!(inspect(folder.path()).err().is_some_and(|e| e.message.contains("is a folder")), "a folder is no file");
    assert_eq!(inspect(&folder.path().join("none")).err().map(|e| e.code), Some(Code::NotFound), "nothing there");
    assert!(read(&[], &ReadOptions::default(), folder.path(), &Progress::new()).is_err(), "nothing to read");
}

#[test]
fn folders_become_their_files() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("sub")).expect("a folder");
    for name in ["b.csv", "sub/a.json.gz", ".hidden.csv", "notes.md", "z.zip"] {
        std::fs::write(folder.path().join(name), b"x").expect("a file");
    }
    let found = expand(&[folder.path().to_owned()]).expect("files");
    let names: Vec<_> =
        found.iter().map(|p| p.strip_prefix(folder.path()).expect("inside").display().to_string()).collect();
    assert_eq!(names, ["b.csv", "sub/a.json.gz", "z.zip"], "sorted, supported, recursive");
    let empty = tempfile::tempdir().expect("a folder");
    assert!(expand(&[empty.path().to_owned()]).is_err(), "a folder without files to read is an error");
}

#[test]
fn previews_do_not_unpack_everything() {
    let text: Vec<u8> = (0..1_000_000u64).flat_map(|i| format!("{i},{}\n", i * 7919 % 100_003).into_bytes()).collect();
    for (name, bytes) in [("b.csv.gz", gzip(&text)), ("b.zip", zipped(&[("b.csv", &text)]))] {
        let (folder, path) = file(name, &bytes);
        let shown = preview(&[Input::from(path)], &ReadOptions::default(), folder.path(), 10, &Progress::new())
            .expect("a preview");
        assert!(!shown.complete && (700_000..1_400_000).contains(&shown.records), "{name}: {}", shown.records);
    }
}

#[test]
fn packed_parquet_is_previewed_whole() {
    use polars::prelude::*;
    let mut frame = df!("a" => (0..3_000_000i64).map(|i| i * i % 1_000_003).collect::<Vec<_>>()).expect("a frame");
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).expect("a Parquet file");
    assert!(bytes.len() > 5 << 20, "it is bigger than what a preview unpacks");
    for (name, bytes) in [("t.parquet.gz", gzip(&bytes)), ("t.zip", zipped(&[("t.parquet", &bytes)]))] {
        let (folder, path) = file(name, &bytes);
        let inputs = [Input::from(path)];
        let shown = preview(&inputs, &ReadOptions::default(), folder.path(), 10, &Progress::new()).expect("a preview");
        assert_eq!((shown.complete, shown.records), (true, 3_000_000), "{name}");
    }
}
