//! Secrets at rest: what a column holds, which keys the database needs, and sealing again by several nodes at
//! once.

use std::sync::Arc;

use postrider_model::{Authentication, Connection, CustomHeader, Does, Entropy, Secret};
use postrider_storage::sealing::{MasterKey, MasterKeys};
use postrider_storage::{
    AccountStore, AutomationStore, PageRequest, Resealed, SealedValues, Sealer, SecretStore, StoreError,
};
use postrider_storage_postgres::{OpenError, PostgresStore};
use postrider_storage_testkit::build::new_automation;
use postrider_storage_testkit::connections::{create_connection, new_connection};
use postrider_storage_testkit::scene::{Scene, create_automation};

use crate::support::TestDatabase;

const VALUE: &str = "Bearer a-secret-of-the-receiver";

const TOKEN: &str = "the-token-of-a-connection";

fn key(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

/// A sealer whose first key is the first of these.
fn sealer(keys: &[u8]) -> Sealer {
    let (last, others) = keys.split_last().expect("a key");
    let entropy = Entropy::new(|bytes| bytes.fill_with(|| fastrand::u8(..)));
    let sealer = Sealer::new(MasterKeys::only(key(*last)), entropy);
    for other in others.iter().rev() {
        sealer.put_first(key(*other));
    }
    sealer
}

async fn open(database: &TestDatabase, keys: &[u8]) -> Result<Arc<PostgresStore>, OpenError> {
    let opened = PostgresStore::open(database.options(), sealer(keys)).await;
    opened.map(Arc::new)
}

/// The scene of this number, whose account also has an automation with a secret header and a connection:
/// three secrets.
async fn scene(store: &Arc<PostgresStore>, number: i64) -> Scene {
    let scene = Scene::new_at(Arc::clone(store) as _, number).await;
    let mut automation = new_automation(&scene.ids, 1, 1);
    let Does::SendWebhook(webhook) = &mut automation.actions[0].does else {
        panic!("a webhook");
    };
    webhook.headers = vec![CustomHeader::secret("Authorization", VALUE)];
    create_automation(&*scene.store, scene.account, automation).await;
    let connection = Connection {
        authentication: Authentication::Bearer {
            token: Secret::new(TOKEN),
        },
        ..new_connection(&scene.ids, 1)
    };
    create_connection(&*scene.store, scene.account, connection).await;
    scene
}

#[tokio::test]
async fn a_column_holds_no_secret_in_the_clear_and_a_moved_one_does_not_open() {
    let database = TestDatabase::empty().await;
    let store = open(&database, &[1]).await.expect("a store");
    let scene = scene(&store, 0).await;
    let keys = store
        .signing_keys(scene.account)
        .await
        .expect("keys")
        .expect("an account");
    let client = database.client().await;
    let sql =
        "SELECT secret FROM signing_keys UNION ALL SELECT secrets FROM automations WHERE secrets IS NOT NULL
         UNION ALL SELECT secret FROM connections";
    let rows = client.query(sql, &[]).await.expect("the raw columns");
    assert_eq!(rows.len(), 3);
    for row in rows {
        let raw: Vec<u8> = row.get(0);
        for hidden in [&*keys[0].secret.expose(), VALUE, TOKEN] {
            assert!(
                !raw.windows(hidden.len())
                    .any(|window| window == hidden.as_bytes()),
                "{hidden}"
            );
        }
    }
    let (other, _) = scene.another_account(60).await;
    let moved =
        "UPDATE signing_keys SET secret = (SELECT secret FROM signing_keys ORDER BY created_at LIMIT 1)";
    client.batch_execute(moved).await.expect("moved");
    let refused = store.signing_keys(other).await;
    assert!(
        matches!(&refused, Err(StoreError::Internal(why)) if why.contains("moved from another row")),
        "{refused:?}"
    );
    assert!(store.signing_keys(scene.account).await.is_ok());
}

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_database_agree_on_one_key() {
    let database = TestDatabase::empty().await;
    PostgresStore::migrate_only(database.options())
        .await
        .expect("a schema");
    let (one, other) = tokio::join!(open(&database, &[1]), open(&database, &[2]));
    let missing = match (&one, &other) {
        (Ok(_), Err(OpenError::MissingKeys(missing))) => (missing, key(1).id()),
        (Err(OpenError::MissingKeys(missing)), Ok(_)) => (missing, key(2).id()),
        _ => panic!("one opens, and the other lacks its key"),
    };
    assert_eq!(missing.0.needed, [missing.1]);
    assert!(open(&database, &[2, 1]).await.is_ok() && open(&database, &[1, 2]).await.is_ok());
}

/// Seals everything again, as the background does.
async fn reseal_all(store: &PostgresStore) -> Resealed {
    let mut all = Resealed::default();
    loop {
        let step = store.reseal(all.unopened).await.expect("a step");
        if step == Resealed::default() {
            return all;
        }
        all.resealed += step.resealed;
        all.unopened += step.unopened;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_seal_again_at_once_and_nothing_is_lost_or_reloaded() {
    let database = TestDatabase::empty().await;
    let old = open(&database, &[1]).await.expect("a store");
    let mut scenes = Vec::new();
    for number in 0..150 {
        scenes.push(scene(&old, number).await);
    }
    let sealed = old.sealed_values().await.expect("counts").sealed;
    let changes = "SELECT count(*) FROM changes";
    let client = database.client().await;
    let noted: i64 = client.query_one(changes, &[]).await.expect("a count").get(0);
    let (one, other) = (open(&database, &[2, 1]).await, open(&database, &[2, 1]).await);
    let (one, other) = (one.expect("a node"), other.expect("a node"));
    tokio::join!(reseal_all(&one), reseal_all(&other));
    let counted = SealedValues { sealed, remaining: 0 };
    assert_eq!(one.sealed_values().await, Ok(counted));
    let after: i64 = client.query_one(changes, &[]).await.expect("a count").get(0);
    assert_eq!(after, noted, "no node has to reload anything");
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    for scene in &scenes {
        assert!(one.signing_keys(scene.account).await.is_ok());
        let automations = one.automations(scene.account, page).await.expect("a list").items;
        let found = automations.iter().any(|automation| {
            let Does::SendWebhook(webhook) = &automation.actions[0].does else {
                panic!("a webhook");
            };
            webhook.headers.iter().any(|header| header.value == VALUE)
        });
        assert!(found);
    }
    drop((old, one, other));
    assert!(
        open(&database, &[2]).await.is_ok(),
        "the old key is needed no more"
    );
}
