//! Secrets at rest: what the file holds, which keys it needs, and sealing again under another master key.

use std::path::Path;
use std::sync::Arc;

use postrider_model::{Authentication, Automation, Connection, CustomHeader, Does, Entropy, Secret};
use postrider_storage::sealing::{KeyId, MasterKey, MasterKeys, key_id, known_sealer};
use postrider_storage::{
    AccountStore, AutomationStore, PageRequest, Resealed, SaveAutomation, SealedValues, Sealer, SecretStore,
    StoreError, StoreResult,
};
use postrider_storage_sqlite::{DATABASE_FILE, Export, OpenError, SqliteOptions, SqliteStore, backup};
use postrider_storage_testkit::build::{audit, new_automation};
use postrider_storage_testkit::connections::{create_connection, new_connection};
use postrider_storage_testkit::scene::{Scene, create_automation};
use rusqlite::Connection as Database;
use tempfile::TempDir;

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

fn open(folder: &Path, sealer: Sealer) -> Result<Arc<SqliteStore>, OpenError> {
    SqliteStore::open(folder, SqliteOptions::new(sealer)).map(Arc::new)
}

/// The scene of this number, whose account also has an automation with a secret header and a connection:
/// three secrets.
async fn scene(store: &Arc<SqliteStore>, number: i64) -> Scene {
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

/// Every byte that the folder holds.
fn contents(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).expect("the folder");
    let contents = files.map(|file| std::fs::read(file.expect("a file").path()).expect("its bytes"));
    contents.collect::<Vec<_>>().concat()
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn the_files_hold_no_secret_in_the_clear() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path(), known_sealer()).expect("a store");
    let scene = scene(&store, 0).await;
    let keys = store
        .signing_keys(scene.account)
        .await
        .expect("keys")
        .expect("an account");
    let secret = keys[0].secret.expose();
    let config = store
        .account_config(scene.account)
        .await
        .expect("a read")
        .expect("it");
    let Does::SendWebhook(webhook) = &config.automations.last().expect("one").actions[0].does else {
        panic!("a webhook");
    };
    assert_eq!(webhook.headers[0].value, VALUE, "the store gives it back");
    let copy = folder.path().join("copy.db");
    let report = backup(folder.path(), &copy).expect("a backup");
    assert_eq!(report.master_keys, known_sealer().key_ids());
    assert_eq!(config.connections[0].authentication.secret().expose(), TOKEN);
    for hidden in [&secret, VALUE, TOKEN] {
        assert!(!holds(&contents(folder.path()), hidden), "{hidden}");
    }
    assert!(
        holds(&contents(folder.path()), "Authorization"),
        "names are no secrets"
    );
}

#[tokio::test]
async fn a_secret_that_was_moved_to_another_row_does_not_open() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path(), known_sealer()).expect("a store");
    let scene = scene(&store, 0).await;
    let (other, _) = scene.another_account(60).await;
    store
        .run_sql("UPDATE signing_keys SET secret = (SELECT secret FROM signing_keys ORDER BY number LIMIT 1)")
        .await
        .expect("moved");
    let refused = store.signing_keys(other).await;
    assert!(
        matches!(&refused, Err(StoreError::Internal(why)) if why.contains("moved from another row")),
        "{refused:?}"
    );
    assert!(store.signing_keys(scene.account).await.is_ok());
}

#[tokio::test]
async fn a_database_opens_with_the_keys_that_sealed_it_alone() {
    let folder = TempDir::new().expect("a folder");
    drop(open(folder.path(), sealer(&[1])).expect("a new store"));
    let needed = |expected: &[u8], opened: Result<Arc<SqliteStore>, OpenError>| {
        let Err(OpenError::MissingKeys(missing)) = opened else {
            panic!("it opened, or failed otherwise");
        };
        let expected: Vec<KeyId> = expected.iter().map(|byte| key(*byte).id()).collect();
        assert_eq!(missing.needed, expected);
    };
    needed(&[1], open(folder.path(), sealer(&[2])));
    let store = open(folder.path(), sealer(&[2, 1])).expect("both keys");
    scene(&store, 0).await;
    drop(store);
    needed(&[1], open(folder.path(), sealer(&[2])));
    needed(&[2], open(folder.path(), sealer(&[1])));
    let export = Export::open(folder.path()).expect("an export");
    let mut keys = export.master_keys().expect("its keys");
    keys.sort_by_key(|id| *id != key(1).id());
    assert_eq!(keys, [key(1).id(), key(2).id()]);
}

/// Seals everything again, as the background does.
async fn reseal_all(store: &SqliteStore) -> StoreResult<Resealed> {
    let mut all = Resealed::default();
    loop {
        let step = store.reseal(all.unopened).await?;
        if step == Resealed::default() {
            return Ok(all);
        }
        all.resealed += step.resealed;
        all.unopened += step.unopened;
    }
}

#[tokio::test]
async fn after_a_rotation_all_secrets_are_sealed_again_in_steps_that_a_kill_may_part() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path(), sealer(&[1])).expect("a new store");
    for number in 0..150 {
        scene(&store, number).await;
    }
    let sealed = store.sealed_values().await.expect("counts").sealed;
    drop(store);

    let store = open(folder.path(), sealer(&[2, 1])).expect("both keys");
    let remaining = SealedValues {
        sealed,
        remaining: sealed,
    };
    assert_eq!(store.sealed_values().await, Ok(remaining));
    let step = store.reseal(0).await.expect("a step");
    assert_eq!(
        step,
        Resealed {
            resealed: 200,
            unopened: 0
        }
    );
    drop(store);

    let store = open(folder.path(), sealer(&[2, 1])).expect("after a kill");
    let rest = reseal_all(&store).await.expect("the rest");
    assert_eq!(rest.resealed, sealed - 200);
    assert_eq!(
        store.sealed_values().await,
        Ok(SealedValues { sealed, remaining: 0 })
    );
    drop(store);
    assert!(
        open(folder.path(), sealer(&[2])).is_ok(),
        "the old key is needed no more"
    );
}

#[tokio::test]
async fn a_damaged_secret_keeps_no_other_from_being_sealed_again() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path(), sealer(&[1])).expect("a new store");
    for number in 0..3 {
        scene(&store, number).await;
    }
    store
        .run_sql("UPDATE signing_keys SET secret = CAST(secret || x'00' AS BLOB) WHERE number = 2")
        .await
        .expect("damage");
    drop(store);
    let store = open(folder.path(), sealer(&[2, 1])).expect("both keys");
    let sealed = store.sealed_values().await.expect("counts").sealed;
    let all = reseal_all(&store).await.expect("all");
    assert_eq!(
        all,
        Resealed {
            resealed: sealed - 1,
            unopened: 1
        }
    );
    assert_eq!(
        store.sealed_values().await,
        Ok(SealedValues { sealed, remaining: 1 })
    );
}

#[tokio::test]
async fn an_edit_of_an_automation_seals_its_secrets_again() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path(), sealer(&[1])).expect("a store");
    let before = scene(&store, 0).await;
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    drop(store);
    drop(before.store);

    let store = open(folder.path(), sealer(&[2, 1])).expect("both keys");
    let automations = store
        .automations(before.account, page)
        .await
        .expect("a list")
        .items;
    let renamed = Automation {
        name: "Renamed".to_owned(),
        ..automations[0].clone()
    };
    let saved = store
        .update_automation(before.account, renamed.clone(), Vec::new(), audit())
        .await;
    assert!(matches!(saved, Ok(SaveAutomation::Saved(_))), "{saved:?}");
    let conn = Database::open(folder.path().join(DATABASE_FILE)).expect("the database");
    let sql = "SELECT secrets FROM automations WHERE secrets IS NOT NULL";
    let raw: Vec<u8> = conn.query_row(sql, (), |row| row.get(0)).expect("a sealed value");
    assert_eq!(key_id(&raw), Some(key(2).id()));
    let read = store
        .automation(before.account, renamed.id)
        .await
        .expect("a read")
        .expect("it");
    assert_eq!(read.actions, renamed.actions);
}
