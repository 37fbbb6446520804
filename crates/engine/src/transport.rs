//! How the engine sends: a trait, so that it can be driven against simulated receivers on virtual time.
//!
//! The real one is [`crate::egress::HttpTransport`].

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use postrider_model::Outcome;
use postrider_model::attempt::Headers;

/// One HTTP POST to make.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where to. It was valid when it was saved; the transport checks it again.
    pub url: String,
    /// All headers but `Host` and `Content-Length`, in order, names as they are to be shown.
    pub headers: Headers,
    /// The exact bytes.
    pub body: Bytes,
    /// Bound on everything together: name lookup, connection, TLS, answer, its body.
    pub timeout: Duration,
}

/// What came of it. Nothing about an attempt is an error to the engine: every way it can end is an outcome.
#[derive(Debug, Clone)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// The status, if one came.
    pub status_code: Option<u16>,
    /// What went wrong, in plain words that a customer can read; `None` where an answer came in whole.
    pub error: Option<String>,
    /// The headers that came back, cut at [`postrider_model::attempt::RESPONSE_HEADER_BYTES_KEPT`].
    pub headers: Headers,
    /// The first bytes of the answer's body.
    pub body: Bytes,
    /// Whether there was more of it.
    pub truncated: bool,
    /// What `Retry-After` asked for, where the status was 429 or 503.
    pub retry_after: Option<Duration>,
}

/// Sends requests.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Makes one request and answers within its timeout, give or take the scheduling of tasks. Dropping the future
    /// aborts the request.
    async fn send(&self, request: &Request) -> Answer;
}
