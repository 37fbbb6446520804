//! What an attempt sent and received: a variant for each kind of action.

use bytes::Bytes;

/// What went to a receiver and what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// Of `send_webhook`: an HTTP request, and its response if one came.
    Http(HttpExchange),
}

/// An HTTP request and its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpExchange {
    /// What was sent.
    pub request: HttpRequest,
    /// What came back; `None` where no status arrived.
    pub response: Option<HttpResponse>,
}

/// A request as it was sent. Its body is rendered from the event whenever it is shown, so no record repeats
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Where it went.
    pub url: String,
    /// The headers as sent, in order.
    pub headers: Headers,
}

/// A response, as much of it as is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// Its status code.
    pub status: u16,
    /// Its headers, in order, cut at [`RESPONSE_HEADER_BYTES_KEPT`].
    pub headers: Headers,
    /// The first bytes of its body, as many as the installation keeps.
    pub body: Bytes,
    /// Whether the body had more.
    pub truncated: bool,
}

/// Most bytes of a response's headers that are kept.
pub const RESPONSE_HEADER_BYTES_KEPT: usize = 4 * 1024;

/// Header names and values, in order. Values that are not UTF-8 have their odd bytes replaced.
pub type Headers = Vec<(String, String)>;

impl Exchange {
    /// The status code that the receiver responded with, if it did. Deliveries keep and filter by it.
    pub fn status_code(&self) -> Option<u16> {
        match self {
            Self::Http(http) => http.response.as_ref().map(|response| response.status),
        }
    }

    /// Bytes of the record that the receiver decides about, bounded by the installation: what a store counts
    /// with.
    pub fn response_bytes(&self) -> usize {
        match self {
            Self::Http(http) => http.response.as_ref().map_or(0, |response| response.body.len()),
        }
    }
}
