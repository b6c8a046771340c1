//! A table that was built beside takes the name of the target, and what belonged to that.

use pulse_core::Result;
use tokio_postgres::Row;

use super::super::sql;
use super::link::{Failure, Link};
use super::plan::Plan;

/// What is being done, for errors: "Could not …".
const ATTEMPT: &str = "put the new table in its place";

/// Views that show the table, directly or through others; those that others show come first.
const VIEWS: &str = "\
WITH RECURSIVE below(oid, depth) AS (
    SELECT r.ev_class, 1 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.refobjid = $1 AND r.ev_class <> $1
    UNION
    SELECT r.ev_class, b.depth + 1 FROM below b JOIN pg_catalog.pg_depend d ON d.refobjid = b.oid
    JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND r.ev_class <> b.oid)
SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.pg_get_viewdef(c.oid),
       pg_catalog.array_to_string(c.reloptions, ', '), pg_catalog.pg_get_userbyid(c.relowner)::text,
       pg_catalog.obj_description(c.oid, 'pg_class')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN (SELECT oid, max(depth) AS depth FROM below GROUP BY oid) b ON b.oid = c.oid
WHERE c.relkind = 'v' ORDER BY b.depth, c.oid";

/// The rights on a relation, as statements for the relation `$2`.
const GRANTS: &str = "\
SELECT pg_catalog.format('GRANT %s%s ON TABLE %s TO %s%s', a.privilege_type, part, $2::text,
       CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
       CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM (SELECT x.*, '' AS part, c.relowner FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) x WHERE c.oid = $1
      UNION ALL
      SELECT x.*, pg_catalog.format(' (%I)', t.attname), c.relowner FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped, pg_catalog.aclexplode(t.attacl) x
      WHERE c.oid = $1) a
WHERE a.grantee <> a.relowner";

/// Who got rights on a new relation by default.
const GRANTEES: &str = "\
SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a WHERE c.oid = $1::text::regclass AND a.grantee <> c.relowner";

/// The indexes of a table: name, definition behind the table's name, the constraint it stands for with its definition.
const INDEXES: &str = "\
SELECT x.relname::text, i.indisunique,
       pg_catalog.substr(d.text, pg_catalog.strpos(d.text, ' USING ')),
       c.contype::text, pg_catalog.pg_get_constraintdef(c.oid)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_indexdef(i.indexrelid) AS text) d
LEFT JOIN pg_catalog.pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
WHERE i.indrelid = $1 AND i.indisvalid ORDER BY i.indisprimary DESC, x.relname";

/// An index or constraint of the new table.
struct Index {
    /// Makes it, under a name for the time being.
    statement: String,
    temporary: String,
    /// What it is called at last.
    name: String,
}

/// A view that is made again.
struct View {
    oid: u32,
    quoted: String,
    definition: String,
    options: Option<String>,
    owner: String,
    comment: Option<String>,
}

/// Gives the table `stage` (its plain name) the keys, the name and all that belongs to the target, as part of a
/// transaction. Long work comes before the lock.
pub(super) fn place(link: &Link, plan: &Plan, stage: &str) -> Result<(), Failure> {
    let target = plan.target.quoted();
    let indexes = indexes(link, plan, stage)?;
    for index in &indexes {
        link.count(&index.statement, "index the new table")?;
    }
    let mut after = Vec::new();
    if let Some(table) = &plan.existing {
        link.run(&format!("LOCK TABLE {target} IN ACCESS EXCLUSIVE MODE"), ATTEMPT)?;
        after = grants(link, table.oid, &target)?;
        let views = views(link, table.oid)?;
        for view in &views {
            after.extend(made_again(link, view)?);
        }
        for view in views.iter().rev() {
            link.count(&format!("DROP VIEW {}", view.quoted), ATTEMPT)?;
        }
        link.count(&format!("DROP TABLE {target}"), ATTEMPT)?;
    }
    link.count(&format!("ALTER TABLE {} RENAME TO {}", plan.quoted(stage), sql::name(&plan.target.table)), ATTEMPT)?;
    for index in &indexes {
        rename(link, plan, index)?;
    }
    named_after(link, plan, stage)?;
    if let Some(table) = &plan.existing {
        for grantee in link.query(GRANTEES, &[&target], ATTEMPT)? {
            link.count(&format!("REVOKE ALL ON TABLE {target} FROM {}", grantee.get::<_, String>(0)), ATTEMPT)?;
        }
        link.count(&format!("ALTER TABLE {target} OWNER TO {}", sql::name(&table.owner)), ATTEMPT)?;
    }
    for statement in after.into_iter().chain(comments(plan)) {
        link.count(&statement, ATTEMPT)?;
    }
    Ok(())
}

/// What is made on a new table besides its columns, for people to read.
pub(super) fn described(link: &Link, plan: &Plan) -> Result<String, Failure> {
    let (stage, _) = plan.stage();
    let (from, to) = (plan.quoted(&stage), plan.target.quoted());
    let indexes = indexes(link, plan, &stage)?.into_iter().map(|index| {
        index.statement.replace(&from, &to).replace(&sql::name(&index.temporary), &sql::name(&index.name))
    });
    Ok(indexes.chain(comments(plan)).map(|statement| format!("{statement};\n")).collect())
}

/// The key's index, those that are asked for, and those of the table that is replaced.
fn indexes(link: &Link, plan: &Plan, stage: &str) -> Result<Vec<Index>, Failure> {
    let (on, table) = (plan.quoted(stage), &plan.target.table);
    let mut found: Vec<Index> = Vec::new();
    let mut add = |name: String, statement: &dyn Fn(&str) -> String| {
        let temporary = format!("{stage}_{}", found.len());
        found.push(Index { statement: statement(&sql::name(&temporary)), temporary, name: cut(&name).to_owned() });
    };
    let list = |names: &[String]| names.iter().map(|name| sql::name(name)).collect::<Vec<_>>().join(", ");
    let key = &plan.outgoing.key;
    if !key.is_empty() {
        let columns = list(key);
        if plan.target.primary_key {
            add(format!("{table}_pkey"), &|name| {
                format!("ALTER TABLE {on} ADD CONSTRAINT {name} PRIMARY KEY ({columns})")
            });
        } else {
            add(format!("{table}_key"), &|name| format!("CREATE UNIQUE INDEX {name} ON {on} ({columns})"));
        }
    }
    for wanted in &plan.target.indexes {
        let names: Vec<String> =
            wanted.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        if !names.is_empty() {
            let columns = list(&names);
            add(format!("{table}_{}_idx", names.join("_")), &|name| format!("CREATE INDEX {name} ON {on} ({columns})"));
        }
    }
    let Some(existing) = &plan.existing else { return Ok(found) };
    let made: Vec<String> = plan
        .target
        .indexes
        .iter()
        .map(|wanted| cut(&format!("{table}_{}_idx", wanted.replace([',', ' '], "_"))).to_owned())
        .collect();
    for row in link.query(INDEXES, &[&existing.oid], ATTEMPT)? {
        let name: String = row.get(0);
        let unique = if row.get::<_, bool>(1) { "UNIQUE " } else { "" };
        let (rest, kind, constraint): (String, Option<String>, Option<String>) = (row.get(2), row.get(3), row.get(4));
        let is_key = kind.as_deref() == Some("p") || name == format!("{table}_key");
        if is_key && !key.is_empty() || made.contains(&name) {
            continue;
        }
        match constraint {
            Some(definition) => add(name, &|name| format!("ALTER TABLE {on} ADD CONSTRAINT {name} {definition}")),
            None => add(name, &|name| format!("CREATE {unique}INDEX {name} ON {on}{rest}")),
        }
    }
    Ok(found)
}

/// Gives an index its name at last, or one like it that is free.
fn rename(link: &Link, plan: &Plan, index: &Index) -> Result<(), Failure> {
    let mut name = index.name.clone();
    for number in 1.. {
        let taken = "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                     WHERE n.nspname = $1::text AND c.relname = $2::text";
        if link.query(taken, &[&plan.target.schema, &name], ATTEMPT)?.is_empty() {
            break;
        }
        let end = number.to_string();
        let mut most = 63 - end.len();
        while !index.name.is_char_boundary(most.min(index.name.len())) {
            most -= 1;
        }
        name = format!("{}{end}", &index.name[..most.min(index.name.len())]);
    }
    let statement = format!("ALTER INDEX {} RENAME TO {}", plan.quoted(&index.temporary), sql::name(&name));
    link.count(&statement, ATTEMPT).map(drop)
}

/// Gives constraints that PostgreSQL named after the table the names that they would have had.
fn named_after(link: &Link, plan: &Plan, stage: &str) -> Result<(), Failure> {
    let target = plan.target.quoted();
    let named = "SELECT conname::text FROM pg_catalog.pg_constraint
                 WHERE conrelid = $1::text::regclass AND pg_catalog.starts_with(conname::text, $2::text)";
    for row in link.query(named, &[&target, &stage], ATTEMPT)? {
        let old: String = row.get(0);
        let new = format!("{}{}", plan.target.table, old.trim_start_matches(stage));
        let (old, new) = (sql::name(&old), sql::name(cut(&new)));
        link.count(&format!("ALTER TABLE {target} RENAME CONSTRAINT {old} TO {new}"), ATTEMPT)?;
    }
    Ok(())
}

/// The first 63 bytes of a name, which is what PostgreSQL keeps.
pub(super) fn cut(name: &str) -> &str {
    let mut end = name.len().min(63);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

fn grants(link: &Link, oid: u32, on: &str) -> Result<Vec<String>, Failure> {
    let rows = link.query(GRANTS, &[&oid, &on], ATTEMPT)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn views(link: &Link, oid: u32) -> Result<Vec<View>, Failure> {
    let view = |row: &Row| View {
        oid: row.get(0),
        quoted: row.get(1),
        definition: row.get(2),
        options: row.get(3),
        owner: row.get(4),
        comment: row.get(5),
    };
    Ok(link.query(VIEWS, &[&oid], ATTEMPT)?.iter().map(view).collect())
}

/// The names of the views that are made again.
pub(super) fn view_names(link: &Link, oid: u32) -> Result<Vec<String>, Failure> {
    Ok(views(link, oid)?.into_iter().map(|view| view.quoted).collect())
}

fn made_again(link: &Link, view: &View) -> Result<Vec<String>, Failure> {
    let View { oid, quoted, definition, options, owner, comment } = view;
    let options = options.as_ref().map_or(String::new(), |options| format!(" WITH ({options})"));
    let mut statements = vec![
        format!("CREATE VIEW {quoted}{options} AS {}", definition.trim_end_matches(';')),
        format!("ALTER VIEW {quoted} OWNER TO {}", sql::name(owner)),
    ];
    statements.extend(grants(link, *oid, quoted)?);
    statements.extend(comment.as_ref().map(|text| format!("COMMENT ON VIEW {quoted} IS {}", sql::literal(text))));
    Ok(statements)
}

/// Says at the server where the rows come from and what the columns mean.
fn comments(plan: &Plan) -> Vec<String> {
    if !plan.target.comments {
        return Vec::new();
    }
    let target = plan.target.quoted();
    let from = format!("Written by Cloud Pulse from {}.", plan.outgoing.origin);
    let columns = plan.outgoing.columns.iter().filter(|column| !column.description.is_empty());
    let about = |column: &crate::outgoing::OutgoingColumn| {
        format!(
            "COMMENT ON COLUMN {target}.{} IS {}",
            sql::name(&column.name),
            sql::literal(&column.description.replace('\0', ""))
        )
    };
    std::iter::once(format!("COMMENT ON TABLE {target} IS {}", sql::literal(&from))).chain(columns.map(about)).collect()
}
