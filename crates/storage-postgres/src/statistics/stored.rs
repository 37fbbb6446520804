//! What an account stored.

use std::ops::Range;

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, Timestamp};
use postrider_storage::statistics::{STORED_HOURS_MAX, TimeStep};

use crate::columns::{self, uuid};
use crate::sql_error::SqlResult;
use crate::statement;

/// By the whole key, hour by hour, because the account may have many actions. OFFSET 0 forces that plan.
const STORED: &str = "
    SELECT coalesce(sum(s.stored_bytes), 0)::bigint
    FROM unnest($2::bigint[]) AS hours (at)
    CROSS JOIN LATERAL (
        SELECT stored_bytes FROM statistics
        WHERE account_id = $1 AND step = 1 AND at = hours.at
            AND automation_id = '00000000-0000-0000-0000-000000000000'
            AND action_id = '00000000-0000-0000-0000-000000000000' OFFSET 0
    ) AS s";

/// See [`postrider_storage::StatisticsStore::stored_bytes`].
pub(super) async fn bytes(
    client: &impl GenericClient,
    account: AccountId,
    span: &Range<Timestamp>,
) -> SqlResult<u64> {
    let hours = TimeStep::Hour.starts_within(span).take(STORED_HOURS_MAX);
    let hours: Vec<i64> = hours.map(Timestamp::unix_ms).collect();
    let row = statement::query_one(client, STORED, &[&uuid(account.as_bytes()), &hours]).await?;
    columns::sum(&row, 0)
}
