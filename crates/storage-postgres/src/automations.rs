//! Automations. Their actions are part of the row, as JSON: they are always read, written and counted
//! together, an account has at most 200 automations, and every lookup of an action knows its account.

mod delete;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, AuditEntry, Automation, AutomationId, Timestamp};
use postrider_storage::rows::AutomationRow;
use postrider_storage::rules::fan_out::{FanOut, TooManyDeliveries};
use postrider_storage::{
    AutomationStore, DeleteObject, DisableAction, NewEvent, Page, PageRequest, Position, SaveAutomation,
    Sealer, StoreResult, encoding, log_audit, rules,
};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::database::Client;
use crate::events::append;
use crate::sql_error::{SqlError, SqlResult};
use crate::store::PostgresStore;
use crate::{accounts, audit, columns, connections, health, statement};

#[async_trait]
impl AutomationStore for PostgresStore {
    async fn create_automation(
        &self,
        account: AccountId,
        automation: Automation,
        audit: AuditEntry,
    ) -> StoreResult<SaveAutomation> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                create(&mut client, account, &automation, &self.sealer, &audit).await
            })
            .await
    }

    async fn automation(&self, account: AccountId, id: AutomationId) -> StoreResult<Option<Automation>> {
        self.database
            .run(async || by_id(&self.database.client().await?, account, id, &self.sealer).await)
            .await
    }

    async fn automation_of_uid(&self, account: AccountId, uid: &str) -> StoreResult<Option<Automation>> {
        self.database
            .run(async || by_uid(&self.database.client().await?, account, uid, &self.sealer).await)
            .await
    }

    async fn automations(&self, account: AccountId, page: PageRequest) -> StoreResult<Page<Automation>> {
        self.database
            .run(async || list(&self.database.client().await?, account, page, &self.sealer).await)
            .await
    }

    async fn update_automation(
        &self,
        account: AccountId,
        automation: Automation,
        announced: Vec<NewEvent>,
        audit: AuditEntry,
    ) -> StoreResult<SaveAutomation> {
        self.database
            .run(async || {
                let outcome = update(self, account, &automation, &announced, &audit).await;
                self.day_tables.notice(outcome)
            })
            .await
    }

    async fn delete_automation(
        &self,
        account: AccountId,
        id: AutomationId,
        version: Option<i64>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let outcome = delete::delete(&transaction, account, id, version).await?;
                if outcome.is_deleted() {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(outcome)
            })
            .await
    }
}

const COLUMNS: &str = AutomationRow::COLUMNS;

/// Reads a row of [`of_account_sql`].
pub(crate) fn from_row(row: &Row, account: AccountId, sealer: &Sealer) -> SqlResult<Automation> {
    Ok(columns::read(row, 0, AutomationRow::read)?.open(account, sealer)?)
}

/// All automations of an account, oldest first.
pub(crate) fn of_account_sql() -> String {
    format!("SELECT {COLUMNS} FROM automations WHERE account_id = $1 ORDER BY id")
}

async fn by_id(
    client: &Client,
    account: AccountId,
    id: AutomationId,
    sealer: &Sealer,
) -> SqlResult<Option<Automation>> {
    let sql = format!("SELECT {COLUMNS} FROM automations WHERE account_id = $1 AND id = $2");
    let (account_id, id) = (columns::uuid(account.as_bytes()), columns::uuid(id.as_bytes()));
    let row = statement::query_opt(client, &sql, &[&account_id, &id]).await?;
    row.map(|row| from_row(&row, account, sealer)).transpose()
}

async fn by_uid(
    client: &Client,
    account: AccountId,
    uid: &str,
    sealer: &Sealer,
) -> SqlResult<Option<Automation>> {
    // PostgreSQL rejects such a text, even in a query.
    if uid.contains('\0') {
        return Ok(None);
    }
    let sql = format!("SELECT {COLUMNS} FROM automations WHERE account_id = $1 AND uid = $2");
    let row = statement::query_opt(client, &sql, &[&columns::uuid(account.as_bytes()), &uid]).await?;
    row.map(|row| from_row(&row, account, sealer)).transpose()
}

/// Whether another automation of the account, which the caller has locked, has the uid.
async fn uid_is_taken(
    client: &impl GenericClient,
    account: AccountId,
    automation: &Automation,
) -> SqlResult<bool> {
    let Some(uid) = &automation.uid else {
        return Ok(false);
    };
    let sql = "SELECT 1 FROM automations WHERE account_id = $1 AND uid = $2";
    let found = statement::query_opt(client, sql, &[&columns::uuid(account.as_bytes()), uid]).await?;
    Ok(found.is_some())
}

/// Whether an automation could not be written because another one, which is being written at the same time,
/// has its uid.
fn is_uid_conflict(error: &SqlError) -> bool {
    error.state() == Some(&SqlState::UNIQUE_VIOLATION)
}

async fn list(
    client: &Client,
    account: AccountId,
    page: PageRequest,
    sealer: &Sealer,
) -> SqlResult<Page<Automation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM automations WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    let account_id = columns::uuid(account.as_bytes());
    let (below, limit) = (
        columns::ids_below(page.after),
        columns::limit_with_surplus(page.limit),
    );
    let rows = statement::query(client, &sql, &[&account_id, &below, &limit]).await?;
    let mut automations = Vec::with_capacity(rows.len());
    for row in &rows {
        let automation = from_row(row, account, sealer)?;
        automations.push((Position(automation.id.as_u128()), automation));
    }
    Ok(Page::from_surplus(automations, page.limit))
}

/// The lock on the account makes concurrent callers count and add one after the other.
async fn create(
    client: &mut Client,
    account: AccountId,
    automation: &Automation,
    sealer: &Sealer,
    audit: &AuditEntry,
) -> SqlResult<SaveAutomation> {
    let transaction = client.transaction().await?;
    if !accounts::lock(&transaction, account).await? {
        return Ok(SaveAutomation::Missing);
    }
    if uid_is_taken(&transaction, account, automation).await? {
        return Ok(SaveAutomation::UidTaken);
    }
    let owner = account;
    let account = columns::uuid(account.as_bytes());
    let count = "SELECT count(*) FROM automations WHERE account_id = $1";
    let count: i64 = statement::query_one(&transaction, count, &[&account])
        .await?
        .try_get(0)?;
    if !rules::automations::has_room(count) {
        return Ok(SaveAutomation::TooMany);
    }
    if let Some(exceeding) = exceeding(&transaction, owner, automation).await? {
        return Ok(SaveAutomation::TooManyDeliveries(exceeding));
    }
    if let Some(unknown) = connections::unknown(&transaction, owner, &automation.actions).await? {
        return Ok(SaveAutomation::UnknownConnection(unknown));
    }
    let row = AutomationRow::of(automation, owner, sealer);
    let added = statement::execute(
        &transaction,
        &format!(
            "INSERT INTO automations (account_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        ),
        &[
            &account,
            &columns::uuid(&row.id),
            &row.uid,
            &row.name,
            &row.description,
            &row.metadata,
            &row.enabled,
            &row.trigger,
            &row.actions,
            &row.secrets,
            &row.retry_delays,
            &row.created_at,
            &row.updated_at,
            &row.version,
        ],
    )
    .await;
    match added {
        Err(error) if is_uid_conflict(&error) => return Ok(SaveAutomation::UidTaken),
        added => added?,
    };
    audit::commit(transaction, audit).await?;
    Ok(SaveAutomation::Saved(automation.clone()))
}

const UPDATE: &str = "
    WITH saved AS (
        UPDATE automations SET uid = $3, name = $4, description = $5, metadata = $6, enabled = $7, trigger = $8,
                               actions = $9, secrets = $10, retry_delays = $11, updated_at = $12,
                               version = version + 1
        WHERE account_id = $1 AND id = $2 AND version = $13 RETURNING created_at
    )
    SELECT (SELECT created_at FROM saved) FROM automations WHERE account_id = $1 AND id = $2";

/// The lock on the account makes concurrent callers count the deliveries of an event one after the other, and
/// keeps connections from being deleted meanwhile. An automation that adds no deliveries and names no
/// connection needs no lock. A transaction that is dropped writes nothing.
async fn update(
    store: &PostgresStore,
    account: AccountId,
    automation: &Automation,
    announced: &[NewEvent],
    audit: &AuditEntry,
) -> SqlResult<SaveAutomation> {
    let mut client = store.database.client().await?;
    let transaction = client.transaction().await?;
    let needs_lock =
        FanOut::of(automation).is_some() || !rules::connections::named_by(&automation.actions).is_empty();
    if needs_lock && !accounts::lock(&transaction, account).await? {
        return Ok(SaveAutomation::Missing);
    }
    let sql = "SELECT actions, enabled FROM automations WHERE account_id = $1 AND id = $2 FOR NO KEY UPDATE";
    let key: &statement::Params<'_> = &[
        &columns::uuid(account.as_bytes()),
        &columns::uuid(automation.id.as_bytes()),
    ];
    let Some(before) = statement::query_opt(&transaction, sql, key).await? else {
        return Ok(SaveAutomation::Missing);
    };
    let saved = write(&transaction, account, automation, &store.sealer).await?;
    if matches!(saved, SaveAutomation::Saved(_)) {
        let before = (before.try_get(0)?, before.try_get(1)?);
        health::begin_anew(&transaction, account, before, automation).await?;
        if let Some(exceeding) = exceeding(&transaction, account, automation).await? {
            return Ok(SaveAutomation::TooManyDeliveries(exceeding));
        }
        if let Some(unknown) = connections::unknown(&transaction, account, &automation.actions).await? {
            return Ok(SaveAutomation::UnknownConnection(unknown));
        }
        append::store_waiting(&transaction, store, announced.iter().collect()).await?;
        audit::commit(transaction, audit).await?;
    }
    Ok(saved)
}

/// Whether one event could have too many deliveries once this automation is saved. The caller has locked the
/// account.
async fn exceeding(
    client: &impl GenericClient,
    account: AccountId,
    saved: &Automation,
) -> SqlResult<Option<TooManyDeliveries>> {
    let Some(own) = FanOut::of(saved) else {
        return Ok(None);
    };
    let sql = "SELECT trigger, actions FROM automations WHERE account_id = $1 AND id <> $2 AND enabled";
    let (account, id) = (
        columns::uuid(account.as_bytes()),
        columns::uuid(saved.id.as_bytes()),
    );
    let mut others = Vec::new();
    for row in &statement::query(client, sql, &[&account, &id]).await? {
        let (trigger, actions): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        others.push(FanOut {
            event_types: encoding::automation::event_types(trigger)?,
            actions: encoding::automation::enabled_actions(actions)?,
        });
    }
    Ok(rules::fan_out::exceeding(&own, &others))
}

async fn write(
    client: &impl GenericClient,
    account: AccountId,
    automation: &Automation,
    sealer: &Sealer,
) -> SqlResult<SaveAutomation> {
    let row = AutomationRow::of(automation, account, sealer);
    let saved = statement::query_opt(
        client,
        UPDATE,
        &[
            &columns::uuid(account.as_bytes()),
            &columns::uuid(&row.id),
            &row.uid,
            &row.name,
            &row.description,
            &row.metadata,
            &row.enabled,
            &row.trigger,
            &row.actions,
            &row.secrets,
            &row.retry_delays,
            &row.updated_at,
            &row.version,
        ],
    )
    .await;
    let saved = match saved {
        Err(error) if is_uid_conflict(&error) => return Ok(SaveAutomation::UidTaken),
        saved => saved?,
    };
    let Some(saved) = saved else {
        return Ok(SaveAutomation::Missing);
    };
    let Some(created_at) = columns::time_opt(&saved, 0)? else {
        return Ok(SaveAutomation::Stale);
    };
    Ok(SaveAutomation::Saved(Automation {
        created_at,
        version: automation.version + 1,
        ..automation.clone()
    }))
}

/// Switches an action off in this transaction, unless it is off already, has another target by now, or was
/// deleted; and notes it in the audit trail. Returns whether it did. Opens no secret, so that none can keep
/// the results of a whole step from being written.
pub(crate) async fn disable(
    client: &impl GenericClient,
    account: AccountId,
    disable: &DisableAction,
    now: Timestamp,
) -> SqlResult<bool> {
    // Searching the text first keeps the number of locked rows small; an id can also occur in a URL.
    let sql = "SELECT id, actions, name FROM automations WHERE account_id = $1 AND strpos(actions, $2) > 0
               ORDER BY id FOR NO KEY UPDATE";
    let update = "UPDATE automations SET actions = $3, updated_at = $4, version = version + 1
                  WHERE account_id = $1 AND id = $2";
    let (account_id, action) = (columns::uuid(account.as_bytes()), disable.action.to_string());
    for row in &statement::query(client, sql, &[&account_id, &action]).await? {
        let (id, actions): (Uuid, &str) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(changed) = rules::automations::with_action_disabled(actions, disable)? {
            statement::execute(client, update, &[&account_id, &id, &changed, &now.unix_ms()]).await?;
            let automation = (AutomationId::from_bytes(id.into_bytes()), row.try_get(2)?);
            let entry = rules::audit::action_disabled(account, automation, disable, now);
            audit::insert(client, &entry).await?;
            // The step commits next. If that fails, the step is repeated, and so is the line.
            log_audit(&entry);
            return Ok(true);
        }
    }
    Ok(false)
}
