//! One more attempt of everything that matches, step by step; and how many that are going to be.
//!
//! Steps walk a list that goes one way, so that a delivery that a step made pending is not met again.

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
    // Only now: the walk reads the index that this changes.
    for (id, progress) in &chosen {
        make_due(conn, id, progress, now)?;
    }
    Ok(ReplayStep {
        replayed: chosen.len(),
        next,
    })
}

/// A step; see [`postrider_storage::DeliveryStore::count_step`].
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

/// Shows what a replay that began at `now` makes due to `visit`, with what each becomes. Returns where to go
/// on.
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
        &mut |delivery| match rules::replay::replayed(&delivery, actions) {
            Some(progress) => visit(delivery.id, progress),
            None => Walk::On,
        },
    )
}
