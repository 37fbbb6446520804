//! Promises about lists: complete, newest first, in pages that stay stable while new items are added.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

use postrider_model::{Account, AccountId, Automation, Delivery, Event, EventId};

use super::build::*;
use super::filters::within;
use super::scene::*;
use postrider_storage::{
    Appended, DeleteObject, DeliveryFilter, DeliveryKey, EventFilter, FirstAttempt, NewEvent, Page,
    PageRequest, Position, Store, StoreResult,
};

/// More pages than any list of the tests has, including empty ones.
const PAGES_MAX: usize = 10_000;

/// Reads a list to its end, and checks that no page is larger than requested.
pub async fn all_pages<T, F>(limit: usize, fetch: impl FnMut(PageRequest) -> F) -> Vec<T>
where
    F: Future<Output = StoreResult<Page<T>>>,
{
    pages_after(None, limit, fetch).await
}

/// Reads a list to its end, beginning after this position.
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

/// Checks that a list has exactly these items, in this order, with any limit, and that its pages stay the
/// same while `arrive` adds newer items.
async fn check_list<T, F, A>(expected: &[T], fetch: impl Fn(PageRequest) -> F, arrive: A)
where
    T: Clone + Debug + PartialEq,
    F: Future<Output = StoreResult<Page<T>>>,
    A: AsyncFn(),
{
    for limit in [1, 2, 3, 5, postrider_storage::LIMIT_MAX] {
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
        // The ids that the producer chose do not reflect the order; three events each share a time.
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

/// The situation when one node's clock lags behind another's: whichever order a store keeps, its pages match
/// it.
pub async fn events_whose_times_run_backwards_are_each_listed_once(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let seconds = [50, 20, 70, 20, 10, 60, 50];
    for s in seconds {
        scene.append_waiting(s).await;
    }
    let all = EventFilter::default();
    let whole = all_pages(250, |page| scene.store.events(scene.account, &all, page)).await;
    assert_eq!(whole.len(), seconds.len());
    for (after, before) in [
        (None, None),
        (Some(at(20)), None),
        (None, Some(at(50))),
        (Some(at(20)), Some(at(70))),
    ] {
        let filter = EventFilter {
            after,
            before,
            ..EventFilter::default()
        };
        let matches = |event: &&Event| within(event.created_at, after, before);
        let expected: Vec<_> = whole.iter().filter(matches).cloned().collect();
        for limit in [1, 2, 3] {
            let listed = all_pages(limit, |page| scene.store.events(scene.account, &filter, page)).await;
            assert_eq!(listed, expected, "{filter:?}, limit {limit}");
        }
        let filter = DeliveryFilter {
            after,
            before,
            ..DeliveryFilter::default()
        };
        let listed = all_pages(2, |page| scene.store.deliveries(scene.account, &filter, page)).await;
        let mut events: Vec<_> = listed.into_iter().map(|delivery| delivery.event).collect();
        let mut expected: Vec<_> = expected.into_iter().map(|event| event.id).collect();
        events.sort();
        expected.sort();
        assert_eq!(events, expected, "{filter:?}");
    }
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

pub async fn deliveries_of_all_accounts_are_listed_newest_first_in_pages_that_stay(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, automation) = scene.another_account(0).await;
    let (gone, of_gone) = scene.another_account(0).await;
    let mut expected: Vec<Delivery> = Vec::new();
    // An event of each account at each time. The pauses grow to weeks.
    for s in [1, 2, 3, 60, 4_000, 4_001, 90_000, 2_000_000] {
        let own = scene.waiting(s);
        scene.append_new(&own).await;
        expected.insert(0, delivery_of(&own, 0));
        for (account, automation) in [(gone, &of_gone), (other, &automation)] {
            let actions = [automation.actions[0].id];
            let mut event = scene.event(s);
            event.event.account = account;
            let event = scene.with_deliveries(event, automation.id, &actions, FirstAttempt::Waiting);
            scene.append_new(&event).await;
            if account == other {
                expected.insert(0, delivery_of(&event, 0));
            }
        }
    }
    assert_eq!(
        scene.store.delete_account(gone, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    let arrive = async || {
        for s in 3_000_000..3_000_003 {
            scene.append_waiting(s).await;
        }
    };
    let all = DeliveryFilter::default();
    check_list(
        &expected,
        |page| scene.store.deliveries_of_all(&all, page),
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
    assert_eq!(
        scene
            .store
            .delete_automation(scene.account, last, None, audit())
            .await,
        Ok(DeleteObject::Deleted)
    );
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
