//! Connections through a proxy of the operator.
//!
//! The guard judges first: names are looked up here, and the proxy gets an address that the guard has
//! permitted, never a name. TLS, the `Host` header and the request go through the tunnel unchanged, for
//! `http` receivers too, so that the proxy neither reads nor alters them.
//!
//! **Whose failure is it?** A proxy that cannot be reached, refuses its credentials, speaks another protocol
//! or says that we send too much is a resource of ours: the request waits for it ([`Allowance`]), is returned
//! to its caller after [`WAIT_MAX`](crate::allowance::WAIT_MAX), and the log tells the operator. Meanwhile,
//! one request a second tries it. What the proxy says about the receiver (no route, refused, not allowed) is
//! the receiver's failure, as it would be without a proxy, and so is a proxy that breaks off a tunnel.
//! Waiting for the proxy to open the tunnel counts against the request's timeout, because the proxy connects
//! meanwhile.
//!
//! To add a kind of proxy, add a variant to [`ProxyKind`] and a file with its handshake.

mod http_connect;
mod socks5;
mod turns;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;
use tokio::time::Instant;
use url::Url;

use crate::allowance::Allowance;
use crate::connect::{connect_first, is_out_of_files};
use crate::resolve::{Resolve, SystemResolver};
use turns::Turns;

/// How long to wait for a TCP connection to the proxy, which is near.
const REACH_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait for a tunnel to an address if the receiver has others.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(3);

/// How often the log repeats that the proxy cannot be used.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// How to speak to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// `CONNECT` over HTTP/1.1 (RFC 9110 section 9.3.6).
    Http,
    /// SOCKS version 5 (RFC 1928), with a name and password (RFC 1929) if there are any.
    Socks5,
}

/// A proxy that all requests go through. Neither `Debug` nor `Display` shows its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    host: String,
    port: u16,
    credentials: Option<Credentials>,
}

#[derive(Clone, PartialEq, Eq)]
struct Credentials {
    user: String,
    password: String,
}

/// A text that is not the URL of a proxy. The message does not repeat it, because it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Not the URL of a proxy.
    #[error(
        "expected a URL such as `http://proxy.example.com:3128` or `socks5://user:password@10.0.0.1:1080`"
    )]
    Malformed,
    /// A proxy that is spoken to over TLS, or by another protocol.
    #[error("expected a proxy with http://, socks5:// or socks5h://")]
    Scheme,
    /// The credentials are too long for the protocol, or contain control characters.
    #[error("the user name and the password have at most 255 bytes each and no control characters")]
    Credentials,
    /// A password without a user name, or a second one.
    #[error("a password of its own needs a URL with a user name and without a password")]
    Password,
}

impl Proxy {
    /// The same proxy with a password for the user name in its URL.
    pub fn with_password(mut self, password: &str) -> Result<Self, ProxyError> {
        match &mut self.credentials {
            Some(credentials) if credentials.password.is_empty() => {
                password.clone_into(&mut credentials.password)
            }
            _ => return Err(ProxyError::Password),
        }
        self.checked()
    }

    fn checked(self) -> Result<Self, ProxyError> {
        let is_valid = |text: &str| text.len() <= 255 && !text.contains(|c: char| c.is_control());
        match &self.credentials {
            Some(it) if !is_valid(&it.user) || !is_valid(&it.password) => Err(ProxyError::Credentials),
            _ => Ok(self),
        }
    }

    /// The host, an address without brackets.
    fn bare_host(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }
}

impl FromStr for Proxy {
    type Err = ProxyError;

    /// Reads `http://user:password@host:port`; `socks5://` and `socks5h://` mean the same, because names are
    /// looked up before. The default ports are 80 and 1080.
    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let url = Url::parse(text.trim()).map_err(|_| ProxyError::Malformed)?;
        let (kind, default_port) = match url.scheme() {
            "http" => (ProxyKind::Http, 80),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            _ => return Err(ProxyError::Scheme),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let is_alone = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let (Some(host), true) = (host, is_alone) else {
            return Err(ProxyError::Malformed);
        };
        let decoded = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map(String::from).map_err(|_| ProxyError::Credentials)
        };
        let user = decoded(url.username())?;
        let password = decoded(url.password().unwrap_or_default())?;
        if user.is_empty() && !password.is_empty() {
            return Err(ProxyError::Malformed);
        }
        let proxy = Self {
            kind,
            host: host.to_owned(),
            port: url.port().unwrap_or(default_port),
            credentials: (!user.is_empty()).then_some(Credentials { user, password }),
        };
        proxy.checked()
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ProxyKind::Http => "http://",
            ProxyKind::Socks5 => "socks5://",
        })?;
        if let Some(credentials) = &self.credentials {
            let hidden = if credentials.password.is_empty() {
                ""
            } else {
                ":***"
            };
            write!(f, "{}{hidden}@", credentials.user)?;
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why there is no tunnel to an address.
#[derive(Debug)]
enum TunnelError {
    /// No tunnel can be opened through the proxy. The words are for the log.
    Unusable(&'static str),
    /// The proxy or the receiver; the sentence says what happened.
    Failed(&'static str),
}

impl From<io::Error> for TunnelError {
    fn from(_: io::Error) -> Self {
        Self::Failed("The egress proxy closed the connection")
    }
}

/// Why there is no connection through the proxy.
pub(crate) enum ProxyFailure {
    /// This machine ran out of open files.
    OutOfFiles(io::Error),
    /// The receiver's failure, in plain words.
    Failed(&'static str),
}

const TOO_LATE: ProxyFailure = ProxyFailure::Failed("The egress proxy opened no connection in time");

/// Opens tunnels through a proxy.
pub(crate) struct Tunnels {
    proxy: Proxy,
    resolver: SystemResolver,
    turns: Turns,
    reported: Mutex<Option<Instant>>,
}

impl Tunnels {
    pub(crate) fn new(proxy: Proxy) -> Self {
        Self {
            proxy,
            resolver: SystemResolver::with_search_domains(),
            turns: Turns::default(),
            reported: Mutex::default(),
        }
    }

    /// Opens a tunnel to the first address to which the proxy opens one.
    pub(crate) async fn connect(
        &self,
        addresses: &[SocketAddr],
        allowance: &Allowance,
    ) -> Result<TcpStream, ProxyFailure> {
        let mut failure = TOO_LATE;
        for (index, address) in addresses.iter().enumerate() {
            let is_last = index + 1 == addresses.len();
            let timeout = if is_last { Duration::MAX } else { ADDRESS_TIMEOUT };
            match self.tunnel(*address, timeout, allowance).await {
                Err(error @ ProxyFailure::Failed(_)) => failure = error,
                opened => return opened,
            }
        }
        Err(failure)
    }

    async fn tunnel(
        &self,
        target: SocketAddr,
        timeout: Duration,
        allowance: &Allowance,
    ) -> Result<TcpStream, ProxyFailure> {
        loop {
            let tcp = allowance.pause(self.reach()).await;
            let mut tcp = tcp.map_err(ProxyFailure::OutOfFiles)?;
            let opened = match tokio::time::timeout(timeout, self.open(&mut tcp, target)).await {
                Ok(Ok(())) => Ok(tcp),
                Ok(Err(TunnelError::Failed(sentence))) => Err(ProxyFailure::Failed(sentence)),
                Ok(Err(TunnelError::Unusable(reason))) => {
                    self.is_unusable(&reason);
                    continue;
                }
                Err(_) => Err(TOO_LATE),
            };
            self.turns.is_usable();
            return opened;
        }
    }

    async fn open(&self, tcp: &mut TcpStream, target: SocketAddr) -> Result<(), TunnelError> {
        let credentials = self.proxy.credentials.as_ref();
        match self.proxy.kind {
            ProxyKind::Http => http_connect::open(tcp, target, credentials).await,
            ProxyKind::Socks5 => socks5::open(tcp, target, credentials).await,
        }
    }

    /// Connects to the proxy, however long that takes; the caller sets the limit. Fails only if this machine
    /// has no more open files.
    async fn reach(&self) -> io::Result<TcpStream> {
        loop {
            self.turns.turn().await;
            let connected = tokio::time::timeout(REACH_TIMEOUT, self.dial()).await;
            match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(tcp) => return Ok(tcp),
                Err(error) if is_out_of_files(&error) => return Err(error),
                Err(error) => self.is_unusable(&error),
            }
        }
    }

    fn is_unusable(&self, reason: &dyn fmt::Display) {
        self.report(reason);
        self.turns.is_unusable();
    }

    async fn dial(&self) -> io::Result<TcpStream> {
        let host = self.proxy.bare_host();
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => match self.resolver.resolve(host).await {
                Ok(addresses) => addresses,
                Err(_) => return Err(io::Error::other("its name could not be looked up")),
            },
        };
        let with_port = |address| SocketAddr::new(address, self.proxy.port);
        connect_first(addresses.into_iter().map(with_port).collect()).await
    }

    /// Tells the operator, once a minute.
    fn report(&self, error: &dyn fmt::Display) {
        let now = Instant::now();
        let mut reported = self.reported.lock();
        if reported.is_none_or(|last| last + REPORT_EVERY <= now) {
            *reported = Some(now);
            tracing::warn!(proxy = %self.proxy, %error, "requests wait because the egress proxy cannot be used");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_from_its_url() {
        let proxy = |text: &str| text.parse::<Proxy>().unwrap();
        let with_all = proxy("socks5://us%40er:p%3Aw%C3%A4@[::1]:1080");
        assert_eq!(with_all.kind, ProxyKind::Socks5);
        assert_eq!((with_all.bare_host(), with_all.port), ("::1", 1080));
        let credentials = with_all.credentials.clone().unwrap();
        assert_eq!((&*credentials.user, &*credentials.password), ("us@er", "p:wä"));
        assert_eq!(proxy("socks5h://proxy"), proxy("socks5://proxy:1080/"));
        assert_eq!(proxy("http://proxy").port, 80);
        assert_eq!(
            proxy("http://user@proxy:3128").with_password("x"),
            Ok(proxy("http://user:x@proxy:3128"))
        );
        for (text, expected) in [
            ("", ProxyError::Malformed),
            ("proxy:3128", ProxyError::Scheme),
            ("https://proxy:3128", ProxyError::Scheme),
            ("http://proxy:3128/path", ProxyError::Malformed),
            ("http://proxy:3128?x", ProxyError::Malformed),
            ("socks5://", ProxyError::Malformed),
            ("http://:x@proxy", ProxyError::Malformed),
            ("http://a%0a:x@proxy", ProxyError::Credentials),
            ("http://a:%ff@proxy", ProxyError::Credentials),
        ] {
            assert_eq!(text.parse::<Proxy>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let proxy: Proxy = "http://user:hidden@proxy:3128".parse().unwrap();
        assert_eq!(proxy.to_string(), "http://user:***@proxy:3128");
        assert_eq!(format!("{proxy:?}"), "http://user:***@proxy:3128");
    }
}
