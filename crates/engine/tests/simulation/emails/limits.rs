//! How much of the mail server an account gets.

use std::time::Duration;

use postrider_configuration::{ActionDraft, DoesDraft, SendEmailDraft};
use postrider_model::DeliveryStatus;

use super::mail_server::{Reply, S, accept, account, email, node, node_with, replace_actions};
use crate::support::{accept_many, folder, life, submission};

#[test]
fn an_email_action_without_a_rate_limit_sends_60_a_minute() {
    let folder = folder();
    life(async {
        let (node, log) = node(folder.path(), |_, _| Reply::Accepts(Duration::ZERO)).await;
        let fixture = account(&node).await;
        for _ in 0..90 {
            accept(&node, &fixture).await;
        }
        tokio::time::sleep(60 * S).await;
        let count = log.lock().len();
        assert!((58..=67).contains(&count), "{count}");
    });
}

#[test]
fn an_account_that_floods_the_mail_server_does_not_starve_another() {
    let folder = folder();
    life(async {
        let (node, log) = node(folder.path(), |_, _| Reply::Accepts(S)).await;
        let flooding = account(&node).await;
        replace_actions(&node, &flooding, vec![email("flood", "t"); 5]).await;
        for _ in 0..40 {
            let submission = submission("proposal.accepted");
            node.engine
                .accept(flooding.account, vec![submission])
                .await
                .unwrap();
        }
        tokio::time::sleep(2 * S).await;
        let other = account(&node).await;
        accept(&node, &other).await;
        let begun = node.clock_ms();
        node.wait_until_settled(other.account).await;
        let took = node.clock_ms() - begun;
        assert!(
            took <= 8_000,
            "{took} ms, with {} of 200 sent before",
            log.lock().len()
        );
        assert!(log.lock().len() < 100, "the flood goes on: {}", log.lock().len());
    });
}

#[test]
fn an_account_has_at_most_so_many_recipients_within_an_hour_and_delays_no_other() {
    const HOUR_MS: i64 = 3_600_000;
    const MAX: u32 = 1_000;
    let folder = folder();
    life(async {
        let accepts = |_, _| Reply::Accepts(Duration::ZERO);
        let (node, log) = node_with(folder.path(), 0, MAX, accepts).await;
        let flooding = account(&node).await;
        let to_ten = DoesDraft::SendEmail(SendEmailDraft {
            to: (0..10).map(|it| format!("to-{it}@a.example")).collect(),
            subject: "flood".to_owned(),
            text: "t".to_owned(),
        });
        let to_ten = ActionDraft::new(to_ten);
        replace_actions(&node, &flooding, vec![to_ten.clone(); 50]).await;
        accept_many(&node, &flooding, 2).await;
        node.wait_until_settled(flooding.account).await;
        assert_eq!(log.lock().len() * 10, MAX as usize);
        // Another automation has no room of its own.
        let further = node
            .automation(flooding.account, &["https://receiver.example/"])
            .await;
        replace_actions(&node, &further, vec![to_ten; 5]).await;
        node.edit(&flooding, |automation| automation.enabled = false)
            .await;
        accept_many(&node, &further, 1).await;

        let other = account(&node).await;
        accept(&node, &other).await;
        let begun = node.clock_ms();
        node.wait_until_settled(other.account).await;
        let took = node.clock_ms() - begun;
        assert!(took <= 1_000, "{took} ms");

        tokio::time::sleep(3_590 * S).await;
        let sent = || log.lock().iter().filter(|it| is_flood(&it.bytes)).count();
        assert_eq!(sent() * 10, MAX as usize, "in the first hour");
        // A slot of five minutes later, the others follow, each with its one attempt.
        let deliveries = node.wait_until_settled(flooding.account).await;
        assert!(node.clock_ms() <= HOUR_MS + 301_000, "{} ms", node.clock_ms());
        assert_eq!(sent(), 105);
        for delivery in &deliveries {
            assert_eq!(delivery.progress.status, DeliveryStatus::Succeeded);
            assert_eq!(delivery.progress.attempts, 1, "a wait spends no attempt");
        }
    });
}

fn is_flood(message: &[u8]) -> bool {
    String::from_utf8_lossy(message).contains("\r\nSubject: flood\r\n")
}
