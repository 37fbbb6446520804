//! The signing key: seeing it, rotating it, and how receivers verify with it.
//!
//! * `show`: the keys that sign, each secret only after a click, and how to verify. `rotate`: a new key, with
//!   an overlap.
//! * `verify`: the snippets, one language and method at a time.

mod rotate;
mod show;
mod verify;

use axum::Router;
use axum::routing::get;
use postrider_model::account::KeyStatus;
use postrider_model::{SigningKey, Timestamp};

use crate::state::App;
use crate::visitor::account::InAccount;

/// The routes of this area.
pub fn routes() -> Router<App> {
    let base = "/accounts/{account}/signing-key";
    Router::new()
        .route(base, get(show::show).post(show::reveal))
        .route(&format!("{base}/rotate"), get(rotate::ask).post(rotate::rotate))
}

/// The keys that sign at `now`, the current first.
fn live(account: &InAccount, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
    let keys = account.entry.config.keys.iter();
    keys.filter(move |key| key.status(now) != KeyStatus::Expired)
}
