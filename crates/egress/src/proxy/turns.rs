//! Whose turn it is to try a proxy that could not be used.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How often a request tries a proxy that could not be used.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// The turns of all requests that need the proxy.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// When a request may try the proxy next; `None` while the proxy can be used.
    next_try: Mutex<Option<Instant>>,
    /// The proxy can be used again.
    usable: Notify,
}

impl Turns {
    /// Waits until this request may try the proxy: at once if the proxy can be used; otherwise, one of all
    /// that wait tries each second.
    pub(super) async fn turn(&self) {
        loop {
            let usable = self.usable.notified();
            let next = {
                let mut next_try = self.next_try.lock();
                let now = Instant::now();
                match *next_try {
                    None => return,
                    Some(at) if at <= now => {
                        *next_try = Some(now + TRY_EVERY);
                        return;
                    }
                    Some(at) => at,
                }
            };
            tokio::select! {
                () = sleep_until(next) => {}
                () = usable => {}
            }
        }
    }

    /// A request has used the proxy: nobody waits any longer.
    pub(super) fn is_usable(&self) {
        if self.next_try.lock().take().is_some() {
            self.usable.notify_waiters();
        }
    }

    /// A request could not use the proxy.
    pub(super) fn is_unusable(&self) {
        let mut next_try = self.next_try.lock();
        if next_try.is_none() {
            *next_try = Some(Instant::now() + TRY_EVERY);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_request_a_second_tries_a_proxy_that_cannot_be_used_until_one_succeeds() {
        let turns = Arc::new(Turns::default());
        turns.turn().await;
        turns.is_unusable();
        let tried = Arc::new(AtomicUsize::new(0));
        for _ in 0..100 {
            let (turns, tried) = (Arc::clone(&turns), Arc::clone(&tried));
            tokio::spawn(async move {
                turns.turn().await;
                tried.fetch_add(1, Ordering::Relaxed);
            });
        }
        let mut counts = Vec::new();
        for _ in 0..4 {
            sleep(TRY_EVERY).await;
            sleep(Duration::from_millis(1)).await;
            counts.push(tried.load(Ordering::Relaxed));
            turns.is_unusable();
        }
        assert_eq!(counts, [1, 2, 3, 4]);
        turns.is_usable();
        sleep(Duration::from_millis(1)).await;
        assert_eq!(tried.load(Ordering::Relaxed), 100);
        turns.turn().await;
    }
}
