//! Requests to the identity provider, by the [`TrustedClient`].

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use postrider_access::people::{FromProvider, ProviderTransport, ToProvider, Unanswered};
use url::Url;

use super::trusted_client::TrustedClient;
use crate::config::Settings;
use postrider_cli::Failure;

/// Deadline of a request, from the name look-up to the last byte. A person waits for three of them.
const DEADLINE: Duration = Duration::from_secs(10);

/// Sends requests to the provider.
pub struct HttpTransport(TrustedClient);

impl HttpTransport {
    /// A transport with these settings.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        TrustedClient::new(settings).map(Self)
    }

    async fn exchange(&self, request: ToProvider) -> Result<FromProvider, String> {
        let url = Url::parse(&request.url).map_err(|error| error.to_string())?;
        let bytes_max = request.bytes_max;
        let (status, body) = self.0.send(&url, message(request)?, bytes_max).await?;
        Ok(FromProvider {
            status,
            body: body.to_vec(),
        })
    }
}

#[async_trait]
impl ProviderTransport for HttpTransport {
    async fn send(&self, request: ToProvider) -> Result<FromProvider, Unanswered> {
        match tokio::time::timeout(DEADLINE, self.exchange(request)).await {
            Ok(answered) => answered.map_err(Unanswered),
            Err(_) => Err(Unanswered(format!("no response within {} s", DEADLINE.as_secs()))),
        }
    }
}

fn message(request: ToProvider) -> Result<Request<Full<Bytes>>, String> {
    let method = if request.form.is_some() {
        Method::POST
    } else {
        Method::GET
    };
    let mut message = Request::builder()
        .method(method)
        .header(ACCEPT, "application/json");
    if let Some(authorization) = request.authorization {
        let mut value = HeaderValue::try_from(authorization)
            .map_err(|_| "the provider's token cannot be sent in a header".to_owned())?;
        value.set_sensitive(true);
        message = message.header(AUTHORIZATION, value);
    }
    if request.form.is_some() {
        message = message.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let body = Full::from(request.form.unwrap_or_default());
    message.body(body).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};
    use std::sync::Arc;

    use postrider_egress::{Resolve, ResolveError};
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpSocket, TcpStream};
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::config::declaration;

    /// A provider over TLS that answers every request alike. Returns its address and its certificate.
    async fn provider(answer: &'static str) -> (SocketAddr, String) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that trusts nobody ends the handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        (address, cert.pem())
    }

    async fn ask(transport: &HttpTransport, url: String, bytes_max: usize) -> Result<(u16, String), String> {
        let answered = transport.send(ToProvider {
            url,
            authorization: Some("Bearer t".to_owned()),
            form: None,
            bytes_max,
        });
        let answered = answered.await.map_err(|Unanswered(why)| why)?;
        Ok((answered.status, String::from_utf8(answered.body).unwrap()))
    }

    fn transport(extra_ca_pem: Option<&str>) -> HttpTransport {
        with_authority(extra_ca_pem, HttpTransport::new)
    }

    fn with_authority(
        extra_ca_pem: Option<&str>,
        new: impl FnOnce(&Settings) -> Result<HttpTransport, Failure>,
    ) -> HttpTransport {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut settings = declaration::read(declaration::defaults()).unwrap();
        if let Some(pem) = extra_ca_pem {
            std::fs::write(file.path(), pem).unwrap();
            settings.extra_ca_file = Some(file.path().to_owned());
        }
        new(&settings).unwrap_or_else(|failure| panic!("{failure}"))
    }

    #[tokio::test]
    async fn a_provider_over_tls_needs_a_certificate_that_is_trusted_and_an_answer_within_its_bound() {
        let (address, pem) =
            provider("HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 2\r\n\r\n{}").await;
        let url = |host: &str| format!("https://{host}:{}/token?x=1", address.port());
        let trusting = transport(Some(&pem));
        let answered = ask(&trusting, url("localhost"), 2).await;
        assert_eq!(answered, Ok((302, "{}".to_owned())), "not followed");
        assert!(
            ask(&trusting, url("localhost"), 1)
                .await
                .unwrap_err()
                .contains("the body")
        );
        assert!(
            ask(&trusting, url("127.0.0.1"), 2)
                .await
                .unwrap_err()
                .contains("TLS"),
            "another name"
        );
        let error = ask(&transport(None), url("localhost"), 2).await.unwrap_err();
        assert!(error.contains("TLS"), "{error}");
    }

    /// Two addresses of every name.
    struct TwoAddresses([IpAddr; 2]);

    #[async_trait]
    impl Resolve for TwoAddresses {
        async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, ResolveError> {
            Ok(self.0.to_vec())
        }
    }

    #[tokio::test]
    async fn an_address_of_the_provider_that_does_not_respond_delays_the_next_one_little() {
        let (address, pem) = provider("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        // A second address whose queue of connections is full.
        let dead = SocketAddr::new(IpAddr::from([127, 0, 0, 2]), address.port());
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(dead).unwrap();
        let _listener = socket.listen(0).unwrap();
        let _queued = TcpStream::connect(dead).await.unwrap();
        let transport = with_authority(Some(&pem), |settings| {
            let resolver = TwoAddresses([dead.ip(), address.ip()]);
            TrustedClient::with_resolver(settings, Arc::new(resolver)).map(HttpTransport)
        });
        let began = std::time::Instant::now();
        let answered = ask(&transport, format!("https://localhost:{}/", address.port()), 2).await;
        assert_eq!(answered, Ok((200, "{}".to_owned())));
        // A quarter of a second, and what a busy machine needs.
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_keeps_silent_is_given_up() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        let error = ask(&transport(None), url, 2).await.unwrap_err();
        assert_eq!(error, "no response within 10 s");
    }
}
