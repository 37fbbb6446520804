//! Canceling an event with its deliveries, before the first attempt. The event's row is locked first, so that
//! no other node adds deliveries to it meanwhile, and then its deliveries, so that no session claims one.

use deadpool_postgres::{GenericClient, Transaction};
use postrider_model::{AccountId, ActionId, AuditEntry, AutomationId, EventId, Origin, Timestamp};
use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::rules::cancel::{OfEvent, WithEvent, of_event};
use postrider_storage::{CanceledDelivery, EventCanceled, encoding, log_audit};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::database::Client;
use crate::events;
use crate::sql_error::SqlResult;
use crate::{audit, statement};

/// Cancels an event; see [`postrider_storage::EventStore::cancel_event`].
pub(super) async fn cancel(
    client: &mut Client,
    account: AccountId,
    id: EventId,
    now: Timestamp,
    audit: &AuditEntry,
) -> SqlResult<EventCanceled> {
    let Some(stored) = events::by_id(&*client, account, id).await? else {
        return Ok(EventCanceled::Missing);
    };
    let transaction = client.transaction().await?;
    let created_at = stored.event.created_at;
    let Some(locked) = lock(&transaction, account, id, created_at).await? else {
        return Ok(EventCanceled::Missing);
    };
    let mut pending = Vec::new();
    for delivery in of_event_row(&transaction, account, locked.deliveries).await? {
        match of_event(delivery.judged) {
            WithEvent::Refuse => return Ok(EventCanceled::Attempted),
            WithEvent::Leave => {}
            WithEvent::Cancel(status) => pending.push((delivery, status)),
        }
    }
    let is_test = stored.event.origin == Origin::Test;
    let mut canceled = Vec::with_capacity(pending.len());
    let (mut ids, mut statuses) = (Vec::new(), Vec::new());
    for (delivery, status) in pending {
        ids.push(delivery.id);
        statuses.push(i16::from(status.code()));
        canceled.push(CanceledDelivery {
            automation: delivery.automation,
            action: delivery.action,
            status,
            resend_of: delivery.judged.progress.resend_of,
            is_test,
        });
    }
    write(
        &transaction,
        account,
        (created_at, locked.seq),
        (&ids, &statuses),
        now,
    )
    .await?;
    let has_changed = !locked.is_canceled || !canceled.is_empty();
    if has_changed {
        audit::insert(&transaction, audit).await?;
    }
    transaction.commit().await?;
    if has_changed {
        log_audit(audit);
    }
    Ok(EventCanceled::Done(canceled))
}

/// An event whose row is locked.
struct Locked {
    seq: i64,
    is_canceled: bool,
    /// The range of its deliveries' ids.
    deliveries: (u128, u128),
}

async fn lock(
    transaction: &Transaction<'_>,
    account: AccountId,
    id: EventId,
    created_at: Timestamp,
) -> SqlResult<Option<Locked>> {
    let sql = "SELECT seq, flags, first_delivery_id, delivery_count + coalesce(missed_count, 0) FROM events
         WHERE account_id = $1 AND id = $2 AND created_at = $3 FOR UPDATE";
    let (account, id) = (uuid(account.as_bytes()), uuid(id.as_bytes()));
    let row = statement::query_opt(transaction, sql, &[&account, &id, &created_at.unix_ms()]).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let flags: i16 = row.try_get(1)?;
    let first = row
        .try_get::<_, Option<Uuid>>(2)?
        .map_or(0, |first| first.as_u128());
    Ok(Some(Locked {
        seq: row.try_get(0)?,
        is_canceled: encoding::event::from_flags(flags.into())?.is_canceled,
        deliveries: (first, first + u128::from(columns::count(&row, 3)?)),
    }))
}

/// A delivery of the event.
struct Found {
    id: Uuid,
    automation: AutomationId,
    action: ActionId,
    judged: OfEvent,
}

async fn of_event_row(
    client: &impl GenericClient,
    account: AccountId,
    (first, end): (u128, u128),
) -> SqlResult<Vec<Found>> {
    let sql = "SELECT id, automation_id, action_id, owner IS NOT NULL, recorded > 0, status, attempts, resends, resend_of
         FROM deliveries WHERE account_id = $1 AND id >= $2 AND id < $3 ORDER BY id FOR UPDATE";
    let (first, end) = (Uuid::from_u128(first), Uuid::from_u128(end));
    let rows = statement::query(client, sql, &[&uuid(account.as_bytes()), &first, &end]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> SqlResult<Found> {
    Ok(Found {
        id: row.try_get(0)?,
        automation: columns::id(row, 1, AutomationId::from_bytes)?,
        action: columns::id(row, 2, ActionId::from_bytes)?,
        judged: OfEvent {
            progress: columns::read(row, 5, ProgressRow::read)?.try_into()?,
            is_owned: row.try_get(3)?,
            has_attempts: row.try_get(4)?,
        },
    })
}

/// Writes the new states of locked rows.
async fn write(
    transaction: &Transaction<'_>,
    account: AccountId,
    (created_at, seq): (Timestamp, i64),
    (ids, statuses): (&[Uuid], &[i16]),
    now: Timestamp,
) -> SqlResult<()> {
    let account = uuid(account.as_bytes());
    let sql = "UPDATE deliveries AS d SET status = n.status, resend_of = NULL, state_at = $1
         FROM (SELECT * FROM unnest($3::uuid[], $4::smallint[]) AS n (id, status) LIMIT cardinality($3)) AS n
         WHERE d.account_id = $2 AND d.id = n.id AND d.id BETWEEN $5 AND $6";
    let (first, last) = (ids.iter().min(), ids.iter().max());
    let params: &statement::Params<'_> = &[&now.unix_ms(), &account, &ids, &statuses, &first, &last];
    if !ids.is_empty() {
        statement::execute(transaction, sql, params).await?;
    }
    let sql = "UPDATE events SET flags = flags | $4 WHERE account_id = $1 AND created_at = $2 AND seq = $3";
    let bit = i16::from(encoding::event::CANCELED);
    statement::execute(transaction, sql, &[&account, &created_at.unix_ms(), &seq, &bit]).await?;
    Ok(())
}
