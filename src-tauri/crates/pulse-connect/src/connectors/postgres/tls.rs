//! Encryption: whom to trust, and what a failed handshake means.

use std::sync::Arc;

use pulse_core::{Code, Error, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::Settings;
use crate::net;

/// What shakes hands as the settings say.
pub(super) fn connector(settings: &Settings) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if settings.verify_tls {
        let roots = Arc::new(roots(&settings.ca_file)?);
        let built = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        built.map_err(|cause| Error::internal("prepare the check of certificates", cause))?
    } else {
        Arc::new(Anybody(Arc::clone(&provider)))
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| Error::internal("prepare TLS", cause))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// The authorities of `file`, or those that this machine trusts.
fn roots(file: &str) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let authorities = net::authorities(file)?;
    if file.is_empty() {
        // A machine's list may hold certificates of old that nobody can use any more.
        roots.add_parsable_certificates(authorities);
        return Ok(roots);
    }
    for certificate in authorities {
        roots.add(certificate).map_err(|cause| net::unreadable(file, cause))?;
    }
    Ok(roots)
}

/// The error for a handshake that failed with `cause`.
pub(super) fn failed(settings: &Settings, cause: &std::io::Error) -> Error {
    let server = settings.server();
    let error = |what: String, hint: &str| Error::new(Code::Unreachable, what).hint(hint).field("tls");
    let inner = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(wrong)) => certificate(settings, wrong),
        Some(rustls::Error::InvalidMessage(_)) => error(
            format!("The TLS handshake with {server} failed: what answers there does not speak TLS."),
            "Check host and port: another kind of server may listen there.",
        ),
        Some(other) => error(
            format!("The TLS handshake with {server} failed: {other}."),
            "Ask the server's administrator which TLS versions and certificates it uses.",
        ),
        None => error(
            format!("The TLS handshake with {server} broke off: {cause}."),
            "Check host and port, and whether a firewall or proxy is in between.",
        ),
    }
}

fn certificate(settings: &Settings, wrong: &CertificateError) -> Error {
    use CertificateError as C;
    let (server, host) = (settings.server(), &settings.host);
    let error = |what: String, hint: &str| Error::new(Code::Unreachable, what).hint(hint);
    match wrong {
        C::UnknownIssuer => error(
            format!("The certificate of {server} was signed by an authority that is not trusted here."),
            "Name the authority's certificate under CA file, or, if you trust the network, switch verification off.",
        )
        .field("ca_file"),
        C::NotValidForName | C::NotValidForNameContext { .. } => error(
            format!("The certificate of {server} is for another name than `{host}`."),
            "Use the name that the certificate was made for, or ask the administrator for one with this name.",
        )
        .field("host"),
        C::Expired | C::ExpiredContext { .. } => error(
            format!("The certificate of {server} has expired."),
            "Ask the administrator to renew it; check this machine's clock.",
        ),
        C::NotValidYet | C::NotValidYetContext { .. } => {
            error(format!("The certificate of {server} is not valid yet."), "Check this machine's clock.")
        }
        C::Revoked => error(format!("The certificate of {server} was revoked."), "Ask the server's administrator."),
        other => error(
            format!("The certificate of {server} cannot be trusted: {other}."),
            "Ask the administrator for a certificate of an authority; that authority's goes under CA file.",
        )
        .field("ca_file"),
    }
}

/// Trusts any certificate, but not a handshake that its key did not sign.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
