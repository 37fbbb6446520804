//! A receiver that requires a client certificate, over OpenSSL (`tests/receivers/python/mutual_tls.py`), and
//! the authority of its certificates.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::foreign::{port_in, python};
use crate::log::Log;

/// How long Python may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// An authority for servers and clients.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
#[derive(Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub private_key: String,
}

impl Authority {
    /// A new authority of this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key can be generated");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority can be signed"))
    }

    /// Its certificate, as PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate with this common name, for these names and addresses.
    pub fn certify(&self, common_name: &str, names: &[&str]) -> Identity {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("these are names");
        params.distinguished_name.push(DnType::CommonName, common_name);
        let key = KeyPair::generate().expect("a key can be generated");
        let certificate = params.signed_by(&key, &self.0).expect("it can be signed");
        Identity {
            certificate: certificate.pem(),
            private_key: key.serialize_pem(),
        }
    }
}

/// The receiver. It responds with the common name in the client's certificate. Dropping it ends the process.
#[derive(Debug)]
pub struct MutualTls {
    child: Child,
    port: u16,
    log: Log,
    folder: TempDir,
}

impl MutualTls {
    /// A receiver that accepts clients whose certificates this authority signed.
    pub fn start(authority: &Authority) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be created");
        let server = authority.certify("receiver", &["127.0.0.1"]);
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file can be written");
            path
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("receivers/python/mutual_tls.py");
        let mut child = Command::new(python())
            .arg(script)
            .arg(write("certificate.pem", &server.certificate))
            .arg(write("key.pem", &server.private_key))
            .arg(write("authority.pem", &authority.pem()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Python can be started");
        let log = Log::of(&mut child);
        let Some(port) = log.find(0, START_TIMEOUT, port_in) else {
            log.print("output of a receiver that did not start");
            panic!("the receiver does not start");
        };
        Self {
            child,
            port,
            log,
            folder,
        }
    }

    /// The URL of the receiver.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.port)
    }

    /// The file with the certificate of its authority.
    pub fn authority_file(&self) -> String {
        self.folder.path().join("authority.pem").display().to_string()
    }
}

impl Drop for MutualTls {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.log.print("output of the receiver");
        }
    }
}
