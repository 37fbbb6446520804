//! Reads a response: enough for the record, and never more than that into memory.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Incoming};
use postrider_model::Outcome;
use postrider_model::attempt::{Headers, RESPONSE_HEADER_BYTES_KEPT};

use crate::connection::Connection;
use crate::failure::Failure;

/// The result of a request. Every way in which a request can end has an outcome, so there is no error type.
#[derive(Debug, Clone)]
pub struct Response {
    /// How the request ended.
    pub outcome: Outcome,
    /// The HTTP status, if one arrived.
    pub status_code: Option<u16>,
    /// The error in plain words that a customer can read; `None` if the response is complete.
    pub error: Option<String>,
    /// The response's headers, cut at [`RESPONSE_HEADER_BYTES_KEPT`].
    pub headers: Headers,
    /// The first bytes of the body, at most [`crate::ClientSettings::response_bytes_kept`].
    pub body: Bytes,
    /// Whether the body was longer than that.
    pub truncated: bool,
    /// How long `Retry-After` asked to wait, if the status was 429 or 503.
    pub retry_after: Option<Duration>,
}

/// Maximum bytes of the rest of a body to read and drop; up to this size, that is cheaper than a new
/// connection.
const DRAIN_BYTES: u64 = 64 * 1024;

/// Maximum time to read the rest. The outcome is already decided, and only the connection is at stake.
const DRAIN_TIME: Duration = Duration::from_millis(250);

/// The part of the response that has arrived. It outlives the exchange, so that the record of a request that
/// fails half-way shows it.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) status_code: Option<u16>,
    pub(crate) headers: Headers,
    pub(crate) retry_after: Option<Duration>,
    body: Vec<u8>,
    truncated: bool,
    /// Whether the outcome is final, whatever happens later.
    is_decided: bool,
}

impl Received {
    /// Whether a status has arrived.
    pub(crate) const fn has_begun(&self) -> bool {
        self.status_code.is_some()
    }

    /// Whether the status alone now decides the outcome.
    pub(crate) const fn is_decided(&self) -> bool {
        self.is_decided
    }

    /// Reads the body and keeps up to `bytes_kept` of it. Returns whether it was read to its end, which frees
    /// the connection.
    pub(crate) async fn read_body(
        &mut self,
        connection: &mut Connection,
        mut body: Incoming,
        bytes_kept: usize,
    ) -> Result<bool, Failure> {
        while let Some(frame) = connection.frame(&mut body).await {
            let frame = frame.map_err(|error| Failure::exchange(&error, true))?;
            let Ok(data) = frame.into_data() else {
                continue; // Trailers are not part of the record.
            };
            let room = bytes_kept - self.body.len();
            self.body.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                self.truncated = true;
                self.is_decided = true;
                return Ok(drain(connection, &mut body).await.is_some());
            }
            if self.body.len() == bytes_kept && !body.is_end_stream() {
                self.is_decided = true;
                let rest = drain(connection, &mut body).await;
                self.truncated = rest != Some(0);
                return Ok(rest.is_some());
            }
        }
        self.is_decided = true;
        Ok(true)
    }

    /// Builds the response from what has arrived.
    pub(crate) fn into_response(self, failure: Option<Failure>) -> Response {
        let (outcome, error) = match (failure, self.status_code) {
            (Some(failure), _) => (failure.outcome, Some(failure.error)),
            (None, Some(200..=299)) => (Outcome::Succeeded, None),
            (None, _) => (Outcome::BadStatus, None),
        };
        Response {
            outcome,
            status_code: self.status_code,
            error,
            headers: self.headers,
            body: Bytes::from(self.body),
            truncated: self.truncated,
            retry_after: self.retry_after,
        }
    }
}

/// Reads the rest of a body and drops it. Returns its length, or `None` if it is too long, too slow or
/// broken.
async fn drain(connection: &mut Connection, body: &mut Incoming) -> Option<u64> {
    if body.size_hint().lower() > DRAIN_BYTES {
        return None;
    }
    let read = async {
        let mut bytes = 0;
        while let Some(frame) = connection.frame(body).await {
            bytes += frame.ok()?.data_ref().map_or(0, |data| data.len() as u64);
            if bytes > DRAIN_BYTES {
                return None;
            }
        }
        Some(bytes)
    };
    tokio::time::timeout(DRAIN_TIME, read).await.ok().flatten()
}

/// The headers for the record, up to [`RESPONSE_HEADER_BYTES_KEPT`]. The header that crosses the limit is
/// cut, and later ones are omitted.
pub(crate) fn keep_headers(headers: &HeaderMap) -> Headers {
    let mut room = RESPONSE_HEADER_BYTES_KEPT;
    let mut kept = Headers::with_capacity(headers.len());
    for (name, value) in headers {
        if room <= name.as_str().len() {
            break;
        }
        room -= name.as_str().len();
        let mut value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        value.truncate(value.floor_char_boundary(room));
        room -= value.len();
        kept.push((name.as_str().to_owned(), value));
    }
    kept
}

/// How long the receiver keeps an idle connection open, if it says so (`Keep-Alive: timeout=5, max=100`).
pub(crate) fn keep_alive(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("keep-alive")?.to_str().ok()?;
    let parameters = value.split(',').filter_map(|it| it.split_once('='));
    let mut timeouts = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"));
    timeouts.next()?.1.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_truncated_at_their_limit_and_invalid_bytes_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert("a", http::HeaderValue::from_bytes(b"caf\xe9").unwrap());
        headers.insert("b", "x".repeat(RESPONSE_HEADER_BYTES_KEPT).parse().unwrap());
        headers.insert("c", "left out".parse().unwrap());
        let kept = keep_headers(&headers);
        assert_eq!(kept[0], ("a".to_owned(), "caf\u{fffd}".to_owned()));
        assert_eq!(kept.len(), 2);
        let bytes: usize = kept.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert_eq!(bytes, RESPONSE_HEADER_BYTES_KEPT);
    }

    #[test]
    fn an_announced_keep_alive_is_read() {
        let announced = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("keep-alive", value.parse().unwrap());
            keep_alive(&headers)
        };
        assert_eq!(announced("timeout=5"), Some(Duration::from_secs(5)));
        assert_eq!(announced("max=100, Timeout = 2"), Some(Duration::from_secs(2)));
        assert_eq!(announced("max=100"), None);
        assert_eq!(announced("timeout=x"), None);
    }
}
