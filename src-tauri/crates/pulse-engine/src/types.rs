//! Type words: the one vocabulary in which every engine's types are shown to people.

/// The word for a Delta type such as `long` or `decimal(10,2)`.
pub(crate) fn of_delta(name: &str) -> String {
    let word = match name {
        "string" => "text",
        "long" | "integer" | "short" | "byte" => "integer",
        "double" | "float" => "number",
        "timestamp_ntz" => "timestamp",
        other => return nested(other, ["array", "struct", "map"], ["list", "struct", "map"]),
    };
    word.to_owned()
}

/// The word for a DuckDB type such as `BIGINT` or `DECIMAL(10,2)`.
pub(crate) fn of_duckdb(name: &str) -> String {
    let word = match name {
        "VARCHAR" | "UUID" | "JSON" => "text",
        "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "HUGEINT" | "UTINYINT" | "USMALLINT" | "UINTEGER"
        | "UBIGINT" | "UHUGEINT" => "integer",
        "FLOAT" | "DOUBLE" => "number",
        "BLOB" => "binary",
        other if other.starts_with("TIMESTAMP") => "timestamp",
        other if other.ends_with("[]") => "list",
        other => return nested(&other.to_lowercase(), ["enum", "struct", "map"], ["text", "struct", "map"]),
    };
    word.to_owned()
}

fn nested(name: &str, starts: [&str; 3], words: [&str; 3]) -> String {
    let found = starts.iter().zip(words).find(|(start, _)| name.starts_with(**start));
    found.map_or(name, |(_, word)| word).to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_same_word_for_the_same_thing() {
        for (delta, duckdb, word) in [
            ("long", "BIGINT", "integer"),
            ("string", "VARCHAR", "text"),
            ("double", "DOUBLE", "number"),
            ("decimal(10,2)", "DECIMAL(10,2)", "decimal(10,2)"),
            ("timestamp_ntz", "TIMESTAMP WITH TIME ZONE", "timestamp"),
            ("array<long>", "BIGINT[]", "list"),
            ("struct<a:long>", "STRUCT(a BIGINT)", "struct"),
            ("date", "DATE", "date"),
        ] {
            assert_eq!(super::of_delta(delta), word, "Delta type {delta}");
            assert_eq!(super::of_duckdb(duckdb), word, "DuckDB type {duckdb}");
        }
    }
}
