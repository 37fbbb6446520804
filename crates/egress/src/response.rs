//! Reads a response: enough for the record, and never more than that into memory.

use std::time::Duration;

use bytes::Bytes;
use postrider_model::attempt::Headers;
use postrider_model::{Outcome, Timestamp};

use crate::connection::Connection;
use crate::failure::Failure;
use crate::head::Head;
use crate::retry_after::retry_after;

/// The result of a request. Every way in which a request can end has an outcome, so there is no error type.
#[derive(Debug, Clone)]
pub struct Response {
    /// How the request ended.
    pub outcome: Outcome,
    /// The HTTP status, if one arrived.
    pub status_code: Option<u16>,
    /// The error in plain words that a customer can read; `None` if the response is complete. A response
    /// whose body is cut off or malformed has an outcome by its status, and an error nonetheless.
    pub error: Option<String>,
    /// The response's headers, cut at
    /// [`RESPONSE_HEADER_BYTES_KEPT`](postrider_model::attempt::RESPONSE_HEADER_BYTES_KEPT).
    pub headers: Headers,
    /// The first bytes of the body, at most [`crate::ClientSettings::response_bytes_kept`].
    pub body: Bytes,
    /// Whether the body was longer than that.
    pub truncated: bool,
    /// How long `Retry-After` asked to wait, if the status was 429 or 503.
    pub retry_after: Option<Duration>,
    /// How long the request waited for resources of ours, in all.
    pub waited: Duration,
}

impl Response {
    /// A response that somebody else received on the caller's behalf, kept and judged like one of this
    /// client's: its headers are cut at the same bound, and its body at `bytes_kept`. The flag beside `body`
    /// is true if the body was longer. Without a `status`, the result is that no response arrived.
    pub fn relayed(
        status: Option<u16>,
        headers: &[(String, String)],
        (mut body, is_beginning): (Bytes, bool),
        bytes_kept: usize,
        now: impl Fn() -> Timestamp,
    ) -> Self {
        let mut received = Received::default();
        if let Some(status) = status {
            let fields = headers.iter();
            let fields = fields.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
            received.begin(Head::new(status, fields), now);
        }
        let truncated = is_beginning || body.len() > bytes_kept;
        body.truncate(bytes_kept);
        Self {
            body,
            truncated,
            ..received.into_response(None, Duration::ZERO)
        }
    }

    /// No response, for this reason.
    pub fn failed(outcome: Outcome, error: &str) -> Self {
        Self {
            outcome,
            status_code: None,
            error: Some(error.to_owned()),
            headers: Headers::new(),
            body: Bytes::new(),
            truncated: false,
            retry_after: None,
            waited: Duration::ZERO,
        }
    }
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
    /// What is wrong with the body.
    flaw: Option<Failure>,
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

    /// Takes the head.
    pub(crate) fn begin(&mut self, head: Head, now: impl Fn() -> Timestamp) {
        self.status_code = Some(head.status);
        self.retry_after = head
            .retry_after
            .and_then(|value| retry_after(head.status, &value, now));
        self.headers = head.headers;
    }

    /// Reads the body and keeps up to `bytes_kept` of it. A longer one is read to its end if that is soon.
    pub(crate) async fn read_body(&mut self, connection: &mut Connection, bytes_kept: usize) {
        loop {
            match connection.read().await {
                Ok(Some(data)) => {
                    let kept = data.len().min(bytes_kept - self.body.len());
                    self.body.extend_from_slice(&data[..kept]);
                    self.truncated = kept < data.len();
                }
                Ok(None) => break,
                Err(error) => {
                    self.flaw = Some(Failure::exchange(&error, true));
                    break;
                }
            }
            if self.truncated || (self.body.len() == bytes_kept && !connection.is_complete()) {
                self.is_decided = true;
                let rest = drain(connection).await;
                self.truncated |= rest != Some(0);
                return;
            }
        }
        self.is_decided = true;
    }

    /// Builds the response from what has arrived.
    pub(crate) fn into_response(self, failure: Option<Failure>, waited: Duration) -> Response {
        let flaw = self.flaw.map(|it| it.error);
        let (outcome, error) = match (failure, self.status_code) {
            (Some(failure), _) => (failure.outcome, Some(failure.error)),
            (None, Some(200..=299)) => (Outcome::Succeeded, flaw),
            (None, _) => (Outcome::BadStatus, flaw),
        };
        Response {
            outcome,
            status_code: self.status_code,
            error,
            headers: self.headers,
            body: Bytes::from(self.body),
            truncated: self.truncated,
            retry_after: self.retry_after,
            waited,
        }
    }
}

/// Reads the rest of a body and drops it. Returns its length, or `None` if it is too long, too slow or
/// broken.
async fn drain(connection: &mut Connection) -> Option<u64> {
    let read = async {
        let mut bytes = 0;
        while let Some(data) = connection.read().await.ok()? {
            bytes += data.len() as u64;
            if bytes > DRAIN_BYTES {
                return None;
            }
        }
        Some(bytes)
    };
    tokio::time::timeout(DRAIN_TIME, read).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relayed_response_is_bounded_and_judged_like_any_other() {
        let headers = [
            ("Retry-After".to_owned(), "7".to_owned()),
            ("X-Long".to_owned(), "x".repeat(64 * 1024)),
        ];
        let body = (Bytes::from_static(b"too many"), false);
        let response = Response::relayed(Some(429), &headers, body, 3, || Timestamp::from_unix_ms(0));
        assert_eq!(response.outcome, Outcome::BadStatus);
        assert_eq!(response.retry_after, Some(Duration::from_secs(7)));
        assert_eq!((&*response.body, response.truncated), (&b"too"[..], true));
        assert!(response.headers[1].1.len() < 5_000);
        let whole = (Bytes::from_static(b"ok"), false);
        let response = Response::relayed(Some(204), &[], whole, 3, || Timestamp::from_unix_ms(0));
        assert_eq!(
            (response.outcome, response.truncated),
            (Outcome::Succeeded, false)
        );
    }
}
