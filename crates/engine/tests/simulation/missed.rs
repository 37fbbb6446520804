//! Sending what an automation missed.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use postrider_engine::{EngineSettings, MissedEvents, ReplayError, SendMissedError, Submission};
use postrider_model::{AutomationId, DeliveryStatus, Timestamp};
use postrider_storage::DeliveryFilter;

use crate::support::{BY, Fixture, Node, accept_many, folder, life, status, submission};

const URL: &str = "https://receiver.example/hook";
const LONG: Duration = Duration::from_secs(60);

async fn started(folder: &std::path::Path, offset_ms: i64) -> Node {
    let script = |_: &_, _| (Duration::from_millis(2), status(200));
    Node::start(folder, offset_ms, EngineSettings::default(), script).await
}

/// All events that the automation missed.
fn all(fixture: &Fixture) -> MissedEvents {
    MissedEvents {
        automation: fixture.automation,
        after: Timestamp::EPOCH,
        before: None,
        event_type: None,
    }
}

async fn switch(node: &Node, fixture: &Fixture, on: bool) {
    node.edit(fixture, |automation| automation.enabled = on).await;
}

async fn count(node: &Node, missed: &MissedEvents, fixture: &Fixture) -> u64 {
    let counted = node
        .engine
        .count_missed(fixture.account, missed, LONG)
        .await
        .unwrap();
    assert!(counted.is_all);
    counted.matching
}

#[test]
fn what_happened_while_an_automation_was_off_is_counted_then_sent_once() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0).await;
        let fixture = node.account(&[URL]).await;
        node.accept(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        switch(&node, &fixture, false).await;
        let mut missed = HashSet::new();
        for _ in 0..3 {
            missed.insert(node.accept(fixture.account).await.id.to_string());
        }
        let other = vec![submission("order.paid")];
        node.engine.accept(fixture.account, other).await.unwrap();
        let off = node
            .engine
            .count_missed(fixture.account, &all(&fixture), LONG)
            .await;
        assert_eq!(off, Err(SendMissedError::Off));
        switch(&node, &fixture, true).await;
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        assert_eq!(node.seen().len(), 2, "switching on sends nothing");
        assert_eq!(count(&node, &all(&fixture), &fixture).await, 3);
        let sent = node.engine.send_missed(&BY, fixture.account, all(&fixture)).await;
        assert_eq!(sent, Ok(3));
        let settled = node.wait_until_settled(fixture.account).await;
        assert!(
            settled
                .iter()
                .all(|it| it.progress.status == DeliveryStatus::Succeeded)
        );
        let seen = node.seen();
        let ids: HashSet<_> = seen[2..]
            .iter()
            .map(|seen| seen.header("webhook-id").to_owned())
            .collect();
        assert_eq!((seen.len(), ids), (5, missed), "the events' own ids");
        assert_eq!(count(&node, &all(&fixture), &fixture).await, 0);
        let again = node.engine.send_missed(&BY, fixture.account, all(&fixture)).await;
        assert_eq!(again, Ok(0));
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert_eq!(node.seen().len(), 5);
    });
}

#[test]
fn trigger_conditions_actions_and_span_are_those_of_now_and_of_the_request() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0).await;
        let fixture = node.account(&[URL]).await;
        switch(&node, &fixture, false).await;
        let begin = node.engine.clock().now();
        for total in [500, 1_500, 2_500] {
            let data = Bytes::from(format!(r#"{{"total":{total}}}"#));
            let submission = Submission::new("proposal.accepted".parse().unwrap(), data);
            node.engine
                .accept(fixture.account, vec![submission])
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        node.edit(&fixture, |automation| {
            automation.enabled = true;
            automation.conditions = Some(r#"{"all":[{"path":"/total","op":"gte","value":1000}]}"#.to_owned());
        })
        .await;
        assert_eq!(count(&node, &all(&fixture), &fixture).await, 2);
        let before = Some(begin.after(Duration::from_secs(15)));
        let early = MissedEvents {
            before,
            ..all(&fixture)
        };
        assert_eq!(count(&node, &early, &fixture).await, 1);
        let event_type = Some("proposal.declined".parse().unwrap());
        let of_type = MissedEvents {
            event_type,
            ..all(&fixture)
        };
        assert_eq!(count(&node, &of_type, &fixture).await, 0);
        assert_eq!(node.engine.send_missed(&BY, fixture.account, early).await, Ok(1));
        node.wait_until_settled(fixture.account).await;
        assert_eq!(node.seen().len(), 1);
        // A further action missed all that meet the conditions; the first one missed the last alone.
        let other = "https://receiver.example/other";
        node.edit(&fixture, |automation| {
            automation.actions.push(crate::support::action(other))
        })
        .await;
        assert_eq!(count(&node, &all(&fixture), &fixture).await, 2);
        assert_eq!(
            node.engine.send_missed(&BY, fixture.account, all(&fixture)).await,
            Ok(2)
        );
        node.wait_until_settled(fixture.account).await;
        assert_eq!((node.times(URL).len(), node.times(other).len()), (2, 2));
    });
}

#[test]
fn an_automation_that_is_unknown_or_has_no_action_that_is_on_gets_nothing() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0).await;
        let fixture = node.account(&[URL]).await;
        let unknown = MissedEvents {
            automation: AutomationId::from_u128(7),
            ..all(&fixture)
        };
        let sent = node.engine.send_missed(&BY, fixture.account, unknown).await;
        assert_eq!(sent, Err(SendMissedError::Missing));
        node.edit(&fixture, |automation| automation.actions[0].enabled = false)
            .await;
        let sent = node.engine.send_missed(&BY, fixture.account, all(&fixture)).await;
        assert_eq!(sent, Err(SendMissedError::Off));
    });
}

#[test]
fn missed_events_and_replays_of_an_account_are_sent_one_after_the_other() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0).await;
        let fixture = node.account(&[URL]).await;
        switch(&node, &fixture, false).await;
        accept_many(&node, &fixture, 1_500).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        switch(&node, &fixture, true).await;
        let missed = all(&fixture);
        let progress = node
            .engine
            .send_missed_with_progress(&BY, fixture.account, missed)
            .await;
        let second = node.engine.send_missed(&BY, fixture.account, all(&fixture)).await;
        assert!(matches!(second, Err(SendMissedError::Running(_))), "{second:?}");
        let replay = node
            .engine
            .replay(&BY, fixture.account, DeliveryFilter::default())
            .await;
        assert!(matches!(replay, Err(ReplayError::Running(_))), "{replay:?}");
        let mut progress = progress.unwrap();
        progress
            .wait_for(|progress| progress.result.is_some())
            .await
            .unwrap();
        assert_eq!(progress.borrow().done, 1_500);
        assert_eq!(
            node.engine.send_missed(&BY, fixture.account, all(&fixture)).await,
            Ok(0)
        );
    });
}

#[test]
fn a_kill_while_missed_events_are_sent_loses_none_and_doubles_none() {
    const EVENTS: usize = 1_700;
    for kill_after in [1, 600, 1_100] {
        let folder = folder();
        let mut offset_ms = 0;
        let (fixture, seen_before) = life(async {
            let node = started(folder.path(), 0).await;
            let fixture = node.account(&[URL]).await;
            switch(&node, &fixture, false).await;
            accept_many(&node, &fixture, EVENTS).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            switch(&node, &fixture, true).await;
            let missed = all(&fixture);
            let progress = node
                .engine
                .send_missed_with_progress(&BY, fixture.account, missed)
                .await;
            let mut progress = progress.unwrap();
            progress
                .wait_for(|progress| progress.done >= kill_after)
                .await
                .unwrap();
            offset_ms = node.clock_ms() + 1;
            // The runtime is dropped here: a kill.
            (fixture, node.seen())
        });
        life(async {
            let node = started(folder.path(), offset_ms).await;
            let rest = node
                .engine
                .send_missed(&BY, fixture.account, all(&fixture))
                .await
                .unwrap();
            assert!(rest + kill_after <= EVENTS as u64);
            while node.count(fixture.account, DeliveryStatus::Pending).await > 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            assert_eq!(
                node.count(fixture.account, DeliveryStatus::Succeeded).await,
                EVENTS
            );
            let id = |seen: &crate::support::Seen| seen.header("webhook-id").to_owned();
            let ids: HashSet<_> = seen_before.iter().chain(&node.seen()).map(id).collect();
            assert_eq!(ids.len(), EVENTS, "each event arrived");
            let deliveries: HashSet<_> = node
                .seen()
                .iter()
                .map(|seen| seen.header("postrider-delivery-id").to_owned())
                .collect();
            assert_eq!(
                deliveries.len(),
                node.seen().len(),
                "and no delivery twice in this life"
            );
        });
    }
}

#[test]
fn statistics_count_what_was_sent_late_without_its_latency() {
    let folder = folder();
    life(async {
        let node = started(folder.path(), 0).await;
        let fixture = node.account(&[URL]).await;
        switch(&node, &fixture, false).await;
        node.accept(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(7_200)).await;
        switch(&node, &fixture, true).await;
        assert_eq!(
            node.engine.send_missed(&BY, fixture.account, all(&fixture)).await,
            Ok(1)
        );
        node.wait_until_settled(fixture.account).await;
        node.accept(fixture.account).await;
        node.wait_until_settled(fixture.account).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let span = Timestamp::EPOCH..Timestamp::from_unix_ms(i64::MAX);
        let step = postrider_storage::statistics::TimeStep::Hour;
        let latencies = node.store.latencies(step, span).await.unwrap();
        assert_eq!(latencies.filled().map(|(_, count)| count).sum::<u64>(), 1);
    });
}
