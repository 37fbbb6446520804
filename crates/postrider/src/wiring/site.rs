//! The services of the one port: the API with its probes, and the console; and of the port of the metrics, if
//! there is one.
//!
//! What API and console share at the door: who the client is, which requests are refused unread, and that
//! browsers come back over https.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Version, header};
use http_body::Body as _;
use postrider_api::Api;
use postrider_api::problem::{Code, Problem, ProblemPages};
use postrider_console::Console;
use postrider_web::client::{TrustedProxies, claims_https};
use postrider_web::method::method_name;
use postrider_web::path_prefix::PathPrefix;
use postrider_web::request_line::{RequestLine, trace_of};
use postrider_web::unambiguous::{self, Ambiguous};

use super::cors::{self, Cors};
use super::listener::{Arriving, Handler};

/// For a year, browsers use https only (RFC 6797). Without `includeSubDomains`: other hosts are not ours.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The path of the metrics.
const METRICS: &str = "/metrics";

/// The API and the console.
pub struct Site {
    api: Api,
    console: Console,
    proxies: TrustedProxies,
    /// The path of the public URL.
    prefix: PathPrefix,
    /// The public URL, if it is set.
    public_url: Option<String>,
    /// Whether another port serves the metrics.
    has_moved_metrics: bool,
    cors: Cors,
    /// Whether `public_url` begins with `https://`.
    public_url_is_https: bool,
    /// Whether a warning about missing settings is still due.
    warns: AtomicBool,
}

/// What the settings say about the way between clients and the site.
#[derive(Debug, Default)]
pub struct Approach {
    /// The operator's proxies.
    pub proxies: TrustedProxies,
    /// The public URL, if it is set.
    pub public_url: Option<String>,
    /// Whether another port serves the metrics.
    pub has_moved_metrics: bool,
    /// The origins whose pages may call the API.
    pub cors: Cors,
}

impl Site {
    /// A site with both.
    pub fn new(api: Api, console: Console, approach: Approach) -> Self {
        let public_url = approach.public_url.as_deref();
        Self {
            api,
            console,
            prefix: PathPrefix::of(public_url),
            has_moved_metrics: approach.has_moved_metrics,
            cors: approach.cors,
            public_url_is_https: public_url.is_some_and(|url| url.starts_with("https://")),
            warns: AtomicBool::new(public_url.is_none() && approach.proxies.is_empty()),
            proxies: approach.proxies,
            public_url: approach.public_url,
        }
    }

    /// The response of the API, which a page of another origin may read if the operator allows it.
    async fn call_api(&self, request: Request<Arriving>) -> Response {
        if self.cors.is_off() {
            let mut response = self.api.handle(request).await;
            self.prefix.add_to_location(response.headers_mut());
            return response;
        }
        let allowed = self.cors.allowed(request.headers());
        let mut response = if allowed.is_some() && cors::is_preflight(&request) {
            let response = cors::preflight();
            log_unseen(&request, &response);
            response
        } else {
            self.api.handle(request).await
        };
        self.prefix.add_to_location(response.headers_mut());
        self.cors.tell(allowed, response.headers_mut());
        response
    }

    /// Says once in the log that the settings lack what a TLS proxy in front needs. Without it, cookies are
    /// sent without `Secure`, and links begin with `http://`.
    fn warn_about_https(&self, headers: &HeaderMap) {
        if self.warns.load(Ordering::Relaxed)
            && claims_https(headers)
            && self.warns.swap(false, Ordering::Relaxed)
        {
            tracing::warn!(
                "a proxy says that clients use https (X-Forwarded-Proto): set public_url, and trusted_proxies \
                 to its address, so that cookies are sent over https only"
            );
        }
    }
}

impl Handler for Site {
    async fn handle(&self, mut request: Request<Arriving>, peer: IpAddr) -> Response {
        self.prefix.remove(request.uri_mut());
        let is_of_api = is_of_api(request.uri().path()) || is_of_software(request.headers());
        if let Err(ambiguous) = unambiguous::check(request.version(), request.uri(), request.headers()) {
            let mut response = refuse(is_of_api, request.version(), ambiguous);
            ProblemPages::below(self.public_url.as_deref()).place(&mut response);
            log_unseen(&request, &response);
            return response;
        }
        if self.has_moved_metrics && request.uri().path() == METRICS {
            let response = StatusCode::NOT_FOUND.into_response();
            log_unseen(&request, &response);
            return response;
        }
        let client = self.proxies.client(peer, request.headers());
        self.warn_about_https(request.headers());
        let mut response = if is_of_api {
            request.extensions_mut().insert(client);
            self.call_api(request).await
        } else {
            // Nearly all requests are for the API. Boxed, so that the console's future does not enlarge
            // theirs.
            Box::pin(self.console.handle(request, client)).await
        };
        // A public URL with a path shares its host with other servers, for which this one cannot decide.
        if (client.is_https || self.public_url_is_https) && self.prefix.as_str().is_empty() {
            let headers = response.headers_mut();
            headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
        }
        response
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        self.api.knows(headers)
    }

    fn is_probe(&self, path: &str) -> bool {
        is_probe(self.prefix.own_path(path))
    }

    fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.proxies.client(peer, headers).address
    }

    fn is_unlimited(&self, peer: IpAddr) -> bool {
        peer.to_canonical().is_loopback() || self.proxies.contains(peer)
    }

    fn stop(&self) {
        self.api.stop();
        self.console.stop();
    }
}

/// What the port of the metrics serves.
pub struct Monitoring(pub Arc<Site>);

impl Handler for Monitoring {
    async fn handle(&self, request: Request<Arriving>, _: IpAddr) -> Response {
        let path = request.uri().path();
        if path == METRICS || is_probe(path) {
            self.0.api.handle(request).await
        } else {
            StatusCode::NOT_FOUND.into_response()
        }
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        self.0.knows(headers)
    }

    fn is_probe(&self, path: &str) -> bool {
        is_probe(path)
    }

    fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.0.address(peer, headers)
    }

    fn is_unlimited(&self, peer: IpAddr) -> bool {
        self.0.is_unlimited(peer)
    }

    fn stop(&self) {}
}

/// The first segment of the path of `public_url`, if the server has addresses of its own that begin with it:
/// a request that a proxy has removed the prefix from could then be mistaken for one that still has it.
pub fn taken_segment(public_url: &str) -> Option<String> {
    let prefix = PathPrefix::of(Some(public_url));
    let segment = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
    let first = segment(prefix.as_str());
    let path = format!("/{first}");
    let is_taken = is_of_api(&path)
        || Console::routes()
            .iter()
            .any(|route| segment(&route.path) == first);
    (is_taken && !first.is_empty()).then_some(first)
}

/// Logs a request that is refused before the API or the console sees it. It has no route and no id.
fn log_unseen(request: &Request<Arriving>, response: &Response) {
    RequestLine {
        method: method_name(request.method()),
        route: "unmatched",
        path: None,
        status: response.status(),
        took: Duration::ZERO,
        response_bytes: response.body().size_hint().exact(),
        request_id: &HeaderValue::from_static("-"),
        trace: trace_of(request.headers()),
        caller: None,
    }
    .write();
}

/// The response to an ambiguous request. The connection ends, because the rest of it may be ambiguous too.
fn refuse(is_of_api: bool, version: Version, ambiguous: Ambiguous) -> Response {
    let mut response = if is_of_api {
        Problem::new(Code::AmbiguousRequest, ambiguous.to_string()).into_response()
    } else {
        (StatusCode::BAD_REQUEST, format!("{ambiguous}\n")).into_response()
    };
    if version < Version::HTTP_2 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// Whether the path is under `/v1`, a probe or the metrics; all other paths are for people.
fn is_of_api(path: &str) -> bool {
    match path.strip_prefix("/v1") {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => is_probe(path) || path == METRICS,
    }
}

/// Whether a load balancer or an orchestrator asks at this path how the node is.
fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
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
