//! Events, each with its keys, its deliveries and their attempts.

use deadpool_postgres::Transaction;
use postrider_model::EventId;
use postrider_storage::rules;
use postrider_storage::transfer::{DeliveryRows, EventRows};
use tokio_postgres::types::Type;

use super::writer::TableWriter;
use crate::columns::uuid;
use crate::events::known::{KIND_ID, KIND_IDEMPOTENCY_KEY};
use crate::sql_error::SqlResult;

/// Writes events with their keys, deliveries and attempts.
pub(super) async fn events(transaction: &Transaction<'_>, rows: &[EventRows]) -> SqlResult<()> {
    event_rows(transaction, rows).await?;
    event_keys(transaction, rows).await?;
    deliveries(transaction, rows).await?;
    attempts(transaction, rows).await
}

async fn event_rows(transaction: &Transaction<'_>, rows: &[EventRows]) -> SqlResult<()> {
    let columns = [
        ("account_id", Type::UUID),
        ("created_at", Type::INT8),
        ("seq", Type::INT8),
        ("id", Type::UUID),
        ("first_delivery_id", Type::UUID),
        ("occurred_at", Type::INT8),
        ("deliver_at", Type::INT8),
        ("delivery_count", Type::INT4),
        ("missed_count", Type::INT4),
        ("flags", Type::INT2),
        ("type", Type::TEXT),
        ("warning_code", Type::TEXT),
        ("warning_pointer", Type::BYTEA),
        ("headers", Type::BYTEA),
        ("data", Type::BYTEA),
    ];
    let mut writer = TableWriter::begin(transaction, "events", &columns).await?;
    for EventRows { seq, event: row, .. } in rows {
        writer
            .add(&[
                &uuid(&row.account),
                &row.created_at,
                seq,
                &uuid(&row.id),
                &row.first_delivery.as_ref().map(uuid),
                &row.occurred_at,
                &row.deliver_at,
                &row.delivery_count,
                &row.missed_count,
                &row.flags,
                &row.event_type,
                &row.warning_code,
                &row.warning_pointer.as_ref().map(|text| text.as_bytes()),
                &row.headers,
                &row.data,
            ])
            .await?;
    }
    writer.finish().await
}

/// Whether the event can only be found through `event_keys`. An id that looks as if Postrider had generated
/// it for this event contains the time, whoever generated it; see [`crate::events::by_id`].
fn id_needs_key(row: &EventRows) -> bool {
    let id = EventId::from_bytes(row.event.id);
    !rules::ids::may_be_ours(id) || !rules::ids::accepted_between(id).contains(&row.event.created_at)
}

async fn event_keys(transaction: &Transaction<'_>, rows: &[EventRows]) -> SqlResult<()> {
    let ids = rows
        .iter()
        .filter(|row| id_needs_key(row))
        .map(|row| (row, KIND_ID, row.event.id.as_slice()));
    let keys = rows.iter().filter_map(|row| {
        let key = row.idempotency_key.as_ref()?;
        Some((row, KIND_IDEMPOTENCY_KEY, key.as_bytes()))
    });
    let mut rows = ids.chain(keys).peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    let columns = [
        ("account_id", Type::UUID),
        ("kind", Type::INT2),
        ("key", Type::BYTEA),
        ("created_at", Type::INT8),
        ("seq", Type::INT8),
    ];
    let mut writer = TableWriter::begin(transaction, "event_keys", &columns).await?;
    for (row, kind, key) in rows {
        writer
            .add(&[
                &uuid(&row.event.account),
                &kind,
                &key,
                &row.event.created_at,
                &row.seq,
            ])
            .await?;
    }
    writer.finish().await
}

async fn deliveries(transaction: &Transaction<'_>, rows: &[EventRows]) -> SqlResult<()> {
    let columns = [
        ("account_id", Type::UUID),
        ("id", Type::UUID),
        ("event_created_at", Type::INT8),
        ("event_seq", Type::INT8),
        ("automation_id", Type::UUID),
        ("action_id", Type::UUID),
        ("state_at", Type::INT8),
        ("data_bytes", Type::INT4),
        ("attempts", Type::INT4),
        ("resends", Type::INT4),
        ("recorded", Type::INT4),
        ("body", Type::INT4),
        ("status", Type::INT2),
        ("resend_of", Type::INT2),
        ("last_status_code", Type::INT2),
        ("last_outcome", Type::INT2),
    ];
    let mut writer = TableWriter::begin(transaction, "deliveries", &columns).await?;
    for EventRows {
        seq,
        event,
        deliveries,
        ..
    } in rows
    {
        let data_bytes = i32::try_from(event.bytes()?).unwrap_or(i32::MAX);
        for rows in deliveries {
            let row = &rows.delivery;
            writer
                .add(&[
                    &uuid(&event.account),
                    &uuid(&row.id),
                    &event.created_at,
                    seq,
                    &uuid(&row.automation),
                    &uuid(&row.action),
                    &row.state_at,
                    &data_bytes,
                    &row.progress.attempts,
                    &row.progress.resends,
                    &recorded(rows),
                    &row.body,
                    &row.progress.status,
                    &row.progress.resend_of,
                    &row.last_status_code,
                    &row.last_outcome,
                ])
                .await?;
        }
    }
    writer.finish().await
}

/// The highest number of a recorded attempt.
fn recorded(row: &DeliveryRows) -> i32 {
    row.attempts
        .iter()
        .map(|attempt| attempt.number)
        .max()
        .unwrap_or(0)
}

async fn attempts(transaction: &Transaction<'_>, rows: &[EventRows]) -> SqlResult<()> {
    let columns = [
        ("account_id", Type::UUID),
        ("delivery_id", Type::UUID),
        ("started_at", Type::INT8),
        ("duration_ns", Type::INT8),
        ("number", Type::INT4),
        ("outcome", Type::INT2),
        ("exchange", Type::INT2),
        ("status_code", Type::INT2),
        ("response_truncated", Type::BOOL),
        ("fenced", Type::BOOL),
        ("error", Type::BYTEA),
        ("url", Type::BYTEA),
        ("request_headers", Type::BYTEA),
        ("response_headers", Type::BYTEA),
        ("response_body", Type::BYTEA),
    ];
    let mut writer = TableWriter::begin(transaction, "attempts", &columns).await?;
    for event in rows {
        for delivery in &event.deliveries {
            for row in &delivery.attempts {
                writer
                    .add(&[
                        &uuid(&event.event.account),
                        &uuid(&delivery.delivery.id),
                        &row.started_at,
                        &row.duration_ns,
                        &row.number,
                        &row.outcome,
                        &row.exchange,
                        &row.status_code,
                        &row.response_truncated,
                        &row.is_fenced,
                        &row.error.as_ref().map(|text| text.as_bytes()),
                        &row.url.as_bytes(),
                        &row.request_headers,
                        &row.response_headers,
                        &row.response_body,
                    ])
                    .await?;
            }
        }
    }
    writer.finish().await
}
