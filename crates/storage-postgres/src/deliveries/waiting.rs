//! Actions with waiting deliveries: one index lookup per action, however many deliveries it has. And the due
//! times that lie ahead.

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, ActionId, AutomationId, DeliveryId, Timestamp};
use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::{DeliveryKey, DueAhead, DueEarlier, WaitingLane};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::deliveries::keys::{self, Keys};
use crate::sql_error::SqlResult;
use crate::statement;

/// Each recursion finds the first delivery of the next action; PostgreSQL does not skip through an index by
/// itself. It compares `state_at` within the index, and looks no earlier row up in the table: that is what
/// makes rows expensive that are dead and cannot be removed yet.
const LANES: &str = "
    WITH RECURSIVE lanes AS (
        (
            SELECT action_id, account_id, state_at, 1::bigint AS nth FROM deliveries
            WHERE status = 0 AND owner IS NULL AND action_id > $1 AND state_at >= $3
            ORDER BY action_id, state_at, id LIMIT 1
        )
        UNION ALL
        SELECT next.action_id, next.account_id, next.state_at, lanes.nth + 1
        FROM lanes CROSS JOIN LATERAL (
            SELECT action_id, account_id, state_at FROM deliveries
            WHERE status = 0 AND owner IS NULL AND action_id > lanes.action_id AND state_at >= $3
            ORDER BY action_id, state_at, id LIMIT 1
        ) AS next
        WHERE lanes.nth < $2
    )
    SELECT action_id, account_id, state_at FROM lanes ORDER BY nth";

/// Lanes; see [`postrider_storage::DeliveryStore::waiting_lanes`].
pub(crate) async fn lanes(
    client: &impl GenericClient,
    since: Timestamp,
    after: Option<ActionId>,
    limit: usize,
) -> SqlResult<Vec<WaitingLane>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    // The nil id is smaller than any action's.
    let after = after.map_or(Uuid::nil(), |action| uuid(action.as_bytes()));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement::query(client, LANES, &[&after, &limit, &since.unix_ms()]).await?;
    rows.iter()
        .map(|row| {
            Ok(WaitingLane {
                account: columns::id(row, 1, AccountId::from_bytes)?,
                action: columns::id(row, 0, ActionId::from_bytes)?,
                next_due: columns::time(row, 2)?,
            })
        })
        .collect()
}

const AHEAD: &str = "
    SELECT id, account_id, automation_id, action_id, state_at, last_status_code, status, attempts, resends, resend_of,
           CASE WHEN attempts = resends THEN (
               SELECT e.deliver_at FROM events AS e
               WHERE e.account_id = d.account_id AND e.created_at = d.event_created_at AND e.seq = d.event_seq
           ) END
    FROM deliveries AS d
    WHERE status = 0 AND owner IS NULL AND state_at > $1 AND (action_id, state_at, id) > ($2, $3, $4)
    ORDER BY action_id, state_at, id LIMIT $5";

/// Due times that lie ahead; see [`postrider_storage::DeliveryStore::due_ahead`].
pub(crate) async fn ahead(
    client: &impl GenericClient,
    now: Timestamp,
    after: Option<DueAhead>,
    limit: usize,
) -> SqlResult<Vec<DueAhead>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (action, due, id) = after.map_or((Uuid::nil(), i64::MIN, Uuid::nil()), |after| {
        let id = uuid(after.key.delivery.as_bytes());
        (uuid(after.action.as_bytes()), after.due.unix_ms(), id)
    });
    let rows = statement::query(client, AHEAD, &[&now.unix_ms(), &action, &due, &id, &limit]).await?;
    rows.iter().map(ahead_from).collect()
}

fn ahead_from(row: &Row) -> SqlResult<DueAhead> {
    let status_code: Option<i16> = row.try_get(5)?;
    Ok(DueAhead {
        key: DeliveryKey {
            account: columns::id(row, 1, AccountId::from_bytes)?,
            delivery: columns::id(row, 0, DeliveryId::from_bytes)?,
        },
        automation: columns::id(row, 2, AutomationId::from_bytes)?,
        action: columns::id(row, 3, ActionId::from_bytes)?,
        due: columns::time(row, 4)?,
        last_status_code: status_code.and_then(|code| u16::try_from(code).ok()),
        progress: columns::read(row, 6, ProgressRow::read)?.try_into()?,
        deliver_at: columns::time_opt(row, 10)?,
    })
}

const BRING_FORWARD: &str = "
    UPDATE deliveries AS d SET state_at = least(n.earlier, n.due)
    FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])
              AS n (account_id, id, due, earlier) LIMIT cardinality($1)) AS n
    WHERE d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $5 AND $6
        AND d.status = 0 AND d.owner IS NOT DISTINCT FROM NULL AND d.state_at = n.due";

/// Brings due times forward; see [`postrider_storage::DeliveryStore::bring_forward`].
pub(crate) async fn bring_forward(client: &impl GenericClient, earlier: &[DueEarlier]) -> SqlResult<usize> {
    if earlier.is_empty() {
        return Ok(0);
    }
    let mut earlier = earlier.to_vec();
    earlier.sort_unstable_by_key(|one| keys::order(&one.key));
    let keys = Keys::new(earlier.iter().map(|one| one.key));
    let due: Vec<i64> = earlier.iter().map(|one| one.due.unix_ms()).collect();
    let times: Vec<i64> = earlier.iter().map(|one| one.earlier.unix_ms()).collect();
    let params: &statement::Params<'_> = &[
        &keys.accounts,
        &keys.ids,
        &due,
        &times,
        &keys.first_id,
        &keys.last_id,
    ];
    let changed = statement::execute(client, BRING_FORWARD, params).await?;
    Ok(usize::try_from(changed).unwrap_or(usize::MAX))
}
