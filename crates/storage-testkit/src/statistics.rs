//! Promises of [`postrider_storage::StatisticsStore`].

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use postrider_model::{ActionId, AutomationId, DeliveryStatus, Timestamp};

use super::build::*;
use super::scene::*;
use postrider_storage::statistics::latency::{Histogram, bucket_of};
use postrider_storage::statistics::{
    ActionKey, Backlog, Count, Counts, FailingAction, LatencyCount, STEPS_MAX, Scope, TimeStep,
};
use postrider_storage::{FirstAttempt, Store};

/// The `nth` hour after the one that contains the base.
pub(crate) fn hour(nth: i64) -> Timestamp {
    let first = TimeStep::Hour.start_of(at(0)).unix_ms();
    Timestamp::from_unix_ms(first + nth * TimeStep::Hour.length_ms())
}

pub(crate) fn hours(from: i64, to: i64) -> Range<Timestamp> {
    hour(from)..hour(to)
}

/// Counts in which every number differs.
pub(crate) fn counts(n: u64) -> Counts {
    Counts {
        events: n,
        succeeded: n + 1,
        failed: n + 2,
        canceled: n + 3,
        attempts: n + 4,
        attempts_failed: n + 5,
        stored_bytes: n + 6,
        held_back: n + 7,
    }
}

pub(crate) fn count(scope: Scope, nth_hour: i64, counts: Counts) -> Count {
    Count {
        scope,
        step: TimeStep::Hour,
        at: hour(nth_hour),
        counts,
    }
}

pub(crate) fn deliveries(failed: u64, succeeded: u64) -> Counts {
    Counts {
        failed,
        succeeded,
        ..Counts::default()
    }
}

pub(crate) fn latency(step: TimeStep, nth_hour: i64, ms: u64, count: u64) -> LatencyCount {
    LatencyCount {
        step,
        at: hour(nth_hour),
        bucket: bucket_of(Duration::from_millis(ms)),
        count,
    }
}

pub(crate) fn action(account: u128, action: u128) -> ActionKey {
    ActionKey {
        account: postrider_model::AccountId::from_u128(account),
        automation: AutomationId::from_u128(account + 100),
        action: ActionId::from_u128(action),
    }
}

pub(crate) async fn add(store: &dyn Store, counts: Vec<Count>) {
    let added = store.add_statistics(counts, Vec::new()).await;
    added.expect("add_statistics");
}

async fn read(store: &dyn Store, scope: Scope, span: Range<Timestamp>) -> Vec<(Timestamp, Counts)> {
    let steps = store.statistics(scope, TimeStep::Hour, span).await;
    steps.expect("statistics")
}

async fn failing(store: &dyn Store, span: Range<Timestamp>, limit: usize) -> Vec<FailingAction> {
    let failing = store.failing_actions(span, limit).await;
    failing.expect("failing_actions")
}

pub async fn what_is_added_adds_up_over_calls_and_within_one(store: Arc<dyn Store>) {
    let scope = Scope::Action(action(1, 1));
    add(&*store, Vec::new()).await;
    assert_eq!(read(&*store, scope, hours(0, 2)).await, []);
    let mut expected = Counts::default();
    for n in 1..4 {
        let twice = vec![count(scope, 0, counts(n)), count(scope, 0, counts(10 * n))];
        add(&*store, twice).await;
        expected += counts(n);
        expected += counts(10 * n);
        assert_eq!(read(&*store, scope, hours(0, 2)).await, [(hour(0), expected)]);
    }
}

pub async fn steps_are_those_of_the_span_and_the_scope_oldest_first(store: Arc<dyn Store>) {
    let of_action = action(1, 1);
    let scopes = [
        Scope::Installation,
        Scope::Account(of_action.account),
        Scope::Account(action(2, 0).account),
        Scope::Automation(of_action.account, of_action.automation),
        Scope::Action(of_action),
        Scope::Action(action(1, 2)),
    ];
    let mut added = Vec::new();
    for (scope, n) in scopes.into_iter().zip(1..) {
        for nth in [3, 0, 1, 4] {
            added.push(count(
                scope,
                nth,
                counts(10 * n + u64::try_from(nth).expect("few")),
            ));
        }
        added.push(Count {
            step: TimeStep::Minute,
            ..count(scope, 1, counts(100 * n))
        });
    }
    add(&*store, added).await;
    for (scope, n) in scopes.into_iter().zip(1..) {
        let expected = [(hour(1), counts(10 * n + 1)), (hour(3), counts(10 * n + 3))];
        assert_eq!(read(&*store, scope, hours(1, 4)).await, expected, "{scope:?}");
        let minutes = store.statistics(scope, TimeStep::Minute, hours(0, 9)).await;
        assert_eq!(minutes, Ok(vec![(hour(1), counts(100 * n))]), "{scope:?}");
    }
    let nobody = Scope::Account(action(3, 0).account);
    assert_eq!(read(&*store, nobody, hours(0, 9)).await, []);
}

pub async fn latencies_add_up_within_their_span(store: Arc<dyn Store>) {
    let added = vec![
        latency(TimeStep::Hour, 0, 1, 1),
        latency(TimeStep::Hour, 1, 1, 2),
        latency(TimeStep::Hour, 1, 1, 4),
        latency(TimeStep::Hour, 2, 1, 8),
        latency(TimeStep::Hour, 2, 900_000_000, 16),
        latency(TimeStep::Hour, 3, 1, 32),
        latency(TimeStep::Minute, 1, 1, 64),
    ];
    for _ in 0..2 {
        let added = store.add_statistics(Vec::new(), added.clone()).await;
        assert_eq!(added, Ok(()));
    }
    let mut expected = Histogram::new();
    expected.add(bucket_of(Duration::from_millis(1)), 2 * (2 + 4 + 8));
    expected.add(bucket_of(Duration::from_millis(900_000_000)), 2 * 16);
    assert_eq!(store.latencies(TimeStep::Hour, hours(1, 3)).await, Ok(expected));
}

pub async fn an_accounts_actions_are_summed_up_each_for_itself(store: Arc<dyn Store>) {
    let (one, two, anothers) = (action(1, 1), action(1, 2), action(2, 1));
    let mut added = vec![count(Scope::Account(one.account), 1, counts(1_000))];
    for nth in 0..4 {
        added.push(count(Scope::Action(one), nth, counts(1)));
        added.push(count(Scope::Action(anothers), nth, counts(100)));
    }
    added.push(count(Scope::Action(two), 2, counts(7)));
    add(&*store, added).await;
    let summed = store.action_statistics(one.account, hours(1, 4)).await;
    let mut summed = summed.expect("action_statistics");
    summed.sort_by_key(|(key, _)| *key);
    let mut thrice = Counts::default();
    for _ in 1..4 {
        thrice += counts(1);
    }
    assert_eq!(summed, [(one, thrice), (two, counts(7))]);
}

pub async fn what_an_account_stored_is_summed_over_the_hours_of_a_span(store: Arc<dyn Store>) {
    let (own, other) = (action(1, 1), action(2, 2));
    let of = |scope, nth, stored_bytes| {
        let counts = Counts {
            stored_bytes,
            ..counts(1_000)
        };
        count(scope, nth, counts)
    };
    let account = Scope::Account(own.account);
    let mut added: Vec<_> = (0..4)
        .map(|nth| of(account, nth, 10_u64.pow(nth as u32)))
        .collect();
    for nth in 0..4 {
        added.push(of(Scope::Installation, nth, 7));
        added.push(of(Scope::Action(own), nth, 7));
        added.push(of(Scope::Account(other.account), nth, 7));
        added.push(Count {
            step: TimeStep::Minute,
            ..of(account, nth, 7)
        });
    }
    // An hour with a sum of an action alone.
    added.push(of(Scope::Action(own), 5, 7));
    // More than 32 bits.
    added.push(of(account, 9, 1 << 40));
    add(&*store, added).await;
    let stored = async |span| {
        let stored = store.stored_bytes(own.account, span).await;
        stored.expect("stored_bytes")
    };
    assert_eq!(stored(hours(0, 4)).await, 1_111);
    assert_eq!(stored(hours(1, 3)).await, 110);
    assert_eq!(stored(hours(4, 9)).await, 0);
    assert_eq!(stored(hours(3, 10)).await, 1_000 + (1 << 40));
    let within = Timestamp::from_unix_ms(hour(0).unix_ms() + 1)..hour(3);
    assert_eq!(stored(within).await, 110, "the first hour began before");
    let all = Timestamp::from_unix_ms(i64::MIN)..Timestamp::from_unix_ms(i64::MAX);
    assert_eq!(stored(all).await, 0, "only the oldest hours of a span are read");
    let nobody = store.stored_bytes(action(3, 0).account, hours(0, 9)).await;
    assert_eq!(nobody, Ok(0));
}

pub async fn actions_that_fail_most_come_first(store: Arc<dyn Store>) {
    let [rarely, often, never, formerly] = [1, 2, 3, 4].map(|id| action(id % 2, id));
    let of = |key, nth, failed, succeeded| count(Scope::Action(key), nth, deliveries(failed, succeeded));
    let all = count(Scope::Installation, 2, deliveries(99, 99));
    add(
        &*store,
        vec![
            of(rarely, 1, 3, 0),
            of(rarely, 2, 0, 50),
            of(often, 1, 2, 10),
            of(often, 2, 2, 0),
            of(often, 5, 1, 1),
            of(never, 1, 0, 9),
            of(formerly, 0, 1_000, 1),
            all,
        ],
    )
    .await;
    let expected = [
        FailingAction {
            key: often,
            failed: 4,
            succeeded: 10,
        },
        FailingAction {
            key: rarely,
            failed: 3,
            succeeded: 50,
        },
    ];
    assert_eq!(failing(&*store, hours(1, 5), 10).await, expected);
    assert_eq!(failing(&*store, hours(1, 5), 1).await, expected[..1]);
    assert_eq!(failing(&*store, hours(0, 6), 1).await[0].key, formerly);
    let within = Timestamp::from_unix_ms(hour(0).unix_ms() + 1)..hour(5);
    assert_eq!(
        failing(&*store, within, 10).await,
        expected,
        "the first hour began before"
    );
}

pub async fn successes_are_summed_over_the_most_hours_that_a_span_may_have(store: Arc<dyn Store>) {
    let key = action(1, 1);
    let most = i64::try_from(STEPS_MAX).expect("few");
    let of = |nth, failed, succeeded| count(Scope::Action(key), nth, deliveries(failed, succeeded));
    add(&*store, vec![of(0, 1, 0), of(most - 1, 0, 1), of(most, 0, 10)]).await;
    let found = failing(&*store, hours(0, most + 2), 10).await;
    assert_eq!(found[0].succeeded, 1);
}

pub async fn old_steps_go_in_bounded_pieces_and_young_ones_stay(store: Arc<dyn Store>) {
    let mut added = Vec::new();
    let mut latencies = Vec::new();
    for nth in 0..20 {
        for scope in [Scope::Installation, Scope::Action(action(1, 1))] {
            added.push(count(scope, nth, deliveries(1, 1)));
            added.push(Count {
                step: TimeStep::Minute,
                ..count(scope, nth, deliveries(1, 1))
            });
        }
        latencies.push(latency(TimeStep::Hour, nth, 5, 1));
        latencies.push(latency(TimeStep::Minute, nth, 5, 1));
    }
    let added = store.add_statistics(added, latencies).await;
    assert_eq!(added, Ok(()));
    let mut removed = 0;
    loop {
        let step = store.prune_statistics(TimeStep::Hour, hour(15), 7).await;
        let step = step.expect("prune_statistics");
        assert!(step <= 2 * 7, "{step}");
        if step == 0 {
            break;
        }
        removed += step;
    }
    assert_eq!(removed, 15 * 3);
    for scope in [Scope::Installation, Scope::Action(action(1, 1))] {
        let left = read(&*store, scope, hours(0, 20)).await;
        let times: Vec<_> = left.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, (15..20).map(hour).collect::<Vec<_>>());
        let minutes = store.statistics(scope, TimeStep::Minute, hours(0, 20)).await;
        assert_eq!(
            minutes.expect("statistics").len(),
            20,
            "minutes are another matter"
        );
    }
    let bucket = bucket_of(Duration::from_millis(5));
    for (step, count) in [(TimeStep::Hour, 5), (TimeStep::Minute, 20)] {
        let mut expected = Histogram::new();
        expected.add(bucket, count);
        assert_eq!(store.latencies(step, hours(0, 20)).await, Ok(expected));
    }
}

pub async fn concurrent_additions_to_the_same_sums_all_count(store: Arc<dyn Store>) {
    const NODES: usize = 8;
    const ROUNDS: u64 = 10;
    let scopes: Vec<_> = (0..40).map(|id| Scope::Action(action(id % 3, id))).collect();
    let mut nodes = tokio::task::JoinSet::new();
    for node in 0..NODES {
        let (store, mut scopes) = (Arc::clone(&store), scopes.clone());
        // Each node adds in another order: if a store locked the rows in the given order, nodes would
        // deadlock.
        scopes.rotate_left(5 * node);
        if node % 2 == 0 {
            scopes.reverse();
        }
        nodes.spawn(async move {
            for _ in 0..ROUNDS {
                let counts = scopes.iter().map(|scope| count(*scope, 0, counts(1))).collect();
                let latencies = vec![latency(TimeStep::Hour, 0, 5, 1), latency(TimeStep::Hour, 0, 1, 1)];
                let added = store.add_statistics(counts, latencies).await;
                added.expect("add_statistics");
            }
        });
    }
    nodes.join_all().await;
    let mut expected = Counts::default();
    for _ in 0..NODES as u64 * ROUNDS {
        expected += counts(1);
    }
    for scope in scopes {
        assert_eq!(read(&*store, scope, hours(0, 1)).await, [(hour(0), expected)]);
    }
}

pub async fn the_backlog_is_what_is_pending_and_its_age(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let backlog = async |s| scene.store.backlog(at(s)).await.expect("backlog");
    assert_eq!(backlog(0).await, Backlog::default());
    for status in [
        DeliveryStatus::Succeeded,
        DeliveryStatus::Failed,
        DeliveryStatus::Canceled,
    ] {
        scene.append_in_status(1, status).await;
    }
    assert_eq!(backlog(50).await, Backlog::default());
    scene.append_owned(2).await;
    let owned = Backlog {
        pending: 1,
        ..Backlog::default()
    };
    assert_eq!(
        backlog(50).await,
        owned,
        "what a node has in hand waits for nothing"
    );
    for (s, action) in [(20, 1), (10, 2), (30, 0)] {
        let event = scene.event_for(s, &scene.actions[action..=action], FirstAttempt::Waiting);
        scene.append_new(&event).await;
    }
    let pending = |oldest_due| Backlog {
        pending: 4,
        is_more: false,
        oldest_due,
    };
    assert_eq!(backlog(9).await, pending(None));
    assert_eq!(backlog(10).await, pending(Some(at(10))));
    assert_eq!(backlog(50).await, pending(Some(at(10))));
}
