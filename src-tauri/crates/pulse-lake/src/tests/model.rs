//! Any sequence of merges gives what a plain list of rows gives that is merged row by row.

use std::collections::BTreeMap;

use polars::prelude::*;
use pulse_core::Progress;

use super::{lake, name, read, write};
use crate::{Changes, Deleted, Deletes, Merge, Mode, Write};

/// A row: column and value as text.
type Row = BTreeMap<String, Option<String>>;

/// Numbers from a seed (splitmix64), so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }

    fn maybe(&mut self, value: String) -> Option<String> {
        (self.roll(4) > 0).then_some(value)
    }
}

const COLUMNS: [(&str, DataType); 6] = [
    ("k", DataType::Int64),
    ("v", DataType::Int64),
    ("f", DataType::Float64),
    ("t", DataType::Int64),
    ("gone", DataType::Boolean),
    ("extra", DataType::String),
];

fn batch(dice: &mut Dice) -> (Vec<&'static str>, Vec<Row>) {
    let optional = |dice: &mut Dice, name: &str| !matches!(name, "v" | "f" | "extra") || dice.roll(4) > 0;
    let columns: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).filter(|name| optional(dice, name)).collect();
    let row = |dice: &mut Dice| {
        let value = |dice: &mut Dice, name: &str| match name {
            "k" => Some(dice.roll(7).to_string()),
            "f" => {
                let float = ["NaN", "1.5", "2.5"][dice.roll(3) as usize];
                dice.maybe(float.into())
            }
            "gone" => {
                let gone = (dice.roll(4) == 0).to_string();
                dice.maybe(gone)
            }
            _ => {
                let small = dice.roll(3).to_string();
                dice.maybe(small)
            }
        };
        columns.iter().map(|name| ((*name).to_owned(), value(dice, name))).collect()
    };
    let rows = (0..dice.roll(7)).map(|_| row(dice)).collect();
    (columns, rows)
}

fn frame(columns: &[&str], rows: &[Row]) -> LazyFrame {
    let texts = columns.iter().map(|name| {
        Column::new((*name).into(), rows.iter().map(|row| row[*name].clone()).collect::<Vec<Option<String>>>())
    });
    let frame = DataFrame::new(rows.len(), texts.collect()).expect("a frame").lazy();
    let typed = columns.iter().map(|name| {
        let dtype = COLUMNS.iter().find(|(known, _)| known == name).expect("known").1.clone();
        if dtype.is_bool() { col(*name).eq(lit("true")) } else { col(*name).strict_cast(dtype) }
    });
    frame.select(typed.collect::<Vec<_>>())
}

fn number(value: &Option<String>) -> Option<i64> {
    value.as_ref().map(|text| text.parse().expect("a number"))
}

/// The naive merge.
fn merge(table: &mut Vec<Row>, known: &mut Vec<String>, columns: &[&str], rows: &[Row], how: &Merge) -> Changes {
    let mut changes = Changes::default();
    for column in columns {
        if !known.iter().any(|known| known == column) {
            known.push((*column).to_owned());
        }
    }
    let mut winners: Vec<(usize, &Row)> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match winners.iter_mut().find(|(_, other)| other["k"] == row["k"]) {
            None => winners.push((at, row)),
            Some(winner) => {
                changes.superseded += 1;
                if how.newest_by.is_none() || number(&row["t"]) >= number(&winner.1["t"]) {
                    *winner = (at, row);
                }
            }
        }
    }
    winners.sort_by_key(|(at, _)| *at);
    let at = Some(how.at_ms.to_string());
    let current = |row: &Row| !how.history || row["_current"].as_deref() == Some("true");
    let close = |row: &mut Row| {
        row.insert("_valid_to".into(), at.clone());
        row.insert("_current".into(), Some("false".into()));
    };
    let before = table.len();
    let mut met = vec![false; before];
    let mut removed = vec![false; before];
    for (_, row) in winners {
        let deletes = how.deletes != Deletes::Keep && how.deleted.is_some() && row["gone"].as_deref() == Some("true");
        let place = table[..before].iter().position(|old| old["k"] == row["k"] && current(old));
        let Some(place) = place else {
            if deletes {
                changes.unchanged += 1;
            } else {
                changes.added += 1;
                let mut new = row.clone();
                if how.history {
                    new.insert("_valid_from".into(), at.clone());
                    new.insert("_valid_to".into(), None);
                    new.insert("_current".into(), Some("true".into()));
                }
                table.push(new);
            }
            continue;
        };
        met[place] = true;
        let old = table[place].clone();
        let marked =
            how.deletes == Deletes::Mark && !how.history && old.get("_deleted_at").is_some_and(Option::is_some);
        let value = |row: &Row, column: &str| row.get(column).cloned().flatten();
        if how.newest_by.is_some() && number(&value(&old, "t")) > number(&row["t"]) {
            changes.superseded += 1;
        } else if deletes && marked {
            changes.unchanged += 1;
        } else if deletes {
            changes.deleted += 1;
            match (how.history, how.deletes) {
                (true, _) => close(&mut table[place]),
                (_, Deletes::Remove) => removed[place] = true,
                _ => {
                    table[place].insert("_deleted_at".into(), at.clone());
                    if how.newest_by.is_some() {
                        table[place].insert("t".into(), row["t"].clone());
                    }
                }
            }
        } else if marked || columns.iter().any(|column| value(&old, column) != row[*column]) {
            changes.changed += 1;
            let mut new = old;
            new.extend(row.clone());
            new.remove("_deleted_at");
            if how.history {
                close(&mut table[place]);
                new.insert("_valid_from".into(), at.clone());
                table.push(new);
            } else {
                table[place] = new;
            }
        } else {
            changes.unchanged += 1;
        }
    }
    if how.snapshot && how.deletes != Deletes::Keep {
        for place in (0..before).filter(|place| !met[*place]) {
            let gone = table[place].get("_deleted_at").is_some_and(Option::is_some);
            if !current(&table[place]) || (how.deletes == Deletes::Mark && !how.history && gone) {
                continue;
            }
            changes.deleted += 1;
            match (how.history, how.deletes) {
                (true, _) => close(&mut table[place]),
                (_, Deletes::Remove) => removed[place] = true,
                _ => _ = table[place].insert("_deleted_at".into(), at.clone()),
            }
        }
    }
    let mut place = 0;
    table.retain(|_| {
        place += 1;
        !removed.get(place - 1).copied().unwrap_or(false)
    });
    changes
}

/// The table as rows of text, times in milliseconds.
fn rows_of(frame: &DataFrame) -> Vec<Row> {
    let texts = frame.clone().lazy().with_columns([dtype_col(&DataType::Datetime(
        TimeUnit::Microseconds,
        Some(TimeZone::UTC),
    ))
    .as_selector()
    .as_expr()
    .dt()
    .timestamp(TimeUnit::Milliseconds)]);
    let texts = texts.select([all().as_expr().cast(DataType::String)]).collect().expect("texts");
    (0..texts.height())
        .map(|row| {
            let value = |column: &Column| column.str().expect("text").get(row).map(str::to_owned);
            texts.columns().iter().map(|column| (column.name().to_string(), value(column))).collect()
        })
        .collect()
}

/// The same rows with every column there and times as text.
fn filled(table: &[Row], columns: &[String]) -> Vec<Row> {
    let fill = |row: &Row| columns.iter().map(|name| (name.clone(), row.get(name).cloned().flatten())).collect();
    table.iter().map(fill).collect()
}

#[test]
fn any_sequence_of_merges_equals_merging_row_by_row() {
    let cases = std::env::var("PULSE_MERGE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    for seed in 0..cases {
        let mut dice = Dice(seed);
        let (_folder, lake) = lake();
        let table = name("bronze.m");
        let mut how = Merge {
            key: vec!["k".into()],
            newest_by: (dice.roll(2) == 0).then(|| "t".into()),
            deletes: [Deletes::Keep, Deletes::Remove, Deletes::Mark][dice.roll(3) as usize],
            snapshot: false,
            deleted: (dice.roll(2) == 0).then(|| Deleted { column: "gone".into(), value: None }),
            history: dice.roll(2) == 0,
            at_ms: 1_000,
        };
        let (mut expected, mut known): (Vec<Row>, Vec<String>) = (Vec::new(), Vec::new());
        for round in 0..6 {
            let (columns, rows) = batch(&mut dice);
            how.snapshot = dice.roll(2) == 0;
            how.at_ms += 1 + i64::try_from(dice.roll(5)).expect("small");
            let what = format!("seed {seed}, round {round}: {how:?} of {rows:?} into {expected:?}");
            let changes = merge(&mut expected, &mut known, &columns, &rows, &how);
            let go = || {
                let write = Write {
                    rows: frame(&columns, &rows).into(),
                    ..write(DataFrame::empty(), Mode::Merge(how.clone()))
                };
                lake.write(&table, write, &Progress::new()).unwrap_or_else(|e| panic!("{what}: {e}"))
            };
            let done = go();
            assert_eq!(done.changes, changes, "{what}");
            let found = read(&lake, "bronze.m", None).expect("readable");
            let mut all: Vec<String> = known.clone();
            all.extend(how.service().iter().map(|(name, _)| (*name).to_owned()));
            let mut names: Vec<String> = found.get_column_names().iter().map(|name| name.to_string()).collect();
            names.sort();
            all.sort();
            assert_eq!(names, all, "{what}");
            assert_eq!(rows_of(&found), filled(&expected, &all), "{what}");
            let again = go();
            let nothing = (again.changes.added, again.changes.changed, again.changes.deleted);
            assert_eq!((nothing, again.changed_anything), ((0, 0, 0), false), "{what}: again");
            assert_eq!(again.version, done.version, "{what}: again");
            assert!(lake.verify(&table).expect("verified").is_empty(), "{what}");
        }
    }
}
