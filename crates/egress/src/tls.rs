//! TLS settings of the client. It speaks TLS 1.2 and 1.3 (rustls with ring), and trusts the compiled-in
//! Mozilla root certificates and the authorities that the installation adds. Verification cannot be switched
//! off.
//!
//! The client does not read the system's certificate store: trust depends on the version and the settings,
//! not on the machine.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use postrider_model::Clock;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

/// Maximum TLS sessions kept for resumption; a TLS 1.3 session takes up to 2 KiB. Resumption saves most of a
/// handshake with a receiver that gets a request now and then.
const SESSIONS_KEPT: usize = 1_024;

/// Why a client cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The extra authorities are not a PEM file of certificates.
    #[error("cannot read the extra certificate authorities: {0}")]
    Authorities(String),
    /// The TLS library refuses its settings.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// The configuration of HTTP over TLS.
pub(crate) fn client_config(
    clock: Arc<dyn Clock>,
    extra_ca_pem: Option<&[u8]>,
) -> Result<ClientConfig, ClientError> {
    let mut config = tls_client_config(clock, extra_ca_pem)?;
    config.alpn_protocols = vec![ALPN_H2.to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The configuration of TLS for any protocol: versions 1.2 and 1.3, [`trusted_roots`], certificates judged by
/// the clock, and sessions kept for resumption. Fails where [`trusted_roots`] does.
pub fn tls_client_config(
    clock: Arc<dyn Clock>,
    extra_ca_pem: Option<&[u8]>,
) -> Result<ClientConfig, ClientError> {
    let roots = trusted_roots(extra_ca_pem)?;
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(ClockTime(clock)))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS_KEPT);
    Ok(config)
}

/// The authorities that a client trusts: Mozilla's, which are compiled in, and those of this PEM text. Fails
/// if the text holds no certificate, or one that cannot be used.
pub fn trusted_roots(extra_ca_pem: Option<&[u8]>) -> Result<RootCertStore, ClientError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(pem) = extra_ca_pem {
        add_authorities(&mut roots, pem)?;
    }
    Ok(roots)
}

/// The name of HTTP/2 in the negotiation (RFC 9113 section 3.1).
pub(crate) const ALPN_H2: &[u8] = b"h2";

fn add_authorities(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), ClientError> {
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| ClientError::Authorities(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| ClientError::Authorities(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(ClientError::Authorities("it contains no certificate".to_owned()));
    }
    Ok(())
}

/// Checks certificates against the same clock that everything else uses.
struct ClockTime(Arc<dyn Clock>);

impl fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockTime")
    }
}

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        let unix_s = u64::try_from(self.0.wall().unix_s()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(unix_s)))
    }
}
