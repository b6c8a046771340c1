//! From the staging table into the table that is there.

use std::ops::Range;

use pulse_core::Result;

use super::super::sql;
use super::link::{Failure, Link};
use super::plan::Plan;
use super::shape::{Column, Table};
use super::stage::Stage;
use crate::destination::SyncMode;
use crate::outgoing::Ranges;

/// What is being done, for errors: "Could not …".
const ATTEMPT: &str = "put the rows into the table";

/// Puts staged rows into a table.
pub(super) struct Merge<'a> {
    link: &'a Link<'a>,
    plan: &'a Plan<'a>,
    table: &'a Table,
    stage: &'a Stage,
    /// The names of the stage's own columns, as SQL has them.
    number: String,
    kind: String,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub deleted: u64,
    /// Rows that the server refused, and why.
    pub rejected: Vec<(u64, String)>,
}

impl<'a> Merge<'a> {
    pub fn new(link: &'a Link<'a>, plan: &'a Plan<'a>, table: &'a Table, stage: &'a Stage) -> Self {
        let (number, kind) = stage.own.clone().unwrap_or_default();
        Self { link, plan, table, stage, number: sql::name(&number), kind: sql::name(&kind) }
    }

    /// Does everything at once. Fails on the first row that the server refuses.
    pub fn whole(&self) -> Result<Merged, Failure> {
        let mut deleted = self.clear()?;
        let all = String::new();
        deleted += self.delete(&all)?;
        self.put(&all)?;
        Ok(Merged { deleted, rejected: Vec::new() })
    }

    /// The same for the rows `loaded`, in ever smaller parts where the server refuses some, until those are found.
    pub fn in_parts(&self, loaded: &Ranges) -> Result<Merged, Failure> {
        let mut merged = Merged { deleted: self.clear()?, rejected: Vec::new() };
        // Each part is looked up by the numbers of its rows.
        let index = format!("CREATE INDEX ON {} ({})", self.stage.table, self.number);
        self.link.run(&index, "find the rows that the server refuses")?;
        let puts = self.plan.outgoing.rows.count();
        for (window, is_put) in [(puts..self.plan.outgoing.total(), false), (0..puts, true)] {
            let mut parts: Vec<Range<u64>> = loaded.within(&window).collect();
            parts.reverse();
            while let Some(part) = parts.pop() {
                match self.part(&part, is_put) {
                    Ok(deleted) => merged.deleted += deleted,
                    Err(failure) if failure.is_about_rows() => {
                        // A savepoint that is only rolled back stays, and thousands of them fill the server's locks.
                        self.link.run("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part", ATTEMPT)?;
                        let middle = part.start + (part.end - part.start) / 2;
                        if part.end - part.start == 1 {
                            merged.rejected.push((part.start, failure.reason()));
                        } else {
                            parts.extend([middle..part.end, part.start..middle]);
                        }
                    }
                    Err(failure) => return Err(failure),
                }
            }
        }
        Ok(merged)
    }

    fn part(&self, part: &Range<u64>, is_put: bool) -> Result<u64, Failure> {
        self.link.run("SAVEPOINT part", ATTEMPT)?;
        let only = format!(" AND s.{0} >= {1} AND s.{0} < {2}", self.number, part.start, part.end);
        let deleted = if is_put { self.put(&only).map(|()| 0)? } else { self.delete(&only)? };
        self.link.run("RELEASE SAVEPOINT part", ATTEMPT)?;
        Ok(deleted)
    }

    /// Removes what the mode does not leave there; how many rows that were, where it is known.
    fn clear(&self) -> Result<u64, Failure> {
        if self.plan.again {
            return Ok(0);
        }
        let target = self.plan.target.quoted();
        if self.plan.outgoing.mode == SyncMode::Replace {
            // Rows that other tables refer to can only be deleted, and then those must refer to the new ones.
            let referred = "SELECT 1 FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confrelid = $1 LIMIT 1";
            let is_referred = !self.link.query(referred, &[&self.table.oid], ATTEMPT)?.is_empty();
            if self.table.truncate && !is_referred {
                self.link.count(&format!("TRUNCATE {target}"), "empty the table")?;
                return Ok(0);
            }
            self.link.run("SET CONSTRAINTS ALL DEFERRED", "empty the table")?;
            let deleted = self.link.count(&format!("DELETE FROM {target}"), "empty the table")?;
            return Ok(deleted);
        }
        if !self.plan.outgoing.mirrors() {
            return Ok(0);
        }
        let gone = format!(
            "DELETE FROM {target} t WHERE NOT EXISTS (SELECT 1 FROM {} s WHERE s.{} IN (0, 2) AND {})",
            self.stage.table,
            self.kind,
            self.same_key()
        );
        self.link.count(&gone, "delete the rows that are gone")
    }

    fn delete(&self, only: &str) -> Result<u64, Failure> {
        if self.plan.outgoing.deleted.is_none() {
            return Ok(0);
        }
        let gone = format!(
            "DELETE FROM {} t USING {} s WHERE s.{} = 1 AND {}{only}",
            self.plan.target.quoted(),
            self.stage.table,
            self.kind,
            self.same_key()
        );
        self.link.count(&gone, "delete the rows that are gone")
    }

    fn put(&self, only: &str) -> Result<(), Failure> {
        let keyed = self.plan.outgoing.mode.needs_key();
        let unique = self.table.is_unique_by(&self.plan.outgoing.key);
        if keyed && !unique {
            self.update(only)?;
        }
        self.insert(only, keyed, unique)
    }

    fn insert(&self, only: &str, keyed: bool, unique: bool) -> Result<(), Failure> {
        let names = self.plan.names();
        let values: Vec<_> = self.columns().map(|column| self.value(column)).collect();
        let system = if self.columns().any(|column| column.identity == "a") { " OVERRIDING SYSTEM VALUE" } else { "" };
        let (target, staged) = (self.plan.target.quoted(), &self.stage.table);
        let mut insert = format!(
            "INSERT INTO {target} AS t ({}){system} SELECT {} FROM {staged} s WHERE s.{} = 0{only}",
            names.join(", "),
            values.join(", "),
            self.kind
        );
        if keyed && unique {
            let key: Vec<_> = self.plan.outgoing.key.iter().map(|name| sql::name(name)).collect();
            insert.push_str(&format!(" ON CONFLICT ({}) DO ", key.join(", ")));
            let others: Vec<_> = names.iter().filter(|name| !key.contains(name)).collect();
            if others.is_empty() {
                insert.push_str("NOTHING");
            } else {
                let set: Vec<_> = others.iter().map(|name| format!("{name} = EXCLUDED.{name}")).collect();
                insert.push_str(&format!("UPDATE SET {} WHERE {}", set.join(", "), differs(&others, "EXCLUDED.")));
            }
        } else if keyed {
            insert.push_str(&format!(" AND NOT EXISTS (SELECT 1 FROM {target} t WHERE {})", self.same_key()));
        }
        self.link.count(&insert, ATTEMPT).map(drop)
    }

    /// Changes rows that are there, where no unique index makes the insert do it.
    fn update(&self, only: &str) -> Result<(), Failure> {
        let key = &self.plan.outgoing.key;
        let others: Vec<_> = self.columns().filter(|column| !key.contains(&column.name)).collect();
        if others.is_empty() {
            return Ok(());
        }
        let set: Vec<_> =
            others.iter().map(|column| format!("{} = {}", sql::name(&column.name), self.value(column))).collect();
        let old: Vec<_> = others.iter().map(|column| format!("t.{}", sql::name(&column.name))).collect();
        let new: Vec<_> = others.iter().map(|column| self.value(column)).collect();
        let update = format!(
            "UPDATE {} t SET {} FROM {} s WHERE s.{} = 0 AND {} AND ROW({})::record *<> ROW({})::record{only}",
            self.plan.target.quoted(),
            set.join(", "),
            self.stage.table,
            self.kind,
            self.same_key(),
            old.join(", "),
            new.join(", ")
        );
        self.link.count(&update, ATTEMPT).map(drop)
    }

    /// The columns at the target that are sent, in the order of what is sent.
    fn columns(&self) -> impl Iterator<Item = &Column> {
        self.plan.outgoing.columns.iter().filter_map(|column| self.table.column(&column.name))
    }

    /// A staged value as the target's type. Lengths and digits are left to the assignment, which cuts nothing off.
    fn value(&self, column: &Column) -> String {
        let name = sql::name(&column.name);
        if self.plan.natural().iter().any(|(own, word)| *own == column.name && *word == column.type_name) {
            return format!("s.{name}");
        }
        format!("s.{name}::{}", column.plain_type)
    }

    fn same_key(&self) -> String {
        let key = self.plan.outgoing.key.iter().filter_map(|name| self.table.column(name));
        let same: Vec<_> =
            key.map(|column| format!("t.{} = {}", sql::name(&column.name), self.value(column))).collect();
        same.join(" AND ")
    }
}

/// Whether any of these columns holds other bytes; it works for types that cannot be compared, such as json.
fn differs(names: &[&String], new: &str) -> String {
    let old: Vec<_> = names.iter().map(|name| format!("t.{name}")).collect();
    let new: Vec<_> = names.iter().map(|name| format!("{new}{name}")).collect();
    format!("ROW({})::record *<> ROW({})::record", old.join(", "), new.join(", "))
}
