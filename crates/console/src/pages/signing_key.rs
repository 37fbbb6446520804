//! The signing key of an account or of an action: showing it, rotating it, and verifying with it.
//!
//! * `show`: the keys that sign, each secret only after a click, and how to verify. `rotate`: replaces the
//!   key, with an overlap.
//! * `owner`: whose keys they are. `verify`: the snippets, one language and method at a time.
//! * `diagnose`: which signatures of a pasted request match, and why none does.

pub mod diagnose;
mod owner;
mod rotate;
mod show;
mod verify;

use crate::routes::{MANAGE, READ, Routes};

/// The routes of this area.
pub fn routes() -> Routes {
    let verify = "/accounts/{account}/signing-key/verify";
    let of_action = "/accounts/{account}/automations/{id}/actions/{action}/signing-key";
    ["/accounts/{account}/signing-key", of_action]
        .into_iter()
        .fold(Routes::default(), |routes, base| {
            routes
                .get(base, READ, show::show)
                .post(base, MANAGE, show::reveal)
                .get(format!("{base}/rotate"), MANAGE, rotate::ask)
                .post(format!("{base}/rotate"), MANAGE, rotate::rotate)
        })
        .get(verify, READ, diagnose::ask)
        .post(verify, READ, diagnose::judge)
}
