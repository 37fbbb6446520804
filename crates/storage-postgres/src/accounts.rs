//! Accounts. Their signing keys are in [`crate::signing_keys`].
//!
//! Work that depends on an account locks its row first ([`lock`]), because another node may be deleting it.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use futures_util::future::{try_join3, try_join5};
use postrider_model::{Account, AccountId, AuditEntry, SYSTEM_ACCOUNT, SigningKey, Timestamp};
use postrider_storage::rows::{AccountRow, SigningKeyRow};
use postrider_storage::{
    AccountConfig, AccountRef, AccountStore, DeleteObject, NewEvent, Page, PageRequest, Position,
    SaveAccount, Sealer, StoreResult,
};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use crate::database::Client;
use crate::events::append;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;
use crate::{audit, automations, columns, connections, health, signing_keys, statement};

#[async_trait]
impl AccountStore for PostgresStore {
    async fn create_account(
        &self,
        account: Account,
        key: SigningKey,
        audit: AuditEntry,
    ) -> StoreResult<SaveAccount> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let saved = create(&transaction, &account, &key, &self.sealer).await?;
                if matches!(saved, SaveAccount::Saved(_)) {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(saved)
            })
            .await
    }

    async fn account(&self, account: &AccountRef) -> StoreResult<Option<Account>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                match account {
                    AccountRef::Id(id) => by_id(&client, *id).await,
                    AccountRef::Uid(uid) => by_uid(&client, uid).await,
                }
            })
            .await
    }

    async fn accounts(&self, page: PageRequest) -> StoreResult<Page<Account>> {
        self.database
            .run(async || list(&self.database.client().await?, page).await)
            .await
    }

    async fn update_account(&self, account: Account, audit: AuditEntry) -> StoreResult<SaveAccount> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let saved = update(&transaction, &account).await?;
                if matches!(saved, SaveAccount::Saved(_)) {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(saved)
            })
            .await
    }

    async fn delete_account(
        &self,
        account: AccountId,
        version: Option<i64>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let outcome = delete(&transaction, account, version).await?;
                if outcome.is_deleted() {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(outcome)
            })
            .await
    }

    async fn signing_keys(&self, account: AccountId) -> StoreResult<Option<Vec<SigningKey>>> {
        self.database
            .run(async || {
                signing_keys::of_account(&self.database.client().await?, account, &self.sealer).await
            })
            .await
    }

    async fn rotate_signing_key(
        &self,
        account: AccountId,
        key: SigningKey,
        overlap_until: Timestamp,
        announced: Vec<NewEvent>,
        audit: AuditEntry,
    ) -> StoreResult<bool> {
        self.database
            .run(async || {
                let outcome = rotate(self, account, (&key, overlap_until), &announced, &audit).await;
                self.day_tables.notice(outcome)
            })
            .await
    }

    async fn account_config(&self, account: AccountId) -> StoreResult<Option<AccountConfig>> {
        self.database
            .run(async || config(&self.database.client().await?, account, &self.sealer).await)
            .await
    }
}

const COLUMNS: &str = AccountRow::COLUMNS;

fn from_row(row: &Row) -> SqlResult<Account> {
    Ok(columns::read(row, 0, AccountRow::read)?.try_into()?)
}

/// Locks the account until the transaction ends, so that others can neither delete nor lock it. False if
/// there is no such account.
pub(crate) async fn lock(transaction: &impl GenericClient, id: AccountId) -> SqlResult<bool> {
    let sql = "SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE";
    let found = statement::query_opt(transaction, sql, &[&columns::uuid(id.as_bytes())]).await?;
    Ok(found.is_some())
}

/// See [`AccountStore::rotate_signing_key`].
async fn rotate(
    store: &PostgresStore,
    account: AccountId,
    (key, overlap_until): (&SigningKey, Timestamp),
    announced: &[NewEvent],
    audit: &AuditEntry,
) -> SqlResult<bool> {
    let mut client = store.database.client().await?;
    let transaction = client.transaction().await?;
    if !lock(&transaction, account).await? {
        return Ok(false);
    }
    signing_keys::rotate(&transaction, account, key, overlap_until, &store.sealer).await?;
    append::store_waiting(&transaction, store, announced.iter().collect()).await?;
    audit::commit(transaction, audit).await?;
    Ok(true)
}

fn by_id_sql() -> String {
    format!("SELECT {COLUMNS} FROM accounts WHERE id = $1")
}

async fn by_id(client: &Client, id: AccountId) -> SqlResult<Option<Account>> {
    let row = statement::query_opt(client, &by_id_sql(), &[&columns::uuid(id.as_bytes())]).await?;
    row.as_ref().map(from_row).transpose()
}

async fn by_uid(client: &Client, uid: &str) -> SqlResult<Option<Account>> {
    // PostgreSQL rejects such a text, even in a query.
    if uid.contains('\0') {
        return Ok(None);
    }
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE uid = $1");
    let row = statement::query_opt(client, &sql, &[&uid]).await?;
    row.as_ref().map(from_row).transpose()
}

async fn list(client: &Client, page: PageRequest) -> SqlResult<Page<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE id < $1 AND id <> $3 ORDER BY id DESC LIMIT $2");
    let system = columns::uuid(SYSTEM_ACCOUNT.as_bytes());
    let (below, limit) = (
        columns::ids_below(page.after),
        columns::limit_with_surplus(page.limit),
    );
    let rows = statement::query(client, &sql, &[&below, &limit, &system]).await?;
    let mut accounts = Vec::with_capacity(rows.len());
    for row in &rows {
        let account = from_row(row)?;
        accounts.push((Position(account.id.as_u128()), account));
    }
    Ok(Page::from_surplus(accounts, page.limit))
}

/// Adds the account and its key in one statement; the key only if the account was added.
fn create_sql() -> String {
    let keys = SigningKeyRow::COLUMNS;
    format!(
        "WITH new_account AS (
             INSERT INTO accounts ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (uid) DO NOTHING RETURNING id
         )
         INSERT INTO signing_keys (account_id, {keys})
         SELECT id, $9::uuid, $10::bytea, $11::bigint, $12::bigint FROM new_account"
    )
}

async fn create(
    client: &impl GenericClient,
    account: &Account,
    key: &SigningKey,
    sealer: &Sealer,
) -> SqlResult<SaveAccount> {
    let key = SigningKeyRow::of(key, account.id, sealer);
    let created = statement::execute(
        client,
        &create_sql(),
        &[
            &columns::uuid(account.id.as_bytes()),
            &account.uid,
            &account.name,
            &account.metadata,
            &columns::schedule_text(account.retry_delays.as_ref()),
            &account.created_at.unix_ms(),
            &account.updated_at.unix_ms(),
            &account.version,
            &columns::uuid(&key.id),
            &key.secret,
            &key.created_at,
            &key.expires_at,
        ],
    )
    .await?;
    Ok(if created == 0 {
        SaveAccount::UidTaken
    } else {
        SaveAccount::Saved(account.clone())
    })
}

/// A stale version writes nothing, so it cannot conflict with another account's uid either.
const UPDATE: &str = "
    WITH saved AS (
        UPDATE accounts SET uid = $2, name = $3, metadata = $4, retry_delays = $5, updated_at = $6,
                            version = version + 1
        WHERE id = $1 AND version = $7 RETURNING created_at
    )
    SELECT (SELECT created_at FROM saved) FROM accounts WHERE id = $1";

async fn update(client: &impl GenericClient, account: &Account) -> SqlResult<SaveAccount> {
    let answer = statement::query_opt(
        client,
        UPDATE,
        &[
            &columns::uuid(account.id.as_bytes()),
            &account.uid,
            &account.name,
            &account.metadata,
            &columns::schedule_text(account.retry_delays.as_ref()),
            &account.updated_at.unix_ms(),
            &account.version,
        ],
    )
    .await;
    let row = match answer {
        Ok(row) => row,
        Err(error) if error.state() == Some(&SqlState::UNIQUE_VIOLATION) => return Ok(SaveAccount::UidTaken),
        Err(error) => return Err(error),
    };
    let Some(row) = row else {
        return Ok(SaveAccount::Missing);
    };
    let Some(created_at) = columns::time_opt(&row, 0)? else {
        return Ok(SaveAccount::Stale);
    };
    Ok(SaveAccount::Saved(Account {
        created_at,
        version: account.version + 1,
        ..account.clone()
    }))
}

/// Notes that deliveries of the account that were created before this time may have been canceled while a
/// session owned them. Other nodes follow this change of the account.
pub(crate) async fn note_canceled(
    client: &impl GenericClient,
    account: AccountId,
    before: Timestamp,
) -> SqlResult<()> {
    // `greatest` ignores NULL.
    let sql = "UPDATE accounts SET canceled_before = greatest(canceled_before, $2) WHERE id = $1";
    let (id, before) = (columns::uuid(account.as_bytes()), before.unix_ms());
    statement::execute(client, sql, &[&id, &before]).await?;
    Ok(())
}

/// Deleting the row also deletes keys, automations, connections and grants (`ON DELETE CASCADE`); `prune`
/// removes everything else.
const DELETE: &str = "
    WITH gone AS (DELETE FROM accounts WHERE id = $1 RETURNING id)
    INSERT INTO deleted_accounts (account_id) SELECT id FROM gone
    ON CONFLICT (account_id) DO UPDATE SET at = excluded.at";

async fn delete(
    transaction: &impl GenericClient,
    account: AccountId,
    version: Option<i64>,
) -> SqlResult<DeleteObject> {
    let id = columns::uuid(account.as_bytes());
    // Locked, so that the version that is compared is the one that is deleted.
    let sql = "SELECT version FROM accounts WHERE id = $1 FOR UPDATE";
    let row = statement::query_opt(transaction, sql, &[&id]).await?;
    let stored: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
    let outcome = DeleteObject::of(stored, version);
    if outcome.is_deleted() {
        statement::execute(transaction, DELETE, &[&id]).await?;
    }
    Ok(outcome)
}

/// One snapshot in one round trip: each statement is sent when its future is first polled, so all are sent
/// together, in this order.
async fn config(client: &Client, account: AccountId, sealer: &Sealer) -> SqlResult<Option<AccountConfig>> {
    let account_sql = format!("SELECT canceled_before, {COLUMNS} FROM accounts WHERE id = $1");
    let account_sql = client.prepare_cached(&account_sql).await?;
    let keys_sql = client.prepare_cached(&signing_keys::of_account_sql()).await?;
    let automations_sql = client.prepare_cached(&automations::of_account_sql()).await?;
    let connections_sql = client.prepare_cached(&connections::of_account_sql()).await?;
    let health_sql = client.prepare_cached(&health::of_account_sql()).await?;
    let (owner, id) = (account, columns::uuid(account.as_bytes()));
    let params: &statement::Params<'_> = &[&id];
    let (_, account, keys, automations, (health, connections, _)) = try_join5(
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        client.query_opt(&account_sql, params),
        client.query(&keys_sql, params),
        client.query(&automations_sql, params),
        try_join3(
            client.query(&health_sql, params),
            client.query(&connections_sql, params),
            client.batch_execute("COMMIT"),
        ),
    )
    .await?;
    let Some(account) = account else {
        return Ok(None);
    };
    let keys = keys.iter().map(|row| signing_keys::from_row(row, owner, sealer));
    let automations = automations
        .iter()
        .map(|row| automations::from_row(row, owner, sealer));
    let connections = connections
        .iter()
        .map(|row| connections::from_row(row, owner, sealer));
    Ok(Some(AccountConfig {
        canceled_before: columns::time_opt(&account, 0)?,
        account: columns::read(&account, 1, AccountRow::read)?.try_into()?,
        keys: keys.collect::<SqlResult<_>>()?,
        automations: automations.collect::<SqlResult<_>>()?,
        health: health.iter().map(health::from_row).collect::<SqlResult<_>>()?,
        connections: connections.collect::<SqlResult<_>>()?,
    }))
}
