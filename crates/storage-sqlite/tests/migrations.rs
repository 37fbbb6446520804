//! This code opens databases of every earlier schema, with rows in every table, and refuses newer schemas.
#![expect(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it failed"
)]

use std::path::Path;

use postrider_model::{
    AccountId, AuditAction, CustomHeader, DeliveryStatus, Does, EventId, Exchange, Grant, GrantId, GrantKind,
    Permissions, Scope, Timestamp,
};
use postrider_storage::{
    AccountRef, AccountStore, ApiKeyStore, AuditFilter, AuditStore, AutomationStore, ConsoleStore,
    DeliveryFilter, DeliveryKey, DeliveryStore, EventStore, EventTypeStore, PageRequest, PutGrant,
    SessionStore,
};
use postrider_storage_sqlite::{
    DATABASE_FILE, Export, MigrationReport, OpenError, SCHEMA_VERSION, SqliteOptions, SqliteStore, migrate,
};
use postrider_storage_testkit::build::audit;
use rusqlite::Connection;
use tempfile::TempDir;

/// A database of each schema. A fixture is frozen when the next schema is added; the newest still follows the
/// migrations. All contain the same rows, plus one row for each new table.
const FIXTURES: &[&str] = &[include_str!("fixtures/schema_1.sql")];

/// A folder with the database that these statements create.
fn folder_with(sql: &str, version: u32) -> TempDir {
    let folder = TempDir::new().unwrap();
    let conn = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    conn.execute_batch(sql).unwrap();
    conn.pragma_update(None, "user_version", version).unwrap();
    folder
}

#[test]
fn there_is_a_fixture_of_every_schema() {
    assert_eq!(FIXTURES.len(), SCHEMA_VERSION as usize);
}

#[tokio::test]
async fn every_earlier_database_is_migrated_with_its_rows() {
    for (from, sql) in (1..).zip(FIXTURES) {
        let folder = folder_with(sql, from);
        let report = migrate(folder.path()).unwrap();
        let to = SCHEMA_VERSION;
        assert_eq!(report, MigrationReport { from, to });
        assert_rows(folder.path()).await;
        assert_grants(folder.path()).await;
    }
}

/// Checks that the rows of the fixtures can be read as they were written.
async fn assert_rows(folder: &Path) {
    let store = SqliteStore::open(folder, SqliteOptions::default()).unwrap();
    let account: AccountId = "acct_01kezf7c00e008000000000000".parse().unwrap();
    let found = store
        .account(&AccountRef::Uid("tenant".to_owned()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.id, found.version), (account, 3));
    let config = store.account_config(account).await.unwrap().unwrap();
    assert_eq!(config.keys.len(), 2);
    assert_eq!(config.keys[0].expires_at, None);
    let Does::SendWebhook(webhook) = &config.automations[0].actions[0].does else {
        panic!("a webhook");
    };
    assert_eq!(webhook.url, "https://receiver.example/");
    let headers = [
        CustomHeader::plain("X-A", "1"),
        CustomHeader::secret("X-B", "hidden"),
    ];
    assert_eq!(webhook.headers, headers);
    assert_eq!(config.connections[0].authentication.secret().expose(), "hidden");

    let event: EventId = "evt_01kezf7c00e00r000000000000".parse().unwrap();
    let event = store.event(account, event).await.unwrap().unwrap();
    assert_eq!(&*event.data, br#"{"a":1}"#);
    assert_eq!((event.deliveries, event.missed), (1, 1));
    assert_eq!(event.deliver_at, Some(Timestamp::from_unix_ms(1_768_435_300_000)));
    assert_eq!(event.headers.iter().collect::<Vec<_>>(), [("X-A", "1")]);
    assert_eq!(
        event.warning.map(|warning| warning.pointer),
        Some("/a".to_owned())
    );
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    let filter = DeliveryFilter::default();
    let deliveries = store.deliveries(account, &filter, page).await.unwrap().items;
    let statuses: Vec<_> = deliveries
        .iter()
        .map(|delivery| delivery.progress.status)
        .collect();
    assert_eq!(statuses, [DeliveryStatus::Pending, DeliveryStatus::Failed]);
    let key = DeliveryKey {
        account,
        delivery: deliveries[1].id,
    };
    assert_attempts(&store, key).await;

    let name = "proposal.accepted".parse().unwrap();
    assert!(store.event_type(&name).await.unwrap().is_some());
    assert_eq!(
        store.event_types(page).await.unwrap().items.len(),
        1,
        "one was deleted"
    );
    assert_eq!(store.api_keys().await.unwrap().len(), 1);
    assert_eq!(store.automations(account, page).await.unwrap().items.len(), 1);
    let lease = std::time::Duration::from_secs(1);
    let session = store.open_session(lease, event.created_at).await.unwrap();
    assert_eq!(session.0, 8, "numbers go on behind those that were used");
    assert_eq!(
        store.reclaim(event.created_at, 10).await,
        Ok(1),
        "what session 7 owned"
    );
    store.check().await.unwrap();
}

async fn assert_attempts(store: &SqliteStore, key: DeliveryKey) {
    let attempts = store.record(key).await.unwrap().unwrap().attempts;
    let numbers: Vec<_> = attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2]);
    let exchanges: Vec<_> = attempts
        .iter()
        .map(|attempt| match &attempt.exchange {
            Exchange::Http(http) => http,
            Exchange::Smtp(_) => panic!("a webhook"),
        })
        .collect();
    let statuses = exchanges
        .iter()
        .map(|http| http.response.as_ref().map(|response| response.status));
    assert_eq!(statuses.collect::<Vec<_>>(), [None, Some(503)]);
    assert_eq!(
        exchanges[0].request.headers,
        [("content-type".to_owned(), "application/json".to_owned())]
    );
}

/// Checks that the fixtures' grant exists, and that a new grant works with the existing rows.
async fn assert_grants(folder: &Path) {
    let store = SqliteStore::open(folder, SqliteOptions::default()).unwrap();
    let now = Timestamp::from_unix_ms(1_768_435_200_000);
    let found = store.grant(&[0xcd; 32], now).await.unwrap();
    assert!(found.is_some());
    let key = store.api_keys().await.unwrap()[0].id;
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    let audit_trail = store.audit(&AuditFilter::default(), page).await.unwrap().items;
    assert_eq!(audit_trail[0].action, AuditAction::AutomationCreated);
    assert_eq!(audit_trail[0].at(), now);
    let grant = Grant {
        id: GrantId::from_u128(1),
        sha256: [0xef; 32],
        kind: GrantKind::Session,
        scope: Scope::All,
        permissions: Permissions::ALL,
        theme: None,
        api_key: Some(key),
        link: None,
        person: None,
        created_at: now,
        expires_at: Timestamp::from_unix_ms(1_768_435_300_000),
    };
    assert_eq!(store.put_grant(grant.clone(), audit()).await, Ok(PutGrant::Put));
    assert_eq!(store.grant(&grant.sha256, now).await, Ok(Some(grant)));
}

#[test]
fn an_entry_cannot_be_changed() {
    let folder = folder_with(FIXTURES[0], 1);
    migrate(folder.path()).unwrap();
    let conn = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let changed = conn.execute("UPDATE audit SET actor_name = 'Somebody else'", ());
    assert!(changed.unwrap_err().to_string().contains("cannot be changed"));
}

#[test]
fn a_new_database_begins_with_the_newest_schema() {
    let folder = TempDir::new().unwrap();
    let to = SCHEMA_VERSION;
    assert_eq!(migrate(folder.path()).unwrap(), MigrationReport { from: 0, to });
    assert_eq!(migrate(folder.path()).unwrap(), MigrationReport { from: to, to });
}

#[test]
fn a_database_of_a_newer_postrider_is_refused_and_left_alone() {
    let newer = SCHEMA_VERSION + 1;
    let folder = folder_with("CREATE TABLE of_the_future (a)", newer);
    let Err(error @ OpenError::TooNew { found, known }) =
        SqliteStore::open(folder.path(), SqliteOptions::default())
    else {
        panic!("a newer database was opened");
    };
    assert_eq!((found, known), (newer, SCHEMA_VERSION));
    assert!(error.to_string().contains("start the newer Postrider"), "{error}");
    let conn = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_database_of_a_development_version_is_refused_and_left_alone() {
    for missing in [
        "DROP TABLE confirmed_time",
        "ALTER TABLE attempts DROP COLUMN fenced",
        "DROP TABLE action_health",
    ] {
        let folder = folder_with(FIXTURES[0], 1);
        let conn = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
        conn.execute_batch(missing).unwrap();
        let opened = SqliteStore::open(folder.path(), SqliteOptions::default());
        let Err(error @ OpenError::Unreleased { .. }) = opened else {
            panic!("it was opened after {missing}");
        };
        assert!(
            error.to_string().contains("start with an empty data folder"),
            "{error}"
        );
        assert!(matches!(
            migrate(folder.path()),
            Err(OpenError::Unreleased { .. })
        ));
        assert!(Export::open(folder.path()).is_err());
    }
}
