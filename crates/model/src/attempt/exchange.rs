//! What an attempt sent and received: a variant for each kind of action.

use bytes::Bytes;

use super::smtp::SmtpExchange;

/// What was sent to a receiver, and its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    /// For `send_webhook`: an HTTP request, and its response if one arrived.
    Http(HttpExchange),
    /// For `send_email`: a dialogue with the mail server.
    Smtp(SmtpExchange),
}

/// An HTTP request and its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpExchange {
    /// What was sent.
    pub request: HttpRequest,
    /// The response; `None` if no status arrived.
    pub response: Option<HttpResponse>,
}

/// A request as it was sent. Its body is rendered from the event whenever it is shown, so no record stores
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The URL that was called.
    pub url: String,
    /// The headers as sent, in order.
    pub headers: Headers,
}

/// The part of a response that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// Its status code.
    pub status: u16,
    /// Its headers, in order, cut at [`RESPONSE_HEADER_BYTES_KEPT`].
    pub headers: Headers,
    /// The first bytes of its body, up to the installation's limit.
    pub body: Bytes,
    /// Whether the body was longer.
    pub truncated: bool,
}

impl HttpResponse {
    /// Bytes of its headers and body.
    fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        headers.sum::<usize>() + self.body.len()
    }
}

/// Maximum bytes of a response's headers to store.
pub const RESPONSE_HEADER_BYTES_KEPT: usize = 4 * 1024;

/// Header names and values, in order. In values that are not UTF-8, the invalid bytes are replaced.
pub type Headers = Vec<(String, String)>;

impl Exchange {
    /// Where the attempt went: [`crate::Does::target`] at that moment.
    pub fn target(&self) -> &str {
        match self {
            Self::Http(http) => &http.request.url,
            Self::Smtp(smtp) => &smtp.to,
        }
    }

    /// The status code that the receiver responded with, or the last reply code of the mail server, if there
    /// was one. Deliveries store it, and lists filter by it.
    pub fn status_code(&self) -> Option<u16> {
        match self {
            Self::Http(http) => http.response.as_ref().map(|response| response.status),
            Self::Smtp(smtp) => smtp.last_code(),
        }
    }

    /// Bytes of the response that are kept, headers included. Stores estimate the size of a record from it.
    pub fn response_bytes(&self) -> usize {
        match self {
            Self::Http(http) => http.response.as_ref().map_or(0, HttpResponse::bytes),
            Self::Smtp(smtp) => smtp.bytes(),
        }
    }
}
