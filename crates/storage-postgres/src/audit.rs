//! The audit trail.

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Transaction};
use postrider_model::{AuditEntry, AuditId, Timestamp};
use postrider_storage::rows::AuditRow;
use postrider_storage::{
    AUDIT_LOOKED_AT_MAX, AuditFilter, AuditStore, Page, PageRequest, Position, StoreResult, log_audit,
};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::database::Client;
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;
use crate::{columns, statement};

#[async_trait]
impl AuditStore for PostgresStore {
    async fn note_audit(&self, entries: Vec<AuditEntry>) -> StoreResult<()> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let transaction = client.transaction().await?;
                for entry in &entries {
                    insert(&transaction, entry).await?;
                }
                transaction.commit().await?;
                entries.iter().for_each(log_audit);
                Ok(())
            })
            .await
    }

    async fn audit(&self, filter: &AuditFilter, page: PageRequest) -> StoreResult<Page<AuditEntry>> {
        self.database
            .run(async || list(&self.database.client().await?, filter, page).await)
            .await
    }

    /// Without `FOR UPDATE`, which needs the right to change rows: the operator may have kept that back. Two
    /// nodes that remove the same entries wait for each other, and the second one counts none.
    async fn prune_audit(&self, before: Timestamp, limit: usize) -> StoreResult<usize> {
        let before = columns::uuid(AuditId::first_at(before).as_bytes());
        let sql = "DELETE FROM audit WHERE id IN
                       (SELECT id FROM audit WHERE id < $1 ORDER BY id LIMIT $2)";
        self.database
            .run(async || {
                let client = self.database.client().await?;
                let pruned = statement::execute(&client, sql, &[&before, &columns::number(limit)]).await?;
                Ok(usize::try_from(pruned).unwrap_or(usize::MAX))
            })
            .await
    }
}

const COLUMNS: &str = AuditRow::COLUMNS;

/// Adds an entry.
pub(crate) async fn insert(client: &impl GenericClient, entry: &AuditEntry) -> SqlResult<()> {
    let row = AuditRow::of(entry);
    statement::execute(
        client,
        &format!("INSERT INTO audit ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"),
        &[
            &columns::uuid(&row.id),
            &row.account.as_ref().map(columns::uuid),
            &row.action,
            &row.actor_kind,
            &row.actor_id,
            &row.actor_name,
            &row.actor_is_staff,
            &row.target_id,
            &row.target_name,
            &row.details,
            &row.client,
            &row.request_id,
        ],
    )
    .await?;
    Ok(())
}

/// Adds the entry of a verb that changed something, and commits both.
pub(crate) async fn commit(transaction: Transaction<'_>, entry: &AuditEntry) -> SqlResult<()> {
    insert(&transaction, entry).await?;
    transaction.commit().await?;
    log_audit(entry);
    Ok(())
}

/// The entries from `$2` up to before `$3`, which an index finds: those on the target `$4`, those of the
/// account `$1`, or all. A parameter that says nothing is NULL.
fn from(filter: &AuditFilter) -> &'static str {
    match (filter.account, &filter.target) {
        (Some(_), Some(_)) => "FROM audit WHERE target_id = $4 AND id >= $2 AND id < $3 AND account_id = $1",
        (None, Some(_)) => "FROM audit WHERE target_id = $4 AND id >= $2 AND id < $3 AND $1::uuid IS NULL",
        (Some(_), None) => "FROM audit WHERE account_id = $1 AND id >= $2 AND id < $3 AND $4::text IS NULL",
        (None, None) => "FROM audit WHERE $1::uuid IS NULL AND id >= $2 AND id < $3 AND $4::text IS NULL",
    }
}

async fn list(client: &Client, filter: &AuditFilter, page: PageRequest) -> SqlResult<Page<AuditEntry>> {
    // PostgreSQL rejects such a text, even in a query.
    let has_nul = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains('\0'));
    if has_nul(&filter.actor) || has_nul(&filter.target) {
        return Ok(Page::from_surplus(Vec::new(), page.limit));
    }
    let from = from(filter);
    let account = filter.account.map(|id| columns::uuid(id.as_bytes()));
    let first = filter.after.map_or(0, |after| AuditId::first_at(after).as_u128());
    let end = filter
        .before
        .map_or(u128::MAX, |before| AuditId::first_at(before).as_u128());
    let end = page.after.map_or(end, |after| end.min(after.0));
    let (first, end) = (Uuid::from_u128(first), Uuid::from_u128(end));
    // What a page looks at ends here, if there is so much.
    let sql = format!("SELECT id {from} ORDER BY id DESC LIMIT 1 OFFSET $5");
    let offset = columns::number(AUDIT_LOOKED_AT_MAX - 1);
    let parameters: [&(dyn ToSql + Sync); 5] = [&account, &first, &end, &filter.target, &offset];
    let last_looked_at = statement::query_opt(client, &sql, &parameters).await?;
    let last_looked_at: Option<Uuid> = last_looked_at.map(|row| row.try_get(0)).transpose()?;
    let (prefix, goes_on) = filter
        .action
        .as_ref()
        .map_or(("", true), |action| action.prefix());
    let sql = format!(
        "SELECT {COLUMNS} {from}
             AND starts_with(action, $5) AND ($6 OR action = $5)
             AND ($7::text IS NULL OR (actor_id = $7 AND NOT ($8 AND actor_is_staff)))
         ORDER BY id DESC LIMIT $9"
    );
    let rows = statement::query(
        client,
        &sql,
        &[
            &account,
            &last_looked_at.unwrap_or(first),
            &end,
            &filter.target,
            &prefix,
            &goes_on,
            &filter.actor,
            &filter.hides_staff,
            &columns::limit_with_surplus(page.limit),
        ],
    )
    .await?;
    let entries = rows.iter().map(|row| {
        let entry = AuditEntry::try_from(columns::read(row, 0, AuditRow::read)?)?;
        Ok((Position(entry.id.as_u128()), entry))
    });
    let entries: SqlResult<Vec<_>> = entries.collect();
    let mut found = Page::from_surplus(entries?, page.limit);
    found.next = found
        .next
        .or_else(|| last_looked_at.map(|id| Position(id.as_u128())));
    Ok(found)
}
