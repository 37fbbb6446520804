//! Grants for the console. Deleting an account, an API key or a link also deletes its grants (`ON DELETE
//! CASCADE`).

use async_trait::async_trait;
use postrider_model::{AuditEntry, Grant, GrantId, GrantKind, Timestamp};
use postrider_storage::rows::GrantRow;
use postrider_storage::{
    BeginSession, ConsoleStore, EXPIRED_GRANTS_REMOVED_MAX, GrantFilter, PORTAL_LINKS_MAX, Page, PageRequest,
    PermittedSessions, Position, PutGrant, SessionLimits, StoreResult, rules,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Row};

use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::{accounts, api_keys, audit, columns};

/// The span in which [`SessionLimits::per_minute_max`] counts.
const MINUTE_MS: i64 = 60_000;

#[async_trait]
impl ConsoleStore for SqliteStore {
    async fn put_grant(&self, grant: Grant, audit: AuditEntry) -> StoreResult<PutGrant> {
        self.write(move |cx| {
            let outcome = put(cx.conn, &grant)?;
            audit::insert_if(outcome == PutGrant::Put, cx.conn, &audit)?;
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
        self.write(move |cx| begin_session(cx.conn, &session, limits, &audit))
            .await
    }

    async fn grant(&self, sha256: &[u8; 32], now: Timestamp) -> StoreResult<Option<Grant>> {
        let sha256 = *sha256;
        self.read(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM grants WHERE sha256 = ?1 AND expires_at > ?2");
            one(conn, &sql, sha256, now)
        })
        .await
    }

    async fn grants(
        &self,
        filter: GrantFilter,
        now: Timestamp,
        page: PageRequest,
    ) -> StoreResult<Page<Grant>> {
        self.read(move |conn| list(conn, filter, now, page)).await
    }

    async fn take_grant(
        &self,
        sha256: &[u8; 32],
        now: Timestamp,
        audit: AuditEntry,
    ) -> StoreResult<Option<Grant>> {
        let sha256 = *sha256;
        self.write(move |cx| {
            let sql = format!("DELETE FROM grants WHERE sha256 = ?1 AND expires_at > ?2 RETURNING {COLUMNS}");
            let taken = one(cx.conn, &sql, sha256, now)?;
            audit::insert_if(taken.is_some(), cx.conn, &audit)?;
            Ok(taken)
        })
        .await
    }

    async fn delete_grant(&self, filter: GrantFilter, id: GrantId, audit: AuditEntry) -> StoreResult<bool> {
        self.write(move |cx| {
            let mut statement = cx
                .conn
                .prepare_cached("DELETE FROM grants WHERE id = ?1 AND kind = ?2 AND account_id IS ?3")?;
            let (kind, account) = of_filter(filter);
            let is_deleted = statement.execute((id.as_bytes(), kind, account))? > 0;
            audit::insert_if(is_deleted, cx.conn, &audit)?;
            Ok(is_deleted)
        })
        .await
    }

    async fn delete_grants(&self, filter: GrantFilter, audit: AuditEntry) -> StoreResult<u64> {
        self.write(move |cx| {
            let mut statement = cx
                .conn
                .prepare_cached("DELETE FROM grants WHERE kind = ?1 AND account_id IS ?2")?;
            let deleted = statement.execute(of_filter(filter))?;
            audit::insert_if(deleted > 0, cx.conn, &audit)?;
            Ok(deleted as u64)
        })
        .await
    }

    async fn keep_sessions(&self, permitted: PermittedSessions, audit: AuditEntry) -> StoreResult<u64> {
        self.write(move |cx| {
            let mut statement = cx.conn.prepare_cached(
                "DELETE FROM grants WHERE kind = 2 AND link_id IS NULL AND (
                     (person_issuer IS NOT NULL AND person_issuer IS NOT ?1)
                     OR (api_key_id IS NOT NULL AND NOT ?2))",
            )?;
            let ended = statement.execute((&permitted.issuer, permitted.by_key))?;
            audit::insert_if(ended > 0, cx.conn, &audit)?;
            Ok(ended as u64)
        })
        .await
    }
}

const COLUMNS: &str = GrantRow::COLUMNS;

pub(crate) const REMOVE_EXPIRED: &str = "DELETE FROM grants WHERE sha256 IN
    (SELECT sha256 FROM grants WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

/// The kind and account that a filter's grants have.
fn of_filter(filter: GrantFilter) -> (u8, Option<[u8; 16]>) {
    let account = filter.scope.account();
    (filter.kind.code(), account.map(|id| *id.as_bytes()))
}

/// Accounts, keys and links are deleted through the same connection, so what this finds still exists when it
/// inserts the grant.
fn put(conn: &Connection, grant: &Grant) -> SqlResult<PutGrant> {
    if let Some(id) = grant.scope.account()
        && !accounts::exists(conn, id)?
    {
        return Ok(PutGrant::Gone);
    }
    if let Some(id) = grant.api_key
        && !api_keys::exists(conn, id)?
    {
        return Ok(PutGrant::Gone);
    }
    if let Some(id) = grant.link
        && !conn
            .prepare_cached("SELECT 1 FROM grants WHERE id = ?1")?
            .exists((id.as_bytes(),))?
    {
        return Ok(PutGrant::Gone);
    }
    let limit = columns::number(EXPIRED_GRANTS_REMOVED_MAX);
    conn.prepare_cached(REMOVE_EXPIRED)?
        .execute((grant.created_at.unix_ms(), limit))?;
    let row = GrantRow::of(grant);
    if grant.kind == GrantKind::PortalLink {
        let links: i64 = conn
            .prepare_cached("SELECT count(*) FROM grants WHERE account_id IS ?1 AND kind = ?2")?
            .query_row((row.account, row.kind), |row| row.get(0))?;
        if links >= columns::number(PORTAL_LINKS_MAX) {
            return Ok(PutGrant::TooMany);
        }
    }
    conn.prepare_cached(&format!(
        "INSERT INTO grants ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
    ))?
    .execute((
        row.id,
        row.sha256,
        row.kind,
        row.account,
        row.permissions,
        row.theme,
        row.api_key,
        row.link,
        row.created_at,
        row.expires_at,
        row.person_issuer,
        row.person_subject,
        row.person_name,
        row.person_email,
    ))?;
    Ok(PutGrant::Put)
}

/// The sessions that the link `?1` began. Of the three origins, `?2` belongs to a person alone.
const OF_LINK: &str = "FROM grants WHERE link_id = ?1 AND ?2 IS NULL";

/// The statements below write the code of a session out.
const _: () = assert!(GrantKind::Session.code() == 2);

/// The sessions that began with the API key `?1`, without those of its links.
const OF_KEY: &str = "FROM grants WHERE api_key_id = ?1 AND kind = 2 AND link_id IS NULL AND ?2 IS NULL";

/// The sessions of the person with the subject `?1` at the issuer `?2`.
pub(crate) const OF_PERSON: &str = "FROM grants WHERE person_subject = ?1 AND person_issuer = ?2";

fn begin_session(
    conn: &Connection,
    session: &Grant,
    limits: SessionLimits,
    audit: &AuditEntry,
) -> SqlResult<BeginSession> {
    let now_ms = session.created_at.unix_ms();
    let (origin, sessions) = match (session.link, session.api_key, &session.person) {
        (Some(link), ..) => ([Value::from(link.as_bytes().to_vec()), Value::Null], OF_LINK),
        (None, Some(key), _) => ([Value::from(key.as_bytes().to_vec()), Value::Null], OF_KEY),
        (None, None, Some(person)) => (
            [person.subject.clone().into(), person.issuer.clone().into()],
            OF_PERSON,
        ),
        (None, None, None) => return Ok(BeginSession::OriginGone),
    };
    let is_gone = session.link.is_some()
        && !conn
            .prepare_cached("SELECT 1 FROM grants WHERE id = ?1 AND kind = ?2 AND expires_at > ?3")?
            .exists((&origin[0], GrantKind::PortalLink.code(), now_ms))?;
    if is_gone {
        return Ok(BeginSession::OriginGone);
    }
    let (begun, live): (i64, i64) = conn
        .prepare_cached(&format!(
            "SELECT count(*) FILTER (WHERE created_at > ?3), count(*) FILTER (WHERE expires_at > ?4) {sessions}"
        ))?
        .query_row((&origin[0], &origin[1], now_ms - MINUTE_MS, now_ms), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if limits
        .per_minute_max
        .is_some_and(|max| begun >= columns::number(max))
    {
        return Ok(BeginSession::TooMany);
    }
    if put(conn, session)? != PutGrant::Put {
        return Ok(BeginSession::OriginGone);
    }
    let surplus = (live + 1 - columns::number(limits.live_max)).max(0);
    let ended: Vec<[u8; 16]> = conn
        .prepare_cached(&format!(
            "DELETE FROM grants WHERE id IN (SELECT id {sessions} AND expires_at > ?3 ORDER BY id LIMIT ?4)
             RETURNING id"
        ))?
        .query_map((&origin[0], &origin[1], now_ms, surplus), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let ended = ended.into_iter().map(GrantId::from_bytes).collect();
    audit::insert(conn, &rules::audit::session_begun(audit, ended))?;
    Ok(BeginSession::Begun)
}

pub(crate) const LIST: &str =
    "FROM grants WHERE account_id IS ?1 AND kind = ?2 AND id < ?3 AND expires_at > ?4
    ORDER BY id DESC LIMIT ?5";

fn list(conn: &Connection, filter: GrantFilter, now: Timestamp, page: PageRequest) -> SqlResult<Page<Grant>> {
    let (kind, account) = of_filter(filter);
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST}"))?;
    let mut rows = statement.query((
        account,
        kind,
        columns::ids_below(page.after),
        now.unix_ms(),
        columns::limit_with_surplus(page.limit),
    ))?;
    let mut grants = Vec::new();
    while let Some(row) = rows.next()? {
        let grant = from_row(row)?;
        grants.push((Position(grant.id.as_u128()), grant));
    }
    Ok(Page::from_surplus(grants, page.limit))
}

fn one(conn: &Connection, sql: &str, sha256: [u8; 32], now: Timestamp) -> SqlResult<Option<Grant>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query((sha256, now.unix_ms()))?;
    rows.next()?.map(from_row).transpose()
}

fn from_row(row: &Row<'_>) -> SqlResult<Grant> {
    Ok(columns::read(row, 0, GrantRow::read)?.try_into()?)
}
