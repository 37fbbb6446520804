//! Days that are entirely too old are dropped, and no event is removed only in part.

use std::sync::Arc;

use crate::support::TestDatabase;
use postrider_model::{DeliveryStatus, Timestamp};
use postrider_storage::sealing::known_sealer;
use postrider_storage::{
    ChangeMark, ChangeStore, DeleteObject, EventStore, FirstAttempt, NewEvent, Pruned, RetentionStore,
};
use postrider_storage_postgres::PostgresStore;
use postrider_storage_testkit::build::*;
use postrider_storage_testkit::scene::Scene;
use tokio_postgres::Client;
use uuid::Uuid;

const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3600;

/// A store with partitions of the day on which tests begin, and of the day before.
pub struct Days {
    pub scene: Scene,
    pub store: Arc<PostgresStore>,
    pub client: Client,
    pub database: TestDatabase,
}

/// The names of the two days.
const FIRST: &str = "20260114";
const SECOND: &str = "20260115";

impl Days {
    pub async fn new() -> Self {
        let database = TestDatabase::create().await;
        let store = database.open().await;
        let store = Arc::new(store.expect("an open store"));
        let client = database.client().await;
        for (name, from) in [(FIRST, at(-DAY_S)), (SECOND, at(0))] {
            make_day(&client, name, from).await;
        }
        Self {
            scene: Scene::new_at(Arc::clone(&store) as _, -DAY_S).await,
            store,
            client,
            database,
        }
    }

    /// An event with a delivery for each action, settled after one attempt.
    async fn append_settled(&self, s: i64) -> NewEvent {
        let mut event = self.scene.event_for(s, &self.scene.actions, FirstAttempt::Owned);
        event.idempotency_key = Some(format!("key {s}"));
        self.scene.append_new(&event).await;
        for (index, action) in self.scene.actions.iter().enumerate() {
            let key = key_of(&event, index);
            self.scene.settle(key, *action, s, DeliveryStatus::Failed).await;
        }
        event
    }

    /// An event with one delivery, accepted at `s` and settled at `settled_s`.
    pub async fn append_settled_at(&self, s: i64, settled_s: i64) -> NewEvent {
        let action = &self.scene.actions[..1];
        let event = self.scene.event_for(s, action, FirstAttempt::Owned);
        self.scene.append_new(&event).await;
        let status = DeliveryStatus::Succeeded;
        self.scene
            .settle(key_of(&event, 0), action[0], settled_s, status)
            .await;
        event
    }

    pub async fn prune(&self, before: Timestamp, limit: usize) -> Pruned {
        self.store.prune(before, limit).await.expect("prune")
    }

    /// Prunes to the end. Returns how many events it removed, and in how many steps.
    pub async fn prune_all(&self, before: Timestamp) -> (usize, usize) {
        let (mut events, mut steps) = (0, 0);
        loop {
            let pruned = self.prune(before, 100).await;
            events += pruned.events;
            steps += 1;
            assert_eq!(pruned.failure, None);
            assert!(steps < 100, "pruning has no end");
            if !pruned.more {
                return (events, steps);
            }
        }
    }

    async fn has_day(&self, day: &str) -> bool {
        let mut there = Vec::new();
        for table in ["events", "deliveries", "attempts"] {
            let sql = format!("SELECT to_regclass('{table}_{day}') IS NOT NULL");
            let row = self.client.query_one(&sql, &[]).await.expect("an answer");
            there.push(row.get::<_, bool>(0));
        }
        assert!(there.iter().all(|is| *is == there[0]), "all three or none");
        there[0]
    }

    /// Rows of events, deliveries, attempts and keys.
    pub async fn rows(&self) -> [i64; 4] {
        let mut rows = [0; 4];
        let tables = ["events", "deliveries", "attempts", "event_keys"];
        for (count, table) in rows.iter_mut().zip(tables) {
            let sql = format!("SELECT count(*) FROM {table}");
            *count = self.client.query_one(&sql, &[]).await.expect("a count").get(0);
        }
        rows
    }

    pub async fn is_there(&self, event: &NewEvent) -> bool {
        let read = self.store.event(event.event.account, event.event.id).await;
        read.expect("event").is_some()
    }
}

/// Creates a day's partitions, as the store creates the coming ones.
async fn make_day(client: &Client, name: &str, from: Timestamp) {
    let (from, to) = (from.unix_ms(), from.unix_ms() + DAY_S * 1000);
    let id = |ms: i64| Uuid::from_u128(u128::from(ms.unsigned_abs()) << 80);
    let mut sql =
        format!("CREATE TABLE events_{name} PARTITION OF events FOR VALUES FROM ({from}) TO ({to});");
    for table in ["deliveries", "attempts"] {
        sql.push_str(&format!(
            "CREATE TABLE {table}_{name} PARTITION OF {table} FOR VALUES FROM ('{}') TO ('{}');",
            id(from),
            id(to)
        ));
    }
    client.batch_execute(&sql).await.expect("a day's partitions");
}

#[tokio::test]
async fn a_day_that_ended_an_hour_before_is_dropped_whole_and_none_earlier() {
    let days = Days::new().await;
    for s in [-DAY_S, -HOUR_S, -1] {
        days.append_settled(s).await;
    }
    let young = days.append_settled(HOUR_S).await;
    let too_early = Timestamp::from_unix_ms(at(HOUR_S).unix_ms() - 1);
    assert_eq!(days.prune_all(too_early).await, (0, 1));
    assert_eq!(days.rows().await, [4, 12, 12, 4]);
    let dropped = days.prune(at(HOUR_S), 1).await;
    let whole = Pruned {
        events: 3,
        deliveries: 9,
        more: true,
        ..Pruned::default()
    };
    assert_eq!(dropped, whole, "in one step, however small");
    assert!(!days.has_day(FIRST).await);
    assert_eq!(days.rows().await, [1, 3, 3, 1]);
    assert!(days.is_there(&young).await && days.has_day(SECOND).await);
    assert_eq!(days.prune(at(HOUR_S), 1).await, Pruned::default());
}

#[tokio::test]
async fn a_day_whose_last_deliveries_settled_hours_later_is_dropped_hours_later() {
    let days = Days::new().await;
    days.append_settled(-DAY_S).await;
    let settled_s = 5 * HOUR_S;
    days.append_settled_at(-1, settled_s).await;
    assert_eq!(days.prune_all(at(settled_s)).await, (0, 1));
    assert!(days.has_day(FIRST).await);
    assert_eq!(days.rows().await, [2, 4, 4, 1]);
    assert_eq!(days.prune_all(at(settled_s + 1)).await.0, 2);
    assert!(!days.has_day(FIRST).await);
    assert_eq!(days.rows().await, [0; 4]);
}

#[tokio::test]
async fn an_event_that_settled_days_later_does_not_keep_its_day() {
    let days = Days::new().await;
    for s in 0..300 {
        days.scene.append_new(&days.scene.event(-DAY_S + s)).await;
    }
    let settled_s = 3 * DAY_S;
    let late = days.append_settled_at(-1, settled_s).await;
    let before = at(2 * DAY_S);
    let (events, steps) = days.prune_all(before).await;
    assert_eq!(events, 300);
    assert!(steps <= 3, "{steps} steps: the days were not dropped whole");
    assert!(!days.has_day(FIRST).await && days.is_there(&late).await);
    assert_eq!(days.rows().await, [1, 1, 1, 0]);
    assert_eq!(days.prune_all(at(settled_s)).await.0, 0);
    assert_eq!(days.prune_all(at(settled_s + 1)).await.0, 1);
    assert_eq!(days.rows().await, [0; 4]);
}

#[tokio::test]
async fn an_event_with_a_pending_delivery_does_not_keep_its_day_and_settles_as_usual() {
    let days = Days::new().await;
    let first = days.append_settled(-DAY_S).await;
    let mut pending = days
        .scene
        .event_for(-DAY_S + 1, &days.scene.actions[..1], FirstAttempt::Owned);
    pending.idempotency_key = Some("kept".to_owned());
    days.scene.append_new(&pending).await;
    let last = days.append_settled(-HOUR_S).await;
    assert_eq!(days.prune_all(at(HOUR_S)).await.0, 2);
    assert!(!days.has_day(FIRST).await);
    assert!(!days.is_there(&first).await && !days.is_there(&last).await);
    assert!(days.is_there(&pending).await);
    assert_eq!(days.rows().await, [1, 1, 0, 1], "with its key");
    let key = key_of(&pending, 0);
    let action = days.scene.actions[0];
    days.scene.settle(key, action, 5, DeliveryStatus::Succeeded).await;
    assert_eq!(days.rows().await, [1, 1, 1, 1]);
    assert_eq!(days.prune_all(at(HOUR_S)).await.0, 1);
    assert_eq!(days.rows().await, [0; 4]);
}

#[tokio::test]
async fn a_resent_delivery_is_attempted_after_its_day_was_dropped() {
    let days = Days::new().await;
    let event = days.append_settled(-DAY_S).await;
    let resent = days.scene.store.resend(key_of(&event, 1), at(0), audit()).await;
    resent.expect("resend");
    assert_eq!(days.prune_all(at(HOUR_S)).await.0, 0);
    assert!(!days.has_day(FIRST).await);
    assert_eq!(days.rows().await, [1, 3, 3, 1]);
    let claim = days.scene.claim(days.scene.actions[1], 10, at(0)).await;
    assert_eq!(claim.deliveries.len(), 1);
    assert_eq!(claim.deliveries[0].key, key_of(&event, 1));
}

#[tokio::test]
async fn a_day_that_keeps_many_events_is_pruned_row_by_row_after_a_day() {
    let days = Days::new().await;
    days.append_settled(-DAY_S).await;
    let actions: Vec<_> = (0..400).map(|_| days.scene.ids.action(at(-DAY_S))).collect();
    for s in 1..4 {
        let pending = days.scene.event_for(s - DAY_S, &actions, FirstAttempt::Waiting);
        days.scene.append_new(&pending).await;
    }
    assert_eq!(days.prune_all(at(DAY_S + HOUR_S - 1)).await, (0, 1));
    assert_eq!(days.prune_all(at(DAY_S + HOUR_S)).await.0, 1);
    assert!(days.has_day(FIRST).await);
    assert_eq!(days.rows().await, [3, 1200, 0, 0]);
}

/// A node whose ids were ahead accepted the event just before midnight.
#[tokio::test]
async fn an_event_whose_deliveries_lie_in_the_next_day_goes_with_its_own_day() {
    let days = Days::new().await;
    days.append_settled(-HOUR_S).await;
    let kept = days.append_settled(1).await;
    let astride = days.append_settled(-1).await;
    let in_second = "SELECT count(DISTINCT tableoid) FROM deliveries WHERE event_created_at = $1
                         AND tableoid = 'deliveries_20260115'::regclass";
    let created_at = astride.event.created_at.unix_ms();
    let row = days.client.query_one(in_second, &[&created_at]).await;
    assert_eq!(row.expect("a count").get::<_, i64>(0), 1);
    assert_eq!(days.prune_all(at(HOUR_S)).await.0, 2);
    assert!(!days.has_day(FIRST).await && days.has_day(SECOND).await);
    assert!(!days.is_there(&astride).await && days.is_there(&kept).await);
    assert_eq!(days.rows().await, [1, 3, 3, 1]);
}

#[tokio::test]
async fn an_event_with_a_pending_delivery_in_the_next_day_keeps_neither_day() {
    let days = Days::new().await;
    days.append_settled(-HOUR_S).await;
    days.append_settled(1).await;
    let astride = days
        .scene
        .event_for(-1, &days.scene.actions[..2], FirstAttempt::Waiting);
    days.scene.append_new(&astride).await;
    assert_eq!(days.prune_all(at(HOUR_S)).await.0, 1);
    assert!(!days.has_day(FIRST).await && days.has_day(SECOND).await);
    assert!(days.is_there(&astride).await);
    assert_eq!(days.rows().await, [2, 5, 3, 1]);
    assert_eq!(days.prune_all(at(DAY_S + HOUR_S)).await.0, 1);
    assert!(!days.has_day(SECOND).await);
    assert!(days.is_there(&astride).await);
    assert_eq!(days.rows().await, [1, 2, 0, 0]);
}

/// They remain if ids were ahead by more than retention handles, and cannot be attempted.
#[tokio::test]
async fn pending_deliveries_without_an_event_do_not_keep_a_day_for_good() {
    let days = Days::new().await;
    let action = &days.scene.actions[..1];
    for (s, first_attempt) in [(-DAY_S, FirstAttempt::Owned), (-DAY_S + 1, FirstAttempt::Waiting)] {
        let event = days.scene.event_for(s, action, first_attempt);
        days.scene.append_new(&event).await;
    }
    let events_go = days.client.batch_execute("DELETE FROM events");
    events_go.await.expect("deliveries without events");
    days.prune_all(at(HOUR_S)).await;
    days.prune_all(at(HOUR_S)).await;
    assert!(!days.has_day(FIRST).await);
    assert_eq!(days.rows().await, [0; 4]);
}

#[tokio::test]
async fn a_day_in_use_is_dropped_by_a_later_pass() {
    let days = Days::new().await;
    let event = days.append_settled(-HOUR_S).await;
    let mut busy = days.database.client().await;
    let reading = busy.transaction().await.expect("a transaction");
    let read = reading.query("SELECT 1 FROM deliveries", &[]).await;
    read.expect("a reader that does not end");
    assert_eq!(days.prune(at(HOUR_S), 100).await, Pruned::default());
    assert!(days.is_there(&event).await && days.has_day(FIRST).await);
    reading.rollback().await.expect("the reader ends");
    assert_eq!(days.prune_all(at(HOUR_S)).await.0, 1);
    assert!(!days.has_day(FIRST).await);
}

#[tokio::test]
async fn what_a_deleted_account_left_behind_goes_from_days_too() {
    let days = Days::new().await;
    days.append_settled(-HOUR_S).await;
    days.append_settled(1).await;
    let deleted = days
        .scene
        .store
        .delete_account(days.scene.account, None, audit())
        .await;
    assert_eq!(deleted, Ok(DeleteObject::Deleted));
    assert_eq!(days.prune_all(at(-DAY_S)).await.0, 2);
    assert_eq!(days.rows().await, [0; 4]);
    let left = days.client.query("SELECT 1 FROM deleted_accounts", &[]).await;
    assert!(left.expect("rows").is_empty());
}

#[tokio::test]
async fn old_notes_of_changes_go_and_who_was_away_for_long_is_told_so() {
    let days = Days::new().await;
    let mark = days.store.changes(None).await.expect("changes").mark;
    let sql = "INSERT INTO changes (kind, at) VALUES ('api_keys', clock_timestamp() - interval '61 minutes')";
    days.client.batch_execute(sql).await.expect("an old note");
    days.prune(at(0), 100).await;
    let sql = "SELECT count(*) FROM changes WHERE kind = 'api_keys'";
    let row = days.client.query_one(sql, &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), 0);
    let away = ChangeMark {
        looked_at_ms: mark.looked_at_ms - 61 * 60 * 1000,
        ..mark
    };
    let told = days.store.changes(Some(away)).await.expect("changes");
    assert_eq!(told.changed, None, "some of what this reader missed is gone");
    let told = days.store.changes(Some(told.mark)).await.expect("changes");
    assert!(told.changed.is_some(), "nothing is missing any more");
}

/// Dropping and creating days locks whole tables for an instant, which verbs must survive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_accepted_and_delivered_while_days_are_dropped_and_made() {
    let days = Arc::new(Days::new().await);
    for s in [-DAY_S, -HOUR_S] {
        days.append_settled(s).await;
    }
    let busy = tokio::spawn({
        let days = Arc::clone(&days);
        async move {
            for s in 1..150 {
                days.append_settled(s).await;
            }
        }
    });
    let other = PostgresStore::open(days.database.options(), known_sealer()).await;
    let other = other.expect("another node");
    while !busy.is_finished() || days.has_day(FIRST).await {
        let pruned = tokio::join!(days.store.prune(at(HOUR_S), 100), other.prune(at(HOUR_S), 100));
        assert!(pruned.0.is_ok() && pruned.1.is_ok(), "{pruned:?}");
        if !days.has_day(FIRST).await && !busy.is_finished() {
            make_day(&days.client, FIRST, at(-DAY_S)).await;
        }
    }
    busy.await.expect("every verb was done");
    assert_eq!(days.rows().await, [149, 447, 447, 149]);
}
