//! Names and values that are common in headers. Add entries only at the end, because stored rows use their
//! numbers.

use std::sync::LazyLock;

use super::{CAPITALS, with_capitals};

/// Names, numbered from 1 up to 126.
const NAMES: &[&str] = &[
    "content-type",
    "content-length",
    "user-agent",
    "host",
    "accept",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "postrider-signature",
    "postrider-signature-next",
    "postrider-event-type",
    "postrider-delivery-id",
    "postrider-attempt",
    "date",
    "server",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "cache-control",
    "etag",
    "vary",
    "x-powered-by",
    "x-request-id",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "set-cookie",
    "location",
    "expires",
    "pragma",
    "age",
    "via",
    "alt-svc",
    "cf-ray",
    "cf-cache-status",
    "nel",
    "report-to",
    "server-timing",
    "access-control-allow-origin",
    "content-encoding",
    "last-modified",
    "accept-ranges",
    "x-xss-protection",
    "referrer-policy",
    "content-security-policy",
    "x-runtime",
    "retry-after",
    "allow",
    "x-amzn-requestid",
    "x-amzn-trace-id",
    "x-amz-apigw-id",
    "x-amz-cf-id",
    "x-amz-cf-pop",
    "x-cache",
    "apigw-requestid",
    "x-vercel-id",
    "x-vercel-cache",
    "fly-request-id",
    "x-render-origin-server",
    "rndr-id",
    "www-authenticate",
    "content-language",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-correlation-id",
    "x-trace-id",
    "traceparent",
    "authorization",
    "x-served-by",
    "x-cache-hits",
    "x-timer",
    "x-download-options",
    "x-permitted-cross-domain-policies",
    "x-dns-prefetch-control",
    "origin-agent-cluster",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "cross-origin-embedder-policy",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-expose-headers",
    "permissions-policy",
    "x-accel-buffering",
    "x-response-time",
    "x-envoy-upstream-service-time",
    "accept-encoding",
];

/// The endings of Postrider's own header names, after whatever prefix an installation sets. Numbered from 0.
pub(super) const ENDINGS: &[&str] = &[
    "-signature",
    "-signature-next",
    "-event-type",
    "-delivery-id",
    "-attempt",
];

/// Values, numbered from 0 up to 255.
const VALUES: &[&str] = &[
    "",
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=utf-8",
    "application/json; charset=UTF-8",
    "application/problem+json",
    "text/plain",
    "text/plain; charset=utf-8",
    "text/plain;charset=utf-8",
    "text/plain; charset=UTF-8",
    "text/html",
    "text/html; charset=utf-8",
    "text/html; charset=UTF-8",
    "text/html;charset=utf-8",
    "keep-alive",
    "close",
    "chunked",
    "*/*",
    "gzip",
    "br",
    "identity",
    "bytes",
    "nginx",
    "cloudflare",
    "Apache",
    "Express",
    "awselb/2.0",
    "Microsoft-IIS/10.0",
    "Kestrel",
    "uvicorn",
    "gunicorn",
    "Vercel",
    "Netlify",
    "Caddy",
    "1.1 Caddy",
    "1.1 google",
    "ASP.NET",
    "timeout=5",
    "timeout=60",
    "timeout=65",
    "timeout=72",
    "nosniff",
    "DENY",
    "SAMEORIGIN",
    "1; mode=block",
    "no-cache",
    "no-store",
    "private",
    "max-age=0",
    "no-cache, no-store, must-revalidate",
    "no-store, no-cache, must-revalidate",
    "no-cache, private",
    "private, no-cache, no-store, max-age=0, must-revalidate",
    "max-age=0, private, must-revalidate",
    "public, max-age=0, must-revalidate",
    "Accept-Encoding",
    "accept-encoding",
    "Accept",
    "Origin",
    "DYNAMIC",
    "MISS",
    "BYPASS",
    "Miss from cloudfront",
    "Error from cloudfront",
    "max-age=31536000",
    "max-age=31536000; includeSubDomains",
    "max-age=31536000; includeSubDomains; preload",
    "max-age=63072000",
    "max-age=63072000; includeSubDomains; preload",
    "max-age=15552000; includeSubDomains",
    "no-referrer",
    "strict-origin-when-cross-origin",
    "same-origin",
    "h3=\":443\"; ma=86400",
    "h3=\":443\"; ma=2592000,h3-29=\":443\"; ma=2592000",
    "off",
    "none",
    "true",
    "?1",
    "noopen",
];

static NAME_NUMBERS: LazyLock<Numbers> = LazyLock::new(|| {
    let mut numbers = Numbers::default();
    for (number, name) in (1..).zip(NAMES) {
        numbers.add(name, number);
        numbers.add(&with_capitals(name), number | CAPITALS);
    }
    numbers
});

static VALUE_NUMBERS: LazyLock<Numbers> = LazyLock::new(|| {
    let mut numbers = Numbers::default();
    for (number, value) in (0..).zip(VALUES) {
        numbers.add(value, number);
    }
    numbers
});

/// Numbers of texts, grouped by the length of the text: so few texts share a length that comparing them costs
/// less than hashing.
#[derive(Default)]
struct Numbers(Vec<Vec<(Box<str>, u8)>>);

impl Numbers {
    fn add(&mut self, text: &str, number: u8) {
        if self.0.len() <= text.len() {
            self.0.resize_with(text.len() + 1, Vec::new);
        }
        self.0[text.len()].push((text.into(), number));
    }

    fn get(&self, text: &str) -> Option<u8> {
        let of_length = self.0.get(text.len())?;
        of_length
            .iter()
            .find_map(|(known, number)| (**known == *text).then_some(*number))
    }
}

/// The number of a name in lower case or (with [`CAPITALS`] set) of a name whose words begin with capitals.
pub(super) fn name_number(name: &str) -> Option<u8> {
    NAME_NUMBERS.get(name)
}

/// The name with this number.
pub(super) fn name(number: u8) -> Option<&'static str> {
    NAMES.get(usize::from(number).checked_sub(1)?).copied()
}

/// The number of an ending in lower case.
pub(super) fn ending_number(ending: &str) -> Option<u8> {
    (0..)
        .zip(ENDINGS)
        .find_map(|(number, known)| (*known == ending).then_some(number))
}

/// The ending with this number.
pub(super) fn ending(number: u8) -> Option<&'static str> {
    ENDINGS.get(usize::from(number)).copied()
}

/// The number of a value.
pub(super) fn value_number(value: &str) -> Option<u8> {
    VALUE_NUMBERS.get(value)
}

/// The value with this number.
pub(super) fn value(number: u8) -> Option<&'static str> {
    VALUES.get(usize::from(number)).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_fit_and_no_entry_stands_twice() {
        assert!(NAMES.len() <= 126 && VALUES.len() <= 256 && ENDINGS.len() <= 126);
        let twice = |texts: &[&str]| texts.iter().collect::<HashSet<_>>().len() < texts.len();
        assert!(!twice(NAMES) && !twice(VALUES));
        assert!(NAMES.iter().all(|name| *name == name.to_ascii_lowercase()));
    }

    /// Stored rows use the numbers: add lines to this test, but never change one.
    #[test]
    fn numbers_in_use_stay() {
        assert_eq!(
            (name_number("content-type"), name_number("date")),
            (Some(1), Some(14))
        );
        assert_eq!(name_number("accept-encoding"), Some(88));
        assert_eq!((value_number(""), value_number("noopen")), (Some(0), Some(79)));
        assert_eq!(ending_number("-attempt"), Some(4));
    }
}
