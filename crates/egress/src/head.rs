//! The head of a response: what is kept of it, whichever version of HTTP it came over.

use std::time::Duration;

use postrider_model::attempt::{Headers, RESPONSE_HEADER_BYTES_KEPT};

/// Maximum bytes of the heads of one response, the interim ones included: ten times what the largest honest
/// ones take.
pub(crate) const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Maximum interim responses (1xx) to one request. Honest receivers send one or two. Without a limit, a
/// receiver that sends them for ever would keep a processor busy until the timeout.
pub(crate) const INTERIM_MAX: usize = 100;

/// A final head.
#[derive(Debug)]
pub(crate) struct Head {
    /// 101, or 200 to 999.
    pub(crate) status: u16,
    /// The headers for the record, up to [`RESPONSE_HEADER_BYTES_KEPT`], names in lowercase. The header that
    /// crosses the limit is cut, and later ones are omitted.
    pub(crate) headers: Headers,
    /// The value of `Retry-After`.
    pub(crate) retry_after: Option<String>,
    /// How long the receiver keeps an idle connection open, if it says so (`Keep-Alive: timeout=5, max=100`).
    pub(crate) keep_alive: Option<Duration>,
}

impl Head {
    pub(crate) fn new<'a>(status: u16, fields: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut room = RESPONSE_HEADER_BYTES_KEPT;
        let mut head = Self {
            status,
            headers: Headers::with_capacity(fields.len().min(32)),
            retry_after: None,
            keep_alive: None,
        };
        for (name, value) in fields {
            let mut name = text(name);
            name.make_ascii_lowercase();
            let mut value = text(value);
            match &*name {
                "retry-after" if head.retry_after.is_none() => head.retry_after = Some(value.clone()),
                "keep-alive" if head.keep_alive.is_none() => head.keep_alive = keep_alive(&value),
                _ => {}
            }
            if room <= name.len() {
                room = 0;
                continue;
            }
            room -= name.len();
            value.truncate(value.floor_char_boundary(room));
            room -= value.len();
            head.headers.push((name, value));
        }
        head
    }
}

/// The text for the record. Invalid UTF-8 and control characters are replaced: no store keeps all of them,
/// and no reader wants them.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if text.bytes().any(|it| it.is_ascii_control() && it != b'\t') {
        text.replace(|it: char| it.is_ascii_control() && it != '\t', "\u{fffd}")
    } else {
        text
    }
}

fn keep_alive(value: &str) -> Option<Duration> {
    let parameters = value.split(',').filter_map(|it| it.split_once('='));
    let mut timeouts = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"));
    timeouts.next()?.1.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&str, &[u8])]) -> Head {
        Head::new(200, fields.iter().map(|(name, value)| (name.as_bytes(), *value)))
    }

    #[test]
    fn headers_are_truncated_at_their_limit_and_invalid_bytes_replaced() {
        let long = "x".repeat(RESPONSE_HEADER_BYTES_KEPT);
        let kept = head(&[("A", b"caf\xe9\x01"), ("b", long.as_bytes()), ("c", b"left out")]).headers;
        assert_eq!(kept[0], ("a".to_owned(), "caf\u{fffd}\u{fffd}".to_owned()));
        assert_eq!(kept.len(), 2);
        let bytes: usize = kept.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert_eq!(bytes, RESPONSE_HEADER_BYTES_KEPT);
    }

    #[test]
    fn advice_is_read_even_beyond_the_limit() {
        let long = "x".repeat(RESPONSE_HEADER_BYTES_KEPT);
        let read = head(&[
            ("b", long.as_bytes()),
            ("Retry-After", b"7"),
            ("Keep-Alive", b"timeout=5"),
        ]);
        assert_eq!(read.retry_after.as_deref(), Some("7"));
        assert_eq!(read.keep_alive, Some(Duration::from_secs(5)));
    }

    #[test]
    fn an_announced_keep_alive_is_read() {
        assert_eq!(keep_alive("timeout=5"), Some(Duration::from_secs(5)));
        assert_eq!(keep_alive("max=100, Timeout = 2"), Some(Duration::from_secs(2)));
        assert_eq!(keep_alive("max=100"), None);
        assert_eq!(keep_alive("timeout=x"), None);
    }
}
