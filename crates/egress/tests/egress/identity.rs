//! Client certificates: a receiver sees the one that the request names, over connections that no request with
//! another one uses.

use std::sync::Arc;

use postrider_egress::{ClientIdentity, HttpClient, Request, Response};
use postrider_model::Outcome;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::support::{Receiver, request};
use super::tls::{Authority, NAME, builder, params};

/// A client certificate of this authority, for this common name.
fn identity(authority: &Authority, name: &str) -> ClientIdentity {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority.issuer()).unwrap();
    ClientIdentity::from_pem(&certificate.pem(), &key.serialize_pem()).unwrap()
}

/// A receiver that responds with the common name in the certificate of each connection, or with `nobody`. It
/// lets connections without one in if `is_optional`.
async fn receiver(authority: &Authority, is_optional: bool, h2: bool) -> Receiver {
    let mut roots = RootCertStore::empty();
    roots.add(authority.issuer().der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = match is_optional {
        true => verifier.allow_unauthenticated().build().unwrap(),
        false => verifier.build().unwrap(),
    };
    let key = KeyPair::generate().unwrap();
    let certificate = params(NAME).signed_by(&key, authority.issuer()).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    if h2 {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Receiver::start(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(peer.stream).await else {
                return;
            };
            let name = common_name(&stream);
            if h2 {
                respond_h2(stream, name).await;
            } else {
                respond(stream, &name).await;
            }
        }
    })
    .await
}

fn common_name<T>(stream: &tokio_rustls::server::TlsStream<T>) -> String {
    let certificates = stream.get_ref().1.peer_certificates();
    let Some(certificate) = certificates.and_then(|it| it.first()) else {
        return "nobody".to_owned();
    };
    let der = String::from_utf8_lossy(certificate);
    let known = ["one.example", "two.example"];
    let found = known.iter().find(|name| der.contains(**name));
    (*found.unwrap_or(&"somebody")).to_owned()
}

async fn respond(mut stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>, name: &str) {
    let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{name}", name.len());
    let mut buffer = [0; 4096];
    while matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {
        if stream.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn respond_h2(stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>, name: String) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let mut body = respond.send_response(http::Response::new(()), false).unwrap();
        body.send_data(name.clone().into(), true).unwrap();
    }
}

async fn send(client: &HttpClient, receiver: &Receiver, identity: Option<&ClientIdentity>) -> Response {
    let url = format!("https://{NAME}:{}/", receiver.address.port());
    let request = Request {
        identity: identity.cloned(),
        ..request(url)
    };
    client.send(&request).await
}

#[tokio::test]
async fn a_receiver_that_requires_a_certificate_gets_the_one_of_the_request() {
    let authority = Authority::new();
    let receiver = receiver(&authority, false, false).await;
    let client = authority.client();
    let one = identity(&authority, "one.example");
    let response = send(&client, &receiver, Some(&one)).await;
    assert_eq!(
        (response.outcome, &response.body[..]),
        (Outcome::Succeeded, &b"one.example"[..]),
        "{response:?}"
    );
    let response = send(&client, &receiver, None).await;
    assert_eq!(response.outcome, Outcome::TlsError);
    assert_eq!(
        response.error.as_deref(),
        Some("The server requires a client certificate")
    );
    let stranger = identity(&Authority::new(), "two.example");
    let response = send(&client, &receiver, Some(&stranger)).await;
    assert_eq!(response.outcome, Outcome::TlsError);
    let error = response.error.unwrap_or_default();
    assert!(error.contains("client certificate"), "{error}");
}

#[tokio::test]
async fn connections_are_never_shared_between_different_certificates() {
    for h2 in [false, true] {
        let authority = Authority::new();
        let receiver = receiver(&authority, true, h2).await;
        let client = authority.client();
        let (one, two) = (
            identity(&authority, "one.example"),
            identity(&authority, "two.example"),
        );
        for _ in 0..3 {
            for (identity, name) in [
                (Some(&one), "one.example"),
                (None, "nobody"),
                (Some(&two), "two.example"),
            ] {
                let response = send(&client, &receiver, identity).await;
                assert_eq!(response.body, name, "{response:?}");
            }
        }
        assert_eq!(
            receiver.connections(),
            3,
            "each of the three keeps its own; h2: {h2}"
        );
    }
}

/// A TLS session that is resumed keeps the certificate of its first handshake.
#[tokio::test]
async fn a_resumed_session_has_the_certificate_of_the_request() {
    let authority = Authority::new();
    let receiver = receiver(&authority, true, false).await;
    let settings = postrider_egress::ClientSettings {
        pool_max_idle: 0,
        ..Default::default()
    };
    let client = authority.client_with(&settings);
    let one = identity(&authority, "one.example");
    for (identity, name) in [
        (Some(&one), "one.example"),
        (None, "nobody"),
        (Some(&one), "one.example"),
        (None, "nobody"),
    ] {
        let response = send(&client, &receiver, identity).await;
        assert_eq!(response.body, name, "{response:?}");
    }
    assert_eq!(receiver.connections(), 4);
}

#[tokio::test]
async fn a_certificate_is_not_left_out_where_there_is_no_tls() {
    let receiver = Receiver::responding("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let authority = Authority::new();
    let request = Request {
        identity: Some(identity(&authority, "one.example")),
        ..request(receiver.url())
    };
    let response = authority.client().send(&request).await;
    assert_eq!(response.outcome, Outcome::TlsError);
    assert_eq!(receiver.connections(), 0);
}
