//! The certificate that the client shows to a receiver that wants to know who calls (mutual TLS, RFC 8446
//! section 4.4.2).
//!
//! A TLS session belongs to the certificate that opened it. Connections, and sessions kept for resumption,
//! are therefore never shared between requests with different certificates, nor with requests that have
//! none: [`IdentityId`] is part of what the pool keeps connections by.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsConnector;

/// Maximum certificates of a chain. Public chains have two to four.
const CHAIN_MAX: usize = 10;

/// Identities whose TLS settings are kept. Those of others are created again for their next connection, and
/// then resume no session.
const IDENTITIES_KEPT: usize = 1_024;

/// Maximum TLS sessions of one identity kept for resumption. It is shown to one receiver, or a few.
const SESSIONS_KEPT: usize = 8;

/// A certificate with its private key. `Debug` shows neither.
#[derive(Clone)]
pub struct ClientIdentity {
    id: IdentityId,
    key: Arc<CertifiedKey>,
}

/// Tells identities apart: the SHA-256 of the certificate and its intermediates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdentityId([u8; 32]);

/// Why a certificate and a key are not an identity. The customer who entered them reads the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The text holds no certificate.
    #[error("This is not a certificate in PEM format (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// The text holds more than [`CHAIN_MAX`] certificates.
    #[error("List the certificate and its intermediates, at most {CHAIN_MAX} certificates")]
    ChainTooLong,
    /// The text of the certificate, which is not a secret, holds a private key too.
    #[error(
        "The certificate also holds a private key: leave that section out, and enter it as the private key only"
    )]
    KeyInCertificate,
    /// A certificate is not X.509, or not one that TLS can use.
    #[error("The certificate cannot be read: it is damaged, or not an X.509 certificate of version 3")]
    Certificate,
    /// The text holds no private key.
    #[error("This is not a private key in PEM format (-----BEGIN PRIVATE KEY-----)")]
    NoKey,
    /// The key is encrypted.
    #[error("The private key is encrypted: decrypt it first, for example with `openssl pkey`")]
    EncryptedKey,
    /// The key is of a kind, or a size, that TLS cannot use. `ring` signs with RSA keys of up to 4096 bits.
    #[error(
        "The private key cannot be used: give an RSA key of 2048 to 4096 bits, or one on P-256, P-384 or Ed25519"
    )]
    Key,
    /// The key belongs to another certificate.
    #[error("The private key does not belong to the first certificate")]
    Mismatch,
}

impl IdentityError {
    /// Whether the private key is at fault, rather than the certificate.
    pub const fn is_of_key(self) -> bool {
        matches!(
            self,
            Self::NoKey | Self::EncryptedKey | Self::Key | Self::Mismatch
        )
    }
}

impl ClientIdentity {
    /// The identity of a certificate, followed by its intermediates, and a private key; both as PEM.
    ///
    /// # Errors
    /// See [`IdentityError`]. Neither validity nor trust is judged: that is up to the receiver.
    pub fn from_pem(certificate: &str, private_key: &str) -> Result<Self, IdentityError> {
        let chain = chain(certificate)?;
        let key = key(private_key)?;
        let mut sha256 = Sha256::new();
        for certificate in &chain {
            sha256.update((certificate.len() as u64).to_be_bytes());
            sha256.update(certificate);
        }
        let signing = ring::sign::any_supported_type(&key).map_err(|_| IdentityError::Key)?;
        let key = CertifiedKey::new(chain, signing);
        key.keys_match().map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => IdentityError::Mismatch,
            _ => IdentityError::Certificate,
        })?;
        Ok(Self {
            id: IdentityId(sha256.finalize().into()),
            key: Arc::new(key),
        })
    }

    /// What tells it apart from others.
    pub const fn id(&self) -> IdentityId {
        self.id
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(…)")
    }
}

impl PartialEq for ClientIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for ClientIdentity {}

/// Whether this text, which should be a certificate, holds a private key, as files with both do. Such a text
/// must neither be stored as a certificate nor be shown.
pub fn holds_private_key(certificate: &str) -> bool {
    // RFC 7468, sections 10 and 11, and the older labels: `RSA PRIVATE KEY`, `EC PRIVATE KEY`.
    certificate.contains("PRIVATE KEY")
}

fn chain(text: &str) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    if holds_private_key(text) {
        return Err(IdentityError::KeyInCertificate);
    }
    let mut chain = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let certificate = certificate.map_err(|_| IdentityError::Certificate)?;
        webpki::anchor_from_trusted_cert(&certificate).map_err(|_| IdentityError::Certificate)?;
        chain.push(certificate);
        if chain.len() > CHAIN_MAX {
            return Err(IdentityError::ChainTooLong);
        }
    }
    if chain.is_empty() {
        return Err(IdentityError::NoCertificate);
    }
    Ok(chain)
}

fn key(text: &str) -> Result<PrivateKeyDer<'static>, IdentityError> {
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(IdentityError::EncryptedKey);
    }
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| match error {
        pem::Error::NoItemsFound => IdentityError::NoKey,
        _ => IdentityError::Key,
    })
}

/// The TLS settings of each identity, derived from those without one.
pub(crate) struct Connectors {
    without: Arc<ClientConfig>,
    with: Cache<IdentityId, Arc<ClientConfig>>,
}

impl Connectors {
    pub(crate) fn new(without: ClientConfig) -> Self {
        Self {
            without: Arc::new(without),
            with: Cache::new(IDENTITIES_KEPT),
        }
    }

    /// The connector that shows this identity.
    pub(crate) fn of(&self, identity: Option<&ClientIdentity>) -> TlsConnector {
        let Some(identity) = identity else {
            return TlsConnector::from(Arc::clone(&self.without));
        };
        let config = self.with.get(&identity.id).unwrap_or_else(|| {
            let mut config = ClientConfig::clone(&self.without);
            config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(Arc::clone(&identity.key)));
            config.resumption = Resumption::in_memory_sessions(SESSIONS_KEPT);
            let config = Arc::new(config);
            self.with.insert(identity.id, Arc::clone(&config));
            config
        });
        TlsConnector::from(config)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    /// A self-signed certificate and its key, as PEM.
    fn pair() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    /// A certificate of `openssl req -x509 -newkey rsa:BITS -nodes`, and its key. `rcgen` generates no RSA
    /// keys with `ring`.
    macro_rules! rsa {
        ($bits:literal, $expected:expr) => {
            (
                include_str!(concat!("../tests/fixtures/rsa/", $bits, ".pem")),
                include_str!(concat!("../tests/fixtures/rsa/", $bits, "-key.pem")),
                $expected,
            )
        };
    }

    fn fault(certificate: &str, key: &str) -> Option<IdentityError> {
        ClientIdentity::from_pem(certificate, key).err()
    }

    #[test]
    fn a_certificate_and_its_key_are_an_identity_that_is_not_printed() {
        let (certificate, key) = pair();
        let identity = ClientIdentity::from_pem(&certificate, &key).unwrap();
        assert_eq!(format!("{identity:?}"), "ClientIdentity(…)");
        assert_eq!(
            ClientIdentity::from_pem(&certificate, &key).unwrap().id(),
            identity.id()
        );
        let (other, other_key) = pair();
        let other_id = ClientIdentity::from_pem(&other, &other_key).unwrap().id();
        assert_ne!(other_id, identity.id());
        let with_intermediate = format!("{certificate}{other}");
        let longer = ClientIdentity::from_pem(&with_intermediate, &key).unwrap();
        assert_ne!(longer.id(), identity.id(), "the chain counts");
    }

    #[test]
    fn what_is_not_one_is_told_apart() {
        let ((certificate, key), (_, other_key)) = (pair(), pair());
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (certificate, key, expected) in [
            ("", &*key, IdentityError::NoCertificate),
            (&key, &key, IdentityError::KeyInCertificate),
            (damaged, &key, IdentityError::Certificate),
            (&certificate.repeat(11), &key, IdentityError::ChainTooLong),
            (
                &format!("{certificate}{damaged}"),
                &key,
                IdentityError::Certificate,
            ),
            (&certificate, "", IdentityError::NoKey),
            (&certificate, &certificate, IdentityError::NoKey),
            (&certificate, no_key, IdentityError::Key),
            (&certificate, encrypted, IdentityError::EncryptedKey),
            (&certificate, &other_key, IdentityError::Mismatch),
        ] {
            assert_eq!(fault(certificate, key), Some(expected), "{expected}");
        }
    }

    #[test]
    fn a_certificate_that_holds_a_private_key_is_refused_wherever_the_key_stands() {
        let (certificate, key) = pair();
        let old = key.replace("PRIVATE KEY", "EC PRIVATE KEY");
        for both in [
            format!("{certificate}{key}"),
            format!("{key}{certificate}"),
            format!("{old}{certificate}"),
        ] {
            assert!(holds_private_key(&both));
            assert_eq!(fault(&both, &key), Some(IdentityError::KeyInCertificate));
        }
        assert!(!IdentityError::KeyInCertificate.is_of_key());
        assert!(!holds_private_key(&certificate));
    }

    #[test]
    fn rsa_keys_of_2048_to_4096_bits_work_and_longer_ones_do_not() {
        for (certificate, key, expected) in [
            rsa!("2048", None),
            rsa!("4096", None),
            rsa!("8192", Some(IdentityError::Key)),
        ] {
            assert_eq!(fault(certificate, key), expected);
        }
    }
}
