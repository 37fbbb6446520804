//! Promises of [`postrider_storage::DeliveryStore::claim`] and
//! [`postrider_storage::DeliveryStore::waiting_lanes`].

use std::sync::Arc;

use bytes::Bytes;
use postrider_model::delivery::Progress;
use postrider_model::{DeliveryStatus, EventHeaders, Outcome, Timestamp};

use super::build::*;
use super::missed::{add, new_missed};
use super::scene::*;
use postrider_storage::{
    Claim, ClaimRequest, DeliveryKey, DueAhead, DueEarlier, FirstAttempt, ReadyDelivery, Recorded, Store,
    WaitingLane,
};

fn keys(claim: &Claim) -> Vec<DeliveryKey> {
    claim.deliveries.iter().map(|delivery| delivery.key).collect()
}

pub async fn a_claimed_delivery_comes_with_all_that_an_attempt_needs(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let event = scene.event_for(1, &scene.actions, FirstAttempt::Waiting);
    scene.append_new(&event).await;
    for (index, action) in scene.actions.iter().enumerate() {
        let claim = scene.claim(*action, ROOM, at(1)).await;
        let expected = ReadyDelivery {
            key: key_of(&event, index),
            automation: scene.automation,
            action: *action,
            body: BODY,
            progress: Progress::new(),
            event: Arc::new(event.event.clone()),
        };
        assert_eq!(claim.deliveries, [expected]);
        assert_eq!(claim.next_due, None);
        let read = scene.delivery(key_of(&event, index)).await;
        assert_eq!(
            (read.progress.status, read.next_attempt_at),
            (DeliveryStatus::Pending, None)
        );
    }
}

pub async fn a_delivery_is_claimed_once(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let key = scene.append_waiting(1).await;
    let action = scene.actions[0];
    assert_eq!(keys(&scene.claim(action, ROOM, at(5)).await), [key]);
    assert_eq!(scene.claim(action, ROOM, at(5)).await, Claim::default());
    scene.settle(key, action, 6, DeliveryStatus::Succeeded).await;
    assert_eq!(scene.claim(action, ROOM, at(1_000_000)).await, Claim::default());
}

pub async fn nothing_is_claimed_before_it_is_due(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    let key = scene.append_owned(1).await;
    let failed = attempted(key, action, &Progress::new(), 2, Outcome::BadStatus);
    assert_eq!(scene.finish(failed).await, Recorded::Applied);
    let due = at(2)
        .after(ATTEMPT_DURATION)
        .after(std::time::Duration::from_secs(10));
    let early = scene
        .claim(action, ROOM, due.before(std::time::Duration::from_millis(1)))
        .await;
    assert_eq!((keys(&early), early.next_due), (vec![], Some(due)));
    let claim = scene.claim(action, ROOM, due).await;
    assert_eq!((keys(&claim), claim.next_due), (vec![key], None));
    assert_eq!(claim.deliveries[0].progress.attempts, 1);
}

pub async fn those_due_first_are_claimed_first(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut events = Vec::new();
    for s in [40, 10, 50, 20, 30] {
        let event = scene.waiting(s);
        scene.append_new(&event).await;
        events.push((s, key_of(&event, 0)));
    }
    events.sort_by_key(|(s, _)| *s);
    let due: Vec<_> = events.into_iter().map(|(_, key)| key).collect();
    let action = scene.actions[0];
    let claim = scene.claim(action, 2, at(45)).await;
    assert_eq!((keys(&claim), claim.next_due), (due[..2].to_vec(), Some(at(30))));
    let claim = scene.claim(action, 5, at(45)).await;
    assert_eq!((keys(&claim), claim.next_due), (due[2..4].to_vec(), Some(at(50))));
    let claim = scene.claim(action, 5, at(50)).await;
    assert_eq!((keys(&claim), claim.next_due), (due[4..].to_vec(), None));
}

pub async fn what_is_due_earlier_than_asked_for_is_left(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (action, other) = (scene.actions[0], scene.actions[1]);
    for s in [10, 20, 30] {
        scene.append_new(&scene.waiting(s)).await;
    }
    let event = scene.event_for(15, &[other], FirstAttempt::Waiting);
    scene.append_new(&event).await;
    let request = |action, since_s, room| ClaimRequest {
        action,
        since: at(since_s),
        room,
        room_bytes: usize::MAX,
    };
    let claim = async |requests: Vec<ClaimRequest>| {
        let claims = scene.store.claim(scene.session, requests, at(25)).await;
        let claims = claims.expect("claim");
        let facts = |claim: &Claim| (claim.deliveries.len(), claim.next_due);
        claims.iter().map(facts).collect::<Vec<_>>()
    };
    let lanes = async |since_s| {
        let lanes = scene.store.waiting_lanes(at(since_s), None, 10).await;
        let lanes = lanes.expect("waiting_lanes");
        let facts = |lane: &WaitingLane| (lane.action, lane.next_due);
        lanes.iter().map(facts).collect::<Vec<_>>()
    };
    assert_eq!(lanes(10).await.len(), 2);
    assert_eq!(lanes(16).await, [(action, at(20))]);
    let both = vec![request(action, 20, 0), request(other, 16, 5)];
    assert_eq!(claim(both).await, [(0, Some(at(20))), (0, None)]);
    assert_eq!(claim(vec![request(action, 20, 5)]).await, [(1, Some(at(30)))]);
    assert_eq!(claim(vec![request(action, 31, 5)]).await, [(0, None)]);
    assert_eq!(lanes(31).await, []);
    assert_eq!(claim(vec![request(action, 10, 5)]).await, [(1, Some(at(30)))]);
}

pub async fn no_room_claims_nothing_and_tells_what_is_due(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    scene.append_waiting(3).await;
    let claim = scene.claim(scene.actions[0], 0, at(10)).await;
    assert_eq!((keys(&claim), claim.next_due), (vec![], Some(at(3))));
    let claim = scene.claim(scene.actions[1], ROOM, at(10)).await;
    assert_eq!(claim, Claim::default(), "another action's are not given");
}

pub async fn bytes_bound_a_claim_but_never_keep_the_first_back(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    for s in 0..10 {
        let mut event = scene.waiting(s);
        let size = if s == 0 { 200_000 } else { 10_000 };
        event.event.data = Bytes::from(format!("\"{}\"", "x".repeat(size - 2)));
        scene.append_new(&event).await;
    }
    let claim = |room_bytes| {
        let store = Arc::clone(&scene.store);
        let request = ClaimRequest {
            action,
            since: ALL_TIME,
            room: ROOM,
            room_bytes,
        };
        let session = scene.session;
        async move {
            let mut claims = store.claim(session, vec![request], at(100)).await.expect("claim");
            claims.remove(0)
        }
    };
    let first = claim(1).await;
    assert_eq!((first.deliveries.len(), first.next_due), (1, Some(at(1))));
    assert_eq!(first.deliveries[0].event.data.len(), 200_000);
    let none = claim(0).await;
    assert_eq!((none.deliveries.len(), none.next_due), (1, Some(at(2))));
    let some = claim(30_000).await;
    assert!(
        (1..=4).contains(&some.deliveries.len()),
        "about 30,000 bytes: {}",
        some.deliveries.len()
    );
    let left = 8 - some.deliveries.len();
    let rest = claim(80_000).await;
    assert_eq!(
        (rest.deliveries.len(), rest.next_due),
        (left, None),
        "all that is left fits"
    );
}

pub async fn headers_of_events_count_toward_the_bytes_of_a_claim(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (action, other) = (scene.actions[0], scene.actions[1]);
    let header = ("X-Tenant".to_owned(), "x".repeat(992));
    for s in 0..4 {
        let mut event = scene.waiting(s);
        event.event.headers = EventHeaders::new(vec![header.clone(); 4]);
        scene.append_new(&event).await;
        let missed = new_missed(&scene, &event, &[other]);
        assert_eq!(add(&scene, vec![missed], 5).await, 1);
    }
    for action in [action, other] {
        let request = ClaimRequest {
            action,
            since: ALL_TIME,
            room: ROOM,
            room_bytes: 10_000,
        };
        let claims = scene.store.claim(scene.session, vec![request], at(100)).await;
        let claimed = claims.expect("claim")[0].deliveries.len();
        assert_eq!(claimed, 2, "of 4,000 bytes of headers each");
    }
}

pub async fn requests_of_one_call_are_served_in_order(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for s in 0..4 {
        scene
            .append_new(&scene.event_for(s, &scene.actions, FirstAttempt::Waiting))
            .await;
    }
    let wishes = [(1, 2), (0, 1), (1, 1), (2, 0), (1, 5)];
    let requests = wishes.map(|(action, room)| ClaimRequest {
        action: scene.actions[action],
        since: ALL_TIME,
        room,
        room_bytes: usize::MAX,
    });
    let claims = scene
        .store
        .claim(scene.session, requests.to_vec(), at(9))
        .await
        .expect("claim");
    let got: Vec<_> = claims
        .iter()
        .map(|claim| (claim.deliveries.len(), claim.next_due))
        .collect();
    let expected = [
        (2, Some(at(2))),
        (1, Some(at(1))),
        (1, Some(at(3))),
        (0, Some(at(0))),
        (1, None),
    ];
    assert_eq!(got, expected);
    for (claim, request) in claims.iter().zip(requests) {
        assert!(
            claim
                .deliveries
                .iter()
                .all(|delivery| delivery.action == request.action)
        );
    }
    let nothing = scene.store.claim(scene.session, vec![], at(9)).await;
    assert_eq!(nothing, Ok(vec![]));
}

pub async fn deliveries_of_one_event_claimed_together_share_it(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for s in 0..3 {
        scene
            .append_new(&scene.event_for(s, &scene.actions, FirstAttempt::Waiting))
            .await;
    }
    let requests = scene.actions.iter().map(|action| ClaimRequest {
        action: *action,
        since: ALL_TIME,
        room: ROOM,
        room_bytes: usize::MAX,
    });
    let claims = scene.store.claim(scene.session, requests.collect(), at(9)).await;
    let claims = claims.expect("claim");
    for n in 0..3 {
        let event = &claims[0].deliveries[n].event;
        for claim in &claims[1..] {
            assert!(
                Arc::ptr_eq(event, &claim.deliveries[n].event),
                "event {n} is shared"
            );
        }
    }
}

pub async fn every_action_with_waiting_deliveries_is_a_lane_due_or_not(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let actions: Vec<_> = (0..60).map(|_| scene.ids.action(at(0))).collect();
    // Every action has two deliveries. Those of the first third are owned; of the second third, one waits for
    // a retry years ahead.
    for s in [50, 20] {
        let mut event = scene.event_for(s, &actions, FirstAttempt::Waiting);
        for delivery in &mut event.deliveries[..20] {
            delivery.first_attempt = FirstAttempt::Owned;
        }
        scene.append_new(&event).await;
    }
    for action in &actions[20..40] {
        let claim = scene.claim(*action, 1, at(30)).await;
        let ready = &claim.deliveries[0];
        let failed = attempted(ready.key, *action, &ready.progress, 100_000_000, Outcome::Timeout);
        assert_eq!(scene.finish(failed).await, Recorded::Applied);
    }
    let mut expected: Vec<_> = actions[20..]
        .iter()
        .enumerate()
        .map(|(n, action)| WaitingLane {
            account: scene.account,
            action: *action,
            next_due: if n < 20 { at(50) } else { at(20) },
        })
        .collect();
    expected.sort_by_key(|lane| lane.action);
    for limit in [1, 7, 39, 40, 1000] {
        let mut lanes: Vec<WaitingLane> = Vec::new();
        loop {
            let after = lanes.last().map(|lane| lane.action);
            let more = scene
                .store
                .waiting_lanes(ALL_TIME, after, limit)
                .await
                .expect("waiting_lanes");
            assert!(more.len() <= limit, "at most {limit}");
            if more.is_empty() {
                break;
            }
            lanes.extend(more);
            assert!(lanes.len() <= expected.len(), "lanes come once");
        }
        assert_eq!(lanes, expected, "limit {limit}");
    }
}

pub async fn a_lane_that_only_waits_for_a_retry_is_listed(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    let key = scene.append_owned(1).await;
    assert_eq!(scene.store.waiting_lanes(ALL_TIME, None, 10).await, Ok(vec![]));
    let failed = attempted(key, action, &Progress::new(), 1, Outcome::Timeout);
    assert_eq!(scene.finish(failed).await, Recorded::Applied);
    let lane = WaitingLane {
        account: scene.account,
        action,
        next_due: at(11).after(ATTEMPT_DURATION),
    };
    assert_eq!(
        scene.store.waiting_lanes(ALL_TIME, None, 10).await,
        Ok(vec![lane])
    );
    assert_eq!(
        scene.store.waiting_lanes(ALL_TIME, Some(action), 10).await,
        Ok(vec![])
    );
    assert_eq!(keys(&scene.claim(action, ROOM, at(20)).await), [key]);
    assert_eq!(scene.store.waiting_lanes(ALL_TIME, None, 10).await, Ok(vec![]));
}

pub async fn due_times_ahead_are_listed_in_order_and_brought_forward(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut expected = Vec::new();
    for s in [1, 2, 3] {
        let event = scene.event_for(s, &scene.actions, FirstAttempt::Owned);
        scene.append_new(&event).await;
        for (index, action) in scene.actions.iter().enumerate() {
            let key = key_of(&event, index);
            let failed = attempted(key, *action, &Progress::new(), s * 10, Outcome::BadStatus);
            assert_eq!(scene.finish(failed).await, Recorded::Applied);
            let due = at(s * 10 + 10).after(ATTEMPT_DURATION);
            expected.push((*action, due, key));
        }
    }
    scene.append_waiting(4).await;
    expected.sort_unstable_by_key(|(action, due, key)| (*action, *due, key.delivery));
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let found = scene.store.due_ahead(at(10), after, 2).await.expect("due_ahead");
        after = found.last().copied();
        if found.is_empty() {
            break;
        }
        listed.extend(found);
    }
    let facts: Vec<_> = listed.iter().map(|one| (one.action, one.due, one.key)).collect();
    assert_eq!(facts, expected, "what is due at once is not ahead");
    assert_eq!(listed[0].automation, scene.automation);
    assert_eq!(
        (listed[0].progress.attempts, listed[0].last_status_code),
        (1, Some(503))
    );
    let earlier = |one: &DueAhead, due: Timestamp| DueEarlier {
        key: one.key,
        due,
        earlier: at(5),
    };
    let changes = vec![earlier(&listed[3], listed[3].due), earlier(&listed[4], at(999))];
    assert_eq!(
        scene.store.bring_forward(changes).await,
        Ok(1),
        "only what still waits for that time"
    );
    let claim = scene.claim(listed[3].action, ROOM, at(5)).await;
    assert_eq!(keys(&claim), [listed[3].key]);
    let owned = vec![earlier(&listed[3], at(5))];
    assert_eq!(scene.store.bring_forward(owned).await, Ok(0));
}
