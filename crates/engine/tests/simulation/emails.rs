//! E-mails: the second carrier, on the same lanes and schedule, against a scripted mail server.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use postrider_configuration::{ActionDraft, DoesDraft, RateLimitDraft, SendEmailDraft};
use postrider_egress::Host;
use postrider_engine::carry::{MailTransport, MayLeave};
use postrider_engine::{EmailCarrier, EmailParts, ResendOutcome, Submission};
use postrider_mail::{Concerns, Dialogue, Message, NotSent, Partial, Sent, Step, Verdict};
use postrider_model::{Attempt, Clock, Delivery, DeliveryStatus, Exchange, Outcome, SmtpExchange};

use crate::support::{BY, Fixture, Node, VirtualClock, folder, life, submission};

const S: Duration = Duration::from_secs(1);

/// What the mail server does.
#[derive(Clone, Copy)]
enum Reply {
    /// Takes the message after this time.
    Accepts(Duration),
    /// Refuses the recipient with this code.
    Refuses(u16),
    /// Accepts the sender, and ends the connection at the recipient (421).
    HangsUp,
    /// Takes no message at all.
    IsDown,
}

/// A message that the mail server was asked to take.
#[derive(Clone)]
struct Asked {
    at_ms: i64,
    bytes: Vec<u8>,
    partial: Partial,
}

/// A mail server whose reply depends on the time, in milliseconds, and on how often it was asked before.
struct MailServer {
    clock: Arc<VirtualClock>,
    script: Box<dyn Fn(i64, usize) -> Reply + Send + Sync>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

fn step(command: &str, code: u16) -> Step {
    Step {
        command: Some(command.to_owned()),
        code: Some(code),
        enhanced: None,
        answer: "said".to_owned(),
    }
}

fn sent(verdict: Verdict, concerns: Concerns, steps: Vec<Step>) -> Sent {
    let outcome = match verdict {
        Verdict::Accepted => Outcome::Succeeded,
        Verdict::Temporary | Verdict::Permanent => Outcome::BadStatus,
    };
    Sent {
        verdict,
        outcome,
        error: (outcome != Outcome::Succeeded).then(|| "The mail server refused: said".to_owned()),
        concerns,
        dialogue: Dialogue {
            server: "mail.internal:25".to_owned(),
            tls: None,
            is_reused: false,
            steps,
        },
        waited: Duration::ZERO,
    }
}

#[async_trait]
impl MailTransport for MailServer {
    async fn send(
        &self,
        message: &Message,
        _: Duration,
        partial: Partial,
        may_leave: MayLeave<'_>,
    ) -> Result<Sent, NotSent> {
        if !may_leave() {
            return Err(NotSent::Forbidden);
        }
        let at_ms = self.clock.now().unix_ms() - crate::support::START_MS;
        let earlier = {
            let mut asked = self.asked.lock();
            asked.push(Asked {
                at_ms,
                bytes: message.bytes().to_vec(),
                partial,
            });
            asked.len() - 1
        };
        let greeting = step("EHLO mta-7.internal", 250);
        let mail = step("MAIL FROM:<a@example.com>", 250);
        let message = Concerns::Message;
        Ok(match (self.script)(at_ms, earlier) {
            Reply::Accepts(after) => {
                tokio::time::sleep(after).await;
                let steps = vec![greeting, mail, step("(message of 9 bytes)", 250)];
                sent(Verdict::Accepted, message, steps)
            }
            Reply::Refuses(code) => {
                let verdict = match code {
                    500.. => Verdict::Permanent,
                    _ => Verdict::Temporary,
                };
                sent(
                    verdict,
                    message,
                    vec![greeting, mail, step("RCPT TO:<b@b.example>", code)],
                )
            }
            Reply::HangsUp => {
                let steps = vec![greeting, mail, step("RCPT TO:<b@b.example>", 421)];
                sent(Verdict::Temporary, Concerns::Server, steps)
            }
            Reply::IsDown => sent(
                Verdict::Temporary,
                Concerns::Server,
                vec![step("AUTH PLAIN", 535)],
            ),
        })
    }
}

type Log = Arc<Mutex<Vec<Asked>>>;

/// A node with this mail server.
async fn node(
    folder: &std::path::Path,
    script: impl Fn(i64, usize) -> Reply + Send + Sync + 'static,
) -> (Node, Log) {
    let asked = Log::default();
    let log = Arc::clone(&asked);
    let node = Node::start_mailing(folder, move |clock| {
        Arc::new(EmailCarrier::new(EmailParts {
            transport: MailServer {
                clock: Arc::clone(&clock),
                script: Box::new(script),
                asked,
            },
            sender: "Example <a@example.com>".parse().unwrap(),
            header_prefix: "Postrider".to_owned(),
            host: Host::Name("mail.internal".to_owned()),
            in_flight_max: 4,
            clock,
        }))
    });
    (node.await, log)
}

fn email(subject: &str, text: &str) -> ActionDraft {
    ActionDraft::new(DoesDraft::SendEmail(SendEmailDraft {
        to: vec!["ann@a.example".to_owned(), "bob@b.example".to_owned()],
        subject: subject.to_owned(),
        text: text.to_owned(),
    }))
}

/// An account with an automation on `proposal.*` that sends an e-mail.
async fn account(node: &Node) -> Fixture {
    let fixture = node.account(&["https://receiver.example/"]).await;
    node.edit(&fixture, |automation| {
        automation.actions = vec![email("{{ data.title }}", "It is {{ data.total }}.")];
    })
    .await;
    fixture
}

async fn accept(node: &Node, fixture: &Fixture) {
    let data = r#"{"title":"Roof\r\nBcc: x@y.example","total":1250.50}"#;
    let submission = Submission {
        data: Bytes::from_static(data.as_bytes()),
        ..submission("proposal.accepted")
    };
    let accepted = node.engine.accept(fixture.account, vec![submission]).await;
    assert_eq!(accepted.unwrap()[0].as_ref().unwrap().deliveries, 1);
}

async fn attempts(node: &Node, fixture: &Fixture, delivery: &Delivery) -> Vec<Attempt> {
    let record = node.store.record(fixture.key(delivery)).await.unwrap();
    record.unwrap().attempts
}

fn dialogue(attempt: &Attempt) -> &SmtpExchange {
    match &attempt.exchange {
        Exchange::Smtp(smtp) => smtp,
        Exchange::Http(_) => panic!("an e-mail"),
    }
}

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
        node.edit(&flooding, |automation| {
            automation.actions = (0..5)
                .map(|_| ActionDraft {
                    rate_limit: Some(RateLimitDraft {
                        requests: 1_000,
                        per_s: 1,
                    }),
                    ..email("flood", "t")
                })
                .collect();
        })
        .await;
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
