//! Promises of [`postrider_storage::WorkStore::advance`] about reports, and of
//! [`postrider_storage::DeliveryStore::record`]. Promises about repeated reports are in
//! [`super::reported_again`].

use std::sync::Arc;

use postrider_model::delivery::Progress;
use postrider_model::{Attempt, Delivery, DeliveryStatus, Outcome};

use super::build::*;
use super::odd_attempts::odd_attempts;
use super::scene::*;
use postrider_storage::{Change, DeliveryKey, Finished, FirstAttempt, Recorded, Store};

/// The attempt in a report.
pub(super) fn attempt_in(finished: &Finished) -> Attempt {
    match &finished.change {
        Change::Attempted { attempt, .. } => (**attempt).clone(),
        Change::Canceled { .. } => panic!("no attempt was made"),
    }
}

pub async fn a_receipt_settles_a_delivery(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let event = scene.owned(1);
    scene.append_new(&event).await;
    let key = key_of(&event, 0);
    let news = attempted(key, scene.actions[0], &Progress::new(), 2, Outcome::Succeeded);
    assert_eq!(scene.finish(news.clone()).await, Recorded::Applied);
    let expected = Delivery {
        progress: Progress {
            status: DeliveryStatus::Succeeded,
            attempts: 1,
            ..Progress::new()
        },
        settled_at: Some(at(2).after(ATTEMPT_DURATION)),
        last_status_code: Some(204),
        last_outcome: Some(Outcome::Succeeded),
        ..delivery_of(&event, 0)
    };
    assert_eq!(scene.delivery(key).await, expected);
    assert_eq!(scene.attempts(key).await, [attempt_in(&news)]);
}

pub async fn a_failure_with_retries_left_waits_and_the_last_one_settles(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let event = scene.owned(1);
    scene.append_new(&event).await;
    let (key, action) = (key_of(&event, 0), scene.actions[0]);
    let mut attempts = Vec::new();
    let mut progress = Progress::new();
    // The default schedule: at once, 10 s after the first failure, 100 s after the second.
    for (s, retry_s, outcome) in [
        (2, Some(12), Outcome::Timeout),
        (12, Some(112), Outcome::BadStatus),
        (112, None, Outcome::TlsError),
    ] {
        if progress.attempts > 0 {
            let claim = scene.claim(action, ROOM, at(s + 1)).await;
            assert_eq!(claim.deliveries[0].progress, progress, "as it was recorded");
        }
        let news = attempted(key, action, &progress, s, outcome);
        assert_eq!(scene.finish(news.clone()).await, Recorded::Applied);
        attempts.push(attempt_in(&news));
        progress = progress_in(&news);
        let read = scene.delivery(key).await;
        assert_eq!(read.progress, progress);
        assert_eq!(
            read.next_attempt_at,
            retry_s.map(|s| at(s).after(ATTEMPT_DURATION))
        );
        let ended = at(s).after(ATTEMPT_DURATION);
        assert_eq!(read.settled_at, retry_s.is_none().then_some(ended));
        assert_eq!(read.last_outcome, Some(outcome));
        assert_eq!(
            read.last_status_code,
            (outcome == Outcome::BadStatus).then_some(503)
        );
        assert_eq!(scene.attempts(key).await, attempts);
    }
    assert_eq!(progress.status, DeliveryStatus::Failed);
}

/// The progress in a report.
fn progress_in(finished: &Finished) -> Progress {
    match &finished.change {
        Change::Attempted { progress, .. } => *progress,
        Change::Canceled { .. } => panic!("no attempt was made"),
    }
}

pub async fn a_canceled_delivery_has_no_attempt(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let event = scene.owned(1);
    scene.append_new(&event).await;
    let key = key_of(&event, 0);
    let news = settled(key, scene.actions[0], 5, DeliveryStatus::Canceled);
    assert_eq!(scene.finish(news).await, Recorded::Applied);
    let expected = Delivery {
        progress: Progress {
            status: DeliveryStatus::Canceled,
            ..Progress::new()
        },
        settled_at: Some(at(5)),
        ..delivery_of(&event, 0)
    };
    assert_eq!(scene.delivery(key).await, expected);
    assert_eq!(scene.attempts(key).await, []);
}

pub async fn canceling_after_a_failure_keeps_what_was_tried(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    let news = attempted(key, action, &Progress::new(), 2, Outcome::BadStatus);
    assert_eq!(scene.finish(news.clone()).await, Recorded::Applied);
    scene.claim(action, ROOM, at(60)).await;
    let canceled = settled(key, action, 61, DeliveryStatus::Canceled);
    assert_eq!(scene.finish(canceled).await, Recorded::Applied);
    let read = scene.delivery(key).await;
    assert_eq!(
        (read.progress.status, read.progress.attempts),
        (DeliveryStatus::Canceled, 1)
    );
    assert_eq!((read.settled_at, read.next_attempt_at), (Some(at(61)), None));
    assert_eq!(
        (read.last_outcome, read.last_status_code),
        (Some(Outcome::BadStatus), Some(503))
    );
    assert_eq!(scene.attempts(key).await, [attempt_in(&news)]);
}

pub async fn attempts_read_back_exactly_and_in_order(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_owned(0).await, scene.actions[0]);
    let attempts = odd_attempts();
    for attempt in &attempts {
        if attempt.number > 1 {
            assert_eq!(scene.claim(action, ROOM, at(0)).await.deliveries.len(), 1);
        }
        let progress = Progress {
            attempts: attempt.number,
            ..Progress::new()
        };
        let change = Change::Attempted {
            attempt: Box::new(attempt.clone()),
            progress,
            next: postrider_model::delivery::Next::Retry(at(0)),
            disables: None,
            report: None,
        };
        assert_eq!(
            scene.finish(Finished { key, action, change }).await,
            Recorded::Applied
        );
        let read = scene.delivery(key).await;
        assert_eq!(read.last_status_code, attempt.exchange.status_code());
        assert_eq!(read.last_outcome, Some(attempt.outcome));
    }
    let read = scene.attempts(key).await;
    assert_eq!(read.len(), attempts.len(), "as many as were written");
    for (read, attempt) in read.iter().zip(&attempts) {
        assert_eq!(read, attempt);
    }
}

pub async fn attempts_are_their_accounts_own(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let key = scene.append_in_status(1, DeliveryStatus::Succeeded).await;
    let foreign = DeliveryKey {
        account: other,
        ..key
    };
    assert_eq!(scene.attempts(key).await.len(), 1);
    assert_eq!(scene.attempts(foreign).await, []);
    assert_eq!(scene.store.delivery(foreign).await, Ok(None));
}

pub async fn news_of_a_delivery_that_does_not_exist_is_missing(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (other, _) = scene.another_account(1).await;
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    let never = key_of(&scene.owned(2), 0);
    let foreign = DeliveryKey {
        account: other,
        ..key
    };
    for status in [DeliveryStatus::Succeeded, DeliveryStatus::Canceled] {
        assert_eq!(
            scene.finish(settled(never, action, 3, status)).await,
            Recorded::Missing
        );
        assert_eq!(
            scene.finish(settled(foreign, action, 3, status)).await,
            Recorded::Missing
        );
    }
    assert_eq!(scene.attempts(never).await, []);
    assert_eq!(scene.attempts(foreign).await, []);
    assert_eq!(scene.attempts(key).await, [], "nothing was written");
    scene.settle(key, action, 4, DeliveryStatus::Succeeded).await;
}

pub async fn a_second_finish_is_fenced_and_only_adds_to_the_record(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    scene.settle(key, action, 2, DeliveryStatus::Succeeded).await;
    let before = scene.delivery(key).await;
    let second = attempted(key, action, &Progress::new(), 3, Outcome::BadStatus);
    assert_eq!(scene.finish(second.clone()).await, Recorded::Fenced);
    let canceled = settled(key, action, 4, DeliveryStatus::Canceled);
    assert_eq!(scene.finish(canceled).await, Recorded::Fenced);
    assert_eq!(scene.delivery(key).await, before, "the state is as it was");
    let attempts = scene.attempts(key).await;
    assert_eq!(attempts.len(), 2);
    let renumbered = Attempt {
        number: 2,
        ..attempt_in(&second)
    };
    assert_eq!(attempts[1], renumbered, "under the next free number");
}

pub async fn one_call_is_answered_in_order_and_applied_whole(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let event = scene.event_for(1, &scene.actions, FirstAttempt::Owned);
    scene.append_new(&event).await;
    let [a, b, c] = [0, 1, 2].map(|index| key_of(&event, index));
    let never = key_of(&scene.owned(2), 0);
    let new = Progress::new();
    let actions = &scene.actions;
    let news = vec![
        attempted(a, actions[0], &new, 3, Outcome::Succeeded),
        settled(never, actions[0], 3, DeliveryStatus::Failed),
        attempted(b, actions[1], &new, 3, Outcome::DnsError),
        attempted(a, actions[0], &new, 4, Outcome::Succeeded),
        settled(c, actions[2], 5, DeliveryStatus::Canceled),
        settled(c, actions[2], 6, DeliveryStatus::Canceled),
    ];
    let recorded = finish_all(&*scene.store, scene.session, news).await;
    let expected = vec![
        Recorded::Applied,
        Recorded::Missing,
        Recorded::Applied,
        Recorded::Fenced,
        Recorded::Applied,
        Recorded::Fenced,
    ];
    assert_eq!(recorded, Ok(expected));
    let mut statuses = Vec::new();
    for key in [a, b, c] {
        let read = scene.delivery(key).await;
        statuses.push((
            read.progress.status,
            read.next_attempt_at.is_some(),
            scene.attempts(key).await.len(),
        ));
    }
    let expected = [
        (DeliveryStatus::Succeeded, false, 2),
        (DeliveryStatus::Pending, true, 1),
        (DeliveryStatus::Canceled, false, 0),
    ];
    assert_eq!(statuses, expected);
}

pub async fn another_sessions_news_is_fenced_and_changes_no_state(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    let other = open_session(&*scene.store).await;
    let before = scene.delivery(key).await;
    let news = attempted(key, action, &Progress::new(), 2, Outcome::Succeeded);
    assert_eq!(finish(&*scene.store, other, news.clone()).await, Recorded::Fenced);
    assert_eq!(scene.delivery(key).await, before);
    assert_eq!(scene.attempts(key).await, [attempt_in(&news)]);
}

/// A delivery that was claimed again after its owning session ended, and a late report of that session.
async fn claimed_again(scene: &mut Scene) -> (DeliveryKey, Finished, Delivery) {
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    let late = attempted(key, action, &Progress::new(), 2, Outcome::Succeeded);
    let earlier = scene.session;
    scene
        .store
        .close_session(earlier, at(10))
        .await
        .expect("close_session");
    scene.session = open_session(&*scene.store).await;
    // `far_ahead`, because a store with its own clock sets the due time by that clock.
    let claim = scene.claim(action, ROOM, far_ahead()).await;
    assert_eq!(claim.deliveries.len(), 1);
    let before = scene.delivery(key).await;
    assert_eq!(
        finish(&*scene.store, earlier, late.clone()).await,
        Recorded::Fenced
    );
    (key, late, before)
}

pub async fn late_news_after_another_session_claimed_changes_no_state(store: Arc<dyn Store>) {
    let mut scene = Scene::new(store).await;
    let (key, late, before) = claimed_again(&mut scene).await;
    assert_eq!(scene.delivery(key).await, before);
    assert_eq!(scene.attempts(key).await, [attempt_in(&late)]);
}

pub async fn an_owner_whose_number_a_late_attempt_took_is_recorded_under_the_next(store: Arc<dyn Store>) {
    let mut scene = Scene::new(store).await;
    let (key, late, _) = claimed_again(&mut scene).await;
    let news = attempted(key, scene.actions[0], &Progress::new(), 20, Outcome::BadStatus);
    assert_eq!(scene.finish(news.clone()).await, Recorded::Applied);
    let read = scene.delivery(key).await;
    assert_eq!(read.progress.status, DeliveryStatus::Pending);
    assert_eq!(read.next_attempt_at, Some(at(30).after(ATTEMPT_DURATION)));
    assert_eq!(read.last_outcome, Some(Outcome::BadStatus));
    let second = Attempt {
        number: 2,
        ..attempt_in(&news)
    };
    assert_eq!(scene.attempts(key).await, [attempt_in(&late), second]);
}
