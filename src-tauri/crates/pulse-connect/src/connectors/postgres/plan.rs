//! Which columns are read and how, and the statement that reads them.

use polars::prelude::{PlSmallStr, Schema};
use pulse_core::{Error, Result};
use tokio_postgres::types::{Kind as TypeKind, Type};

use super::decode::Kind;
use super::relation::{Relation, SourceColumn};
use super::selection::Selection;
use super::sql;
use crate::model::ColumnPlan;
use crate::names::unique_names;

/// The most digits that a decimal column holds.
const MOST_DIGITS: i32 = 38;

/// What is read, column by column.
pub(super) struct Plan {
    /// The columns' names in the table, and how their bytes are read.
    pub columns: Vec<(PlSmallStr, Kind)>,
    /// The same for people.
    pub described: Vec<ColumnPlan>,
    /// The primary key, by the names in the table; empty if a part of it is not read.
    pub key: Vec<String>,
    /// What the user should know.
    pub warnings: Vec<String>,
    expressions: Vec<String>,
}

impl Plan {
    /// The columns that the selection wants; those in `texts` as text.
    pub fn of(relation: &Relation, selection: &Selection, texts: &[String]) -> Result<Self> {
        for name in texts {
            relation.column(name, "text_columns")?;
        }
        let chosen: Vec<&SourceColumn> = if selection.columns.is_empty() {
            relation.columns.iter().collect()
        } else {
            selection.columns.iter().map(|name| relation.column(name, "columns")).collect::<Result<_>>()?
        };
        let given: Vec<String> = chosen.iter().map(|column| column.name.clone()).collect();
        let (names, warnings) = unique_names(&given, given.len());
        let mut plan =
            Self { columns: Vec::new(), described: Vec::new(), key: Vec::new(), warnings, expressions: Vec::new() };
        for (column, name) in chosen.iter().zip(&names) {
            let overridden = selection.text_columns.contains(&column.name);
            let form = if texts.contains(&column.name) { Form::as_text(column, overridden) } else { Form::of(column) };
            plan.expressions.push(if form.expression == column.reference {
                form.expression
            } else {
                // By another name, so that the order refers to the column and not to its text.
                format!("{} AS \"pulse column {}\"", form.expression, plan.columns.len() + 1)
            });
            plan.columns.push((name.as_str().into(), form.kind));
            let type_word = form.kind.word().to_owned();
            plan.described.push(ColumnPlan { name: name.clone(), type_word, why: form.why, overridden });
        }
        let key = relation.table.as_ref().map_or(&[][..], |table| &table.key);
        let place = |name: &String| given.iter().position(|given| given == name).map(|at| names[at].clone());
        plan.key = key.iter().map(place).collect::<Option<_>>().unwrap_or_default();
        Ok(plan)
    }

    /// The columns in Polars' types.
    pub fn schema(&self) -> Schema {
        self.columns.iter().map(|(name, kind)| (name.clone(), kind.dtype())).collect()
    }

    /// The SELECT for rows that meet all conditions.
    pub fn select(&self, relation: &Relation, conditions: &[String], order: &str, limit: Option<u64>) -> String {
        let mut sql = format!("SELECT {} FROM {}", self.expressions.join(", "), relation.from);
        if !conditions.is_empty() {
            sql.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
        }
        let order = order.trim().trim_end_matches(';');
        if !order.is_empty() {
            sql.push_str(&format!(" ORDER BY {order}\n"));
        }
        if let Some(limit) = limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        sql
    }
}

/// How one column is asked for and read.
struct Form {
    expression: String,
    kind: Kind,
    why: String,
}

impl Form {
    fn of(column: &SourceColumn) -> Self {
        let word = type_word(&column.r#type);
        if column.r#type == Type::NUMERIC {
            return Self::of_numeric(column);
        }
        if let TypeKind::Array(_) = column.r#type.kind() {
            return Self {
                expression: format!("pg_catalog.to_json({})::text", column.reference),
                kind: Kind::Text,
                why: format!("PostgreSQL's {word} is kept as a JSON list."),
            };
        }
        let kind = match column.r#type {
            Type::BOOL => Kind::Boolean,
            Type::INT2 => Kind::Int16,
            Type::INT4 => Kind::Int32,
            Type::INT8 => Kind::Int64,
            Type::OID => Kind::Oid,
            Type::FLOAT4 => Kind::Float32,
            Type::FLOAT8 => Kind::Float64,
            Type::DATE => Kind::Date,
            Type::TIMESTAMP => Kind::Timestamp(false),
            Type::TIMESTAMPTZ => Kind::Timestamp(true),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON => Kind::Text,
            Type::JSONB => Kind::Jsonb,
            Type::UUID => Kind::Uuid,
            Type::BYTEA => Kind::Bytes,
            _ if matches!(column.r#type.kind(), TypeKind::Enum(_)) => Kind::Text,
            _ => return Self::as_text(column, false),
        };
        Self { expression: column.reference.clone(), kind, why: format!("It is {word} in PostgreSQL.") }
    }

    /// The declared digits decide; without them every value could have its own.
    fn of_numeric(column: &SourceColumn) -> Self {
        let digits = |precision, scale| Kind::Decimal(precision as usize, scale as usize);
        let kind = declared_digits(column.modifier).and_then(|(precision, scale)| match (precision, scale) {
            (precision, scale) if scale < 0 && precision - scale <= MOST_DIGITS => Some(digits(precision - scale, 0)),
            (precision, scale) if scale >= 0 && precision.max(scale) <= MOST_DIGITS => {
                Some(digits(precision.max(scale), scale))
            }
            _ => None,
        });
        let Some(kind) = kind else {
            let why = "Its digits are not declared, or more than 38, so it stays text to keep each of them; in a query, \
                       `::numeric(18,2)` declares them.";
            return Self { expression: format!("{}::text", column.reference), kind: Kind::Text, why: why.into() };
        };
        Self { expression: column.reference.clone(), kind, why: "It is numeric in PostgreSQL.".into() }
    }

    fn as_text(column: &SourceColumn, chosen: bool) -> Self {
        let word = type_word(&column.r#type);
        let why = if chosen {
            "You chose it.".into()
        } else if matches!(column.r#type, Type::DATE | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::NUMERIC) {
            format!("Many values, such as infinity, are none that a table's type for {word} holds.")
        } else {
            format!("PostgreSQL's {word} is kept as the text it writes for it.")
        };
        Self { expression: format!("{}::text", column.reference), kind: Kind::Text, why }
    }
}

/// Precision and scale of a `numeric` from its modifier ("numeric_typmod" in PostgreSQL's source).
fn declared_digits(modifier: i32) -> Option<(i32, i32)> {
    let digits = modifier.checked_sub(4).filter(|digits| *digits >= 0)?;
    Some(((digits >> 16) & 0xffff, ((digits & 0x7ff) ^ 1024) - 1024))
}

/// The name of a type as people write it.
fn type_word(of: &Type) -> String {
    match of.kind() {
        TypeKind::Array(inner) => format!("{}[]", type_word(inner)),
        _ => of.name().to_owned(),
    }
}

/// The column that grows, and how to ask for what is new.
pub(super) struct Cursor<'a> {
    column: &'a SourceColumn,
    lag: &'a str,
}

impl<'a> Cursor<'a> {
    /// The selection's cursor, if it has one.
    pub fn of(relation: &'a Relation, selection: &'a Selection) -> Result<Option<Self>> {
        if selection.cursor.trim().is_empty() {
            return Ok(None);
        }
        let column = relation.column(selection.cursor.trim(), "cursor")?;
        let cursor = Self { column, lag: selection.lag.trim() };
        if !cursor.lag.is_empty() && cursor.units().is_none() {
            let word = type_word(&column.r#type);
            return Err(Error::invalid(format!("The cursor column `{}` is {word}, which has no lag.", column.name))
                .hint("Leave the lag empty, or choose a column of numbers, dates or times.")
                .field("lag"));
        }
        Ok(Some(cursor))
    }

    /// The types in which a value and a lag are subtracted.
    fn units(&self) -> Option<(&'static str, &'static str)> {
        Some(match self.column.r#type {
            Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => ("bigint", "bigint"),
            Type::NUMERIC => ("numeric", "numeric"),
            Type::FLOAT4 | Type::FLOAT8 => ("float8", "float8"),
            Type::DATE => ("date", "interval"),
            Type::TIMESTAMP => ("timestamp", "interval"),
            Type::TIMESTAMPTZ => ("timestamptz", "interval"),
            _ => return None,
        })
    }

    /// Rows above the greatest value read so far, and those within the lag below it.
    pub fn since(&self, last: &str) -> String {
        let (reference, last) = (&self.column.reference, sql::literal(last));
        match self.units().filter(|_| !self.lag.is_empty()) {
            None => format!("{reference} > {last}"),
            Some((of, by)) => format!("{reference} >= {last}::{of} - {}::{by}", sql::literal(self.lag)),
        }
    }

    /// Rows above the greatest value read so far.
    pub fn after(&self, last: &str) -> String {
        format!("{} > {}", self.column.reference, sql::literal(last))
    }

    /// Rows from the first value on.
    pub fn from(&self, start: &str) -> String {
        format!("{} >= {}", self.column.reference, sql::literal(start))
    }

    /// Asks for the greatest value, as text. Values behind which nothing can come are left out: they would end it.
    pub fn greatest(&self, relation: &Relation, conditions: &[String]) -> String {
        let reference = &self.column.reference;
        let real = match self.column.r#type {
            Type::DATE | Type::TIMESTAMP | Type::TIMESTAMPTZ => format!("pg_catalog.isfinite({reference})"),
            Type::FLOAT4 | Type::FLOAT8 => format!("{reference} < 'Infinity'"),
            Type::NUMERIC => format!("{reference} <> 'NaN'"),
            _ => format!("{reference} IS NOT NULL"),
        };
        let all: Vec<&str> = conditions.iter().map(String::as_str).chain([real.as_str()]).collect();
        let (from, all) = (&relation.from, all.join(" AND "));
        // Sorted before it becomes text: then 9 comes before 10.
        let sorted = format!("SELECT {reference} AS value FROM {from} WHERE {all} ORDER BY value DESC LIMIT 1");
        format!("SELECT value::text FROM ({sorted}) AS greatest")
    }

    /// Asks whether there is a row without a value, which would never be new.
    pub fn missing(&self, relation: &Relation, conditions: &[String]) -> String {
        let none = format!("{} IS NULL", self.column.reference);
        let all: Vec<&str> = conditions.iter().map(String::as_str).chain([none.as_str()]).collect();
        format!("SELECT 'x' FROM {} WHERE {} LIMIT 1", relation.from, all.join(" AND "))
    }
}
