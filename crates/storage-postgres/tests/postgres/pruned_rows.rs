//! Pruning row by row beside other work, and what a claim does if it finds a delivery whose event is gone.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::DeliveryStatus;
use postrider_storage::{DeliveryKey, FirstAttempt};
use postrider_storage_testkit::build::*;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::old_days::Days;

const DAY_S: i64 = 86_400;

/// Waits until a statement waits for a lock in this database.
async fn somebody_waits(client: &Client) {
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..500 {
        let row = client.query_one(sql, &[]).await.expect("a count");
        if row.get::<_, i64>(0) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody waits for a lock");
}

#[tokio::test]
async fn an_event_that_is_just_getting_missed_deliveries_is_not_pruned() {
    let days = Arc::new(Days::new().await);
    let before = at(10 * DAY_S);
    days.prune_all(before).await;
    let event = days.append_settled_at(3 * DAY_S, 3 * DAY_S + 1).await;
    let mut adding = days.database.client().await;
    let adding = adding.transaction().await.expect("a transaction");
    let locked = adding.query("SELECT 1 FROM events FOR UPDATE", &[]).await;
    assert_eq!(locked.expect("a lock").len(), 1);
    let pruning = tokio::spawn({
        let days = Arc::clone(&days);
        async move { days.prune_all(before).await }
    });
    somebody_waits(&days.client).await;
    let first = key_of(&event, 0);
    let added = DeliveryKey {
        delivery: postrider_model::DeliveryId::from_u128(first.delivery.as_u128() + 1),
        ..first
    };
    let action = days.scene.actions[1];
    let insert = "INSERT INTO deliveries (account_id, id, event_created_at, event_seq, automation_id, action_id,
                                          state_at, data_bytes, attempts, resends, recorded, body, status)
                  SELECT account_id, $1, event_created_at, event_seq, automation_id, $2, $3, data_bytes, 0, 0, 0,
                         body, 0 FROM deliveries";
    let ids = [
        Uuid::from_bytes(*added.delivery.as_bytes()),
        Uuid::from_bytes(*action.as_bytes()),
    ];
    let due = before.unix_ms();
    let inserted = adding.execute(insert, &[&ids[0], &ids[1], &due]).await;
    assert_eq!(inserted.expect("a delivery"), 1);
    let counted = adding.execute("UPDATE events SET missed_count = 1", &[]).await;
    counted.expect("its count");
    adding.commit().await.expect("commit");
    assert_eq!(pruning.await.expect("pruned").0, 0);
    assert!(days.is_there(&event).await);
    assert_eq!(days.rows().await, [1, 2, 1, 0]);
    let claim = days.scene.claim(action, ROOM, before).await;
    let claimed: Vec<_> = claim.deliveries.iter().map(|ready| ready.key).collect();
    assert_eq!(claimed, [added]);
    let settled = DeliveryStatus::Succeeded;
    days.scene.settle(added, action, 9 * DAY_S, settled).await;
    assert_eq!(days.prune_all(before).await.0, 1, "later, with both");
    assert_eq!(days.rows().await, [0; 4]);
}

/// It can never be attempted. One of them must not keep a lane, or the others of the call, from their work.
#[tokio::test]
async fn a_delivery_without_its_event_is_left_out_of_a_claim_and_not_found_again() {
    let days = Days::new().await;
    let actions = &days.scene.actions[..2];
    let lost = days.scene.event_for(1, actions, FirstAttempt::Waiting);
    let kept = days.scene.event_for(2, &actions[..1], FirstAttempt::Waiting);
    for event in [&lost, &kept] {
        days.scene.append_new(event).await;
    }
    let id = Uuid::from_bytes(*lost.event.id.as_bytes());
    let goes = days
        .client
        .execute("DELETE FROM events WHERE id = $1", &[&id])
        .await;
    assert_eq!(goes.expect("an event goes"), 1);
    let claim = days.scene.claim(actions[0], ROOM, at(10)).await;
    let claimed: Vec<_> = claim.deliveries.iter().map(|ready| ready.key).collect();
    assert_eq!((claimed, claim.next_due), (vec![key_of(&kept, 0)], None));
    let claim = days.scene.claim(actions[1], ROOM, at(10)).await;
    assert_eq!((claim.deliveries.len(), claim.next_due), (0, None));
    let sql = "SELECT count(*) FROM deliveries WHERE owner IS NOT NULL";
    let row = days.client.query_one(sql, &[]).await.expect("a count");
    assert_eq!(
        row.get::<_, i64>(0),
        3,
        "a claim of a lost one alone is kept, too"
    );
}
