//! Deliveries: the trait's verbs, and reading of rows. Recording results is in [`finish`], and returning
//! deliveries to waiting after a commit in doubt in [`give_back`].
//!
//! The columns `status`, `owner` and `state_at` together hold a row's state. `state_at` is one time whose
//! meaning depends on the other two: when the next attempt is due (waiting), when it was due (owned), or
//! since when the status holds (settled).

pub(crate) mod cancel;
pub(crate) mod claim;
pub(crate) mod finish;
pub(crate) mod give_back;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod list_of_all;
pub(crate) mod replay;
pub(crate) mod resend;
pub(crate) mod waiting;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, ActionId, AuditEntry, Delivery, Timestamp};
use postrider_storage::rows::deliveries::{EventOfDelivery, OfEvent};
use postrider_storage::rows::{self, DeliveryRow};
use postrider_storage::{
    CancelStep, Claim, ClaimRequest, CountStep, DeliveryFilter, DeliveryKey, DeliveryRecord, DeliveryStore,
    DueAhead, DueEarlier, Page, PageRequest, Position, ReplayStep, Resent, SessionId, StoreResult,
    WaitingLane,
};
use tokio_postgres::Row;

use crate::columns::{self, uuid};
use crate::sql_error::SqlResult;
use crate::store::PostgresStore;
use crate::{attempts, audit, statement};

#[async_trait]
impl DeliveryStore for PostgresStore {
    async fn claim(
        &self,
        session: SessionId,
        requests: Vec<ClaimRequest>,
        now: Timestamp,
    ) -> StoreResult<Vec<Claim>> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                claim::claim(&mut client, &self.in_doubt, session, &requests, now).await
            })
            .await
    }

    async fn waiting_lanes(
        &self,
        since: Timestamp,
        after: Option<ActionId>,
        limit: usize,
    ) -> StoreResult<Vec<WaitingLane>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                waiting::lanes(&client, since, after, limit).await
            })
            .await
    }

    async fn due_ahead(
        &self,
        now: Timestamp,
        after: Option<DueAhead>,
        limit: usize,
    ) -> StoreResult<Vec<DueAhead>> {
        self.database
            .run(async || waiting::ahead(&self.database.client().await?, now, after, limit).await)
            .await
    }

    async fn bring_forward(&self, earlier: Vec<DueEarlier>) -> StoreResult<usize> {
        self.database
            .run(async || waiting::bring_forward(&self.database.client().await?, &earlier).await)
            .await
    }

    async fn resend(&self, key: DeliveryKey, now: Timestamp, audit: AuditEntry) -> StoreResult<Resent> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                resend::resend(&mut client, key, now, &audit).await
            })
            .await
    }

    async fn replay_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        actions: &[ActionId],
        after: Option<Position>,
        now: Timestamp,
        audit: Option<AuditEntry>,
    ) -> StoreResult<ReplayStep> {
        let actions = actions.iter().copied().collect();
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                let Some(audit) = &audit else {
                    return replay::step(&client, account, filter, &actions, after, now).await;
                };
                let transaction = client.transaction().await?;
                let step = replay::step(&transaction, account, filter, &actions, after, now).await?;
                if step.replayed > 0 {
                    audit::commit(transaction, audit).await?;
                }
                Ok(step)
            })
            .await
    }

    async fn count_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        actions: &[ActionId],
        after: Option<Position>,
        now: Timestamp,
    ) -> StoreResult<CountStep> {
        let actions = actions.iter().copied().collect();
        self.database
            .run(async || {
                let client = self.database.client().await?;
                replay::count(&client, account, filter, &actions, after, now).await
            })
            .await
    }

    async fn cancel_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        after: Option<Position>,
        now: Timestamp,
        audit: Option<AuditEntry>,
    ) -> StoreResult<CancelStep> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                cancel::step(&mut client, account, filter, after, now, audit.as_ref()).await
            })
            .await
    }

    async fn count_cancel_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        after: Option<Position>,
        now: Timestamp,
    ) -> StoreResult<CountStep> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                cancel::count(&client, account, filter, after, now).await
            })
            .await
    }

    async fn delivery(&self, key: DeliveryKey) -> StoreResult<Option<Delivery>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                by_key(&client, key).await
            })
            .await
    }

    async fn record(&self, key: DeliveryKey) -> StoreResult<Option<DeliveryRecord>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                attempts::record(&client, key).await
            })
            .await
    }

    async fn deliveries(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Delivery>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                list::list(&client, account, filter, page).await
            })
            .await
    }

    async fn deliveries_of_all(
        &self,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Delivery>> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                list_of_all::list(&mut client, filter, page).await
            })
            .await
    }
}

/// The columns of a delivery `d` and its event `e`, for [`from_row`].
pub(crate) fn columns() -> String {
    format!("{}, {}", DeliveryRow::QUALIFIED, EventOfDelivery::QUALIFIED)
}

/// The number of these columns.
pub(crate) const COLUMN_COUNT: usize = rows::deliveries::COUNT;

/// The join condition between a delivery `d` and its event `e`.
pub(crate) const EVENT_OF_DELIVERY: &str =
    "e.account_id = d.account_id AND e.created_at = d.event_created_at AND e.seq = d.event_seq";

/// Reads a delivery, from a row that begins with [`columns()`].
pub(crate) fn from_row(row: &Row) -> SqlResult<OfEvent> {
    columns::read(row, 0, rows::deliveries::read)
}

/// The delivery with this key.
pub(crate) async fn by_key(client: &impl GenericClient, key: DeliveryKey) -> SqlResult<Option<Delivery>> {
    let sql = format!(
        "SELECT {} FROM deliveries AS d JOIN events AS e ON {EVENT_OF_DELIVERY}
         WHERE d.account_id = $1 AND d.id = $2",
        columns()
    );
    let (account, id) = (uuid(key.account.as_bytes()), uuid(key.delivery.as_bytes()));
    let row = statement::query_opt(client, &sql, &[&account, &id]).await?;
    let found = row.as_ref().map(from_row).transpose()?;
    Ok(found.map(|of| of.delivery))
}
