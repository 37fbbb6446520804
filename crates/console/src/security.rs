//! Headers that every answer carries, so that a browser does nothing with a page but show it.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The policy but for who may frame a page. Styles, modules, images and calls of our own alone; nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors ";

/// The headers.
pub struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

impl SecurityHeaders {
    /// With the origins that may frame pages: `https://app.example.com`, or `self`; none are allowed where it is empty.
    ///
    /// An origin that cannot stand in a header is left out: the settings refuse such.
    pub fn new(frame_ancestors: &[String]) -> Self {
        let ancestors: Vec<&str> = frame_ancestors
            .iter()
            .map(|origin| if origin == "self" { "'self'" } else { origin })
            .collect();
        let ancestors = if ancestors.is_empty() {
            "'none'".to_owned()
        } else {
            ancestors.join(" ")
        };
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
        let policy = HeaderValue::try_from(format!("{CONTENT_SECURITY_POLICY}{ancestors}"));
        headers.extend(
            policy
                .ok()
                .map(|policy| (header::CONTENT_SECURITY_POLICY, policy)),
        );
        Self(headers)
    }

    /// Adds them to an answer. Pages are not kept by caches unless they say so themselves.
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

    fn policy(ancestors: &[&str]) -> String {
        let ancestors: Vec<String> = ancestors.iter().map(|it| (*it).to_owned()).collect();
        let mut headers = HeaderMap::new();
        SecurityHeaders::new(&ancestors).apply(&mut headers);
        headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn nobody_may_frame_a_page_but_those_who_are_named() {
        assert!(policy(&[]).ends_with("frame-ancestors 'none'"));
        assert!(
            policy(&["self", "https://app.example.com"])
                .ends_with("frame-ancestors 'self' https://app.example.com")
        );
        assert!(!policy(&[]).contains("unsafe"));
    }
}
