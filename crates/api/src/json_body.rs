//! Request bodies: read within a bound, checked to be declared and encoded as JSON, decoded with pointers.
//!
//! [`JsonBody`] and [`OptionalJsonBody`] are for control bodies (everything but events). Endpoints that
//! accept events use [`read`] and decode the body themselves, because the events borrow from it.

use axum::body::{Body, HttpBody};
use axum::extract::FromRequest;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use postrider_web::body::{self, BodyError, BodyLimits, Collected};
use postrider_web::body_budget::Owner;
use serde::de::DeserializeOwned;

use crate::decode::decode_control;
use crate::problem::{Code, Problem, TextPosition};
use crate::router::ApiState;

/// Largest control body, in bytes.
pub const CONTROL_BYTES_MAX: usize = 256 * 1024;

/// A control body.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<ApiState> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, state: &ApiState) -> Result<Self, Problem> {
        let bytes = read_control(request, state).await?;
        decode_control(utf8(&bytes)?).map(Self)
    }
}

/// An optional control body. A missing one means `{}`.
pub struct OptionalJsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<ApiState> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, state: &ApiState) -> Result<Self, Problem> {
        let limits = state.body_limits(CONTROL_BYTES_MAX, owner(&request));
        let body = read_optional(request, limits).await?;
        let text = body.as_ref().map_or(Ok("{}"), |body| utf8(body))?;
        decode_control(text).map(Self)
    }
}

/// A control body as text, for a merge patch, which is decoded later.
pub struct JsonText(Collected);

impl JsonText {
    /// The text.
    pub fn as_str(&self) -> Result<&str, Problem> {
        utf8(&self.0)
    }
}

impl FromRequest<ApiState> for JsonText {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, state: &ApiState) -> Result<Self, Problem> {
        read_control(request, state).await.map(Self)
    }
}

async fn read_control(request: Request<Body>, state: &ApiState) -> Result<Collected, Problem> {
    let limits = state.body_limits(CONTROL_BYTES_MAX, owner(&request));
    read(request, limits).await
}

/// Whose share of the memory for bodies a control body takes.
fn owner<B>(request: &Request<B>) -> Owner {
    // The edge lets nobody without a key reach a route that has a body.
    request.extensions().get().map_or(Owner::Operator, Owner::of)
}

/// The body, declared as JSON.
pub async fn read<B>(request: Request<B>, limits: BodyLimits<'_>) -> Result<Collected, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    check_media_type(request.headers())?;
    collect(request, limits).await
}

/// The body, whatever its content type, uncompressed.
pub async fn read_undeclared<B>(request: Request<B>, limits: BodyLimits<'_>) -> Result<Collected, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    check_encoding(request.headers())?;
    collect(request, limits).await
}

/// Like [`read`], but `None` if the request has no body; it then needs no content type.
pub async fn read_optional(
    request: Request<Body>,
    limits: BodyLimits<'_>,
) -> Result<Option<Collected>, Problem> {
    let declared = check_media_type(request.headers());
    let bytes = collect(request, limits).await?;
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

/// The position of the text that follows `before`.
pub fn position_after(before: &str) -> TextPosition {
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    TextPosition {
        line: 1 + before.bytes().filter(|byte| *byte == b'\n').count(),
        column: 1 + before[line_start..].chars().count(),
        offset: before.len(),
    }
}

/// Accepts `application/json` and `application/…+json`, in UTF-8, uncompressed.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let mut declared = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, second) = (declared.next(), declared.next());
    let Some(media_type) = first.filter(|_| second.is_none()) else {
        let detail = "send one Content-Type header: application/json";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    };
    if !media_type.to_str().is_ok_and(is_json_in_utf8) {
        let detail = "the Content-Type must be application/json or application/…+json, in UTF-8";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    check_encoding(headers)
}

/// Accepts uncompressed bodies.
fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
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

/// The body, whatever its content type and encoding.
pub async fn collect<B>(request: Request<B>, limits: BodyLimits<'_>) -> Result<Collected, Problem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let read = body::collect(request, limits).await;
    read.map_err(|error| match error {
        BodyError::TooLarge => Problem::new(
            Code::BodyTooLarge,
            format!("the body can have at most {} bytes", limits.bytes_max),
        ),
        BodyError::Timeout => Problem::new(
            Code::BodyTimeout,
            format!(
                "the body did not arrive within {} s",
                limits.timeout.as_secs_f64()
            ),
        ),
        BodyError::Incomplete => Problem::new(
            Code::IncompleteBody,
            "the connection ended before the end of the body",
        ),
        BodyError::NoRoom => Problem::no_room(),
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use http_body::Frame;
    use postrider_web::body_budget::BodyBudget;

    use super::*;

    /// Reads the body of a request, of at most ten bytes.
    async fn read(request: Request<Body>) -> Result<Collected, Problem> {
        super::read(request, limits(&budget())).await
    }

    fn budget() -> Arc<BodyBudget> {
        Arc::new(BodyBudget::for_bodies_of(10))
    }

    fn limits(budget: &Arc<BodyBudget>) -> BodyLimits<'_> {
        BodyLimits {
            bytes_max: 10,
            timeout: body::BODY_TIMEOUT,
            budget,
            owner: Owner::Operator,
        }
    }

    fn request(content_type: Option<&str>, body: impl Into<Body>) -> Request<Body> {
        let mut request = Request::post("/").body(body.into()).unwrap();
        if let Some(content_type) = content_type {
            let value = HeaderValue::from_str(content_type).unwrap();
            request.headers_mut().insert(header::CONTENT_TYPE, value);
        }
        request
    }

    #[tokio::test]
    async fn only_utf_8_json_is_accepted() {
        for good in [
            "application/json",
            "Application/JSON; Charset=UTF-8",
            "application/merge-patch+json",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(read(request(Some(good), "{}")).await.is_ok(), "{good}");
        }
        for bad in [
            "text/json",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
            "application/+json",
            "json",
        ] {
            let problem = read(request(Some(bad), "{}")).await.unwrap_err();
            assert_eq!(problem.code(), Code::UnsupportedMediaType, "{bad}");
        }
        let problem = read(request(None, "{}")).await.unwrap_err();
        assert_eq!(problem.code(), Code::UnsupportedMediaType);
        let mut compressed = request(Some("application/json"), "{}");
        compressed
            .headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(
            read(compressed).await.unwrap_err().code(),
            Code::UnsupportedMediaType
        );
    }

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_bound_and_no_longer() {
        let json = Some("application/json");
        assert_eq!(read(request(json, "x".repeat(10))).await.unwrap().len(), 10);
        let problem = read(request(json, "x".repeat(11))).await.unwrap_err();
        assert_eq!(problem.code(), Code::BodyTooLarge);
    }

    #[tokio::test]
    async fn a_missing_body_needs_no_content_type_where_it_is_optional() {
        let budget = budget();
        let read_optional = async |body| read_optional(request(None, body), limits(&budget)).await;
        assert!(read_optional(Body::empty()).await.unwrap().is_none());
        let problem = read_optional(Body::from("{}")).await.unwrap_err();
        assert_eq!(problem.code(), Code::UnsupportedMediaType);
    }

    #[test]
    fn invalid_utf_8_is_refused_with_its_position() {
        let problem = utf8(b"{\n\"\xc3\xa9\xff").unwrap_err();
        assert_eq!(problem.code(), Code::InvalidUtf8);
        let expected = TextPosition {
            line: 2,
            column: 3,
            offset: 5,
        };
        assert_eq!(problem.position(), Some(expected));
    }

    /// On virtual time, because the timeout is half a minute.
    #[tokio::test(start_paused = true)]
    async fn a_stalled_body_is_refused_after_the_timeout() {
        /// One frame, and then nothing, forever.
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
        let problem = read(request(Some("application/json"), trickle))
            .await
            .unwrap_err();
        assert_eq!(problem.code(), Code::BodyTimeout);
        assert_eq!(started.elapsed(), body::BODY_TIMEOUT);
    }
}
