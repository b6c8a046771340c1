//! The statements for a dataset of Parquet or CSV files.

use polars::prelude::DataType;

use super::super::fields::Field;
use super::super::target::Format;
use super::super::values::{self, NO_VALUE};
use super::About;
use super::words::{System, plain, quoted, text, word};

impl About<'_> {
    pub(super) fn dataset(&self, system: System) -> String {
        match system {
            System::Databricks | System::Spark => self.spark(system),
            System::Trino => self.trino(),
            System::BigQuery => self.bigquery(),
            System::Snowflake => self.snowflake(),
            System::DuckDb => self.duckdb(),
        }
    }

    fn spark(&self, system: System) -> String {
        let name = self.table(system);
        // A text that is the same as `nullValue` is taken for a missing one, even in quotes; no text should be this one.
        let options = if self.is_csv() {
            "\nOPTIONS (header 'true', multiLine 'true', escape '\"', nullValue '\\u0000', emptyValue '')"
        } else {
            ""
        };
        let by = self.partitions(|field| quoted(&field.name, system)).join(", ");
        let (partitioned, repair) = match (by.as_str(), system) {
            ("", _) => (String::new(), String::new()),
            (by, System::Databricks) => (
                format!("\nPARTITIONED BY ({by})"),
                format!(
                    "\n-- Unity Catalog finds the partitions by itself; where it keeps a log of them, it is told with:\n\
                     -- MSCK REPAIR TABLE {name};"
                ),
            ),
            (by, _) => (format!("\nPARTITIONED BY ({by})"), format!("\nMSCK REPAIR TABLE {name};")),
        };
        format!(
            "CREATE TABLE IF NOT EXISTS {name} ({})\nUSING {}{options}{partitioned}\nLOCATION {};{repair}",
            self.columns(system).join(", "),
            if self.is_csv() { "CSV" } else { "PARQUET" },
            text(&self.location.of_system(system), system)
        )
    }

    fn trino(&self) -> String {
        let system = System::Trino;
        let by = self.partitions(|field| text(&field.name.to_lowercase(), system)).join(", ");
        let (partitioned, sync) = if by.is_empty() {
            (String::new(), String::new())
        } else {
            // The folders have the names of the columns with their capitals.
            let name = text(&plain(&self.name).to_lowercase(), system);
            (
                format!(", partitioned_by = ARRAY[{by}]"),
                format!("\nCALL hive.system.sync_partition_metadata('default', {name}, 'FULL', false);"),
            )
        };
        let has_times = self.fields.iter().any(|field| matches!(field.dtype, DataType::Datetime(..)));
        let told = match (self.is_csv(), has_times) {
            (true, _) => {
                "-- Trino reads the columns of CSV files as texts, line by line: send Parquet where texts have several lines.\n"
            }
            (false, true) => "-- The catalog `hive` must have hive.timestamp-precision=MICROSECONDS.\n",
            (false, false) => "",
        };
        format!(
            "{told}CREATE TABLE IF NOT EXISTS {} ({})\nWITH (format = {}, external_location = {}{partitioned});{sync}",
            self.table(system),
            self.columns(system).join(", "),
            if self.is_csv() { "'CSV', skip_header_line_count = 1" } else { "'PARQUET'" },
            text(&self.location.of_system(system), system)
        )
    }

    fn bigquery(&self) -> String {
        let system = System::BigQuery;
        let (at, ending) = (self.location.of_system(system), values::ending(self.target.format));
        // Parquet files say themselves what their columns are; guessed types of CSV files would cut leading zeros.
        let columns = if self.is_csv() {
            let inside = self.fields.iter().filter(|field| !field.partition);
            format!(" ({})", inside.map(|field| self.column(field, system)).collect::<Vec<_>>().join(", "))
        } else {
            String::new()
        };
        let by = self.partitions(|field| self.column(field, system)).join(", ");
        let (partitions, prefix) = if by.is_empty() {
            (String::new(), String::new())
        } else {
            let prefix = format!(", hive_partition_uri_prefix = {}", text(&at, system));
            (format!("\nWITH PARTITION COLUMNS ({by})"), prefix)
        };
        let connection =
            if self.location.scheme == "gs" { "" } else { "\nWITH CONNECTION `my_project.my_region.my_connection`" };
        let options = if self.is_csv() { ", skip_leading_rows = 1, allow_quoted_newlines = TRUE" } else { "" };
        format!(
            "CREATE OR REPLACE EXTERNAL TABLE {}{columns}{connection}{partitions}\n\
             OPTIONS (format = '{}', uris = [{}]{prefix}{options});",
            self.table(system),
            ending.to_uppercase(),
            text(&format!("{at}/*.{ending}"), system)
        )
    }

    fn snowflake(&self) -> String {
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
                    let start = text(&format!("{start}([^/]*)"), system);
                    let found = format!("REGEXP_SUBSTR(METADATA$FILENAME, {start}, 1, 1, 'e')");
                    return format!("{name} {word} AS (NULLIF({found}, '{NO_VALUE}')::{word})");
                }
                place += 1;
                let from = if self.is_csv() { format!("VALUE:c{place}") } else { format!("VALUE:{name}") };
                format!("{name} {word} AS ({from}::{word})")
            })
            .collect();
        let by = self.partitions(|field| quoted(&field.name, system)).join(", ");
        let partitioned = if by.is_empty() { String::new() } else { format!("\nPARTITION BY ({by})") };
        let format = if self.is_csv() {
            "TYPE = CSV SKIP_HEADER = 1 FIELD_OPTIONALLY_ENCLOSED_BY = '\"' NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE"
        } else {
            "TYPE = PARQUET"
        };
        format!(
            "-- The storage integration `my_integration` must allow this address.\n\
             CREATE STAGE IF NOT EXISTS {stage} URL = {} STORAGE_INTEGRATION = my_integration;\n\
             CREATE OR REPLACE EXTERNAL TABLE {} ({}){partitioned}\nLOCATION = @{stage} PATTERN = '.*[.]{}' \
             FILE_FORMAT = ({format}) AUTO_REFRESH = FALSE;",
            text(&format!("{}/", self.location.of_system(system)), system),
            self.table(system),
            columns.join(", "),
            values::ending(self.target.format)
        )
    }

    fn duckdb(&self) -> String {
        let system = System::DuckDb;
        let files = format!("{}/**/*.{}", self.location.of_system(system), values::ending(self.target.format));
        let files = text(&files, system);
        // Without its type a text such as 007 in a folder's name would become a number.
        let by = self.partitions(|field| format!("{}: {}", text(&field.name, system), word(&field.dtype, system)));
        let hive = if by.is_empty() {
            String::new()
        } else {
            format!(", hive_partitioning = true, hive_types = {{{}}}", by.join(", "))
        };
        let read = if self.is_csv() {
            let columns = self
                .fields
                .iter()
                .filter(|field| !field.partition)
                .map(|field| format!("{}: '{}'", text(&field.name, system), word(&self.in_files(field), system)));
            let columns = columns.collect::<Vec<_>>().join(", ");
            format!(
                "read_csv({files}, header = true, nullstr = '', allow_quoted_nulls = false, auto_detect = false, \
                 delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}}{hive})"
            )
        } else {
            format!("read_parquet({files}{hive})")
        };
        let name = self.table(system);
        format!("{}CREATE OR REPLACE VIEW {name} AS SELECT * FROM {read};", self.duckdb_access())
    }

    /// The columns with their types, those of partitions last, as Hive wants it.
    fn columns(&self, system: System) -> Vec<String> {
        let inside = self.fields.iter().filter(|field| !field.partition).map(|field| self.column(field, system));
        inside.chain(self.partitions(|field| self.column(field, system))).collect()
    }

    /// A column with its type.
    fn column(&self, field: &Field, system: System) -> String {
        let dtype = self.in_files(field);
        match system {
            System::Trino if self.is_csv() => format!("{} varchar", quoted(&field.name.to_lowercase(), system)),
            System::Trino => format!("{} {}", quoted(&field.name.to_lowercase(), system), word(&dtype, system)),
            _ => format!("{} {}", quoted(&field.name, system), word(&dtype, system)),
        }
    }

    /// What `of` makes of each partition column, in their order.
    fn partitions(&self, of: impl Fn(&Field) -> String) -> Vec<String> {
        let field = |name: &String| self.fields.iter().find(|field| field.name == *name);
        self.target.partition_by.iter().filter_map(field).map(of).collect()
    }

    /// A column's type as the files have it.
    fn in_files(&self, field: &Field) -> DataType {
        let nested = matches!(field.dtype, DataType::List(_) | DataType::Struct(_) | DataType::Binary);
        if nested && self.is_csv() { DataType::String } else { field.dtype.clone() }
    }

    fn is_csv(&self) -> bool {
        self.target.format == Format::Csv
    }
}
