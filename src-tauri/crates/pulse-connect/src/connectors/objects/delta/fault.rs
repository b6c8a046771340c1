//! What the kernel's failures mean for a table.

use delta_kernel::Error as Kernel;
use pulse_core::{Code, Error, Progress};

use super::super::Place;
use super::store::{TableStore, Trouble};
use super::unsupported;

/// Where something failed.
pub(super) struct Fault<'a> {
    /// The place of the table.
    pub place: &'a dyn Place,
    /// Its folder, with a `/` at its end.
    pub folder: &'a str,
    /// Its address as it is shown.
    pub shown: &'a str,
    /// What the table's files said.
    pub store: &'a TableStore,
    /// The job.
    pub progress: &'a Progress,
}

impl Fault<'_> {
    /// The error for a failure while the data file `file` was read.
    pub(super) fn in_file(&self, cause: &Kernel, file: &str) -> Error {
        if let Some(error) = self.known() {
            return error;
        }
        match plain(cause) {
            Kernel::DeletionVector(why) => Error::damaged(format!(
                "The deletion vector of `{file}` in {} cannot be read: {why}.",
                self.shown
            ))
            .hint("Its rows cannot be told from deleted ones; read another version, or repair the table."),
            Kernel::Unsupported(what) => unsupported(self.shown, &format!("cannot be read here: {what}")),
            cause => Error::damaged(format!("The file `{file}` of {} cannot be read: {cause}.", self.shown))
                .hint("It is damaged or incomplete; read another version, or repair the table with the program that writes it."),
        }
    }

    /// The error for a failure while the log was read; `version` is the one that was asked for.
    pub(super) fn explain(&self, cause: &Kernel, version: Option<u64>) -> Error {
        if let Some(error) = self.known() {
            return error;
        }
        let shown = self.shown;
        match (plain(cause), version) {
            (Kernel::Unsupported(what) | Kernel::InvalidProtocol(what), _) => {
                unsupported(shown, &format!("uses what cannot be read here: {what}"))
            }
            (Kernel::MaxCatalogVersion(_), _) => unsupported(
                shown,
                "belongs to a catalog (the feature catalogManaged), which alone knows its newest version",
            ),
            (Kernel::InvalidColumnMappingMode(what), _) => {
                unsupported(shown, &format!("uses the column mapping `{what}`, which is not known"))
            }
            (cause, Some(version)) if !is_damage(cause) => {
                Error::not_found(format!("{shown} has no version {version}, or no longer all commits of it: {cause}."))
                    .hint("Leave the version empty for the newest one, or choose one that is still there.")
                    .field("version")
            }
            (cause, _) => Error::damaged(format!("The Delta log of {shown} cannot be read: {cause}."))
                .hint("Repair the table with the program that writes it, or read an older version."),
        }
    }

    /// What the table's files said before the kernel failed.
    fn known(&self) -> Option<Error> {
        if let Err(cancelled) = self.progress.check() {
            return Some(cancelled);
        }
        let shown = self.shown;
        Some(match self.store.trouble()? {
            Trouble::Torn(file, why) => Error::damaged(format!("The commit `{file}` of {shown} is not whole: {why}."))
                .hint("Copy that file back from a backup, or read an older version."),
            Trouble::Missing(file) => Error::damaged(format!("{shown} needs the file `{file}`, which is missing."))
                .hint("It may have been removed by a clean-up (VACUUM); choose a newer version, or repair the table."),
            Trouble::Failed(file, cause) => match &*cause {
                object_store::Error::Generic { store: "table", .. } => {
                    Error::new(Code::Unreachable, format!("Nothing came for a minute of `{file}` of {shown}."))
                        .hint("Try again later.")
                }
                cause => self.place.explain(cause, &format!("{}{file}", self.folder)),
            },
        })
    }
}

/// Whether what the log says makes no sense, whatever version is asked for.
fn is_damage(cause: &Kernel) -> bool {
    matches!(
        cause,
        Kernel::MalformedJson(_)
            | Kernel::Arrow(_)
            | Kernel::Parquet(_)
            | Kernel::MissingMetadata
            | Kernel::MissingProtocol
            | Kernel::MissingMetadataAndProtocol
            | Kernel::InvalidCheckpoint(_)
            | Kernel::Schema(_)
    )
}

/// The error without the trace around it.
fn plain(cause: &Kernel) -> &Kernel {
    match cause {
        Kernel::Backtraced { source, .. } => plain(source),
        other => other,
    }
}
