//! Frozen rows and reading them in batches.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};

use polars::prelude::{BooleanChunked, DataFrame, LazyFrame, NewChunkedArray};
use pulse_core::{Error, Result};

use super::Ranges;

/// Rows that do not change while they are sent: scans of files that stay.
#[derive(Clone)]
pub struct Rows {
    frame: LazyFrame,
    count: u64,
}

/// Some rows, with their numbers.
pub struct Batch {
    /// The rows.
    pub frame: DataFrame,
    /// Whether they are to be deleted; then there are only the key's columns.
    pub delete: bool,
    /// Their numbers, in order: together as many as there are rows.
    numbers: Vec<Range<u64>>,
}

impl Rows {
    /// `count` rows of `frame`, which gives the same rows in the same order whenever it is collected.
    pub fn new(frame: LazyFrame, count: u64) -> Self {
        Self { frame, count }
    }

    /// How many rows there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The rows as a plan, for questions about all of them.
    pub fn frame(&self) -> LazyFrame {
        self.frame.clone()
    }

    /// The rows of `todo`, whose numbers begin at `first` here, in batches of at most `size`. A thread reads ahead by one;
    /// it ends with the iterator.
    pub(crate) fn batches(
        &self,
        todo: &Ranges,
        first: u64,
        size: usize,
        delete: bool,
    ) -> impl Iterator<Item = Result<Batch>> + Send + use<> {
        let size = size.max(1) as u64;
        let windows = windows(todo, first..first + self.count, size);
        let (send, receive) = sync_channel(1);
        let frame = self.frame.clone();
        let spawned = std::thread::Builder::new().name("outgoing".into()).spawn(move || {
            for numbers in windows {
                // Nobody listens any more once the iterator is gone.
                if send.send(read(&frame, first, numbers, delete)).is_err() {
                    break;
                }
            }
        });
        Ahead { receive, failed: spawned.err().map(|cause| Error::internal("start reading rows", cause)) }
    }
}

impl Batch {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the row at `at`.
    pub fn number(&self, at: usize) -> u64 {
        let mut left = at as u64;
        for range in &self.numbers {
            let length = range.end - range.start;
            if left < length {
                return range.start + left;
            }
            left -= length;
        }
        self.numbers.last().map_or(0, |range| range.end)
    }

    /// The numbers of the rows at `at`, as ranges in order.
    pub fn numbers(&self, at: Range<usize>) -> Vec<Range<u64>> {
        let (mut skip, mut left) = (at.start as u64, at.len() as u64);
        let mut found = Vec::new();
        for range in &self.numbers {
            let length = range.end - range.start;
            let start = range.start + skip.min(length);
            skip -= skip.min(length);
            let end = range.end.min(start + left);
            if start < end {
                found.push(start..end);
                left -= end - start;
            }
        }
        found
    }
}

/// Batches that a thread reads ahead.
struct Ahead {
    receive: Receiver<Result<Batch>>,
    failed: Option<Error>,
}

impl Iterator for Ahead {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.failed.take() {
            Some(error) => Some(Err(error)),
            None => self.receive.recv().ok(),
        }
    }
}

/// What to read: windows of at most `size` rows from the first row of `todo` in `all` on, each with the rows wanted.
fn windows(todo: &Ranges, all: Range<u64>, size: u64) -> Vec<Vec<Range<u64>>> {
    let mut windows: Vec<(u64, Vec<Range<u64>>)> = Vec::new();
    for range in todo.within(&all) {
        let mut start = range.start;
        while start < range.end {
            // Windows lie on a fixed grid, so that a retry reads few pieces even where single rows are wanted.
            let number = (start - all.start) / size;
            let end = range.end.min(all.start + (number + 1) * size);
            match windows.last_mut() {
                Some((last, ranges)) if *last == number => ranges.push(start..end),
                _ => windows.push((number, vec![start..end])),
            }
            start = end;
        }
    }
    windows.into_iter().map(|(_, ranges)| ranges).collect()
}

/// The rows `numbers`, which lie close together; `first` is the number of the first row there is.
fn read(frame: &LazyFrame, first: u64, numbers: Vec<Range<u64>>, delete: bool) -> Result<Batch> {
    let (start, end) = (numbers.first().map_or(0, |r| r.start), numbers.last().map_or(0, |r| r.end));
    let failed = |cause| Error::internal("read the rows to send", cause);
    let offset = i64::try_from(start - first).map_err(|cause| Error::internal("count the rows to send", cause))?;
    let length = u32::try_from(end - start).map_err(|cause| Error::internal("count the rows to send", cause))?;
    let mut rows = frame.clone().slice(offset, length).collect().map_err(failed)?;
    if rows.height() as u64 != end - start {
        return Err(Error::damaged(format!("Of the rows {start} to {end} to send, only {} are there.", rows.height()))
            .hint("Verify the table, then start the sync again."));
    }
    if numbers.len() > 1 {
        let mut wanted = vec![false; (end - start) as usize];
        for range in &numbers {
            wanted[(range.start - start) as usize..(range.end - start) as usize].fill(true);
        }
        rows = rows.filter(&BooleanChunked::from_slice("wanted".into(), &wanted)).map_err(failed)?;
    }
    rows.rechunk_mut();
    Ok(Batch { frame: rows, delete, numbers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{IntoLazy, df};

    #[test]
    fn batches_hold_the_wanted_rows_under_their_numbers() {
        let values: Vec<i64> = (100..110).collect();
        let frame = df!("n" => values).expect("a frame").lazy();
        let rows = Rows::new(frame, 10);
        let todo = Ranges::of([5..6, 8..9, 11..15]);
        let batches: Vec<Batch> = rows.batches(&todo, 5, 4, false).collect::<Result<_>>().expect("batches");
        let found: Vec<(u64, i64)> = batches
            .iter()
            .flat_map(|batch| {
                let column = batch.frame.column("n").expect("n").i64().expect("integers").clone();
                (0..batch.len()).map(move |at| (batch.number(at), column.get(at).expect("a value"))).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(found, [(5, 100), (8, 103), (11, 106), (12, 107), (13, 108), (14, 109)]);
        assert_eq!(batches.iter().map(Batch::len).collect::<Vec<_>>(), [2, 2, 2], "windows lie on a grid");
        assert_eq!(batches[0].numbers(0..2), [5..6, 8..9]);
        assert_eq!(batches[0].numbers(1..2), [8..9]);
        assert_eq!(batches[1].numbers(0..2), [11..13]);
    }

    #[test]
    fn fewer_rows_than_promised_are_damage_and_not_fewer_receipts() {
        let rows = Rows::new(df!("n" => [1i64, 2]).expect("a frame").lazy(), 3);
        let outcome: Result<Vec<Batch>> = rows.batches(&Ranges::all(3), 0, 10, false).collect();
        assert!(outcome.is_err());
    }
}
