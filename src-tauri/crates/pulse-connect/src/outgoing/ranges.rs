//! Sets of row numbers, kept as ranges.

use std::ops::Range;

/// Row numbers as ranges in order that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Range<u64>>);

impl Ranges {
    /// All rows of `0..count`.
    pub fn all(count: u64) -> Self {
        Self::of(std::iter::once(0..count))
    }

    /// The ranges in any order, joined where they touch or overlap.
    pub fn of(ranges: impl IntoIterator<Item = Range<u64>>) -> Self {
        let mut sorted: Vec<_> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
        sorted.sort_unstable_by_key(|range| range.start);
        let mut joined: Vec<Range<u64>> = Vec::new();
        for range in sorted {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        Self(joined)
    }

    /// The rows that are here and not in `others`.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let mut left = Vec::new();
        let mut others = others.0.iter().peekable();
        for range in &self.0 {
            let mut start = range.start;
            while let Some(other) = others.peek() {
                if other.end <= start {
                    others.next();
                    continue;
                }
                if other.start >= range.end {
                    break;
                }
                if other.start > start {
                    left.push(start..other.start);
                }
                start = other.end;
                if other.end > range.end {
                    break;
                }
                others.next();
            }
            if start < range.end {
                left.push(start..range.end);
            }
        }
        Self(left)
    }

    /// The rows of these that lie in `window`.
    pub fn within(&self, window: &Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        let window = window.clone();
        let first = self.0.partition_point(|range| range.end <= window.start);
        let inside = self.0[first..].iter().take_while({
            let end = window.end;
            move |range| range.start < end
        });
        inside.map(move |range| range.start.max(window.start)..range.end.min(window.end))
    }

    /// The first rows of these, at most `count`.
    #[must_use]
    pub fn first(&self, count: u64) -> Self {
        let mut left = count;
        let some = |range: &Range<u64>| {
            let end = range.end.min(range.start + left);
            left -= end - range.start;
            (range.start < end).then_some(range.start..end)
        };
        Self(self.0.iter().map_while(some).collect())
    }

    /// How many rows these are.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges in order.
    pub fn iter(&self) -> impl Iterator<Item = &Range<u64>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn numbers(ranges: &Ranges) -> BTreeSet<u64> {
        ranges.iter().cloned().flatten().collect()
    }

    fn some() -> impl Strategy<Value = Vec<Range<u64>>> {
        prop::collection::vec((0u64..60, 0u64..12).prop_map(|(start, length)| start..start + length), 0..10)
    }

    proptest! {
        #[test]
        fn ranges_are_the_sets_that_they_stand_for(a in some(), b in some(), window in (0u64..70, 0u64..30)) {
            let set = |ranges: &[Range<u64>]| ranges.iter().cloned().flatten().collect::<BTreeSet<u64>>();
            let (left, right) = (Ranges::of(a.clone()), Ranges::of(b.clone()));
            prop_assert_eq!(numbers(&left), set(&a));
            prop_assert_eq!(left.count() as usize, set(&a).len());
            prop_assert!(left.0.windows(2).all(|pair| pair[0].end < pair[1].start), "{:?}", left);
            let difference: BTreeSet<u64> = set(&a).difference(&set(&b)).copied().collect();
            prop_assert_eq!(numbers(&left.without(&right)), difference);
            let count = window.1;
            prop_assert_eq!(numbers(&left.first(count)), set(&a).into_iter().take(count as usize).collect::<BTreeSet<u64>>());
            let window = window.0..window.0 + window.1;
            let inside: BTreeSet<u64> = left.within(&window).flatten().collect();
            prop_assert_eq!(inside, set(&a).into_iter().filter(|n| window.contains(n)).collect::<BTreeSet<u64>>());
        }
    }
}
