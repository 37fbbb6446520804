//! `POST /accounts/{account}/deliveries/{id}/resend`: one more attempt, at once.

use axum::extract::State;
use axum::response::Redirect;
use postrider_engine::ResendOutcome;
use postrider_model::DeliveryId;
use postrider_storage::DeliveryKey;

use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

/// The result of the request, for the delivery's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// The class in the style sheet.
    pub class: &'static str,
    /// The words.
    pub words: &'static str,
}

/// Requests the attempt, and returns to the delivery's page.
pub async fn resend(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<DeliveryId>,
    _form: Form,
) -> Result<Redirect, Refusal> {
    let key = DeliveryKey {
        account: account.id(),
        delivery: id,
    };
    let name = match app.engine.resend(&account.visitor.by, key).await? {
        ResendOutcome::Due => "due",
        ResendOutcome::UnderWay => "under-way",
        ResendOutcome::TooManyAttempts => "too-many",
        ResendOutcome::ActionGone => "gone",
        ResendOutcome::Missing => return Err(Refusal::NotFound),
    };
    Ok(Redirect::to(
        &account.path(&format!("deliveries/{id}?resend={name}")),
    ))
}

impl Message {
    /// The message of this name in an address.
    pub fn of(name: &str) -> Option<Self> {
        let (class, words) = match name {
            "due" => ("done", "Resending. The result appears below."),
            "under-way" => ("warn", "An attempt is already in flight. Wait for its result."),
            "too-many" => (
                "warn",
                "Not resent: this delivery has reached the limit of attempts.",
            ),
            "gone" => (
                "warn",
                "Not resent: the URL or its automation was deleted or is disabled.",
            ),
            _ => return None,
        };
        Some(Self { class, words })
    }
}
