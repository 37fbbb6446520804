//! `GET /accounts/{account}`: redirects to the account's first tab. Accepts an id or a `uid`.

use axum::response::Redirect;

use crate::visitor::account::InAccount;

/// Redirects.
pub async fn open(account: InAccount) -> Redirect {
    Redirect::to(&account.path("automations"))
}
