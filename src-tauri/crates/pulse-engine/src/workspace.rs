//! The workspace folder: its parts, the lock that gives it to one process at a time, and the log file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pulse_core::{Code, Error, Result};

/// An open workspace folder; dropping it gives the folder free for another process.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    /// Holds the operating system's lock for as long as the workspace is open.
    _lock: File,
}

impl Workspace {
    /// Opens the folder at `root`, makes it where there is none, and locks it. `program` names the caller in the error
    /// that a second process gets.
    pub fn open(root: &Path, program: &str) -> Result<Self> {
        fs::create_dir_all(root).map_err(|cause| Error::io("make the workspace", root, &cause))?;
        let root = root.canonicalize().map_err(|cause| Error::io("open the workspace", root, &cause))?;
        let lock = lock(&root, program)?;
        let workspace = Self { root, _lock: lock };
        for part in [workspace.landing(), workspace.lake(), workspace.exports(), workspace.logs()] {
            fs::create_dir_all(&part).map_err(|cause| Error::io("make the folder", &part, &cause))?;
        }
        // What an earlier process left in these folders belongs to nobody: only one process has the lock.
        empty(&workspace.scratch())?;
        empty(&workspace.incoming())?;
        forget_old(&workspace.downloads()?)?;
        Ok(workspace)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder's own name.
    pub fn name(&self) -> String {
        self.root
            .file_name()
            .map_or_else(|| self.root.display().to_string(), |name| name.to_string_lossy().into_owned())
    }

    /// What unfinished syncs need to go on, a folder each.
    pub fn syncs(&self) -> PathBuf {
        self.root.join("syncs")
    }

    /// Exact bytes received.
    pub fn landing(&self) -> PathBuf {
        self.root.join("landing")
    }

    /// Copies on their way into landing, on the same file system; emptied at every start.
    pub fn incoming(&self) -> PathBuf {
        self.landing().join(".incoming")
    }

    /// Downloads that were not finished, for the next try to go on with; on the same file system as landing. Those that
    /// nobody came back for in a month are removed at a start.
    pub fn downloads(&self) -> Result<PathBuf> {
        let folder = self.landing().join(".downloads");
        fs::create_dir_all(&folder).map_err(|cause| Error::io("make the folder", &folder, &cause))?;
        Ok(folder)
    }

    /// Delta tables.
    pub fn lake(&self) -> PathBuf {
        self.root.join("lake")
    }

    /// Exported files without another place.
    pub fn exports(&self) -> PathBuf {
        self.root.join("exports")
    }

    /// Rotating log files.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Temporary files; emptied at every start.
    pub fn scratch(&self) -> PathBuf {
        self.root.join("scratch")
    }

    /// The catalog.
    pub fn catalog(&self) -> PathBuf {
        self.root.join("catalog.db")
    }
}

/// Makes the folder where there is none and removes what is in it; the folder itself may be a link or a mounted disk.
fn empty(folder: &Path) -> Result<()> {
    let clear = || {
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
        }
        Ok(())
    };
    clear().map_err(|cause| Error::io("clear the folder", folder, &cause))
}

/// Removes what was not touched for a month.
fn forget_old(folder: &Path) -> Result<()> {
    const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    let clear = || {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            let is_old = meta.modified()?.elapsed().is_ok_and(|age| age > MONTH);
            match (is_old, meta.is_dir()) {
                (true, true) => fs::remove_dir_all(entry.path())?,
                (true, false) => fs::remove_file(entry.path())?,
                (false, _) => {}
            }
        }
        Ok(())
    };
    clear().map_err(|cause| Error::io("clear the folder", folder, &cause))
}

/// Takes the lock or says who has it. The text in the lock file is for people; the lock itself is the operating
/// system's and ends with the process, so a killed one leaves nothing to clean up.
fn lock(root: &Path, program: &str) -> Result<File> {
    let path = root.join("workspace.lock");
    let failed = |cause: &std::io::Error| Error::io("lock the workspace through", &path, cause);
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(|c| failed(&c))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(cause)) => return Err(failed(&cause)),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The holder's description is a courtesy: an unreadable one must not hide the real error.
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.trim().is_empty() { "another process" } else { holder.trim() };
            return Err(Error::new(
                Code::WorkspaceLocked,
                format!("The workspace {} is already open in {holder}.", root.display()),
            )
            .hint("Use that one, close it first, or open another folder with --workspace DIR."));
        }
    }
    let since = chrono::Local::now().format("%Y-%m-%d %H:%M:%S");
    let text = format!("{program} (process {}, since {since})\n", std::process::id());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(text.as_bytes()))
        .map_err(|c| failed(&c))?;
    Ok(file)
}
