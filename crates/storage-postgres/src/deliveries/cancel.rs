//! Canceling every matching pending delivery, step by step; and counting these deliveries beforehand.

use deadpool_postgres::GenericClient;
use postrider_model::delivery::Progress;
use postrider_model::{AccountId, ActionId, AuditEntry, AutomationId, DeliveryStatus, Origin, Timestamp};
use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::{
    CancelStep, CanceledDelivery, CountStep, DeliveryFilter, DeliveryKey, Position, encoding, log_audit,
    rules,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::Client;
use crate::deliveries::EVENT_OF_DELIVERY;
use crate::deliveries::keys::Keys;
use crate::deliveries::list::{self, Walk};
use crate::sql_error::SqlResult;
use crate::{accounts, audit, columns, statement};

/// A step; see [`postrider_storage::DeliveryStore::cancel_step`].
pub(crate) async fn step(
    client: &mut Client,
    account: AccountId,
    filter: &DeliveryFilter,
    after: Option<Position>,
    now: Timestamp,
    audit: Option<&AuditEntry>,
) -> SqlResult<CancelStep> {
    let mut keys = Vec::new();
    let next = choose(&*client, account, filter, after, now, |key| {
        if keys.len() == rules::cancel::STEP_DELIVERIES_MAX {
            return Walk::Stop;
        }
        keys.push(key);
        Walk::On
    })
    .await?;
    let mut canceled = Vec::new();
    if keys.is_empty() {
        return Ok(CancelStep { canceled, next });
    }
    let transaction = client.transaction().await?;
    let pending = locked(&transaction, &Keys::sorted(&keys)).await?;
    if !pending.is_empty() {
        cancel(&transaction, account, &pending, now).await?;
        if pending.iter().any(|pending| pending.is_owned) {
            accounts::note_canceled(&transaction, account, now).await?;
        }
        if let Some(audit) = audit {
            audit::insert(&transaction, audit).await?;
        }
        transaction.commit().await?;
        audit.into_iter().for_each(log_audit);
        canceled.extend(pending.into_iter().map(|pending| pending.becomes));
    }
    Ok(CancelStep { canceled, next })
}

/// Counts one step; see [`postrider_storage::DeliveryStore::count_cancel_step`].
pub(crate) async fn count(
    client: &impl GenericClient,
    account: AccountId,
    filter: &DeliveryFilter,
    after: Option<Position>,
    now: Timestamp,
) -> SqlResult<CountStep> {
    let mut matching = 0;
    let next = choose(client, account, filter, after, now, |_| {
        matching += 1;
        Walk::On
    })
    .await?;
    Ok(CountStep { matching, next })
}

/// Passes to `visit` each delivery that a request begun at `now` cancels. Returns where the next step begins.
async fn choose(
    client: &impl GenericClient,
    account: AccountId,
    filter: &DeliveryFilter,
    after: Option<Position>,
    now: Timestamp,
    mut visit: impl FnMut(DeliveryKey) -> Walk,
) -> SqlResult<Option<Position>> {
    let Some(filter) = rules::cancel::filter(filter, now) else {
        return Ok(None);
    };
    let first_chunk = rules::cancel::STEP_DELIVERIES_MAX + 1;
    list::walk(client, account, &filter, after, first_chunk, |of| {
        visit(DeliveryKey {
            account,
            delivery: of.delivery.id,
        })
    })
    .await
}

/// A delivery to cancel.
struct Pending {
    id: Uuid,
    is_owned: bool,
    becomes: CanceledDelivery,
}

/// Locks the deliveries that are still pending. Any may have been claimed or settled since it was chosen.
async fn locked(client: &impl GenericClient, keys: &Keys) -> SqlResult<Vec<Pending>> {
    let sql = format!(
        "SELECT d.id, d.automation_id, d.action_id, d.owner, e.flags, d.status, d.attempts, d.resends, d.resend_of
         FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS n (account_id, id, nth)
               LIMIT cardinality($1)) AS n
         JOIN deliveries AS d ON d.account_id = n.account_id AND d.id = n.id AND d.id BETWEEN $3 AND $4
         JOIN events AS e ON {EVENT_OF_DELIVERY}
         WHERE d.status = 0
         ORDER BY n.nth FOR UPDATE OF d"
    );
    let params: &statement::Params<'_> = &[&keys.accounts, &keys.ids, &keys.first_id, &keys.last_id];
    let rows = statement::query(client, &sql, params).await?;
    rows.iter().map(pending).collect()
}

fn pending(row: &Row) -> SqlResult<Pending> {
    let owner: Option<i64> = row.try_get(3)?;
    let flags: i16 = row.try_get(4)?;
    let progress = Progress::try_from(columns::read(row, 5, ProgressRow::read)?)?;
    Ok(Pending {
        id: row.try_get(0)?,
        is_owned: owner.is_some(),
        becomes: CanceledDelivery {
            automation: columns::id(row, 1, AutomationId::from_bytes)?,
            action: columns::id(row, 2, ActionId::from_bytes)?,
            status: progress.status_when_canceled(),
            resend_of: progress.resend_of,
            is_test: encoding::event::from_flags(flags.into())?.origin == Origin::Test,
        },
    })
}

/// Cancels locked deliveries.
async fn cancel(
    client: &impl GenericClient,
    account: AccountId,
    pending: &[Pending],
    now: Timestamp,
) -> SqlResult<()> {
    let ids: Vec<Uuid> = pending.iter().map(|pending| pending.id).collect();
    let code = |status: DeliveryStatus| i16::from(status.code());
    let statuses: Vec<i16> = pending
        .iter()
        .map(|pending| code(pending.becomes.status))
        .collect();
    let (first, last) = (ids.iter().min(), ids.iter().max());
    let sql = "UPDATE deliveries AS d
         SET status = n.status, resend_of = NULL, owner = NULL, state_at = $1
         FROM (SELECT * FROM unnest($3::uuid[], $4::smallint[]) AS n (id, status) LIMIT cardinality($3)) AS n
         WHERE d.account_id = $2 AND d.id = n.id AND d.id BETWEEN $5 AND $6";
    let account = columns::uuid(account.as_bytes());
    let params: &statement::Params<'_> = &[&now.unix_ms(), &account, &ids, &statuses, &first, &last];
    statement::execute(client, sql, params).await?;
    Ok(())
}
