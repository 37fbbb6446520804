//! The time that a request may take.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// A timeout that stands still while the request waits for a resource of ours: a place in the resolver, a
/// stream of an HTTP/2 connection. The receiver has no part in such a wait.
pub struct Allowance {
    timeout: Duration,
    waits: Mutex<Waits>,
}

#[derive(Default)]
struct Waits {
    /// All waits that have ended.
    ended: Duration,
    /// When the present wait began.
    since: Option<Instant>,
}

impl Allowance {
    /// Creates an allowance of this time, which [`Self::limit`] starts.
    pub fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            waits: Mutex::default(),
        }
    }

    /// Awaits the future for the allowed time, the waits in it excepted. Returns `None` if it takes longer.
    pub async fn limit<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let began = Instant::now();
        let mut deadline = began + self.timeout;
        loop {
            if let Ok(output) = tokio::time::timeout_at(deadline, future.as_mut()).await {
                return Some(output);
            }
            let later = began + self.timeout + self.waited();
            if later <= deadline {
                return None;
            }
            deadline = later;
        }
    }

    /// Awaits a resource of ours; the allowance stands still. Waits must not overlap.
    pub async fn pause<T>(&self, future: impl Future<Output = T>) -> T {
        self.waits.lock().since = Some(Instant::now());
        let resumed = Resumed(self);
        let output = future.await;
        drop(resumed);
        output
    }

    fn waited(&self) -> Duration {
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
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn waits_do_not_count() {
        let allowance = Allowance::new(3 * SECOND);
        let took = async {
            tokio::time::sleep(SECOND).await;
            allowance.pause(tokio::time::sleep(60 * SECOND)).await;
            tokio::time::sleep(SECOND).await;
            allowance.pause(tokio::time::sleep(60 * SECOND)).await;
        };
        assert!(allowance.limit(took).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn everything_else_counts() {
        let allowance = Allowance::new(3 * SECOND);
        let began = Instant::now();
        let endless = async {
            tokio::time::sleep(SECOND).await;
            allowance.pause(tokio::time::sleep(60 * SECOND)).await;
            std::future::pending::<()>().await;
        };
        assert!(allowance.limit(endless).await.is_none());
        assert_eq!(began.elapsed().as_secs(), 63);
    }
}
