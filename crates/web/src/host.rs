//! The host that a request names, and the base of links that lead back to this server.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Uri, header};

use crate::client::Client;

/// The host and port that a request names, if they are usable.
///
/// HTTP/2 carries them in the URI (`:authority`, RFC 9113, section 8.3.1), HTTP/1.1 in one Host header (RFC
/// 9112, section 3.2). They become part of links that people follow, so user info is rejected:
/// `https://bank.example@evil.example` does not lead where it seems to.
#[derive(Debug, Clone)]
pub struct RequestHost {
    authority: Option<Authority>,
    /// Whether the client used https, as a trusted proxy says.
    is_https: bool,
}

impl RequestHost {
    /// The host that these parts of a request name. `is_https`: whether the client used https.
    pub fn of(uri: &Uri, headers: &HeaderMap, is_https: bool) -> Self {
        let authority = uri.authority().cloned().or_else(|| host_header(headers));
        let is_usable =
            |authority: &Authority| !authority.host().is_empty() && !authority.as_str().contains('@');
        Self {
            authority: authority.filter(is_usable),
            is_https,
        }
    }

    /// Whether the client used https, as a trusted proxy says.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether the host is this machine, which browsers trust as much as HTTPS.
    pub fn is_loopback(&self) -> bool {
        self.authority.as_ref().is_some_and(|authority| {
            let host = authority.host().trim_matches(['[', ']']);
            host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        })
    }

    /// The start of links to this server, without a slash at the end: `public_url` if the operator set one,
    /// otherwise the client's scheme and this host. `None` if the host is unusable.
    pub fn base_url(&self, public_url: Option<&str>) -> Option<String> {
        if let Some(url) = public_url {
            return Some(url.to_owned());
        }
        let scheme = if self.is_https { "https" } else { "http" };
        let authority = self.authority.as_ref()?;
        Some(format!("{scheme}://{authority}"))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestHost {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let is_https = parts
            .extensions
            .get()
            .is_some_and(|client: &Client| client.is_https);
        Ok(Self::of(&parts.uri, &parts.headers, is_https))
    }
}

fn host_header(headers: &HeaderMap) -> Option<Authority> {
    let mut values = headers.get_all(header::HOST).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    value.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(uri: &str, hosts: &[&str]) -> RequestHost {
        let hosts = hosts.iter().map(|host| (header::HOST, host.parse().unwrap()));
        RequestHost::of(&uri.parse().unwrap(), &hosts.collect(), false)
    }

    fn base_url(uri: &str, hosts: &[&str]) -> Option<String> {
        host(uri, hosts).base_url(None)
    }

    #[test]
    fn only_a_host_and_port_is_accepted() {
        for host in ["example.com", "example.com:8080", "127.0.0.1:1", "[::1]:8080"] {
            assert_eq!(base_url("/", &[host]), Some(format!("http://{host}")));
        }
        for host in [
            "",
            ":80",
            "a b",
            "example.com/path",
            "user@example.com",
            "a?b",
            "é",
        ] {
            assert_eq!(base_url("/", &[host]), None, "{host}");
        }
        assert_eq!(base_url("/", &[]), None);
        assert_eq!(base_url("/", &["a.example", "b.example"]), None);
    }

    #[test]
    fn the_http_2_authority_is_used_and_checked_like_a_host_header() {
        let found = base_url("http://a.example:8443/v1", &[]);
        assert_eq!(found.as_deref(), Some("http://a.example:8443"));
        assert_eq!(base_url("http://user@a.example/v1", &[]), None);
    }

    #[test]
    fn a_public_url_overrides_the_host_of_the_request() {
        let public_url = Some("https://webhooks.example");
        let found = host("/", &["a b"]).base_url(public_url);
        assert_eq!(found.as_deref(), public_url);
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for name in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
            assert!(host("/", &[name]).is_loopback(), "{name}");
        }
        for name in ["localhost.example", "10.0.0.1", "user@localhost"] {
            assert!(!host("/", &[name]).is_loopback(), "{name}");
        }
    }

    #[test]
    fn links_follow_the_scheme_that_a_trusted_proxy_reports() {
        let headers = HeaderMap::from_iter([(header::HOST, "a.example".parse().unwrap())]);
        let host = RequestHost::of(&Uri::from_static("/"), &headers, true);
        assert_eq!(host.base_url(None).as_deref(), Some("https://a.example"));
    }
}
