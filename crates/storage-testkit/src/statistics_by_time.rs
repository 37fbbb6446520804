//! Promises of [`postrider_storage::StatisticsStore`] about what charts show: sums by time.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::AutomationId;
use postrider_storage::Store;
use postrider_storage::statistics::latency::{Histogram, bucket_of};
use postrider_storage::statistics::{ActionKey, Scope, TimeStep};

use super::statistics::{action, add, count, counts, hour, hours, latency};

pub async fn an_accounts_sums_are_read_page_by_page_in_the_order_of_time(store: Arc<dyn Store>) {
    let (one, other) = (action(1, 1), action(2, 1));
    let second = ActionKey {
        automation: AutomationId::from_u128(u128::from(u64::MAX)),
        ..action(1, 2)
    };
    let own = [
        Scope::Account(one.account),
        Scope::Automation(one.account, one.automation),
        Scope::Action(one),
        Scope::Action(second),
    ];
    let mut expected = Vec::new();
    let mut added = Vec::new();
    for nth in 0..5 {
        for (scope, n) in own.into_iter().zip(1..) {
            let sums = counts(10 * u64::try_from(nth).expect("few") + n);
            added.push(count(scope, nth, sums));
            if (1..4).contains(&nth) {
                expected.push((hour(nth), scope, sums));
            }
        }
        added.push(count(Scope::Account(other.account), nth, counts(900)));
        added.push(count(Scope::Action(other), nth, counts(901)));
        added.push(count(Scope::Installation, nth, counts(902)));
    }
    added.reverse();
    add(&*store, added).await;
    for limit in [1, 3, 12, 100] {
        let mut read = Vec::new();
        let mut after = None;
        loop {
            let page = store
                .account_statistics(one.account, hours(1, 4), after, limit)
                .await
                .expect("account_statistics");
            assert!(page.len() <= limit);
            let Some((at, scope, _)) = page.last() else {
                break;
            };
            after = Some((*at, *scope));
            read.extend(page);
        }
        assert_eq!(read, expected, "{limit} at a time");
    }
}

pub async fn latencies_are_those_of_each_step(store: Arc<dyn Store>) {
    let added = vec![
        latency(TimeStep::Hour, 0, 1, 1),
        latency(TimeStep::Hour, 1, 1, 2),
        latency(TimeStep::Hour, 1, 900, 4),
        latency(TimeStep::Hour, 3, 1, 8),
        latency(TimeStep::Hour, 4, 1, 16),
        latency(TimeStep::Minute, 1, 1, 32),
    ];
    store
        .add_statistics(Vec::new(), added)
        .await
        .expect("add_statistics");
    let steps = store.latency_steps(TimeStep::Hour, hours(1, 4)).await;
    let histogram = |items: &[(u64, u64)]| {
        let mut histogram = Histogram::new();
        for (ms, count) in items {
            histogram.add(bucket_of(Duration::from_millis(*ms)), *count);
        }
        histogram
    };
    let expected = vec![
        (hour(1), histogram(&[(1, 2), (900, 4)])),
        (hour(3), histogram(&[(1, 8)])),
    ];
    assert_eq!(steps, Ok(expected));
}
