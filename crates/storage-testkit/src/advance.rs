//! Promises of [`postrider_storage::WorkStore::advance`] about its two halves together. The promises about
//! each half are in [`super::append`] and [`super::finish`].

use std::sync::Arc;

use postrider_model::delivery::Progress;
use postrider_model::{DeliveryStatus, Outcome};

use super::build::*;
use super::scene::*;
use postrider_storage::{Appended, DeliveryKey, Finished, NewEvent, Recorded, Store};

/// A successful attempt of a delivery of the scene's first action.
fn receipt(scene: &Scene, key: DeliveryKey) -> Finished {
    attempted(key, scene.actions[0], &Progress::new(), 2, Outcome::Succeeded)
}

async fn status(scene: &Scene, key: DeliveryKey) -> DeliveryStatus {
    scene.delivery(key).await.progress.status
}

pub async fn both_halves_of_a_step_are_written_and_answered_in_order(store: Arc<dyn Store>) {
    let scene = Scene::new(Arc::clone(&store)).await;
    let (first, second) = (scene.append_owned(1).await, scene.append_owned(2).await);
    let known = scene.owned(3);
    scene.append_new(&known).await;
    let known = NewEvent {
        id_is_callers: true,
        ..known
    };
    let new = scene.owned(4);
    let events = [known.clone(), new.clone()].into();
    let missing = key_of(&scene.owned(5), 0);
    let finished = [first, missing, second].map(|key| receipt(&scene, key)).into();
    let advanced = store.advance(scene.session, events, finished).await;
    assert_eq!(
        advanced.appended,
        Ok(vec![Appended::known(known.event), Appended::Stored])
    );
    assert_eq!(
        advanced.recorded,
        Ok(vec![Recorded::Applied, Recorded::Missing, Recorded::Applied])
    );
    assert_eq!(status(&scene, first).await, DeliveryStatus::Succeeded);
    assert_eq!(status(&scene, second).await, DeliveryStatus::Succeeded);
    assert_eq!(status(&scene, key_of(&new, 0)).await, DeliveryStatus::Pending);
}

pub async fn either_half_of_a_step_may_be_empty(store: Arc<dyn Store>) {
    let scene = Scene::new(Arc::clone(&store)).await;
    let event = scene.owned(1);
    let advanced = store
        .advance(scene.session, [event.clone()].into(), [].into())
        .await;
    assert_eq!(advanced.appended, Ok(vec![Appended::Stored]));
    assert_eq!(advanced.recorded, Ok(vec![]));
    let key = key_of(&event, 0);
    let advanced = store
        .advance(scene.session, [].into(), [receipt(&scene, key)].into())
        .await;
    assert_eq!(advanced.appended, Ok(vec![]));
    assert_eq!(advanced.recorded, Ok(vec![Recorded::Applied]));
    assert_eq!(status(&scene, key).await, DeliveryStatus::Succeeded);
    let advanced = store.advance(scene.session, [].into(), [].into()).await;
    assert_eq!((advanced.appended, advanced.recorded), (Ok(vec![]), Ok(vec![])));
}

pub async fn events_that_cannot_be_stored_take_no_results_along(store: Arc<dyn Store>) {
    let scene = Scene::new(Arc::clone(&store)).await;
    let taken = scene.owned(1);
    scene.append_new(&taken).await;
    // The second event has a delivery whose id is in use, so the first must not be stored either.
    let (good, mut clash) = (scene.owned(2), scene.owned(3));
    clash.deliveries[0].id = taken.deliveries[0].id;
    let key = key_of(&taken, 0);
    let advanced = store
        .advance(
            scene.session,
            [good.clone(), clash].into(),
            [receipt(&scene, key)].into(),
        )
        .await;
    assert!(advanced.appended.is_err(), "{advanced:?}");
    assert_eq!(advanced.recorded, Ok(vec![Recorded::Applied]));
    assert_eq!(status(&scene, key).await, DeliveryStatus::Succeeded);
    assert_eq!(store.event(scene.account, good.event.id).await, Ok(None));
}
