//! Carries deliveries out: one [`Carrier`] for each type of action.
//!
//! A carrier gets a [`Job`] and the action as it is now, does what the action says once, and returns what
//! came of it. It neither stores nor retries anything. What the receiver asks of Postrider it returns as
//! [`Advice`], so that nothing else in the engine has to know status codes.
//!
//! To add a type of action: a file here with its carrier, a field of [`Carriers`], an arm of
//! [`Carriers::carry`].

pub mod webhook;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use postrider_configuration::AccountEntry;
use postrider_model::delivery::BodySpec;
use postrider_model::{DeliveryId, Does, Event, Exchange, HttpExchange, HttpRequest, Outcome, SendWebhook};

pub use webhook::{Transport, WebhookCarrier};

/// One attempt to be made.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// What happened.
    pub event: &'a Event,
    /// The delivery that this is an attempt of.
    pub delivery: DeliveryId,
    /// How its body is made.
    pub body: BodySpec,
    /// The attempt's number, from 1.
    pub number: u32,
    /// The account's configuration as it is now.
    pub entry: &'a AccountEntry,
    /// Bound on the attempt where the action sets none.
    pub timeout: Duration,
}

/// What came of an attempt. Nothing about it is an error to the engine: every way in which it can end has its
/// outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, in plain words that a customer can read.
    pub error: Option<String>,
    /// What went to the receiver and what came back.
    pub exchange: Exchange,
    /// What the receiver asks for.
    pub advice: Advice,
}

/// What a receiver asks of Postrider, whatever protocol it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Advice {
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
    /// It has too much to do: fewer requests at a time.
    pub overloaded: bool,
    /// It wants no more of these, ever. After a delivery's last attempt its action is switched off.
    pub gone: bool,
}

/// Carries out actions of one type, which `A` describes.
#[async_trait]
pub trait Carrier<A>: Send + Sync + 'static {
    /// Makes one attempt within its timeout, give or take the scheduling of tasks. Dropping the future aborts
    /// it.
    async fn carry(&self, job: Job<'_>, action: &A) -> Carried;
}

/// A carrier for each type of action.
#[derive(Clone)]
pub struct Carriers {
    /// Of `send_webhook`.
    pub webhook: Arc<dyn Carrier<SendWebhook>>,
}

impl Carriers {
    /// Has the carrier of the action's type make an attempt. A panic in a carrier is a defect, but must not
    /// leave the delivery pending and its slot taken: it is a failed attempt like any other.
    pub(crate) async fn carry(&self, job: Job<'_>, does: &Does) -> Carried {
        let carried = match does {
            Does::SendWebhook(webhook) => caught(self.webhook.carry(job, webhook)).await,
        };
        carried.unwrap_or_else(|| panicked(does))
    }
}

/// What customers read of an attempt that ended by a panic.
const PANICKED: &str = "The request failed inside Postrider; the server's log has the details";

/// The result of an attempt in which the carrier panicked. What it sent is unknown.
fn panicked(does: &Does) -> Carried {
    let exchange = match does {
        Does::SendWebhook(webhook) => Exchange::Http(HttpExchange {
            request: HttpRequest {
                url: webhook.url.clone(),
                headers: Vec::new(),
            },
            response: None,
        }),
    };
    Carried {
        outcome: Outcome::ProtocolError,
        error: Some(PANICKED.to_owned()),
        exchange,
        advice: Advice::default(),
    }
}

/// The output of a future; `None` where it panicked.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(move |context| {
        let poll = std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        poll.map_or(Poll::Ready(None), |poll| poll.map(Some))
    })
    .await
}
