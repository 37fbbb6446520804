//! A scripted mail server, and what tests of e-mails need besides.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use postrider_configuration::{ActionDraft, DoesDraft, RateLimitDraft, SendEmailDraft};
use postrider_egress::Host;
use postrider_engine::carry::{MailTransport, MayLeave};
use postrider_engine::{EmailCarrier, EmailParts, Submission};
use postrider_mail::{Concerns, Dialogue, Message, NotSent, Partial, Sent, Step, Verdict};
use postrider_model::{Attempt, Clock, Delivery, Exchange, Outcome, SmtpExchange};

use crate::support::{Fixture, Node, VirtualClock, submission};

pub(super) const S: Duration = Duration::from_secs(1);

/// A rate limit that delays nothing.
pub(super) const UNLIMITED: RateLimitDraft = RateLimitDraft {
    requests: 100_000,
    per_s: 1,
};

/// What the mail server does.
#[derive(Clone, Copy)]
pub(super) enum Reply {
    /// Takes the message after this time.
    Accepts(Duration),
    /// Refuses the recipient with this code.
    Refuses(u16),
    /// Accepts the sender, and ends the connection at the recipient (421).
    HangsUp,
    /// Asks for a sign-in at this recipient, and takes the messages of others.
    AsksForSignIn(&'static str),
    /// Takes no message at all.
    IsDown,
    /// Is not asked, because this process is out of file descriptors.
    HasNoDescriptor,
}

/// A message that the mail server was asked to take.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) at_ms: i64,
    pub(super) bytes: Vec<u8>,
    pub(super) partial: Partial,
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
        let is_to = |to: &str| String::from_utf8_lossy(message.bytes()).contains(to);
        let mut reply = (self.script)(at_ms, earlier);
        if matches!(reply, Reply::AsksForSignIn(to) if !is_to(to)) {
            reply = Reply::Accepts(Duration::ZERO);
        }
        let message = Concerns::Message;
        Ok(match reply {
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
            Reply::AsksForSignIn(to) => {
                let steps = vec![greeting, mail, step(&format!("RCPT TO:<{to}>"), 530)];
                sent(Verdict::Temporary, Concerns::Server, steps)
            }
            Reply::HasNoDescriptor => return Err(NotSent::Postponed),
            Reply::IsDown => sent(
                Verdict::Temporary,
                Concerns::Server,
                vec![step("AUTH PLAIN", 535)],
            ),
        })
    }
}

pub(super) type Log = Arc<Mutex<Vec<Asked>>>;

/// A node with this mail server, whose accounts may have as many recipients as they like.
pub(super) async fn node(
    folder: &std::path::Path,
    script: impl Fn(i64, usize) -> Reply + Send + Sync + 'static,
) -> (Node, Log) {
    node_with(folder, 0, u32::MAX, script).await
}

/// A node whose time begins `offset_ms` after the start, and whose accounts may have this many recipients
/// within an hour.
pub(super) async fn node_with(
    folder: &std::path::Path,
    offset_ms: i64,
    recipients_per_hour_and_account: u32,
    script: impl Fn(i64, usize) -> Reply + Send + Sync + 'static,
) -> (Node, Log) {
    let asked = Log::default();
    let log = Arc::clone(&asked);
    let node = Node::start_mailing(folder, offset_ms, move |clock| {
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
            recipients_per_hour_and_account,
            clock,
        }))
    });
    (node.await, log)
}

pub(super) fn email(subject: &str, text: &str) -> ActionDraft {
    ActionDraft::new(DoesDraft::SendEmail(SendEmailDraft {
        to: vec!["ann@a.example".to_owned(), "bob@b.example".to_owned()],
        subject: subject.to_owned(),
        text: text.to_owned(),
    }))
}

/// An account with an automation on `proposal.*` that sends an e-mail.
pub(super) async fn account(node: &Node) -> Fixture {
    let fixture = node.account(&["https://receiver.example/"]).await;
    node.edit(&fixture, |automation| {
        automation.actions = vec![email("{{ data.title }}", "It is {{ data.total }}.")];
    })
    .await;
    fixture
}

pub(super) async fn accept(node: &Node, fixture: &Fixture) {
    let data = r#"{"title":"Roof\r\nBcc: x@y.example","total":1250.50}"#;
    let submission = Submission {
        data: Bytes::from_static(data.as_bytes()),
        ..submission("proposal.accepted")
    };
    let accepted = node.engine.accept(fixture.account, vec![submission]).await;
    assert_eq!(accepted.unwrap()[0].as_ref().unwrap().deliveries, 1);
}

pub(super) async fn attempts(node: &Node, fixture: &Fixture, delivery: &Delivery) -> Vec<Attempt> {
    let record = node.store.record(fixture.key(delivery)).await.unwrap();
    record.unwrap().attempts
}

pub(super) fn dialogue(attempt: &Attempt) -> &SmtpExchange {
    match &attempt.exchange {
        Exchange::Smtp(smtp) => smtp,
        Exchange::Http(_) => panic!("an e-mail"),
    }
}

/// Replaces the actions of the account's automation by these, without rate limits.
pub(super) async fn replace_actions(node: &Node, fixture: &Fixture, actions: Vec<ActionDraft>) {
    node.edit(fixture, |automation| {
        automation.actions = actions;
        for action in &mut automation.actions {
            action.rate_limit = Some(UNLIMITED);
        }
    })
    .await;
}
