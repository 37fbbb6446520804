//! Automations. Their actions are part of the row, as JSON: they are always read, written and counted
//! together, an account has at most 200 automations, and every lookup of an action knows its account.

use async_trait::async_trait;
use postrider_model::{AccountId, AuditEntry, Automation, AutomationId, Timestamp};
use postrider_storage::rows::AutomationRow;
use postrider_storage::rules::fan_out::{FanOut, TooManyDeliveries};
use postrider_storage::{
    AutomationStore, DeleteObject, DisableAction, NewEvent, Page, PageRequest, Position, SaveAutomation,
    Sealer, StoreResult, encoding, rules,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::events::append;
use crate::queue::Part;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::writer::WriteCx;
use crate::{accounts, audit, columns, connections, health};

#[async_trait]
impl AutomationStore for SqliteStore {
    async fn create_automation(
        &self,
        account: AccountId,
        automation: Automation,
        audit: AuditEntry,
    ) -> StoreResult<SaveAutomation> {
        let sealer = self.sealer.clone();
        self.write(move |cx| {
            let saved = create(cx.conn, account, &automation, &sealer)?;
            audit::insert_if(matches!(saved, SaveAutomation::Saved(_)), cx.conn, &audit)?;
            Ok(saved)
        })
        .await
    }

    async fn automation(&self, account: AccountId, id: AutomationId) -> StoreResult<Option<Automation>> {
        let sealer = self.sealer.clone();
        self.read(move |conn| by_id(conn, account, id, &sealer)).await
    }

    async fn automation_of_uid(&self, account: AccountId, uid: &str) -> StoreResult<Option<Automation>> {
        let (sealer, uid) = (self.sealer.clone(), uid.to_owned());
        self.read(move |conn| by_uid(conn, account, &uid, &sealer)).await
    }

    async fn automations(&self, account: AccountId, page: PageRequest) -> StoreResult<Page<Automation>> {
        let sealer = self.sealer.clone();
        self.read(move |conn| list(conn, account, page, &sealer)).await
    }

    async fn update_automation(
        &self,
        account: AccountId,
        automation: Automation,
        announced: Vec<NewEvent>,
        audit: AuditEntry,
    ) -> StoreResult<SaveAutomation> {
        let sealer = self.sealer.clone();
        let bytes = append::weight_of_all(&announced);
        let part = Part::new(bytes, move |cx: &mut WriteCx<'_>| {
            let saved = update(cx.conn, account, &automation, &sealer)?;
            if matches!(saved, SaveAutomation::Saved(_)) {
                append::store_waiting(cx.conn, announced.iter())?;
                audit::insert(cx.conn, &audit)?;
            }
            Ok(saved)
        });
        self.write_part(part).await
    }

    async fn delete_automation(
        &self,
        account: AccountId,
        id: AutomationId,
        version: Option<i64>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject> {
        self.write(move |cx| {
            let outcome = delete(cx.conn, account, id, version)?;
            audit::insert_if(outcome.is_deleted(), cx.conn, &audit)?;
            Ok(outcome)
        })
        .await
    }
}

/// Opens no secret, so that an automation whose secrets do not open can be deleted.
fn delete(
    conn: &Connection,
    account: AccountId,
    id: AutomationId,
    version: Option<i64>,
) -> SqlResult<DeleteObject> {
    let of_row = "FROM automations WHERE account_id = ?1 AND id = ?2";
    let row = (account.as_bytes(), id.as_bytes());
    let stored: Option<i64> = conn
        .prepare_cached(&format!("SELECT version {of_row}"))?
        .query_row(row, |row| row.get(0))
        .optional()?;
    let outcome = DeleteObject::of(stored, version);
    if outcome.is_deleted() {
        conn.prepare_cached(&format!("DELETE {of_row}"))?.execute(row)?;
        health::forget(conn, account, id)?;
    }
    Ok(outcome)
}

const COLUMNS: &str = AutomationRow::COLUMNS;

fn from_row(row: &Row<'_>, account: AccountId, sealer: &Sealer) -> SqlResult<Automation> {
    Ok(columns::read(row, 0, AutomationRow::read)?.open(account, sealer)?)
}

/// All automations of an account, oldest first.
pub(crate) fn of_account(
    conn: &Connection,
    account: AccountId,
    sealer: &Sealer,
) -> SqlResult<Vec<Automation>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM automations WHERE account_id = ?1 ORDER BY id"
    ))?;
    let mut rows = statement.query((account.as_bytes(),))?;
    let mut automations = Vec::new();
    while let Some(row) = rows.next()? {
        automations.push(from_row(row, account, sealer)?);
    }
    Ok(automations)
}

fn by_id(
    conn: &Connection,
    account: AccountId,
    id: AutomationId,
    sealer: &Sealer,
) -> SqlResult<Option<Automation>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM automations WHERE account_id = ?1 AND id = ?2"
    ))?;
    let mut rows = statement.query((account.as_bytes(), id.as_bytes()))?;
    rows.next()?.map(|row| from_row(row, account, sealer)).transpose()
}

pub(crate) const BY_UID: &str = "FROM automations WHERE account_id = ?1 AND uid = ?2";

fn by_uid(
    conn: &Connection,
    account: AccountId,
    uid: &str,
    sealer: &Sealer,
) -> SqlResult<Option<Automation>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {BY_UID}"))?;
    let mut rows = statement.query((account.as_bytes(), uid))?;
    rows.next()?.map(|row| from_row(row, account, sealer)).transpose()
}

fn uid_is_taken(conn: &Connection, account: AccountId, automation: &Automation) -> SqlResult<bool> {
    let Some(uid) = &automation.uid else {
        return Ok(false);
    };
    let mut statement = conn.prepare_cached(&format!("SELECT 1 {BY_UID} AND id <> ?3"))?;
    Ok(statement.exists((account.as_bytes(), uid, automation.id.as_bytes()))?)
}

pub(crate) const LIST: &str = "FROM automations WHERE account_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";

fn list(
    conn: &Connection,
    account: AccountId,
    page: PageRequest,
    sealer: &Sealer,
) -> SqlResult<Page<Automation>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST}"))?;
    let mut rows = statement.query((
        account.as_bytes(),
        columns::ids_below(page.after),
        columns::limit_with_surplus(page.limit),
    ))?;
    let mut automations = Vec::new();
    while let Some(row) = rows.next()? {
        let automation = from_row(row, account, sealer)?;
        automations.push((Position(automation.id.as_u128()), automation));
    }
    Ok(Page::from_surplus(automations, page.limit))
}

fn create(
    conn: &Connection,
    account: AccountId,
    automation: &Automation,
    sealer: &Sealer,
) -> SqlResult<SaveAutomation> {
    if !accounts::exists(conn, account)? {
        return Ok(SaveAutomation::Missing);
    }
    if uid_is_taken(conn, account, automation)? {
        return Ok(SaveAutomation::UidTaken);
    }
    let count: i64 = conn
        .prepare_cached("SELECT count(*) FROM automations WHERE account_id = ?1")?
        .query_row((account.as_bytes(),), |row| row.get(0))?;
    if !rules::automations::has_room(count) {
        return Ok(SaveAutomation::TooMany);
    }
    if let Some(exceeding) = exceeding(conn, account, automation)? {
        return Ok(SaveAutomation::TooManyDeliveries(exceeding));
    }
    if let Some(unknown) = connections::unknown(conn, account, &automation.actions)? {
        return Ok(SaveAutomation::UnknownConnection(unknown));
    }
    let row = AutomationRow::of(automation, account, sealer);
    conn.prepare_cached(&format!(
        "INSERT INTO automations (account_id, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
    ))?
    .execute((
        account.as_bytes(),
        row.id,
        row.uid,
        row.name,
        row.description,
        row.metadata,
        row.enabled,
        row.trigger,
        row.actions,
        row.secrets,
        row.retry_delays,
        row.created_at,
        row.updated_at,
        row.version,
    ))?;
    Ok(SaveAutomation::Saved(automation.clone()))
}

fn update(
    conn: &Connection,
    account: AccountId,
    automation: &Automation,
    sealer: &Sealer,
) -> SqlResult<SaveAutomation> {
    let stored: Option<(i64, i64, bool, String)> = conn
        .prepare_cached(
            "SELECT version, created_at, enabled, actions FROM automations WHERE account_id = ?1 AND id = ?2",
        )?
        .query_row((account.as_bytes(), automation.id.as_bytes()), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((version, created_at, was_enabled, actions)) = stored else {
        return Ok(SaveAutomation::Missing);
    };
    if version != automation.version {
        return Ok(SaveAutomation::Stale);
    }
    if uid_is_taken(conn, account, automation)? {
        return Ok(SaveAutomation::UidTaken);
    }
    if let Some(exceeding) = exceeding(conn, account, automation)? {
        return Ok(SaveAutomation::TooManyDeliveries(exceeding));
    }
    if let Some(unknown) = connections::unknown(conn, account, &automation.actions)? {
        return Ok(SaveAutomation::UnknownConnection(unknown));
    }
    let saved = Automation {
        created_at: Timestamp::from_unix_ms(created_at),
        version: version + 1,
        ..automation.clone()
    };
    replace(conn, account, AutomationRow::of(&saved, account, sealer))?;
    health::begin_anew(conn, account, (&actions, was_enabled), automation)?;
    Ok(SaveAutomation::Saved(saved))
}

/// Whether one event could have too many deliveries once this automation is saved.
fn exceeding(
    conn: &Connection,
    account: AccountId,
    saved: &Automation,
) -> SqlResult<Option<TooManyDeliveries>> {
    let Some(own) = FanOut::of(saved) else {
        return Ok(None);
    };
    let mut statement = conn.prepare_cached(
        "SELECT trigger, actions FROM automations WHERE account_id = ?1 AND id <> ?2 AND enabled",
    )?;
    let mut rows = statement.query((account.as_bytes(), saved.id.as_bytes()))?;
    let mut others = Vec::new();
    while let Some(row) = rows.next()? {
        let (trigger, actions): (String, String) = (row.get(0)?, row.get(1)?);
        others.push(FanOut {
            event_types: encoding::automation::event_types(&trigger)?,
            actions: encoding::automation::enabled_actions(&actions)?,
        });
    }
    Ok(rules::fan_out::exceeding(&own, &others))
}

/// Replaces everything but the id and `created_at` of an existing automation.
fn replace(conn: &Connection, account: AccountId, row: AutomationRow) -> SqlResult<()> {
    conn.prepare_cached(
        "UPDATE automations SET uid = ?3, name = ?4, description = ?5, metadata = ?6, enabled = ?7, trigger = ?8,
                                actions = ?9, secrets = ?10, retry_delays = ?11, updated_at = ?12, version = ?13
         WHERE account_id = ?1 AND id = ?2",
    )?
    .execute((
        account.as_bytes(),
        row.id,
        row.uid,
        row.name,
        row.description,
        row.metadata,
        row.enabled,
        row.trigger,
        row.actions,
        row.secrets,
        row.retry_delays,
        row.updated_at,
        row.version,
    ))?;
    Ok(())
}

/// Searching the text first parses hardly any other automation; an id can also occur in a URL.
pub(crate) const WITH_TEXT: &str =
    "FROM automations WHERE account_id = ?1 AND instr(actions, ?2) > 0 ORDER BY id";

/// Switches an action off, unless it is off already, has another target by now, or was deleted; and notes it
/// in the audit trail. Returns whether it did. Opens no secret, so that none can keep the results of a whole
/// step from being written.
pub(crate) fn disable(
    conn: &Connection,
    account: AccountId,
    disable: &DisableAction,
    now: Timestamp,
) -> SqlResult<bool> {
    let mut statement = conn.prepare_cached(&format!("SELECT id, actions, name {WITH_TEXT}"))?;
    let mut rows = statement.query((account.as_bytes(), disable.action.to_string()))?;
    while let Some(row) = rows.next()? {
        let (id, actions, name): ([u8; 16], String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if let Some(changed) = rules::automations::with_action_disabled(&actions, disable)? {
            conn.prepare_cached(
                "UPDATE automations SET actions = ?3, updated_at = ?4, version = version + 1
                 WHERE account_id = ?1 AND id = ?2",
            )?
            .execute((account.as_bytes(), id, changed, now.unix_ms()))?;
            let automation = (AutomationId::from_bytes(id), name.as_str());
            audit::insert(
                conn,
                &rules::audit::action_disabled(account, automation, disable, now),
            )?;
            return Ok(true);
        }
    }
    Ok(false)
}
