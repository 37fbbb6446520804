//! The certificate of a sink over TLS, which the measured server is told to trust.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;

use crate::Outcome;

/// A certificate for this machine, and its key.
pub struct Identity {
    server: Arc<ServerConfig>,
    pem: NamedTempFile,
}

impl Identity {
    pub fn new() -> Outcome<Self> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![cert.der().clone()],
                PrivateKeyDer::try_from(signing_key.serialize_der())?,
            )?;
        server.alpn_protocols = vec![b"h2".to_vec()];
        let mut pem = NamedTempFile::new()?;
        pem.write_all(cert.pem().as_bytes())?;
        Ok(Self {
            server: Arc::new(server),
            pem,
        })
    }

    /// The settings of a server with this identity.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// The certificate as a file, for `extra_ca_file`.
    pub fn certificate(&self) -> &Path {
        self.pem.path()
    }
}
