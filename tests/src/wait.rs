//! Waiting for something to happen, with an end.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Long enough for anything that should happen at once, on a busy machine with two cores.
pub const SOON: Duration = Duration::from_secs(10);

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What `probe` finds, as soon as it finds it. Panics where that is not before `within` is over.
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

/// Watches for a while that something does not happen: `probe` answers the same all the time.
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
