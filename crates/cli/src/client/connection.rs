//! Opens a connection, over TLS for https.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::certificates;
use crate::Failure;

/// Connect timeout: short, so that a wrong address is reported sooner than a slow call.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection, or why it failed.
pub type Opened = Result<SendRequest<Full<Bytes>>, String>;

/// Connects to the server of `url`. The outer error means that `ca_file` is unusable.
pub async fn open(url: &Url, ca_file: Option<&Path>) -> Result<Opened, Failure> {
    let connector = match url.scheme() {
        "https" => {
            let extra = ca_file.map(certificates::read).transpose()?.unwrap_or_default();
            Some(TlsConnector::from(Arc::new(certificates::client_config(extra)?)))
        }
        _ => None,
    };
    let opened = tokio::time::timeout(CONNECT_TIMEOUT, connect(url, connector)).await;
    Ok(opened.unwrap_or_else(|_| Err(format!("no connection within {} s", CONNECT_TIMEOUT.as_secs()))))
}

async fn connect(url: &Url, connector: Option<TlsConnector>) -> Opened {
    let stream = dial(url).await.map_err(|error| error.to_string())?;
    // If this fails, small writes are only slower.
    let _ = stream.set_nodelay(true);
    match connector {
        None => speak(stream).await,
        Some(connector) => {
            let name = server_name(url)?;
            let stream = connector
                .connect(name, stream)
                .await
                .map_err(|error| format!("TLS: {error}"))?;
            speak(stream).await
        }
    }
}

async fn dial(url: &Url) -> std::io::Result<TcpStream> {
    let port = url.port_or_known_default().unwrap_or(80);
    match url.host() {
        Some(Host::Ipv4(address)) => TcpStream::connect((address, port)).await,
        Some(Host::Ipv6(address)) => TcpStream::connect((address, port)).await,
        Some(Host::Domain(name)) => TcpStream::connect((name, port)).await,
        None => Err(std::io::Error::other("the URL has no host")),
    }
}

fn server_name(url: &Url) -> Result<ServerName<'static>, String> {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    ServerName::try_from(host).map_err(|error| error.to_string())
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Opened {
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // An error of the connection also fails the request in flight, which reports it.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}
