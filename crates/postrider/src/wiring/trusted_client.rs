//! Requests to servers that the operator has chosen, such as the identity provider and the OTLP collector:
//! HTTP/1.1, a connection for each request. A server that gets many is called over
//! [`KeptConnections`](super::kept_connections::KeptConnections).
//!
//! Such a server is the operator's own and often internal, so neither the rules for destinations of webhooks
//! nor the proxy for webhooks (`egress_proxy`) apply. The client does not follow redirects: the addresses
//! that an operator enters do not redirect, and a redirect could carry a secret elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use postrider_egress::{Resolve, ResolveError, SystemResolver, connect_first, trusted_roots};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use super::extra_ca;
use crate::config::Settings;
use postrider_cli::Failure;

/// Calls such servers.
pub struct TrustedClient {
    tls: TlsConnector,
    resolver: Arc<dyn Resolve>,
}

/// What sends requests over a connection, and what has to run meanwhile.
pub(super) type Opened = (SendRequest<Full<Bytes>>, Driver);

/// Ends with the connection.
pub(super) type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// The status of a response, and its body.
pub type Answer = (u16, Bytes);

impl TrustedClient {
    /// A client that trusts the public authorities and those of `extra_ca_file`. The operator chose the
    /// server's name, so the search domains of this machine complete it.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        Self::with_resolver(settings, Arc::new(SystemResolver::with_search_domains()))
    }

    /// The same with this resolver.
    pub fn with_resolver(settings: &Settings, resolver: Arc<dyn Resolve>) -> Result<Self, Failure> {
        let roots = trusted_roots(extra_ca::pem(settings)?.as_deref())
            .map_err(|error| extra_ca::unusable(settings, &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::Failed(format!("cannot set up TLS: {error}")))?;
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            resolver,
        })
    }

    /// Sends a request with this method, these headers and this body to the URL. Returns the response, or why
    /// there is none, or none with at most `bytes_max` bytes. The caller limits the time: nothing is left of
    /// the request once this future is dropped.
    pub async fn send(
        &self,
        url: &Url,
        mut request: Request<Full<Bytes>>,
        bytes_max: usize,
    ) -> Result<Answer, String> {
        complete(url, &mut request)?;
        let (mut sender, driver) = self.open(url).await?;
        // The connection is driven here and ends with this future, so that no task outlives the deadline.
        let mut answer = std::pin::pin!(exchange(&mut sender, request, bytes_max));
        let answer = tokio::select! {
            answer = &mut answer => answer,
            // A connection that has ended may have left a whole answer behind.
            _ = driver => answer.await,
        };
        answer.map_err(NoAnswer::into_reason)
    }

    /// Opens a connection to the server of the URL.
    pub(super) async fn open(&self, url: &Url) -> Result<Opened, String> {
        let stream = self.dial(url).await?;
        // If this fails, small writes are only slower.
        let _ = stream.set_nodelay(true);
        if url.scheme() == "http" {
            return speak(stream).await;
        }
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
        let stream = self.tls.connect(name, stream).await;
        speak(stream.map_err(|error| format!("TLS: {error}"))?).await
    }

    async fn dial(&self, url: &Url) -> Result<TcpStream, String> {
        let port = url.port_or_known_default().unwrap_or(443);
        let addresses = match url.host() {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(name)) => self.addresses_of(name).await?,
            None => return Err("the URL has no host".to_owned()),
        };
        let with_port = |address| SocketAddr::new(address, port);
        let stream = connect_first(addresses.into_iter().map(with_port).collect());
        stream.await.map_err(|error| error.to_string())
    }

    async fn addresses_of(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        self.resolver.resolve(name).await.map_err(|error| match error {
            // Its own words are for the customers, and name the rules for their receivers.
            ResolveError::NotFound => format!("the host name {name} does not exist"),
            error => error.to_string(),
        })
    }
}

/// Adds what every request has.
pub(super) fn complete(url: &Url, request: &mut Request<Full<Bytes>>) -> Result<(), String> {
    let target = &url[Position::BeforePath..Position::AfterQuery];
    *request.uri_mut() = target.parse().map_err(|error| format!("{error}"))?;
    let host = HeaderValue::try_from(&url[Position::BeforeHost..Position::AfterPort]);
    let headers = request.headers_mut();
    headers.insert(HOST, host.map_err(|error| error.to_string())?);
    let name = HeaderValue::from_static(concat!("postrider/", env!("CARGO_PKG_VERSION")));
    headers.insert(USER_AGENT, name);
    Ok(())
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Opened, String> {
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    Ok((sender, Box::pin(connection)))
}

/// Why a request got no complete answer.
pub(super) enum NoAnswer {
    /// Not even its head came.
    Silence(String),
    /// Its body broke off, or is larger than the caller reads.
    Body(String),
}

impl NoAnswer {
    /// The reason, for people.
    pub(super) fn into_reason(self) -> String {
        match self {
            Self::Silence(why) => why,
            Self::Body(why) => format!("the body: {why}"),
        }
    }
}

/// Sends a request over an open connection that is driven meanwhile.
pub(super) async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    bytes_max: usize,
) -> Result<Answer, NoAnswer> {
    let answer = sender.send_request(request).await;
    let answer = answer.map_err(|error| NoAnswer::Silence(error.to_string()))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), bytes_max).collect().await;
    let body = body.map_err(|error| NoAnswer::Body(error.to_string()))?;
    Ok((status, body.to_bytes()))
}
