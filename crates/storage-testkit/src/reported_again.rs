//! Promises of [`postrider_storage::WorkStore::advance`] about repeated reports, as from a caller that does
//! not know the result of its first call.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::delivery::Progress;
use postrider_model::{Attempt, DeliveryStatus, Outcome};

use super::build::*;
use super::finish::attempt_in;
use super::scene::*;
use postrider_storage::{Change, Recorded, Store};

pub async fn a_result_that_is_reported_again_is_applied_once(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    for (s, outcome) in [(100, Outcome::Succeeded), (200, Outcome::BadStatus)] {
        let key = scene.append_owned(s).await;
        let news = attempted(key, action, &Progress::new(), s, outcome);
        assert_eq!(scene.finish(news.clone()).await, Recorded::Applied);
        let before = scene.delivery(key).await;
        for _ in 0..2 {
            assert_eq!(scene.finish(news.clone()).await, Recorded::Applied);
        }
        let twice = vec![news.clone(), news.clone()];
        let recorded = finish_all(&*scene.store, scene.session, twice).await;
        assert_eq!(recorded, Ok(vec![Recorded::Applied; 2]));
        assert_eq!(scene.delivery(key).await, before);
        assert_eq!(scene.attempts(key).await, [attempt_in(&news)]);
    }
}

pub async fn a_result_that_comes_twice_in_one_call_is_applied_once(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    let news = attempted(key, action, &Progress::new(), 2, Outcome::Timeout);
    let twice = vec![news.clone(), news.clone()];
    let recorded = finish_all(&*scene.store, scene.session, twice).await;
    assert_eq!(recorded, Ok(vec![Recorded::Applied; 2]));
    assert_eq!(scene.attempts(key).await, [attempt_in(&news)]);
}

pub async fn a_result_that_is_reported_again_leaves_the_next_attempt_alone(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    let first = attempted(key, action, &Progress::new(), 2, Outcome::BadStatus);
    assert_eq!(scene.finish(first.clone()).await, Recorded::Applied);
    let claim = scene.claim(action, ROOM, at(50)).await;
    let owned = scene.delivery(key).await;
    assert_eq!(scene.finish(first.clone()).await, Recorded::Applied);
    assert_eq!(scene.delivery(key).await, owned, "it is still under way");
    let progress = claim.deliveries[0].progress;
    let second = attempted(key, action, &progress, 51, Outcome::Succeeded);
    assert_eq!(scene.finish(second.clone()).await, Recorded::Applied);
    let settled = scene.delivery(key).await;
    assert_eq!(settled.progress.status, DeliveryStatus::Succeeded);
    for again in [&first, &second] {
        assert_eq!(scene.finish(again.clone()).await, Recorded::Applied);
    }
    assert_eq!(scene.delivery(key).await, settled);
    assert_eq!(
        scene.attempts(key).await,
        [attempt_in(&first), attempt_in(&second)]
    );
}

pub async fn a_result_that_differs_from_what_is_on_record_is_not_taken_for_it(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let (key, action) = (scene.append_owned(1).await, scene.actions[0]);
    let news = attempted(key, action, &Progress::new(), 2, Outcome::Timeout);
    assert_eq!(scene.finish(news.clone()).await, Recorded::Applied);
    let changes: [fn(&mut Attempt); 3] = [
        |attempt| attempt.started_at = at(3),
        |attempt| attempt.duration += Duration::from_millis(1),
        |attempt| attempt.outcome = Outcome::ConnectError,
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let mut other = news.clone();
        if let Change::Attempted { attempt, .. } = &mut other.change {
            change(attempt);
        }
        assert_eq!(scene.finish(other).await, Recorded::Fenced);
        assert_eq!(scene.attempts(key).await.len(), n + 2);
    }
}

pub async fn a_fenced_result_that_is_reported_again_is_fenced_again(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let action = scene.actions[0];
    let key = scene.append_owned(1).await;
    let late = attempted(key, action, &Progress::new(), 2, Outcome::Succeeded);
    let closed = scene.store.close_session(scene.session, at(3)).await;
    assert_eq!(closed, Ok(()));
    let session = open_session(&*scene.store).await;
    let progress = claim(&*scene.store, session, action, ROOM, at(4))
        .await
        .deliveries[0]
        .progress;
    assert_eq!(scene.finish(late.clone()).await, Recorded::Fenced);
    let failed = attempted(key, action, &progress, 5, Outcome::BadStatus);
    let recorded = finish(&*scene.store, session, failed.clone()).await;
    assert_eq!(recorded, Recorded::Applied);
    for reporter in [scene.session, session] {
        let twice = vec![late.clone(), failed.clone(), late.clone()];
        let recorded = finish_all(&*scene.store, reporter, twice).await;
        let expected = vec![Recorded::Fenced, Recorded::Applied, Recorded::Fenced];
        assert_eq!(recorded, Ok(expected));
    }
    assert_eq!(scene.attempts(key).await.len(), 2);
    assert_eq!(scene.delivery(key).await.progress.status, DeliveryStatus::Pending);
}
