//! A [`Request`], and the HTTP message that it becomes.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request as HttpRequest, Version};
use postrider_model::Outcome;
use postrider_model::attempt::Headers;

use crate::destination::Destination;
use crate::failure::Failure;
use crate::http2::Repeated;
use crate::identity::ClientIdentity;

/// One POST. `Debug` shows neither the query, the values of headers nor the body.
#[derive(Clone)]
pub struct Request {
    /// An absolute `http` or `https` URL. The client checks it, even if the caller has already done so.
    pub url: String,
    /// All headers except `Host` and `Content-Length`, in order. Names are spelt as they are to be shown.
    pub headers: Headers,
    /// The exact bytes.
    pub body: Bytes,
    /// Limit on everything together: name lookup, connection, TLS, the response and its body. Waits for
    /// resources of the client's own do not count ([`crate::Allowance`]).
    pub timeout: Duration,
    /// On whose behalf the request is sent. Tenants take turns at lookups.
    pub tenant: u128,
    /// The certificate to show to the receiver, whose URL must then be `https`.
    pub identity: Option<ClientIdentity>,
    /// Maximum bytes of the response's body to keep; `None` for
    /// [`crate::ClientSettings::response_bytes_kept`].
    pub response_bytes_kept: Option<usize>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Request")
            .field("url", &self.url.split('?').next().unwrap_or_default())
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Headers that belong to the connection or to the framing of the message (RFC 9110 sections 7.2, 7.6.1 and
/// 8.6, RFC 9112 section 6).
const RESERVED: [&str; 12] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "http2-settings",
];

/// Whether only the client may set a header, because it belongs to the connection or to the framing of the
/// message. Case does not matter.
///
/// [`crate::HttpClient::send`] refuses a request that carries one. Refuse it when a user configures it, too.
pub fn is_reserved_header(name: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
}

/// The head of the request in HTTP/1.1, names spelt as given: some receivers look them up by case, although
/// they must not.
pub(crate) fn http1_head(destination: &Destination, request: &Request) -> Result<Bytes, Failure> {
    let headers = request.headers.iter();
    let bytes: usize = headers.map(|(name, value)| name.len() + value.len() + 4).sum();
    let path = destination.path.path_and_query().map_or("/", |it| it.as_str());
    let host = destination.host_header.as_bytes();
    let mut head = Vec::with_capacity(bytes + path.len() + host.len() + 64);
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| head.extend_from_slice(part));
    put(&[b"POST ", path.as_bytes(), b" HTTP/1.1\r\nHost: ", host, b"\r\n"]);
    for (name, value) in &request.headers {
        check_header(name, value)?;
        put(&[name.as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    let length = request.body.len().to_string();
    put(&[b"Content-Length: ", length.as_bytes(), b"\r\n\r\n"]);
    Ok(head.into())
}

/// The head of the request in HTTP/2, where names are in lowercase. A value that does not repeat is marked as
/// sensitive, so that it enters no table of either end.
pub(crate) fn http2_head(
    destination: &Destination,
    request: &Request,
    repeated: &Repeated,
) -> Result<HttpRequest<()>, Failure> {
    let mut head = HttpRequest::new(());
    *head.method_mut() = Method::POST;
    *head.version_mut() = Version::HTTP_2;
    *head.uri_mut() = destination.absolute.clone();
    let headers = head.headers_mut();
    headers.reserve(request.headers.len() + 1);
    for (position, (name, value)) in request.headers.iter().enumerate() {
        check_header(name, value)?;
        let is_repeated = repeated.is_repeated(position, value.as_bytes());
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(name))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| refused(name.as_str()))?;
        value.set_sensitive(!is_repeated);
        headers.append(name, value);
    }
    headers.insert(header::CONTENT_LENGTH, request.body.len().into());
    Ok(head)
}

/// Refuses a header that would change the framing of the message or end its line.
fn check_header(name: &str, value: &str) -> Result<(), Failure> {
    // Looking at all bytes is faster than stopping at the first bad one, because there are none.
    let is_name = !name.is_empty() && name.bytes().fold(true, |is, byte| is & TOKEN[usize::from(byte)]);
    let is_value = value.bytes().fold(true, |is, byte| {
        is & (byte == b'\t' || (b' '..=b'~').contains(&byte))
    });
    if is_name && is_value && !is_reserved_header(name) {
        Ok(())
    } else {
        Err(refused(name))
    }
}

/// Whether a byte may be part of a header's name (RFC 9110 section 5.6.2).
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        byte += 1;
    }
    table
};

fn refused(name: &str) -> Failure {
    Failure::new(
        Outcome::ProtocolError,
        format!("The header {name:?} cannot be sent"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &str, value: &str) -> (Destination, Request) {
        let request = Request {
            url: "https://example.com/a?b".into(),
            headers: vec![(name.into(), value.into())],
            body: Bytes::from_static(b"{}"),
            timeout: Duration::from_secs(1),
            tenant: 1,
            identity: None,
            response_bytes_kept: None,
        };
        (Destination::parse(&request.url).unwrap(), request)
    }

    #[test]
    fn names_are_spelt_as_given_over_http1_and_in_lowercase_over_http2() {
        let (destination, request) = request("X-aNy", "1");
        let head = http1_head(&destination, &request).unwrap();
        assert_eq!(
            head,
            "POST /a?b HTTP/1.1\r\nHost: example.com\r\nX-aNy: 1\r\nContent-Length: 2\r\n\r\n"
        );
        let head = http2_head(&destination, &request, &Repeated::new()).unwrap();
        assert_eq!(head.uri(), "https://example.com/a?b");
        assert_eq!(head.headers()["x-any"], "1");
        assert_eq!(head.headers()["content-length"], "2");
    }

    #[test]
    fn over_http2_only_values_that_repeat_may_enter_a_table() {
        let (destination, mut request) = request("x-type", "a");
        let repeated = Repeated::new();
        request.headers.push(("x-id".into(), "1".into()));
        for (id, is_kept_out) in [("1", false), ("2", true), ("3", true)] {
            request.headers[1].1 = id.into();
            let head = http2_head(&destination, &request, &repeated).unwrap();
            assert!(!head.headers()["x-type"].is_sensitive(), "{id}");
            assert_eq!(head.headers()["x-id"].is_sensitive(), is_kept_out, "{id}");
        }
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
            let (destination, request) = request(name, value);
            for failure in [
                http1_head(&destination, &request).unwrap_err(),
                http2_head(&destination, &request, &Repeated::new()).unwrap_err(),
            ] {
                assert_eq!(failure.outcome, Outcome::ProtocolError, "{name}");
            }
        }
    }
}
