//! One more attempt of everything that matches, step by step.
//!
//! Steps walk a list that goes one way, so that a delivery that a step made pending is not met again.

use std::collections::HashSet;

use postrider_model::delivery::Progress;
use postrider_model::{AccountId, ActionId, DeliveryStatus, Timestamp};
use postrider_storage::{DeliveryFilter, Position, ReplayStep};
use rusqlite::Connection;

use crate::deliveries::list;
use crate::deliveries::resend::make_due;
use crate::events::list::Walk;
use crate::sql_error::SqlResult;

/// Most deliveries made due in one step: some 5 ms of the writer's time.
const STEP_DELIVERIES_MAX: usize = 500;

/// A step; see [`postrider_storage::DeliveryStore::replay_step`].
pub(crate) fn step(
    conn: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    actions: &HashSet<ActionId>,
    after: Option<Position>,
    now: Timestamp,
) -> SqlResult<ReplayStep> {
    let filter = DeliveryFilter {
        before: Some(filter.before.unwrap_or(now)),
        ..filter.clone()
    };
    let mut chosen: Vec<([u8; 16], Progress)> = Vec::new();
    let next = list::walk(conn, account, &filter, after, &mut |delivery| {
        let settled = delivery.progress.status != DeliveryStatus::Pending;
        let resend = delivery.progress.resend();
        if let Some(progress) = resend
            && settled
            && actions.contains(&delivery.action)
        {
            if chosen.len() == STEP_DELIVERIES_MAX {
                return Walk::Stop;
            }
            chosen.push((*delivery.id.as_bytes(), progress));
        }
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
