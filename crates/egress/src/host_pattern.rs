//! Hosts that a request may go to, for callers whose requests carry what no other host may receive.
//!
//! A pattern is compared with the host of a [`Destination`](crate::Destination): of the URL that the client
//! dials, parsed by the same parser. Neither the scheme nor the port counts.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::destination::{Host, name_of};

/// One host, `api.example.com` or an IP address, or all names below one, `*.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This name alone: lowercase ASCII (Punycode where needed), without a dot at its end.
    Name(String),
    /// All names below this one, at any depth, but not the name itself. It has a dot, because anybody can get
    /// a name below a top-level domain.
    Below(String),
    /// This address, if the URL has it in place of a name.
    Address(IpAddr),
}

/// A text that is not such a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostPatternError {
    /// Not a host.
    #[error(
        "expected a host name such as `api.example.com`, `*.example.com` for all names below one, or an IP \
         address, without scheme, port or path"
    )]
    Malformed,
    /// `*.com`.
    #[error("`*.` needs a name with a dot after it: anybody can get a name below a top-level domain")]
    TopLevel,
}

impl HostPattern {
    /// Whether the pattern includes this host.
    pub fn matches(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Name(own), Host::Name(name)) => own == name,
            (Self::Below(parent), Host::Name(name)) => {
                let below = name.strip_suffix(&**parent).and_then(|it| it.strip_suffix('.'));
                below.is_some_and(|it| !it.is_empty())
            }
            (Self::Address(own), Host::Address(address)) => own == address,
            (Self::Name(_) | Self::Below(_), Host::Address(_)) | (Self::Address(_), Host::Name(_)) => false,
        }
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        let (is_below, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        // An IPv6 address as it is written outside of URLs.
        if let (false, Ok(address)) = (is_below, name.parse::<IpAddr>()) {
            return Ok(Self::Address(address));
        }
        let host = url::Host::parse(name).map_err(|_| HostPatternError::Malformed)?;
        let name = match host {
            url::Host::Domain(name) => name_of(&name)
                .map_err(|_| HostPatternError::Malformed)?
                .to_owned(),
            url::Host::Ipv4(address) if !is_below => return Ok(Self::Address(address.into())),
            url::Host::Ipv6(address) if !is_below => return Ok(Self::Address(address.into())),
            url::Host::Ipv4(_) | url::Host::Ipv6(_) => return Err(HostPatternError::Malformed),
        };
        if name.contains('*') {
            return Err(HostPatternError::Malformed);
        }
        match is_below {
            false => Ok(Self::Name(name)),
            true if name.contains('.') => Ok(Self::Below(name)),
            true => Err(HostPatternError::TopLevel),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Destination;

    fn matches(pattern: &str, url: &str) -> bool {
        let pattern: HostPattern = pattern.parse().unwrap();
        pattern.matches(Destination::parse(url).unwrap().host())
    }

    #[test]
    fn a_pattern_is_one_host_or_all_names_below_one_at_any_port() {
        for (pattern, url) in [
            ("api.example.com", "https://api.example.com/"),
            ("API.Example.com.", "http://api.EXAMPLE.com.:8443/a?b"),
            ("bücher.example", "https://xn--bcher-kva.example/"),
            ("*.example.com", "https://a.example.com/"),
            ("*.example.com", "https://b.a.example.com/"),
            ("127.0.0.1", "http://0x7f.1:8080/"),
            ("::1", "http://[0:0::1]/"),
            ("[::1]", "http://[::1]/"),
        ] {
            assert!(matches(pattern, url), "{pattern} {url}");
        }
    }

    #[test]
    fn no_other_host_matches_whatever_its_url_says_elsewhere() {
        for (pattern, url) in [
            ("example.com", "https://a.example.com/"),
            ("example.com", "https://example.com.evil.example/"),
            ("example.com", "https://evil.example/example.com?example.com"),
            ("example.com", "https://notexample.com/"),
            ("*.example.com", "https://example.com/"),
            ("*.example.com", "https://evilexample.com/"),
            ("*.example.com", "https://a.example.com.evil.example/"),
            ("127.0.0.1", "http://[::ffff:127.0.0.1]/"),
            ("127.0.0.1", "http://127.0.0.2/"),
            ("127.0.0.1", "http://localhost/"),
        ] {
            assert!(!matches(pattern, url), "{pattern} {url}");
        }
        // In these, the host is not what it looks like. No destination has such a URL.
        for url in [
            "https://example.com@evil.example/",
            "https://example.com\\.evil.example/",
        ] {
            assert!(Destination::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_and_a_pattern_prints_as_it_is_read() {
        use HostPatternError::{Malformed, TopLevel};
        for (text, expected) in [
            ("", Malformed),
            ("*", Malformed),
            ("*.", Malformed),
            ("*.*.example.com", Malformed),
            ("a.*.com", Malformed),
            ("a*.example.com", Malformed),
            ("a..example.com", Malformed),
            ("example.com:443", Malformed),
            ("https://example.com", Malformed),
            ("example.com/a", Malformed),
            ("a@example.com", Malformed),
            ("a b", Malformed),
            ("*.127.0.0.1", Malformed),
            ("*.com", TopLevel),
            ("*.com.", TopLevel),
        ] {
            assert_eq!(text.parse::<HostPattern>(), Err(expected), "{text}");
        }
        for (text, printed) in [
            ("Example.COM.", "example.com"),
            ("*.Bücher.example", "*.xn--bcher-kva.example"),
            ("0x7f.1", "127.0.0.1"),
            ("[0:0::1]", "::1"),
        ] {
            let pattern: HostPattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), printed);
            assert_eq!(printed.parse(), Ok(pattern));
        }
    }
}
