//! `pulse sql` and `pulse export`.

use pulse_core::{Error, Result};
use pulse_engine::Engine;
use pulse_rpc::Commands;
use pulse_rpc::types::*;
use serde_json::{Value, json};

use super::{count, finish, number, text};
use crate::args::Export;
use crate::output::{Answer, Table};

pub fn sql(engine: &Engine, query: &str, limit: u64) -> Result<Answer> {
    let result = engine.sql_run(SqlRequest { id: "cli".into(), sql: query.to_owned() })?;
    let rows = rows(engine, limit.min(result.rows))?;
    let columns: Vec<String> = result.columns.iter().map(|column| column.name.clone()).collect();
    let types: Vec<&str> = result.columns.iter().map(|column| column.type_word.as_str()).collect();
    let document = json!({
        "columns": columns,
        "types": types,
        "rows": rows,
        "row_count": result.rows,
        "seconds": result.seconds,
    });
    let shown = rows.len() as u64;
    let first = if shown < result.rows { format!(", the first {} shown", count(shown)) } else { String::new() };
    let line = format!("{} rows{first} ({:.3} s)", count(result.rows), result.seconds);
    Ok(Answer { json: document, lines: vec![line], table: Some(Table { columns, rows }) })
}

/// The first `wanted` rows of the result, page by page.
fn rows(engine: &Engine, wanted: u64) -> Result<Vec<Vec<Value>>> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    while (rows.len() as u64) < wanted {
        let source = RowSource::Result { id: "cli".into() };
        let offset = rows.len() as u64;
        let page = engine.json_rows(&RowsRequest { source, offset, limit: wanted - offset })?;
        if page.is_empty() {
            break;
        }
        rows.extend(page);
    }
    Ok(rows)
}

pub fn export(engine: &Engine, args: &Export) -> Result<Answer> {
    let source = match (&args.table, &args.sql) {
        (Some(table), _) => ExportSource::Table { table: table.clone(), version: args.version },
        (None, Some(sql)) => ExportSource::Sql { sql: sql.clone() },
        (None, None) => return Err(Error::invalid("There is nothing to export.").hint("Name a table or give --sql.")),
    };
    let ending = args.to.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let format = format(args.format.as_deref().or(ending.as_deref()))?;
    let path = std::path::absolute(&args.to).map_err(|cause| Error::io("find", &args.to, &cause))?;
    let path = Some(path.display().to_string());
    let request = ExportRequest { source, format, path, guard_formulas: args.guard_formulas };
    let result = finish(engine, &engine.export_start(request)?)?;
    Ok(Answer { lines: vec![sentence(&result)], json: result, table: None })
}

/// What an export did.
pub fn sentence(result: &Value) -> String {
    format!(
        "{}: {} rows, {} bytes",
        text(result, "path"),
        count(number(result, "rows")),
        count(number(result, "bytes"))
    )
}

fn format(word: Option<&str>) -> Result<ExportFormat> {
    match word {
        Some("csv") => Ok(ExportFormat::Csv),
        Some("parquet") => Ok(ExportFormat::Parquet),
        Some("json") => Ok(ExportFormat::Json),
        Some("ndjson" | "jsonl") => Ok(ExportFormat::Ndjson),
        word => Err(Error::invalid(format!("`{}` is not a format to export to.", word.unwrap_or("")))
            .hint("Use csv, parquet, json or ndjson, as the file's ending or with --format.")
            .field("format")),
    }
}
