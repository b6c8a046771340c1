//! Names of columns, made unique.

use std::collections::HashSet;

/// The names of `width` columns: those given as far as they go, `column_3` for an empty one, `name_2` for a repeated
/// one; with a sentence for every change. Names that differ in case only count as repeated, because Delta tables and SQL
/// do not tell them apart.
pub(crate) fn unique_names(given: &[String], width: usize) -> (Vec<String>, Vec<String>) {
    let (mut names, mut warnings) = (Vec::with_capacity(width), Vec::new());
    let mut taken: HashSet<String> = HashSet::new();
    let wished: HashSet<String> = given.iter().map(|name| name.to_lowercase()).collect();
    for at in 0..width {
        let given_name = given.get(at).map(String::as_str).unwrap_or_default();
        let base = if given_name.trim().is_empty() { format!("column_{}", at + 1) } else { given_name.to_owned() };
        let free = |name: &str| {
            let lower = name.to_lowercase();
            !taken.contains(&lower) && (name == given_name || !wished.contains(&lower))
        };
        let mut candidates = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}_{n}")));
        let name = candidates.find(|name| free(name)).unwrap_or(base);
        if name != given_name && !given.is_empty() {
            let was = if given_name.trim().is_empty() {
                "without a name".into()
            } else {
                format!("named `{given_name}` again")
            };
            warnings.push(format!("Column {} is {was}; it is called `{name}`.", at + 1));
        }
        taken.insert(name.to_lowercase());
        names.push(name);
    }
    (names, warnings)
}
