//! What a writer needs to know of a table: its version, protocol, metadata and files.

use std::collections::HashMap;

use pulse_core::{Error, Progress, Result};
use serde_json::Value;

use super::super::Place;
use super::Table;
use crate::net;

/// A table at its newest version.
pub(crate) struct Stand {
    pub version: u64,
    /// The actions `protocol` and `metaData` as the log has them.
    pub protocol: Value,
    /// See [`Stand::protocol`].
    pub metadata: Value,
    pub files: Vec<Live>,
    /// The version that the application's last transaction noted.
    pub done: Option<i64>,
}

/// A file of a table.
pub(crate) struct Live {
    /// Its path as the log has it.
    pub path: String,
    pub bytes: u64,
    pub rows: Option<u64>,
    pub partition: HashMap<String, String>,
    /// Whether some of its rows are deleted by a vector.
    pub has_vector: bool,
}

/// The table in `folder` (with a `/` at its end) as it stands for the application `app`; nothing if there is none.
pub(crate) fn stand(place: &dyn Place, folder: &str, app: &str, progress: &Progress) -> Result<Option<Stand>> {
    let log = net::run(progress, place.walk(&format!("{folder}_delta_log/")))?;
    if !log.iter().any(|file| file.path.ends_with(".json") || file.path.ends_with(".parquet")) {
        return Ok(None);
    }
    let table = Table::open(place, folder, None, progress)?;
    let (_, files) = table.scan(table.snapshot.schema())?;
    let done = table.snapshot.get_app_id_version(app, table.engine.as_ref());
    let configuration = table.snapshot.table_configuration();
    let written = |cause: serde_json::Error| Error::internal("read the table's metadata", cause);
    Ok(Some(Stand {
        version: table.snapshot.version(),
        protocol: serde_json::to_value(configuration.protocol()).map_err(written)?,
        metadata: serde_json::to_value(configuration.metadata()).map_err(written)?,
        done: done.map_err(|cause| table.fault(&cause, None))?,
        files: files
            .into_iter()
            .map(|file| Live {
                path: file.path,
                bytes: u64::try_from(file.size).unwrap_or_default(),
                rows: file.stats.map(|stats| stats.num_records),
                partition: file.partition_values,
                has_vector: file.dv_info.has_vector(),
            })
            .collect(),
    }))
}
