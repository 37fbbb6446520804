//! Promises about lists: complete, newest first, in pages that stay where they are while new items arrive.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use postrider_model::{Account, AccountId, Automation, Delivery, DeliveryStatus, Event, EventId, Timestamp};

use super::build::*;
use super::scene::*;
use crate::{
    Appended, DeliveryFilter, DeliveryKey, EventFilter, FirstAttempt, NewEvent, Page, PageRequest, Position,
    Store, StoreResult,
};

/// Most pages that any of the tests' lists can have, empty ones included.
const PAGES_MAX: usize = 10_000;

/// Reads a list to its end, checking that no page is larger than asked for.
pub async fn all_pages<T, F>(limit: usize, fetch: impl FnMut(PageRequest) -> F) -> Vec<T>
where
    F: Future<Output = StoreResult<Page<T>>>,
{
    pages_after(None, limit, fetch).await
}

/// Reads a list to its end from behind this place.
pub async fn pages_after<T, F>(
    mut after: Option<Position>,
    limit: usize,
    mut fetch: impl FnMut(PageRequest) -> F,
) -> Vec<T>
where
    F: Future<Output = StoreResult<Page<T>>>,
{
    let mut items = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = fetch(PageRequest { limit, after }).await.expect("a page");
        assert!(
            page.items.len() <= limit,
            "{} items, limit {limit}",
            page.items.len()
        );
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return items;
        }
    }
    panic!("the list has no end");
}

/// Checks that a list has exactly these items, in this order, whatever the limit; that its pages stay while
/// `arrive` adds newer ones; and returns nothing.
async fn check_list<T, F, A>(expected: &[T], fetch: impl Fn(PageRequest) -> F, arrive: A)
where
    T: Clone + Debug + PartialEq,
    F: Future<Output = StoreResult<Page<T>>>,
    A: AsyncFn(),
{
    for limit in [1, 2, 3, 5, crate::LIMIT_MAX] {
        assert_eq!(all_pages(limit, &fetch).await, expected, "limit {limit}");
    }
    let request = PageRequest {
        limit: 2,
        after: None,
    };
    let first = fetch(request).await.expect("a page");
    arrive().await;
    let mut items = first.items;
    if first.next.is_some() {
        items.extend(pages_after(first.next, 3, &fetch).await);
    }
    assert_eq!(
        items, expected,
        "what arrives meanwhile neither shifts nor repeats"
    );
    let now = all_pages(4, &fetch).await;
    assert!(
        now.len() > expected.len() && now.ends_with(expected),
        "what arrived is in front: {now:?}"
    );
}

pub async fn accounts_are_listed_newest_first_in_pages_that_stay(store: Arc<dyn Store>) {
    let ids = postrider_model::IdGenerator::new(SEED);
    let mut expected: Vec<Account> = Vec::new();
    for s in 0..9 {
        expected.insert(
            0,
            create_account(&*store, new_account(&ids, s), new_key(&ids, s)).await,
        );
    }
    let arrive = async || {
        for s in 10..13 {
            create_account(&*store, new_account(&ids, s), new_key(&ids, s)).await;
        }
    };
    check_list(&expected, |page| store.accounts(page), arrive).await;
}

pub async fn automations_are_listed_newest_first_in_pages_that_stay(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let store = &scene.store;
    let (account, first) = scene.another_account(1).await;
    let mut expected: Vec<Automation> = vec![first];
    let add = async |account: AccountId, s: i64| {
        create_automation(&**store, account, new_automation(&scene.ids, s, 2)).await
    };
    for s in 2..9 {
        expected.insert(0, add(account, s).await);
        add(scene.account, s).await;
    }
    let arrive = async || {
        for s in 10..13 {
            add(account, s).await;
        }
    };
    check_list(&expected, |page| store.automations(account, page), arrive).await;
}

pub async fn events_are_listed_in_the_reverse_order_of_acceptance(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(0).await;
    let mut expected: Vec<Event> = Vec::new();
    for s in 1..10_i64 {
        // Ids of the producer's say nothing about the order; three events each share a moment.
        let mut event = scene.event(1 + s / 3);
        event.event.id =
            EventId::from_u128(0x7000_8000_0000_0000_0000 + (7 * s.cast_unsigned() as u128) % 10);
        event.id_is_callers = true;
        scene.append_new(&event).await;
        expected.insert(0, event.event.clone());
        event.event.account = other;
        scene.append_new(&event).await;
    }
    let arrive = async || {
        for s in 20..23 {
            scene.append_new(&scene.event(s)).await;
        }
    };
    let all = EventFilter::default();
    check_list(
        &expected,
        |page| scene.store.events(scene.account, &all, page),
        arrive,
    )
    .await;
}

pub async fn events_of_one_call_were_accepted_in_its_order(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut events: Vec<NewEvent> = (0..8).map(|_| scene.event(1)).collect();
    events.swap(1, 6);
    assert_eq!(scene.append(events.clone()).await, vec![Appended::Stored; 8]);
    let filter = EventFilter::default();
    let listed = all_pages(3, |page| scene.store.events(scene.account, &filter, page)).await;
    let expected: Vec<_> = events.into_iter().rev().map(|new| new.event).collect();
    assert_eq!(listed, expected);
}

pub async fn deliveries_are_listed_newest_first_in_pages_that_stay(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut expected: Vec<Delivery> = Vec::new();
    for s in 1..10 {
        let event = scene.waiting(s);
        scene.append_new(&event).await;
        expected.insert(0, delivery_of(&event, 0));
    }
    let arrive = async || {
        for s in 20..23 {
            scene.append_waiting(s).await;
        }
    };
    let all = DeliveryFilter::default();
    check_list(
        &expected,
        |page| scene.store.deliveries(scene.account, &all, page),
        arrive,
    )
    .await;
}

pub async fn a_position_outlives_the_item_it_was_made_from(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for s in 1..6 {
        create_automation(&*scene.store, scene.account, new_automation(&scene.ids, s, 1)).await;
    }
    let fetch = |page| scene.store.automations(scene.account, page);
    let request = PageRequest {
        limit: 3,
        after: None,
    };
    let first = fetch(request).await.expect("a page");
    let last = first.items.last().expect("a full page").id;
    assert_eq!(scene.store.delete_automation(scene.account, last).await, Ok(true));
    let rest: Vec<_> = pages_after(first.next, 3, fetch).await;
    let names: Vec<_> = rest.iter().map(|automation| automation.name.as_str()).collect();
    assert_eq!(names, ["Automation 2", "Automation 1", "Automation 0"]);
}

pub async fn anothers_objects_are_invisible(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, automation) = scene.another_account(0).await;
    let event = scene.waiting(1);
    scene.append_new(&event).await;
    let key = DeliveryKey {
        account: other,
        ..key_of(&event, 0)
    };
    assert_eq!(scene.store.event(other, event.event.id).await, Ok(None));
    assert_eq!(scene.store.delivery(key).await, Ok(None));
    let filter = EventFilter::default();
    let events = all_pages(10, |page| scene.store.events(other, &filter, page)).await;
    assert_eq!(events, []);
    let filter = DeliveryFilter {
        event: Some(event.event.id),
        ..DeliveryFilter::default()
    };
    let deliveries = all_pages(10, |page| scene.store.deliveries(other, &filter, page)).await;
    assert_eq!(deliveries, []);
    let automations = all_pages(10, |page| scene.store.automations(other, page)).await;
    assert_eq!(automations, [automation]);
}

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

/// Whether a time lies between a first one, inclusive, and a last one, exclusive.
pub fn within(time: Timestamp, after: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    after.is_none_or(|after| after <= time) && before.is_none_or(|before| time < before)
}

/// The naive reading of a filter.
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
}

/// Fills the scene with deliveries of two automations, two types and every status, one event each two seconds, and
/// returns them newest first.
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
        let event = match n % 3 {
            0 => scene.with_deliveries(event, second.id, &second_actions, FirstAttempt::Owned),
            _ => scene.with_deliveries(event, scene.automation, &scene.actions, FirstAttempt::Owned),
        };
        scene.append_new(&event).await;
        for (index, delivery) in event.deliveries.iter().enumerate() {
            let key = key_of(&event, index);
            if let Some(status) = statuses.get((n / 2 + index) % 4) {
                scene.settle(key, delivery.action, s + 1, *status).await;
            } else if n % 4 < 2 {
                let given = scene.store.give_back(scene.session, vec![key], at(s + 1)).await;
                assert_eq!(given, Ok(()));
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

/// Filters of every kind, alone and combined, that suit [`deliveries_of_every_kind`].
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
            });
        }
    }
    filters
}

pub async fn delivery_filters_hold_alone_and_together(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let newest_first = deliveries_of_every_kind(&scene).await;
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
}
