//! One node's changes reach another: at once, completely, and however transactions overlap.

use std::sync::Arc;
use std::time::Duration;

use crate::support::TestDatabase;
use postrider_model::AccountId;
use postrider_storage::{AccountStore, ChangeMark, ChangeStore, Changed, SessionStore};
use postrider_storage_postgres::PostgresStore;
use postrider_storage_testkit::build::*;
use postrider_storage_testkit::connections::{create_connection, new_connection};
use postrider_storage_testkit::scene::Scene;
use postrider_storage_testkit::sessions::real_now;
use tokio::time::timeout;

/// Far longer than a notification takes.
const SOON: Duration = Duration::from_secs(20);

/// Two nodes on one database, with a scene that the first one has built.
struct Nodes {
    scene: Scene,
    one: Arc<PostgresStore>,
    other: PostgresStore,
    database: TestDatabase,
}

impl Nodes {
    async fn new() -> Self {
        let database = TestDatabase::create().await;
        let one = Arc::new(database.open().await.expect("a store"));
        let other = database.open().await.expect("a store");
        Self {
            scene: Scene::new(one.clone()).await,
            one,
            other,
            database,
        }
    }

    /// The changes reported to the other node, and its next mark.
    async fn told(&self, since: ChangeMark) -> (Vec<Changed>, ChangeMark) {
        let changes = self.other.changes(Some(since)).await.expect("changes");
        (changes.changed.expect("nothing is too old"), changes.mark)
    }

    async fn mark(&self) -> ChangeMark {
        self.other.changes(None).await.expect("changes").mark
    }

    async fn rename(&self, account: AccountId) {
        let found = self
            .one
            .account(&postrider_storage::AccountRef::Id(account))
            .await;
        let mut account = found.expect("account").expect("it is there");
        account.name = "Renamed".to_owned();
        self.one
            .update_account(account, audit())
            .await
            .expect("update_account");
    }
}

#[tokio::test]
async fn a_change_wakes_the_other_node_which_is_told_what_it_was() {
    let nodes = Nodes::new().await;
    // The first wake-up may only mean that it is listening now.
    timeout(SOON, nodes.other.changed()).await.expect("it listens");
    let mark = nodes.mark().await;
    nodes.rename(nodes.scene.account).await;
    timeout(SOON, nodes.other.changed()).await.expect("it hears");
    let (changed, mark) = nodes.told(mark).await;
    assert_eq!(changed, [Changed::Account(nodes.scene.account)]);
    assert_eq!(nodes.told(mark).await.0, [], "it was told");
}

#[tokio::test]
async fn keys_automations_connections_and_deletions_are_changes_of_the_account() {
    let nodes = Nodes::new().await;
    let account = nodes.scene.account;
    let mut mark = nodes.mark().await;
    let key = new_key(&nodes.scene.ids, 1);
    nodes
        .one
        .rotate_signing_key(account, key, at(9), Vec::new(), audit())
        .await
        .expect("rotate");
    let (changed, next) = nodes.told(mark).await;
    assert_eq!(changed, [Changed::Account(account)]);
    mark = next;
    create_connection(&*nodes.one, account, new_connection(&nodes.scene.ids, 2)).await;
    for _ in 0..2 {
        let (changed, next) = nodes.told(mark).await;
        assert_eq!(changed, [Changed::Account(account)]);
        mark = next;
        nodes
            .one
            .delete_account(account, None, audit())
            .await
            .expect("delete_account");
    }
}

#[tokio::test]
async fn a_transaction_that_commits_after_a_later_one_is_not_missed() {
    let nodes = Nodes::new().await;
    let (_, early) = (nodes.mark().await, nodes.scene.account);
    let (late, _) = nodes.scene.another_account(1).await;
    let mark = nodes.mark().await;
    let mut client = nodes.database.client().await;
    let slow = client.transaction().await.expect("a transaction");
    let rename = "UPDATE accounts SET name = 'slow' WHERE id = $1";
    let id = uuid::Uuid::from_bytes(*early.as_bytes());
    slow.execute(rename, &[&id]).await.expect("an update");
    nodes.rename(late).await;
    let (changed, mark) = nodes.told(mark).await;
    assert_eq!(changed, [Changed::Account(late)], "the slow one is not done");
    slow.commit().await.expect("a commit");
    let (changed, _) = nodes.told(mark).await;
    assert!(changed.contains(&Changed::Account(early)), "{changed:?}");
}

#[tokio::test]
async fn a_session_that_ends_or_is_found_dead_is_told_to_the_others() {
    let nodes = Nodes::new().await;
    let mark = nodes.mark().await;
    let session = nodes
        .one
        .open_session(LONG_LEASE, real_now())
        .await
        .expect("a session");
    let (changed, mark) = nodes.told(mark).await;
    assert_eq!(changed, [], "a new one is no news");
    nodes
        .one
        .close_session(session, real_now())
        .await
        .expect("close_session");
    assert_eq!(nodes.told(mark).await.0, [Changed::Sessions]);
}
