//! Promises about the filters of lists: each alone and all combined, compared with a naive implementation.

use std::sync::Arc;

use postrider_model::{AutomationId, Delivery, DeliveryStatus, Event, Outcome, StatusCodes, Timestamp};

use super::build::*;
use super::lists::all_pages;
use super::scene::*;
use postrider_storage::{DeliveryFilter, EventFilter, FirstAttempt, Store};

pub async fn event_filters_hold_alone_and_together(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let types = ["a", "b", "A"].map(event_type);
    let mut newest_first: Vec<Event> = Vec::new();
    for s in 0..30 {
        let mut event = scene.event(s);
        event.event.event_type = types[usize::try_from(s).expect("few") % 3].clone();
        scene.append_new(&event).await;
        newest_first.insert(0, event.event);
    }
    let times = [
        None,
        Some(at(-1)),
        Some(at(0)),
        Some(at(10)),
        Some(at(11)),
        Some(at(29)),
        Some(at(30)),
    ];
    let names = types
        .into_iter()
        .chain([event_type("never")])
        .map(Some)
        .chain([None]);
    for event_type in names {
        for (after, before) in times
            .iter()
            .flat_map(|after| times.map(|before| (*after, before)))
        {
            let filter = EventFilter {
                event_type: event_type.clone(),
                after,
                before,
            };
            let matches = |event: &&Event| {
                filter
                    .event_type
                    .as_ref()
                    .is_none_or(|name| *name == event.event_type)
                    && within(event.created_at, after, before)
            };
            let expected: Vec<_> = newest_first.iter().filter(matches).cloned().collect();
            let listed = all_pages(7, |page| scene.store.events(scene.account, &filter, page)).await;
            assert_eq!(listed, expected, "{filter:?}");
        }
    }
}

/// Whether a time is at or after `after`, and before `before`.
pub fn within(time: Timestamp, after: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    after.is_none_or(|after| after <= time) && before.is_none_or(|before| time < before)
}

/// The naive implementation of a filter.
pub fn matches(filter: &DeliveryFilter, delivery: &Delivery) -> bool {
    filter
        .status
        .is_none_or(|status| status == delivery.progress.status)
        && filter.event.is_none_or(|event| event == delivery.event)
        && filter
            .automation
            .is_none_or(|automation| automation == delivery.automation)
        && filter.action.is_none_or(|action| action == delivery.action)
        && filter
            .event_type
            .as_ref()
            .is_none_or(|name| *name == delivery.event_type)
        && within(delivery.created_at, filter.after, filter.before)
        && filter
            .status_code
            .map(StatusCodes::range)
            .is_none_or(|(first, last)| {
                (first..=last)
                    .map(Some)
                    .any(|code| code == delivery.last_status_code)
            })
        && (filter.outcome.is_none() || filter.outcome == delivery.last_outcome)
}

/// Fills the scene with deliveries of two automations, two types and every status, with one event every two
/// seconds, and returns them newest first.
pub async fn deliveries_of_every_kind(scene: &Scene) -> Vec<Delivery> {
    let second = create_automation(&*scene.store, scene.account, new_automation(&scene.ids, 0, 2)).await;
    let second_actions: Vec<_> = second.actions.iter().map(|action| action.id).collect();
    let statuses = [
        DeliveryStatus::Succeeded,
        DeliveryStatus::Failed,
        DeliveryStatus::Canceled,
    ];
    let mut keys = Vec::new();
    for n in 0..16 {
        let s = 2 * i64::try_from(n).expect("few");
        let mut event = scene.event(s);
        event.event.event_type = event_type(["a", "b"][n % 2]);
        let mut event = match n % 3 {
            0 => scene.with_deliveries(event, second.id, &second_actions, FirstAttempt::Owned),
            _ => scene.with_deliveries(event, scene.automation, &scene.actions, FirstAttempt::Owned),
        };
        let status = |index: usize| statuses.get((n / 2 + index) % 4);
        for (index, delivery) in event.deliveries.iter_mut().enumerate() {
            // Of the pending deliveries, some wait and others are owned.
            if status(index).is_none() && n % 4 < 2 {
                delivery.first_attempt = FirstAttempt::Waiting;
            }
        }
        scene.append_new(&event).await;
        for (index, delivery) in event.deliveries.iter().enumerate() {
            let key = key_of(&event, index);
            if let Some(status) = status(index) {
                scene.settle(key, delivery.action, s + 1, *status).await;
            }
            keys.push(key);
        }
    }
    let mut deliveries = Vec::new();
    for key in keys.into_iter().rev() {
        deliveries.push(scene.delivery(key).await);
    }
    deliveries
}

/// Filters of every kind, alone and combined, for [`deliveries_of_every_kind`].
pub fn filters_of_every_kind(deliveries: &[Delivery]) -> Vec<DeliveryFilter> {
    let (some, other) = (&deliveries[7], &deliveries[20]);
    let statuses = DeliveryStatus::ALL.into_iter().map(Some).chain([None]);
    let mut filters = Vec::new();
    for status in statuses {
        for bits in 0_u32..64 {
            let set = |bit: u32| bits & (1 << bit) != 0;
            let sample = if bits % 5 < 3 { some } else { other };
            filters.push(DeliveryFilter {
                status,
                event: set(0).then_some(sample.event),
                automation: set(1).then_some(some.automation),
                action: set(2).then_some(sample.action),
                event_type: set(3).then(|| other.event_type.clone()),
                after: set(4).then_some(at(6)),
                before: set(5).then_some(at(28)),
                ..DeliveryFilter::default()
            });
        }
    }
    filters.extend(filters_of_the_last_attempt(some.automation));
    filters
}

/// Filters by status code and outcome: alone, together, and with a status and an automation.
fn filters_of_the_last_attempt(automation: AutomationId) -> Vec<DeliveryFilter> {
    let filter = |codes: &str, outcome| DeliveryFilter {
        status_code: codes.parse().ok(),
        outcome,
        ..DeliveryFilter::default()
    };
    vec![
        filter("204", None),
        filter("5xx", None),
        filter("504", None),
        filter("", Some(Outcome::BadStatus)),
        filter("", Some(Outcome::Timeout)),
        filter("2xx", Some(Outcome::Succeeded)),
        filter("2xx", Some(Outcome::BadStatus)),
        DeliveryFilter {
            status: Some(DeliveryStatus::Failed),
            automation: Some(automation),
            ..filter("5xx", Some(Outcome::BadStatus))
        },
        DeliveryFilter {
            status: Some(DeliveryStatus::Pending),
            ..filter("5xx", None)
        },
    ]
}

pub async fn delivery_filters_hold_alone_and_together(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut newest_first = deliveries_of_every_kind(&scene).await;
    let by_id = |mut deliveries: Vec<Delivery>| {
        deliveries.sort_by_key(|delivery| delivery.id);
        deliveries
    };
    for filter in filters_of_every_kind(&newest_first) {
        let expected = newest_first.iter().filter(|delivery| matches(&filter, delivery));
        let listed = all_pages(4, |page| scene.store.deliveries(scene.account, &filter, page)).await;
        assert!(
            listed.is_sorted_by(|a, b| a.created_at >= b.created_at),
            "newest first: {filter:?}"
        );
        assert_eq!(by_id(listed), by_id(expected.cloned().collect()), "{filter:?}");
    }

    // The same filters over all accounts.
    let (other, automation) = scene.another_account(0).await;
    let mut event = scene.event(40);
    event.event.account = other;
    let actions = [automation.actions[0].id];
    let event = scene.with_deliveries(event, automation.id, &actions, FirstAttempt::Waiting);
    scene.append_new(&event).await;
    let filters = filters_of_every_kind(&newest_first);
    newest_first.insert(0, delivery_of(&event, 0));
    for filter in filters {
        let expected = newest_first.iter().filter(|delivery| matches(&filter, delivery));
        let listed = all_pages(4, |page| scene.store.deliveries_of_all(&filter, page)).await;
        assert!(
            listed.is_sorted_by(|a, b| a.id > b.id),
            "newest first: {filter:?}"
        );
        assert_eq!(
            listed,
            expected.cloned().collect::<Vec<_>>(),
            "of all accounts: {filter:?}"
        );
    }
}
