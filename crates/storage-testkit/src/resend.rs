//! Promises of [`postrider_storage::DeliveryStore::resend`].

use std::sync::Arc;

use postrider_model::delivery::{ATTEMPTS_MAX, Next, Progress};
use postrider_model::{Delivery, DeliveryStatus, Outcome, Timestamp};

use super::build::*;
use super::scene::*;
use postrider_storage::{Change, DeliveryKey, Finished, Recorded, Resent, Store};

async fn resend(scene: &Scene, key: DeliveryKey, now: Timestamp) -> Resent {
    scene.store.resend(key, now, audit()).await.expect("resend")
}

/// Resends a settled delivery and claims it. Returns its new progress.
async fn resend_and_claim(scene: &Scene, key: DeliveryKey, s: i64) -> Progress {
    let action = scene.actions[0];
    assert_eq!(resend(scene, key, at(s)).await, Resent::Due(action));
    let claim = scene.claim(action, ROOM, at(s)).await;
    assert_eq!(claim.deliveries.len(), 1);
    assert_eq!(claim.deliveries[0].key, key);
    claim.deliveries[0].progress
}

pub async fn a_settled_delivery_is_due_again_at_once(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    for (s, status) in [
        (1, DeliveryStatus::Succeeded),
        (1001, DeliveryStatus::Failed),
        (2001, DeliveryStatus::Canceled),
    ] {
        let key = scene.append_in_status(s, status).await;
        let before = scene.delivery(key).await;
        assert_eq!(
            resend(&scene, key, at(s + 50)).await,
            Resent::Due(scene.actions[0])
        );
        let expected = Delivery {
            progress: before.progress.resend().expect("few attempts"),
            next_attempt_at: Some(at(s + 50)),
            settled_at: None,
            ..before
        };
        assert_eq!(scene.delivery(key).await, expected);
        let early = scene.claim(scene.actions[0], ROOM, at(s + 49)).await;
        assert_eq!((early.deliveries, early.next_due), (vec![], Some(at(s + 50))));
        let claim = scene.claim(scene.actions[0], ROOM, at(s + 50)).await;
        assert_eq!(claim.deliveries[0].progress, expected.progress);
    }
}

pub async fn a_failed_resend_leaves_a_receipt_in_place(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let key = scene.append_in_status(1, DeliveryStatus::Succeeded).await;
    let progress = resend_and_claim(&scene, key, 50).await;
    let news = attempted(key, scene.actions[0], &progress, 51, Outcome::BadStatus);
    assert_eq!(scene.finish(news).await, Recorded::Applied);
    let read = scene.delivery(key).await;
    let expected = Progress {
        status: DeliveryStatus::Succeeded,
        attempts: 2,
        resends: 1,
        resend_of: None,
    };
    assert_eq!((read.progress, read.next_attempt_at), (expected, None));
    assert_eq!(
        (read.last_outcome, read.last_status_code),
        (Some(Outcome::BadStatus), Some(503))
    );
    assert!(read.settled_at.is_some());
    assert_eq!(scene.attempts(key).await.len(), 2);
}

pub async fn a_resend_can_be_asked_for_again_and_again(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let key = scene.append_in_status(1, DeliveryStatus::Failed).await;
    for s in 2..30 {
        let progress = resend_and_claim(&scene, key, 10 * s).await;
        assert_eq!(progress.resend_of, Some(DeliveryStatus::Failed));
        let news = attempted(key, scene.actions[0], &progress, 10 * s, Outcome::Timeout);
        assert_eq!(scene.finish(news).await, Recorded::Applied);
        let read = scene.delivery(key).await.progress;
        assert_eq!(read.status, DeliveryStatus::Failed);
        assert_eq!(
            (read.attempts, read.resends),
            (read.resends + 1, progress.resends + 1)
        );
    }
    let progress = resend_and_claim(&scene, key, 1000).await;
    let news = attempted(key, scene.actions[0], &progress, 1001, Outcome::Succeeded);
    assert_eq!(scene.finish(news).await, Recorded::Applied);
    assert_eq!(
        scene.delivery(key).await.progress.status,
        DeliveryStatus::Succeeded
    );
}

pub async fn a_waiting_delivery_is_hurried_and_its_schedule_left_alone(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    let news = attempted(key, action, &Progress::new(), 2, Outcome::BadStatus);
    assert_eq!(scene.finish(news).await, Recorded::Applied);
    assert_eq!(resend(&scene, key, at(5)).await, Resent::Due(action));
    let read = scene.delivery(key).await;
    assert_eq!(read.next_attempt_at, Some(at(5)));
    assert_eq!(read.progress.resend_of, Some(DeliveryStatus::Pending));
    assert_eq!(
        resend(&scene, key, at(6)).await,
        Resent::Due(action),
        "asked for twice"
    );
    let claim = scene.claim(action, ROOM, at(6)).await;
    assert_eq!(claim.deliveries.len(), 1, "one attempt comes of it");
    let ready = &claim.deliveries[0];
    assert_eq!(ready.progress.resend_of, Some(DeliveryStatus::Pending));
    let news = attempted(key, action, &ready.progress, 7, Outcome::BadStatus);
    assert_eq!(scene.finish(news).await, Recorded::Applied);
    let read = scene.delivery(key).await;
    assert_eq!(
        read.next_attempt_at,
        Some(at(17).after(ATTEMPT_DURATION)),
        "10 s, not 100 s"
    );
    assert_eq!((read.progress.attempts, read.progress.resends), (2, 1));
}

pub async fn a_delivery_that_waits_untried_is_due_no_later_than_before(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let key = scene.append_waiting(1).await;
    assert_eq!(resend(&scene, key, at(50)).await, Resent::Due(scene.actions[0]));
    let claim = scene.claim(scene.actions[0], ROOM, at(50)).await;
    assert_eq!(claim.deliveries.len(), 1);
}

pub async fn an_owned_delivery_is_under_way_and_not_changed(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let owned = scene.append_owned(1).await;
    let before = scene.delivery(owned).await;
    assert_eq!(resend(&scene, owned, at(5)).await, Resent::UnderWay);
    assert_eq!(scene.delivery(owned).await, before);
    let settled = scene.append_in_status(2, DeliveryStatus::Failed).await;
    resend_and_claim(&scene, settled, 50).await;
    let before = scene.delivery(settled).await;
    assert_eq!(resend(&scene, settled, at(51)).await, Resent::UnderWay);
    assert_eq!(scene.delivery(settled).await, before);
}

pub async fn the_record_of_one_delivery_is_bounded(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    for (s, attempts, expected) in [
        (1, ATTEMPTS_MAX, Resent::TooManyAttempts),
        (2, ATTEMPTS_MAX - 1, Resent::Due(action)),
    ] {
        let key = scene.append_owned(s).await;
        let progress = Progress {
            status: DeliveryStatus::Failed,
            attempts,
            resends: attempts - 3,
            resend_of: None,
        };
        let change = Change::Attempted {
            attempt: Box::new(attempt(attempts, s, Outcome::BadStatus)),
            progress,
            next: Next::Settle(DeliveryStatus::Failed),
            disables: None,
            report: None,
        };
        let news = Finished { key, action, change };
        assert_eq!(scene.finish(news).await, Recorded::Applied);
        let before = scene.delivery(key).await;
        assert_eq!(before.progress, progress);
        assert_eq!(resend(&scene, key, at(50)).await, expected);
        if expected == Resent::TooManyAttempts {
            assert_eq!(scene.delivery(key).await, before, "nothing was changed");
        }
    }
}

pub async fn a_resend_needs_the_accounts_own_delivery(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let key = scene.append_in_status(1, DeliveryStatus::Failed).await;
    let before = scene.delivery(key).await;
    let foreign = DeliveryKey {
        account: other,
        ..key
    };
    assert_eq!(resend(&scene, foreign, at(5)).await, Resent::Missing);
    assert_eq!(scene.delivery(key).await, before);
    let never = key_of(&scene.owned(9), 0);
    assert_eq!(resend(&scene, never, at(5)).await, Resent::Missing);
}
