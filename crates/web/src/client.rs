//! Who sent a request: the peer of the connection and, behind a trusted proxy, the client that it names.
//!
//! Anybody can send `X-Forwarded-For`. It counts only where the peer is one of the operator's proxies
//! ([`TrustedProxies`]), because a proxy appends the address that it saw. `Forwarded` (RFC 7239) is ignored:
//! no common proxy writes it by default, and one that passes a client's own `Forwarded` on would let the
//! client choose its address. `X-Forwarded-Host` is ignored too: the setting `public_url` says where links
//! lead.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Most addresses of `X-Forwarded-For` that are read, from the right. A request passes a handful of proxies.
const FORWARDED_MAX: usize = 32;

/// Who sent a request. It is in the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The other end of the connection.
    pub peer: IpAddr,
    /// The client's address: the peer's, or the one that a trusted proxy names. Limits and logs use it.
    pub address: IpAddr,
    /// Whether the client used https, as a trusted proxy says. Postrider itself speaks plain HTTP.
    pub is_https: bool,
}

impl Client {
    /// A client without a proxy.
    pub fn direct(peer: IpAddr) -> Self {
        Self {
            peer,
            address: peer.to_canonical(),
            is_https: false,
        }
    }
}

/// Hears that the sender of a request has shown a valid session.
pub trait Acquaint: Send + Sync {
    /// The sender is known from now on.
    fn is_known(&self);
}

/// In the extensions of a request whose sender has shown nothing valid yet. Whoever finds a valid session in
/// the request says so, and the limits on strangers no longer apply to its connection.
#[derive(Clone)]
pub struct Acquaintance(Arc<dyn Acquaint>);

impl Acquaintance {
    /// Whom to tell.
    pub fn new(hears: Arc<dyn Acquaint>) -> Self {
        Self(hears)
    }

    /// The sender of the request with these extensions has shown a valid session.
    pub fn make(extensions: &Extensions) {
        if let Some(Self(hears)) = extensions.get() {
            hears.is_known();
        }
    }
}

/// The operator's proxies, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// The proxies in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this address is a proxy's.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that `peer` sent with these headers.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut client = Client::direct(peer);
        if self.contains(peer) {
            client.address = self.forwarded_for(client.address, headers);
            // The nearest proxy's word is the last.
            client.is_https = claims_https(headers);
        }
        client
    }

    /// The rightmost address that is not a proxy's. Everything to its left was written by the client.
    fn forwarded_for(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        for item in items_from_right(headers, &X_FORWARDED_FOR).take(FORWARDED_MAX) {
            // What follows an unreadable address cannot be trusted.
            let Some(address) = address(item) else { break };
            client = address;
            if !self.contains(client) {
                break;
            }
        }
        client
    }
}

/// Whether the headers say that the client used https. Without a trusted proxy this is only a hint that the
/// settings lack one.
pub fn claims_https(headers: &HeaderMap) -> bool {
    last_item(headers, &X_FORWARDED_PROTO).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// The network that limits count as one client: an IPv4 address, or the /64 of an IPv6 address, because a
/// subscriber gets a whole /64 and could take another address for each request.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

fn last_item<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    // Looking a header up costs less than preparing to iterate over all lines of it.
    headers.get(name)?;
    items_from_right(headers, name).next()
}

/// The items of a list header, from the last line's last to the first line's first.
fn items_from_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().rev();
    lines
        .flat_map(|line| line.to_str().unwrap_or_default().rsplit(','))
        .map(str::trim)
}

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:5000`, `2001:db8::1` or `[2001:db8::1]:5000`.
fn address(item: &str) -> Option<IpAddr> {
    let bare = match item.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => match item.split_once(':') {
            Some((address, port)) if !port.contains(':') => address,
            _ => item,
        },
    };
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client_of(peer: &str, headers: &[(&'static str, &str)]) -> Client {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        TrustedProxies::new(networks.to_vec()).client(peer.parse().unwrap(), &map)
    }

    fn address_of(peer: &str, forwarded: &[&str]) -> String {
        let headers: Vec<_> = forwarded
            .iter()
            .map(|value| ("x-forwarded-for", *value))
            .collect();
        client_of(peer, &headers).address.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_names_the_client() {
        assert_eq!(address_of("192.0.2.7", &["203.0.113.9"]), "192.0.2.7");
        assert_eq!(address_of(PROXY, &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(address_of("::ffff:10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(address_of("fd00::1", &["2001:db8::9"]), "2001:db8::9");
        assert_eq!(address_of(PROXY, &[]), PROXY);
    }

    #[test]
    fn the_rightmost_address_that_is_not_a_proxys_is_the_client() {
        assert_eq!(
            address_of(PROXY, &["1.1.1.1, 203.0.113.9, 10.2.2.2"]),
            "203.0.113.9"
        );
        assert_eq!(
            address_of(PROXY, &["1.1.1.1", "203.0.113.9", "10.2.2.2"]),
            "203.0.113.9"
        );
        assert_eq!(address_of(PROXY, &["10.1.1.1, 10.2.2.2"]), "10.1.1.1");
        for port in [
            "203.0.113.9:4711",
            "::ffff:203.0.113.9",
            "[::ffff:203.0.113.9]:80",
        ] {
            assert_eq!(address_of(PROXY, &[port]), "203.0.113.9", "{port}");
        }
        for unreadable in ["", "unknown", "_hidden", "1.1.1.1, x", "1.1.1.1,"] {
            assert_eq!(address_of(PROXY, &[unreadable]), PROXY, "{unreadable}");
        }
    }

    #[test]
    fn https_is_what_the_nearest_trusted_proxy_says() {
        let is_https = |peer, value| client_of(peer, &[("x-forwarded-proto", value)]).is_https;
        assert!(is_https(PROXY, "https") && is_https(PROXY, "http, HTTPS"));
        assert!(!is_https(PROXY, "https, http") && !is_https(PROXY, ""));
        assert!(!is_https("192.0.2.7", "https"));
    }

    #[test]
    fn an_ipv6_subscriber_is_one_client() {
        let network = |address: &str| network(address.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
    }
}
