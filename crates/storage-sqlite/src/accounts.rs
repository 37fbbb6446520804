//! Accounts. Their signing keys are in [`crate::signing_keys`].

use async_trait::async_trait;
use postrider_model::{Account, AccountId, AuditEntry, SigningKey, Timestamp};
use postrider_storage::rows::AccountRow;
use postrider_storage::{
    AccountConfig, AccountRef, AccountStore, DeleteObject, NewEvent, Page, PageRequest, Position,
    SaveAccount, StoreResult,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::columns;
use crate::events::append;
use crate::queue::Part;
use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::writer::WriteCx;
use crate::{audit, automations, connections, health, signing_keys};

#[async_trait]
impl AccountStore for SqliteStore {
    async fn create_account(
        &self,
        account: Account,
        key: SigningKey,
        audit: AuditEntry,
    ) -> StoreResult<SaveAccount> {
        let sealer = self.sealer.clone();
        self.write(move |cx| {
            if uid_is_taken(cx.conn, &account)? {
                return Ok(SaveAccount::UidTaken);
            }
            insert(cx.conn, &account)?;
            signing_keys::insert(cx.conn, account.id, &key, &sealer)?;
            audit::insert(cx.conn, &audit)?;
            Ok(SaveAccount::Saved(account.clone()))
        })
        .await
    }

    async fn account(&self, account: &AccountRef) -> StoreResult<Option<Account>> {
        let account = account.clone();
        self.read(move |conn| match account {
            AccountRef::Id(id) => by_id(conn, id),
            AccountRef::Uid(uid) => by_uid(conn, &uid),
        })
        .await
    }

    async fn accounts(&self, page: PageRequest) -> StoreResult<Page<Account>> {
        self.read(move |conn| list(conn, page)).await
    }

    async fn update_account(&self, account: Account, audit: AuditEntry) -> StoreResult<SaveAccount> {
        self.write(move |cx| {
            let saved = update(cx.conn, &account)?;
            audit::insert_if(matches!(saved, SaveAccount::Saved(_)), cx.conn, &audit)?;
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
        self.write(move |cx| {
            let outcome = delete(cx.conn, account, version)?;
            audit::insert_if(outcome.is_deleted(), cx.conn, &audit)?;
            Ok(outcome)
        })
        .await
    }

    async fn signing_keys(&self, account: AccountId) -> StoreResult<Option<Vec<SigningKey>>> {
        let sealer = self.sealer.clone();
        self.read(move |conn| {
            exists(conn, account)?
                .then(|| signing_keys::of_account(conn, account, &sealer))
                .transpose()
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
        let sealer = self.sealer.clone();
        let bytes = append::weight_of_all(&announced);
        let part = Part::new(bytes, move |cx: &mut WriteCx<'_>| {
            let found = exists(cx.conn, account)?;
            if found {
                signing_keys::rotate(cx.conn, account, &key, overlap_until, &sealer)?;
                append::store_waiting(cx.conn, announced.iter())?;
                audit::insert(cx.conn, &audit)?;
            }
            Ok(found)
        });
        self.write_part(part).await
    }

    async fn account_config(&self, account: AccountId) -> StoreResult<Option<AccountConfig>> {
        let sealer = self.sealer.clone();
        self.read(move |conn| {
            let Some(found) = by_id(conn, account)? else {
                return Ok(None);
            };
            Ok(Some(AccountConfig {
                canceled_before: canceled_before(conn, account)?,
                account: found,
                keys: signing_keys::of_account(conn, account, &sealer)?,
                automations: automations::of_account(conn, account, &sealer)?,
                health: health::of_account(conn, account)?,
                connections: connections::of_account(conn, account, &sealer)?,
            }))
        })
        .await
    }
}

const COLUMNS: &str = AccountRow::COLUMNS;

fn from_row(row: &Row<'_>) -> SqlResult<Account> {
    Ok(columns::read(row, 0, AccountRow::read)?.try_into()?)
}

/// Whether this account exists.
pub(crate) fn exists(conn: &Connection, id: AccountId) -> SqlResult<bool> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM accounts WHERE id = ?1")?;
    Ok(statement.exists((id.as_bytes(),))?)
}

fn by_id(conn: &Connection, id: AccountId) -> SqlResult<Option<Account>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1"))?;
    let mut rows = statement.query((id.as_bytes(),))?;
    rows.next()?.map(from_row).transpose()
}

fn by_uid(conn: &Connection, uid: &str) -> SqlResult<Option<Account>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE uid = ?1"))?;
    let mut rows = statement.query((uid,))?;
    rows.next()?.map(from_row).transpose()
}

/// The account `system` is left out: [`postrider_model::SYSTEM_ACCOUNT`].
pub(crate) const LIST: &str = "FROM accounts WHERE id < ?1 AND id <> x'00000000000170008000000000000001'
     ORDER BY id DESC LIMIT ?2";

fn list(conn: &Connection, page: PageRequest) -> SqlResult<Page<Account>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST}"))?;
    let mut rows = statement.query((
        columns::ids_below(page.after),
        columns::limit_with_surplus(page.limit),
    ))?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        let account = from_row(row)?;
        accounts.push((Position(account.id.as_u128()), account));
    }
    Ok(Page::from_surplus(accounts, page.limit))
}

fn uid_is_taken(conn: &Connection, account: &Account) -> SqlResult<bool> {
    let Some(uid) = &account.uid else {
        return Ok(false);
    };
    let mut statement = conn.prepare_cached("SELECT 1 FROM accounts WHERE uid = ?1 AND id <> ?2")?;
    Ok(statement.exists((uid, account.id.as_bytes()))?)
}

fn insert(conn: &Connection, account: &Account) -> SqlResult<()> {
    conn.prepare_cached(&format!(
        "INSERT INTO accounts ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    ))?
    .execute((
        account.id.as_bytes(),
        &account.uid,
        &account.name,
        &account.metadata,
        columns::schedule_text(account.retry_delays.as_ref()),
        account.created_at.unix_ms(),
        account.updated_at.unix_ms(),
        account.version,
    ))?;
    Ok(())
}

fn update(conn: &Connection, account: &Account) -> SqlResult<SaveAccount> {
    let stored: Option<(i64, i64)> = conn
        .prepare_cached("SELECT version, created_at FROM accounts WHERE id = ?1")?
        .query_row((account.id.as_bytes(),), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((version, created_at)) = stored else {
        return Ok(SaveAccount::Missing);
    };
    if version != account.version {
        return Ok(SaveAccount::Stale);
    }
    if uid_is_taken(conn, account)? {
        return Ok(SaveAccount::UidTaken);
    }
    conn.prepare_cached(
        "UPDATE accounts SET uid = ?2, name = ?3, metadata = ?4, retry_delays = ?5, updated_at = ?6, version = ?7
         WHERE id = ?1",
    )?
    .execute((
        account.id.as_bytes(),
        &account.uid,
        &account.name,
        &account.metadata,
        columns::schedule_text(account.retry_delays.as_ref()),
        account.updated_at.unix_ms(),
        version + 1,
    ))?;
    Ok(SaveAccount::Saved(Account {
        created_at: Timestamp::from_unix_ms(created_at),
        version: version + 1,
        ..account.clone()
    }))
}

/// See [`AccountConfig::canceled_before`].
fn canceled_before(conn: &Connection, account: AccountId) -> SqlResult<Option<Timestamp>> {
    let time: Option<i64> = conn
        .prepare_cached("SELECT canceled_before FROM accounts WHERE id = ?1")?
        .query_row((account.as_bytes(),), |row| row.get(0))?;
    Ok(time.map(Timestamp::from_unix_ms))
}

/// Notes that deliveries of the account that were created before this time may have been canceled while a
/// session owned them.
pub(crate) fn note_canceled(conn: &Connection, account: AccountId, before: Timestamp) -> SqlResult<()> {
    conn.prepare_cached(
        "UPDATE accounts SET canceled_before = max(coalesce(canceled_before, ?2), ?2) WHERE id = ?1",
    )?
    .execute((account.as_bytes(), before.unix_ms()))?;
    Ok(())
}

/// Deleting the row also deletes keys, automations, connections and grants (`ON DELETE CASCADE`); `prune`
/// removes everything else.
fn delete(conn: &Connection, account: AccountId, version: Option<i64>) -> SqlResult<DeleteObject> {
    let stored: Option<i64> = conn
        .prepare_cached("SELECT version FROM accounts WHERE id = ?1")?
        .query_row((account.as_bytes(),), |row| row.get(0))
        .optional()?;
    let outcome = DeleteObject::of(stored, version);
    if outcome.is_deleted() {
        conn.prepare_cached("DELETE FROM accounts WHERE id = ?1")?
            .execute((account.as_bytes(),))?;
        conn.prepare_cached("INSERT OR IGNORE INTO deleted_accounts (account_id) VALUES (?1)")?
            .execute((account.as_bytes(),))?;
    }
    Ok(outcome)
}
