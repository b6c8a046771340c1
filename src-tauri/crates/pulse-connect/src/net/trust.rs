//! Whose certificates are believed: those that a file names, or those that this machine trusts.

use pulse_core::{Code, Error, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The certificates of the authorities in the PEM file `file`, or of those that this machine trusts where `file` is
/// empty. Fails with the form member `ca_file` if there is none or one of the file's is damaged.
pub(crate) fn authorities(file: &str) -> Result<Vec<CertificateDer<'static>>> {
    let file = file.trim();
    if file.is_empty() {
        let found = rustls_native_certs::load_native_certs().certs;
        return if found.is_empty() { Err(none()) } else { Ok(found) };
    }
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if found.is_empty() => Err(unreadable(file, "it holds none")),
        Ok(found) => Ok(found),
        Err(cause) => Err(unreadable(file, cause)),
    }
}

/// The error for a file of certificates that cannot be used.
pub(crate) fn unreadable(file: &str, cause: impl std::fmt::Display) -> Error {
    Error::invalid(format!("Could not read certificates from the CA file `{file}`: {cause}."))
        .hint("Choose a PEM file: it holds a line BEGIN CERTIFICATE.")
        .field("ca_file")
}

fn none() -> Error {
    Error::new(Code::Unsupported, "This machine has no list of trusted certificate authorities.")
        .hint("Install one (the package ca-certificates), or name a CA file.")
        .field("ca_file")
}
