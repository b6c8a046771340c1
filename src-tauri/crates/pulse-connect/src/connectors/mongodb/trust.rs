//! The authorities that the driver is to trust. It knows only a list of its own, or a file: so they are given as a file.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pulse_core::{Error, Result};
use tempfile::NamedTempFile;

use crate::net;

/// A file of trusted certificates, which is removed with this.
#[derive(Default)]
pub(super) struct Trusted(OnceLock<NamedTempFile>);

impl Trusted {
    /// The file with the authorities of the PEM file `chosen`, or of this machine where `chosen` is empty.
    pub(super) fn path(&self, chosen: &str) -> Result<PathBuf> {
        if let Some(file) = self.0.get() {
            return Ok(file.path().to_owned());
        }
        let made = bundle(chosen)?;
        Ok(self.0.get_or_init(|| made).path().to_owned())
    }
}

/// The certificates, one after the other in PEM (RFC 7468).
fn bundle(chosen: &str) -> Result<NamedTempFile> {
    let mut text = String::new();
    for certificate in net::authorities(chosen)? {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for (at, character) in STANDARD.encode(&certificate).chars().enumerate() {
            if at > 0 && at % 64 == 0 {
                text.push('\n');
            }
            text.push(character);
        }
        text.push_str("\n-----END CERTIFICATE-----\n");
    }
    let failed = |cause: std::io::Error| Error::io("write the trusted certificates to", &std::env::temp_dir(), &cause);
    let mut file = NamedTempFile::new().map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn the_file_holds_what_the_machine_trusts() {
        let trusted = Trusted::default();
        let path = trusted.path("").unwrap();
        let read: Vec<_> = CertificateDer::pem_file_iter(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(read, rustls_native_certs::load_native_certs().certs);
        assert!(!read.is_empty());
        assert_eq!(trusted.path("").unwrap(), path, "one file a connection");
        drop(trusted);
        assert!(!path.exists());
    }
}
