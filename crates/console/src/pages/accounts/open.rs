//! `GET /accounts/{account}`: leads to the account's first tab. An id or a `uid` will do.

use axum::response::Redirect;

use crate::visitor::account::InAccount;

/// Leads on.
pub async fn open(account: InAccount) -> Redirect {
    Redirect::to(&account.path("automations"))
}
