//! Refuses requests that two readers may understand differently, whatever they ask for.
//!
//! A proxy in front checks the host and finds the end of the body in its own way. If this server could read a
//! request differently, a client could smuggle requests past the proxy (RFC 9112, section 11.2).

use std::net::Ipv6Addr;

use http::{HeaderMap, Uri, Version, header};

/// Why a request is ambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguous {
    /// HTTP/1.1 and HTTP/2 require a host (RFC 9112, section 3.2; RFC 9113, section 8.3.1).
    #[error("the request names no host")]
    NoHost,
    /// Several Host headers, or one that differs from the authority of the request's target.
    #[error("the request names more than one host")]
    SeveralHosts,
    /// The host is not a name or address with an optional port. User info is refused too.
    #[error("the request's host is not a host name or an address")]
    OddHost,
    /// A `Transfer-Encoding` other than `chunked` alone.
    #[error("the Transfer-Encoding is not `chunked`")]
    OddFraming,
}

/// Refuses an ambiguous request.
pub fn check(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Ambiguous> {
    check_host(version, uri, headers)?;
    check_framing(headers)
}

/// An empty Host header is valid for a client that knows no name, such as a probe.
fn check_host(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Ambiguous> {
    let mut values = headers.get_all(header::HOST).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(Ambiguous::SeveralHosts);
    }
    let host = match (uri.authority(), first) {
        (Some(authority), Some(host))
            if !host
                .as_bytes()
                .eq_ignore_ascii_case(authority.as_str().as_bytes()) =>
        {
            return Err(Ambiguous::SeveralHosts);
        }
        (Some(authority), _) => authority.as_str().as_bytes(),
        (None, Some(host)) => host.as_bytes(),
        // HTTP/1.0 did not know the header, and some load balancers still probe with it.
        (None, None) if version == Version::HTTP_10 => return Ok(()),
        (None, None) => return Err(Ambiguous::NoHost),
    };
    if is_host(host) {
        Ok(())
    } else {
        Err(Ambiguous::OddHost)
    }
}

/// hyper refuses most encodings by itself, but reads `gzip, chunked` and two lines of it, and takes the
/// gzipped bytes for the body. It removes a Content-Length beside `chunked`, and closes the connection after
/// the response (RFC 9112, section 6.1).
fn check_framing(headers: &HeaderMap) -> Result<(), Ambiguous> {
    let mut lines = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        (Some(_), _) => Err(Ambiguous::OddFraming),
    }
}

/// Whether this is a name, an IPv4 address or an IPv6 address in brackets, perhaps with a port.
fn is_host(host: &[u8]) -> bool {
    if let Some(rest) = host.strip_prefix(b"[") {
        let Some(end) = rest.iter().position(|byte| *byte == b']') else {
            return false;
        };
        let address = std::str::from_utf8(&rest[..end]).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
        return address && is_port(&rest[end + 1..]);
    }
    let name_ends = host.iter().position(|byte| *byte == b':').unwrap_or(host.len());
    let is_of_a_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    host[..name_ends].iter().all(is_of_a_name) && is_port(&host[name_ends..])
}

/// Whether this is nothing, or a colon and a port.
fn is_port(rest: &[u8]) -> bool {
    match rest.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn checked(version: Version, uri: &str, name: &HeaderName, values: &[&str]) -> Result<(), Ambiguous> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        check(version, &uri.parse().unwrap(), &headers)
    }

    fn host(version: Version, uri: &str, hosts: &[&str]) -> Result<(), Ambiguous> {
        checked(version, uri, &header::HOST, hosts)
    }

    #[test]
    fn a_request_names_one_host() {
        for name in [
            "a.example",
            "a.example:8080",
            "127.0.0.1:1",
            "[::1]:8080",
            "a_b",
            "",
        ] {
            assert_eq!(host(Version::HTTP_11, "/", &[name]), Ok(()), "{name}");
        }
        for odd in [
            "u@a.example",
            "a b",
            "a.example/x",
            "a?b",
            "\u{e9}",
            "a,b",
            "a:b",
            "[::1",
            "[a]",
            "a%41",
        ] {
            assert_eq!(
                host(Version::HTTP_11, "/", &[odd]),
                Err(Ambiguous::OddHost),
                "{odd}"
            );
        }
        assert_eq!(host(Version::HTTP_11, "/", &[]), Err(Ambiguous::NoHost));
        assert_eq!(host(Version::HTTP_10, "/", &[]), Ok(()));
        assert_eq!(
            host(Version::HTTP_11, "/", &["a", "a"]),
            Err(Ambiguous::SeveralHosts)
        );
        assert_eq!(
            host(Version::HTTP_11, "http://a/", &["b"]),
            Err(Ambiguous::SeveralHosts)
        );
        assert_eq!(host(Version::HTTP_2, "http://a/", &[]), Ok(()));
        assert_eq!(host(Version::HTTP_2, "http://a/", &["A"]), Ok(()));
        assert_eq!(host(Version::HTTP_2, "http://u@a/", &[]), Err(Ambiguous::OddHost));
    }

    #[test]
    fn a_body_is_framed_by_its_length_or_by_chunked_alone() {
        let framing =
            |lines: &[&str]| checked(Version::HTTP_2, "http://a/", &header::TRANSFER_ENCODING, lines);
        assert_eq!(framing(&["chunked"]), Ok(()));
        assert_eq!(framing(&["Chunked"]), Ok(()));
        for odd in [
            &["gzip, chunked"][..],
            &["chunked, chunked"],
            &["identity", "chunked"],
            &["chunked", "chunked"],
            &[""],
        ] {
            assert_eq!(framing(odd), Err(Ambiguous::OddFraming), "{odd:?}");
        }
    }
}
