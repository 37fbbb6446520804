//! Lists, replays and pruning of more rows than one step may look at.

mod support;

use postrider_model::DeliveryStatus;
use postrider_storage::{
    DeliveryFilter, DeliveryStore, EventFilter, EventStore, FirstAttempt, PageRequest, RetentionStore,
};
use postrider_storage_sqlite::SqliteStore;
use postrider_storage_testkit::build::{at, audit, event_type};
use postrider_storage_testkit::lists::all_pages;
use postrider_storage_testkit::scene::Scene;

/// More than the 20,000 rows that one step looks at.
const EVENTS: i64 = 25_000;

async fn append_many(scene: &Scene, first_attempt: FirstAttempt) {
    for first in (0..EVENTS).step_by(1000) {
        let events = (first..first + 1000).map(|s| scene.event_for(s, &scene.actions[..1], first_attempt));
        scene.append(events.collect()).await;
    }
}

const FIRST_PAGE: PageRequest = PageRequest {
    limit: 50,
    after: None,
};

#[tokio::test]
async fn a_filter_that_nothing_passes_ends_a_page_early() {
    let (scene, store, _folder) = support::scene(SqliteStore::open_inline).await;
    let mut rare = scene.event(-10);
    rare.event.event_type = event_type("rare");
    let rare = scene.with_deliveries(rare, scene.automation, &scene.actions[..1], FirstAttempt::Waiting);
    scene.append_new(&rare).await;
    append_many(&scene, FirstAttempt::Waiting).await;

    let filter = EventFilter {
        event_type: Some(event_type("rare")),
        ..EventFilter::default()
    };
    let page = store.events(scene.account, &filter, FIRST_PAGE).await.unwrap();
    assert_eq!(page.items, []);
    assert!(page.next.is_some(), "there may be more");
    let all = all_pages(50, |page| store.events(scene.account, &filter, page)).await;
    assert_eq!(all, std::slice::from_ref(&rare.event));

    for status in [None, Some(DeliveryStatus::Pending)] {
        let filter = DeliveryFilter {
            event_type: Some(event_type("rare")),
            status,
            ..DeliveryFilter::default()
        };
        let page = store
            .deliveries(scene.account, &filter, FIRST_PAGE)
            .await
            .unwrap();
        assert_eq!((page.items.len(), page.next.is_some()), (0, true), "{status:?}");
        let all = all_pages(50, |page| store.deliveries(scene.account, &filter, page)).await;
        assert_eq!(all.len(), 1, "{status:?}");
        assert_eq!(all[0].event, rare.event.id);
    }

    let filter = DeliveryFilter::default();
    let actions = &scene.actions;
    let step = store
        .replay_step(scene.account, &filter, actions, None, at(EVENTS), Some(audit()))
        .await
        .unwrap();
    assert_eq!(
        (step.replayed, step.next.is_some()),
        (0, true),
        "a step of a replay ends early as well"
    );
}

#[tokio::test]
async fn pending_events_are_passed_over_once_per_round() {
    let (scene, store, folder) = support::scene(SqliteStore::open_inline).await;
    append_many(&scene, FirstAttempt::Waiting).await;
    for s in EVENTS..EVENTS + 10 {
        scene.append_new(&scene.event(s)).await;
    }
    let first = store.prune(at(EVENTS + 100), 100).await.unwrap();
    assert_eq!((first.events, first.more), (0, true), "enough was looked at");
    let second = store.prune(at(EVENTS + 100), 100).await.unwrap();
    assert_eq!(
        (second.events, second.more),
        (10, true),
        "it went on where the first step ended, and began to look by account"
    );
    let mut steps = 0;
    while store.prune(at(EVENTS + 100), 100).await.unwrap().more {
        steps += 1;
        assert!(steps < 40, "the round ends");
    }
    drop((scene, store));
    support::assert_is_whole(folder.path());
}
