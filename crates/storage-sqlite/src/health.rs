//! The health of actions, and what results and edits change in it.

use async_trait::async_trait;
use postrider_model::health::ActionHealth;
use postrider_model::{AccountId, ActionId, Automation, AutomationId};
use postrider_storage::rows::ActionHealthRow;
use postrider_storage::rules::attempts::AttemptResult;
use postrider_storage::rules::health::{Anew, OfAction, by_action};
use postrider_storage::{HealthStore, StoreResult, UnhealthyAction};
use rusqlite::Connection;

use crate::events::append;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::{automations, columns};

const COLUMNS: &str = ActionHealthRow::COLUMNS;

#[async_trait]
impl HealthStore for SqliteStore {
    async fn unhealthy_actions(&self, limit: usize) -> StoreResult<Vec<UnhealthyAction>> {
        self.read(move |conn| unhealthy(conn, limit)).await
    }
}

/// Walks over its index, newest first, up to the limit.
const UNHEALTHY: &str = "FROM action_health WHERE coalesce(disabled_at, failing_since) IS NOT NULL
     ORDER BY coalesce(disabled_at, failing_since) DESC LIMIT ?1";

fn unhealthy(conn: &Connection, limit: usize) -> SqlResult<Vec<UnhealthyAction>> {
    let mut statement = conn.prepare_cached(&format!("SELECT account_id, {COLUMNS} {UNHEALTHY}"))?;
    let mut rows = statement.query((columns::number(limit),))?;
    let mut unhealthy = Vec::new();
    while let Some(row) = rows.next()? {
        let found = columns::read(row, 1, ActionHealthRow::read)?;
        let (action, health) = found.open();
        unhealthy.push(UnhealthyAction {
            account: columns::id(row, 0, AccountId::from_bytes)?,
            automation: AutomationId::from_bytes(found.automation),
            action,
            health,
        });
    }
    Ok(unhealthy)
}

/// The health of an account's actions.
pub(crate) fn of_account(conn: &Connection, account: AccountId) -> SqlResult<Vec<(ActionId, ActionHealth)>> {
    let sql = format!("SELECT {COLUMNS} FROM action_health WHERE account_id = ?1 ORDER BY action_id");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query((account.as_bytes(),))?;
    let mut health = Vec::new();
    while let Some(row) = rows.next()? {
        health.push(columns::read(row, 0, ActionHealthRow::read)?.open());
    }
    Ok(health)
}

/// Does what applied results say about their actions: switches actions off, changes their health, and stores
/// the announcements.
pub(crate) fn follow<'a>(
    conn: &Connection,
    applied: impl Iterator<Item = (AccountId, ActionId, AttemptResult<'a>)>,
) -> SqlResult<()> {
    for of_action in by_action(applied) {
        follow_one(conn, &of_action)?;
    }
    Ok(())
}

fn follow_one(conn: &Connection, of_action: &OfAction<'_>) -> SqlResult<()> {
    let (account, action) = (of_action.account, of_action.action);
    let stored = by_action_id(conn, account, action)?;
    let before = stored.map(|row| row.open().1).unwrap_or_default();
    let mut disabled = None;
    for disabling in of_action.disabling(before) {
        if automations::disable(conn, account, &disabling.disable, disabling.at)? {
            disabled = Some(disabling);
            break;
        }
    }
    let (after, announced) = of_action.after(before, disabled.as_ref());
    if let Some(automation) = of_action.automation()
        && after != before
    {
        let row = ActionHealthRow {
            action: *action.as_bytes(),
            automation: *automation.as_bytes(),
            failing_since: None,
            is_announced: false,
            announced_at: None,
            disabled_at: None,
        };
        put(conn, account, &row.with(after))?;
    }
    append::store_waiting(conn, announced.into_iter())
}

fn by_action_id(
    conn: &Connection,
    account: AccountId,
    action: ActionId,
) -> SqlResult<Option<ActionHealthRow>> {
    let sql = format!("SELECT {COLUMNS} FROM action_health WHERE account_id = ?1 AND action_id = ?2");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query((account.as_bytes(), action.as_bytes()))?;
    rows.next()?
        .map(|row| columns::read(row, 0, ActionHealthRow::read))
        .transpose()
}

/// Writes nothing if the automation was deleted meanwhile.
fn put(conn: &Connection, account: AccountId, row: &ActionHealthRow) -> SqlResult<()> {
    conn.prepare_cached(&format!(
        "INSERT INTO action_health (account_id, {COLUMNS})
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM automations WHERE account_id = ?1 AND id = ?3)
         ON CONFLICT (account_id, action_id) DO UPDATE SET
             failing_since = excluded.failing_since, is_announced = excluded.is_announced,
             announced_at = excluded.announced_at, disabled_at = excluded.disabled_at"
    ))?
    .execute((
        account.as_bytes(),
        row.action,
        row.automation,
        row.failing_since,
        row.is_announced,
        row.announced_at,
        row.disabled_at,
    ))?;
    Ok(())
}

/// An automation is saved: begins the health of what changes anew. `actions` and `was_enabled` are those
/// before.
pub(crate) fn begin_anew(
    conn: &Connection,
    account: AccountId,
    (actions, was_enabled): (&str, bool),
    after: &Automation,
) -> SqlResult<()> {
    let anew = Anew::of(actions, was_enabled, after)?;
    for action in anew.removed {
        conn.prepare_cached("DELETE FROM action_health WHERE account_id = ?1 AND action_id = ?2")?
            .execute((account.as_bytes(), action.as_bytes()))?;
    }
    for action in anew.begun {
        if let Some(row) = by_action_id(conn, account, action)? {
            let health = row.open().1.begun_anew();
            put(conn, account, &row.with(health))?;
        }
    }
    Ok(())
}

/// Forgets the health of a deleted automation's actions.
pub(crate) fn forget(conn: &Connection, account: AccountId, automation: AutomationId) -> SqlResult<()> {
    conn.prepare_cached("DELETE FROM action_health WHERE account_id = ?1 AND automation_id = ?2")?
        .execute((account.as_bytes(), automation.as_bytes()))?;
    Ok(())
}
