//! Canceling every matching pending delivery, step by step; and counting these deliveries beforehand.

use postrider_model::{AccountId, Origin, Timestamp};
use postrider_storage::rows::deliveries::OfEvent;
use postrider_storage::{CancelStep, CanceledDelivery, CountStep, DeliveryFilter, Position, rules};
use rusqlite::Connection;

use crate::accounts;
use crate::deliveries::list;
use crate::events::list::Walk;
use crate::sql_error::SqlResult;

/// A step; see [`postrider_storage::DeliveryStore::cancel_step`].
pub(crate) fn step(
    conn: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    after: Option<Position>,
    now: Timestamp,
) -> SqlResult<CancelStep> {
    let mut chosen = Vec::new();
    let next = choose(conn, account, filter, after, now, |of| {
        if chosen.len() == rules::cancel::STEP_DELIVERIES_MAX {
            return Walk::Stop;
        }
        chosen.push(of);
        Walk::On
    })?;
    // Only after the walk, because the walk reads the index that this changes.
    let canceled = chosen.iter().map(|of| cancel(conn, of, now));
    let canceled = canceled.collect::<SqlResult<_>>()?;
    // A pending delivery that does not wait is owned.
    if chosen.iter().any(|of| of.delivery.next_attempt_at.is_none()) {
        accounts::note_canceled(conn, account, now)?;
    }
    Ok(CancelStep { canceled, next })
}

/// Counts one step; see [`postrider_storage::DeliveryStore::count_cancel_step`].
pub(crate) fn count(
    conn: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    after: Option<Position>,
    now: Timestamp,
) -> SqlResult<CountStep> {
    let mut matching = 0;
    let next = choose(conn, account, filter, after, now, |_| {
        matching += 1;
        Walk::On
    })?;
    Ok(CountStep { matching, next })
}

/// Passes to `visit` each delivery that a request begun at `now` cancels. Returns where the next step begins.
fn choose(
    conn: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    after: Option<Position>,
    now: Timestamp,
    mut visit: impl FnMut(OfEvent) -> Walk,
) -> SqlResult<Option<Position>> {
    match rules::cancel::filter(filter, now) {
        Some(filter) => list::walk(conn, account, &filter, after, &mut visit),
        None => Ok(None),
    }
}

fn cancel(conn: &Connection, of: &OfEvent, now: Timestamp) -> SqlResult<CanceledDelivery> {
    let delivery = &of.delivery;
    let status = delivery.progress.status_when_canceled();
    conn.prepare_cached(
        "UPDATE deliveries SET status = ?2, resend_of = NULL, owner = NULL, state_at = ?3 WHERE id = ?1",
    )?
    .execute((delivery.id.as_bytes(), status.code(), now.unix_ms()))?;
    Ok(CanceledDelivery {
        automation: delivery.automation,
        action: delivery.action,
        status,
        resend_of: delivery.progress.resend_of,
        is_test: of.event.origin == Origin::Test,
    })
}
