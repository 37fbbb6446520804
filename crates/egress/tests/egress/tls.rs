//! Certificates and handshakes that must fail, and those that must not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use postrider_egress::Response;
use postrider_egress::{ClientSettings, HttpClient};
use postrider_model::Outcome;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rcgen::{DnType, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::support::{Peer, Receiver, Scripted, client_with, request};

pub const NAME: &str = "receiver.example";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Numbers the authorities, because the client would confuse two with the same name.
static AUTHORITIES: AtomicUsize = AtomicUsize::new(1);

/// An authority that the client under test trusts.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let number = AUTHORITIES.fetch_add(1, Ordering::Relaxed);
        params
            .distinguished_name
            .push(DnType::CommonName, format!("Authority {number}"));
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn issuer(&self) -> &CertifiedIssuer<'static, KeyPair> {
        &self.0
    }

    /// A client that trusts this authority, and resolves every name to this machine.
    pub fn client(&self) -> HttpClient {
        self.client_with(&ClientSettings::default())
    }

    /// The same with these settings.
    pub fn client_with(&self, settings: &ClientSettings) -> HttpClient {
        let settings = ClientSettings {
            extra_ca_pem: Some(self.0.pem().into_bytes()),
            ..settings.clone()
        };
        client_with("127.0.0.0/8", Scripted::always("127.0.0.1"), &settings)
    }

    /// A server with a certificate for `name`, changed by `change`.
    pub fn server(&self, name: &str, change: impl Fn(&mut CertificateParams)) -> ServerConfig {
        let mut params = params(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        config(certificate.der(), &key)
    }
}

pub fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

fn config(certificate: &CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap()
}

pub fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
}

/// A receiver that responds with 200 to every request over TLS.
async fn responding(config: ServerConfig) -> Receiver {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Receiver::start(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(peer.stream).await else {
                return;
            };
            let mut buffer = [0; 4096];
            while matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {
                if stream.write_all(OK).await.is_err() {
                    return;
                }
            }
        }
    })
    .await
}

async fn post(authority: &Authority, receiver: &Receiver, host: &str) -> Response {
    let url = format!("https://{host}:{}/", receiver.address.port());
    authority.client().send(&request(url)).await
}

async fn assert_refused(authority: &Authority, config: ServerConfig, sentence: &str) {
    let receiver = responding(config).await;
    let response = post(authority, &receiver, NAME).await;
    assert_eq!(
        (response.outcome, response.error.as_deref()),
        (Outcome::TlsError, Some(sentence))
    );
    assert_eq!((response.status_code, response.body.len()), (None, 0));
}

#[tokio::test]
async fn a_certificate_of_an_added_authority_is_trusted_for_names_and_addresses() {
    let authority = Authority::new();
    let receiver = responding(authority.server(NAME, |_| ())).await;
    for host in [NAME, "RECEIVER.example."] {
        let response = post(&authority, &receiver, host).await;
        assert_eq!(
            (response.outcome, &response.body[..]),
            (Outcome::Succeeded, &b"ok"[..]),
            "{response:?}"
        );
    }
    let receiver = responding(authority.server("127.0.0.1", |_| ())).await;
    assert_eq!(
        post(&authority, &receiver, "127.0.0.1").await.outcome,
        Outcome::Succeeded
    );
}

#[tokio::test]
async fn https_connections_are_reused() {
    let authority = Authority::new();
    let receiver = responding(authority.server(NAME, |_| ())).await;
    let client = authority.client();
    let url = format!("https://{NAME}:{}/", receiver.address.port());
    for _ in 0..20 {
        assert_eq!(
            client.send(&request(url.clone())).await.outcome,
            Outcome::Succeeded
        );
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn expired_and_premature_certificates_are_refused_with_the_date() {
    let authority = Authority::new();
    let expired = authority.server(NAME, |it| it.not_after = date_time_ymd(2026, 5, 3));
    assert_refused(&authority, expired, "The certificate expired on 3 May 2026").await;
    let early = authority.server(NAME, |it| it.not_before = date_time_ymd(2026, 12, 24));
    assert_refused(
        &authority,
        early,
        "The certificate is not valid before 24 December 2026",
    )
    .await;
}

#[tokio::test]
async fn certificates_for_another_name_are_refused() {
    let authority = Authority::new();
    for name in ["other.example", "*.receiver.example", "127.0.0.1"] {
        let server = authority.server(name, |_| ());
        assert_refused(&authority, server, "The certificate is for another name").await;
    }
}

#[tokio::test]
async fn certificates_of_unknown_authorities_are_refused() {
    const SENTENCE: &str = "The certificate is self-signed or from an unknown authority";
    let authority = Authority::new();
    let stranger = Authority::new();
    assert_refused(&authority, stranger.server(NAME, |_| ()), SENTENCE).await;
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut params = params(NAME);
        params.is_ca = is_ca;
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        assert_refused(&authority, config(certificate.der(), &key), SENTENCE).await;
    }
}

#[tokio::test]
async fn certificates_for_another_purpose_are_refused() {
    let authority = Authority::new();
    let server = authority.server(NAME, |it| {
        it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    assert_refused(&authority, server, "The certificate is not one for servers").await;
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_is_a_tls_error() {
    let authority = Authority::new();
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params(NAME).signed_by(&key, &authority.0).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let server = builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    assert_refused(&authority, server, "The server requires a client certificate").await;
}

#[tokio::test]
async fn a_server_that_speaks_another_protocol_is_a_tls_error() {
    let authority = Authority::new();
    let mut server = authority.server(NAME, |_| ());
    server.alpn_protocols = vec![b"mqtt".to_vec()];
    assert_refused(
        &authority,
        server,
        "The server speaks neither HTTP/1.1 nor HTTP/2 on this port",
    )
    .await;
}

#[tokio::test]
async fn plain_http_on_an_https_url_is_a_tls_error() {
    for response in [
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        "220 mail.example ESMTP\r\n",
    ] {
        let receiver = Receiver::start(move |mut peer: Peer| async move {
            peer.write(response.as_bytes()).await;
            peer.until_closed().await;
        })
        .await;
        let response = post(&Authority::new(), &receiver, NAME).await;
        assert_eq!(response.outcome, Outcome::TlsError);
        assert_eq!(
            response.error.as_deref(),
            Some("The server does not speak TLS on this port")
        );
    }
}

#[tokio::test]
async fn an_aborted_handshake_is_a_tls_error() {
    let receiver = Receiver::start(|mut peer| async move {
        let mut buffer = vec![0; 64 * 1024];
        let _ = peer.stream.read(&mut buffer).await;
    })
    .await;
    let response = post(&Authority::new(), &receiver, NAME).await;
    assert_eq!(response.outcome, Outcome::TlsError);
    assert_eq!(
        response.error.as_deref(),
        Some("The connection was closed during the TLS handshake")
    );
}

#[tokio::test]
async fn a_response_over_tls_may_end_without_close_notify() {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::from(Arc::new(authority.server(NAME, |_| ())));
    let receiver = Receiver::start(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(peer.stream).await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\n\r\nto the end")
                .await
                .unwrap();
            stream.flush().await.unwrap();
            // Shuts down the socket itself, so that TLS sends no `close_notify`.
            stream.get_mut().0.shutdown().await.unwrap();
        }
    })
    .await;
    let response = post(&authority, &receiver, NAME).await;
    assert_eq!(
        (response.outcome, &response.body[..]),
        (Outcome::Succeeded, &b"to the end"[..]),
        "{response:?}"
    );
}

#[test]
fn unreadable_certificate_authorities_are_refused_at_start() {
    let guard = Arc::new(postrider_egress::EgressGuard::default());
    for pem in [
        "",
        "not pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let settings = ClientSettings {
            extra_ca_pem: Some(pem.into()),
            ..ClientSettings::default()
        };
        let clock = Arc::new(super::support::FirstOfJune);
        let created = HttpClient::new(
            Arc::clone(&guard),
            Scripted::always("127.0.0.1"),
            clock,
            &settings,
        );
        assert!(created.is_err(), "{pem}");
    }
}
