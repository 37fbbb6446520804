//! Promises of [`postrider_storage::SessionStore`].
//!
//! A store with its own clock times leases by it, so these tests pass the real time and wait for conditions.
//! Whether an earlier session survives the opening of a later one is up to the store.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::delivery::Progress;
use postrider_model::{ActionId, DeliveryStatus, Outcome, Timestamp};
use tokio::time::{Instant, sleep};

use super::build::*;
use super::scene::*;
use postrider_storage::{
    Appended, Change, Claim, DeliveryKey, Finished, LIVE_SESSIONS_MAX, LiveSession, Recorded, Resent,
    SessionId, Store,
};

/// A lease that runs out soon, but leaves time for a few verbs.
const SHORT_LEASE: Duration = Duration::from_secs(2);

/// How far a store's own clock may differ from this process's.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(300);

/// The real time.
#[expect(
    clippy::disallowed_methods,
    reason = "a server's clock cannot be passed in, only be agreed with"
)]
pub fn real_now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = since_1970.expect("it is later than 1970").as_millis();
    Timestamp::from_unix_ms(i64::try_from(ms).expect("it is earlier than the year 292 million"))
}

/// Checks that a delivery waits, due at about `now`, by the caller's clock or the store's.
async fn assert_due_about(scene: &Scene, key: DeliveryKey, now: Timestamp) {
    let read = scene.delivery(key).await;
    assert_eq!(read.progress.status, DeliveryStatus::Pending);
    let due = read.next_attempt_at.expect("it waits");
    let apart = due.since(now).max(now.since(due));
    assert!(apart < CLOCKS_APART_MAX, "due {due}, now {now}");
}

/// A scene after the death of a session that owned `owned` deliveries, that session, and the deliveries'
/// keys.
pub async fn scene_after_a_crash(store: Arc<dyn Store>, owned: i64) -> (Scene, SessionId, Vec<DeliveryKey>) {
    let mut scene = Scene::new(store).await;
    let opened = scene.store.open_session(SHORT_LEASE, real_now()).await;
    let crashed = opened.expect("open_session");
    scene.session = crashed;
    let events: Vec<_> = (0..owned).map(|s| scene.owned(s)).collect();
    scene.append(events.clone()).await;
    let opened = scene.store.open_session(LONG_LEASE, real_now()).await;
    scene.session = opened.expect("open_session");
    let alive = scene
        .store
        .renew_session(crashed, real_now())
        .await
        .expect("renew_session");
    if alive {
        sleep(SHORT_LEASE + SHORT_LEASE / 2).await;
        let renewed = scene.store.renew_session(crashed, real_now()).await;
        assert_eq!(renewed, Ok(false), "its lease ran out");
    }
    let keys = events.iter().map(|event| key_of(event, 0)).collect();
    (scene, crashed, keys)
}

pub async fn a_fresh_store_answers_its_check(store: Arc<dyn Store>) {
    assert_eq!(store.check().await, Ok(()));
}

pub async fn session_ids_are_never_reused(store: Arc<dyn Store>) {
    let mut seen = Vec::new();
    for _ in 0..10 {
        let session = open_session(&*store).await;
        assert!(!seen.contains(&session), "{session:?} of {seen:?}");
        seen.push(session);
        store
            .close_session(session, real_now())
            .await
            .expect("close_session");
    }
}

pub async fn a_session_that_was_never_opened_is_dead(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let never = SessionId(scene.session.0 + 1_000_000);
    assert_eq!(scene.store.renew_session(never, real_now()).await, Ok(false));
    let key = scene.append_waiting(1).await;
    let claim = claim(&*scene.store, never, scene.actions[0], ROOM, at(5)).await;
    assert_eq!(claim.deliveries, []);
    assert_eq!(scene.delivery(key).await.next_attempt_at, Some(at(1)));
}

pub async fn a_session_lives_as_long_as_it_renews(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    // If this process is held up for a large part of the lease, the session may rightly be dead.
    for _ in 0..5 {
        let opened = scene.store.open_session(SHORT_LEASE, real_now()).await;
        let session = opened.expect("open_session");
        let (began, mut renewed_at, mut held_up) = (Instant::now(), Instant::now(), false);
        while began.elapsed() < SHORT_LEASE + SHORT_LEASE / 2 && !held_up {
            sleep(SHORT_LEASE / 20).await;
            let renewed = scene.store.renew_session(session, real_now()).await;
            held_up = renewed_at.elapsed() > SHORT_LEASE / 2;
            assert!(held_up || renewed == Ok(true), "{renewed:?}");
            renewed_at = Instant::now();
        }
        if held_up {
            continue;
        }
        let appended = append(&*scene.store, session, vec![scene.waiting(1)]).await;
        assert_eq!(appended, Ok(vec![Appended::Stored]));
        let claim = claim(&*scene.store, session, action, ROOM, real_now()).await;
        assert!(claim.deliveries.len() == 1 || renewed_at.elapsed() > SHORT_LEASE / 2);
        return;
    }
    panic!("this machine is too busy to tell");
}

pub async fn a_session_that_missed_its_renewal_is_dead_for_good(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let waiting = scene.append_waiting(1).await;
    let opened = scene
        .store
        .open_session(Duration::from_millis(100), real_now())
        .await;
    let session = opened.expect("open_session");
    sleep(Duration::from_millis(400)).await;
    for _ in 0..3 {
        assert_eq!(scene.store.renew_session(session, real_now()).await, Ok(false));
        let claim = claim(&*scene.store, session, scene.actions[0], ROOM, real_now()).await;
        assert_eq!(claim.deliveries, []);
    }
    assert_eq!(scene.delivery(waiting).await.next_attempt_at, Some(at(1)));
    let later = open_session(&*scene.store).await;
    let claim = claim(&*scene.store, later, scene.actions[0], ROOM, at(2)).await;
    assert_eq!(claim.deliveries.len(), 1);
}

pub async fn living_sessions_are_told_with_the_end_of_their_lease(store: Arc<dyn Store>) {
    let live = async || store.sessions(real_now()).await.expect("sessions");
    let ids = |live: &[LiveSession]| live.iter().map(|session| session.id).collect::<Vec<_>>();
    assert_eq!(live().await, [], "nobody began one");
    let brief = Duration::from_millis(300);
    let missed = store.open_session(brief, real_now()).await.expect("open_session");
    sleep(2 * brief).await;
    assert_eq!(
        live().await,
        [],
        "its lease is over, though nobody declared it dead"
    );
    assert_eq!(store.renew_session(missed, real_now()).await, Ok(false));
    assert_eq!(live().await, [], "it is dead");
    let opened = store.open_session(LONG_LEASE, real_now()).await;
    let kept = opened.expect("open_session");
    let [told] = live().await[..] else {
        panic!("one lives")
    };
    assert_eq!(told.id, kept);
    let ends = real_now().after(LONG_LEASE);
    let apart = told.alive_until.since(ends).max(ends.since(told.alive_until));
    assert!(
        apart < CLOCKS_APART_MAX,
        "until {}, now + lease {ends}",
        told.alive_until
    );
    sleep(Duration::from_millis(10)).await;
    assert_eq!(store.renew_session(kept, real_now()).await, Ok(true));
    assert!(live().await[0].alive_until > told.alive_until, "it renewed");
    let later = open_session(&*store).await;
    let both_live = store.renew_session(kept, real_now()).await == Ok(true);
    let expected = if both_live { vec![kept, later] } else { vec![later] };
    assert_eq!(ids(&live().await), expected);
    store
        .close_session(later, real_now())
        .await
        .expect("close_session");
    assert_eq!(ids(&live().await), &expected[..expected.len() - 1]);
}

pub async fn no_more_sessions_are_told_than_the_limit(store: Arc<dyn Store>) {
    let mut opened = Vec::new();
    for _ in 0..=LIVE_SESSIONS_MAX {
        opened.push(open_session(&*store).await);
    }
    let told = store.sessions(real_now()).await.expect("sessions");
    let told: Vec<_> = told.into_iter().map(|session| session.id).collect();
    let outlives = told.len() > 1;
    let expected = if outlives {
        &opened[..LIVE_SESSIONS_MAX]
    } else {
        &opened[LIVE_SESSIONS_MAX..]
    };
    assert_eq!(told, expected);
}

pub async fn closing_a_session_makes_what_it_owned_wait(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    let owned = scene.append_owned(1).await;
    let claimed = scene.append_waiting(2).await;
    assert_eq!(scene.claim(action, ROOM, at(3)).await.deliveries.len(), 1);
    let mut not_owned = Vec::new();
    for (s, status) in (4..).zip(DeliveryStatus::ALL) {
        let key = scene.append_in_status(s, status).await;
        not_owned.push((key, scene.delivery(key).await));
    }
    let now = real_now();
    assert_eq!(scene.store.close_session(scene.session, now).await, Ok(()));
    for key in [owned, claimed] {
        assert_due_about(&scene, key, now).await;
        assert_eq!(scene.delivery(key).await.progress, Progress::new(), "untried");
    }
    for (key, before) in not_owned {
        assert_eq!(scene.delivery(key).await, before);
    }
    assert_eq!(scene.store.renew_session(scene.session, now).await, Ok(false));
    assert_eq!(scene.claim(action, ROOM, far_ahead()).await.deliveries, []);
    let late = settled(owned, action, 5, DeliveryStatus::Canceled);
    assert_eq!(scene.finish(late).await, Recorded::Fenced);
    assert_eq!(
        scene.store.close_session(scene.session, now).await,
        Ok(()),
        "closing twice is harmless"
    );
    assert_eq!(
        scene.store.reclaim(now, 10).await,
        Ok(0),
        "nothing is left to reclaim"
    );
    let later = open_session(&*scene.store).await;
    let claim = claim(&*scene.store, later, action, ROOM, far_ahead()).await;
    assert_eq!(claim.deliveries.len(), 3, "these two, and the one that waited");
}

pub async fn reclaiming_goes_in_steps_and_takes_from_the_dead_only(store: Arc<dyn Store>) {
    let (scene, _, crashed) = scene_after_a_crash(store, 7).await;
    let mine = scene.append_owned(100).await;
    let mine_before = scene.delivery(mine).await;
    for key in &crashed {
        assert_eq!(scene.delivery(*key).await.next_attempt_at, None, "still owned");
    }
    let now = real_now();
    for (expected, waiting) in [(3, 3), (3, 6), (1, 7), (0, 7)] {
        assert_eq!(scene.store.reclaim(now, 3).await, Ok(expected));
        let mut waits = 0;
        for key in &crashed {
            waits += usize::from(scene.delivery(*key).await.next_attempt_at.is_some());
        }
        assert_eq!(waits, waiting);
    }
    for key in crashed {
        assert_due_about(&scene, key, now).await;
    }
    assert_eq!(scene.delivery(mine).await, mine_before, "the living keep theirs");
    let claim = scene.claim(scene.actions[0], ROOM, far_ahead()).await;
    assert_eq!(claim.deliveries.len(), 7);
}

pub async fn a_dead_session_cannot_take_back_what_was_reclaimed(store: Arc<dyn Store>) {
    let (scene, dead, keys) = scene_after_a_crash(store, 1).await;
    let action = scene.actions[0];
    assert_eq!(scene.store.reclaim(real_now(), 10).await, Ok(1));
    let before = scene.delivery(keys[0]).await;
    let dead_claim = claim(&*scene.store, dead, action, ROOM, far_ahead()).await;
    assert_eq!(dead_claim.deliveries, []);
    assert_eq!(scene.store.close_session(dead, at(500)).await, Ok(()));
    let late = settled(keys[0], action, 2, DeliveryStatus::Canceled);
    assert_eq!(finish(&*scene.store, dead, late).await, Recorded::Fenced);
    assert_eq!(scene.delivery(keys[0]).await, before);
    assert_eq!(scene.attempts(keys[0]).await.len(), 0);
    let claim = scene.claim(action, ROOM, far_ahead()).await;
    assert_eq!(claim.deliveries.len(), 1);
}

pub async fn what_a_dead_session_knows_counts_until_another_takes_over(store: Arc<dyn Store>) {
    let (scene, dead, keys) = scene_after_a_crash(store, 5).await;
    let action = scene.actions[0];
    let known = |nth: usize, outcome| attempted(keys[nth], action, &Progress::new(), 2, outcome);
    let report = async |finished: &Finished| finish(&*scene.store, dead, finished.clone()).await;
    let unreclaimed = known(0, Outcome::Succeeded);
    assert_eq!(report(&unreclaimed).await, Recorded::Applied);
    assert_eq!(scene.store.reclaim(real_now(), 10).await, Ok(4));
    let succeeded = known(1, Outcome::Succeeded);
    assert_eq!(report(&succeeded).await, Recorded::Applied);
    assert_eq!(report(&succeeded).await, Recorded::Applied, "reported again");
    let failed = known(2, Outcome::BadStatus);
    assert_eq!(report(&failed).await, Recorded::Applied);
    assert_eq!(
        scene.delivery(keys[2]).await.next_attempt_at,
        Some(at(12).after(ATTEMPT_DURATION)),
        "its retry"
    );
    let resent = scene.store.resend(keys[3], at(600), audit()).await;
    assert_eq!(resent, Ok(Resent::Due(action)));
    assert_eq!(report(&known(3, Outcome::Succeeded)).await, Recorded::Fenced);
    let claimed = scene.claim(action, ROOM, far_ahead()).await.deliveries;
    assert_eq!(claimed.len(), 3, "with the retry and the resend");
    assert_eq!(report(&known(4, Outcome::Succeeded)).await, Recorded::Fenced);
    let taken_over = claimed.iter().find(|claimed| claimed.key == keys[4]);
    let progress = taken_over.expect("it was claimed").progress;
    let failed = attempted(keys[4], action, &progress, 700, Outcome::BadStatus);
    assert_eq!(scene.finish(failed).await, Recorded::Applied);
    let before = scene.delivery(keys[4]).await;
    let mut late = known(4, Outcome::Succeeded);
    if let Change::Attempted { attempt, .. } = &mut late.change {
        attempt.duration *= 2;
    }
    assert_eq!(report(&late).await, Recorded::Fenced, "another was made since");
    assert_eq!(scene.delivery(keys[4]).await, before);
    for nth in [0, 1] {
        let read = scene.delivery(keys[nth]).await;
        assert_eq!(read.progress.status, DeliveryStatus::Succeeded);
        assert_eq!(scene.attempts(keys[nth]).await.len(), 1);
    }
}

pub async fn closing_a_session_leaves_what_another_owned(store: Arc<dyn Store>) {
    let (scene, _, keys) = scene_after_a_crash(store, 2).await;
    assert_eq!(scene.store.close_session(scene.session, at(50)).await, Ok(()));
    for key in keys {
        assert_eq!(scene.delivery(key).await.next_attempt_at, None);
    }
    assert_eq!(scene.store.reclaim(real_now(), 10).await, Ok(2));
}

pub async fn what_a_dead_session_appends_is_not_lost(store: Arc<dyn Store>) {
    let (scene, dead, _) = scene_after_a_crash(store, 0).await;
    let event = scene.owned(1);
    let appended = append(&*scene.store, dead, vec![event.clone()]).await;
    if appended.is_err() {
        assert_eq!(scene.store.event(scene.account, event.event.id).await, Ok(None));
        return;
    }
    scene.store.reclaim(real_now(), 10).await.expect("reclaim");
    let action: ActionId = scene.actions[0];
    let claim: Claim = scene.claim(action, ROOM, far_ahead()).await;
    assert_eq!(claim.deliveries.len(), 1);
    assert_eq!(claim.deliveries[0].key, key_of(&event, 0));
}
