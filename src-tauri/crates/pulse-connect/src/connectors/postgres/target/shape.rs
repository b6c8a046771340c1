//! What the catalog says about a table.

use pulse_core::Result;

use super::link::Link;

/// The columns of a table, in order. A domain's type is the one below it.
const COLUMNS: &str = "\
SELECT a.attname::text, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END,
       pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.format_type(a.atttypid, NULL),
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
       CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0::oid END, t.typcategory::text,
       a.attnotnull OR t.typnotnull, a.atthasdef AND a.attgenerated = '', a.attidentity::text, a.attgenerated <> '',
       ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/// A relation of that schema and name, with the user's rights.
const TABLE: &str = "\
SELECT c.oid, c.relkind::text, pg_catalog.pg_has_role(c.relowner, 'USAGE'),
       pg_catalog.has_table_privilege(c.oid, 'INSERT'), pg_catalog.has_table_privilege(c.oid, 'UPDATE'),
       pg_catalog.has_table_privilege(c.oid, 'DELETE'), pg_catalog.has_table_privilege(c.oid, 'TRUNCATE'),
       pg_catalog.has_table_privilege(c.oid, 'SELECT'), pg_catalog.row_security_active(c.oid),
       pg_catalog.pg_get_userbyid(c.relowner)::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1::text AND c.relname = $2::text";

/// The columns of each unique index by which a row can be found at once, as a conflict needs it.
const UNIQUE: &str = "\
SELECT ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
             WHERE k.place <= i.indnkeyatts ORDER BY k.place)
FROM pg_catalog.pg_index i
WHERE i.indrelid = $1 AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL";

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Column {
    pub name: String,
    /// Its type's number, a domain's that of what is below it.
    pub base: u32,
    /// The type as it is declared, such as `numeric(12,2)`.
    pub type_name: String,
    /// The type without digits or length.
    pub plain_type: String,
    /// Digits or length as the catalog has them; -1 for none.
    pub modifier: i32,
    /// The number of an array's items' type; 0 for none.
    pub element: u32,
    /// `S` for texts, `E` for enumerations (`pg_type.typcategory`).
    pub category: String,
    pub not_null: bool,
    pub has_default: bool,
    /// `a` for always, `d` for by default, empty for none.
    pub identity: String,
    pub generated: bool,
    /// The values of an enumeration.
    pub labels: Vec<String>,
}

impl Column {
    /// Whether a row without a value in it is refused.
    pub fn must_have_value(&self) -> bool {
        self.not_null
    }

    /// Whether a row that does not name it is refused.
    pub fn must_be_sent(&self) -> bool {
        self.not_null && !self.has_default && self.identity.is_empty() && !self.generated
    }
}

/// A relation that is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub oid: u32,
    /// `r` for a table, `p` for a partitioned one, others are none (`pg_class.relkind`).
    pub kind: String,
    pub columns: Vec<Column>,
    /// The columns of each unique index.
    pub unique: Vec<Vec<String>>,
    /// Whether the user is its owner or one of them.
    pub owned: bool,
    pub insert: bool,
    pub update: bool,
    pub delete: bool,
    pub truncate: bool,
    pub select: bool,
    pub row_security: bool,
    pub owner: String,
}

impl Table {
    /// The relation of that name, if there is one.
    pub fn find(link: &Link, schema: &str, name: &str) -> Result<Option<Self>> {
        let attempt = "look at the target";
        let rows = link.query(TABLE, &[&schema, &name], attempt)?;
        let Some(row) = rows.first() else { return Ok(None) };
        let oid: u32 = row.get(0);
        let unique = link.query(UNIQUE, &[&oid], attempt)?;
        Ok(Some(Self {
            oid,
            kind: row.get(1),
            columns: columns(link, oid)?,
            unique: unique.iter().map(|row| row.get(0)).collect(),
            owned: row.get(2),
            insert: row.get(3),
            update: row.get(4),
            delete: row.get(5),
            truncate: row.get(6),
            select: row.get(7),
            row_security: row.get(8),
            owner: row.get(9),
        }))
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a unique index tells rows apart by exactly these columns.
    pub fn is_unique_by(&self, key: &[String]) -> bool {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names
        };
        self.unique.iter().any(|columns| sorted(columns) == sorted(key))
    }
}

/// The columns of a relation.
pub(super) fn columns(link: &Link, oid: u32) -> Result<Vec<Column>> {
    let rows = link.query(COLUMNS, &[&oid], "look at the target's columns")?;
    let column = |row: &tokio_postgres::Row| Column {
        name: row.get(0),
        base: row.get(1),
        type_name: row.get(2),
        plain_type: row.get(3),
        modifier: row.get(4),
        element: row.get(5),
        category: row.get(6),
        not_null: row.get(7),
        has_default: row.get(8),
        identity: row.get(9),
        generated: row.get(10),
        labels: row.get(11),
    };
    Ok(rows.iter().map(column).collect())
}
