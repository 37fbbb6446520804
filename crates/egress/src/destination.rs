//! The destination of a request: a URL, parsed once by one parser, so that the client dials what the guard
//! checked.
//!
//! The `url` crate follows the WHATWG URL standard, which accepts every spelling of an IP address that
//! browsers know (`0x7f.1`, `2130706433`, `017700000001`) and normalises it. This module refuses what that
//! standard silently repairs or accepts: white space, backslashes, missing slashes, user names and fragments.
//! A URL that contains one of these is more likely a mistake, or a trick, than an address.

mod origin;

use std::net::IpAddr;

use http::uri::{PathAndQuery, Uri};
use http::{HeaderValue, uri};
use postrider_model::automation::URL_BYTES_MAX;
use url::Url;

use crate::address;
pub use origin::Origin;

/// Why a URL cannot be a destination. The customer who typed it reads the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Not an absolute URL with a host.
    #[error("This is not a valid URL. It should look like https://example.com/webhooks")]
    Invalid,
    /// Longer than [`URL_BYTES_MAX`].
    #[error("The URL is longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    /// Neither `http` nor `https`.
    #[error("The URL must begin with https:// or http://")]
    Scheme,
    /// `http`, and the guard permits `https` only.
    #[error("The URL must begin with https://")]
    NotHttps,
    /// `https://name:password@…`: every record of an attempt would show the password in plain text.
    #[error("The URL must not contain a user name or password")]
    UserInfo,
    /// `…#fragment`: a fragment is never sent.
    #[error("The URL must not contain a fragment (the part after #)")]
    Fragment,
    /// Port 0, or one that the guard forbids.
    #[error("Port {0} cannot be used for webhooks")]
    Port(u16),
    /// The host is an address that is not public, and the guard does not allow it.
    #[error("The address is private, and this installation does not allow it")]
    Forbidden,
    /// The host is an address that the guard denies, public or not.
    #[error("This installation sends no webhooks to this address")]
    Denied,
    /// The host is a name of an internal network ([`crate::name`]), and the guard does not allow it.
    #[error("The host name belongs to an internal network, and this installation does not allow it")]
    InternalName,
}

impl DestinationError {
    /// The error's name in the API. It never changes.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "url_invalid",
            Self::TooLong => "url_too_long",
            Self::Scheme | Self::NotHttps => "url_scheme",
            Self::UserInfo => "url_user_info",
            Self::Fragment => "url_fragment",
            Self::Port(_) => "url_port",
            Self::Forbidden | Self::Denied | Self::InternalName => "destination_forbidden",
        }
    }
}

/// The host of a [`Destination`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// Lowercase ASCII (Punycode where needed), without a trailing dot.
    Name(String),
    /// A literal address.
    Address(IpAddr),
}

impl Host {
    /// Whether the name means this machine, whatever a resolver says (RFC 6761 section 6.3).
    pub fn is_localhost(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(_) => false,
        }
    }

    /// The host that receives what is sent to this one: the embedded address of an IPv4-mapped or NAT64
    /// address, otherwise this host itself.
    #[must_use]
    pub fn effective(&self) -> Self {
        match self {
            Self::Name(name) => Self::Name(name.clone()),
            Self::Address(address) => Self::Address(address::effective(*address)),
        }
    }
}

/// A well-formed URL, parsed. The guard decides whether it may be called.
#[derive(Debug, Clone)]
pub struct Destination {
    url: Url,
    origin: Origin,
    pub(crate) absolute: Uri,
    pub(crate) path: Uri,
    pub(crate) host_header: HeaderValue,
}

impl Destination {
    /// Parses a URL. Pure; does not check the address.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        if text.len() > URL_BYTES_MAX {
            return Err(DestinationError::TooLong);
        }
        check_spelling(text)?;
        let url = Url::parse(text).map_err(|_| DestinationError::Invalid)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(DestinationError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(DestinationError::Fragment);
        }
        let port = url.port_or_known_default().ok_or(DestinationError::Invalid)?;
        if port == 0 {
            return Err(DestinationError::Port(port));
        }
        let host = match url.host().ok_or(DestinationError::Invalid)? {
            url::Host::Domain(name) => Host::Name(name_of(name)?.to_owned()),
            url::Host::Ipv4(address) => Host::Address(address.into()),
            url::Host::Ipv6(address) => Host::Address(address.into()),
        };
        let tls = url.scheme() == "https";
        let origin = Origin {
            tls,
            host,
            port,
            http2: tls,
            identity: None,
        };
        Self::assemble(url, origin).ok_or(DestinationError::Invalid)
    }

    fn assemble(url: Url, origin: Origin) -> Option<Self> {
        let host = url.host_str()?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let path_and_query = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let path_and_query: PathAndQuery = path_and_query.parse().ok()?;
        let mut parts = uri::Parts::default();
        parts.scheme = Some(if origin.tls {
            uri::Scheme::HTTPS
        } else {
            uri::Scheme::HTTP
        });
        parts.authority = Some(authority.parse().ok()?);
        parts.path_and_query = Some(path_and_query.clone());
        Some(Self {
            absolute: Uri::from_parts(parts).ok()?,
            path: Uri::from(path_and_query),
            host_header: HeaderValue::from_str(&authority).ok()?,
            url,
            origin,
        })
    }

    /// The URL, normalised.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.origin.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.origin.port
    }
}

/// Longest name in DNS, in bytes without the dot at its end, and longest label of it (RFC 1035, 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// The name without the dot at its end. The parser accepts names that DNS cannot have: with empty labels, or
/// longer ones, such as those to which a name in Unicode can grow.
pub(crate) fn name_of(host: &str) -> Result<&str, DestinationError> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let mut labels = name.split('.').map(str::len);
    if name.len() > NAME_BYTES_MAX || !labels.all(|bytes| (1..=LABEL_BYTES_MAX).contains(&bytes)) {
        return Err(DestinationError::Invalid);
    }
    Ok(name)
}

/// Refuses what the parser would silently repair.
fn check_spelling(text: &str) -> Result<(), DestinationError> {
    if text
        .bytes()
        .any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\')
    {
        return Err(DestinationError::Invalid);
    }
    let (scheme, rest) = text.split_once(':').ok_or(DestinationError::Invalid)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        // `example.com:8080/x` parses as a URL with the scheme `example.com`; its author forgot the real
        // scheme.
        return Err(if is_scheme {
            DestinationError::Scheme
        } else {
            DestinationError::Invalid
        });
    }
    match rest.strip_prefix("//") {
        Some(rest) if !rest.starts_with('/') => Ok(()),
        _ => Err(DestinationError::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> &'static str {
        Destination::parse(text)
            .map(|it| it.as_str().to_owned())
            .unwrap_err()
            .code()
    }

    #[test]
    fn a_url_is_split_into_its_parts() {
        let destination = Destination::parse(
            "HTTPS://Bücher.Example.:8443/a b%20c?q={1}|2"
                .replace(' ', "")
                .as_str(),
        );
        let destination = destination.unwrap();
        assert_eq!(destination.host(), &Host::Name("xn--bcher-kva.example".into()));
        assert_eq!(destination.port(), 8443);
        assert_eq!(destination.path, "/ab%20c?q={1}|2");
        assert_eq!(destination.host_header, "xn--bcher-kva.example.:8443");
        assert_eq!(Destination::parse("http://example.com").unwrap().path, "/");
        assert_eq!(
            Destination::parse("http://example.com?x=1").unwrap().path,
            "/?x=1"
        );
        assert_eq!(
            Destination::parse("http://[2606:4700::1]:81/")
                .unwrap()
                .host_header,
            "[2606:4700::1]:81"
        );
    }

    #[test]
    fn every_spelling_of_an_address_is_that_address() {
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.1/",
            "http://127.0.0.1./",
            "http://%31%32%37.0.0.1/",
            "http://127。0。0。1/",
            "http://①②⑦.0.0.1/",
        ] {
            let destination = Destination::parse(text).unwrap();
            assert_eq!(
                destination.host(),
                &Host::Address("127.0.0.1".parse().unwrap()),
                "{text}"
            );
        }
    }

    #[test]
    fn invalid_destinations_are_refused_with_the_reason() {
        for text in [
            "",
            "example.com",
            "http:example.com/",
            "http:/example.com/",
            "http:///example.com/",
            "http://",
            "http://?x",
            "https://exa mple.com/",
            " https://example.com/",
            "https://example.com/\n",
            "https://exam\tple.com/",
            "https:\\\\example.com\\",
            "https://example.com\\@10.0.0.1/",
            "https://[::1/",
            "https://[fe80::1%25eth0]/",
            "https://256.0.0.1/",
            "https://1.2.3.4.5/",
            "https://localhost../",
            "https://example..com/",
            "https://.example.com/",
            "https://./",
            "https://example.com:99999/",
            "/relative",
            "://x",
        ] {
            assert_eq!(refused(text), "url_invalid", "{text:?}");
        }
        for text in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "ws://x/",
            "x.example:80/",
        ] {
            assert_eq!(refused(text), "url_scheme", "{text:?}");
        }
        assert_eq!(refused("https://user@example.com/"), "url_user_info");
        assert_eq!(refused("https://:secret@example.com/"), "url_user_info");
        assert_eq!(refused("https://example.com@10.0.0.1/"), "url_user_info");
        assert_eq!(refused("https://example.com/#top"), "url_fragment");
        assert_eq!(refused("https://example.com:0/"), "url_port");
        assert_eq!(
            refused(&format!("https://example.com/{}", "x".repeat(URL_BYTES_MAX))),
            "url_too_long"
        );
    }

    #[test]
    fn a_name_that_dns_cannot_have_is_refused() {
        let labels = |count: usize, end: &str| format!("https://{}{end}", "x.".repeat(count));
        for fits in [labels(126, "x"), labels(126, "x./"), labels(1, &"x".repeat(63))] {
            assert!(Destination::parse(&fits).is_ok(), "{fits}");
        }
        let grows = format!("https://{}a/", "ß¿.".repeat(60));
        for text in [labels(126, "xx"), labels(1, &"x".repeat(64)), grows] {
            assert_eq!(refused(&text), "url_invalid");
        }
    }

    #[test]
    fn the_longest_url_is_accepted() {
        let head = "https://example.com/";
        let text = format!("{head}{}", "x".repeat(URL_BYTES_MAX - head.len()));
        assert!(Destination::parse(&text).is_ok());
        assert_eq!(refused(&format!("{text}x")), "url_too_long");
    }
}
