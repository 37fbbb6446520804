//! Reading all rows of a data folder.

use std::path::Path;

use postrider_model::{AccountId, hex};
use postrider_storage::rows::SigningKeyRow;
use postrider_storage::sealing::known_sealer;
use postrider_storage::transfer::{Counts, Place, Rows, Stage};
use postrider_storage_sqlite::{
    DATABASE_FILE, Export, ExportError, OpenError, SCHEMA_VERSION, SqliteOptions, SqliteStore,
};
use rusqlite::Connection;
use tempfile::TempDir;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// More than one batch holds.
const EVENTS: i64 = 4_500;

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join(DATABASE_FILE)).expect("the database")
}

/// A folder without a running server, with an account, one event per minute, and pending deliveries, some of
/// them owned.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    drop(SqliteStore::open(folder.path(), SqliteOptions::default()).expect("a new store"));
    let account = AccountId::from_bytes([0; 16]);
    let sealed = known_sealer().seal(&SigningKeyRow::context(account, [0; 16]), b"whsec_");
    let sealed = hex::encode(&sealed);
    let sql = format!(
        "INSERT INTO accounts (id, name, metadata, created_at, updated_at, version)
             VALUES (zeroblob(16), 'a', '{{}}', 1, 1, 1);
         INSERT INTO signing_keys (id, account_id, secret, created_at) VALUES (x'01', zeroblob(16), x'{sealed}', 1);
         UPDATE signing_keys SET id = zeroblob(16);
         INSERT INTO event_types (name, description, visible, created_at, updated_at, deleted)
             VALUES ('a', '', 0, 1, 1, 1);
         WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < {EVENTS})
         INSERT INTO events (seq, account_id, id, type, created_at, flags, first_delivery_id, delivery_count, data)
             SELECT seq, zeroblob(16), unhex(format('%032x', seq)), 'a', seq * 60000, 4,
                    unhex(format('%012x70000000000000000000', seq * 60000)), 1, CAST(seq AS BLOB) FROM n;
         INSERT INTO deliveries (id, event_seq, account_id, automation_id, action_id, body, status, attempts, resends,
                                 owner, state_at, last_attempt)
             SELECT first_delivery_id, seq, account_id, zeroblob(16), zeroblob(16), 1, 0, 2, 0, nullif(seq % 2, 0),
                    seq, seq * 2 FROM events;
         INSERT INTO attempts (seq, previous, number, started_at, duration_ns, outcome, fenced, exchange, url,
                               request_headers, response_headers, response_truncated, response_body)
             SELECT seq, iif(seq % 2, NULL, seq - 1), iif(seq % 2, 1, 2), seq, 1, 2, 0, 0, 'u', x'00ff',
                    x'', 0, x''
             FROM (SELECT seq * 2 AS seq FROM events UNION ALL SELECT seq * 2 - 1 FROM events);"
    );
    database(folder.path()).execute_batch(&sql).expect("rows");
    folder
}

#[test]
fn everything_comes_once_and_in_order_wherever_the_reader_begins_again() {
    let folder = folder();
    let mut place = Place::START;
    let mut events = Vec::new();
    let mut stages = Vec::new();
    loop {
        // A new reader for each batch, which knows only the place.
        let export = Export::open(folder.path()).expect("an export");
        let Some(batch) = export.next(place).expect("a batch") else {
            break;
        };
        stages.push(batch.through.stage);
        place = batch.through;
        if let Rows::Events(found) = batch.rows {
            events.extend(found);
        }
    }
    let expected = [
        Stage::EventTypes,
        Stage::Accounts,
        Stage::Events,
        Stage::Events,
        Stage::Events,
    ];
    assert_eq!(stages, expected);
    let seqs: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=EVENTS).collect::<Vec<_>>());
    for event in &events {
        assert_eq!(event.event.data, event.seq.to_string().as_bytes());
        let [delivery] = event.deliveries.as_slice() else {
            panic!("{event:?}");
        };
        assert_eq!(
            (delivery.delivery.progress.status, delivery.delivery.state_at),
            (0, event.seq),
            "due when it was, whoever owned it"
        );
        let numbers: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.number).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(delivery.attempts[0].request_headers, [0, 0xff]);
    }
}

#[test]
fn what_there_is_is_known_beforehand() {
    let folder = folder();
    let export = Export::open(folder.path()).unwrap();
    let overview = export.overview().unwrap();
    assert_eq!(overview.events, EVENTS.unsigned_abs());
    assert_eq!(overview.last_seq, EVENTS);
    let last_day = EVENTS * 60_000 / DAY_MS;
    assert_eq!(
        overview.days.into_iter().collect::<Vec<_>>(),
        (0..=last_day).collect::<Vec<_>>()
    );
    let events = EVENTS.unsigned_abs();
    let counts = Counts::from_array([1, 1, 0, 1, 0, 0, events, events, 2 * events, 0]);
    assert_eq!(export.counts().unwrap(), counts);
}

#[tokio::test]
async fn a_source_is_another_once_a_server_ran_on_it() {
    use postrider_storage::SessionStore;
    let folder = folder();
    let fingerprint = || {
        Export::open(folder.path())
            .unwrap()
            .overview()
            .unwrap()
            .fingerprint
    };
    let before = fingerprint();
    assert_eq!(fingerprint(), before, "looking changes nothing");
    let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
    let now = postrider_model::Timestamp::from_unix_ms(0);
    let lease = std::time::Duration::from_secs(10);
    store.open_session(lease, now).await.unwrap();
    drop(store);
    assert_ne!(fingerprint(), before);
}

#[test]
fn a_folder_is_read_by_one_and_used_by_nobody_meanwhile() {
    let folder = folder();
    let export = Export::open(folder.path()).unwrap();
    let locked = |error: &OpenError| matches!(error, OpenError::Locked { .. });
    let opened = SqliteStore::open(folder.path(), SqliteOptions::default());
    assert!(
        opened.is_err_and(|error| locked(&error)),
        "a server started beside an export"
    );
    let second = Export::open(folder.path());
    assert!(matches!(second, Err(ExportError::Open(error)) if locked(&error)));
    drop(export);
    let store = SqliteStore::open(folder.path(), SqliteOptions::default()).unwrap();
    let beside = Export::open(folder.path());
    assert!(matches!(beside, Err(ExportError::Open(OpenError::Locked { .. }))));
    drop(store);
}

#[test]
fn only_this_schema_is_read_and_nothing_is_made() {
    let folder = folder();
    let missing = folder.path().join("missing");
    let opened = Export::open(&missing);
    assert!(matches!(
        opened,
        Err(ExportError::Open(OpenError::NoDatabase { .. }))
    ));
    assert!(!missing.exists());
    let set = |version: u32| {
        let conn = database(folder.path());
        conn.pragma_update(None, "user_version", version).unwrap();
    };
    set(SCHEMA_VERSION - 1);
    let opened = Export::open(folder.path());
    assert!(matches!(opened, Err(ExportError::OldSchema { found }) if found == SCHEMA_VERSION - 1));
    set(SCHEMA_VERSION + 1);
    let opened = Export::open(folder.path());
    assert!(matches!(opened, Err(ExportError::Open(OpenError::TooNew { .. }))));
}

#[test]
fn rows_that_do_not_agree_are_no_copy() {
    let folder = folder();
    let sql = "DELETE FROM deliveries WHERE event_seq = 3000";
    database(folder.path()).execute_batch(sql).unwrap();
    let export = Export::open(folder.path()).unwrap();
    let mut place = Place::START;
    let error = loop {
        match export.next(place) {
            Ok(batch) => place = batch.expect("it does not end").through,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(&error, ExportError::Damaged(why) if why.contains("3000")),
        "{error}"
    );
}
