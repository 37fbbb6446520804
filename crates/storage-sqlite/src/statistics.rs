//! Statistics: adding to sums and reading them.

mod backlog;
mod by_time;
mod failing;

mod stored;

use std::ops::Range;

use async_trait::async_trait;
use postrider_model::{AccountId, ActionId, AutomationId, Timestamp};
use postrider_storage::statistics::latency::{Bucket, Histogram};
use postrider_storage::statistics::{
    ActionKey, Backlog, Count, Counts, FailingAction, LatencyCount, STEPS_MAX, Scope, TimeStep,
};
use postrider_storage::{StatisticsStore, StoreResult};
use rusqlite::{Connection, Row};

use crate::columns;
use crate::sql_error::{SqlError, SqlResult};
use crate::store::SqliteStore;

#[cfg(test)]
pub(crate) use backlog::{OWNED_COUNT, WAITING_COUNT};
#[cfg(test)]
pub(crate) use by_time::{LATENCY_STEPS, OF_ACCOUNT};
#[cfg(test)]
pub(crate) use failing::{MOST, SUCCEEDED};
#[cfg(test)]
pub(crate) use stored::STORED;

/// Stored in place of a missing id. No real id is all zeros.
const NONE: [u8; 16] = [0; 16];

#[async_trait]
impl StatisticsStore for SqliteStore {
    async fn add_statistics(&self, counts: Vec<Count>, latencies: Vec<LatencyCount>) -> StoreResult<()> {
        self.write(move |cx| {
            add_counts(cx.conn, &counts)?;
            add_latencies(cx.conn, &latencies)
        })
        .await
    }

    async fn statistics(
        &self,
        scope: Scope,
        step: TimeStep,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(Timestamp, Counts)>> {
        self.read(move |conn| steps(conn, scope, step, &span)).await
    }

    async fn latencies(&self, step: TimeStep, span: Range<Timestamp>) -> StoreResult<Histogram> {
        self.read(move |conn| histogram(conn, step, &span)).await
    }

    async fn action_statistics(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(ActionKey, Counts)>> {
        self.read(move |conn| of_actions(conn, account, &span)).await
    }

    async fn account_statistics(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
        after: Option<(Timestamp, Scope)>,
        limit: usize,
    ) -> StoreResult<Vec<(Timestamp, Scope, Counts)>> {
        self.read(move |conn| by_time::of_account(conn, account, &span, after, limit))
            .await
    }

    async fn latency_steps(
        &self,
        step: TimeStep,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(Timestamp, Histogram)>> {
        self.read(move |conn| by_time::latencies(conn, step, &span)).await
    }

    async fn held_back(
        &self,
        account: AccountId,
        span: Range<Timestamp>,
    ) -> StoreResult<Vec<(AutomationId, u64)>> {
        self.read(move |conn| held_back(conn, account, &span)).await
    }

    async fn failing_actions(&self, span: Range<Timestamp>, limit: usize) -> StoreResult<Vec<FailingAction>> {
        self.read(move |conn| failing::most(conn, &span, limit)).await
    }

    async fn stored_bytes(&self, account: AccountId, span: Range<Timestamp>) -> StoreResult<u64> {
        self.read(move |conn| stored::bytes(conn, account, &span)).await
    }

    async fn prune_statistics(&self, step: TimeStep, before: Timestamp, limit: usize) -> StoreResult<usize> {
        self.write(move |cx| prune(cx.conn, step, before, limit)).await
    }

    async fn backlog(&self, now: Timestamp) -> StoreResult<Backlog> {
        self.read(move |conn| backlog::backlog(conn, now)).await
    }
}

/// The stored ids of a scope: account, automation, action.
fn ids_of(scope: &Scope) -> [[u8; 16]; 3] {
    match scope {
        Scope::Installation => [NONE; 3],
        Scope::Account(account) => [*account.as_bytes(), NONE, NONE],
        Scope::Automation(account, automation) => [*account.as_bytes(), *automation.as_bytes(), NONE],
        Scope::Action(key) => [
            *key.account.as_bytes(),
            *key.automation.as_bytes(),
            *key.action.as_bytes(),
        ],
    }
}

fn add_counts(conn: &Connection, counts: &[Count]) -> SqlResult<()> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO statistics VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT DO UPDATE SET
             events = events + ?6, succeeded = succeeded + ?7, failed = failed + ?8, canceled = canceled + ?9,
             attempts = attempts + ?10, attempts_failed = attempts_failed + ?11,
             stored_bytes = stored_bytes + ?12, held_back = held_back + ?13",
    )?;
    for count in counts {
        let [account, automation, action] = ids_of(&count.scope);
        let sums = &count.counts;
        statement.execute((
            account,
            count.step.code(),
            count.at.unix_ms(),
            automation,
            action,
            columns::number(sums.events),
            columns::number(sums.succeeded),
            columns::number(sums.failed),
            columns::number(sums.canceled),
            columns::number(sums.attempts),
            columns::number(sums.attempts_failed),
            columns::number(sums.stored_bytes),
            columns::number(sums.held_back),
        ))?;
    }
    Ok(())
}

fn add_latencies(conn: &Connection, latencies: &[LatencyCount]) -> SqlResult<()> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO latencies VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + ?4",
    )?;
    for latency in latencies {
        statement.execute((
            latency.step.code(),
            latency.at.unix_ms(),
            latency.bucket.code(),
            columns::number(latency.count),
        ))?;
    }
    Ok(())
}

pub(crate) const STEPS: &str = "SELECT events, succeeded, failed, canceled, attempts, attempts_failed,
         stored_bytes, held_back, at
     FROM statistics
     WHERE account_id = ?1 AND step = ?2 AND at >= ?3 AND at < ?4 AND automation_id = ?5 AND action_id = ?6
     ORDER BY at LIMIT ?7";

fn steps(
    conn: &Connection,
    scope: Scope,
    step: TimeStep,
    span: &Range<Timestamp>,
) -> SqlResult<Vec<(Timestamp, Counts)>> {
    let [account, automation, action] = ids_of(&scope);
    let mut statement = conn.prepare_cached(STEPS)?;
    let mut rows = statement.query((
        account,
        step.code(),
        span.start.unix_ms(),
        span.end.unix_ms(),
        automation,
        action,
        columns::number(STEPS_MAX),
    ))?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push((columns::time(row, 8)?, counts(row)?));
    }
    Ok(steps)
}

pub(crate) const LATENCIES: &str =
    "SELECT bucket, count FROM latencies WHERE step = ?1 AND at >= ?2 AND at < ?3";

fn histogram(conn: &Connection, step: TimeStep, span: &Range<Timestamp>) -> SqlResult<Histogram> {
    let mut statement = conn.prepare_cached(LATENCIES)?;
    let mut rows = statement.query((step.code(), span.start.unix_ms(), span.end.unix_ms()))?;
    let mut histogram = Histogram::new();
    while let Some(row) = rows.next()? {
        let bucket = Bucket::from_code(row.get(0)?).ok_or(SqlError::Damaged("a latency"))?;
        histogram.add(bucket, columns::count(row, 1)?);
    }
    Ok(histogram)
}

/// In the order of the key, and summed by action in a map, so that nothing needs sorting.
pub(crate) const OF_ACTIONS: &str = "SELECT events, succeeded, failed, canceled, attempts, attempts_failed,
         stored_bytes, held_back, account_id, automation_id, action_id
     FROM statistics
     WHERE account_id = ?1 AND step = 1 AND at >= ?2 AND at < ?3
         AND action_id <> x'00000000000000000000000000000000'";

fn of_actions(
    conn: &Connection,
    account: AccountId,
    span: &Range<Timestamp>,
) -> SqlResult<Vec<(ActionKey, Counts)>> {
    let mut statement = conn.prepare_cached(OF_ACTIONS)?;
    let mut rows = statement.query((account.as_bytes(), span.start.unix_ms(), span.end.unix_ms()))?;
    let mut by_action = std::collections::HashMap::<ActionKey, Counts>::new();
    while let Some(row) = rows.next()? {
        *by_action.entry(action_key(row, 8)?).or_default() += counts(row)?;
    }
    Ok(by_action.into_iter().collect())
}

/// In the order of the key, and summed by automation in a map, as [`OF_ACTIONS`].
pub(crate) const HELD_BACK: &str = "SELECT automation_id, held_back FROM statistics
     WHERE account_id = ?1 AND step = 1 AND at >= ?2 AND at < ?3 AND held_back > 0
         AND automation_id <> x'00000000000000000000000000000000'
         AND action_id = x'00000000000000000000000000000000'";

fn held_back(
    conn: &Connection,
    account: AccountId,
    span: &Range<Timestamp>,
) -> SqlResult<Vec<(AutomationId, u64)>> {
    let mut statement = conn.prepare_cached(HELD_BACK)?;
    let mut rows = statement.query((account.as_bytes(), span.start.unix_ms(), span.end.unix_ms()))?;
    let mut by_automation = std::collections::HashMap::<AutomationId, u64>::new();
    while let Some(row) = rows.next()? {
        let automation = columns::id(row, 0, AutomationId::from_bytes)?;
        *by_automation.entry(automation).or_default() += columns::count(row, 1)?;
    }
    Ok(by_automation.into_iter().collect())
}

/// Reads the counts, which are the first columns.
fn counts(row: &Row<'_>) -> SqlResult<Counts> {
    Ok(Counts {
        events: columns::count(row, 0)?,
        succeeded: columns::count(row, 1)?,
        failed: columns::count(row, 2)?,
        canceled: columns::count(row, 3)?,
        attempts: columns::count(row, 4)?,
        attempts_failed: columns::count(row, 5)?,
        stored_bytes: columns::count(row, 6)?,
        held_back: columns::count(row, 7)?,
    })
}

/// Reads `account_id, automation_id, action_id`, beginning with column `first`.
fn action_key(row: &Row<'_>, first: usize) -> SqlResult<ActionKey> {
    Ok(ActionKey {
        account: columns::id(row, first, AccountId::from_bytes)?,
        automation: columns::id(row, first + 1, AutomationId::from_bytes)?,
        action: columns::id(row, first + 2, ActionId::from_bytes)?,
    })
}

pub(crate) const OLD_COUNTS: &str = "SELECT account_id, step, at, automation_id, action_id
     FROM statistics INDEXED BY statistics_by_age WHERE step = ?1 AND at < ?2 LIMIT ?3";

pub(crate) const OLD_LATENCIES: &str =
    "SELECT step, at, bucket FROM latencies WHERE step = ?1 AND at < ?2 LIMIT ?3";

fn prune(conn: &Connection, step: TimeStep, before: Timestamp, limit: usize) -> SqlResult<usize> {
    let old = (step.code(), before.unix_ms(), columns::number(limit));
    let counts = conn
        .prepare_cached(&format!(
            "DELETE FROM statistics WHERE (account_id, step, at, automation_id, action_id) IN ({OLD_COUNTS})"
        ))?
        .execute(old)?;
    let latencies = conn
        .prepare_cached(&format!(
            "DELETE FROM latencies WHERE (step, at, bucket) IN ({OLD_LATENCIES})"
        ))?
        .execute(old)?;
    Ok(counts + latencies)
}
