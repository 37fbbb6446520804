//! Request bodies, read whole within limits on bytes and time.

use std::time::Duration;

use axum::body::HttpBody;
use bytes::{Bytes, BytesMut};
use http::{Request, header};
use http_body_util::BodyExt as _;

/// How long a body may take to arrive by default. This limits how long a client that trickles bytes can hold
/// a connection.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of an oversized body is read and dropped, so that its sender sees the response instead of a
/// connection reset.
const DISCARD_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How long the dropping may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

/// The limits of a body.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Most bytes.
    pub bytes_max: usize,
    /// How long the body may take to arrive.
    pub timeout: Duration,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// The body has more bytes than [`BodyLimits::bytes_max`].
    TooLarge,
    /// The body did not arrive within [`BodyLimits::timeout`].
    Timeout,
    /// The body broke off before its end.
    Incomplete,
}

/// The whole body of a request. A body that arrives in one piece is not copied.
pub async fn collect<B>(request: Request<B>, limits: BodyLimits) -> Result<Bytes, BodyError>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let awaits_continue = request.headers().contains_key(header::EXPECT);
    let mut body = request.into_body();
    let too_large = body.size_hint().lower() > limits.bytes_max as u64;
    if too_large && awaits_continue {
        // The client sends only after a 100 (Continue): there is nothing to discard.
        return Err(BodyError::TooLarge);
    }
    if !too_large {
        match tokio::time::timeout(limits.timeout, frames(&mut body, limits.bytes_max)).await {
            Err(_) => return Err(BodyError::Timeout),
            Ok(Err(BodyError::TooLarge)) => {}
            Ok(read) => return read,
        }
    }
    // The result is the same whether or not the body ends in time.
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, discard(&mut body)).await;
    Err(BodyError::TooLarge)
}

async fn frames<B>(body: &mut B, bytes_max: usize) -> Result<Bytes, BodyError>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while !body.is_end_stream()
        && let Some(frame) = body.frame().await
    {
        let Ok(data) = frame.map_err(|_| BodyError::Incomplete)?.into_data() else {
            continue;
        };
        if first.len() + all.len() + data.len() > bytes_max {
            return Err(BodyError::TooLarge);
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::Body;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::Full;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits {
        bytes_max: 10,
        timeout: Duration::from_millis(20),
    };

    async fn read(body: &str) -> Result<Bytes, BodyError> {
        let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
        collect(Request::new(body), LIMITS).await
    }

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_bound_and_no_longer() {
        assert_eq!(read("").await, Ok(Bytes::new()));
        assert_eq!(read(&"x".repeat(10)).await.map(|body| body.len()), Ok(10));
        assert_eq!(read(&"x".repeat(11)).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn the_pieces_of_a_body_are_joined_and_counted_together() {
        let pieces = |pieces: &'static [&'static str]| {
            let pieces = pieces.iter().map(|piece| Ok::<_, Infallible>(*piece));
            Request::new(Body::from_stream(stream::iter(pieces)))
        };
        let joined = collect(pieces(&["ab", "cd", "", "e"]), LIMITS).await;
        assert_eq!(joined, Ok(Bytes::from_static(b"abcde")));
        let long = collect(pieces(&["abcdef", "ghijkl"]), LIMITS).await;
        assert_eq!(long, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn an_incomplete_body_is_refused_after_the_timeout() {
        let never = collect(Request::new(Never), LIMITS).await;
        assert_eq!(never, Err(BodyError::Timeout));
    }

    /// A body whose data never arrives.
    struct Never;

    impl HttpBody for Never {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }
}
