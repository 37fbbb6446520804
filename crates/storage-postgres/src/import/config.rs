//! Configuration: the catalogue, API keys, and accounts with their signing keys, automations and connections.
//! The audit trail of their changes.

use deadpool_postgres::Transaction;
use postrider_storage::rows::{ApiKeyRow, AuditRow, EventTypeRow, TemplateRow};
use postrider_storage::transfer::AccountRows;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::writer::TableWriter;
use crate::columns::uuid;
use crate::sql_error::SqlResult;
use crate::statement;

/// Copies the catalogue. Rows keep their numbers, because list cursors contain them.
pub(super) async fn event_types(transaction: &Transaction<'_>, rows: &[EventTypeRow]) -> SqlResult<()> {
    let columns = [
        ("number", Type::INT8),
        ("name", Type::TEXT),
        ("description", Type::BYTEA),
        ("example", Type::TEXT),
        ("schema", Type::TEXT),
        ("visible", Type::BOOL),
        ("created_at", Type::INT8),
        ("updated_at", Type::INT8),
        ("deleted", Type::BOOL),
    ];
    let mut writer = TableWriter::begin(transaction, "event_types", &columns).await?;
    for row in rows {
        writer
            .add(&[
                &row.number,
                &row.name,
                &row.description.as_bytes(),
                &row.example,
                &row.schema,
                &row.visible,
                &row.created_at,
                &row.updated_at,
                &row.deleted,
            ])
            .await?;
    }
    writer.finish().await
}

/// Copies API keys. The source's configured key replaces the one that a server configured here on an earlier
/// start, so that callers can continue to use their key.
pub(super) async fn api_keys(transaction: &Transaction<'_>, rows: &[ApiKeyRow]) -> SqlResult<()> {
    let replace = "DELETE FROM api_keys WHERE $1 AND is_configured";
    let sql = format!(
        "INSERT INTO api_keys ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
        ApiKeyRow::COLUMNS
    );
    for row in rows {
        let id = uuid(&row.id);
        statement::execute(transaction, replace, &[&row.is_configured]).await?;
        statement::execute(
            transaction,
            &sql,
            &[
                &id,
                &row.name,
                &row.prefix,
                &row.sha256,
                &row.is_configured,
                &row.permissions,
                &row.account.as_ref().map(uuid),
                &row.created_at,
                &row.expires_at,
                &row.last_used_at,
            ],
        )
        .await?;
    }
    Ok(())
}

/// Copies accounts with their signing keys, automations and connections.
pub(super) async fn accounts(transaction: &Transaction<'_>, rows: &[AccountRows]) -> SqlResult<()> {
    let columns = [
        ("id", Type::UUID),
        ("uid", Type::TEXT),
        ("name", Type::TEXT),
        ("metadata", Type::TEXT),
        ("retry_delays", Type::TEXT),
        ("created_at", Type::INT8),
        ("updated_at", Type::INT8),
        ("version", Type::INT8),
    ];
    let mut writer = TableWriter::begin(transaction, "accounts", &columns).await?;
    for AccountRows { account: row, .. } in rows {
        writer
            .add(&[
                &uuid(&row.id),
                &row.uid,
                &row.name,
                &row.metadata,
                &row.retry_delays,
                &row.created_at,
                &row.updated_at,
                &row.version,
            ])
            .await?;
    }
    writer.finish().await?;
    signing_keys(transaction, rows).await?;
    automations(transaction, rows).await?;
    connections(transaction, rows).await?;
    action_health(transaction, rows).await
}

async fn action_health(transaction: &Transaction<'_>, accounts: &[AccountRows]) -> SqlResult<()> {
    let columns = [
        ("account_id", Type::UUID),
        ("action_id", Type::UUID),
        ("automation_id", Type::UUID),
        ("failing_since", Type::INT8),
        ("is_announced", Type::BOOL),
        ("announced_at", Type::INT8),
        ("disabled_at", Type::INT8),
    ];
    let mut writer = TableWriter::begin(transaction, "action_health", &columns).await?;
    for account in accounts {
        for row in &account.action_health {
            writer
                .add(&[
                    &uuid(&account.account.id),
                    &uuid(&row.action),
                    &uuid(&row.automation),
                    &row.failing_since,
                    &row.is_announced,
                    &row.announced_at,
                    &row.disabled_at,
                ])
                .await?;
        }
    }
    writer.finish().await
}

async fn signing_keys(transaction: &Transaction<'_>, accounts: &[AccountRows]) -> SqlResult<()> {
    let columns = [
        ("account_id", Type::UUID),
        ("id", Type::UUID),
        ("secret", Type::BYTEA),
        ("created_at", Type::INT8),
        ("expires_at", Type::INT8),
    ];
    let mut writer = TableWriter::begin(transaction, "signing_keys", &columns).await?;
    for account in accounts {
        for row in &account.signing_keys {
            writer
                .add(&[
                    &uuid(&account.account.id),
                    &uuid(&row.id),
                    &row.secret,
                    &row.created_at,
                    &row.expires_at,
                ])
                .await?;
        }
    }
    writer.finish().await
}

async fn automations(transaction: &Transaction<'_>, accounts: &[AccountRows]) -> SqlResult<()> {
    let columns = [
        ("account_id", Type::UUID),
        ("id", Type::UUID),
        ("uid", Type::TEXT),
        ("name", Type::TEXT),
        ("description", Type::TEXT),
        ("metadata", Type::TEXT),
        ("enabled", Type::BOOL),
        ("trigger", Type::TEXT),
        ("actions", Type::TEXT),
        ("secrets", Type::BYTEA),
        ("retry_delays", Type::TEXT),
        ("created_at", Type::INT8),
        ("updated_at", Type::INT8),
        ("version", Type::INT8),
    ];
    let mut writer = TableWriter::begin(transaction, "automations", &columns).await?;
    for account in accounts {
        for row in &account.automations {
            writer
                .add(&[
                    &uuid(&account.account.id),
                    &uuid(&row.id),
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
                ])
                .await?;
        }
    }
    writer.finish().await
}

async fn connections(transaction: &Transaction<'_>, accounts: &[AccountRows]) -> SqlResult<()> {
    let columns = [
        ("account_id", Type::UUID),
        ("id", Type::UUID),
        ("name", Type::TEXT),
        ("authentication", Type::TEXT),
        ("secret", Type::BYTEA),
        ("created_at", Type::INT8),
        ("updated_at", Type::INT8),
        ("version", Type::INT8),
        ("hosts", Type::TEXT),
    ];
    let mut writer = TableWriter::begin(transaction, "connections", &columns).await?;
    for account in accounts {
        for row in &account.connections {
            writer
                .add(&[
                    &uuid(&account.account.id),
                    &uuid(&row.id),
                    &row.name,
                    &row.authentication,
                    &row.secret,
                    &row.created_at,
                    &row.updated_at,
                    &row.version,
                    &row.hosts,
                ])
                .await?;
        }
    }
    writer.finish().await
}

/// Copies the audit trail.
pub(super) async fn audit(transaction: &Transaction<'_>, rows: &[AuditRow]) -> SqlResult<()> {
    let columns = [
        ("id", Type::UUID),
        ("account_id", Type::UUID),
        ("action", Type::TEXT),
        ("actor_kind", Type::TEXT),
        ("actor_id", Type::TEXT),
        ("actor_name", Type::TEXT),
        ("actor_is_staff", Type::BOOL),
        ("target_id", Type::TEXT),
        ("target_name", Type::TEXT),
        ("details", Type::TEXT),
        ("client", Type::TEXT),
        ("request_id", Type::TEXT),
    ];
    let mut writer = TableWriter::begin(transaction, "audit", &columns).await?;
    for row in rows {
        writer
            .add(&[
                &uuid(&row.id),
                &row.account.as_ref().map(uuid),
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
            ])
            .await?;
    }
    writer.finish().await
}

/// Copies pinned templates, which keep their numbers, because deliveries refer to them.
pub(super) async fn templates(transaction: &Transaction<'_>, rows: &[TemplateRow]) -> SqlResult<()> {
    let columns = [
        ("number", Type::INT4),
        ("account_id", Type::UUID),
        ("hash", Type::BYTEA),
        ("kind", Type::TEXT),
        ("content_type", Type::TEXT),
        ("source", Type::BYTEA),
        ("used_at", Type::INT8),
    ];
    let mut writer = TableWriter::begin(transaction, "templates", &columns).await?;
    for row in rows {
        writer
            .add(&[
                &row.number,
                &uuid(&row.account),
                &row.hash,
                &row.kind,
                &row.content_type,
                &row.source,
                &row.used_at,
            ])
            .await?;
    }
    writer.finish().await
}

/// Copies deleted accounts that retention still has to prune, in the order of their deletion.
pub(super) async fn deleted_accounts(transaction: &Transaction<'_>, rows: &[[u8; 16]]) -> SqlResult<()> {
    let accounts: Vec<Uuid> = rows.iter().map(uuid).collect();
    let sql = "INSERT INTO deleted_accounts (account_id) SELECT unnest($1::uuid[])";
    statement::execute(transaction, sql, &[&accounts]).await?;
    Ok(())
}
