//! Whole reads, from bytes to rows and ledger.

use super::*;

fn read_bytes(name: &str, bytes: &[u8], options: &ReadOptions) -> (Read, DataFrame, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    let input = Input { path, member: None };
    let read = read(&[input], options, folder.path(), &Progress::new()).expect("a read");
    let frame = read.frame.clone().collect().expect("a frame");
    assert_eq!(read.records, read.rows + read.rejected, "every record is accounted for");
    assert_eq!(frame.height() as u64, read.rows, "the frame has the rows that were announced");
    (read, frame, folder)
}

#[test]
fn simple() {
    let (read, frame, _f) = read_bytes("a.csv", b"c0\nv0\na;b", &ReadOptions::default());
    println!("{frame} {:?} {:?}", read.columns, read.detected);
    let (read, frame, _f) = read_bytes("a.csv", b"a,b,c,d,e\n1,007,2024-01-02,1.10,x\n2,08,2024-01-03,2.20,\"\"\n3,9,,5.00,\n4,5\n", &ReadOptions::default());
    println!("{frame} {:?} {:?} {}", read.columns, read.detected, read.ledger);
}

#[test]
fn lineitem() {
    let Ok(path) = std::env::var("LINEITEM") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let read = read(&[Input { path: path.clone().into(), member: None }], &ReadOptions::default(), folder.path(), &Progress::new()).expect("a read");
        println!("scan {:?} {} rows {} rejected", start.elapsed(), read.rows, read.rejected);
        if std::env::var("COLS").is_ok() {
            for c in &read.columns { println!("{} {} {}", c.name, c.type_word, c.why); }
            println!("{:?}", read.files);
        }
        if std::env::var("COLLECT").is_ok() {
            let start = std::time::Instant::now();
            let frame = read.frame.collect_with_engine(Engine::Streaming);
            println!("collect {:?}", start.elapsed());
            drop(frame);
        }
    }
}
