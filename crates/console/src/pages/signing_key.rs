//! The signing key: showing it, rotating it, and verifying with it.
//!
//! * `show`: the keys that sign, each secret only after a click, and how to verify. `rotate`: replaces the
//!   key, with an overlap.
//! * `verify`: the snippets, one language and method at a time.

mod rotate;
mod show;
mod verify;

use postrider_model::account::KeyStatus;
use postrider_model::{SigningKey, Timestamp};

use crate::routes::{MANAGE, READ, Routes};
use crate::visitor::account::InAccount;

/// The routes of this area.
pub fn routes() -> Routes {
    let base = "/accounts/{account}/signing-key";
    Routes::default()
        .get(base, READ, show::show)
        .post(base, MANAGE, show::reveal)
        .get(format!("{base}/rotate"), MANAGE, rotate::ask)
        .post(format!("{base}/rotate"), MANAGE, rotate::rotate)
}

/// The keys that sign at `now`, the current one first.
fn live(account: &InAccount, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
    let keys = account.entry.config.keys.iter();
    keys.filter(move |key| key.status(now) != KeyStatus::Expired)
}
