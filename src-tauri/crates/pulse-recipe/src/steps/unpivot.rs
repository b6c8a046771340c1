use std::sync::Arc;

use polars::prelude::*;
use pulse_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::names::{self, col};
use crate::step::{About, Example, ROW, RowEffect, Step, StepInput, StepOutput, column_name};

/// Turns columns into rows: a table with one column for each year becomes one with a column for the year and one for
/// the value. Each row is followed by its own values in the order of the columns.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Unpivot {
    /// The columns to turn into rows; none means every column that is not kept.
    #[schemars(extend("x-widget" = "columns"))]
    columns: Vec<String>,
    /// The columns to keep beside each value; none means every column that is not turned.
    #[schemars(extend("x-widget" = "columns"))]
    keep: Vec<String>,
    /// The name of the column that will hold the names of the turned columns.
    #[schemars(extend("x-widget" = "new_column"))]
    name_column: String,
    /// The name of the column that will hold their values. Values of different types become text.
    #[schemars(extend("x-widget" = "new_column"))]
    value_column: String,
    /// Leave out rows without a value.
    drop_missing: bool,
}

impl Default for Unpivot {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            keep: Vec::new(),
            name_column: "name".to_owned(),
            value_column: "value".to_owned(),
            drop_missing: false,
        }
    }
}

impl Unpivot {
    /// The columns to turn and those to keep.
    fn columns(&self, input: &StepInput) -> Result<(Vec<String>, Vec<String>)> {
        if !self.columns.is_empty() {
            input.columns(&self.columns, "columns")?;
        }
        if !self.keep.is_empty() {
            input.columns(&self.keep, "keep")?;
        }
        let except = |chosen: &[String]| input.names().into_iter().filter(|name| !chosen.contains(name)).collect();
        let turned: Vec<String> = if self.columns.is_empty() { except(&self.keep) } else { self.columns.clone() };
        let kept: Vec<String> = if self.keep.is_empty() { except(&turned) } else { self.keep.clone() };
        if turned.is_empty() {
            return Err(Error::invalid("No column is left to turn into rows.")
                .hint("Choose the columns to turn.")
                .field("columns"));
        }
        if let Some(both) = turned.iter().find(|name| kept.contains(name)) {
            return Err(Error::invalid(format!("The column `{both}` is both kept and turned into rows."))
                .hint("Remove it from one of the two.")
                .field("keep"));
        }
        Ok((turned, kept))
    }

    fn check_names(&self, kept: &[String]) -> Result<()> {
        for (name, field) in [(&self.name_column, "name_column"), (&self.value_column, "value_column")] {
            column_name(name, field)?;
            if kept.contains(name) || (field == "value_column" && name == &self.name_column) {
                return Err(Error::invalid(format!("The result would have two columns called `{name}`."))
                    .hint("Choose another name.")
                    .field(field));
            }
        }
        Ok(())
    }
}

/// The batch with each row repeated for each of the `turned` columns, which must have one type.
fn unpivot(
    batch: &DataFrame,
    turned: &[String],
    kept: &[PlSmallStr],
    name: &str,
    value: &str,
) -> PolarsResult<DataFrame> {
    let (height, count) = (batch.height(), turned.len());
    let mut values = batch.column(&turned[0])?.clone().with_name(value.into());
    for column in &turned[1..] {
        values.append(batch.column(column)?)?;
    }
    let position = |row: usize, column: usize| (column * height + row) as IdxSize;
    let by_row: IdxCa = (0..height).flat_map(|row| (0..count).map(move |column| Some(position(row, column)))).collect();
    let repeat: IdxCa = (0..height).flat_map(|row| (0..count).map(move |_| Some(row as IdxSize))).collect();
    let names =
        StringChunked::from_iter_values(name.into(), (0..height).flat_map(|_| turned.iter().map(String::as_str)));
    let mut columns = Vec::with_capacity(kept.len() + 2);
    for column in kept {
        columns.push(batch.column(column)?.take(&repeat)?);
    }
    columns.push(names.into_column());
    columns.push(values.take(&by_row)?);
    DataFrame::new(height * count, columns)
}

impl Step for Unpivot {
    fn apply(&self, input: StepInput) -> Result<StepOutput> {
        let (turned, kept) = self.columns(&input)?;
        self.check_names(&kept)?;
        let types: Vec<&DataType> = turned.iter().filter_map(|name| input.schema.get(name)).collect();
        let mixed = types.windows(2).any(|pair| pair[0] != pair[1]);
        let dtype = if mixed { DataType::String } else { types[0].clone() };
        let frame = if mixed {
            let texts: Vec<Expr> = turned.iter().map(|name| input.text_of(name)).collect();
            input.frame.clone().with_columns(texts)
        } else {
            input.frame.clone()
        };
        let kept: Vec<PlSmallStr> =
            std::iter::once(ROW.into()).chain(kept.iter().map(|name| name.as_str().into())).collect();
        let mut schema: Schema = kept
            .iter()
            .map(|name| (name.clone(), input.schema.get(name).cloned().unwrap_or(DataType::UInt64)))
            .collect();
        schema.insert(self.name_column.as_str().into(), DataType::String);
        schema.insert(self.value_column.as_str().into(), dtype);
        let schema = Arc::new(schema);
        let (name, value) = (self.name_column.clone(), self.value_column.clone());
        let frame = frame.map(
            move |batch| unpivot(&batch, &turned, &kept, &name, &value),
            AllowedOptimizations::STREAMING,
            Some(Arc::new(move |_: &Schema| Ok(schema.clone()))),
            Some("unpivot"),
        );
        let frame = if self.drop_missing { frame.filter(col(self.value_column.as_str()).is_not_null()) } else { frame };
        Ok(StepOutput { frame, rejects: Vec::new(), rows: RowEffect::Reshape })
    }

    fn sentence(&self) -> String {
        let columns = names::list_or(&self.columns, "columns");
        format!("Turn {columns} into rows with {} and {}", self.name_column, self.value_column)
    }

    fn about() -> About {
        About {
            kind: "unpivot",
            title: "Columns to rows (unpivot)",
            group: "Tables",
            applies_to: &[],
            column_field: None,
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            Example {
                title: "Years as rows",
                config: json!({"keep": ["item"], "name_column": "year", "value_column": "price"}),
                before: json!({"item": ["rice", "maize"], "2023": [1, 3], "2024": [2, null]}),
                after: json!({"item": ["rice", "rice", "maize", "maize"], "year": ["2023", "2024", "2023", "2024"], "price": [1, 2, 3, null]}),
            },
            Example {
                title: "Values of different types become text; missing ones are left out",
                config: json!({"columns": ["a", "b"], "drop_missing": true}),
                before: json!({"id": [1, 2], "a": [10, null], "b": ["x", "y"]}),
                after: json!({"id": [1, 1, 2], "name": ["a", "b", "b"], "value": ["10", "x", "y"]}),
            },
        ]
    }
}
