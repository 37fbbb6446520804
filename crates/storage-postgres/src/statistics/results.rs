//! How the newest deliveries of actions ended: each action's hours are read from the newest back to its last
//! success, whatever other actions the account has.

use std::ops::Range;

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, ActionId, Timestamp};
use postrider_storage::statistics::{NewestResults, result_hours_each};
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::sql_error::SqlResult;
use crate::statement;

/// The hours of an action are limited before anything else is asked of them: the account, too, is compared
/// after that, because the key has the account's hours in the same order and would be read instead.
const NEWEST: &str = "
    SELECT wanted.id, success.at, failures.first, failures.last
    FROM unnest($2::uuid[]) AS wanted (id)
    LEFT JOIN LATERAL (
        SELECT at FROM (
            SELECT at, account_id, succeeded FROM statistics
            WHERE action_id = wanted.id AND step = 1 AND action_id <> '00000000-0000-0000-0000-000000000000'
                AND at >= $3 AND at < $4
            ORDER BY at DESC LIMIT $5
        ) AS newest
        WHERE account_id = $1 AND succeeded > 0 ORDER BY at DESC LIMIT 1
    ) AS success ON true
    CROSS JOIN LATERAL (
        SELECT min(at) AS first, max(at) AS last FROM (
            SELECT at, account_id, failed FROM statistics
            WHERE action_id = wanted.id AND step = 1 AND action_id <> '00000000-0000-0000-0000-000000000000'
                AND at >= coalesce(success.at + 1, $3) AND at < $4
            ORDER BY at DESC LIMIT $5
        ) AS newest
        WHERE account_id = $1 AND failed > 0
    ) AS failures";

/// See [`postrider_storage::StatisticsStore::newest_results`].
pub(super) async fn newest(
    client: &impl GenericClient,
    account: AccountId,
    actions: &[ActionId],
    span: &Range<Timestamp>,
) -> SqlResult<Vec<NewestResults>> {
    let ids: Vec<Uuid> = actions.iter().map(|action| uuid(action.as_bytes())).collect();
    let params: &statement::Params<'_> = &[
        &uuid(account.as_bytes()),
        &ids,
        &span.start.unix_ms(),
        &span.end.unix_ms(),
        &columns::number(result_hours_each(actions.len())),
    ];
    let rows = statement::query(client, NEWEST, params).await?;
    rows.iter()
        .map(|row| {
            Ok(NewestResults {
                action: columns::id(row, 0, ActionId::from_bytes)?,
                last_success: columns::time_opt(row, 1)?,
                failures_since: columns::time_opt(row, 2)?.zip(columns::time_opt(row, 3)?),
            })
        })
        .collect()
}
