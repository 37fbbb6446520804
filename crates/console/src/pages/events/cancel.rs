//! `POST /accounts/{account}/events/{id}/cancel`: cancels an event that waits, before its first attempt.

use axum::extract::State;
use axum::response::Redirect;
use postrider_engine::CancelEventOutcome;
use postrider_model::{Delivery, DeliveryStatus, Event, EventId};

use crate::form::Form;
use crate::pages::deliveries::resend::Message;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

/// Cancels it, and returns to its page.
pub async fn cancel(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<EventId>,
    _form: Form,
) -> Result<Redirect, Refusal> {
    let by = &account.visitor.by;
    let name = match app.engine.cancel_event(by, account.id(), id).await? {
        CancelEventOutcome::Canceled => "done",
        CancelEventOutcome::Attempted => "attempted",
        CancelEventOutcome::Missing => return Err(Refusal::NotFound),
    };
    Ok(Redirect::to(&account.path(&format!("events/{id}?cancel={name}"))))
}

/// The message of this name in an address.
pub fn message(name: &str) -> Option<Message> {
    let (class, words) = match name {
        "done" => (
            "done",
            "Canceled. No attempt was made. A replay leaves this event out.",
        ),
        "attempted" => (
            "warn",
            "Not canceled: an attempt was made or may be in flight. Cancel its pending deliveries instead.",
        ),
        _ => return None,
    };
    Some(Message { class, words })
}

/// Whether the page offers to cancel: some of the event's deliveries wait, and none was attempted.
pub fn is_possible(event: &Event, deliveries: &[Delivery]) -> bool {
    let waits = |it: &Delivery| it.next_attempt_at.is_some();
    let is_settled_without_attempt = |it: &Delivery| it.progress.status == DeliveryStatus::Canceled;
    !event.is_canceled
        && deliveries.iter().any(waits)
        && deliveries
            .iter()
            .all(|it| it.progress.attempts == 0 && (waits(it) || is_settled_without_attempt(it)))
}
