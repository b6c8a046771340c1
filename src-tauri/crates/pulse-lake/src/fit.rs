//! How rows meet the columns of a table: what fits as it is, what is widened without loss, and what cannot be.

use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, PlSmallStr, Schema, lit};
use pulse_core::{Error, Result, TableName};

use crate::state::State;
use crate::text::{has_text, text};
use crate::types::{Columns, column, conversions, name_of, type_text, widens};
use crate::{Lake, files, merge};

/// What happens to one column of a table when rows are added or merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnChange {
    /// The column's name.
    pub column: String,
    /// What happens.
    pub kind: ColumnKind,
}

/// What happens to a column. Types are Delta types, as in [`crate::Field`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// The rows have it and the table does not; it is null in older rows.
    New {
        /// Its type.
        r#type: String,
    },
    /// The table has it and the rows do not; it is null in new rows.
    Gone {
        /// Its type.
        r#type: String,
    },
    /// The rows have it in another type, which the table's type does not hold as it is.
    Type {
        /// The table's type now.
        from: String,
        /// The type of the rows.
        came: String,
        /// The type that holds both without loss, which the column gets ([`crate::Write::widen`]); the same as `from`
        /// where only the rows are converted. Nothing if there is none: then the write fails.
        to: Option<String>,
        /// Whether `to` is there, so that no value is lost.
        lossless: bool,
        /// Whether the values become text.
        to_text: bool,
    },
}

/// Which of two meeting sides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The rows in the table.
    Stored,
    /// The rows that come.
    Came,
}

/// How rows and a table meet.
pub(crate) struct Fit {
    /// The table's columns afterwards.
    pub columns: Columns,
    /// The columns of the rows that come, in their own order, in the types the table will have.
    pub came: Vec<(PlSmallStr, Expr)>,
    /// The table's own columns in their new types; nothing if no type changes and the files can stay.
    pub stored: Option<Vec<Expr>>,
    /// What changes.
    pub changes: Vec<ColumnChange>,
}

impl Fit {
    /// How rows stored as `stored` become a table.
    pub fn new_table(stored: &Schema) -> Result<Self> {
        let came = stored.iter_names().map(|name| (name.clone(), column(name.clone()))).collect();
        Ok(Self { columns: Columns::of(stored)?, came, stored: None, changes: Vec::new() })
    }
}

impl Lake {
    /// What adding or merging rows of the columns `came` would do to the columns of `table`, with
    /// [`crate::Write::widen`]; nothing where they fit as they are or there is no table yet.
    ///
    /// Whether whole numbers that come are exact as floating point numbers is known only when they are written; if one
    /// is not, the column becomes text instead of the `double` announced here.
    pub fn compare(&self, table: &TableName, came: &Schema) -> Result<Vec<ColumnChange>> {
        let home = self.home(table);
        let Some(state) = State::load(&self.runtime, table, &home, None)? else { return Ok(Vec::new()) };
        let unreadable = |e| files::explain(&e, &home);
        let empty = || DataFrame::empty_with_schema(came).lazy();
        let stored = empty().select(conversions(came)?).collect_schema().map_err(unreadable)?;
        let exact = |side, name: &str| match side {
            Side::Stored => self.exact(table, &state, name),
            Side::Came => Ok(true),
        };
        changes(&state.columns, came, &stored, &exact)
    }

    /// Whether every whole number in a column of the table is exact as a floating point number.
    pub(crate) fn exact(&self, table: &TableName, state: &State, name: &str) -> Result<bool> {
        let frame = self.scan_files(table, &state.columns, &state.paths(&self.home(table)))?;
        exact(frame, name).map_err(|e| files::explain(&e, &self.home(table)))
    }
}

/// Whether every whole number in the column `name` of `frame` is exact as a floating point number.
pub(crate) fn exact(frame: polars::prelude::LazyFrame, name: &str) -> polars::prelude::PolarsResult<bool> {
    let back = column(name).cast(DataType::Float64).cast(DataType::Int64);
    let all = frame.select([back.eq_missing(column(name).cast(DataType::Int64)).all(false)]);
    let found = files::collected(all)?;
    Ok(found.columns()[0].bool()?.get(0).unwrap_or(true))
}

/// Fits rows of the columns `came`, stored as `stored`, to a table of the columns `kept`.
///
/// Fails where a type does not fit; without `widen`, already where the table's own type would have to change or values
/// would become text.
pub(crate) fn fit(
    kept: &Columns,
    came: &Schema,
    stored: &Schema,
    widen: bool,
    exact: &dyn Fn(Side, &str) -> Result<bool>,
) -> Result<Fit> {
    let table = kept.to_polars()?;
    check_names(stored, &table)?;
    let (mut columns, mut expressions, mut changed) = (kept.clone(), Vec::new(), false);
    let mut new_types = table.clone();
    let mut misfits = Vec::new();
    for (name, dtype) in stored.iter() {
        let Some(there) = table.get(name) else {
            columns.0.extend(Columns::of(&Schema::from_iter([(name.clone(), dtype.clone())]))?.0);
            expressions.push((name.clone(), column(name.clone())));
            continue;
        };
        if came.get(name).is_some_and(DataType::is_null) {
            expressions.push((name.clone(), column(name.clone()).cast(there.clone())));
            continue;
        }
        let easy = widens(dtype, there).then(|| there.clone());
        let target = match easy {
            None if widen => meet(there, dtype, name, exact)?,
            easy => easy,
        };
        match target {
            Some(target) => {
                expressions.push((name.clone(), cast(name, dtype, &target)));
                changed |= &target != there;
                new_types.insert(name.clone(), target);
            }
            None => misfits.push(format!("`{name}` is {dtype} and the table has {there}")),
        }
    }
    if !misfits.is_empty() {
        return Err(Error::invalid(format!("The rows do not fit the table: {}.", misfits.join("; ")))
            .hint("Give the columns the table's types first, or replace the table.")
            .field("columns"));
    }
    if changed {
        let wider = Columns::of(&new_types)?;
        for (field, new) in columns.0.iter_mut().zip(wider.0) {
            field["type"] = new["type"].clone();
        }
    }
    let own = || table.iter().zip(new_types.iter_values()).map(|((name, from), to)| cast(name, from, to)).collect();
    let exact_came = |_: Side, _: &str| Ok(true);
    Ok(Fit {
        columns,
        came: expressions,
        stored: changed.then(own),
        changes: changes(kept, came, stored, if widen { exact } else { &exact_came })?,
    })
}

/// What `fit` with widening does to the columns.
fn changes(
    kept: &Columns,
    came: &Schema,
    stored: &Schema,
    exact: &dyn Fn(Side, &str) -> Result<bool>,
) -> Result<Vec<ColumnChange>> {
    let table = kept.to_polars()?;
    let mut changes = Vec::new();
    let written = |name: &str, dtype: &DataType| -> Result<String> {
        let columns = Columns::of(&Schema::from_iter([(name.into(), dtype.clone())]))?;
        Ok(type_text(&columns.0[0]["type"]))
    };
    for (field, there) in kept.0.iter().zip(table.iter_values()) {
        let (name, from) = (name_of(field), type_text(&field["type"]));
        let kind = match stored.get(name) {
            None if merge::SERVICE.contains(&name) => continue,
            None => ColumnKind::Gone { r#type: from },
            Some(dtype) if widens(dtype, there) || came.get(name).is_some_and(DataType::is_null) => continue,
            Some(dtype) => {
                let target = meet(there, dtype, name, exact)?;
                let to = target.as_ref().map(|target| written(name, target)).transpose()?;
                let to_text = target.is_some_and(|target| target.is_string());
                ColumnKind::Type { from, came: written(name, dtype)?, lossless: to.is_some(), to, to_text }
            }
        };
        changes.push(ColumnChange { column: name.to_owned(), kind });
    }
    for (name, dtype) in stored.iter().filter(|(name, _)| !table.contains(name)) {
        let kind = ColumnKind::New { r#type: written(name, dtype)? };
        changes.push(ColumnChange { column: name.to_string(), kind });
    }
    Ok(changes)
}

fn check_names(came: &Schema, table: &Schema) -> Result<()> {
    if !came.iter_names().any(|name| table.contains(name)) {
        return Err(Error::invalid("The rows have no column in common with the table.")
            .hint("Rename the columns to those of the table, or write a new table."));
    }
    for name in came.iter_names().filter(|name| !table.contains(name)) {
        if let Some(other) = table.iter_names().find(|known| known.to_lowercase() == name.to_lowercase()) {
            return Err(Error::invalid(format!("The rows have a column `{name}` and the table has `{other}`."))
                .hint("Give the column the table's spelling.")
                .field("columns"));
        }
    }
    Ok(())
}

/// The narrowest type that holds every value of both without loss: text where there is no other, nothing where not even
/// that will do.
fn meet(
    there: &DataType,
    came: &DataType,
    name: &str,
    exact: &dyn Fn(Side, &str) -> Result<bool>,
) -> Result<Option<DataType>> {
    use DataType as T;
    if widens(came, there) {
        return Ok(Some(there.clone()));
    }
    if widens(there, came) {
        return Ok(Some(came.clone()));
    }
    if let (Some((p, s)), Some((q, t))) = (digits(there), digits(came)) {
        let (whole, scale) = ((p - s).max(q - t), s.max(t));
        if whole + scale <= 38 {
            return Ok(Some(T::Decimal(whole + scale, scale)));
        }
    }
    let sides = [(Side::Stored, there, came), (Side::Came, came, there)];
    for (side, _, _) in sides.into_iter().filter(|(_, whole, float)| whole.is_integer() && float.is_float()) {
        if exact(side, name)? {
            return Ok(Some(T::Float64));
        }
    }
    Ok((has_text(there) && has_text(came)).then_some(T::String))
}

/// Precision and scale of the decimal that holds every value of an exact number type.
fn digits(dtype: &DataType) -> Option<(usize, usize)> {
    match dtype {
        DataType::Int8 => Some((3, 0)),
        DataType::Int16 => Some((5, 0)),
        DataType::Int32 => Some((10, 0)),
        DataType::Int64 => Some((19, 0)),
        DataType::Decimal(precision, scale) => Some((*precision, *scale)),
        _ => None,
    }
}

fn cast(name: &str, from: &DataType, to: &DataType) -> Expr {
    match (from, to) {
        (from, to) if from == to => column(name),
        (from, DataType::String) => text(name, from),
        _ => column(name).strict_cast(to.clone()),
    }
}

/// The columns of `fit` for rows that are added: the table's order, null where the rows have no such column.
pub(crate) fn in_table_order(fit: &Fit) -> Result<Vec<Expr>> {
    let target = fit.columns.to_polars()?;
    let own = |name: &str| fit.came.iter().find(|(known, _)| known == name).map(|(_, expression)| expression.clone());
    let missing =
        |name: &PlSmallStr, dtype: &DataType| lit(polars::prelude::NULL).cast(dtype.clone()).alias(name.clone());
    Ok(target.iter().map(|(name, dtype)| own(name).unwrap_or_else(|| missing(name, dtype))).collect())
}
