//! DuckDB's errors in the words of this program.

use pulse_core::{Code, Error};

/// What a DuckDB error means for the user; `attempt` completes "Could not …" where DuckDB's own words do not suffice.
pub(crate) fn explain(error: &duckdb::Error, attempt: &str) -> Error {
    let text = match error {
        duckdb::Error::DuckDBFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    };
    let first = text.lines().next().unwrap_or_default();
    let (class, message) = first.split_once(" Error: ").unwrap_or(("", first));
    let message = message.trim();
    match class {
        "Parser"
        | "Binder"
        | "Catalog"
        | "Conversion"
        | "Invalid Input"
        | "Out of Range"
        | "Constraint"
        | "Syntax"
        | "Mismatch Type"
        | "Parameter Not Resolved"
        | "Expression Depth" => {
            let error = Error::invalid(message).field("sql");
            match hint(&text) {
                Some(hint) => error.hint(hint),
                None => error.hint(default_hint(class)),
            }
        }
        "Permission" => Error::new(
            Code::PermissionDenied,
            "A query can read the workspace's tables only, not files or the network.",
        )
        .hint("Import the file first, then ask about the table.")
        .field("sql"),
        "Not implemented" => Error::new(Code::Unsupported, message).hint("Write the query another way.").field("sql"),
        "Out of Memory" => Error::new(
            Code::LimitExceeded,
            format!("The query needs more memory or temporary space than it may use: {message}"),
        )
        .hint("Ask for fewer columns or rows, or raise the limit in the settings."),
        "INTERRUPT" => Error::new(Code::Cancelled, "The query was cancelled.").hint("Nothing was changed."),
        "IO" if message.contains("No space left") => {
            Error::new(Code::DiskFull, format!("Could not {attempt}: {message}"))
                .hint("Free some space on that disk and try again; nothing that was there is lost.")
        }
        "IO" => Error::new(Code::Damaged, format!("Could not {attempt}: {message}"))
            .hint("A file of the table may be missing or damaged; check the table."),
        _ => Error::internal(attempt, first),
    }
}

/// DuckDB's own suggestion, if there is one.
fn hint(text: &str) -> Option<String> {
    let suggests = |line: &&str| {
        ["Did you mean", "Candidate", "Perhaps", "\tCandidate"].iter().any(|start| line.starts_with(start))
            || line.contains("You might need")
    };
    let lines: Vec<&str> = text.lines().skip(1).take_while(|line| !line.starts_with("LINE ")).collect();
    let at = lines.iter().position(suggests)?;
    let parts: Vec<&str> = lines[at..].iter().map(|line| line.trim()).filter(|line| !line.is_empty()).take(6).collect();
    let hint = parts.join(" ").replace("Candidate bindings:", "Close names are");
    Some(if hint.ends_with(['.', '?', '!']) { hint } else { format!("{hint}.") })
}

fn default_hint(class: &str) -> &'static str {
    match class {
        "Parser" | "Syntax" => "Check the spelling and the commas near that place.",
        "Conversion" | "Mismatch Type" => "Use TRY_CAST to get null for a value that does not convert.",
        "Out of Range" => "The number is too large for its type; cast it to a wider one.",
        _ => "Check the names and types the query uses.",
    }
}
