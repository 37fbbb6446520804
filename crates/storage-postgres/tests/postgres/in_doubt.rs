//! Commits without a reply: whether they took effect or not, no delivery stays with a session that does not
//! know of it, and nothing is recorded twice.

use std::sync::Arc;
use std::time::Duration;

use crate::proxy::{Cut, Proxy};
use crate::support::TestDatabase;
use postrider_model::delivery::Progress;
use postrider_model::{DeliveryStatus, Outcome, Timestamp};
use postrider_storage::sealing::known_sealer;
use postrider_storage::{Appended, Recorded, Store, StoreError};
use postrider_storage_postgres::PostgresStore;
use postrider_storage_testkit::build::{at, attempted, far_ahead, key_of, settled};
use postrider_storage_testkit::scene::{Scene, append, claim, finish, finish_all, open_session};

const CUTS: [Cut; 2] = [Cut::BehindCommit, Cut::BeforeCommit];

/// A scene in a store that connects to its server through a proxy.
async fn scene() -> (Scene, Proxy, TestDatabase) {
    let database = TestDatabase::create().await;
    // Only the store's work goes through the proxy.
    let migrated = PostgresStore::migrate_only(database.options()).await;
    migrated.expect("a new database");
    let proxy = Proxy::start(database.port()).await;
    let store = PostgresStore::open(database.options_at(proxy.port), known_sealer()).await;
    let store: Arc<dyn Store> = Arc::new(store.expect("a new store"));
    (Scene::new(store).await, proxy, database)
}

/// Waits until the store can reach its server again.
async fn wait_until_back(scene: &Scene) {
    for _ in 0..200 {
        if scene.store.check().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the store does not find its server again");
}

/// Open transactions in this database that are idle.
async fn open_transactions(database: &TestDatabase) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let row = database.client().await.query_one(sql, &[]).await;
    row.expect("a count").get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_unanswered_append_stored_is_given_back() {
    let (scene, proxy, database) = scene().await;
    for (s, cut) in (1..).zip(CUTS) {
        let event = scene.owned(s);
        proxy.cut_next(cut);
        let appended = append(&*scene.store, scene.session, vec![event.clone()]).await;
        assert!(
            matches!(appended, Err(StoreError::Unavailable(_))),
            "{appended:?}"
        );
        wait_until_back(&scene).await;
        let claim = scene.claim(scene.actions[0], 10, at(100)).await;
        let claimed: Vec<_> = claim.deliveries.iter().map(|ready| ready.key).collect();
        if cut == Cut::BehindCommit {
            assert_eq!(claimed, [key_of(&event, 0)], "it waited, due at once");
        } else {
            assert_eq!(claimed, [], "it was never stored");
            assert_eq!(scene.append(vec![event]).await, [Appended::Stored]);
        }
        assert_eq!(open_transactions(&database).await, 0);
    }
}

/// The node was taken for dead before its server was back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_session_has_claimed_by_then_stays_with_it() {
    let (mut scene, proxy, database) = scene().await;
    let (event, action) = (scene.owned(1), scene.actions[0]);
    proxy.cut_next(Cut::BehindCommit);
    let lost = append(&*scene.store, scene.session, vec![event.clone()]).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    let other: Arc<dyn Store> = Arc::new(database.open().await.expect("a store"));
    let closed = other.close_session(scene.session, at(2)).await;
    closed.expect("close_session");
    let session = open_session(&*other).await;
    let claimed = claim(&*other, session, action, 10, far_ahead()).await;
    assert_eq!(claimed.deliveries.len(), 1);
    wait_until_back(&scene).await;
    scene.session = open_session(&*scene.store).await;
    let claim = scene.claim(action, 10, far_ahead()).await;
    assert_eq!(claim.deliveries, [], "the claim resolved the doubt");
    let key = key_of(&event, 0);
    let news = settled(key, action, 3, DeliveryStatus::Succeeded);
    assert_eq!(finish(&*other, session, news).await, Recorded::Applied);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_unanswered_claim_gave_is_claimed_again() {
    let (scene, proxy, database) = scene().await;
    let action = scene.actions[0];
    for (s, cut) in (1..).zip(CUTS) {
        let key = scene.append_waiting(s).await;
        proxy.cut_next(cut);
        let request = postrider_storage::ClaimRequest {
            action,
            since: Timestamp::EPOCH,
            room: 10,
            room_bytes: usize::MAX,
        };
        let lost = scene.store.claim(scene.session, vec![request], at(50)).await;
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
        wait_until_back(&scene).await;
        let claim = scene.claim(action, 10, at(50)).await;
        assert_eq!(claim.deliveries.len(), 1, "{cut:?}");
        assert_eq!(claim.deliveries[0].key, key);
        assert_eq!(open_transactions(&database).await, 0);
        // This happens only once, because the doubt is resolved.
        scene.append_owned(s + 10).await;
        scene.settle(key, action, 60, DeliveryStatus::Succeeded).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_whose_commit_was_not_answered_is_recorded_once() {
    let (scene, proxy, database) = scene().await;
    for (s, cut) in (1..).zip(CUTS) {
        let key = scene.append_owned(s).await;
        let news = attempted(key, scene.actions[0], &Progress::new(), s, Outcome::Succeeded);
        proxy.cut_next(cut);
        let lost = finish_all(&*scene.store, scene.session, vec![news.clone()]).await;
        assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
        wait_until_back(&scene).await;
        assert_eq!(scene.finish(news).await, Recorded::Applied, "{cut:?}");
        assert_eq!(
            scene.delivery(key).await.progress.status,
            DeliveryStatus::Succeeded
        );
        assert_eq!(scene.attempts(key).await.len(), 1);
        assert_eq!(open_transactions(&database).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_gives_up_half_way_leaves_nothing_owned() {
    let (scene, _proxy, database) = scene().await;
    let action = scene.actions[0];
    for s in 1..40 {
        let event = scene.waiting(s);
        scene.append_new(&event).await;
        let given_up = claim(&*scene.store, scene.session, action, 10, at(100));
        let patience = Duration::from_micros(u64::try_from(s).expect("few") * 150);
        let done = tokio::time::timeout(patience, given_up).await;
        let claimed = match done {
            Ok(claim) => claim,
            Err(_) => scene.claim(action, 10, at(100)).await,
        };
        assert_eq!(claimed.deliveries.len(), 1, "after {patience:?}");
        let key = claimed.deliveries[0].key;
        assert_eq!(key, key_of(&event, 0));
        scene.settle(key, action, 101, DeliveryStatus::Succeeded).await;
    }
    assert_eq!(open_transactions(&database).await, 0);
}
