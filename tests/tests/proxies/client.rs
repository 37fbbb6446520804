//! A client that speaks TLS, from a loopback address of its choice.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

use super::HOST;

/// How long the head of a response may take on a busy machine.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of one proxy. Each request has a connection of its own.
pub struct Client {
    from: Ipv4Addr,
    to: SocketAddr,
    tls: TlsConnector,
}

impl Client {
    /// A client at `from` that trusts this authority (PEM).
    pub fn new(from: [u8; 4], to: SocketAddr, authority: &str) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(authority.as_bytes()).expect("it is PEM");
        roots.add(authority).expect("it is an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (from, tls) = (from.into(), TlsConnector::from(Arc::new(config)));
        Self { from, to, tls }
    }

    /// `GET`.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response<Incoming> {
        self.send(Method::GET, path, headers, String::new()).await
    }

    /// Sends a request over a new connection. The body of the response is still to be read.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Response<Incoming> {
        let request = headers
            .iter()
            .fold(
                Request::builder().method(method).uri(path).header("host", HOST),
                |request, (name, value)| request.header(*name, *value),
            )
            .body(Full::new(Bytes::from(body)))
            .expect("it is a request");
        let exchange = async {
            let socket = TcpSocket::new_v4().expect("a socket can be created");
            socket
                .bind((self.from, 0).into())
                .expect("a loopback address is free");
            let stream = socket.connect(self.to).await.expect("the proxy listens");
            let name = ServerName::try_from(HOST).expect("it is a name");
            let stream = self
                .tls
                .connect(name, stream)
                .await
                .expect("the proxy speaks TLS");
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                .await
                .expect("a connection begins");
            tokio::spawn(connection);
            sender.send_request(request).await.expect("the proxy responds")
        };
        tokio::time::timeout(RESPONSE_TIMEOUT, exchange)
            .await
            .unwrap_or_else(|_| panic!("no response to {path} within {RESPONSE_TIMEOUT:?}"))
    }
}

/// Reads a stream of server-sent events up to the end of a message that contains `what`. Nothing may follow
/// that end: a proxy that buffers holds the last bytes of a message back until the next one.
pub async fn read_message(stream: &mut Response<Incoming>, what: &str, within: Duration) {
    let mut text = String::new();
    let is_complete = |text: &str| text.contains(what) && text.ends_with("\n\n");
    let reading = async {
        while !is_complete(&text) {
            let frame = stream.body_mut().frame().await;
            let frame = frame.expect("the stream goes on").expect("it is not cut off");
            if let Ok(data) = frame.into_data() {
                text.push_str(&String::from_utf8_lossy(&data));
            }
        }
    };
    let ended = tokio::time::timeout(within, reading).await;
    assert!(
        ended.is_ok(),
        "no whole message with {what} within {within:?}: {text}"
    );
}
