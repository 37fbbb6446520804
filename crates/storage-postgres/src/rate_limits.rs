//! Slots of rate limits, by the database's clock: one row per action, with the first free slot.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use postrider_model::{ActionId, Timestamp};
use postrider_storage::rules::rate_limits::{length_ns, most_ns, ns};
use postrider_storage::{RateLimitStore, ReserveSlots, StoreResult};
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::statement;
use crate::store::PostgresStore;

#[async_trait]
impl RateLimitStore for PostgresStore {
    async fn reserve_slots(
        &self,
        requests: Vec<ReserveSlots>,
        _now: Timestamp,
    ) -> StoreResult<Vec<Option<Duration>>> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        // Work that is repeated may reserve twice, and the slots that it reserved first are not used.
        self.database
            .run(async || reserve(&self.database.client().await?, &requests).await)
            .await
    }
}

/// Adds the rows that are missing. If there are any, also removes some that were not used for a day.
const ADD: &str = "
    WITH added AS (
        INSERT INTO rate_limits (action_id)
        SELECT action_id FROM unnest($1::uuid[]) AS asked (action_id)
        WHERE NOT EXISTS (SELECT 1 FROM rate_limits AS held WHERE held.action_id = asked.action_id)
        ORDER BY action_id
        ON CONFLICT DO NOTHING RETURNING 1
    )
    DELETE FROM rate_limits WHERE EXISTS (SELECT 1 FROM added) AND action_id IN (
        SELECT action_id FROM rate_limits
        WHERE free_ns < (extract(epoch FROM clock_timestamp())::bigint - 86400) * 1000000000
            AND action_id <> ALL ($1)
        LIMIT 1000 FOR UPDATE SKIP LOCKED)";

/// [`postrider_storage::rules::rate_limits::reserve`] for all requests. Locks the rows in the order of their
/// ids, so that two statements never wait for each other.
const RESERVE: &str = "
    WITH clock AS MATERIALIZED (
        SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000 AS now_ns
    ), held AS MATERIALIZED (
        SELECT action_id, free_ns FROM rate_limits WHERE action_id = ANY ($1) ORDER BY action_id FOR UPDATE
    ), free AS (
        SELECT action_id, length_ns, now_ns - since_ns AS since_ns, now_ns + ahead_ns AS ahead_ns,
            CASE WHEN held.free_ns > now_ns + most_ns THEN now_ns
                ELSE greatest(held.free_ns, now_ns - since_ns) END AS begin_ns
        FROM held CROSS JOIN clock
        JOIN unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
            AS asked (action_id, length_ns, since_ns, ahead_ns, most_ns) USING (action_id)
    )
    UPDATE rate_limits AS r SET free_ns = begin_ns + length_ns
    FROM free WHERE r.action_id = free.action_id AND begin_ns <= ahead_ns
    RETURNING r.action_id, begin_ns - since_ns";

async fn reserve(client: &Client, requests: &[ReserveSlots]) -> SqlResult<Vec<Option<Duration>>> {
    let column = |value: fn(&ReserveSlots) -> i64| -> Vec<i64> { requests.iter().map(value).collect() };
    let actions: Vec<Uuid> = requests.iter().map(|one| uuid(one.action.as_bytes())).collect();
    statement::execute(client, ADD, &[&actions]).await?;
    let (lengths, mosts) = (column(length_ns), column(most_ns));
    let since = column(|request| ns(request.since));
    let ahead = column(|request| ns(request.ahead));
    let params: &statement::Params<'_> = &[&actions, &lengths, &since, &ahead, &mosts];
    let mut begins = HashMap::new();
    for row in statement::query(client, RESERVE, params).await? {
        let begin_ns: i64 = row.try_get(1)?;
        let begin = Duration::from_nanos(u64::try_from(begin_ns).unwrap_or_default());
        begins.insert(columns::id(&row, 0, ActionId::from_bytes)?, begin);
    }
    Ok(requests
        .iter()
        .map(|request| begins.get(&request.action).copied())
        .collect())
}
