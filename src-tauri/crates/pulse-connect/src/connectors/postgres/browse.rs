//! Looking around: schemas, and the tables and views in them.

use std::collections::BTreeMap;

use pulse_core::{Progress, Result};
use serde_json::json;

use super::session::Session;
use super::sql;
use crate::connector::{Browse, Entry, EntryColumn, Listing, NoFilters};

/// Tables and views on a page.
const PAGE: usize = 200;

const SCHEMAS: &str = "\
SELECT n.nspname::text, pg_catalog.obj_description(n.oid, 'pg_namespace'), count(c.oid)
FROM pg_catalog.pg_namespace n
LEFT JOIN pg_catalog.pg_class c
    ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND ($1::text = '' OR strpos(lower(n.nspname), lower($1::text)) > 0
       OR EXISTS (SELECT FROM pg_catalog.pg_class x WHERE x.relnamespace = n.oid
                  AND x.relkind IN ('r', 'p', 'v', 'm', 'f') AND strpos(lower(x.relname), lower($1::text)) > 0))
GROUP BY n.oid, n.nspname ORDER BY n.nspname = 'public' DESC, n.nspname";

/// Partitions are within their table. Sizes are the server's estimates, which need no lock; those of a partitioned table
/// are the sums of its partitions'.
const RELATIONS: &str = "\
WITH RECURSIVE page AS (
    SELECT c.oid, c.relname, c.relkind FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1::text AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
      AND ($2::text = '' OR strpos(lower(c.relname), lower($2::text)) > 0 OR strpos(lower($1::text), lower($2::text)) > 0)
    ORDER BY c.relname OFFSET $3::int8 LIMIT $4::int8),
tree AS (
    SELECT oid AS top, oid, relkind FROM page UNION ALL
    SELECT tree.top, c.oid, c.relkind FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relispartition),
size AS (
    SELECT tree.top, sum(c.reltuples::float8) FILTER (WHERE tree.relkind <> 'p') AS rows,
           bool_or(c.reltuples < 0) FILTER (WHERE tree.relkind <> 'p') AS unknown,
           sum(c.relpages::float8) * pg_catalog.current_setting('block_size')::int AS bytes, count(*) - 1 AS below
    FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid GROUP BY tree.top)
SELECT page.oid, page.relname::text, page.relkind::text, pg_catalog.obj_description(page.oid, 'pg_class'),
       CASE WHEN page.relkind IN ('r', 'p', 'm') AND NOT size.unknown THEN size.rows END,
       CASE WHEN page.relkind IN ('r', 'p', 'm') AND NOT size.unknown THEN size.bytes END, size.below,
       pg_catalog.has_any_column_privilege(page.oid, 'SELECT')
FROM page JOIN size ON size.top = page.oid ORDER BY page.relname";

const COLUMNS: &str = "\
SELECT a.attrelid, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod),
       pg_catalog.col_description(a.attrelid, a.attnum),
       EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary
               AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum";

/// A sentence on the server's version and what the user may read.
pub(super) fn what_can_be_read(session: &Session, progress: &Progress) -> Result<String> {
    let attempt = "ask what can be read";
    let version = session.text("SELECT current_setting('server_version')", attempt, progress)?;
    let count = "SELECT count(*)::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
                 ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
                 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
                 AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')";
    let count = session.text(count, attempt, progress)?;
    Ok(match count.as_str() {
        "0" => format!("PostgreSQL {version}. Your user may read no table yet: ask for GRANT SELECT."),
        "1" => format!("PostgreSQL {version}; one table or view can be read."),
        _ => format!("PostgreSQL {version}; {count} tables and views can be read."),
    })
}

/// The schemas that the user may look into; with a search text, those that are called so or hold what is.
pub(super) fn schemas(session: &Session, search: &str, progress: &Progress) -> Result<Listing> {
    let rows = session.query(SCHEMAS, &[&search.trim()], "list the schemas", progress)?;
    let entry = |row: &tokio_postgres::Row| {
        let (name, comment, count): (String, Option<String>, i64) = (row.get(0), row.get(1), row.get(2));
        let tables = if count == 1 { "1 table or view".to_owned() } else { format!("{count} tables and views") };
        Entry {
            id: name.clone(),
            name,
            kind: "schema".into(),
            summary: comment.unwrap_or(tables),
            opens: true,
            ..Entry::default()
        }
    };
    Ok(Listing { entries: rows.iter().map(entry).collect(), ..Listing::default() })
}

/// A page of the tables and views of a schema, with their columns.
pub(super) fn relations(
    session: &Session,
    schema: &str,
    request: &Browse<NoFilters>,
    progress: &Progress,
) -> Result<Listing> {
    let page: usize = request.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(0);
    let (offset, limit) = ((page * PAGE) as i64, PAGE as i64 + 1);
    let search = request.search.trim();
    let rows = session.query(RELATIONS, &[&schema, &search, &offset, &limit], "list the tables", progress)?;
    let shown = &rows[..rows.len().min(PAGE)];
    let numbers: Vec<u32> = shown.iter().map(|row| row.get(0)).collect();
    let mut columns: BTreeMap<u32, Vec<EntryColumn>> = BTreeMap::new();
    for row in session.query(COLUMNS, &[&numbers], "list the columns", progress)? {
        columns.entry(row.get(0)).or_default().push(EntryColumn {
            name: row.get(1),
            type_word: row.get(2),
            description: row.get::<_, Option<String>>(3).unwrap_or_default(),
            key: row.get(4),
        });
    }
    let entries = shown.iter().map(|row| entry(schema, row, columns.remove(&row.get(0)).unwrap_or_default()));
    let next = (rows.len() > PAGE).then(|| (page + 1).to_string());
    Ok(Listing { entries: entries.collect(), next, about: None })
}

fn entry(schema: &str, row: &tokio_postgres::Row, columns: Vec<EntryColumn>) -> Entry {
    let (name, kind, comment): (String, String, Option<String>) = (row.get(1), row.get(2), row.get(3));
    let (below, readable): (i64, bool) = (row.get(6), row.get(7));
    let number = |at: usize| row.get::<_, Option<f64>>(at).map(|number| number as u64);
    let kind = match kind.as_str() {
        "p" => "partitioned table",
        "v" => "view",
        "m" => "materialised view",
        "f" => "foreign table",
        _ => "table",
    };
    let mut facts = Vec::new();
    if below > 0 {
        facts.push(("Partitions".to_owned(), below.to_string()));
    }
    if !readable {
        facts.push(("Access".to_owned(), "Your user may not read it".to_owned()));
    }
    let key: Vec<&str> = columns.iter().filter(|column| column.key).map(|column| column.name.as_str()).collect();
    if !key.is_empty() {
        facts.push(("Primary key".to_owned(), key.join(", ")));
    }
    let table = format!("{}.{}", sql::typed_name(schema), sql::typed_name(&name));
    let selection = (readable && !columns.is_empty()).then(|| json!({"table": table}));
    Entry {
        id: name.clone(),
        name,
        kind: kind.into(),
        summary: comment.unwrap_or_default(),
        rows: number(4),
        bytes: number(5),
        facts,
        columns,
        opens: false,
        selection,
        several: false,
    }
}
