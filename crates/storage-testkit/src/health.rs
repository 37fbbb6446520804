//! The newest results of actions.

use std::ops::Range;
use std::sync::Arc;

use postrider_model::{ActionId, Timestamp};

use super::statistics::{action, add, count, deliveries, hour, hours};
use postrider_storage::Store;
use postrider_storage::statistics::{ActionKey, Counts, NewestResults, RESULT_HOURS_MAX, Scope};

async fn newest(
    store: &dyn Store,
    of: ActionKey,
    actions: Vec<ActionId>,
    span: Range<Timestamp>,
) -> Vec<NewestResults> {
    let results = store.newest_results(of.account, actions, span).await;
    let mut results = results.expect("newest_results");
    results.sort_by_key(|results| results.action);
    results
}

pub async fn the_newest_results_of_an_action_begin_with_its_last_success(store: Arc<dyn Store>) {
    let [failing, recovered, mixed, idle, anothers] = [1, 2, 3, 4, 5].map(|id| action(1 + id / 5, id));
    let of = |key, nth, failed, succeeded| count(Scope::Action(key), nth, deliveries(failed, succeeded));
    let attempts = Counts {
        attempts: 3,
        attempts_failed: 3,
        canceled: 1,
        ..Counts::default()
    };
    add(
        &*store,
        vec![
            of(failing, 0, 9, 0),
            of(failing, 1, 1, 1),
            of(failing, 2, 2, 0),
            count(Scope::Action(failing), 3, attempts),
            of(failing, 5, 1, 0),
            of(failing, 6, 0, 1),
            of(recovered, 2, 3, 0),
            of(recovered, 4, 0, 1),
            of(mixed, 3, 1, 0),
            of(anothers, 2, 1, 0),
            count(Scope::Installation, 2, deliveries(5, 0)),
        ],
    )
    .await;
    let results = |key: ActionKey, last_success: Option<i64>, failures: Option<(i64, i64)>| NewestResults {
        action: key.action,
        last_success: last_success.map(hour),
        failures_since: failures.map(|(first, last)| (hour(first), hour(last))),
    };
    let wanted = || {
        vec![
            failing.action,
            recovered.action,
            mixed.action,
            idle.action,
            anothers.action,
        ]
    };
    assert_eq!(
        newest(&*store, failing, wanted(), hours(0, 6)).await,
        [
            results(failing, Some(1), Some((2, 5))),
            results(recovered, Some(4), None),
            results(mixed, None, Some((3, 3))),
            results(idle, None, None),
            results(anothers, None, None),
        ]
    );
    let late = newest(&*store, failing, vec![failing.action, mixed.action], hours(3, 5)).await;
    assert_eq!(
        late,
        [results(failing, None, None), results(mixed, None, Some((3, 3)))]
    );
    assert_eq!(newest(&*store, failing, Vec::new(), hours(0, 6)).await, []);
}

pub async fn the_newest_results_of_many_actions_look_back_less_far(store: Arc<dyn Store>) {
    let key = action(1, 1);
    let failed = |nth| count(Scope::Action(key), nth, deliveries(1, 0));
    add(&*store, (0..4).map(failed).collect()).await;
    let actions = |number: usize| (1..=number as u128).map(ActionId::from_u128).collect();
    let all = newest(&*store, key, actions(1), hours(0, 9)).await;
    assert_eq!(all[0].failures_since, Some((hour(0), hour(3))));
    let fewer = newest(&*store, key, actions(RESULT_HOURS_MAX / 2), hours(0, 9)).await;
    assert_eq!(fewer.len(), RESULT_HOURS_MAX / 2);
    assert_eq!(fewer[0].failures_since, Some((hour(2), hour(3))));
}
