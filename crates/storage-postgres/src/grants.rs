//! Grants for the console. Deleting an account, an API key or a link also deletes its grants (`ON DELETE
//! CASCADE`).

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::{AuditEntry, Grant, GrantId, GrantKind, Timestamp};
use postrider_storage::rows::GrantRow;
use postrider_storage::{
    BeginSession, ConsoleStore, EXPIRED_GRANTS_REMOVED_MAX, GrantFilter, PORTAL_LINKS_MAX, Page, PageRequest,
    PermittedSessions, Position, PutGrant, SessionLimits, StoreResult, rules,
};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;
use crate::{audit, columns, statement};

/// The span in which [`SessionLimits::per_minute_max`] counts.
const MINUTE_MS: i64 = 60_000;

/// The first number of the advisory locks of people, whose second one is a hash of the person: "pers" in
/// ASCII. Locks of one number, which the store has too, never collide with them.
const PERSON_LOCK: i32 = 0x7065_7273;

#[async_trait]
impl ConsoleStore for PostgresStore {
    async fn put_grant(&self, grant: Grant, audit: AuditEntry) -> StoreResult<PutGrant> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let outcome = put(&transaction, &grant).await?;
                if outcome == PutGrant::Put {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(outcome)
            })
            .await
    }

    async fn begin_session(
        &self,
        session: Grant,
        limits: SessionLimits,
        audit: AuditEntry,
    ) -> StoreResult<BeginSession> {
        self.database
            .run(async || begin_session(&mut self.database.client().await?, &session, limits, &audit).await)
            .await
    }

    async fn grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>> {
        let sql = format!("SELECT {COLUMNS} FROM grants WHERE sha256 = $1 AND expires_at > $2");
        self.database
            .run(async || one(&self.database.client().await?, &sql, sha256, now).await)
            .await
    }

    async fn grants(
        &self,
        filter: GrantFilter,
        now: Timestamp,
        page: PageRequest,
    ) -> StoreResult<Page<Grant>> {
        self.database
            .run(async || list(&self.database.client().await?, filter, now, page).await)
            .await
    }

    async fn take_grant(
        &self,
        sha256: &[u8; 32],
        now: Timestamp,
        audit: AuditEntry,
    ) -> StoreResult<Option<Grant>> {
        let sql = format!("DELETE FROM grants WHERE sha256 = $1 AND expires_at > $2 RETURNING {COLUMNS}");
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let taken = one(&transaction, &sql, sha256, now).await?;
                if taken.is_some() {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(taken)
            })
            .await
    }

    async fn delete_grant(&self, filter: GrantFilter, id: GrantId, audit: AuditEntry) -> StoreResult<bool> {
        let (of_filter, account, kind) = of_filter(filter);
        let sql = format!("DELETE FROM grants WHERE {of_filter} AND id = $3");
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let id = columns::uuid(id.as_bytes());
                let deleted = statement::execute(&transaction, &sql, &[&account, &kind, &id]).await?;
                if deleted > 0 {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(deleted > 0)
            })
            .await
    }

    async fn delete_grants(&self, filter: GrantFilter, audit: AuditEntry) -> StoreResult<u64> {
        let (of_filter, account, kind) = of_filter(filter);
        let sql = format!("DELETE FROM grants WHERE {of_filter}");
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let deleted = statement::execute(&transaction, &sql, &[&account, &kind]).await?;
                if deleted > 0 {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(deleted)
            })
            .await
    }

    async fn keep_sessions(&self, permitted: PermittedSessions, audit: AuditEntry) -> StoreResult<u64> {
        let sql = "DELETE FROM grants WHERE kind = 2 AND link_id IS NULL AND (
                       (person_issuer IS NOT NULL AND person_issuer IS DISTINCT FROM $1)
                       OR (api_key_id IS NOT NULL AND NOT $2))";
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                let ended =
                    statement::execute(&transaction, sql, &[&permitted.issuer, &permitted.by_key]).await?;
                if ended > 0 {
                    audit::commit(transaction, &audit).await?;
                }
                Ok(ended)
            })
            .await
    }
}

const COLUMNS: &str = GrantRow::COLUMNS;

/// The condition on a filter's grants, and its parameters `$1` and `$2`: their account and kind. The index
/// `grants_by_account` serves `=` and `IS NULL`, but not `IS NOT DISTINCT FROM`.
fn of_filter(filter: GrantFilter) -> (&'static str, Option<Uuid>, i16) {
    let account = filter.scope.account();
    let account = account.map(|id| columns::uuid(id.as_bytes()));
    let condition = match account {
        Some(_) => "account_id = $1 AND kind = $2",
        None => "account_id IS NULL AND $1::uuid IS NULL AND kind = $2",
    };
    (condition, account, filter.kind.code().into())
}

/// Skips expired grants that others are removing at the same moment.
fn put_sql() -> String {
    format!(
        "WITH expired AS (
             DELETE FROM grants WHERE sha256 IN (
                 SELECT sha256 FROM grants WHERE expires_at <= $9 ORDER BY expires_at LIMIT $15 FOR UPDATE SKIP LOCKED)
         )
         INSERT INTO grants ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    )
}

/// Concurrent callers may exceed [`PORTAL_LINKS_MAX`] by their number.
async fn put(client: &impl GenericClient, grant: &Grant) -> SqlResult<PutGrant> {
    let row = GrantRow::of(grant);
    let account = row.account.as_ref().map(columns::uuid);
    if grant.kind == GrantKind::PortalLink {
        let sql = "SELECT count(*) FROM grants WHERE account_id = $1 AND kind = $2";
        let count = statement::query_one(client, sql, &[&account, &row.kind]).await?;
        if count.try_get::<_, i64>(0)? >= columns::number(PORTAL_LINKS_MAX) {
            return Ok(PutGrant::TooMany);
        }
    }
    let inserted = statement::execute(
        client,
        &put_sql(),
        &[
            &columns::uuid(&row.id),
            &row.sha256,
            &row.kind,
            &account,
            &row.permissions,
            &row.theme,
            &row.api_key.as_ref().map(columns::uuid),
            &row.link.as_ref().map(columns::uuid),
            &row.created_at,
            &row.expires_at,
            &row.person_issuer,
            &row.person_subject,
            &row.person_name,
            &row.person_email,
            &columns::number(EXPIRED_GRANTS_REMOVED_MAX),
        ],
    )
    .await;
    match inserted {
        Ok(_) => Ok(PutGrant::Put),
        // The foreign keys check whether account, key and link exist, even while others remove them.
        Err(error) if error.state() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => Ok(PutGrant::Gone),
        Err(error) => Err(error),
    }
}

/// The sessions that the link `$1` began. Of the three origins, `$2` belongs to a person alone.
const OF_LINK: &str = "FROM grants WHERE link_id = $1 AND $2::text IS NULL";

/// The statements below write the code of a session out.
const _: () = assert!(GrantKind::Session.code() == 2);

/// The sessions that began with the API key `$1`, without those of its links.
const OF_KEY: &str =
    "FROM grants WHERE api_key_id = $1 AND kind = 2 AND link_id IS NULL AND $2::text IS NULL";

/// The sessions of the person with the subject `$1` at the issuer `$2`.
const OF_PERSON: &str = "FROM grants WHERE person_subject = $1 AND person_issuer = $2";

/// What begins a session: its sessions, and the parameters `$1` and `$2` of these.
struct Origin<'a> {
    sessions: &'static str,
    id: Box<dyn ToSql + Sync + Send + 'a>,
    issuer: Option<&'a str>,
}

/// Locks the origin of a session, so that concurrent callers count and add one after the other. `None` if it
/// is gone.
async fn lock_origin<'a>(client: &impl GenericClient, session: &'a Grant) -> SqlResult<Option<Origin<'a>>> {
    let (lock, origin) = match (session.link, session.api_key, &session.person) {
        (Some(link), ..) => {
            let link = columns::uuid(link.as_bytes());
            let lock =
                "SELECT 1 FROM grants WHERE id = $1 AND kind = $2 AND expires_at > $3 FOR NO KEY UPDATE";
            let kind = i16::from(GrantKind::PortalLink.code());
            let now_ms = session.created_at.unix_ms();
            let locked = statement::query_opt(client, lock, &[&link, &kind, &now_ms]).await?;
            (locked, (OF_LINK, Box::new(link) as _, None))
        }
        (None, Some(key), _) => {
            let key = columns::uuid(key.as_bytes());
            let lock = "SELECT 1 FROM api_keys WHERE id = $1 FOR NO KEY UPDATE";
            let locked = statement::query_opt(client, lock, &[&key]).await?;
            (locked, (OF_KEY, Box::new(key) as _, None))
        }
        (None, None, Some(person)) => {
            let (subject, issuer) = (person.subject.as_str(), person.issuer.as_str());
            // People have no row of their own.
            let lock = "SELECT 1 FROM (SELECT pg_advisory_xact_lock($1, hashtext($2 || ' ' || $3))) locked";
            let locked = statement::query_opt(client, lock, &[&PERSON_LOCK, &subject, &issuer]).await?;
            (locked, (OF_PERSON, Box::new(subject) as _, Some(issuer)))
        }
        (None, None, None) => return Ok(None),
    };
    let (sessions, id, issuer) = origin;
    Ok(lock.is_some().then_some(Origin { sessions, id, issuer }))
}

async fn begin_session(
    client: &mut Client,
    session: &Grant,
    limits: SessionLimits,
    audit: &AuditEntry,
) -> SqlResult<BeginSession> {
    let transaction = client.transaction().await?;
    let now_ms = session.created_at.unix_ms();
    let Some(Origin { sessions, id, issuer }) = lock_origin(&transaction, session).await? else {
        return Ok(BeginSession::OriginGone);
    };
    let id = &*id as &(dyn ToSql + Sync);
    let count = format!(
        "SELECT count(*) FILTER (WHERE created_at > $3), count(*) FILTER (WHERE expires_at > $4) {sessions}"
    );
    let parameters = [id, &issuer, &(now_ms - MINUTE_MS), &now_ms];
    let row = statement::query_one(&transaction, &count, &parameters).await?;
    let (begun, live): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if limits
        .per_minute_max
        .is_some_and(|max| begun >= columns::number(max))
    {
        return Ok(BeginSession::TooMany);
    }
    if put(&transaction, session).await? != PutGrant::Put {
        return Ok(BeginSession::OriginGone);
    }
    let surplus = (live + 1 - columns::number(limits.live_max)).max(0);
    let end = format!(
        "DELETE FROM grants WHERE id IN (SELECT id {sessions} AND expires_at > $3 ORDER BY id LIMIT $4)
         RETURNING id"
    );
    let ended = statement::query(&transaction, &end, &[id, &issuer, &now_ms, &surplus]).await?;
    let ended = ended
        .iter()
        .map(|row| columns::read(row, 0, |row| row.id().map(GrantId::from_bytes)));
    let ended: Vec<_> = ended.collect::<SqlResult<_>>()?;
    audit::commit(transaction, &rules::audit::session_begun(audit, ended)).await?;
    Ok(BeginSession::Begun)
}

async fn list(
    client: &Client,
    filter: GrantFilter,
    now: Timestamp,
    page: PageRequest,
) -> SqlResult<Page<Grant>> {
    let (of_filter, account, kind) = of_filter(filter);
    let sql = format!(
        "SELECT {COLUMNS} FROM grants WHERE {of_filter} AND id < $3 AND expires_at > $4 ORDER BY id DESC LIMIT $5"
    );
    let rows = statement::query(
        client,
        &sql,
        &[
            &account,
            &kind,
            &columns::ids_below(page.after),
            &now.unix_ms(),
            &columns::limit_with_surplus(page.limit),
        ],
    )
    .await?;
    let grants = rows.iter().map(|row| {
        let grant = from_row(row)?;
        Ok((Position(grant.id.as_u128()), grant))
    });
    let grants: SqlResult<Vec<_>> = grants.collect();
    Ok(Page::from_surplus(grants?, page.limit))
}

async fn one(
    client: &impl GenericClient,
    sql: &str,
    sha256: &[u8; 32],
    now: Timestamp,
) -> SqlResult<Option<Grant>> {
    let row = statement::query_opt(client, sql, &[&sha256.as_slice(), &now.unix_ms()]).await?;
    row.as_ref().map(from_row).transpose()
}

fn from_row(row: &Row) -> SqlResult<Grant> {
    Ok(columns::read(row, 0, GrantRow::read)?.try_into()?)
}
