//! Headers of every response. They keep a browser from doing anything with a page but showing it.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The policy, without the sources of `frame-ancestors`. It allows our own styles, modules, images and
/// requests only, and nothing inline but `data:` images.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors ";

/// The headers.
pub struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

impl SecurityHeaders {
    /// With these sources of `frame-ancestors`. The settings refuse sources that a header cannot hold; with
    /// such sources, this policy allows nothing at all.
    pub fn new(frame_sources: &str) -> Self {
        let mut headers = vec![
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
            // Not `no-referrer`: browsers then send forms with the origin `null`.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (
                HeaderName::from_static("permissions-policy"),
                HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
            ),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                HeaderValue::from_static("same-origin"),
            ),
        ];
        let policy = HeaderValue::try_from(format!("{CONTENT_SECURITY_POLICY}{frame_sources}")).unwrap_or(
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        );
        headers.push((header::CONTENT_SECURITY_POLICY, policy));
        Self(headers)
    }

    /// Adds the headers to a response. Caches must not store a page unless it sets its own `Cache-Control`.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        let no_store = HeaderValue::from_static("no-store");
        headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(sources: &str) -> String {
        let mut headers = HeaderMap::new();
        SecurityHeaders::new(sources).apply(&mut headers);
        headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn only_configured_origins_may_frame_a_page() {
        assert!(policy("'none'").ends_with("frame-ancestors 'none'"));
        assert!(policy("'self' https://app.example").ends_with("frame-ancestors 'self' https://app.example"));
        assert!(policy("'self'\r\nx: y").contains("default-src 'none'; frame-ancestors 'none'"));
        assert!(!policy("'none'").contains("unsafe"));
    }
}
