//! A mail server that takes no messages, or none of one recipient.

use std::time::Duration;

use postrider_configuration::{ActionDraft, DoesDraft, RateLimitDraft, SendEmailDraft};
use postrider_engine::EmailNotSetUp;
use postrider_model::health::ActionHealth;
use postrider_model::{Clock, DeliveryStatus, Outcome};

use super::mail_server::{
    Reply, S, accept, account, attempts, dialogue, email, node, node_with, replace_actions,
};
use crate::support::{Fixture, Node, accept_many, folder, life};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

#[test]
fn an_email_waits_for_a_mail_server_that_is_down_and_spends_no_attempt() {
    let folder = folder();
    life(async {
        const DOWN_MS: i64 = 600_000;
        let script = |at_ms, _| match at_ms < DOWN_MS {
            true => Reply::IsDown,
            false => Reply::Accepts(Duration::ZERO),
        };
        let (node, log) = node(folder.path(), script).await;
        let fixture = account(&node).await;
        for _ in 0..5 {
            accept(&node, &fixture).await;
        }
        let deliveries = node.wait_until_settled(fixture.account).await;
        for delivery in &deliveries {
            assert_eq!(delivery.progress.status, DeliveryStatus::Succeeded);
            assert_eq!(delivery.progress.attempts, 1);
        }
        // Pauses of 1, 2, 4, 8, 16 and then 30 s.
        let asked = log.lock().clone();
        let in_vain = asked.iter().filter(|asked| asked.at_ms < DOWN_MS).count();
        assert!((20..=30).contains(&in_vain), "{in_vain}");
        let first_after = asked[in_vain].at_ms - DOWN_MS;
        assert!(first_after <= 32_000, "{first_after} ms after its return");
    });
}

#[test]
fn a_recipient_for_whom_the_mail_server_asks_for_a_sign_in_delays_no_other() {
    let folder = folder();
    life(async {
        let script = |_, _| Reply::AsksForSignIn("relay@b.example");
        let (node, _log) = node(folder.path(), script).await;
        let one = account(&node).await;
        let relayed = DoesDraft::SendEmail(SendEmailDraft {
            to: vec!["relay@b.example".to_owned()],
            subject: "s".to_owned(),
            text: "t".to_owned(),
        });
        replace_actions(&node, &one, vec![ActionDraft::new(relayed)]).await;
        let others = account(&node).await;
        replace_actions(&node, &others, vec![email("s", "t")]).await;
        node.accept(one.account).await;
        tokio::time::sleep(S / 10).await;
        accept_many(&node, &others, 20).await;
        tokio::time::sleep(S).await;
        let succeeded = node.count(others.account, DeliveryStatus::Succeeded).await;
        assert_eq!(succeeded, 20, "within a second");
        tokio::time::sleep(120 * S).await;
        let delivery = node.deliveries(one.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Failed);
        let attempts = attempts(&node, &one, &delivery).await;
        let first = attempts[0].started_at;
        let seconds = attempts.iter().map(|it| it.started_at.since(first).as_secs());
        assert_eq!(seconds.collect::<Vec<_>>(), [0, 10, 110]);
        assert_eq!(dialogue(&attempts[0]).steps.last().unwrap().code, Some(530));
    });
}

#[test]
fn a_mail_server_that_is_down_uses_up_no_rate_limit() {
    let folder = folder();
    life(async {
        let script = |at_ms, _| match at_ms < 1_500 {
            true => Reply::IsDown,
            false => Reply::Accepts(Duration::ZERO),
        };
        let (node, _log) = node(folder.path(), script).await;
        let fixture = account(&node).await;
        node.edit(&fixture, |automation| {
            automation.actions[0].rate_limit = Some(RateLimitDraft {
                requests: 1,
                per_s: 600,
            });
        })
        .await;
        accept(&node, &fixture).await;
        node.wait_until_settled(fixture.account).await;
        assert!(node.clock_ms() <= 4_000, "{} ms", node.clock_ms());
    });
}

#[test]
fn nothing_is_rendered_for_a_mail_server_that_is_out_of_reach() {
    let folder = folder();
    life(async {
        let (node, log) = node(folder.path(), |_, _| Reply::IsDown).await;
        let [asks, waits] = [account(&node).await, account(&node).await];
        replace_actions(&node, &waits, vec![email("s", "{{ data.title + 1 }}")]).await;
        accept(&node, &asks).await;
        tokio::time::sleep(S / 10).await;
        accept(&node, &waits).await;
        tokio::time::sleep(S / 10).await;
        assert_eq!(log.lock().len(), 1);
        let delivery = node.deliveries(waits.account).await.remove(0);
        assert_eq!(delivery.progress.attempts, 0, "its text would have failed");
    });
}

#[test]
fn a_process_out_of_file_descriptors_is_no_outage_of_the_mail_server() {
    let folder = folder();
    life(async {
        let script = |_, earlier| match earlier {
            0 => Reply::HasNoDescriptor,
            _ => Reply::Accepts(Duration::ZERO),
        };
        let (node, log) = node(folder.path(), script).await;
        let [first, second] = [account(&node).await, account(&node).await];
        accept(&node, &first).await;
        tokio::time::sleep(S / 10).await;
        accept(&node, &second).await;
        tokio::time::sleep(S / 10).await;
        assert_eq!(log.lock().len(), 2, "the next message does not wait");
        let delivery = node.wait_until_settled(first.account).await.remove(0);
        assert_eq!(delivery.progress.attempts, 1);
    });
}

#[test]
fn emails_wait_four_days_for_a_mail_server_over_restarts_and_then_fail_by_their_schedule() {
    const COUNT: usize = 200;
    let folder = folder();
    let fixture = life(async {
        let (node, _log) = node(folder.path(), |_, _| Reply::IsDown).await;
        let fixture = account(&node).await;
        replace_actions(&node, &fixture, vec![email("s", "t")]).await;
        accept_many(&node, &fixture, COUNT).await;
        tokio::time::sleep(60 * S).await;
        fixture
    });
    life(async {
        let is_down = |_, _| Reply::IsDown;
        let (node, _log) = node_with(folder.path(), 2 * DAY_MS, u32::MAX, is_down).await;
        tokio::time::sleep(5 * S).await;
        assert_eq!(node.count(fixture.account, DeliveryStatus::Pending).await, COUNT);
    });
    life(async {
        let is_down = |_, _| Reply::IsDown;
        let (node, log) = node_with(folder.path(), 4 * DAY_MS - 11 * MINUTE_MS, u32::MAX, is_down).await;
        tokio::time::sleep(650 * S).await;
        assert_eq!(node.count(fixture.account, DeliveryStatus::Pending).await, COUNT);
        assert!(log.lock().len() > 3);
        all_fail(
            &node,
            &fixture,
            COUNT,
            "The mail server of this installation does not",
        )
        .await;
    });
}

#[test]
fn a_short_outage_fails_no_email_however_old_its_event_is() {
    let folder = folder();
    let fixture = life(async {
        let (node, _log) = node(folder.path(), |_, _| Reply::IsDown).await;
        let fixture = account(&node).await;
        accept(&node, &fixture).await;
        tokio::time::sleep(60 * S).await;
        fixture
    });
    life(async {
        let script = |_, earlier| match earlier < 5 {
            true => Reply::IsDown,
            false => Reply::Accepts(Duration::ZERO),
        };
        let (node, _log) = node_with(folder.path(), 6 * DAY_MS, u32::MAX, script).await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        let progress = (delivery.progress.status, delivery.progress.attempts);
        assert_eq!(progress, (DeliveryStatus::Succeeded, 1));
    });
}

#[test]
fn emails_wait_four_days_for_the_settings_of_a_mail_server_and_then_fail_by_their_schedule() {
    const COUNT: usize = 3;
    let folder = folder();
    let start = |offset_ms| {
        Node::start_mailing(folder.path(), offset_ms, |clock| {
            std::sync::Arc::new(EmailNotSetUp::new(clock as std::sync::Arc<dyn Clock>))
        })
    };
    let fixture = life(async {
        let node = start(0).await;
        let fixture = account(&node).await;
        replace_actions(&node, &fixture, vec![email("s", "t")]).await;
        accept_many(&node, &fixture, COUNT).await;
        tokio::time::sleep(60 * S).await;
        fixture
    });
    life(async {
        let node = start(4 * DAY_MS - MINUTE_MS).await;
        tokio::time::sleep(50 * S).await;
        assert_eq!(node.count(fixture.account, DeliveryStatus::Pending).await, COUNT);
        all_fail(
            &node,
            &fixture,
            COUNT,
            "E-mail is not set up on this installation",
        )
        .await;
    });
}

#[test]
fn an_action_that_fails_for_want_of_a_mail_server_is_not_switched_off() {
    let folder = folder();
    let script = |at_ms, _| match at_ms < 10_000 {
        true => Reply::Refuses(550),
        false => Reply::IsDown,
    };
    let fixture = life(async {
        let (node, _log) = node(folder.path(), script).await;
        let fixture = account(&node).await;
        accept(&node, &fixture).await;
        tokio::time::sleep(20 * S).await;
        accept(&node, &fixture).await;
        tokio::time::sleep(S).await;
        fixture
    });
    life(async {
        // The action has been failing for longer than the five days after which it is switched off.
        let (node, _log) = node_with(folder.path(), 6 * DAY_MS, u32::MAX, script).await;
        tokio::time::sleep(800 * S).await;
        assert_eq!(node.count(fixture.account, DeliveryStatus::Failed).await, 2);
        let config = node.store.account_config(fixture.account).await.unwrap().unwrap();
        assert!(config.health[0].1.failing_since.is_some());
        assert!(config.automations[0].actions[0].enabled);
    });
}

/// Waits until four days and the schedule are over. All deliveries have failed by then, with errors that
/// begin like this and a record that names nothing of the operator's.
async fn all_fail(node: &Node, fixture: &Fixture, count: usize, error: &str) {
    tokio::time::sleep(180 * S).await;
    let deliveries = node.deliveries(fixture.account).await;
    assert_eq!(deliveries.len(), count);
    for delivery in &deliveries {
        assert_eq!(delivery.progress.status, DeliveryStatus::Failed);
        let attempts = attempts(node, fixture, delivery).await;
        let first = attempts[0].started_at;
        let seconds = attempts.iter().map(|it| it.started_at.since(first).as_secs());
        assert_eq!(seconds.collect::<Vec<_>>(), [0, 10, 110]);
        for attempt in &attempts {
            assert_eq!(attempt.outcome, Outcome::ConnectError);
            assert!(
                attempt.error.as_deref().unwrap().starts_with(error),
                "{attempt:?}"
            );
            let smtp = dialogue(attempt);
            assert_eq!((smtp.server.as_str(), smtp.steps.len()), ("", 0));
        }
    }
    let config = node.store.account_config(fixture.account).await.unwrap().unwrap();
    for (_, health) in config.health {
        assert_eq!(health, ActionHealth::default(), "the action is not to blame");
    }
    assert!(config.automations[0].actions[0].enabled);
}
