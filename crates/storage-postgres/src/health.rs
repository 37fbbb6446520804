//! The health of actions, and what results and edits change in it.
//!
//! Rows are locked in the order of account and action, after those of automations, so that two steps never
//! wait for each other.

use std::collections::HashMap;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::health::ActionHealth;
use postrider_model::{AccountId, ActionId, Automation, AutomationId};
use postrider_storage::rows::ActionHealthRow;
use postrider_storage::rules::attempts::AttemptResult;
use postrider_storage::rules::health::{Anew, OfAction, by_action};
use postrider_storage::{HealthStore, StoreResult, UnhealthyAction};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::automations;
use crate::columns::{self, uuid};
use crate::events::append;
use crate::sql_error::SqlResult;
use crate::statement;
use crate::store::PostgresStore;

const COLUMNS: &str = ActionHealthRow::COLUMNS;

#[async_trait]
impl HealthStore for PostgresStore {
    async fn unhealthy_actions(&self, limit: usize) -> StoreResult<Vec<UnhealthyAction>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let sql = format!(
                    "SELECT account_id, {COLUMNS} FROM action_health
                     WHERE coalesce(disabled_at, failing_since) IS NOT NULL
                     ORDER BY coalesce(disabled_at, failing_since) DESC LIMIT $1"
                );
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                let rows = statement::query(&client, &sql, &[&limit]).await?;
                rows.iter().map(unhealthy).collect()
            })
            .await
    }
}

fn unhealthy(row: &Row) -> SqlResult<UnhealthyAction> {
    let account: Uuid = row.try_get(0)?;
    let found = columns::read(row, 1, ActionHealthRow::read)?;
    let (action, health) = found.open();
    Ok(UnhealthyAction {
        account: AccountId::from_bytes(account.into_bytes()),
        automation: AutomationId::from_bytes(found.automation),
        action,
        health,
    })
}

/// The health of an account's actions.
pub(crate) fn of_account_sql() -> String {
    format!("SELECT {COLUMNS} FROM action_health WHERE account_id = $1 ORDER BY action_id")
}

/// Reads a row of [`of_account_sql`].
pub(crate) fn from_row(row: &Row) -> SqlResult<(ActionId, ActionHealth)> {
    Ok(columns::read(row, 0, ActionHealthRow::read)?.open())
}

/// Does what newly applied results say about their actions: switches actions off, changes their health, and
/// stores the announcements.
pub(crate) async fn follow<'a>(
    client: &impl GenericClient,
    store: &PostgresStore,
    applied: impl Iterator<Item = (AccountId, ActionId, AttemptResult<'a>)>,
) -> SqlResult<()> {
    let groups = by_action(applied);
    if groups.is_empty() {
        return Ok(());
    }
    // Read without locks, to decide what to switch off: an automation is locked before the health of its
    // actions, here as by an edit.
    let read = read(client, &groups, "").await?;
    let mut disabled = Vec::with_capacity(groups.len());
    for group in &groups {
        disabled.push(disable(client, group, health_of(&read, group)).await?);
    }
    let locked = lock(client, &groups).await?;
    let mut rows = Vec::new();
    let mut announced = Vec::new();
    for (group, disabled) in groups.iter().zip(&disabled) {
        let before = health_of(&locked, group);
        let (after, events) = group.after(before, disabled.as_ref());
        announced.extend(events);
        if let Some(automation) = group.automation()
            && after != before
        {
            rows.push((group, automation, after));
        }
    }
    update(client, &rows).await?;
    append::store_waiting(client, store, announced).await
}

type Found = HashMap<(AccountId, ActionId), ActionHealth>;

fn health_of(found: &Found, group: &OfAction<'_>) -> ActionHealth {
    found
        .get(&(group.account, group.action))
        .copied()
        .unwrap_or_default()
}

/// Switches the action off if the results say so.
async fn disable(
    client: &impl GenericClient,
    group: &OfAction<'_>,
    health: ActionHealth,
) -> SqlResult<Option<postrider_storage::rules::health::Disabling>> {
    for disabling in group.disabling(health) {
        if automations::disable(client, group.account, &disabling.disable, disabling.at).await? {
            return Ok(Some(disabling));
        }
    }
    Ok(None)
}

/// Reads the health of these actions. Those without a row are left out.
async fn read(client: &impl GenericClient, groups: &[OfAction<'_>], locking: &str) -> SqlResult<Found> {
    let sql = format!(
        "SELECT h.account_id, {} FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY
                                                  AS n (account_id, action_id, nth)
                                     LIMIT cardinality($1)) AS n
         JOIN action_health AS h ON h.account_id = n.account_id AND h.action_id = n.action_id
         ORDER BY n.nth {locking}",
        ActionHealthRow::QUALIFIED
    );
    let accounts: Vec<Uuid> = groups
        .iter()
        .map(|group| uuid(group.account.as_bytes()))
        .collect();
    let actions: Vec<Uuid> = groups.iter().map(|group| uuid(group.action.as_bytes())).collect();
    let rows = statement::query(client, &sql, &[&accounts, &actions]).await?;
    let found = |row: &Row| {
        let account: Uuid = row.try_get(0)?;
        let (action, health) = columns::read(row, 1, ActionHealthRow::read)?.open();
        Ok(((AccountId::from_bytes(account.into_bytes()), action), health))
    };
    rows.iter().map(found).collect()
}

/// Locks the health of these actions. Adds the missing rows of actions whose health may change, unless the
/// automation was deleted.
async fn lock(client: &impl GenericClient, groups: &[OfAction<'_>]) -> SqlResult<Found> {
    let (mut accounts, mut actions, mut automations) = (Vec::new(), Vec::new(), Vec::new());
    for group in groups {
        if let Some(automation) = group.automation() {
            accounts.push(uuid(group.account.as_bytes()));
            actions.push(uuid(group.action.as_bytes()));
            automations.push(uuid(automation.as_bytes()));
        }
    }
    if accounts.is_empty() {
        return Ok(Found::new());
    }
    let sql = "INSERT INTO action_health (account_id, action_id, automation_id, is_announced)
         SELECT n.account_id, n.action_id, n.automation_id, false
         FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n (account_id, action_id, automation_id)
               LIMIT cardinality($1)) AS n
         JOIN automations AS a ON a.account_id = n.account_id AND a.id = n.automation_id
         ORDER BY n.account_id, n.action_id
         ON CONFLICT (account_id, action_id) DO NOTHING";
    statement::execute(client, sql, &[&accounts, &actions, &automations]).await?;
    read(client, groups, "FOR UPDATE OF h").await
}

async fn update(
    client: &impl GenericClient,
    rows: &[(&OfAction<'_>, AutomationId, ActionHealth)],
) -> SqlResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|(group, automation, health)| {
            let row = ActionHealthRow {
                action: *group.action.as_bytes(),
                automation: *automation.as_bytes(),
                failing_since: None,
                is_announced: false,
                announced_at: None,
                disabled_at: None,
            };
            (uuid(group.account.as_bytes()), row.with(*health))
        })
        .collect();
    let accounts: Vec<Uuid> = rows.iter().map(|(account, _)| *account).collect();
    let actions: Vec<Uuid> = rows.iter().map(|(_, row)| uuid(&row.action)).collect();
    let failing: Vec<Option<i64>> = rows.iter().map(|(_, row)| row.failing_since).collect();
    let are_announced: Vec<bool> = rows.iter().map(|(_, row)| row.is_announced).collect();
    let announced: Vec<Option<i64>> = rows.iter().map(|(_, row)| row.announced_at).collect();
    let disabled: Vec<Option<i64>> = rows.iter().map(|(_, row)| row.disabled_at).collect();
    let sql = "UPDATE action_health AS h
         SET failing_since = n.failing_since, is_announced = n.is_announced, announced_at = n.announced_at,
             disabled_at = n.disabled_at
         FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::boolean[], $5::bigint[], $6::bigint[])
                   AS n (account_id, action_id, failing_since, is_announced, announced_at, disabled_at)
               LIMIT cardinality($1)) AS n
         WHERE h.account_id = n.account_id AND h.action_id = n.action_id";
    let params: &statement::Params<'_> = &[
        &accounts,
        &actions,
        &failing,
        &are_announced,
        &announced,
        &disabled,
    ];
    statement::execute(client, sql, params).await?;
    Ok(())
}

/// An automation is saved: begins the health of what changes anew. `actions` and `was_enabled` are those
/// before.
pub(crate) async fn begin_anew(
    client: &impl GenericClient,
    account: AccountId,
    (actions, was_enabled): (&str, bool),
    after: &Automation,
) -> SqlResult<()> {
    let anew = Anew::of(actions, was_enabled, after)?;
    let changed = anew.removed.iter().chain(&anew.begun);
    let changed: Vec<Uuid> = changed.map(|action| uuid(action.as_bytes())).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let lock = "SELECT 1 FROM action_health WHERE account_id = $1 AND action_id = ANY($2)
         ORDER BY action_id FOR UPDATE";
    statement::query(client, lock, &[&uuid(account.as_bytes()), &changed]).await?;
    // What `ActionHealth::begun_anew` changes.
    let begin = "UPDATE action_health SET failing_since = NULL, disabled_at = NULL";
    for (verb, actions) in [("DELETE FROM action_health", anew.removed), (begin, anew.begun)] {
        if !actions.is_empty() {
            let actions: Vec<Uuid> = actions.iter().map(|action| uuid(action.as_bytes())).collect();
            let sql = format!("{verb} WHERE account_id = $1 AND action_id = ANY($2)");
            statement::execute(client, &sql, &[&uuid(account.as_bytes()), &actions]).await?;
        }
    }
    Ok(())
}

/// Forgets the health of a deleted automation's actions.
pub(crate) async fn forget(
    client: &impl GenericClient,
    account: AccountId,
    automation: AutomationId,
) -> SqlResult<()> {
    let sql = "DELETE FROM action_health WHERE account_id = $1 AND automation_id = $2";
    let (account, automation) = (uuid(account.as_bytes()), uuid(automation.as_bytes()));
    statement::execute(client, sql, &[&account, &automation]).await?;
    Ok(())
}
