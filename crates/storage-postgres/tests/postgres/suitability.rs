//! Databases in which the store works, and those in which it refuses to start and says why.

use std::sync::Arc;

use crate::pooler::{self, Mode};
use crate::support::TestDatabase;
use postrider_storage::sealing::known_sealer;
use postrider_storage_postgres::{OpenError, PostgresOptions, PostgresStore, Unsuitable};
use postrider_storage_testkit::scene::Scene;

async fn refusal(options: PostgresOptions) -> String {
    match PostgresStore::open(options, known_sealer()).await {
        Ok(_) => panic!("the store opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_pooler_in_session_mode_is_like_a_server() {
    let database = TestDatabase::create().await;
    let port = pooler::start(Mode::Session, database.port()).await;
    let store = PostgresStore::open(database.options_at(port), known_sealer()).await;
    let scene = Scene::new(Arc::new(store.expect("an open store"))).await;
    scene.append_owned(1).await;
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_refused_by_name() {
    let database = TestDatabase::create().await;
    let port = pooler::start(Mode::Transaction, database.port()).await;
    for options in [database.options_at(port), database.options_at(port)] {
        let refusal = refusal(options).await;
        assert!(refusal.contains("pool_mode=session"), "{refusal}");
    }
    let migrated = PostgresStore::migrate_only(database.options_at(port)).await;
    assert_eq!(migrated, Err(OpenError::Unsuitable(Unsuitable::Pooler)));
}

#[tokio::test]
async fn a_database_in_another_encoding_than_utf8_is_refused() {
    let database = TestDatabase::create().await;
    let name = format!("latin1_{}", std::process::id());
    let create = format!("CREATE DATABASE {name} ENCODING LATIN1 LOCALE 'C' TEMPLATE template0");
    database
        .client()
        .await
        .batch_execute(&create)
        .await
        .expect("a new database");
    let mut options = database.options();
    let server = options.url.rfind('/').expect("a name behind the server");
    options.url.replace_range(server + 1.., &name);
    let refusal = refusal(options).await;
    assert!(
        refusal.contains("LATIN1") && refusal.contains("UTF8"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_database_of_a_development_version_is_refused() {
    for missing in [
        "DROP TABLE rate_limits",
        "ALTER TABLE attempts DROP COLUMN fenced",
        "DROP TABLE action_health",
    ] {
        let database = TestDatabase::create().await;
        let dropped = database.client().await.batch_execute(missing).await;
        dropped.expect("a former schema");
        let refusal = refusal(database.options()).await;
        assert!(refusal.contains("start with an empty database"), "{refusal}");
        let migrated = PostgresStore::migrate_only(database.options()).await;
        assert!(matches!(
            migrated,
            Err(OpenError::Unsuitable(Unsuitable::Unreleased { .. }))
        ));
    }
}
