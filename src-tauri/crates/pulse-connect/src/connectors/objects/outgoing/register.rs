//! The statements that make the target a table in other systems, with its real address and quoted names.

use polars::prelude::DataType;
use pulse_core::{Progress, Result};

use super::fields::{Field, fields};
use super::shelf::Shelf;
use super::target::{Format, Target};
use super::{OURS, values};
use crate::destination::Statement;
use crate::outgoing::Outgoing;

/// Where the target lies, as the systems address it.
struct Location {
    /// `s3`, `gs`, `az` or `file`.
    scheme: String,
    /// The bucket or container; for Azure the account stands before it.
    bucket: String,
    account: String,
    /// The folder without slashes at its ends.
    path: String,
}

/// A system and its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Databricks,
    Spark,
    Trino,
    BigQuery,
    Snowflake,
    DuckDb,
}

const SYSTEMS: [(System, &str, &str); 6] = [
    (System::Databricks, "databricks", "Databricks Unity Catalog"),
    (System::Spark, "spark", "Spark"),
    (System::Trino, "trino", "Trino"),
    (System::BigQuery, "bigquery", "BigQuery"),
    (System::Snowflake, "snowflake", "Snowflake"),
    (System::DuckDb, "duckdb", "DuckDB"),
];

/// The statements, one text for each system.
pub(super) fn statements(shelf: &Shelf<'_>, target: &Target, outgoing: &Outgoing) -> Vec<Statement> {
    let about = About {
        location: Location::of(&shelf.address()),
        name: target.name(),
        fields: fields(target, outgoing),
        target,
    };
    let statement = |(system, id, title): &(System, &str, &str)| Statement {
        id: format!("register_{id}"),
        title: format!("Make it a table in {title}"),
        text: about.text(*system),
        language: "sql".into(),
        editable: false,
    };
    SYSTEMS.iter().map(statement).collect()
}

/// Puts the statements beside the data.
pub(super) fn put(shelf: &Shelf<'_>, target: &Target, outgoing: &Outgoing, progress: &Progress) -> Result<()> {
    let mut text = format!("-- {} as a table in other systems; run the part for yours.\n", shelf.address());
    for ((_, _, title), statement) in SYSTEMS.iter().zip(statements(shelf, target, outgoing)) {
        text.push_str(&format!("\n-- {title}\n{}\n", statement.text));
    }
    shelf.put(&format!("{OURS}register.sql"), text.into_bytes(), progress)
}

impl Location {
    fn of(address: &str) -> Self {
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
    fn of_system(&self, system: System) -> String {
        let Self { scheme, bucket, account, path } = self;
        match (scheme.as_str(), system) {
            ("az", System::Snowflake | System::BigQuery) => {
                format!("azure://{account}.blob.core.windows.net/{bucket}/{path}")
            }
            ("az", System::DuckDb) => format!("az://{account}.blob.core.windows.net/{bucket}/{path}"),
            ("az", _) => format!("abfss://{bucket}@{account}.dfs.core.windows.net/{path}"),
            ("gs", System::Snowflake) => format!("gcs://{bucket}/{path}"),
            ("file", System::DuckDb) => format!("/{path}"),
            ("file", _) => format!("file:///{path}"),
            (scheme, _) => format!("{scheme}://{bucket}/{path}"),
        }
    }
}

struct About<'a> {
    location: Location,
    name: String,
    fields: Vec<Field>,
    target: &'a Target,
}

impl About<'_> {
    fn text(&self, system: System) -> String {
        if self.location.scheme == "file" && matches!(system, System::Databricks | System::BigQuery | System::Snowflake)
        {
            return "-- A folder on this machine cannot be reached from there; send the table to an object store."
                .into();
        }
        match self.target.format {
            Format::Delta => self.delta(system),
            Format::Parquet | Format::Csv => self.dataset(system),
        }
    }

    fn delta(&self, system: System) -> String {
        let at = text(&self.location.of_system(system), system);
        let name = quoted(&self.name, system);
        match system {
            System::Databricks => format!(
                "-- An external location with this address must be there, and you need CREATE EXTERNAL TABLE on it.\n\
                 CREATE TABLE IF NOT EXISTS `main`.`default`.{name} USING DELTA LOCATION {at};"
            ),
            System::Spark => format!("CREATE TABLE IF NOT EXISTS {name} USING DELTA LOCATION {at};"),
            System::Trino => format!(
                "-- The catalog `delta` must have delta.register-table-procedure.enabled=true.\n\
                 CALL delta.system.register_table(schema_name => 'default', table_name => {}, table_location => {at});",
                text(&self.name.to_lowercase(), system)
            ),
            System::BigQuery => format!(
                "-- Put your project, dataset, region and connection in; the connection needs the right to read the bucket.\n\
                 CREATE OR REPLACE EXTERNAL TABLE `my_dataset`.{name}\n\
                 WITH CONNECTION `my_project.my_region.my_connection`\n\
                 OPTIONS (format = 'DELTA_LAKE', uris = [{at}]);"
            ),
            System::Snowflake => format!(
                "-- The external volume `my_volume` must point to {at} and allow to read it.\n\
                 CREATE CATALOG INTEGRATION IF NOT EXISTS delta_files CATALOG_SOURCE = OBJECT_STORE TABLE_FORMAT = DELTA \
                 ENABLED = TRUE;\n\
                 CREATE ICEBERG TABLE IF NOT EXISTS {name} EXTERNAL_VOLUME = 'my_volume' CATALOG = 'delta_files' \
                 BASE_LOCATION = '';"
            ),
            System::DuckDb => format!(
                "{}INSTALL delta; LOAD delta;\nCREATE OR REPLACE VIEW {name} AS SELECT * FROM delta_scan({at});",
                self.duckdb_access()
            ),
        }
    }

    fn dataset(&self, system: System) -> String {
        let is_csv = self.target.format == Format::Csv;
        let ending = values::ending(self.target.format);
        let at = self.location.of_system(system);
        let name = quoted(&self.name, system);
        let by = self.target.partition_by.iter().map(|name| quoted(name, system)).collect::<Vec<_>>().join(", ");
        match system {
            System::Databricks | System::Spark => self.spark(system, is_csv, &by),
            System::Trino => self.trino(is_csv),
            System::BigQuery => {
                let partitions = if by.is_empty() { "" } else { "\nWITH PARTITION COLUMNS" };
                let prefix = if by.is_empty() {
                    String::new()
                } else {
                    format!(", hive_partition_uri_prefix = {}", text(&at, system))
                };
                let options =
                    if is_csv { ", skip_leading_rows = 1, allow_quoted_newlines = TRUE, null_marker = ''" } else { "" };
                format!(
                    "CREATE OR REPLACE EXTERNAL TABLE `my_dataset`.{name}{partitions}\n\
                     OPTIONS (format = '{}', uris = [{}]{prefix}{options});",
                    ending.to_uppercase(),
                    text(&format!("{at}/*.{ending}"), system)
                )
            }
            System::Snowflake => self.snowflake(is_csv, ending),
            System::DuckDb => {
                let files = text(&format!("{at}/**/*.{ending}"), system);
                let hive = if by.is_empty() { "" } else { ", hive_partitioning = true" };
                let read = if is_csv {
                    let columns = self.fields.iter().filter(|field| !field.partition).map(|field| {
                        format!("{}: '{}'", text(&field.name, system), word(&self.in_files(field), system))
                    });
                    let columns = columns.collect::<Vec<_>>().join(", ");
                    format!(
                        "read_csv({files}, header = true, nullstr = '', allow_quoted_nulls = false, auto_detect = false, \
                         delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}}{hive})"
                    )
                } else {
                    format!("read_parquet({files}{hive})")
                };
                format!("{}CREATE OR REPLACE VIEW {name} AS SELECT * FROM {read};", self.duckdb_access())
            }
        }
    }

    fn spark(&self, system: System, is_csv: bool, by: &str) -> String {
        let name = quoted(&self.name, system);
        let full = if system == System::Databricks { format!("`main`.`default`.{name}") } else { name };
        let options = if is_csv {
            "\nOPTIONS (header 'true', multiLine 'true', escape '\"', nullValue '', emptyValue '')"
        } else {
            ""
        };
        let (partitioned, repair) = if by.is_empty() {
            (String::new(), String::new())
        } else {
            (format!("\nPARTITIONED BY ({by})"), format!("\nMSCK REPAIR TABLE {full};"))
        };
        format!(
            "CREATE TABLE IF NOT EXISTS {full} ({})\nUSING {}{options}{partitioned}\nLOCATION {};{repair}",
            self.columns(system, false),
            if is_csv { "CSV" } else { "PARQUET" },
            text(&self.location.of_system(system), system)
        )
    }

    fn trino(&self, is_csv: bool) -> String {
        let system = System::Trino;
        let name = self.name.to_lowercase();
        let by: Vec<String> = self.target.partition_by.iter().map(|name| text(&name.to_lowercase(), system)).collect();
        let (partitioned, sync) = if by.is_empty() {
            (String::new(), String::new())
        } else {
            (
                format!(", partitioned_by = ARRAY[{}]", by.join(", ")),
                format!("\nCALL hive.system.sync_partition_metadata('default', {}, 'FULL');", text(&name, system)),
            )
        };
        let format = if is_csv { "'CSV', skip_header_line_count = 1" } else { "'PARQUET'" };
        let texts = if is_csv { "-- Trino reads the columns of CSV files as texts.\n" } else { "" };
        format!(
            "{texts}CREATE TABLE IF NOT EXISTS hive.\"default\".{} ({})\nWITH (format = {format}, external_location = \
             {}{partitioned});{sync}",
            quoted(&name, system),
            self.columns(system, is_csv),
            text(&self.location.of_system(system), system)
        )
    }

    fn snowflake(&self, is_csv: bool, ending: &str) -> String {
        let system = System::Snowflake;
        let stage = quoted(&format!("{}_files", self.name), system);
        let mut place = 0;
        let columns: Vec<String> = self
            .fields
            .iter()
            .map(|field| {
                let (name, word) = (quoted(&field.name, system), word(&self.in_files(field), system));
                if field.partition {
                    let folder = values::folder(&[field], &[Some("x".into())]);
                    let start = folder.trim_end_matches("x/").replace('.', "[.]");
                    let found = format!(
                        "REGEXP_SUBSTR(METADATA$FILENAME, {}, 1, 1, 'e')",
                        text(&format!("{start}([^/]*)"), system)
                    );
                    return format!("{name} VARCHAR AS ({found})");
                }
                place += 1;
                let from = if is_csv { format!("VALUE:c{place}") } else { format!("VALUE:{name}") };
                format!("{name} {word} AS ({from}::{word})")
            })
            .collect();
        let by = self.target.partition_by.iter().map(|name| quoted(name, system)).collect::<Vec<_>>().join(", ");
        let partitioned = if by.is_empty() { String::new() } else { format!("\nPARTITION BY ({by})") };
        let format = if is_csv {
            "TYPE = CSV SKIP_HEADER = 1 FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE"
        } else {
            "TYPE = PARQUET"
        };
        format!(
            "-- The storage integration `my_integration` must allow this address.\n\
             CREATE STAGE IF NOT EXISTS {stage} URL = {} STORAGE_INTEGRATION = my_integration;\n\
             CREATE OR REPLACE EXTERNAL TABLE {} ({}){partitioned}\nLOCATION = @{stage} PATTERN = '.*[.]{ending}' \
             FILE_FORMAT = ({format}) AUTO_REFRESH = FALSE;",
            text(&format!("{}/", self.location.of_system(system)), system),
            quoted(&self.name, system),
            columns.join(", ")
        )
    }

    /// The columns with their types, those of partitions last, as Hive wants it.
    fn columns(&self, system: System, as_texts: bool) -> String {
        let inside = self.fields.iter().filter(|field| !field.partition);
        let by = self.target.partition_by.iter().filter_map(|name| self.fields.iter().find(|f| f.name == *name));
        let column = |field: &Field| {
            let (name, dtype) = match system {
                System::Trino => {
                    (field.name.to_lowercase(), if as_texts { DataType::String } else { self.in_files(field) })
                }
                _ => (field.name.clone(), self.in_files(field)),
            };
            format!("{} {}", quoted(&name, system), word(&dtype, system))
        };
        inside.chain(by).map(column).collect::<Vec<_>>().join(", ")
    }

    /// A column's type as the files have it.
    fn in_files(&self, field: &Field) -> DataType {
        let nested = matches!(field.dtype, DataType::List(_) | DataType::Struct(_) | DataType::Binary);
        if nested && self.target.format == Format::Csv { DataType::String } else { field.dtype.clone() }
    }

    /// What DuckDB needs before it can reach the store.
    fn duckdb_access(&self) -> &'static str {
        match self.location.scheme.as_str() {
            "s3" => "CREATE SECRET IF NOT EXISTS (TYPE s3, PROVIDER credential_chain);\n",
            "gs" => {
                "-- DuckDB reads Google's storage with an HMAC key: CREATE SECRET (TYPE gcs, KEY_ID '…', SECRET '…');\n"
            }
            "az" => {
                "INSTALL azure; LOAD azure;\nCREATE SECRET IF NOT EXISTS (TYPE azure, PROVIDER credential_chain);\n"
            }
            _ => "",
        }
    }
}

/// A name as a system quotes it.
fn quoted(name: &str, system: System) -> String {
    match system {
        System::Databricks | System::Spark => format!("`{}`", name.replace('`', "``")),
        System::BigQuery => format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A text as a system writes it.
fn text(value: &str, system: System) -> String {
    match system {
        System::Trino | System::DuckDb => format!("'{}'", value.replace('\'', "''")),
        _ => format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

/// A type in a system's words.
fn word(dtype: &DataType, system: System) -> String {
    use System as S;
    let of = |spark: &str, trino: &str, snowflake: &str, duckdb: &str| {
        match system {
            S::Databricks | S::Spark | S::BigQuery => spark,
            S::Trino => trino,
            S::Snowflake => snowflake,
            S::DuckDb => duckdb,
        }
        .to_owned()
    };
    match dtype {
        DataType::Int8 => of("TINYINT", "tinyint", "NUMBER(3,0)", "TINYINT"),
        DataType::Int16 => of("SMALLINT", "smallint", "NUMBER(5,0)", "SMALLINT"),
        DataType::Int32 => of("INT", "integer", "NUMBER(10,0)", "INTEGER"),
        DataType::Int64 => of("BIGINT", "bigint", "NUMBER(19,0)", "BIGINT"),
        DataType::Float32 => of("FLOAT", "real", "FLOAT", "FLOAT"),
        DataType::Float64 => of("DOUBLE", "double", "FLOAT", "DOUBLE"),
        DataType::Boolean => of("BOOLEAN", "boolean", "BOOLEAN", "BOOLEAN"),
        DataType::Binary => of("BINARY", "varbinary", "BINARY", "BLOB"),
        DataType::Date => of("DATE", "date", "DATE", "DATE"),
        DataType::Datetime(_, None) => of("TIMESTAMP_NTZ", "timestamp(6)", "TIMESTAMP_NTZ", "TIMESTAMP"),
        DataType::Datetime(_, Some(_)) => of("TIMESTAMP", "timestamp(6)", "TIMESTAMP_TZ", "TIMESTAMPTZ"),
        DataType::Decimal(precision, scale) => {
            let digits = format!("({precision},{scale})");
            of("DECIMAL", "decimal", "NUMBER", "DECIMAL") + &digits
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
                _ => format!("STRUCT<{}>", member(": ")),
            }
        }
        _ => of("STRING", "varchar", "VARCHAR", "VARCHAR"),
    }
}
