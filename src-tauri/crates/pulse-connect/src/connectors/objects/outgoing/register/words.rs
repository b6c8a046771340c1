//! Addresses, names, texts and types as each system writes them.

use polars::prelude::DataType;

/// A system and its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Databricks,
    Spark,
    Trino,
    BigQuery,
    Snowflake,
    DuckDb,
}

/// Where the target lies, as the systems address it.
pub(super) struct Location {
    /// `s3`, `gs`, `az` or `file`.
    pub scheme: String,
    /// The bucket or container; for Azure the account stands before it.
    bucket: String,
    account: String,
    /// The folder without slashes at its ends.
    path: String,
}

impl Location {
    pub(super) fn of(address: &str) -> Self {
        let (scheme, rest) = address.split_once("://").unwrap_or(("file", address));
        let parts: Vec<&str> = rest.splitn(if scheme == "az" { 3 } else { 2 }, '/').collect();
        let text = |at: usize| parts.get(at).map(|part| (*part).to_owned()).unwrap_or_default();
        match scheme {
            "az" => Self { scheme: scheme.into(), account: text(0), bucket: text(1), path: text(2) },
            "file" => {
                let path = rest.trim_matches('/').replace('\\', "/");
                Self { scheme: scheme.into(), account: String::new(), bucket: String::new(), path }
            }
            _ => Self { scheme: scheme.into(), account: String::new(), bucket: text(0), path: text(1) },
        }
    }

    /// The address as a system writes it.
    pub(super) fn of_system(&self, system: System) -> String {
        let (root, path) = self.split(system);
        format!("{root}{path}")
    }

    /// The address of the bucket, with a `/` at its end, and the path in it.
    pub(super) fn split(&self, system: System) -> (String, String) {
        let Self { scheme, bucket, account, path } = self;
        let root = match (scheme.as_str(), system) {
            ("az", System::Snowflake | System::BigQuery) => {
                format!("azure://{account}.blob.core.windows.net/{bucket}/")
            }
            ("az", System::DuckDb) => format!("az://{account}.blob.core.windows.net/{bucket}/"),
            ("az", _) => format!("abfss://{bucket}@{account}.dfs.core.windows.net/"),
            ("gs", System::Snowflake) => format!("gcs://{bucket}/"),
            // Hadoop's own client of S3, which Spark brings, has this name for it.
            ("s3", System::Spark) => format!("s3a://{bucket}/"),
            ("file", System::DuckDb) => "/".to_owned(),
            ("file", _) => "file:///".to_owned(),
            (scheme, _) => format!("{scheme}://{bucket}/"),
        };
        (root, path.clone())
    }
}

/// A table's name of letters, digits and underscores, for catalogs that know no others.
pub(super) fn plain(name: &str) -> String {
    name.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' }).collect()
}

/// A name as a system quotes it.
pub(super) fn quoted(name: &str, system: System) -> String {
    match system {
        System::Databricks | System::Spark => format!("`{}`", name.replace('`', "``")),
        System::BigQuery => format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A text as a system writes it.
pub(super) fn text(value: &str, system: System) -> String {
    match system {
        System::Trino | System::DuckDb => format!("'{}'", value.replace('\'', "''")),
        _ => format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

/// A type in a system's words.
pub(super) fn word(dtype: &DataType, system: System) -> String {
    use System as S;
    let of = |spark: &str, trino: &str, bigquery: &str, snowflake: &str, duckdb: &str| {
        match system {
            S::Databricks | S::Spark => spark,
            S::Trino => trino,
            S::BigQuery => bigquery,
            S::Snowflake => snowflake,
            S::DuckDb => duckdb,
        }
        .to_owned()
    };
    match dtype {
        DataType::Int8 => of("TINYINT", "tinyint", "INT64", "NUMBER(3,0)", "TINYINT"),
        DataType::Int16 => of("SMALLINT", "smallint", "INT64", "NUMBER(5,0)", "SMALLINT"),
        DataType::Int32 => of("INT", "integer", "INT64", "NUMBER(10,0)", "INTEGER"),
        DataType::Int64 => of("BIGINT", "bigint", "INT64", "NUMBER(19,0)", "BIGINT"),
        DataType::Float32 => of("FLOAT", "real", "FLOAT64", "FLOAT", "FLOAT"),
        DataType::Float64 => of("DOUBLE", "double", "FLOAT64", "FLOAT", "DOUBLE"),
        DataType::Boolean => of("BOOLEAN", "boolean", "BOOL", "BOOLEAN", "BOOLEAN"),
        DataType::Binary => of("BINARY", "varbinary", "BYTES", "BINARY", "BLOB"),
        DataType::Date => of("DATE", "date", "DATE", "DATE", "DATE"),
        DataType::Datetime(_, None) => of("TIMESTAMP_NTZ", "timestamp(6)", "DATETIME", "TIMESTAMP_NTZ", "TIMESTAMP"),
        DataType::Datetime(_, Some(_)) => of("TIMESTAMP", "timestamp(6)", "TIMESTAMP", "TIMESTAMP_TZ", "TIMESTAMPTZ"),
        DataType::Decimal(precision, scale) => {
            // BigQuery's smaller decimal has at most 29 digits before and 9 behind the point.
            let bigquery = if *scale <= 9 && precision - scale <= 29 { "NUMERIC" } else { "BIGNUMERIC" };
            of("DECIMAL", "decimal", bigquery, "NUMBER", "DECIMAL") + &format!("({precision},{scale})")
        }
        DataType::List(inner) => match system {
            S::Snowflake => "VARIANT".into(),
            S::DuckDb => format!("{}[]", word(inner, system)),
            S::Trino => format!("array({})", word(inner, system)),
            _ => format!("ARRAY<{}>", word(inner, system)),
        },
        DataType::Struct(fields) => {
            let member = |between: &str| {
                let member = |f: &polars::prelude::Field| {
                    format!("{}{between}{}", quoted(f.name(), system), word(f.dtype(), system))
                };
                fields.iter().map(member).collect::<Vec<_>>().join(", ")
            };
            match system {
                S::Snowflake => "VARIANT".into(),
                S::DuckDb => format!("STRUCT({})", member(" ")),
                S::Trino => format!("row({})", member(" ")),
                S::BigQuery => format!("STRUCT<{}>", member(" ")),
                S::Databricks | S::Spark => format!("STRUCT<{}>", member(": ")),
            }
        }
        _ => of("STRING", "varchar", "STRING", "VARCHAR", "VARCHAR"),
    }
}
