//! Looking around: folders and files level by level, with Delta and Iceberg tables told from plain folders.

use futures::StreamExt;
use pulse_core::{Progress, Result};
use serde_json::json;

use super::{Kind, Object, Place, kind};
use crate::connector::{Browse, Entry, Listing};
use crate::formats::is_readable_name;
use crate::net;

/// Folders that are looked into at the same time to see what they are.
const AT_ONCE: usize = 16;

/// One page of the level that `request` names.
pub(crate) fn browse<F>(place: &dyn Place, request: &Browse<F>, progress: &Progress) -> Result<Listing> {
    let folder = request.path.last().cloned().unwrap_or_default();
    net::run(progress, async {
        let level = place.page(&folder, request.page.as_deref()).await?;
        let kinds = futures::stream::iter(level.folders.clone())
            .map(|folder| async move { Ok((kind(place, &folder).await?, folder)) })
            .buffered(AT_ONCE)
            .collect::<Vec<Result<(Kind, String)>>>()
            .await;
        let wanted = request.search.to_lowercase();
        let fits = |name: &str| wanted.is_empty() || name.to_lowercase().contains(&wanted);
        let mut entries = Vec::new();
        for folder in kinds {
            let (kind, path) = folder?;
            if fits(&path) {
                entries.push(folder_entry(place, kind, path));
            }
        }
        entries.extend(level.files.iter().filter(|file| fits(file.name())).map(file_entry));
        Ok(Listing { entries, next: level.next, about: None })
    })
}

fn folder_entry(place: &dyn Place, kind: Kind, path: String) -> Entry {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(&path).to_owned();
    let (word, summary) = match kind {
        Kind::Folder => ("folder", ""),
        Kind::Delta => ("delta table", ""),
        Kind::Iceberg => ("Iceberg table", "Not readable here: export it to Parquet, CSV or Delta first."),
    };
    let selection = (kind != Kind::Iceberg).then(|| json!({"paths": [path]}));
    Entry {
        name,
        kind: word.into(),
        summary: summary.into(),
        facts: vec![("Address".into(), place.address(&path))],
        opens: kind == Kind::Folder,
        selection,
        id: path,
        ..Entry::default()
    }
}

fn file_entry(file: &Object) -> Entry {
    let readable = is_readable_name(file.name()) || file.name().to_ascii_lowercase().ends_with(".zip");
    let mut facts = vec![("Changed".to_owned(), file.modified.clone()), ("ETag".to_owned(), file.etag.clone())];
    facts.retain(|(_, value)| !value.is_empty());
    Entry {
        id: file.path.clone(),
        name: file.name().to_owned(),
        kind: "file".into(),
        summary: if file.bytes == 0 { "Empty".into() } else { String::new() },
        bytes: Some(file.bytes),
        facts,
        selection: readable.then(|| json!({"paths": [file.path]})),
        several: true,
        ..Entry::default()
    }
}
