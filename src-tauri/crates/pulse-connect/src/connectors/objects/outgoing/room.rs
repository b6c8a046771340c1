//! Whether a folder or a mounted volume has room for the rows.

use std::path::Path;

use pulse_core::{Error, Result};

use super::super::Place;
use crate::destination::{Finding, Severity};
use crate::outgoing::{Outgoing, Rows};

/// Rows whose size stands for that of all.
const SAMPLE: u32 = 10_000;

/// A finding where the rows need more than is free. Object stores do not tell what is free.
pub(super) fn check(place: &dyn Place, outgoing: &Outgoing) -> Result<Option<Finding>> {
    match place.on_disk("") {
        Some(folder) => lacking(&folder, &outgoing.rows),
        None => Ok(None),
    }
}

/// How much the rows need is told for rows that are not packed: how far Parquet packs them is known only afterwards, and
/// so it stops nothing.
fn lacking(folder: &Path, rows: &Rows) -> Result<Option<Finding>> {
    // A volume that does not tell is written to like one that has room; that it is full is told then.
    let Ok(free) = fs4::available_space(folder) else { return Ok(None) };
    let sample = rows.frame().limit(SAMPLE).collect();
    let sample = sample.map_err(|cause| Error::internal("look how large the rows are", cause))?;
    let each = sample.estimated_size() as f64 / sample.height().max(1) as f64;
    let needed = each * rows.count() as f64;
    Ok((needed > free as f64).then(|| {
        let text = format!(
            "The rows take about {} before they are packed, and {} are free in {}.",
            megabytes(needed),
            megabytes(free as f64),
            folder.display()
        );
        Finding::new(Severity::Notes, text, "Make room, or choose a folder on another volume.")
    }))
}

fn megabytes(bytes: f64) -> String {
    format!("{:.0} MB", bytes / 1e6)
}

#[cfg(test)]
mod tests {
    use polars::prelude::{IntoLazy, df};

    use super::*;

    #[test]
    fn rows_that_need_more_than_is_free_are_told() {
        let rows = |count| Rows::new(df!("n" => [1i64, 2, 3]).expect("a frame").lazy(), count);
        let folder = std::env::temp_dir();
        assert_eq!(lacking(&folder, &rows(3)).expect("a look").map(|found| found.text), None);
        // Eight bytes each: more than any disk has.
        let found = lacking(&folder, &rows(1 << 60)).expect("a look").expect("a finding");
        assert!(found.text.starts_with("The rows take about 9223372036855 MB"), "{}", found.text);
        assert!(found.text.contains("MB are free in"), "{}", found.text);
    }
}
