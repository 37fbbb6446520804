//! What requests share connections by.

use std::fmt;
use std::net::IpAddr;

use http::uri::PathAndQuery;

use super::{Destination, DestinationError, Host};
use crate::identity::IdentityId;

/// Scheme, host, port, and who the client is: requests to the same origin share connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Whether the scheme is `https`.
    pub tls: bool,
    /// The host.
    pub host: Host,
    /// The port; the scheme's default if the URL has none.
    pub port: u16,
    /// Whether connections may speak HTTP/2: TLS negotiates it, and without TLS the client has to know.
    pub http2: bool,
    /// The certificate that the client shows; a URL names none.
    pub identity: Option<IdentityId>,
}

impl Origin {
    /// Reads an origin from a URL that has nothing else: `http://collector.example.com:8080`.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        let destination = Destination::parse(text)?;
        match destination.path.path_and_query().map(PathAndQuery::as_str) {
            Some("/") if !text.ends_with('?') => Ok(destination.origin),
            _ => Err(DestinationError::Invalid),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.tls { "https://" } else { "http://" })?;
        match &self.host {
            Host::Name(name) => f.write_str(name)?,
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}")?,
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
        }
        write!(f, ":{}", self.port)
    }
}
