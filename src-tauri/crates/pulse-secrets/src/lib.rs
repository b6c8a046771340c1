//! Secrets of connections: in the operating system's keyring, or, where there is none, in a file encrypted under a
//! passphrase. They are never written anywhere else and never printed.

mod keyring;
mod renewed;
mod sealed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pulse_core::{Code, Error, Progress, Result};

use renewed::Renewed;
use sealed::Sealed;

pub use renewed::Turn;

/// The secrets of one connection: dotted member of its settings to value.
pub type Values = BTreeMap<String, String>;

/// The secrets of a workspace.
pub struct Secrets {
    file: PathBuf,
    use_keyring: bool,
    opened: Mutex<Option<Sealed>>,
    renewed: Renewed,
}

/// Where secrets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// In the operating system's keyring.
    Keyring,
    /// In the encrypted file.
    File,
    /// Nowhere yet: there is no keyring, and no passphrase was chosen.
    None,
}

impl Store {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File => "file",
            Self::None => "none",
        }
    }
}

impl Secrets {
    /// The secrets kept in `file`, if that exists, or else in the keyring, unless `use_keyring` says not to ask it.
    pub fn new(file: &Path, use_keyring: bool) -> Self {
        Self { file: file.to_owned(), use_keyring, opened: Mutex::new(None), renewed: Renewed::default() }
    }

    /// Where secrets are kept now.
    pub fn store(&self) -> Store {
        if self.file.exists() {
            Store::File
        } else if self.use_keyring && keyring::is_there() {
            Store::Keyring
        } else {
            Store::None
        }
    }

    /// Whether they can be read now.
    pub fn is_unlocked(&self) -> bool {
        match self.store() {
            Store::Keyring => true,
            Store::File => self.opened().is_some(),
            Store::None => false,
        }
    }

    /// The encrypted file, there or not.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Opens the encrypted file, or makes it under this passphrase where there is none. Fails with
    /// [`Code::PermissionDenied`] if the passphrase is wrong.
    pub fn unlock(&self, passphrase: &str) -> Result<()> {
        let mut opened = self.opened();
        let sealed = if self.file.exists() {
            Sealed::open(&self.file, passphrase)?
        } else {
            Sealed::create(&self.file, passphrase)?
        };
        *opened = Some(sealed);
        Ok(())
    }

    /// The secrets of `connection`; none if it has none. Fails with [`Code::SecretsLocked`] while they cannot be read.
    pub fn get(&self, connection: &str) -> Result<Values> {
        match self.store() {
            Store::Keyring => keyring::get(connection),
            Store::File => Ok(self.sealed()?.as_ref().map(|sealed| sealed.get(connection)).unwrap_or_default()),
            Store::None => Err(self.locked()),
        }
    }

    /// Replaces the secrets of `connection`; no value removes them. They are on the disk when this returns.
    pub fn set(&self, connection: &str, values: &Values) -> Result<()> {
        match self.store() {
            Store::Keyring => keyring::set(connection, values),
            Store::File => match self.sealed()?.as_mut() {
                Some(sealed) => sealed.set(connection, values),
                None => Err(self.locked()),
            },
            Store::None if values.is_empty() => Ok(()),
            Store::None => Err(self.locked()),
        }
    }

    /// The newest value that an outside system gave in the place of `value` while the program runs, or `value`.
    pub fn newest(&self, value: &str) -> String {
        self.renewed.newest(value)
    }

    /// Waits until nobody else exchanges the newest value in the place of `given`. What the turn replaces is known to
    /// [`Self::newest`] from then on; saving it is the caller's. Fails if `progress` is cancelled meanwhile.
    pub fn turn(&self, given: &str, progress: &Progress) -> Result<Turn<'_>> {
        self.renewed.turn(given, progress)
    }

    /// The opened file, or the error that asks for its passphrase.
    fn sealed(&self) -> Result<MutexGuard<'_, Option<Sealed>>> {
        let opened = self.opened();
        if opened.is_none() { Err(self.locked()) } else { Ok(opened) }
    }

    fn opened(&self) -> MutexGuard<'_, Option<Sealed>> {
        // A thread that panicked has not changed what is in memory without writing it.
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locked(&self) -> Error {
        if self.file.exists() {
            Error::new(Code::SecretsLocked, "The saved passwords and keys are locked.")
                .hint("Give the passphrase they were saved under (on the command line as PULSE_PASSPHRASE).")
        } else {
            Error::new(
                Code::SecretsLocked,
                "This system has no keyring, so passwords and keys are kept in a file under a passphrase.",
            )
            .hint("Choose a passphrase (on the command line as PULSE_PASSPHRASE).")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_file_keeps_secrets_under_a_passphrase_and_shows_none_of_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secrets.json");
        let secrets = Secrets::new(&file, false);
        assert_eq!((secrets.store(), secrets.is_unlocked()), (Store::None, false));
        let kept = values(&[("password", "pä55 wörd"), ("auth.token", "t0ken")]);
        assert_eq!(secrets.set("a", &kept).expect_err("no passphrase yet").code, Code::SecretsLocked);
        secrets.unlock("correct horse").expect("a new file");
        secrets.set("a", &kept).expect("kept");
        secrets.set("b", &values(&[("key", "k")])).expect("kept");
        let text = std::fs::read_to_string(&file).expect("a text file");
        for secret in ["pä55", "t0ken", "password", "correct"] {
            assert!(!text.contains(secret), "`{secret}` is readable in the file");
        }

        let again = Secrets::new(&file, true);
        assert_eq!((again.store(), again.is_unlocked()), (Store::File, false), "a file goes before the keyring");
        assert_eq!(again.get("a").expect_err("locked").code, Code::SecretsLocked);
        assert_eq!(again.unlock("wrong").expect_err("wrong").code, Code::PermissionDenied);
        assert!(!again.is_unlocked());
        again.unlock("correct horse").expect("the right one");
        assert_eq!(again.get("a").expect("there"), kept);
        assert_eq!(again.get("unknown").expect("none"), Values::new());
        again.set("a", &Values::new()).expect("removed");
        assert_eq!(again.get("a").expect("gone"), Values::new());
        assert_eq!(again.get("b").expect("still there"), values(&[("key", "k")]));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_file_and_a_failed_write_keeps_the_old_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secrets.json");
        let secrets = Secrets::new(&file, false);
        secrets.unlock("p").expect("a new file");
        secrets.set("a", &values(&[("x", "1")])).expect("kept");
        let mode = std::fs::metadata(&file).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_damaged_file_is_told_apart_from_a_wrong_passphrase() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secrets.json");
        Secrets::new(&file, false).unlock("p").expect("a new file");
        let text = std::fs::read_to_string(&file).expect("text");
        for damaged in ["", "{}", "no json", &text[..text.len() / 2]] {
            std::fs::write(&file, damaged).expect("written");
            let error = Secrets::new(&file, false).unlock("p").expect_err("damaged");
            assert_eq!(error.code, Code::Damaged, "{damaged}: {error}");
            assert_eq!(std::fs::read_to_string(&file).expect("text"), damaged, "the file is left as it is");
        }
    }
}
