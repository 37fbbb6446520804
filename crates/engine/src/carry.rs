//! Carries out deliveries: one [`Carrier`] for each type of action.
//!
//! A carrier receives a [`Job`] and the current action, carries the action out once, and returns the result.
//! It neither stores nor retries anything. It returns what the receiver asks for as [`Advice`], so that no
//! other part of the engine has to know status codes.
//!
//! To add a type of action: add a file here with its carrier, a field to [`Carriers`], and an arm to
//! [`Carriers::carry`].

pub mod body;
pub mod email;
pub mod webhook;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use postrider_configuration::{AccountEntry, HeaderTemplates, Pinned};
use postrider_egress::NotSent;
use postrider_model::delivery::BodySpec;
use postrider_model::{ActionId, DeliveryId, Does, Event, Exchange, Outcome, SendEmail, SendWebhook};

pub use email::{EmailCarrier, EmailNotSetUp, EmailParts, MailTransport};
pub use webhook::{TellsTrace, Transport, WebhookCarrier};

/// Whether a request may leave now.
pub type MayLeave<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// An attempt to make.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The event.
    pub event: &'a Event,
    /// The delivery to attempt.
    pub delivery: DeliveryId,
    /// How to render the body.
    pub body: BodySpec,
    /// The template that `body` refers to; `None` if it is built in, or not stored any more.
    pub template: Option<&'a Pinned>,
    /// The templates in the action's header values, if there are any.
    pub header_templates: Option<&'a HeaderTemplates>,
    /// The attempt's number, from 1.
    pub number: u32,
    /// Whether no attempt follows if this one fails.
    pub is_last: bool,
    /// The account's configuration as it is now.
    pub entry: &'a AccountEntry,
    /// That of the account `system`, if the action names a connection that its own account does not have.
    pub installation: Option<&'a AccountEntry>,
    /// Timeout of the attempt, unless the action sets its own.
    pub timeout: Duration,
    /// The action, by which its keys are found.
    pub action: ActionId,
    /// Whether anything may be sent now. Ask right before sending: a carrier may have waited for a
    /// connection, and another node may own the delivery meanwhile.
    pub may_leave: MayLeave<'a>,
}

/// The result of an attempt. The engine never treats it as an error: every way in which an attempt can end
/// has an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, in plain words that a customer can read.
    pub error: Option<String>,
    /// What was sent to the receiver, and what it responded.
    pub exchange: Exchange,
    /// What the receiver asks for.
    pub advice: Advice,
    /// How long the carrier waited for resources of ours. The receiver has no part in it.
    pub waited: Duration,
}

/// What a receiver asks of Postrider, independent of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Advice {
    /// How long the receiver asks to wait before the next attempt.
    pub retry_after: Option<Duration>,
    /// The receiver is overloaded: send fewer requests at a time.
    pub overloaded: bool,
    /// The receiver limits the requests in a time: send fewer a second.
    pub rate_limited: bool,
    /// The receiver wants no more deliveries of this action, ever. After a delivery's last attempt, the
    /// engine switches the action off.
    pub gone: bool,
    /// A further attempt would fail in the same way.
    pub is_final: bool,
    /// The attempt failed for want of what the operator provides. It says nothing about the action: neither
    /// about its health nor about the pace that its receiver takes.
    pub is_operators: bool,
}

/// Carries out actions of one type, which `A` describes.
#[async_trait]
pub trait Carrier<A>: Send + Sync + 'static {
    /// Makes one attempt within its timeout, give or take the scheduling of tasks and waits for resources of
    /// ours; a mail server may take a minute longer to confirm a message. Sends nothing if `job.may_leave`
    /// forbids it, or if the waits take too long. Dropping the future aborts it.
    async fn carry(&self, job: Job<'_>, action: &A) -> Result<Carried, NotSent>;
}

/// A carrier for each type of action.
#[derive(Clone)]
pub struct Carriers {
    /// Carries out `send_webhook` actions.
    pub webhook: Arc<dyn Carrier<SendWebhook>>,
    /// Carries out `send_email` actions.
    pub email: Arc<dyn Carrier<SendEmail>>,
}

impl Carried {
    /// Nothing was sent, as `exchange` says, because a template of the action fails on the event.
    pub fn not_rendered(exchange: Exchange, reason: String) -> Self {
        Self {
            outcome: Outcome::NotRendered,
            error: Some(reason),
            exchange,
            advice: Advice {
                is_final: true,
                ..Advice::default()
            },
            waited: Duration::ZERO,
        }
    }

    /// Nothing was sent, as `exchange` says, because the credentials of the action's connection are not at
    /// hand. `error` says why.
    pub fn unauthenticated(exchange: Exchange, outcome: Outcome, error: String) -> Self {
        Self {
            outcome,
            advice: Advice::default(),
            ..Self::not_rendered(exchange, error)
        }
    }
}

impl Carriers {
    /// Has the carrier of the action's type make an attempt. A panic in a carrier is a defect, but must not
    /// leave the delivery pending and its slot occupied: it counts as a failed attempt.
    pub(crate) async fn carry(&self, job: Job<'_>, does: &Does) -> Result<Carried, NotSent> {
        let carried = match does {
            Does::SendWebhook(webhook) => caught(self.webhook.carry(job, webhook)).await,
            Does::SendEmail(email) => caught(self.email.carry(job, email)).await,
        };
        carried.unwrap_or_else(|| Ok(panicked(does)))
    }
}

/// The error that customers see for an attempt that panicked.
const PANICKED: &str = "The request failed inside Postrider; the server's log has the details";

/// The result of an attempt whose carrier panicked. What the carrier sent is unknown.
fn panicked(does: &Does) -> Carried {
    let exchange = match does {
        Does::SendWebhook(webhook) => webhook::unsent(webhook),
        Does::SendEmail(email) => email::unsent(email),
    };
    Carried {
        outcome: Outcome::ProtocolError,
        error: Some(PANICKED.to_owned()),
        exchange,
        advice: Advice::default(),
        waited: Duration::ZERO,
    }
}

/// The output of a future; `None` if it panicked.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(move |context| {
        let poll = std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        poll.map_or(Poll::Ready(None), |poll| poll.map(Some))
    })
    .await
}
