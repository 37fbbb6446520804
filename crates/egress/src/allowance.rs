//! The time that a request may take.

use std::task::{Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How long a request may wait for resources of ours, all its waits together. A request that waits holds a
/// slot and the memory of its caller, so that a longer wait would keep others from being sent. It is twice
/// the default timeout of an attempt, after which requests that hold the resources have ended.
pub const WAIT_MAX: Duration = Duration::from_secs(30);

/// A timeout that stands still while the request waits for a resource of ours: a permit for its host, a place
/// in the resolver, a stream of an HTTP/2 connection, an open file. The receiver has no part in such a wait.
pub struct Allowance {
    timeout: Duration,
    waits: Mutex<Waits>,
}

#[derive(Default, Clone, Copy)]
struct Waits {
    /// All waits that have ended.
    ended: Duration,
    /// When the present wait began.
    since: Option<Instant>,
}

/// Which limit a request exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// Its own time.
    Timeout,
    /// [`WAIT_MAX`], in a wait for a resource of ours.
    Wait,
}

impl Allowance {
    /// Creates an allowance of this time, which [`Self::limit`] starts.
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            waits: Mutex::default(),
        }
    }

    /// Awaits the future for the allowed time, and its waits for [`WAIT_MAX`] beyond that.
    pub async fn limit<T>(&self, future: impl Future<Output = T>) -> Result<T, Exceeded> {
        let mut future = std::pin::pin!(future);
        let began = Instant::now();
        let mut sleep = std::pin::pin!(tokio::time::sleep_until(began + self.timeout));
        std::future::poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Ok(output));
            }
            // The deadline moves only when the future begins or ends a wait, and so only when it is polled.
            let waits = *self.waits.lock();
            let (deadline, exceeded) = match waits.since {
                Some(since) => (since + WAIT_MAX.saturating_sub(waits.ended), Exceeded::Wait),
                None => (began + self.timeout + waits.ended, Exceeded::Timeout),
            };
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            ready!(sleep.as_mut().poll(context));
            Poll::Ready(Err(exceeded))
        })
        .await
    }

    /// Awaits a resource of ours; the allowance stands still. Waits must not overlap.
    pub async fn pause<T>(&self, future: impl Future<Output = T>) -> T {
        self.waits.lock().since = Some(Instant::now());
        let resumed = Resumed(self);
        let output = future.await;
        drop(resumed);
        output
    }

    /// The time of all waits so far.
    pub fn waited(&self) -> Duration {
        let waits = self.waits.lock();
        waits.ended + waits.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// Ends a wait when dropped, and so also one that is given up.
struct Resumed<'a>(&'a Allowance);

impl Drop for Resumed<'_> {
    fn drop(&mut self) {
        let mut waits = self.0.waits.lock();
        if let Some(since) = waits.since.take() {
            waits.ended += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn waits_do_not_count() {
        let allowance = Allowance::new(3 * SECOND);
        let took = async {
            tokio::time::sleep(SECOND).await;
            allowance.pause(tokio::time::sleep(14 * SECOND)).await;
            tokio::time::sleep(SECOND).await;
            allowance.pause(tokio::time::sleep(14 * SECOND)).await;
        };
        assert_eq!(allowance.limit(took).await, Ok(()));
        assert_eq!(allowance.waited(), 28 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn everything_else_counts() {
        let allowance = Allowance::new(3 * SECOND);
        let began = Instant::now();
        let endless = async {
            tokio::time::sleep(SECOND).await;
            allowance.pause(tokio::time::sleep(20 * SECOND)).await;
            std::future::pending::<()>().await;
        };
        assert_eq!(allowance.limit(endless).await, Err(Exceeded::Timeout));
        assert_eq!(began.elapsed().as_secs(), 23);
    }

    #[tokio::test(start_paused = true)]
    async fn all_waits_together_are_bounded() {
        let allowance = Allowance::new(60 * SECOND);
        let began = Instant::now();
        let waits = async {
            allowance.pause(tokio::time::sleep(20 * SECOND)).await;
            tokio::time::sleep(5 * SECOND).await;
            allowance.pause(std::future::pending::<()>()).await;
        };
        assert_eq!(allowance.limit(waits).await, Err(Exceeded::Wait));
        assert_eq!(began.elapsed(), 5 * SECOND + WAIT_MAX);
        assert_eq!(allowance.waited(), WAIT_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_wakes_nobody_after_the_timeout_has_passed() {
        let allowance = Allowance::new(SECOND);
        let polls = AtomicUsize::new(0);
        let wait = async {
            let mut sleep = std::pin::pin!(tokio::time::sleep(20 * SECOND));
            allowance
                .pause(std::future::poll_fn(|context| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    sleep.as_mut().poll(context)
                }))
                .await;
        };
        assert_eq!(allowance.limit(wait).await, Ok(()));
        assert!(polls.load(Ordering::Relaxed) <= 3, "{polls:?}");
    }
}
