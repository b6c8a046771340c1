//! How rows meet those that are there.

use pulse_connect::{Fate, SyncMode};
use pulse_tests::services::postgres::Database;
use pulse_tests::services::skipped;
use serde_json::json;

use super::*;

fn some(ids: &[i64], words: &[&str]) -> DataFrame {
    df!("id" => ids, "word" => words).unwrap()
}

#[test]
fn a_table_is_made_replaced_and_keeps_what_belongs_to_it() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let mut sync = Sync::to(&database, SyncMode::Replace, some(&[1, 2], &["a", "b"])).key(&["id"]);
    sync = sync.option("indexes", json!(["word"]));
    sync.outgoing.columns[1].description = "What it's called".into();
    let found = sync.preflight();
    assert_eq!(database.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"), "0");
    assert!(found.statements[0].text.starts_with("CREATE TABLE \"public\".\"t\" ("), "{found:?}");
    let written = sync.done();
    assert_eq!(written.rows, 2);
    assert_eq!(table(&database), "1|a\n2|b");
    let described = "SELECT obj_description('t'::regclass), col_description('t'::regclass, 2)";
    assert_eq!(database.sql(described), "Written by Cloud Pulse from silver.prices@1.|What it's called");
    let indexes =
        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'i' AND relname LIKE 't\\_%'";
    assert_eq!(database.sql(indexes), "t_pkey t_word_idx");

    database.sql(
        "CREATE ROLE view_reader; GRANT SELECT ON t TO view_reader WITH GRANT OPTION; GRANT UPDATE (word) ON t TO view_reader;
         CREATE VIEW v AS SELECT word FROM t; GRANT SELECT ON v TO view_reader; CREATE VIEW w AS SELECT * FROM v;
         COMMENT ON VIEW v IS 'words'; CREATE INDEX upper ON t (upper(word)) WHERE word IS NOT NULL",
    );
    let sync = sync.next(some(&[7, 8, 9], &["x", "y", "z"]));
    assert!(sync.preflight().findings.iter().any(|finding| finding.text.contains("public.v, public.w")));
    sync.done();
    assert_eq!(table(&database), "7|x\n8|y\n9|z");
    assert_eq!(database.sql("SELECT string_agg(word, '') FROM w"), "xyz");
    let rights = "SELECT string_agg(privilege_type || is_grantable, ' ') FROM information_schema.role_table_grants
                  WHERE grantee = 'view_reader'";
    assert_eq!(database.sql(rights), "SELECTYES SELECTNO");
    assert_eq!(
        database
            .sql("SELECT has_column_privilege('view_reader', 't', 'word', 'UPDATE'), obj_description('v'::regclass)"),
        "t|words"
    );
    assert_eq!(
        database.sql(&indexes.replace("'t\\_%'", "ANY('{t_pkey,t_word_idx,upper}')").replace("LIKE", "=")),
        "t_pkey t_word_idx upper"
    );
    assert_eq!(left(&database), "");
    database.sql("DROP VIEW w, v; REVOKE ALL ON t FROM view_reader; DROP ROLE view_reader");
}

#[test]
fn what_cannot_be_kept_stops_a_swap_and_stays_in_a_refill() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE TABLE t (id bigint PRIMARY KEY, word text DEFAULT 'none' CHECK (word <> 'bad'));
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TRIGGER watch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
         CREATE MATERIALIZED VIEW m AS SELECT * FROM t; INSERT INTO t VALUES (5, 'old')",
    );
    let sync = Sync::to(&database, SyncMode::Replace, some(&[1, 2], &["a", "b"]));
    let stops = sync.stops().join(" ");
    for part in ["the trigger watch", "the check t_word_check", "the default of word", "the materialized view m"] {
        assert!(stops.contains(part), "{part}: {stops}");
    }
    assert!(sync.write().is_err(), "the server does not drop it either");
    assert_eq!(table(&database), "5|old");
    let sync = sync.next(some(&[1, 2, 3], &["a", "bad", "c"])).option("replace_by", json!("refill"));
    let written = sync.done();
    assert_eq!((written.rows, table(&database).as_str()), (2, "1|a\n3|c"));
    let rejected = sync.journal.rejected();
    assert!(rejected[0].0 == (1..2) && rejected[0].1.contains("t_word_check"), "{rejected:?}");
    assert_eq!(left(&database), "");
}

#[test]
fn append_upsert_and_mirror_change_what_is_there() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let sync = Sync::to(&database, SyncMode::Append, some(&[1, 2], &["a", "b"]));
    sync.done();
    let sync = sync.next(some(&[2, 3], &["B", "C"]));
    sync.done();
    assert_eq!(database.sql("SELECT * FROM t ORDER BY id, word COLLATE \"C\""), "1|a\n2|B\n2|b\n3|C");
    sync.write().expect("written again, nothing is sent twice");
    assert_eq!(database.sql("SELECT count(*) FROM t"), "4");

    for unique in [true, false] {
        database
            .sql("DROP TABLE t, cloud_pulse_syncs; CREATE TABLE t (word varchar(9), id int, more text DEFAULT 'kept')");
        if unique {
            database.sql("CREATE UNIQUE INDEX ON t (id)");
        }
        database.sql("INSERT INTO t VALUES ('a', 1), ('b', 2), ('d', 4)");
        let sync = Sync::to(&database, SyncMode::Upsert, some(&[2, 3], &["B", "C"])).key(&["id"]);
        let found = sync.preflight();
        assert_eq!(found.findings.iter().any(|finding| finding.text.contains("no unique index")), !unique, "{found:?}");
        sync.done();
        assert_eq!(database.sql("SELECT * FROM t ORDER BY id"), "a|1|kept\nB|2|kept\nC|3|kept\nd|4|kept");
        let mut sync = sync.next(some(&[1, 3], &["A", "C"]));
        sync.outgoing.mode = SyncMode::Mirror;
        assert_eq!(sync.done().deleted, 2);
        assert_eq!(database.sql("SELECT * FROM t ORDER BY id"), "A|1|kept\nC|3|kept");
    }
    assert_eq!(left(&database), "");
}

#[test]
fn changes_are_put_and_deleted_and_a_gap_is_noticed() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let sync = Sync::to(&database, SyncMode::Incremental, some(&[1, 2, 3], &["a", "b", "c"])).key(&["id"]);
    let first = sync.done();
    let mut sync = sync.next(some(&[3, 4], &["C", "D"])).deleting(df!("id" => [1i64, 99]).unwrap());
    sync.outgoing.last_seen = Some(first.seen);
    let second = sync.done();
    assert_eq!((second.rows, second.deleted), (2, 1));
    assert_eq!(table(&database), "2|b\n3|C\n4|D");

    database.sql("UPDATE t SET word = 'mine' WHERE id = 2; INSERT INTO t VALUES (9, 'new')");
    let mut sync = sync.next(some(&[5], &["e"])).deleting(df!("id" => [4i64]).unwrap());
    sync.outgoing.last_seen = Some(second.seen);
    let notes: Vec<_> = sync.preflight().findings.into_iter().map(|finding| finding.text).collect();
    assert!(notes[0].contains("it had 3 rows and has 4 now, of which 2 were added or changed"), "{notes:?}");
    // The database comes back from a backup in which the second sync never was.
    database.sql("UPDATE cloud_pulse_syncs SET run = 'run-1', sequence = 1");
    assert!(sync.stops()[0].contains("does not hold what the last sync left"));
    assert!(sync.write().is_err());
    // A run that is older than what is there changes nothing.
    database.sql("UPDATE cloud_pulse_syncs SET run = 'run-9', sequence = 9");
    sync.outgoing.deleted = None;
    sync.outgoing.todo = Ranges::all(1);
    sync.write().unwrap();
    assert_eq!(sync.journal.rows(Fate::Superseded).count(), 1);
    assert_eq!(table(&database), "2|mine\n3|C\n4|D\n9|new");
}

#[test]
fn rows_that_do_not_fit_are_named_rejected_and_sent_after_a_fix() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql("CREATE TYPE mood AS ENUM ('good', 'bad');
                  CREATE TABLE t (id smallint PRIMARY KEY, word varchar(3), price numeric(4,1), mood mood, must text NOT NULL)");
    let frame = df!(
        "id" => [1i64, 2, 3, 4, 5, 6, 70_000],
        "word" => ["a", "long", "c", "d", "e", "f\0", "g"],
        "price" => [Some(1.5), Some(1.5), Some(1.25), Some(1000.0), None, Some(-999.9), Some(1.0)],
        "mood" => [Some("good"), Some("good"), Some("bad"), Some("bad"), None, Some("odd"), Some("good")],
        "must" => [Some("x"), Some("x"), Some("x"), Some("x"), None, Some("x"), Some("x")],
    )
    .unwrap();
    let frame = frame.lazy().with_column(col("price").cast(DataType::Decimal(10, 2))).collect().unwrap();
    let mut sync = Sync::to(&database, SyncMode::Upsert, frame.clone()).key(&["id"]);
    let found = sync.preflight();
    let rejects: Vec<_> = found.findings.iter().filter(|finding| finding.severity == Severity::Rejects).collect();
    let named: Vec<_> =
        rejects.iter().map(|finding| (finding.column.as_str(), finding.rows, finding.examples[0].0)).collect();
    assert_eq!(
        named,
        [
            ("id", 1, 6),
            ("word", 1, 5),
            ("word", 1, 1),
            ("price", 1, 2),
            ("price", 1, 3),
            ("mood", 1, 5),
            ("must", 1, 4)
        ]
    );
    assert_eq!(sync.write().unwrap().rows, 1);
    let rejected = sync.journal.rejected();
    assert_eq!(rejected.len(), 6, "{rejected:?}");
    assert!(sync.journal.receipts().iter().any(|receipt| receipt.row.starts_with("{\"id\":2,\"word\":\"long\"")));
    // The table is made wider, and the rows are tried again.
    database.sql("ALTER TABLE t ALTER id TYPE int, ALTER word TYPE text, ALTER price TYPE numeric, ALTER must DROP NOT NULL; ALTER TYPE mood ADD VALUE 'odd'");
    sync.outgoing.todo = sync.journal.rows(Fate::Rejected);
    assert_eq!(sync.write().unwrap().rows, 5);
    assert_eq!(sync.journal.rows(Fate::Rejected).count(), 1, "a NUL character never fits");
    assert_eq!(database.sql("SELECT string_agg(id::text, ' ' ORDER BY id) FROM t"), "1 2 3 4 5 70000");
    let verification = sync.verify(&Written::default());
    assert!(verification.matched(), "{verification:?}");
}

#[test]
fn a_mirror_keeps_the_older_state_of_a_row_that_is_refused() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql(
        "CREATE TABLE p (id bigint PRIMARY KEY); INSERT INTO p VALUES (1), (2);
                  CREATE TABLE t (id bigint PRIMARY KEY, word text, p bigint REFERENCES p);
                  INSERT INTO t VALUES (1, 'old', 1), (2, 'old', 1), (3, 'gone', 1)",
    );
    let frame = df!("id" => [1i64, 2, 4, 5], "word" => ["bad\0", "B", "D", "E"], "p" => [1i64, 99, 2, 2]).unwrap();
    let sync = Sync::to(&database, SyncMode::Mirror, frame).key(&["id"]);
    sync.write().unwrap();
    assert_eq!(table(&database), "1|old|1\n2|old|1\n4|D|2\n5|E|2");
    let rejected = sync.journal.rejected();
    assert!(rejected[1].1.contains("t_p_fkey") && rejected[1].1.contains("(p)=(99)"), "{rejected:?}");
}

#[test]
fn the_comparison_names_the_keys_that_differ() {
    if skipped() {
        return;
    }
    let database = Database::new();
    let frame = df!("id" => [1i64, 2, 3], "word" => ["a", "b", "c"], "f" => [1e-7, 0.1, 1e300]).unwrap();
    for mode in [SyncMode::Mirror, SyncMode::Upsert] {
        database.sql("DROP TABLE IF EXISTS t, cloud_pulse_syncs");
        let sync = Sync::to(&database, mode, frame.clone()).key(&["id"]);
        sync.done();
        database.sql(
            "UPDATE t SET word = 'B' WHERE id = 2; DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (9, 'new', 0)",
        );
        let found = sync.verify(&Written::default());
        let mut expected = vec!["2 (differs)", "3 (missing there)"];
        if mode == SyncMode::Mirror {
            expected.push("9 (only there)");
        }
        assert_eq!(found.differing, expected, "{found:?}");
        assert!(!found.matched());
    }
}

#[test]
fn rows_that_are_tried_again_count_with_those_before() {
    if skipped() {
        return;
    }
    let database = Database::new();
    database.sql("CREATE TABLE t (id int UNIQUE, word text); INSERT INTO t VALUES (3, 'old')");
    let mut sync = Sync::to(&database, SyncMode::Append, some(&[1, 2, 3], &["a", "b", "c"]));
    sync.write().unwrap();
    assert!(sync.journal.rejected()[0].1.contains("(id)=(3)"));
    database.sql("DELETE FROM t WHERE id = 3");
    sync.outgoing.todo = sync.journal.rows(Fate::Rejected);
    assert_eq!(sync.write().unwrap().rows, 1);
    assert_eq!(table(&database), "1|a\n2|b\n3|c");
    let found = sync.verify(&Written::default());
    assert!(found.matched() && found.comparisons[0].here == "3", "{found:?}");
}
