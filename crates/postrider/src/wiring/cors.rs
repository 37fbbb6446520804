//! Which pages may call the API from a browser: Cross-Origin Resource Sharing (the Fetch standard, section
//! 3.2).
//!
//! A browser asks before a request with an API key (a preflight, without the key), and hides a response from
//! the page unless it names the page's origin. Cookies are never allowed: the API does not use them.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};

use crate::config::cors_origins::CorsOrigin;

/// What a page may send besides what every page may.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-match, if-none-match, traceparent, x-request-id",
);

/// What a page may read besides what every page may.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("etag, location, ratelimit, ratelimit-policy, retry-after, x-request-id");

/// How long a browser remembers what it may send: two hours, the most that Chromium does.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Caches keep a response for the origin that asked.
const VARY: HeaderValue = HeaderValue::from_static("origin");

/// The origins that may call the API.
#[derive(Debug, Default)]
pub struct Cors(Vec<CorsOrigin>);

/// The origin of a request, if its pages may call the API.
pub struct Allowed(HeaderValue);

impl Cors {
    /// Pages of these origins may call the API.
    pub fn new(origins: Vec<CorsOrigin>) -> Self {
        Self(origins)
    }

    /// Whether no page may.
    pub fn is_off(&self) -> bool {
        self.0.is_empty()
    }

    /// The origin of the request, if it may.
    pub fn allowed(&self, headers: &HeaderMap) -> Option<Allowed> {
        let asked = headers.get(header::ORIGIN)?;
        let found = self.0.iter().find(|origin| origin.value() == asked)?;
        Some(Allowed(found.value().clone()))
    }

    /// Says in a response of the API what the page may do with it.
    pub fn tell(&self, allowed: Option<Allowed>, headers: &mut HeaderMap) {
        if self.is_off() {
            return;
        }
        headers.append(header::VARY, VARY);
        if let Some(Allowed(origin)) = allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// Whether a browser asks what it may send.
pub fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The response to such a request of an origin that may call the API.
pub fn preflight() -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
