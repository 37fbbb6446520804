//! The services of the one port: the API with its probes, and the console.

use std::net::IpAddr;

use axum::response::Response;
use http::{HeaderMap, HeaderValue, Request, header};
use hyper::body::Incoming;
use postrider_api::Api;
use postrider_console::Console;

/// The API and the console.
pub struct Site {
    api: Api,
    console: Console,
}

impl Site {
    /// A site with both.
    pub fn new(api: Api, console: Console) -> Self {
        Self { api, console }
    }

    /// Handles a request from the client at `peer`.
    pub async fn handle(&self, request: Request<Incoming>, peer: IpAddr) -> Response {
        if is_of_api(request.uri().path()) || is_of_software(request.headers()) {
            self.api.handle(request).await
        } else {
            // Nearly all requests are for the API. Boxed, so that the console's future does not enlarge
            // theirs.
            Box::pin(self.console.handle(request, peer)).await
        }
    }

    /// Ends responses that would not end by themselves, because the node stops.
    pub fn stop(&self) {
        self.console.stop();
    }
}

/// Whether the path is under `/v1`, a probe or the metrics; all other paths are for people.
fn is_of_api(path: &str) -> bool {
    match path.strip_prefix("/v1") {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => matches!(path, "/healthz" | "/readyz" | "/metrics"),
    }
}

/// Whether the request has an API key. Such a client has no use for a page, even if its path has a typing
/// error. (A proxy's password uses another scheme.)
fn is_of_software(headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    value.is_some_and(|value| value.len() > 7 && value[..7].eq_ignore_ascii_case(b"bearer "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_key_selects_the_api_but_a_proxys_basic_password_does_not() {
        for (value, expected) in [
            ("Bearer prk_x", true),
            ("bearer x", true),
            ("Basic eDp5", false),
            ("Bearer", false),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            assert_eq!(is_of_software(&headers), expected, "{value}");
        }
        assert!(!is_of_software(&HeaderMap::new()));
    }

    #[test]
    fn the_api_and_the_console_have_separate_paths() {
        for path in ["/v1", "/v1/", "/v1/accounts", "/healthz", "/readyz", "/metrics"] {
            assert!(is_of_api(path), "{path}");
        }
        for path in ["/", "/v10", "/accounts", "/healthz/", "/sign-in"] {
            assert!(!is_of_api(path), "{path}");
        }
    }
}
