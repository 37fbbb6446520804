//! Replay: one more attempt of every matching delivery, step by step; and counting these deliveries
//! beforehand.
//!
//! Steps walk a list in one direction, so they never meet a delivery again that a step has set to pending.

use std::collections::HashSet;

use deadpool_postgres::GenericClient;
use postrider_model::delivery::Progress;
use postrider_model::{AccountId, ActionId, DeliveryStatus, Timestamp};
use postrider_storage::{CountStep, DeliveryFilter, DeliveryKey, Position, ReplayStep, rules};

use crate::deliveries::keys::Keys;
use crate::deliveries::list::{self, Walk};
use crate::sql_error::SqlResult;
use crate::{columns, statement};

/// A delivery chosen for a replay, with its progress before and after.
struct Chosen {
    key: DeliveryKey,
    was: Progress,
    becomes: Progress,
}

/// A step; see [`postrider_storage::DeliveryStore::replay_step`].
pub(crate) async fn step(
    client: &impl GenericClient,
    account: AccountId,
    filter: &DeliveryFilter,
    actions: &HashSet<ActionId>,
    after: Option<Position>,
    now: Timestamp,
) -> SqlResult<ReplayStep> {
    let mut chosen = Vec::new();
    let next = choose(client, account, filter, actions, after, now, |choice| {
        if chosen.len() == rules::replay::STEP_DELIVERIES_MAX {
            return Walk::Stop;
        }
        chosen.push(choice);
        Walk::On
    })
    .await?;
    let replayed = make_due(client, &mut chosen, now).await?;
    Ok(ReplayStep { replayed, next })
}

/// Counts one step; see [`postrider_storage::DeliveryStore::count_step`].
pub(crate) async fn count(
    client: &impl GenericClient,
    account: AccountId,
    filter: &DeliveryFilter,
    actions: &HashSet<ActionId>,
    after: Option<Position>,
    now: Timestamp,
) -> SqlResult<CountStep> {
    let mut matching = 0;
    let next = choose(client, account, filter, actions, after, now, |_| {
        matching += 1;
        Walk::On
    })
    .await?;
    Ok(CountStep { matching, next })
}

/// Passes to `visit` each delivery that a replay begun at `now` makes due. Returns where the next step
/// begins.
async fn choose(
    client: &impl GenericClient,
    account: AccountId,
    filter: &DeliveryFilter,
    actions: &HashSet<ActionId>,
    after: Option<Position>,
    now: Timestamp,
    mut visit: impl FnMut(Chosen) -> Walk,
) -> SqlResult<Option<Position>> {
    let filter = rules::replay::filter(filter, now);
    let first_chunk = rules::replay::STEP_DELIVERIES_MAX + 1;
    list::walk(client, account, &filter, after, first_chunk, |of| {
        let Some(becomes) = rules::replay::replayed(&of, actions) else {
            return Walk::On;
        };
        let key = DeliveryKey {
            account,
            delivery: of.delivery.id,
        };
        let was = of.delivery.progress;
        visit(Chosen { key, was, becomes })
    })
    .await
}

/// Makes the chosen deliveries due, except those that changed since they were chosen: any such change was
/// itself a request for one more attempt. Returns how many.
async fn make_due(client: &impl GenericClient, chosen: &mut [Chosen], now: Timestamp) -> SqlResult<usize> {
    if chosen.is_empty() {
        return Ok(0);
    }
    chosen.sort_unstable_by_key(|chosen| super::keys::order(&chosen.key));
    let keys = Keys::new(chosen.iter().map(|chosen| chosen.key));
    let statuses: Vec<i16> = chosen.iter().map(|chosen| code(chosen.was.status)).collect();
    let attempts: Vec<i32> = chosen
        .iter()
        .map(|chosen| columns::int(chosen.was.attempts))
        .collect();
    let resend_of: Vec<Option<i16>> = chosen
        .iter()
        .map(|chosen| chosen.becomes.resend_of.map(code))
        .collect();
    let sql = "UPDATE deliveries AS d SET status = 0, resend_of = n.resend_of, state_at = $1
         FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::integer[], $6::smallint[])
             AS n (account_id, id, status, attempts, resend_of)
         WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $7 AND $8
             AND d.status = n.status AND d.attempts = n.attempts AND d.owner IS NULL";
    let replayed = statement::execute(
        client,
        sql,
        &[
            &now.unix_ms(),
            &keys.accounts,
            &keys.ids,
            &statuses,
            &attempts,
            &resend_of,
            &keys.first_id,
            &keys.last_id,
        ],
    )
    .await?;
    Ok(usize::try_from(replayed).unwrap_or(usize::MAX))
}

fn code(status: DeliveryStatus) -> i16 {
    i16::from(status.code())
}
