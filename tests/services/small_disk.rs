//! A folder that becomes full when a test says so: a library made by the C compiler and preloaded into a process answers
//! ENOSPC to what would make files below the folder grow. It needs no rights and no disk of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The folder's library and the file that says how full it is.
pub struct SmallDisk {
    folder: PathBuf,
    own: TempDir,
}

impl SmallDisk {
    /// For what lies below `folder`, which may be made later. There is room at first.
    pub fn below(folder: &Path) -> Self {
        let own = tempfile::tempdir().expect("a folder for the library");
        // The server runs as another user.
        let given = Command::new("chmod").arg("755").arg(own.path()).status();
        assert!(given.is_ok_and(|status| status.success()), "others may read {}", own.path().display());
        let disk = Self { folder: folder.to_owned(), own };
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-x", "c", "-", "-ldl", "-o"]).arg(disk.library());
        let mut compiler = compiler.stdin(Stdio::piped()).spawn().expect("the C compiler starts");
        let mut input = compiler.stdin.take().expect("its input");
        input.write_all(include_bytes!("small_disk.c")).expect("it reads the source");
        drop(input);
        assert!(compiler.wait().is_ok_and(|status| status.success()), "the library is compiled");
        disk
    }

    /// Puts a process that is to be started, and those it starts, on this disk.
    pub fn apply(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.library()).env("SMALL_DISK_FOLDER", &self.folder);
        command.env("SMALL_DISK_FULL", self.flag());
    }

    /// Lets each process add so many bytes more and then finds the disk full.
    pub fn fill_after(&self, bytes: u64) {
        let fresh = self.own.path().join("fresh");
        std::fs::write(&fresh, bytes.to_string()).expect("a file that says how full it is");
        // A process that reads it meanwhile sees the old number or the new one.
        std::fs::rename(&fresh, self.flag()).expect("a file that says how full it is");
    }

    /// Makes room again.
    pub fn free(&self) {
        // It may have room already.
        let _ = std::fs::remove_file(self.flag());
    }

    fn library(&self) -> PathBuf {
        self.own.path().join("small_disk.so")
    }

    fn flag(&self) -> PathBuf {
        self.own.path().join("full")
    }
}
