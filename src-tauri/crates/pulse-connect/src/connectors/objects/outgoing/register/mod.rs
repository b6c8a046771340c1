//! The statements that make the target a table in other systems, with its real address and quoted names.
//!
//! Sources: the manuals of Databricks SQL, Spark SQL, Trino's Hive and Delta connectors, BigQuery, Snowflake and DuckDB.

mod dataset;
mod words;

use pulse_core::{Progress, Result};

use super::OURS;
use super::fields::{Field, fields};
use super::shelf::Shelf;
use super::target::{Format, Target};
use crate::destination::Statement;
use crate::outgoing::Outgoing;
use words::{Location, System, plain, quoted, text};

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

/// What the statements are about.
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
        let name = self.table(system);
        match system {
            System::Databricks => format!(
                "-- An external location with this address must be there, and you need CREATE EXTERNAL TABLE on it.\n\
                 CREATE TABLE IF NOT EXISTS {name} USING DELTA LOCATION {at};"
            ),
            System::Spark => format!("CREATE TABLE IF NOT EXISTS {name} USING DELTA LOCATION {at};"),
            System::Trino => format!(
                "-- The catalog `delta` must have delta.register-table-procedure.enabled=true.\n\
                 CALL delta.system.register_table(schema_name => 'default', table_name => {}, table_location => {at});",
                text(&plain(&self.name).to_lowercase(), system)
            ),
            System::BigQuery => format!(
                "-- Put your project, dataset, region and connection in; the connection needs the right to read the bucket.\n\
                 CREATE OR REPLACE EXTERNAL TABLE {name}\n\
                 WITH CONNECTION `my_project.my_region.my_connection`\n\
                 OPTIONS (format = 'DELTA_LAKE', uris = [{at}]);"
            ),
            System::Snowflake => {
                let (root, path) = self.location.split(system);
                format!(
                    "-- The external volume `my_volume` must point to {} and allow to read it.\n\
                     CREATE CATALOG INTEGRATION IF NOT EXISTS delta_files CATALOG_SOURCE = OBJECT_STORE \
                     TABLE_FORMAT = DELTA ENABLED = TRUE;\n\
                     CREATE ICEBERG TABLE IF NOT EXISTS {name} EXTERNAL_VOLUME = 'my_volume' CATALOG = 'delta_files' \
                     BASE_LOCATION = {};",
                    text(&root, system),
                    text(&path, system)
                )
            }
            System::DuckDb => format!(
                "{}INSTALL delta; LOAD delta;\nCREATE OR REPLACE VIEW {name} AS SELECT * FROM delta_scan({at});",
                self.duckdb_access()
            ),
        }
    }

    /// The table's name as it is written in a system's statements.
    fn table(&self, system: System) -> String {
        let own = &self.name;
        match system {
            System::Databricks => format!("`main`.`default`.{}", quoted(&plain(own), system)),
            System::Spark => quoted(&plain(own), system),
            System::Trino => format!("hive.\"default\".{}", quoted(&plain(own).to_lowercase(), system)),
            System::BigQuery => format!("`my_dataset`.{}", quoted(&plain(own), system)),
            System::Snowflake | System::DuckDb => quoted(own, system),
        }
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
