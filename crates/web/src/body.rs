//! Request bodies, read whole within limits on bytes, time and memory.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody;
use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use crate::body_budget::{BodyBudget, BodyRoom, FIRST_BYTES, NoRoom, Owner};

/// How long a body may take to arrive by default. This limits how long a client that trickles bytes can hold
/// a connection.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The limits of a body.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits<'a> {
    /// Most bytes.
    pub bytes_max: usize,
    /// How long the body may take to arrive, without the time that it waits for room.
    pub timeout: Duration,
    /// The memory that it takes its room from.
    pub budget: &'a Arc<BodyBudget>,
    /// Whose share it takes.
    pub owner: Owner,
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
    /// Too many bodies are being read.
    NoRoom,
}

impl From<NoRoom> for BodyError {
    fn from(_: NoRoom) -> Self {
        Self::NoRoom
    }
}

/// A body, and the room that it takes.
#[derive(Debug)]
pub struct Collected {
    /// The body.
    pub bytes: Bytes,
    /// Its room. Keep it until the request is handled. `None` if it needs none.
    pub room: Option<BodyRoom>,
}

impl Deref for Collected {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

/// The whole body of a request. A body that arrives in one piece is neither copied nor needs room.
///
/// What is not read of a body that is too large, the listener reads and drops.
pub async fn collect<B>(request: Request<B>, limits: BodyLimits<'_>) -> Result<Collected, BodyError>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut body = request.into_body();
    if body.size_hint().lower() > limits.bytes_max as u64 {
        return Err(BodyError::TooLarge);
    }
    let mut deadline = Instant::now() + limits.timeout;
    let Some(first) = piece(&mut body, deadline).await? else {
        return Ok(Collected {
            bytes: Bytes::new(),
            room: None,
        });
    };
    if first.len() > limits.bytes_max {
        return Err(BodyError::TooLarge);
    }
    if body.is_end_stream() && first.len() <= FIRST_BYTES {
        return Ok(Collected {
            bytes: first,
            room: None,
        });
    }
    let declared = body
        .size_hint()
        .upper()
        .and_then(|rest| usize::try_from(rest).ok());
    let whole = declared.map_or(limits.bytes_max, |rest| first.len().saturating_add(rest));
    let whole = whole.min(limits.bytes_max);
    let mut room = limits.budget.body_of(limits.owner);
    let mut all = BytesMut::new();
    let mut next = Some(first);
    while let Some(data) = next {
        let length = all.len() + data.len();
        if length > limits.bytes_max {
            return Err(BodyError::TooLarge);
        }
        let waited = Instant::now();
        // A multiple, so that a body takes the lock a few times and not for each piece.
        let needed = if length > FIRST_BYTES {
            whole
        } else {
            length.next_multiple_of(FIRST_BYTES / 4)
        };
        room.grow(needed.min(whole)).await?;
        deadline += waited.elapsed();
        all.extend_from_slice(&data);
        next = piece(&mut body, deadline).await?;
    }
    room.shrink(all.len());
    Ok(Collected {
        bytes: all.freeze(),
        room: Some(room),
    })
}

/// The next data of a body; `None` at its end.
async fn piece<B>(body: &mut B, deadline: Instant) -> Result<Option<Bytes>, BodyError>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    while !body.is_end_stream() {
        let frame = timeout_at(deadline, body.frame()).await;
        let Some(frame) = frame.map_err(|_| BodyError::Timeout)? else {
            break;
        };
        let frame = frame.map_err(|_| BodyError::Incomplete)?;
        match frame.into_data() {
            Ok(data) if !data.is_empty() => return Ok(Some(data)),
            _ => {}
        }
    }
    Ok(None)
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

    async fn collected<B>(body: B) -> Result<Bytes, BodyError>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        let limits = BodyLimits {
            bytes_max: 10,
            timeout: Duration::from_millis(20),
            budget: &Arc::new(BodyBudget::for_bodies_of(10)),
            owner: Owner::Operator,
        };
        let collected = collect(Request::new(body), limits).await;
        collected.map(|collected| collected.bytes)
    }

    async fn read(body: &str) -> Result<Bytes, BodyError> {
        collected(Full::new(Bytes::copy_from_slice(body.as_bytes()))).await
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
            Body::from_stream(stream::iter(pieces))
        };
        let joined = collected(pieces(&["ab", "cd", "", "e"])).await;
        assert_eq!(joined, Ok(Bytes::from_static(b"abcde")));
        let long = collected(pieces(&["abcdef", "ghijkl"])).await;
        assert_eq!(long, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn an_incomplete_body_is_refused_after_the_timeout() {
        let never = collected(Never).await;
        assert_eq!(never, Err(BodyError::Timeout));
    }

    /// Pieces that a test sends one by one.
    fn sent() -> (tokio::sync::mpsc::UnboundedSender<usize>, Body) {
        let (send, pieces) = tokio::sync::mpsc::unbounded_channel::<usize>();
        let pieces = stream::unfold(pieces, |mut pieces| async move {
            let length = pieces.recv().await?;
            Some((Ok::<_, Infallible>(vec![b'x'; length]), pieces))
        });
        (send, Body::from_stream(pieces))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_holds_only_what_has_arrived() {
        const LARGE: usize = 4 * 1024 * 1024;
        let budget = Arc::new(BodyBudget::for_bodies_of(LARGE));
        let limits = BodyLimits {
            bytes_max: LARGE,
            timeout: BODY_TIMEOUT,
            budget: &budget,
            owner: Owner::Operator,
        };
        let (send, body) = sent();
        let mut reading = std::pin::pin!(collect(Request::new(body), limits));
        let mut hold_after = async |piece: usize| {
            send.send(piece).unwrap();
            // Nothing but the next piece is waited for once this second has passed.
            let second = Duration::from_secs(1);
            assert!(tokio::time::timeout(second, &mut reading).await.is_err());
            budget.used_bytes()
        };
        assert_eq!(hold_after(1_000).await, FIRST_BYTES / 4);
        assert_eq!(hold_after(FIRST_BYTES - 1_000).await, FIRST_BYTES);
        assert_eq!(hold_after(1).await, LARGE);
        drop(send);
        let collected = reading.await.unwrap();
        assert_eq!(
            (collected.len(), budget.used_bytes()),
            (FIRST_BYTES + 1, FIRST_BYTES + 1)
        );
        drop(collected);
        assert_eq!(budget.used_bytes(), 0);
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
