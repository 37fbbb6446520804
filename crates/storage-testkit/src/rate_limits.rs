//! Promises of [`postrider_storage::RateLimitStore`].

use std::sync::Arc;
use std::time::Duration;

use postrider_model::{ActionId, IdGenerator};
use postrider_storage::{ReserveSlots, Store};

use super::build::*;

const S: Duration = Duration::from_secs(1);

/// One slot an hour: no test lasts until the next one.
fn hourly(action: ActionId, slots: u32) -> ReserveSlots {
    ReserveSlots {
        action,
        interval: S * 3_600,
        slots,
        since: Duration::ZERO,
        ahead: S * 3_600 * 5 / 2,
    }
}

async fn reserve(store: &Arc<dyn Store>, requests: &[ReserveSlots]) -> Vec<Option<Duration>> {
    let reserved = store.reserve_slots(requests.to_vec(), at(0)).await;
    reserved.expect("reserve_slots")
}

/// Whole hours, because a store may have a clock of its own, which moves on.
fn hours(begin: Option<Duration>) -> Option<u64> {
    begin.map(|begin| (begin + S * 60).as_secs() / 3_600)
}

pub async fn slots_are_reserved_once_and_only_so_far_ahead(store: Arc<dyn Store>) {
    let ids = IdGenerator::new(SEED);
    let (one, other) = (ids.action(at(1)), ids.action(at(2)));
    let first = reserve(&store, &[hourly(one, 1), hourly(other, 1)]).await;
    assert_eq!(first, [Some(Duration::ZERO); 2]);
    // In the order of the requests, whatever the order of the ids.
    let second = reserve(&store, &[hourly(other, 2), hourly(one, 1)]).await;
    assert_eq!([hours(second[0]), hours(second[1])], [Some(1); 2]);
    let third = reserve(&store, &[hourly(one, 1), hourly(other, 1)]).await;
    assert_eq!([hours(third[0]), hours(third[1])], [Some(2), None]);
    assert_eq!(reserve(&store, &[]).await, []);
}

pub async fn a_limit_that_was_not_used_has_free_slots_since_a_while(store: Arc<dyn Store>) {
    let action = IdGenerator::new(SEED).action(at(1));
    let burst = ReserveSlots {
        since: S * 3_600 * 2,
        ..hourly(action, 1)
    };
    for hour in 0..5 {
        let begin = reserve(&store, &[burst]).await;
        assert_eq!(hours(begin[0]), Some(hour));
    }
    assert_eq!(reserve(&store, &[burst]).await, [None]);
}

pub async fn slots_of_a_slower_limit_do_not_hold_up_a_faster_one(store: Arc<dyn Store>) {
    let action = IdGenerator::new(SEED).action(at(1));
    reserve(&store, &[hourly(action, 1)]).await;
    let fast = ReserveSlots {
        interval: S,
        ahead: S,
        ..hourly(action, 1)
    };
    assert_eq!(reserve(&store, &[fast]).await, [Some(Duration::ZERO)]);
}

pub async fn slots_that_are_reserved_at_the_same_time_are_different(store: Arc<dyn Store>) {
    let action = IdGenerator::new(SEED).action(at(1));
    let request = ReserveSlots {
        ahead: S * 3_600 * 24,
        ..hourly(action, 1)
    };
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { reserve(&store, &[request]).await })
        })
        .collect();
    let mut begins = Vec::new();
    for task in tasks {
        begins.extend(task.await.expect("no panic").into_iter().map(hours));
    }
    begins.sort_unstable();
    assert_eq!(begins, (0..16).map(Some).collect::<Vec<_>>());
}
