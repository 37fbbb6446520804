//! Where the console is, as a browser reaches it.

use http::uri::Authority;
use http::{HeaderMap, Uri, header};

use crate::problem::{Code, Problem};
use crate::router::ApiState;

/// Where the console is: as the operator said, or else where this request was sent, without a slash at its end.
pub(super) fn public_url(state: &ApiState, uri: &Uri, headers: &HeaderMap) -> Result<String, Problem> {
    match &state.public_url {
        Some(url) => Ok(url.to_string()),
        None => authority(uri, headers)
            .map(|authority| format!("http://{authority}"))
            .ok_or_else(unusable_host),
    }
}

/// Where the request was sent (RFC 9112, section 3.2; HTTP/2 has it in the URI). It goes into a link that people follow: a
/// user's name in it could hide where that leads.
fn authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let authority = match uri.authority() {
        Some(authority) => authority.clone(),
        None => {
            let mut values = headers.get_all(header::HOST).iter();
            let (Some(value), None) = (values.next(), values.next()) else {
                return None;
            };
            value.to_str().ok()?.parse().ok()?
        }
    };
    (!authority.host().is_empty() && !authority.as_str().contains('@')).then_some(authority)
}

fn unusable_host() -> Problem {
    Problem::new(
        Code::InvalidHost,
        "the link leads to where the request was sent, and its one Host header has to say so; or set `public_url`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority_of(uri: &str, hosts: &[&str]) -> Option<String> {
        let hosts = hosts.iter().map(|host| (header::HOST, host.parse().unwrap()));
        authority(&uri.parse().unwrap(), &hosts.collect()).map(|authority| authority.to_string())
    }

    #[test]
    fn a_host_that_is_a_place_is_taken_and_nothing_else() {
        for host in ["example.com", "example.com:8080", "127.0.0.1:1", "[::1]:8080"] {
            assert_eq!(authority_of("/", &[host]).as_deref(), Some(host));
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
            assert_eq!(authority_of("/", &[host]), None, "{host}");
        }
        assert_eq!(authority_of("/", &[]), None);
        assert_eq!(authority_of("/", &["a.example", "b.example"]), None);
        let http2 = authority_of("http://a.example/v1", &[]);
        assert_eq!(http2.as_deref(), Some("a.example"));
    }
}
