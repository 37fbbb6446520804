//! Request bodies: read within a bound, checked to be declared and encoded as JSON, decoded with pointers.
//!
//! [`JsonBody`] and [`OptionalJsonBody`] are for control bodies (everything but events). Endpoints that take events
//! read with [`read`] and decode on their own, since they borrow from the body.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::FromRequest;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::decode::decode_control;
use crate::problem::{Code, Problem, TextPosition};
use crate::router::ApiState;

/// Largest control body, in bytes.
pub const CONTROL_BYTES_MAX: usize = 256 * 1024;

/// How long a body may take to arrive. It bounds what a sender that trickles bytes can hold.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of a body that is refused for its size is read and dropped, so that its sender gets to see the answer
/// rather than a reset connection.
const DISCARD_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How long that may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// A control body.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<ApiState> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _state: &ApiState) -> Result<Self, Problem> {
        let bytes = read(request, CONTROL_BYTES_MAX).await?;
        decode_control(utf8(&bytes)?).map(Self)
    }
}

/// A control body that may be missing, which stands for `{}`.
pub struct OptionalJsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<ApiState> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _state: &ApiState) -> Result<Self, Problem> {
        let bytes = read_optional(request, CONTROL_BYTES_MAX).await?;
        decode_control(utf8(bytes.as_deref().unwrap_or(b"{}"))?).map(Self)
    }
}

/// A control body as text that is to be decoded later: a merge patch.
pub struct JsonText(Bytes);

impl JsonText {
    /// The text.
    pub fn as_str(&self) -> Result<&str, Problem> {
        utf8(&self.0)
    }
}

impl FromRequest<ApiState> for JsonText {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, _state: &ApiState) -> Result<Self, Problem> {
        read(request, CONTROL_BYTES_MAX).await.map(Self)
    }
}

/// The body, at most `bytes_max` long, declared as JSON.
pub async fn read<B>(request: Request<B>, bytes_max: usize) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    check_media_type(request.headers())?;
    collect(request, bytes_max).await
}

/// The same, or `None` where there is no body at all; it then needs no content type.
pub async fn read_optional(request: Request<Body>, bytes_max: usize) -> Result<Option<Bytes>, Problem> {
    let declared = check_media_type(request.headers());
    let bytes = collect(request, bytes_max).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    declared.map(|()| Some(bytes))
}

/// The body as text.
pub fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Problem::invalid_utf8(position_after(&valid))
    })
}

/// Where the text that follows `before` starts.
pub fn position_after(before: &str) -> TextPosition {
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    TextPosition {
        line: 1 + before.bytes().filter(|byte| *byte == b'\n').count(),
        column: 1 + before[line_start..].chars().count(),
        offset: before.len(),
    }
}

/// Takes `application/json` and `application/…+json`, in UTF-8, uncompressed.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let mut declared = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, second) = (declared.next(), declared.next());
    let Some(media_type) = first.filter(|_| second.is_none()) else {
        let detail = "the body needs one Content-Type header: application/json";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    };
    if !media_type.to_str().is_ok_and(is_json_in_utf8) {
        let detail = "the Content-Type has to be application/json or application/…+json, in UTF-8";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(plain) {
        let detail = "the body must not be compressed";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    Ok(())
}

fn is_json_in_utf8(media_type: &str) -> bool {
    if media_type == "application/json" {
        return true;
    }
    let mut parts = media_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json = essence.strip_prefix("application/").is_some_and(|subtype| {
        subtype == "json" || subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty())
    });
    json && parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    })
}

async fn collect<B>(request: Request<B>, bytes_max: usize) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let awaits_continue = request.headers().contains_key(header::EXPECT);
    let mut body = request.into_body();
    let too_large = body.size_hint().lower() > bytes_max as u64;
    if too_large && awaits_continue {
        // Its sender waits for leave to send: there is nothing to discard.
        return Err(body_too_large(bytes_max));
    }
    if !too_large {
        match tokio::time::timeout(BODY_TIMEOUT, frames(&mut body, bytes_max)).await {
            Err(_) => return Err(body_timeout()),
            Ok(Err(Stop::Broken)) => return Err(incomplete_body()),
            Ok(Ok(bytes)) => return Ok(bytes),
            Ok(Err(Stop::TooLarge)) => {}
        }
    }
    // Whether it comes to an end or not, the answer is the same.
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, discard(&mut body)).await;
    Err(body_too_large(bytes_max))
}

/// Why reading a body stopped.
enum Stop {
    TooLarge,
    Broken,
}

/// All data of the body. A body that came in one piece is not copied.
async fn frames<B>(body: &mut B, bytes_max: usize) -> Result<Bytes, Stop>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while !body.is_end_stream()
        && let Some(frame) = body.frame().await
    {
        let Ok(data) = frame.map_err(|_| Stop::Broken)?.into_data() else {
            continue;
        };
        if first.len() + all.len() + data.len() > bytes_max {
            return Err(Stop::TooLarge);
        }
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

async fn discard<B>(body: &mut B)
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > DISCARD_BYTES_MAX {
            return;
        }
    }
}

fn body_too_large(bytes_max: usize) -> Problem {
    Problem::new(
        Code::BodyTooLarge,
        format!("the body can have at most {bytes_max} bytes"),
    )
}

fn body_timeout() -> Problem {
    Problem::new(Code::BodyTimeout, "the body did not arrive within 30 seconds")
}

fn incomplete_body() -> Problem {
    Problem::new(Code::IncompleteBody, "the body broke off before its end")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;

    fn request(content_type: Option<&str>, body: impl Into<Body>) -> Request<Body> {
        let mut request = Request::post("/").body(body.into()).unwrap();
        if let Some(content_type) = content_type {
            let value = HeaderValue::from_str(content_type).unwrap();
            request.headers_mut().insert(header::CONTENT_TYPE, value);
        }
        request
    }

    #[tokio::test]
    async fn only_json_in_utf_8_is_read() {
        for good in [
            "application/json",
            "Application/JSON; Charset=UTF-8",
            "application/merge-patch+json",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(read(request(Some(good), "{}"), 10).await.is_ok(), "{good}");
        }
        for bad in [
            "text/json",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
            "application/+json",
            "json",
        ] {
            let problem = read(request(Some(bad), "{}"), 10).await.unwrap_err();
            assert_eq!(problem.code(), Code::UnsupportedMediaType, "{bad}");
        }
        let problem = read(request(None, "{}"), 10).await.unwrap_err();
        assert_eq!(problem.code(), Code::UnsupportedMediaType);
        let mut compressed = request(Some("application/json"), "{}");
        compressed
            .headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(
            read(compressed, 10).await.unwrap_err().code(),
            Code::UnsupportedMediaType
        );
    }

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_bound_and_no_longer() {
        let json = Some("application/json");
        assert_eq!(read(request(json, "x".repeat(10)), 10).await.unwrap().len(), 10);
        let problem = read(request(json, "x".repeat(11)), 10).await.unwrap_err();
        assert_eq!(problem.code(), Code::BodyTooLarge);
    }

    #[tokio::test]
    async fn a_missing_body_needs_no_content_type_where_it_is_optional() {
        assert_eq!(
            read_optional(request(None, Body::empty()), 10).await.unwrap(),
            None
        );
        let problem = read_optional(request(None, "{}"), 10).await.unwrap_err();
        assert_eq!(problem.code(), Code::UnsupportedMediaType);
    }

    #[test]
    fn what_is_no_utf_8_is_refused_with_its_place() {
        let problem = utf8(b"{\n\"\xc3\xa9\xff").unwrap_err();
        assert_eq!(problem.code(), Code::InvalidUtf8);
        let expected = TextPosition {
            line: 2,
            column: 3,
            offset: 5,
        };
        assert_eq!(problem.position(), Some(expected));
    }

    /// On virtual time: the bound is half a minute.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        /// One frame, and then nothing for good.
        struct Trickle(Option<Bytes>);

        impl HttpBody for Trickle {
            type Data = Bytes;
            type Error = Infallible;

            fn poll_frame(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                self.0
                    .take()
                    .map_or(Poll::Pending, |first| Poll::Ready(Some(Ok(Frame::data(first)))))
            }
        }

        let started = tokio::time::Instant::now();
        let trickle = Body::new(Trickle(Some(Bytes::from_static(b"{\"type\":"))));
        let problem = read(request(Some("application/json"), trickle), 100)
            .await
            .unwrap_err();
        assert_eq!(problem.code(), Code::BodyTimeout);
        assert_eq!(started.elapsed(), BODY_TIMEOUT);
    }
}
