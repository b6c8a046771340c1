//! Columns by name: exactly, by the name a user most likely meant, and as lists in sentences.

use polars::prelude::{Expr, PlSmallStr};

/// The column called exactly `name`. The engine's own `col` would read `*` and `^…$` as patterns.
pub fn col(name: impl Into<PlSmallStr>) -> Expr {
    Expr::Column(name.into())
}

/// Up to three of `known` that are close to `name`, best first: same letters in another case, a part of the name, or
/// few edits away.
pub fn close<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let limit = 1 + wanted.chars().count() / 3;
    let mut found: Vec<(usize, &str)> = known
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = edits(&wanted, &other);
            let part = wanted.len() > 2 && (other.contains(&wanted) || (other.len() > 2 && wanted.contains(&other)));
            (distance <= limit || part).then_some((distance, candidate))
        })
        .collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// The Levenshtein distance: how many characters must be inserted, removed or replaced.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// `a, b, c and 4 more`: a list short enough for a sentence.
pub fn list<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(4).map(AsRef::as_ref).collect();
    match names.len() {
        0..=4 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), more - shown.len()),
    }
}

/// `columns` in a sentence, or `every` where none were chosen.
pub fn list_or<S: AsRef<str>>(columns: &[S], every: &str) -> String {
    if columns.is_empty() { every.to_owned() } else { list(columns) }
}

/// The first line of an engine's message: the rest repeats the query plan, which says nothing to the user.
pub fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or(message).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_found_and_far_ones_are_not() {
        let known = ["country", "item", "value_usd", "year"];
        for (name, expected) in
            [("Country", "country"), ("contry", "country"), ("value", "value_usd"), ("yaer", "year")]
        {
            assert_eq!(close(name, known.into_iter()).first(), Some(&expected), "for {name}");
        }
        assert!(close("population", known.into_iter()).is_empty(), "nothing is close to population");
    }
}
