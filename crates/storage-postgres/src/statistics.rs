//! Statistics: adding to sums and reading them.

mod add;
mod backlog;
mod by_time;
mod failing;
mod stored;

use std::ops::Range;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, ActionId, AutomationId, Timestamp};
use postrider_storage::statistics::latency::{Bucket, Histogram};
use postrider_storage::statistics::{
    ActionKey, Backlog, Count, Counts, FailingAction, LatencyCount, STEPS_MAX, Scope, TimeStep,
};
use postrider_storage::{StatisticsStore, StoreResult};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::sql_error::{SqlError, SqlResult};
use crate::statement;
use crate::store::PostgresStore;

#[async_trait]
impl StatisticsStore for PostgresStore {
    async fn add_statistics(&self, counts: Vec<Count>, latencies: Vec<LatencyCount>) -> StoreResult<()> {
        let sums = add::Sums::new(counts, latencies);
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                sums.add(&mut client).await
            })
            .await
    }

    async fn statistics(
        &self,
        scope: Scope,
        step: TimeStep,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(Timestamp, Counts)>> {
        self.database
            .run(async || steps(&self.database.client().await?, scope, step, &span).await)
            .await
    }

    async fn latencies(&self, step: TimeStep, span: Range<Timestamp>) -> StoreResult<Histogram> {
        self.database
            .run(async || histogram(&self.database.client().await?, step, &span).await)
            .await
    }

    async fn action_statistics(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(ActionKey, Counts)>> {
        self.database
            .run(async || of_actions(&self.database.client().await?, account, &span).await)
            .await
    }

    async fn account_statistics(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
        after: Option<(Timestamp, Scope)>,
        limit: usize,
    ) -> StoreResult<Vec<(Timestamp, Scope, Counts)>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                by_time::of_account(&client, account, &span, after, limit).await
            })
            .await
    }

    async fn latency_steps(
        &self,
        step: TimeStep,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(Timestamp, Histogram)>> {
        self.database
            .run(async || by_time::latencies(&self.database.client().await?, step, &span).await)
            .await
    }

    async fn held_back(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(AutomationId, u64)>> {
        self.database
            .run(async || held_back(&self.database.client().await?, account, &span).await)
            .await
    }

    async fn failing_actions(&self, span: Range<Timestamp>, limit: usize) -> StoreResult<Vec<FailingAction>> {
        self.database
            .run(async || failing::most(&self.database.client().await?, &span, limit).await)
            .await
    }

    async fn stored_bytes(&self, account: AccountId, span: Range<Timestamp>) -> StoreResult<u64> {
        self.database
            .run(async || stored::bytes(&self.database.client().await?, account, &span).await)
            .await
    }

    async fn prune_statistics(&self, step: TimeStep, before: Timestamp, limit: usize) -> StoreResult<usize> {
        self.database
            .run(async || prune(&self.database.client().await?, step, before, limit).await)
            .await
    }

    async fn backlog(&self, now: Timestamp) -> StoreResult<Backlog> {
        self.database
            .run(async || backlog::backlog(&self.database.client().await?, now).await)
            .await
    }
}

/// The stored ids of a scope: account, automation, action. No real id is the nil id.
fn ids_of(scope: &Scope) -> [Uuid; 3] {
    match scope {
        Scope::Installation => [Uuid::nil(); 3],
        Scope::Account(account) => [uuid(account.as_bytes()), Uuid::nil(), Uuid::nil()],
        Scope::Automation(account, automation) => {
            [uuid(account.as_bytes()), uuid(automation.as_bytes()), Uuid::nil()]
        }
        Scope::Action(key) => [
            uuid(key.account.as_bytes()),
            uuid(key.automation.as_bytes()),
            uuid(key.action.as_bytes()),
        ],
    }
}

fn code(step: TimeStep) -> i16 {
    i16::from(step.code())
}

async fn steps(
    client: &impl GenericClient,
    scope: Scope,
    step: TimeStep,
    span: &Range<Timestamp>,
) -> SqlResult<Vec<(Timestamp, Counts)>> {
    let [account, automation, action] = ids_of(&scope);
    let sql = "SELECT events, succeeded, failed, canceled, attempts, attempts_failed, stored_bytes, held_back,
             at
         FROM statistics
         WHERE account_id = $1 AND step = $2 AND at >= $3 AND at < $4 AND automation_id = $5 AND action_id = $6
         ORDER BY at LIMIT $7";
    let rows = statement::query(
        client,
        sql,
        &[
            &account,
            &code(step),
            &span.start.unix_ms(),
            &span.end.unix_ms(),
            &automation,
            &action,
            &columns::number(STEPS_MAX),
        ],
    )
    .await?;
    rows.iter()
        .map(|row| Ok((columns::time(row, 8)?, counts(row)?)))
        .collect()
}

async fn histogram(
    client: &impl GenericClient,
    step: TimeStep,
    span: &Range<Timestamp>,
) -> SqlResult<Histogram> {
    let sql = "SELECT bucket, sum(count)::bigint FROM latencies WHERE step = $1 AND at >= $2 AND at < $3
         GROUP BY bucket";
    let params: &statement::Params<'_> = &[&code(step), &span.start.unix_ms(), &span.end.unix_ms()];
    let mut histogram = Histogram::new();
    for row in statement::query(client, sql, params).await? {
        let bucket = columns::code(&row, 0, Bucket::from_code)?;
        histogram.add(bucket, columns::sum(&row, 1)?);
    }
    Ok(histogram)
}

async fn of_actions(
    client: &impl GenericClient,
    account: AccountId,
    span: &Range<Timestamp>,
) -> SqlResult<Vec<(ActionKey, Counts)>> {
    let sql =
        "SELECT sum(events)::bigint, sum(succeeded)::bigint, sum(failed)::bigint, sum(canceled)::bigint,
             sum(attempts)::bigint, sum(attempts_failed)::bigint, sum(stored_bytes)::bigint,
             sum(held_back)::bigint, account_id, automation_id, action_id
         FROM statistics
         WHERE account_id = $1 AND step = 1 AND at >= $2 AND at < $3
             AND action_id <> '00000000-0000-0000-0000-000000000000'
         GROUP BY account_id, automation_id, action_id";
    let params: &statement::Params<'_> = &[
        &uuid(account.as_bytes()),
        &span.start.unix_ms(),
        &span.end.unix_ms(),
    ];
    let rows = statement::query(client, sql, params).await?;
    rows.iter()
        .map(|row| Ok((action_key(row, 8)?, counts(row)?)))
        .collect()
}

async fn held_back(
    client: &impl GenericClient,
    account: AccountId,
    span: &Range<Timestamp>,
) -> SqlResult<Vec<(AutomationId, u64)>> {
    let sql = "SELECT automation_id, sum(held_back)::bigint FROM statistics
         WHERE account_id = $1 AND step = 1 AND at >= $2 AND at < $3 AND held_back > 0
             AND automation_id <> '00000000-0000-0000-0000-000000000000'
             AND action_id = '00000000-0000-0000-0000-000000000000'
         GROUP BY automation_id";
    let params: &statement::Params<'_> = &[
        &uuid(account.as_bytes()),
        &span.start.unix_ms(),
        &span.end.unix_ms(),
    ];
    let rows = statement::query(client, sql, params).await?;
    rows.iter()
        .map(|row| {
            Ok((
                columns::id(row, 0, AutomationId::from_bytes)?,
                columns::sum(row, 1)?,
            ))
        })
        .collect()
}

/// Reads the counts, which are the first columns.
fn counts(row: &Row) -> SqlResult<Counts> {
    Ok(Counts {
        events: columns::sum(row, 0)?,
        succeeded: columns::sum(row, 1)?,
        failed: columns::sum(row, 2)?,
        canceled: columns::sum(row, 3)?,
        attempts: columns::sum(row, 4)?,
        attempts_failed: columns::sum(row, 5)?,
        stored_bytes: columns::sum(row, 6)?,
        held_back: columns::sum(row, 7)?,
    })
}

/// Reads `account_id, automation_id, action_id`, beginning with column `first`.
fn action_key(row: &Row, first: usize) -> SqlResult<ActionKey> {
    Ok(ActionKey {
        account: columns::id(row, first, AccountId::from_bytes)?,
        automation: columns::id(row, first + 1, AutomationId::from_bytes)?,
        action: columns::id(row, first + 2, ActionId::from_bytes)?,
    })
}

/// Removes old steps. Skips rows that another node is removing.
async fn prune(
    client: &impl GenericClient,
    step: TimeStep,
    before: Timestamp,
    limit: usize,
) -> SqlResult<usize> {
    let sql = "WITH counts AS (
             DELETE FROM statistics WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM statistics WHERE step = $1 AND at < $2 LIMIT $3 FOR UPDATE SKIP LOCKED))
             RETURNING 1
         ), latencies AS (
             DELETE FROM latencies WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM latencies WHERE step = $1 AND at < $2 LIMIT $3 FOR UPDATE SKIP LOCKED))
             RETURNING 1
         )
         SELECT (SELECT count(*) FROM counts) + (SELECT count(*) FROM latencies)";
    let params: &statement::Params<'_> = &[&code(step), &before.unix_ms(), &columns::number(limit)];
    let row = statement::query_one(client, sql, params).await?;
    usize::try_from(row.try_get::<_, i64>(0)?).map_err(|_| SqlError::Damaged("a count"))
}
