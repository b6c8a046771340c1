//! The difference between a frame before and after a step, aligned by the hidden row number.

use std::sync::Arc;

use polars::prelude::*;
use pulse_core::Result;

use super::{ColumnStatus, PreviewColumn};
use crate::engine;
use crate::step::ROW;
use crate::text::{series_to_text, type_word};

/// Which rows and cells differ.
pub struct Difference {
    /// For each row after, its position before; nothing where the rows are the same in the same order.
    positions: Option<IdxCa>,
    /// The columns with changed cells, and which they are, in the order of the rows after.
    changed: Vec<(PlSmallStr, BooleanChunked)>,
    /// Whether the rows are others than before, so that there is nothing to compare.
    reshaped: bool,
}

impl Difference {
    /// No difference.
    pub fn none() -> Self {
        Self { positions: None, changed: Vec::new(), reshaped: false }
    }

    /// Compares two frames whose [`ROW`] is unique.
    pub fn new(before: &DataFrame, after: &DataFrame, reshaped: bool) -> Result<Self> {
        if reshaped {
            return Ok(Self { reshaped, ..Self::none() });
        }
        Self::compare(before, after).map_err(engine("compare the rows before and after"))
    }

    fn compare(before: &DataFrame, after: &DataFrame) -> PolarsResult<Self> {
        let positions = positions(before, after)?;
        let mut changed = Vec::new();
        for column in after.columns() {
            let Ok(old) = before.column(column.name()) else { continue };
            if column.name().as_str() == ROW || (positions.is_none() && same_memory(old, column)) {
                continue;
            }
            let old = match &positions {
                Some(positions) => old.take(positions)?,
                None => old.clone(),
            };
            let cells = changed_cells(old.as_materialized_series(), column.as_materialized_series())?;
            if cells.any() {
                changed.push((column.name().clone(), cells));
            }
        }
        Ok(Self { positions, changed, reshaped: false })
    }

    /// How many cells differ.
    pub fn cells_changed(&self) -> u64 {
        self.changed.iter().map(|(_, cells)| u64::from(cells.sum().unwrap_or_default())).sum()
    }

    /// The columns and the frame of a preview.
    pub fn show(&self, before: &DataFrame, after: &DataFrame) -> Result<(Vec<PreviewColumn>, DataFrame)> {
        let columns = self.columns(before, after);
        let frame = self.frame(&columns, before, after).map_err(engine("show the preview"))?;
        Ok((columns, frame))
    }

    /// The columns after, with the removed ones where they were.
    fn columns(&self, before: &DataFrame, after: &DataFrame) -> Vec<PreviewColumn> {
        let column = |name: &PlSmallStr, dtype: &DataType, status| PreviewColumn {
            name: name.to_string(),
            type_word: type_word(dtype),
            status,
        };
        let visible = after.schema().iter().filter(|(name, _)| name.as_str() != ROW);
        let mut columns: Vec<PreviewColumn> = visible
            .map(|(name, dtype)| {
                let changed = self.changed.iter().any(|(changed, _)| changed == name);
                let status = match before.schema().get(name) {
                    None => ColumnStatus::Added,
                    Some(old) if old != dtype || changed => ColumnStatus::Changed,
                    Some(_) => ColumnStatus::Kept,
                };
                column(name, dtype, status)
            })
            .collect();
        if self.reshaped {
            return columns;
        }
        let mut place = 0;
        for (name, dtype) in before.schema().iter().filter(|(name, _)| name.as_str() != ROW) {
            match columns.iter().position(|column| column.name == name.as_str()) {
                Some(found) => place = found + 1,
                None => {
                    columns.insert(place, column(name, dtype, ColumnStatus::Removed));
                    place += 1;
                }
            }
        }
        columns
    }

    fn frame(&self, columns: &[PreviewColumn], before: &DataFrame, after: &DataFrame) -> PolarsResult<DataFrame> {
        let rows = Rows::new(self.positions.as_ref(), before.height(), after.height());
        let mut shown = Vec::with_capacity(columns.len() + 2 * self.changed.len() + 1);
        for column in columns {
            shown.push(rows.cells(column, before, after)?);
        }
        for (name, cells) in &self.changed {
            let cells = rows.after.as_ref().map_or_else(|| Ok(cells.clone()), |after| cells.take(after))?;
            // A removed row has no cells that changed.
            let cells = cells.fill_null_with_values(false)?;
            shown.push(cells.with_name(format!("__changed:{name}").into()).into_column());
            let old = series_to_text(before.column(name)?.as_materialized_series())?;
            let old = rows.before.as_ref().map_or_else(|| Ok(old.clone()), |before| old.take(before))?;
            shown.push(old.with_name(format!("__old:{name}").into()).into_column());
        }
        let height = rows.marks.len();
        shown.push(StringChunked::from_iter_values("__mark".into(), rows.marks.into_iter()).into_column());
        DataFrame::new(height, shown)
    }
}

/// The rows of a preview: those after, with the removed ones behind the row they stood behind.
struct Rows {
    /// For each shown row its position after, missing for a removed row; nothing where all rows after are shown alone.
    after: Option<IdxCa>,
    /// For each shown row its position before; nothing where they are the same.
    before: Option<IdxCa>,
    marks: Vec<&'static str>,
}

impl Rows {
    fn new(positions: Option<&IdxCa>, height_before: usize, height_after: usize) -> Self {
        let Some(positions) = positions else {
            return Self { after: None, before: None, marks: vec![""; height_after] };
        };
        let mut stays = vec![false; height_before];
        for position in positions.iter().flatten() {
            stays[position as usize] = true;
        }
        let (mut after, mut before) = (Vec::with_capacity(height_before), Vec::with_capacity(height_before));
        let push_removed = |from: usize, after: &mut Vec<Option<IdxSize>>, before: &mut Vec<Option<IdxSize>>| {
            for (row, _) in stays.iter().enumerate().skip(from).take_while(|(_, stays)| !**stays) {
                after.push(None);
                before.push(Some(row as IdxSize));
            }
        };
        push_removed(0, &mut after, &mut before);
        for (row, position) in positions.iter().enumerate() {
            after.push(Some(row as IdxSize));
            before.push(position);
            if let Some(position) = position {
                push_removed(position as usize + 1, &mut after, &mut before);
            }
        }
        let marks = after.iter().zip(&before).map(|pair| match pair {
            (None, _) => "removed",
            (_, None) => "added",
            _ => "",
        });
        let marks = marks.collect();
        let index = |rows: Vec<Option<IdxSize>>| IdxCa::from_iter_options(PlSmallStr::EMPTY, rows.into_iter());
        Self { after: Some(index(after)), before: Some(index(before)), marks }
    }

    /// The texts of a column: of a removed column or row what they were, otherwise what they are.
    fn cells(&self, column: &PreviewColumn, before: &DataFrame, after: &DataFrame) -> PolarsResult<Column> {
        let text = |df: &DataFrame| series_to_text(df.column(&column.name)?.as_materialized_series());
        let take = |texts: Series, rows: &Option<IdxCa>| {
            rows.as_ref().map_or_else(|| Ok(texts.clone()), |rows| texts.take(rows))
        };
        if column.status == ColumnStatus::Removed {
            return Ok(take(text(before)?, &self.before)?.into_column());
        }
        let now = take(text(after)?, &self.after)?;
        let any_removed = self.after.as_ref().is_some_and(|after| after.null_count() > 0);
        if !any_removed || column.status == ColumnStatus::Added {
            return Ok(now.into_column());
        }
        let was = take(text(before)?, &self.before)?;
        let present = self.after.as_ref().map(ChunkedArray::is_not_null).unwrap_or_default();
        Ok(now.zip_with(&present, &was)?.into_column())
    }
}

/// For each row after its position before; nothing where the rows are the same in the same order.
fn positions(before: &DataFrame, after: &DataFrame) -> PolarsResult<Option<IdxCa>> {
    let (old, new) = (before.column(ROW)?.u64()?, after.column(ROW)?.u64()?);
    if old.len() == new.len() && old.iter().eq(new.iter()) {
        return Ok(None);
    }
    let size = old.max().map_or(0, |last| last as usize + 1);
    let mut places: Vec<Option<IdxSize>> = vec![None; size];
    for (place, row) in old.iter().enumerate() {
        if let Some(row) = row {
            places[row as usize] = Some(place as IdxSize);
        }
    }
    let found = new.iter().map(|row| places.get(row? as usize).copied().flatten());
    Ok(Some(IdxCa::from_iter_options(PlSmallStr::EMPTY, found)))
}

/// Which cells show another text than before.
fn changed_cells(old: &Series, new: &Series) -> PolarsResult<BooleanChunked> {
    if old.dtype() == new.dtype() && !new.dtype().is_nested() {
        return old.not_equal_missing(new);
    }
    series_to_text(old)?.not_equal_missing(&series_to_text(new)?)
}

/// Whether two columns share their values, as a column does that a step did not touch.
fn same_memory(a: &Column, b: &Column) -> bool {
    let (a, b) = (a.as_materialized_series(), b.as_materialized_series());
    std::ptr::eq(Arc::as_ptr(&a.0).cast::<()>(), Arc::as_ptr(&b.0).cast::<()>())
}
