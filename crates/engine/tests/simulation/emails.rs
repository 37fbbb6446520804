//! E-mails: the second carrier, on the same lanes and schedule, against a scripted mail server.

mod limits;
mod mail_server;
mod outages;

use std::time::Duration;

use postrider_configuration::DoesDraft;
use postrider_engine::ResendOutcome;
use postrider_mail::Partial;
use postrider_model::{DeliveryStatus, Outcome};

use self::mail_server::{Reply, S, accept, account, attempts, dialogue, email, node};
use crate::support::{BY, folder, life};

#[test]
fn an_email_says_what_the_templates_print_and_its_record_begins_with_its_sender() {
    let folder = folder();
    life(async {
        let (node, log) = node(folder.path(), |_, _| Reply::Accepts(Duration::ZERO)).await;
        let fixture = account(&node).await;
        accept(&node, &fixture).await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Succeeded);
        assert_eq!(delivery.last_status_code, Some(250));
        let message = String::from_utf8(log.lock()[0].bytes.clone()).unwrap();
        // "Roof  Bcc: x@y.example", in base64: the line break became spaces.
        let subject = "\r\nSubject: =?utf-8?B?Um9vZiAgQmNjOiB4QHkuZXhhbXBsZQ==?=\r\n";
        assert!(message.contains(subject), "{message}");
        assert!(message.contains("\r\nTo: ann@a.example"), "{message}");
        assert!(
            message.contains("\r\nAuto-Submitted: auto-generated\r\n"),
            "{message}"
        );
        assert!(message.contains(&delivery.id.to_string()), "{message}");
        assert!(message.ends_with("\r\n\r\nIt is 1250.50.\r\n"), "{message}");
        let attempt = attempts(&node, &fixture, &delivery).await.remove(0);
        let smtp = dialogue(&attempt);
        assert_eq!(smtp.to, "ann@a.example, bob@b.example");
        let commands: Vec<_> = smtp.steps.iter().map(|step| step.command.as_str()).collect();
        assert_eq!(commands, ["MAIL FROM:<a@example.com>", "(message of 9 bytes)"]);
    });
}

#[test]
fn temporary_refusals_are_retried_by_the_schedule_and_permanent_ones_are_final() {
    for (reply, starts, partials) in [
        (
            Reply::Refuses(451),
            &[0, 10, 110][..],
            &[Partial::Wait, Partial::Wait, Partial::Deliver][..],
        ),
        (
            Reply::HangsUp,
            &[0, 10, 110],
            &[Partial::Wait, Partial::Wait, Partial::Deliver],
        ),
        (Reply::Refuses(550), &[0], &[Partial::Wait]),
    ] {
        let folder = folder();
        life(async move {
            let (node, log) = node(folder.path(), move |_, _| reply).await;
            let fixture = account(&node).await;
            accept(&node, &fixture).await;
            let delivery = node.wait_until_settled(fixture.account).await.remove(0);
            assert_eq!(delivery.progress.status, DeliveryStatus::Failed);
            let log = log.lock().clone();
            let seconds: Vec<_> = log.iter().map(|asked| asked.at_ms / 1_000).collect();
            assert_eq!(seconds, starts);
            let found: Vec<_> = log.iter().map(|asked| asked.partial).collect();
            assert_eq!(
                found, partials,
                "only the last attempt may go to a part of the recipients"
            );
            assert_eq!(attempts(&node, &fixture, &delivery).await.len(), starts.len());
        });
    }
}

#[test]
fn attempts_and_resends_send_the_same_bytes_whatever_was_edited() {
    let folder = folder();
    life(async {
        let script = |_, earlier| match earlier < 3 {
            true => Reply::Refuses(451),
            false => Reply::Accepts(Duration::ZERO),
        };
        let (node, log) = node(folder.path(), script).await;
        let fixture = account(&node).await;
        accept(&node, &fixture).await;
        tokio::time::sleep(S).await;
        node.edit(&fixture, |automation| {
            let DoesDraft::SendEmail(email) = &mut automation.actions[0].does else {
                panic!("an e-mail");
            };
            (email.subject, email.text) = ("Other".to_owned(), "words".to_owned());
        })
        .await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Failed);
        let resent = node.engine.resend(&BY, fixture.key(&delivery)).await.unwrap();
        assert!(matches!(resent, ResendOutcome::Due), "{resent:?}");
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Succeeded);
        let log = log.lock().clone();
        assert_eq!(log.len(), 4);
        assert!(log.iter().all(|asked| asked.bytes == log[0].bytes));
        assert_eq!(log[3].partial, Partial::Deliver, "a resend is one attempt");
    });
}

#[test]
fn a_template_that_fails_on_an_event_sends_nothing_and_is_final() {
    let folder = folder();
    life(async {
        let (node, log) = node(folder.path(), |_, _| Reply::Accepts(Duration::ZERO)).await;
        let fixture = account(&node).await;
        node.edit(&fixture, |automation| {
            automation.actions = vec![email("s", "\n{{ data.title + 1 }}")];
        })
        .await;
        accept(&node, &fixture).await;
        let delivery = node.wait_until_settled(fixture.account).await.remove(0);
        assert_eq!(delivery.progress.status, DeliveryStatus::Failed);
        let attempt = attempts(&node, &fixture, &delivery).await.remove(0);
        assert_eq!(attempt.outcome, Outcome::NotRendered);
        let reason = attempt.error.as_deref().unwrap();
        assert!(reason.starts_with("The text failed: line 2: "), "{reason}");
        assert_eq!(dialogue(&attempt).to, "ann@a.example, bob@b.example");
        assert_eq!(log.lock().len(), 0);
    });
}
