//! Which type a column of a result gets in its Parquet file: its own where every reader of the file has it, else one
//! that loses nothing.

/// The type that `sql_type`, as DuckDB prints it, is stored as. DuckDB would write a `HUGEINT` as a `DOUBLE`, and Polars
/// has no `UUID`, `INTERVAL`, `BIT` and others; parts of lists, maps and structs are treated the same.
pub(crate) fn stored_type(sql_type: &str) -> String {
    let mut types = Types { rest: sql_type };
    let stored = types.read();
    // A type that is not understood to its end is left to DuckDB.
    if types.rest.is_empty() { stored } else { sql_type.to_owned() }
}

/// The type for a number too long for the decimal that [`stored_type`] chose.
pub(crate) fn roomier(stored: &str) -> String {
    stored.replace("DECIMAL(38,0)", "VARCHAR")
}

/// Reads a type from the front of a text.
struct Types<'a> {
    rest: &'a str,
}

impl<'a> Types<'a> {
    fn read(&mut self) -> String {
        let name = self.name();
        let mut stored = match name {
            "STRUCT" => format!("STRUCT({})", self.parts(|types| format!("{} {}", types.field(), types.read()))),
            "MAP" => format!("MAP({})", self.parts(Self::read)),
            "HUGEINT" | "UHUGEINT" => "DECIMAL(38,0)".to_owned(),
            "UUID" | "INTERVAL" | "BIT" | "BIGNUM" | "TIME_NS" | "JSON" | "VARIANT" | "GEOMETRY" => {
                "VARCHAR".to_owned()
            }
            "ENUM" | "UNION" => {
                self.parentheses();
                "VARCHAR".to_owned()
            }
            "TIME" if self.skip(" WITH TIME ZONE") => "VARCHAR".to_owned(),
            "TIMESTAMP" if self.skip(" WITH TIME ZONE") => "TIMESTAMP WITH TIME ZONE".to_owned(),
            "TIMESTAMP_S" | "TIMESTAMP_MS" => "TIMESTAMP".to_owned(),
            other => format!("{other}{}", self.parentheses()),
        };
        // `[]` is a list, `[3]` an array of fixed length.
        while self.rest.starts_with('[') {
            let end = self.rest.find(']').map_or(self.rest.len(), |end| end + 1);
            stored.push_str(self.take(end));
        }
        stored
    }

    /// The parts of a parenthesised list, each read by `part`.
    fn parts(&mut self, part: impl Fn(&mut Self) -> String) -> String {
        let mut parts = Vec::new();
        let mut more = self.skip("(");
        while more {
            parts.push(part(self));
            more = self.skip(", ");
        }
        self.skip(")");
        parts.join(", ")
    }

    /// The name of a struct's field with the space after it; quoted if it is anything but a plain word.
    fn field(&mut self) -> &'a str {
        let name = if self.rest.starts_with('"') {
            let end = crate::tokens::quoted(self.rest);
            self.take(end)
        } else {
            let end = self.rest.find(' ').unwrap_or(self.rest.len());
            self.take(end)
        };
        self.skip(" ");
        name
    }

    fn name(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// A parenthesised part, if there is one; quotes may hold parentheses.
    fn parentheses(&mut self) -> &'a str {
        if !self.rest.starts_with('(') {
            return "";
        }
        let (mut depth, mut quote) = (0_usize, None);
        for (at, c) in self.rest.char_indices() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return self.take(at + 1);
            }
        }
        self.take(self.rest.len())
    }

    fn skip(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}
