//! The encrypted file: a JSON envelope around the secrets of all connections.
//!
//! The key comes from the passphrase by Argon2id with the second recommended parameters of RFC 9106 (3 passes, 64 MiB),
//! the content is sealed by ChaCha20-Poly1305 (RFC 8439) under a fresh nonce at every write.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pulse_core::{Code, Error, Result};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::Values;

const FORMAT: u32 = 1;
const SALT_BYTES: usize = 16;
/// Passes over the memory, and its size in KiB.
const COST: (u32, u32) = (3, 64 * 1024);

/// The opened file.
pub struct Sealed {
    path: PathBuf,
    key: LessSafeKey,
    head: Head,
    content: BTreeMap<String, Values>,
}

/// What is readable without the passphrase.
#[derive(Clone, Serialize, Deserialize)]
struct Head {
    format: u32,
    kdf: String,
    passes: u32,
    memory_kib: u32,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    #[serde(flatten)]
    head: Head,
    nonce: String,
    sealed: String,
}

impl Sealed {
    /// Makes the file, without secrets, under `passphrase`.
    pub fn create(path: &Path, passphrase: &str) -> Result<Self> {
        if passphrase.is_empty() {
            return Err(Error::invalid("The passphrase is empty.").hint("Choose some words.").field("passphrase"));
        }
        let salt = random::<SALT_BYTES>()?;
        let (passes, memory_kib) = COST;
        let head = Head { format: FORMAT, kdf: "argon2id".into(), passes, memory_kib, salt: BASE64.encode(salt) };
        let key = derive(passphrase, &salt, &head)?;
        let made = Self { path: path.to_owned(), key, head, content: BTreeMap::new() };
        made.write()?;
        Ok(made)
    }

    /// Opens the file; fails with [`Code::PermissionDenied`] for a wrong passphrase and [`Code::Damaged`] for a file that
    /// was not made here.
    pub fn open(path: &Path, passphrase: &str) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::io("read the secrets in", path, &cause))?;
        let envelope: Envelope = serde_json::from_str(&text).map_err(|_| damaged(path))?;
        let Envelope { head, nonce, sealed } = envelope;
        if head.format != FORMAT || head.kdf != "argon2id" {
            return Err(Error::new(
                Code::Unsupported,
                format!("{} was written by a newer Cloud Pulse.", path.display()),
            )
            .hint("Start the newer program; nothing was changed."));
        }
        let decode = |text: &str| BASE64.decode(text).map_err(|_| damaged(path));
        let key = derive(passphrase, &decode(&head.salt)?, &head)?;
        let nonce = Nonce::try_assume_unique_for_key(&decode(&nonce)?).map_err(|_| damaged(path))?;
        let mut bytes = decode(&sealed)?;
        let plain = key.open_in_place(nonce, Aad::empty(), &mut bytes).map_err(|_| {
            Error::new(Code::PermissionDenied, "This passphrase does not open the saved secrets.")
                .hint("Try again; if it is forgotten, remove the file of secrets and give passwords and keys again.")
                .field("passphrase")
        })?;
        let content = serde_json::from_slice(plain).map_err(|_| damaged(path))?;
        Ok(Self { path: path.to_owned(), key, head, content })
    }

    /// The secrets of `connection`.
    pub fn get(&self, connection: &str) -> Values {
        self.content.get(connection).cloned().unwrap_or_default()
    }

    /// Replaces the secrets of `connection` and writes the file.
    pub fn set(&mut self, connection: &str, values: &Values) -> Result<()> {
        let before = match values.is_empty() {
            true => self.content.remove(connection),
            false => self.content.insert(connection.to_owned(), values.clone()),
        };
        self.write().inspect_err(|_| {
            // What is in memory is what is on the disk.
            match before {
                Some(before) => self.content.insert(connection.to_owned(), before),
                None => self.content.remove(connection),
            };
        })
    }

    /// Writes beside the file and renames, so that there is always a whole one.
    fn write(&self) -> Result<()> {
        let nonce = random::<NONCE_LEN>()?;
        let mut bytes = serde_json::to_vec(&self.content).map_err(|cause| Error::internal("write secrets", cause))?;
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)
            .map_err(|cause| Error::internal("encrypt secrets", cause))?;
        let envelope = Envelope { head: self.head.clone(), nonce: BASE64.encode(nonce), sealed: BASE64.encode(&bytes) };
        let text = serde_json::to_vec_pretty(&envelope).map_err(|cause| Error::internal("write secrets", cause))?;
        let temporary = self.path.with_extension("new");
        let written = private(&temporary)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&temporary, &self.path));
        written.map_err(|cause| {
            // The old file is untouched; a rest of the new one is of no use.
            let _ = std::fs::remove_file(&temporary);
            Error::io("save secrets in", &self.path, &cause)
        })
    }
}

/// A new file that only its owner may read; elsewhere than on Unix the user's folder is private already.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn derive(passphrase: &str, salt: &[u8], head: &Head) -> Result<LessSafeKey> {
    // A file that asks for more than this was not written by us and would only take the memory.
    if head.memory_kib > 1 << 20 || head.passes > 64 {
        return Err(
            Error::damaged("The file of secrets asks for an absurd amount of work.").hint("Restore it from a copy.")
        );
    }
    let internal = |cause: argon2::Error| Error::internal("make a key of the passphrase", cause);
    let params = Params::new(head.memory_kib, head.passes, 1, Some(32)).map_err(internal)?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut key)
        .map_err(internal)?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|cause| Error::internal("make a key", cause))?;
    Ok(LessSafeKey::new(key))
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|cause| Error::internal("draw random numbers", cause))?;
    Ok(bytes)
}

fn damaged(path: &Path) -> Error {
    Error::damaged(format!("The file of secrets {} is damaged.", path.display()))
        .hint("Restore it from a copy, or remove it and give passwords and keys again.")
}
