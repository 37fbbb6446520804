//! Waits for conditions, with a time limit.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Long enough, on a busy machine with two cores, for anything that should happen at once.
pub const SOON: Duration = Duration::from_secs(10);

/// How often a condition is checked.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The first result of `probe`. Panics if there is none within `within`.
pub async fn until<T>(what: &str, within: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "this did not happen within {within:?}: {what}"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Checks for a while that something does not happen: `probe` returns the same value all the time.
pub async fn stays<T: PartialEq + Debug>(
    what: &str,
    expected: T,
    span: Duration,
    mut probe: impl AsyncFnMut() -> T,
) {
    let end = Instant::now() + span;
    while Instant::now() < end {
        assert_eq!(probe().await, expected, "{what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
