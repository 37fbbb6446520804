//! Sends e-mails: renders subject and text, composes the message, and gives it to the mail server.
//!
//! All accounts share the operator's mail server. The number of messages under way to it is bounded, and
//! accounts take turns ([`Hosts`]); the recipients of an account within an hour are bounded too
//! ([`recipients`]). A mail server that is out of reach, or takes no message from us, is a resource of ours
//! that is missing ([`outage`]): deliveries wait for it and spend no attempt. What it says about one message
//! or its recipients decides an attempt, like the response of a webhook's receiver.

mod not_set_up;
mod outage;
mod recipients;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use postrider_configuration::EmailContent;
use postrider_egress::{Allowance, Host, Hosts, NotSent, Permit};
use postrider_mail::{Draft, Mailer, Message, Partial, Sender, Sent, Verdict};
use postrider_model::{Clock, Exchange, Outcome, SendEmail, SmtpExchange, SmtpStep};

pub use self::not_set_up::EmailNotSetUp;
use self::outage::{Outage, is_overdue};
use self::recipients::RecipientLimit;
use super::body::email_of;
use super::{Advice, Carried, Carrier, Job, MayLeave};

/// The error that customers see for an attempt of a delivery that has waited for days. The log of the server
/// has the words of the mail server, which concern its operator.
const OUT_OF_REACH: &str = "The mail server of this installation does not accept e-mail at present";

/// A mail server as this carrier needs it. A trait, so that tests can script one on virtual time.
#[async_trait]
pub trait MailTransport: Send + Sync + 'static {
    /// Sends one message and returns within the timeout. Dropping the future aborts the attempt.
    async fn send(
        &self,
        message: &Message,
        timeout: Duration,
        partial: Partial,
        may_leave: MayLeave<'_>,
    ) -> Result<Sent, postrider_mail::NotSent>;
}

#[async_trait]
impl MailTransport for Mailer {
    async fn send(
        &self,
        message: &Message,
        timeout: Duration,
        partial: Partial,
        may_leave: MayLeave<'_>,
    ) -> Result<Sent, postrider_mail::NotSent> {
        Self::send(self, message, timeout, partial, may_leave).await
    }
}

/// The parts of an [`EmailCarrier`].
pub struct EmailParts<T> {
    /// The mail server.
    pub transport: T,
    /// Whom messages come from.
    pub sender: Sender,
    /// The prefix of our own headers.
    pub header_prefix: String,
    /// The host of the mail server, whose messages under way are bounded.
    pub host: Host,
    /// Maximum messages under way: as many as `transport` has connections.
    pub in_flight_max: usize,
    /// Maximum recipients of the e-mails of one account within an hour, on this node.
    pub recipients_per_hour_and_account: u32,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Carries out actions of type `send_email`.
pub struct EmailCarrier<T> {
    transport: T,
    sender: Sender,
    header_prefix: String,
    host: Arc<Host>,
    permits: Arc<Hosts>,
    recipients: RecipientLimit,
    outage: Outage,
    clock: Arc<dyn Clock>,
}

impl<T: MailTransport> EmailCarrier<T> {
    /// A carrier without messages under way.
    pub fn new(parts: EmailParts<T>) -> Self {
        Self {
            transport: parts.transport,
            sender: parts.sender,
            header_prefix: parts.header_prefix,
            host: Arc::new(parts.host),
            permits: Hosts::new(parts.in_flight_max),
            recipients: RecipientLimit::new(Arc::clone(&parts.clock), parts.recipients_per_hour_and_account),
            outage: Outage::new(Arc::clone(&parts.clock)),
            clock: parts.clock,
        }
    }

    /// A message for a delivery. Depends on the event and what acceptance fixed, the recipients, and the
    /// settings alone, so that each attempt sends the same bytes.
    fn compose(&self, job: &Job<'_>, email: &SendEmail, content: &EmailContent) -> Result<Message, String> {
        let message = Message::compose(&Draft {
            from: &self.sender,
            to: &email.to,
            subject: &content.subject,
            text: &content.text,
            date: job.event.due_at(),
            delivery: job.delivery,
            event_type: &job.event.event_type,
            header_prefix: &self.header_prefix,
        });
        message.map_err(|error| error.to_string())
    }

    /// The result for a message that the mail server did not take in an outage: it waits, but not for ever. A
    /// short outage ends no wait: a replay of old e-mails must not fail for a moment's trouble.
    fn without_asking(&self, job: &Job<'_>, email: &SendEmail) -> Result<Carried, NotSent> {
        match self.outage.is_long() && is_overdue(job, self.clock.now()) {
            true => Ok(out_of_reach(email, OUT_OF_REACH)),
            false => Err(NotSent::Postponed),
        }
    }

    /// Waits for the account's turn to use the mail server. Returns how long it waited, too.
    async fn permit(&self, job: &Job<'_>) -> Result<(Permit, Duration), NotSent> {
        let allowance = Allowance::new(job.timeout);
        let tenant = job.event.account.as_u128();
        let permit = allowance.limit(self.permits.permit(&self.host, tenant, &allowance));
        // The turn alone takes time, so only the bound on waits can be exceeded.
        let permit = permit.await.map_err(|_| NotSent::Postponed)??;
        Ok((permit, allowance.waited()))
    }
}

#[async_trait]
impl<T: MailTransport> Carrier<SendEmail> for EmailCarrier<T> {
    async fn carry(&self, job: Job<'_>, email: &SendEmail) -> Result<Carried, NotSent> {
        if !(job.may_leave)() {
            return Err(NotSent::Forbidden);
        }
        if self.outage.is_closed() {
            return self.without_asking(&job, email);
        }
        let count = email.to.as_slice().len();
        let reserved = self.recipients.reserve(job.event.account, count);
        let reserved = reserved.ok_or(NotSent::Postponed)?;
        let composed =
            email_of(job.event, job.template).and_then(|content| self.compose(&job, email, &content));
        let message = match composed {
            Ok(message) => message,
            Err(reason) => return Ok(Carried::not_rendered(unsent(email), reason)),
        };
        let (permit, waited) = self.permit(&job).await?;
        if !self.outage.may_ask() {
            return self.without_asking(&job, email);
        }
        let partial = match job.is_last {
            true => Partial::Deliver,
            false => Partial::Wait,
        };
        let sent = self.transport.send(&message, job.timeout, partial, job.may_leave);
        let sent = sent.await;
        drop(permit);
        let sent = match sent {
            Ok(sent) => sent,
            Err(postrider_mail::NotSent::Forbidden) => return Err(NotSent::Forbidden),
            // The mail server has no part in it.
            Err(postrider_mail::NotSent::Postponed) => return Err(NotSent::Postponed),
        };
        if sent.is_outage() {
            self.outage.failed();
            return self.without_asking(&job, email);
        }
        self.outage.ended();
        reserved.spend();
        Ok(carried(email, sent, waited))
    }
}

fn carried(email: &SendEmail, sent: Sent, waited: Duration) -> Carried {
    // How the connection was opened shows the operator's own names and users.
    let steps = sent.dialogue.steps.into_iter().skip_while(|step| !step.is_mail());
    let steps = steps.map(|step| SmtpStep {
        command: step.command.unwrap_or_default(),
        code: step.code,
        enhanced: step.enhanced,
        reply: step.answer,
    });
    Carried {
        outcome: sent.outcome,
        error: sent.error,
        exchange: Exchange::Smtp(SmtpExchange {
            steps: steps.collect(),
            to: email.to.as_str().to_owned(),
            server: sent.dialogue.server,
            tls: sent.dialogue.tls.map(str::to_owned),
        }),
        advice: Advice {
            is_final: sent.verdict == Verdict::Permanent,
            ..Advice::default()
        },
        waited: waited + sent.waited,
    }
}

/// A failed attempt for want of a mail server. It says nothing that concerns the operator alone.
fn out_of_reach(email: &SendEmail, error: &str) -> Carried {
    Carried {
        outcome: Outcome::ConnectError,
        error: Some(error.to_owned()),
        exchange: unsent(email),
        advice: Advice {
            is_operators: true,
            ..Advice::default()
        },
        waited: Duration::ZERO,
    }
}

/// The exchange of an e-mail of which nothing was sent.
pub(super) fn unsent(email: &SendEmail) -> Exchange {
    Exchange::Smtp(SmtpExchange {
        to: email.to.as_str().to_owned(),
        ..SmtpExchange::default()
    })
}

#[cfg(test)]
mod hand;
#[cfg(test)]
mod tests;
