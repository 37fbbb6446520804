//! The schema is created once, whichever node comes first, and stays unchanged if a newer version created it.

use std::sync::Arc;

use crate::support::TestDatabase;
use postrider_model::{
    AccountId, AuditAction, Delivery, DeliveryStatus, Grant, GrantId, GrantKind, IdGenerator, Permission,
    Permissions, Scope, Timestamp,
};
use postrider_storage::sealing::known_sealer;
use postrider_storage::{
    AccountRef, AccountStore, ApiKeyStore, AuditFilter, AuditStore, ConsoleStore, DeleteObject,
    DeliveryFilter, DeliveryStore, PageRequest, PutGrant, SaveAccount, SessionStore,
};
use postrider_storage_postgres::{MigrationReport, PostgresOptions, PostgresStore, SCHEMA_VERSION};
use postrider_storage_testkit::build::{SEED, at, audit, new_account, new_key};
use tokio::task::JoinSet;

/// The number of nodes that start at the same time.
const NODES: usize = 10;

async fn count(database: &TestDatabase, from: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {from}");
    let row = database.client().await.query_one(&sql, &[]).await;
    row.expect("a count").get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_that_start_at_once_leave_one_schema() {
    let database = Arc::new(TestDatabase::empty().await);
    let mut nodes = JoinSet::new();
    for _ in 0..NODES {
        nodes.spawn(PostgresStore::open(database.options(), known_sealer()));
    }
    let stores: Vec<_> = nodes
        .join_all()
        .await
        .into_iter()
        .map(|opened| opened.expect("an open store"))
        .collect();
    for store in &stores {
        assert_eq!(store.check().await, Ok(()));
    }
    let applied = count(&database, "schema_migrations").await;
    assert_eq!(u32::try_from(applied), Ok(SCHEMA_VERSION));
    let days = "pg_inherits WHERE inhparent = 'events'::regclass AND inhrelid <> 'events_default'::regclass";
    assert_eq!(count(&database, days).await, 4, "today and the three days ahead");
}

/// Rows in every table of schema 1, with the same contents as the fixtures of the SQLite store.
const ROWS_OF_SCHEMA_1: &str = include_str!("fixtures/rows_of_schema_1.sql");

/// A database with schema 1, as the first release creates it.
async fn database_of_schema_1() -> TestDatabase {
    let database = TestDatabase::empty().await;
    let client = database.client().await;
    for sql in [
        "CREATE TABLE schema_migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO schema_migrations (version) VALUES (1)",
        include_str!("../../migrations/0001_initial.sql"),
        ROWS_OF_SCHEMA_1,
    ] {
        client.batch_execute(sql).await.expect("schema 1");
    }
    database
}

#[tokio::test]
async fn a_database_of_schema_1_is_migrated_with_its_rows() {
    let database = database_of_schema_1().await;
    let migrated = PostgresStore::migrate_only(database.options()).await;
    let to = SCHEMA_VERSION;
    assert_eq!(migrated, Ok(MigrationReport { from: 1, to }));
    for (table, rows) in [
        ("accounts", 1),
        ("signing_keys", 2),
        ("automations", 1),
        ("connections", 1),
        ("event_types", 2),
        ("api_keys", 1),
        ("sessions", 1),
        ("events", 1),
        ("event_keys", 1),
        ("deliveries", 2),
        ("attempts", 2),
        ("deleted_accounts", 1),
        ("copies", 1),
        ("grants", 0),
    ] {
        assert_eq!(count(&database, table).await, rows, "{table}");
    }
    let store = database.open().await;
    let store = store.expect("an open store");
    let tenant = AccountRef::Uid("tenant".to_owned());
    let account = store
        .account(&tenant)
        .await
        .expect("account")
        .expect("the tenant");
    assert_eq!(account.version, 3);
    let config = store.account_config(account.id).await;
    let config = config.expect("account_config").expect("the tenant");
    assert_eq!((config.keys.len(), config.automations.len()), (2, 1));
    assert_eq!(config.connections[0].authentication.secret().expose(), "hidden");
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    let filter = DeliveryFilter::default();
    let deliveries = store.deliveries(account.id, &filter, page).await;
    let statuses: Vec<_> = deliveries.expect("deliveries").items.iter().map(status).collect();
    assert_eq!(statuses, [DeliveryStatus::Pending, DeliveryStatus::Failed]);
    let audit_trail = store
        .audit(&AuditFilter::default(), page)
        .await
        .expect("audit")
        .items;
    assert_eq!(audit_trail[0].action, AuditAction::AutomationCreated);
    assert_eq!(audit_trail[0].at(), at(0));
    assert_grants(&store, account.id).await;
}

fn status(delivery: &Delivery) -> DeliveryStatus {
    delivery.progress.status
}

/// Checks that a new grant works with the existing rows.
async fn assert_grants(store: &PostgresStore, account: AccountId) {
    let keys = store.api_keys().await.expect("api_keys");
    let grant = Grant {
        id: GrantId::from_u128(1),
        sha256: [0xef; 32],
        kind: GrantKind::Session,
        scope: Scope::Account(account),
        permissions: Permissions::of(&[Permission::Read]),
        theme: None,
        api_key: Some(keys[0].id),
        link: None,
        person: None,
        created_at: at(0),
        expires_at: at(60),
    };
    assert_eq!(store.put_grant(grant.clone(), audit()).await, Ok(PutGrant::Put));
    assert_eq!(store.grant(&grant.sha256, at(0)).await, Ok(Some(grant.clone())));
    assert_eq!(
        store.delete_account(account, None, audit()).await,
        Ok(DeleteObject::Deleted)
    );
    assert_eq!(store.grant(&grant.sha256, at(0)).await, Ok(None));
}

#[tokio::test]
async fn an_entry_cannot_be_changed() {
    let database = TestDatabase::empty().await;
    let store = database.open().await.expect("an open store");
    store.note_audit(vec![audit()]).await.expect("note_audit");
    let client = database.client().await;
    for sql in ["UPDATE audit SET actor_name = 'Somebody else'", "TRUNCATE audit"] {
        let error = client.batch_execute(sql).await.expect_err("it is refused");
        let message = error.as_db_error().map(|error| error.message().to_owned());
        assert!(
            message.is_some_and(|message| message.contains("cannot be changed")),
            "{sql}"
        );
    }
}

/// What `docs/audit.md` recommends: another role owns the table, and Postrider's may add and remove entries.
#[tokio::test]
async fn entries_are_removed_under_a_role_that_may_not_change_them() {
    let database = TestDatabase::create().await;
    let owner = database.client().await;
    let role = format!("postrider_{}", std::process::id());
    let grants = format!(
        "CREATE ROLE {role} LOGIN;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
         REVOKE UPDATE ON audit FROM {role}"
    );
    owner.batch_execute(&grants).await.expect("a role");
    let options = PostgresOptions::new(database.url_as(&role));
    let store = PostgresStore::open(options, known_sealer()).await;
    let store = store.expect("an open store");
    store.note_audit(vec![audit()]).await.expect("note_audit");
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    let entries = store.audit(&AuditFilter::default(), page).await.expect("audit");
    let after = Timestamp::from_unix_ms(entries.items[0].at().unix_ms() + 1);
    assert_eq!(store.prune_audit(after, 10).await, Ok(1));
}

#[tokio::test]
async fn an_empty_database_is_migrated_once() {
    let database = TestDatabase::empty().await;
    let version = PostgresStore::schema_version(database.options()).await;
    assert_eq!(version, Ok(0));
    let migrated = PostgresStore::migrate_only(database.options()).await;
    let to = SCHEMA_VERSION;
    assert_eq!(migrated, Ok(MigrationReport { from: 0, to }));
    let again = PostgresStore::migrate_only(database.options()).await;
    assert_eq!(again, Ok(MigrationReport { from: to, to }));
    let version = PostgresStore::schema_version(database.options()).await;
    assert_eq!(version, Ok(to));
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone_and_works() {
    let database = TestDatabase::empty().await;
    let migrated = PostgresStore::migrate_only(database.options()).await;
    migrated.expect("a migrated database");
    let newer = SCHEMA_VERSION + 1;
    let sql = format!("INSERT INTO schema_migrations (version) VALUES ({newer})");
    let client = database.client().await;
    client.batch_execute(&sql).await.expect("a newer version");

    let store = database.open().await;
    let store = store.expect("an open store");
    let ids = IdGenerator::new(SEED);
    let account = new_account(&ids, 0);
    let created = store
        .create_account(account.clone(), new_key(&ids, 0), audit())
        .await;
    assert_eq!(created, Ok(SaveAccount::Saved(account)));
    let version = PostgresStore::schema_version(database.options()).await;
    assert_eq!(version, Ok(newer));
    let migrated = PostgresStore::migrate_only(database.options()).await;
    let untouched = MigrationReport {
        from: newer,
        to: newer,
    };
    assert_eq!(migrated, Ok(untouched));
}
