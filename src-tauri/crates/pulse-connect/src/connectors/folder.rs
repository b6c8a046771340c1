//! A folder on this machine or a mounted drive.

use pulse_core::{Error, Progress, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::objects::outgoing::{self, Target};
use super::objects::{self, Disk, Selection};
use crate::connector::{About, Browse, Browsing, Check, Connector, Fetched, Listing, News, NoFilters, Task};
use crate::destination::{Destination, Journal, Preflight, Verification, Writes, Written};
use crate::outgoing::Outgoing;

/// Reads a Delta table that another program keeps in a folder, or the files of a folder, again and again: a refresh
/// brings what is new. The files are read where they lie and never changed.
pub(super) struct Folder(Disk, std::path::PathBuf);

/// A folder.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// The folder, with its whole path; ~ stands for your home folder.
    #[schemars(extend("x-placeholder" = "/data/exports"))]
    folder: String,
}

impl Connector for Folder {
    type Settings = Settings;
    type Selection = Selection;
    type Filters = NoFilters;

    fn about() -> About {
        About {
            kind: "folder",
            title: "Folder",
            summary: "Delta tables and files of a folder that another program writes to.",
            group: "Files and APIs",
            schemes: &[],
            browsing: Browsing::Tree,
            main: "paths",
            ready: false,
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        let text = objects::required(&settings.folder, "folder", "the whole path of the folder")?;
        let folder = objects::home(text);
        if !folder.is_absolute() {
            return Err(Error::invalid(format!("`{text}` is not the whole path of a folder."))
                .hint("Write it from the top, such as /data/exports.")
                .field("folder"));
        }
        Ok(Self(Disk::new(folder.clone()), folder))
    }

    fn check(&self, check: &mut Check<'_>) -> Result<()> {
        let folder = &self.1;
        check.step("Find the folder", || match std::fs::metadata(folder) {
            Ok(about) if about.is_dir() => Ok(((), format!("{} is there.", folder.display()))),
            Ok(_) => Err(Error::invalid(format!("{} is no folder.", folder.display()))
                .hint("Choose the folder that the file lies in.")
                .field("folder")),
            Err(cause) => Err(Error::io("find", folder, &cause).field("folder")),
        })?;
        check.step("Read", || match std::fs::read_dir(folder) {
            Ok(entries) => Ok(((), format!("{} entries are in it.", entries.count()))),
            Err(cause) => Err(Error::io("list", folder, &cause).field("folder")),
        })
    }

    fn browse(&self, request: &Browse<NoFilters>, progress: &Progress) -> Result<Listing> {
        objects::browse(&self.0, request, progress)
    }

    fn read(&self, selection: &Selection, task: &Task<'_>) -> Result<Fetched> {
        objects::read(&self.0, selection, task)
    }

    fn news(&self, selection: &Selection, state: Option<&Value>, progress: &Progress) -> Result<Option<News>> {
        objects::news(&self.0, selection, state, progress)
    }
}

impl Destination for Folder {
    type Target = Target;

    fn writes() -> Writes {
        outgoing::writes()
    }

    fn identity(&self, target: &Target) -> String {
        outgoing::identity(&self.0, target)
    }

    fn preflight(&self, target: &Target, sent: &Outgoing, progress: &Progress) -> Result<Preflight> {
        outgoing::preflight(&self.0, target, sent, progress)
    }

    fn write(&self, target: &Target, sent: &Outgoing, journal: &dyn Journal, progress: &Progress) -> Result<Written> {
        outgoing::write(&self.0, target, sent, journal, progress)
    }

    fn verify(&self, target: &Target, sent: &Outgoing, written: &Written, progress: &Progress) -> Result<Verification> {
        outgoing::verify(&self.0, target, sent, written, progress)
    }
}
