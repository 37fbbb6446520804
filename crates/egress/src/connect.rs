//! Opens a connection to an origin: looks up the name, asks the guard about each address, connects,
//! negotiates TLS.
//!
//! The connector dials an address that the guard has checked and never resolves the name again, so a name
//! that changes its addresses in between (DNS rebinding) gains nothing. It uses a proxy only if it is given
//! one ([`crate::proxy`]), and reads no environment variable.
//!
//! Several addresses are tried as in RFC 8305 ("Happy Eyeballs"): the families alternate, the next try starts
//! when one has failed or after [`STAGGER`] without an answer, and the first connection wins. A dead address
//! thus costs a quarter of a second of an attempt's time, not all of it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::allowance::Allowance;
use crate::destination::{Host, Origin};
use crate::guard::{EgressGuard, LOOPBACK};
use crate::identity::{ClientIdentity, Connectors};
use crate::proxy::{Proxy, ProxyFailure, Tunnels};
use crate::resolve::{Resolve, ResolveError};
use crate::tls::ALPN_H2;
use crate::wire::{Session, Stream, Wire};

/// Head start of each address over the next; the "Connection Attempt Delay" of RFC 8305 section 5.
const STAGGER: Duration = Duration::from_millis(250);

/// Maximum addresses to try per name. A name may have thousands.
const ADDRESSES_MAX: usize = 8;

/// Idle time after which TCP probes a connection, because some networks forget silent ones.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// How long a failed lookup takes at least if the name has no address that may be called. Within this time
/// name servers respond, and a response from a cache must not be told from one that took a few milliseconds.
const NO_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// How often the log repeats that a name is refused.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Maximum names whose last report is remembered.
const REPORTS_KEPT: usize = 1_024;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectFailure {
    /// The name has no address.
    #[error(transparent)]
    Dns(#[from] ResolveError),
    /// The host is an address that the guard forbids.
    #[error("the address of the host is forbidden")]
    Blocked,
    /// No address accepted a TCP connection.
    #[error("no TCP connection")]
    Connect(#[source] io::Error),
    /// The proxy opened no tunnel. The sentence says what happened, in plain words.
    #[error("{0}")]
    Proxy(&'static str),
    /// The TLS handshake failed.
    #[error("no TLS session")]
    Tls(#[source] io::Error),
}

/// `EMFILE` and `ENFILE`, everywhere: the process, or the system, has no more open files.
const OUT_OF_FILES: [i32; 2] = [24, 23];

/// Whether a call failed because this machine ran out of open files.
pub fn is_out_of_files(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|it| OUT_OF_FILES.contains(&it))
}

impl ConnectFailure {
    /// Whether this machine ran out of open files. The receiver has no part in that.
    pub(crate) fn is_out_of_files(&self) -> bool {
        match self {
            Self::Dns(error) => *error == ResolveError::OutOfFiles,
            Self::Connect(error) => is_out_of_files(error),
            Self::Blocked | Self::Proxy(_) | Self::Tls(_) => false,
        }
    }
}

impl From<ProxyFailure> for ConnectFailure {
    fn from(failure: ProxyFailure) -> Self {
        match failure {
            ProxyFailure::OutOfFiles(error) => Self::Connect(error),
            ProxyFailure::Failed(sentence) => Self::Proxy(sentence),
        }
    }
}

/// Opens connections.
pub(crate) struct Connector {
    guard: Arc<EgressGuard>,
    resolver: Arc<dyn Resolve>,
    tls: Connectors,
    tunnels: Option<Tunnels>,
    refused: Refused,
}

/// A new connection and its negotiated protocol.
pub(crate) struct Connected {
    pub(crate) stream: Stream,
    pub(crate) http2: bool,
}

impl Connector {
    pub(crate) fn new(
        guard: Arc<EgressGuard>,
        resolver: Arc<dyn Resolve>,
        tls: rustls::ClientConfig,
        proxy: Option<Proxy>,
    ) -> Self {
        Self {
            guard,
            resolver,
            tls: Connectors::new(tls),
            tunnels: proxy.map(Tunnels::new),
            refused: Refused(Cache::new(REPORTS_KEPT)),
        }
    }

    pub(crate) async fn connect(
        &self,
        origin: &Origin,
        identity: Option<&ClientIdentity>,
        tenant: u128,
        allowance: &Allowance,
    ) -> Result<Connected, ConnectFailure> {
        let permitted = self.permitted_addresses(&origin.host, tenant, allowance).await?;
        let addresses: Vec<_> = permitted
            .into_iter()
            .map(|address| SocketAddr::new(address, origin.port))
            .collect();
        let tcp = match &self.tunnels {
            None => connect_first(addresses).await.map_err(ConnectFailure::Connect)?,
            Some(tunnels) => tunnels.connect(&addresses, allowance).await?,
        };
        set_options(&tcp).map_err(ConnectFailure::Connect)?;
        let wire = Wire::new(tcp);
        if !origin.tls {
            return Ok(Connected {
                stream: Stream::Plain(wire),
                http2: origin.http2,
            });
        }
        let name = server_name(&origin.host).map_err(ConnectFailure::Tls)?;
        let connecting = self.tls.of(identity).connect(name, wire);
        let stream = connecting.await.map_err(ConnectFailure::Tls)?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(ALPN_H2);
        Ok(Connected {
            stream: Stream::Tls(Box::new(Session(stream))),
            http2,
        })
    }

    async fn permitted_addresses(
        &self,
        host: &Host,
        tenant: u128,
        allowance: &Allowance,
    ) -> Result<Vec<IpAddr>, ConnectFailure> {
        let addresses = match host {
            Host::Address(address) => vec![*address],
            host if host.is_localhost() => LOOPBACK.to_vec(),
            Host::Name(name) => return self.addresses_of(name, tenant, allowance).await,
        };
        let permitted = addresses
            .into_iter()
            .filter(|address| self.guard.permits(*address));
        let permitted = alternate_families(permitted);
        if permitted.is_empty() {
            Err(ConnectFailure::Blocked)
        } else {
            Ok(permitted)
        }
    }

    /// Looks a name up. If the guard forbids one of its addresses, the name is refused as a whole: a name
    /// with a public and a private address is a trick or a mistake, and the receiver must not depend on which
    /// is tried first. The failure looks like that of a name that does not exist, and takes as long
    /// ([`NO_ADDRESS_AFTER`]); the log says which it was.
    async fn addresses_of(
        &self,
        name: &str,
        tenant: u128,
        allowance: &Allowance,
    ) -> Result<Vec<IpAddr>, ConnectFailure> {
        let began = Instant::now();
        match self.resolver.resolve_for(tenant, name, allowance).await {
            Ok(addresses) if !addresses.is_empty() => {
                match addresses.iter().find(|address| !self.guard.permits(**address)) {
                    None => return Ok(alternate_families(addresses.into_iter())),
                    Some(forbidden) => self.refused.report(name, *forbidden),
                }
            }
            Ok(_) | Err(ResolveError::NotFound) => tracing::debug!(host = name, "the name does not exist"),
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep_until(began + NO_ADDRESS_AFTER).await;
        Err(ResolveError::NotFound.into())
    }
}

/// Names that were refused for their addresses.
struct Refused(Cache<String, Instant>);

impl Refused {
    /// Tells the operator, once a minute and name.
    fn report(&self, name: &str, forbidden: IpAddr) {
        let now = Instant::now();
        if self.0.get(name).is_some_and(|last| last + REPORT_EVERY > now) {
            return;
        }
        self.0.insert(name.to_owned(), now);
        tracing::warn!(
            host = name,
            address = %forbidden,
            "no webhooks are sent to this host, because it has an address that is not allowed"
        );
    }
}

/// Alternates between the two families, beginning with that of the first address. Drops duplicates and
/// returns at most [`ADDRESSES_MAX`].
fn alternate_families(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut addresses = addresses.peekable();
    let first_is_v6 = addresses.peek().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.partition(|it| it.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut order: Vec<IpAddr> = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            break;
        }
        for address in pair.into_iter().flatten() {
            if order.len() < ADDRESSES_MAX && !order.contains(&address) {
                order.push(address);
            }
        }
    }
    order
}

/// Returns the first TCP connection to one of these addresses that succeeds, or the error that says most
/// about why none did. Tries them in their order, as in RFC 8305: the next try starts when one has failed, or
/// after a quarter of a second without an answer.
///
/// Dropping the future cancels every try; it has no timeout of its own. It asks no guard: this is for
/// addresses that the guard has permitted, or that the operator chose.
pub async fn connect_first(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    if let [only] = addresses[..] {
        return TcpStream::connect(only).await;
    }
    let mut waiting = addresses.into_iter();
    let mut dials = JoinSet::new();
    let mut failure: Option<io::Error> = None;
    loop {
        if let Some(address) = waiting.next() {
            dials.spawn(TcpStream::connect(address));
        }
        let outcome = if waiting.len() == 0 {
            dials.join_next().await
        } else {
            match tokio::time::timeout(STAGGER, dials.join_next()).await {
                Ok(outcome) => outcome,
                Err(_) => continue,
            }
        };
        match outcome {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => failure = Some(telling(failure, error)),
            Some(Err(panicked)) => failure = Some(io::Error::other(panicked)),
            None => return Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())),
        }
    }
}

/// Picks the error to report. "Connection refused" says more than that this machine has no route for a
/// family.
fn telling(earlier: Option<io::Error>, later: io::Error) -> io::Error {
    match earlier {
        Some(earlier) if later.kind() != io::ErrorKind::ConnectionRefused => earlier,
        _ => later,
    }
}

fn set_options(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    SockRef::from(tcp).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))
}

fn server_name(host: &Host) -> io::Result<ServerName<'static>> {
    match host {
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.clone()).map_err(io::Error::other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(addresses: &[&str]) -> Vec<String> {
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        alternate_families(addresses)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_families_take_turns_and_the_resolvers_first_choice_leads() {
        assert_eq!(
            order(&["2a00::1", "2a00::2", "8.8.8.8"]),
            ["2a00::1", "8.8.8.8", "2a00::2"]
        );
        assert_eq!(
            order(&["8.8.8.8", "8.8.4.4", "2a00::1"]),
            ["8.8.8.8", "2a00::1", "8.8.4.4"]
        );
        assert_eq!(order(&["8.8.8.8", "8.8.8.8"]), ["8.8.8.8"]);
        assert!(order(&[]).is_empty());
        let many: Vec<String> = (1..100).map(|n| format!("8.8.8.{n}")).collect();
        assert_eq!(
            order(&many.iter().map(String::as_str).collect::<Vec<_>>()).len(),
            ADDRESSES_MAX
        );
    }

    #[tokio::test]
    async fn after_a_refused_connection_the_next_address_is_dialled() {
        let dead = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let live = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect_first(vec![dead, live.local_addr().unwrap()])
            .await
            .unwrap();
        assert_eq!(stream.peer_addr().unwrap(), live.local_addr().unwrap());
        let error = connect_first(vec![dead, dead]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
