//! The database file after a mixed workload.

mod support;

use postrider_model::{DeliveryStatus, Outcome};
use postrider_storage::{
    AccountStore, DeliveryFilter, DeliveryStore, FirstAttempt, RetentionStore, SessionStore,
};
use postrider_storage_sqlite::SqliteStore;
use postrider_storage_testkit::build::{at, attempted, audit, key_of};

#[tokio::test]
async fn the_database_is_whole_after_all_kinds_of_work() {
    let (scene, store, folder) = support::scene(SqliteStore::open).await;
    let (other, _) = scene.another_account(1).await;
    let outcomes = [Outcome::Succeeded, Outcome::BadStatus, Outcome::Timeout];
    for s in 0..300 {
        let event = scene.event_for(s, &scene.actions, FirstAttempt::Owned);
        scene.append_new(&event).await;
        for (index, action) in scene.actions.iter().enumerate() {
            let key = key_of(&event, index);
            let progress = scene.delivery(key).await.progress;
            scene
                .finish(attempted(key, *action, &progress, s, outcomes[index]))
                .await;
        }
    }
    for action in &scene.actions {
        scene.claim(*action, 100, at(200)).await;
    }
    store.close_session(scene.session, at(400)).await.unwrap();
    let filter = DeliveryFilter {
        status: Some(DeliveryStatus::Succeeded),
        ..DeliveryFilter::default()
    };
    let step = store
        .replay_step(
            scene.account,
            &filter,
            &scene.actions,
            None,
            at(500),
            Some(audit()),
        )
        .await
        .unwrap();
    assert_eq!(step.replayed, 300);
    store.prune(at(100), 10_000).await.unwrap();
    store.delete_account(other, None, audit()).await.unwrap();
    while store.prune(at(0), 50).await.unwrap().more {}
    drop((scene, store));
    support::assert_is_whole(folder.path());
}
