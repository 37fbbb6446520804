//! A [`Request`], and the HTTP message that it becomes.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request as HttpRequest, Version};
use http_body_util::Full;
use postrider_model::Outcome;
use postrider_model::attempt::Headers;

use crate::connection::Body;
use crate::destination::Destination;
use crate::failure::Failure;

/// One POST.
#[derive(Debug, Clone)]
pub struct Request {
    /// An absolute `http` or `https` URL. The client checks it, even if the caller has already done so.
    pub url: String,
    /// All headers except `Host` and `Content-Length`, in order. Names are spelt as they are to be shown.
    pub headers: Headers,
    /// The exact bytes.
    pub body: Bytes,
    /// Limit on everything together: name lookup, connection, TLS, the response and its body.
    pub timeout: Duration,
}

/// Whether a header belongs to the connection or to the framing of the message, so that only the client may
/// set it (RFC 9110 sections 7.2, 7.6.1 and 8.6, RFC 9112 section 6). `name` in lowercase.
///
/// [`crate::HttpClient::send`] refuses a request that carries one. Refuse it when a user configures it, too.
pub fn is_reserved_header(name: &str) -> bool {
    matches!(
        name,
        "host"
            | "content-length"
            | "transfer-encoding"
            | "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "upgrade"
            | "expect"
            | "http2-settings"
    )
}

/// Builds the message for the connection's version of HTTP. Each connection that is tried gets a new message;
/// almost always there is only one.
pub(crate) fn message(
    destination: &Destination,
    request: &Request,
    http2: bool,
) -> Result<HttpRequest<Body>, Failure> {
    let mut message = HttpRequest::new(Full::new(Bytes::clone(&request.body)));
    *message.method_mut() = Method::POST;
    if http2 {
        *message.version_mut() = Version::HTTP_2;
        *message.uri_mut() = destination.absolute.clone();
    } else {
        *message.uri_mut() = destination.path.clone();
    }
    let headers = message.headers_mut();
    headers.reserve(request.headers.len() + 2);
    if !http2 {
        headers.insert(header::HOST, destination.host_header.clone());
    }
    for (name, value) in &request.headers {
        let refused = || {
            Failure::new(
                Outcome::ProtocolError,
                format!("The header {name:?} cannot be sent"),
            )
        };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        if is_reserved_header(name.as_str()) {
            return Err(refused());
        }
        headers.append(name, HeaderValue::from_str(value).map_err(|_| refused())?);
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message_with(name: &str, value: &str) -> Result<HttpRequest<Body>, Failure> {
        let request = Request {
            url: "https://example.com/a?b".into(),
            headers: vec![(name.into(), value.into())],
            body: Bytes::new(),
            timeout: Duration::from_secs(1),
        };
        message(&Destination::parse(&request.url).unwrap(), &request, false)
    }

    #[test]
    fn a_request_has_a_path_and_a_host_header() {
        let sent = message_with("X-Any", "1").unwrap();
        assert_eq!(sent.uri(), "/a?b");
        assert_eq!(sent.headers()["host"], "example.com");
        assert_eq!(sent.headers()["x-any"], "1");
    }

    #[test]
    fn headers_that_would_change_the_framing_are_not_sent() {
        for (name, value) in [
            ("Host", "other.example"),
            ("Content-Length", "0"),
            ("Transfer-Encoding", "chunked"),
            ("connection", "close"),
            ("bad name", "x"),
            ("x", "line\r\nbreak: 1"),
            ("", "x"),
        ] {
            assert_eq!(
                message_with(name, value).unwrap_err().outcome,
                Outcome::ProtocolError,
                "{name}"
            );
        }
    }
}
