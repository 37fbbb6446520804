//! Importing from another store: what it refuses, where it continues, and that retention finds the rows.

use std::time::Duration;

use crate::support::TestDatabase;
use postrider_model::{ApiKey, Timestamp};
use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::rows::{
    AccountRow, ApiKeyRow, AttemptRow, AuditRow, DeliveryRow, EventRow, EventTypeRow,
};
use postrider_storage::transfer::{
    AccountRows, Batch, Counts, DeliveryRows, EventRows, Overview, Place, Rows, Stage,
};
use postrider_storage::{AddApiKey, ApiKeyStore, RetentionStore, SessionStore, StoreError};
use postrider_storage_postgres::{Begun, Difference, ImportError, OpenError, PostgresImport, UnfinishedCopy};
use postrider_storage_testkit::build::audit;

/// The source's name in messages.
const NAME: &str = "sqlite:/somewhere";

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The days of the events, of which the last is today. The first is too far away for a partition of its own.
const DAYS_AGO: [i64; 4] = [5_000, 40, 39, 0];

#[expect(clippy::disallowed_methods, reason = "the database has no other clock either")]
fn today() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("it is later").as_millis()).expect("it is not that late") / DAY_MS
}

fn id(ms: i64, number: u8) -> [u8; 16] {
    let v7 = (u128::from(ms.cast_unsigned()) << 80) | (7 << 76) | u128::from(number);
    v7.to_be_bytes()
}

fn account() -> AccountRows {
    let account = AccountRow {
        id: id(1, 1),
        uid: Some("acme".to_owned()),
        name: "Acme".to_owned(),
        metadata: "{}".to_owned(),
        retry_delays: None,
        created_at: 1,
        updated_at: 2,
        version: 3,
    };
    AccountRows {
        account,
        signing_keys: Vec::new(),
        automations: Vec::new(),
        action_health: Vec::new(),
    }
}

/// An event accepted at this time, with a delivery that succeeded.
fn event(seq: i64, ms: i64) -> EventRows {
    let attempt = AttemptRow {
        number: 1,
        started_at: ms,
        duration_ns: 5,
        outcome: 1,
        is_fenced: false,
        exchange: 0,
        status_code: Some(204),
        error: None,
        url: "http://a.example/".to_owned(),
        request_headers: Vec::new(),
        response_headers: Vec::new(),
        response_truncated: false,
        response_body: Vec::new(),
    };
    let delivery = DeliveryRow {
        id: id(ms, 2),
        automation: id(1, 3),
        action: id(1, 4),
        account: id(1, 1),
        body: 1,
        owner: None,
        state_at: ms,
        last_status_code: Some(204),
        last_outcome: Some(1),
        progress: ProgressRow {
            status: 1,
            attempts: 1,
            resends: 0,
            resend_of: None,
        },
    };
    let event = EventRow {
        account: id(1, 1),
        id: id(ms, 1),
        event_type: "a".to_owned(),
        created_at: ms,
        occurred_at: None,
        flags: 0,
        warning_code: None,
        warning_pointer: None,
        first_delivery: Some(delivery.id),
        delivery_count: 1,
        missed_count: None,
        deliver_at: Some(ms + 1),
        headers: Some(br#"[["X-Tenant","1"]]"#.to_vec()),
        data: b"1".to_vec(),
    };
    EventRows {
        seq,
        event,
        idempotency_key: Some(format!("key {seq}")),
        deliveries: vec![DeliveryRows {
            delivery,
            attempts: vec![attempt],
        }],
    }
}

fn event_type() -> EventTypeRow {
    EventTypeRow {
        number: 41,
        name: "a".to_owned(),
        description: "\0".to_owned(),
        example: None,
        schema: None,
        visible: true,
        created_at: 1,
        updated_at: 1,
        deleted: false,
    }
}

/// The batches of a source.
fn batches() -> [Batch; 5] {
    let events = (1..)
        .zip(DAYS_AGO)
        .map(|(seq, days)| event(seq, (today() - days) * DAY_MS));
    let events: Vec<_> = events.collect();
    let (first, second) = events.split_at(2);
    let through = |stage, after| Place { stage, after };
    [
        Batch {
            rows: Rows::EventTypes(vec![event_type()]),
            through: through(Stage::EventTypes, 41),
        },
        Batch {
            rows: Rows::Accounts(vec![account()]),
            through: through(Stage::Accounts, 1),
        },
        Batch {
            rows: Rows::Audit(vec![AuditRow::of(&audit())]),
            through: through(Stage::Audit, 1),
        },
        Batch {
            rows: Rows::Events(first.to_vec()),
            through: through(Stage::Events, 2),
        },
        Batch {
            rows: Rows::Events(second.to_vec()),
            through: through(Stage::Events, 4),
        },
    ]
}

fn overview() -> Overview {
    Overview {
        fingerprint: "one source".to_owned(),
        events: 4,
        last_seq: 4,
        last_event_type: 41,
        last_template: 5,
        days: DAYS_AGO.iter().map(|days| today() - days).collect(),
    }
}

/// The numbers of rows in the batches.
fn counts() -> Counts {
    Counts::from_array([1, 0, 0, 1, 1, 0, 4, 4, 4])
}

async fn begin(database: &TestDatabase, overview: &Overview) -> Result<Begun, ImportError> {
    PostgresImport::begin(&database.options(), NAME, overview).await
}

async fn ready(database: &TestDatabase) -> Box<PostgresImport> {
    match begin(database, &overview()).await {
        Ok(Begun::Ready(import)) => import,
        Ok(Begun::Finished { at }) => panic!("finished at {at}"),
        Err(error) => panic!("{error}"),
    }
}

async fn refusal(database: &TestDatabase, overview: &Overview) -> ImportError {
    match begin(database, overview).await {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error,
    }
}

/// Writes all batches, but does not finish the copy.
async fn write_all(database: &TestDatabase) -> Box<PostgresImport> {
    let mut import = ready(database).await;
    import.make_days(&overview()).await.expect("days");
    for batch in batches() {
        import.write(&batch).await.expect("rows are written");
    }
    import
}

#[tokio::test]
async fn old_events_come_to_lie_in_their_days_and_go_with_them() {
    let database = TestDatabase::empty().await;
    let import = write_all(&database).await;
    import.finish(&overview(), counts()).await.expect("an end");
    let client = database.client().await;
    let row = client.query_one("SELECT count(*) FROM events_default", &[]).await;
    assert_eq!(
        row.expect("a count").get::<_, i64>(0),
        1,
        "the one that is years old"
    );
    let store = database.open().await.expect("a store");
    let before = Timestamp::from_unix_ms((today() - 30) * DAY_MS);
    while store.prune(before, 1_000).await.expect("a step").more {}
    let row = client.query_one("SELECT count(*) FROM events", &[]).await;
    assert_eq!(row.expect("a count").get::<_, i64>(0), 1);
    let old = "SELECT count(*) FROM pg_class WHERE relname ~ '^(events|deliveries|attempts)_\\d+$'";
    let row = client.query_one(old, &[]).await.expect("a count");
    assert_eq!(
        row.get::<_, i64>(0),
        12,
        "today and the three days ahead are left"
    );
}

#[tokio::test]
async fn numbers_go_on_behind_those_that_were_copied() {
    let database = TestDatabase::empty().await;
    let import = write_all(&database).await;
    import.finish(&overview(), counts()).await.expect("an end");
    let client = database.client().await;
    let row = client.query_one("SELECT nextval('event_seqs')", &[]).await;
    assert!(row.expect("a number").get::<_, i64>(0) > 4);
    let added = "INSERT INTO event_types (name, description, visible, created_at, updated_at)
                 VALUES ('b', '', false, 1, 1) RETURNING number";
    let row = client.query_one(added, &[]).await.expect("a row");
    assert_eq!(row.get::<_, i64>(0), 42);
}

#[tokio::test]
async fn a_copy_goes_on_where_it_was_and_lets_nobody_else_in() {
    let database = TestDatabase::empty().await;
    let open = database.open().await.expect("a store");
    let mut import = ready(&database).await;
    assert_eq!((import.place(), import.events()), (Place::START, 0));
    let [types, accounts, audit, first, second] = batches();
    for batch in [&types, &accounts, &audit, &first] {
        import.write(batch).await.expect("rows are written");
    }
    let lease = Duration::from_secs(10);
    let session = open.open_session(lease, Timestamp::from_unix_ms(0)).await;
    assert!(matches!(session, Err(StoreError::Unavailable(_))), "{session:?}");
    let Err(OpenError::Unfinished(UnfinishedCopy { source_name, .. })) = database.open().await else {
        panic!("a node opened the store");
    };
    assert_eq!(source_name, NAME);
    drop(import);

    let changed = Overview {
        fingerprint: "another source, or a server ran on it".to_owned(),
        ..overview()
    };
    let refused = refusal(&database, &changed).await;
    assert!(matches!(refused, ImportError::OtherCopy(_)), "{refused}");

    let mut import = ready(&database).await;
    assert_eq!((import.place(), import.events()), (first.through, 2));
    import.write(&second).await.expect("rows are written");
    import.finish(&overview(), counts()).await.expect("an end");
    open.open_session(lease, Timestamp::from_unix_ms(0))
        .await
        .expect("a session");
    assert!(matches!(
        begin(&database, &overview()).await,
        Ok(Begun::Finished { .. })
    ));
}

#[tokio::test]
async fn a_batch_is_written_once_whoever_comes_with_it_again() {
    let database = TestDatabase::empty().await;
    let mut import = ready(&database).await;
    let [types, ..] = batches();
    import.write(&types).await.expect("rows are written");
    let client = database.client().await;
    client
        .batch_execute("UPDATE copies SET after = 7; DELETE FROM event_types")
        .await
        .expect("it is done");
    assert!(import.write(&types).await.is_err(), "the place is another");
    let row = client.query_one("SELECT count(*) FROM event_types", &[]).await;
    assert_eq!(row.expect("a count").get::<_, i64>(0), 0, "nothing was written");
}

#[tokio::test]
async fn what_did_not_arrive_is_told_and_keeps_the_copy_unfinished() {
    let database = TestDatabase::empty().await;
    let import = write_all(&database).await;
    let expected = Counts {
        attempts: 5,
        ..counts()
    };
    let differs = ImportError::Differs(vec![Difference {
        table: "attempts",
        expected: 5,
        found: 4,
    }]);
    assert_eq!(
        differs.to_string(),
        "what was copied is not what there was: 4 of 5 rows in attempts"
    );
    assert_eq!(import.finish(&overview(), expected).await, Err(differs));
    let opened = database.open().await;
    assert!(matches!(opened, Err(OpenError::Unfinished(_))));
}

#[tokio::test]
async fn the_sources_configured_key_replaces_the_targets_and_other_keys_stay() {
    let database = TestDatabase::empty().await;
    let store = database.open().await.expect("a store");
    let key = |number: u8, is_configured| ApiKeyRow {
        id: id(1, number),
        name: format!("key {number}"),
        prefix: String::new(),
        sha256: vec![number; 32],
        is_configured,
        permissions: 31,
        account: None,
        created_at: number.into(),
        expires_at: None,
        last_used_at: None,
    };
    let stored = |row| ApiKey::try_from(row).expect("a key");
    let add = store.add_api_key(stored(key(1, false)), audit());
    assert_eq!(add.await, Ok(AddApiKey::Added));
    let configure = store.configure_api_key(Some(stored(key(2, true))), audit());
    configure.await.expect("configure_api_key");
    drop(store);
    let mut import = ready(&database).await;
    let rows = Rows::ApiKeys(vec![key(3, true), key(4, false)]);
    let through = Place {
        stage: Stage::ApiKeys,
        after: 2,
    };
    import
        .write(&Batch { rows, through })
        .await
        .expect("rows are written");
    drop(import);
    let client = database.client().await;
    let rows = client.query(
        "SELECT name, is_configured FROM api_keys ORDER BY created_at",
        &[],
    );
    let rows = rows.await.expect("keys");
    let found: Vec<(String, bool)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [("key 1", false), ("key 3", true), ("key 4", false)];
    assert_eq!(
        found,
        expected.map(|(name, is_configured)| (name.to_owned(), is_configured))
    );
}

#[tokio::test]
async fn a_database_that_is_in_use_or_not_empty_is_refused() {
    let database = TestDatabase::empty().await;
    let store = database.open().await.expect("a store");
    let lease = Duration::from_secs(10);
    let now = Timestamp::from_unix_ms(0);
    let session = store.open_session(lease, now).await.expect("a session");
    assert_eq!(refusal(&database, &overview()).await, ImportError::InUse);
    store.close_session(session, now).await.expect("it is closed");
    let client = database.client().await;
    client
        .batch_execute("INSERT INTO deleted_accounts (account_id) VALUES (gen_random_uuid())")
        .await
        .expect("a row");
    let not_empty = ImportError::NotEmpty {
        table: "deleted_accounts",
    };
    assert_eq!(refusal(&database, &overview()).await, not_empty);
}

#[tokio::test]
async fn a_database_whose_nodes_have_not_renewed_since_it_was_down_is_in_use() {
    let database = TestDatabase::create().await;
    let store = database.open().await.expect("a store");
    let lease = database.longer_than_the_server_runs().await;
    let session = store.open_session(lease, Timestamp::from_unix_ms(0)).await;
    session.expect("a session");
    let client = database.client().await;
    let expire = "UPDATE sessions SET alive_until = pg_postmaster_start_time() - interval '1 minute'";
    client.batch_execute(expire).await.expect("an expired lease");
    assert_eq!(refusal(&database, &overview()).await, ImportError::InUse);
}
