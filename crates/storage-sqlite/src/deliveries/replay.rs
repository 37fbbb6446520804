//! Replay: one more attempt of every matching delivery, step by step; and counting these deliveries
//! beforehand.
//!
//! Steps walk a list in one direction, so they never meet a delivery again that a step has set to pending.

use std::collections::HashSet;

use postrider_model::delivery::Progress;
use postrider_model::{AccountId, ActionId, DeliveryId, Timestamp};
use postrider_storage::{CountStep, DeliveryFilter, Position, ReplayStep, rules};
use rusqlite::Connection;

use crate::deliveries::list;
use crate::deliveries::resend::make_due;
use crate::events::list::Walk;
use crate::sql_error::SqlResult;

/// A step; see [`postrider_storage::DeliveryStore::replay_step`].
pub(crate) fn step(
    conn: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    actions: &HashSet<ActionId>,
    after: Option<Position>,
    now: Timestamp,
) -> SqlResult<ReplayStep> {
    let mut chosen: Vec<([u8; 16], Progress)> = Vec::new();
    let next = choose(conn, account, filter, actions, after, now, |id, progress| {
        if chosen.len() == rules::replay::STEP_DELIVERIES_MAX {
            return Walk::Stop;
        }
        chosen.push((*id.as_bytes(), progress));
        Walk::On
    })?;
    // Only after the walk, because the walk reads the index that this changes.
    for (id, progress) in &chosen {
        make_due(conn, id, progress, now)?;
    }
    Ok(ReplayStep {
        replayed: chosen.len(),
        next,
    })
}

/// Counts one step; see [`postrider_storage::DeliveryStore::count_step`].
pub(crate) fn count(
    conn: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    actions: &HashSet<ActionId>,
    after: Option<Position>,
    now: Timestamp,
) -> SqlResult<CountStep> {
    let mut matching = 0;
    let next = choose(conn, account, filter, actions, after, now, |_, _| {
        matching += 1;
        Walk::On
    })?;
    Ok(CountStep { matching, next })
}

/// Passes to `visit` each delivery that a replay begun at `now` makes due, with its new progress. Returns
/// where the next step begins.
fn choose(
    conn: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    actions: &HashSet<ActionId>,
    after: Option<Position>,
    now: Timestamp,
    mut visit: impl FnMut(DeliveryId, Progress) -> Walk,
) -> SqlResult<Option<Position>> {
    let filter = rules::replay::filter(filter, now);
    list::walk(
        conn,
        account,
        &filter,
        after,
        &mut |of| match rules::replay::replayed(&of, actions) {
            Some(progress) => visit(of.delivery.id, progress),
            None => Walk::On,
        },
    )
}
