//! Deliveries: the trait's verbs, and reading of rows. Recording results is in [`finish`].
//!
//! The columns `status`, `owner` and `state_at` together hold a row's state. `state_at` is one time whose
//! meaning depends on the other two: when the next attempt is due (waiting), when it was due (owned), or
//! since when the status holds (settled). With one column instead of two, the row keeps the same size from
//! acceptance until it is settled, so that the update fits where the row is.

pub(crate) mod cancel;
pub(crate) mod claim;
pub(crate) mod finish;
pub(crate) mod list;
pub(crate) mod list_of_all;
pub(crate) mod replay;
pub(crate) mod resend;
pub(crate) mod waiting;

use async_trait::async_trait;
use postrider_model::{AccountId, ActionId, AuditEntry, Delivery, Timestamp};
use postrider_storage::rows::deliveries::{EventOfDelivery, OfEvent};
use postrider_storage::rows::{self, DeliveryRow};
use postrider_storage::{
    CancelStep, Claim, ClaimRequest, CountStep, DeliveryFilter, DeliveryKey, DeliveryRecord, DeliveryStore,
    DueAhead, DueEarlier, Page, PageRequest, Position, ReplayStep, Resent, SessionId, StoreResult,
    WaitingLane,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::{attempts, audit, columns};

#[async_trait]
impl DeliveryStore for SqliteStore {
    async fn claim(
        &self,
        session: SessionId,
        requests: Vec<ClaimRequest>,
        now: Timestamp,
    ) -> StoreResult<Vec<Claim>> {
        let lease_now = self.lease_now(now);
        self.write(move |cx| claim::claim(cx.conn, session, &requests, now, lease_now))
            .await
    }

    async fn waiting_lanes(
        &self,
        since: Timestamp,
        after: Option<ActionId>,
        limit: usize,
    ) -> StoreResult<Vec<WaitingLane>> {
        self.read(move |conn| waiting::lanes(conn, since, after, limit))
            .await
    }

    async fn due_ahead(
        &self,
        now: Timestamp,
        after: Option<DueAhead>,
        limit: usize,
    ) -> StoreResult<Vec<DueAhead>> {
        self.read(move |conn| waiting::ahead(conn, now, after, limit))
            .await
    }

    async fn bring_forward(&self, earlier: Vec<DueEarlier>) -> StoreResult<usize> {
        self.write(move |cx| waiting::bring_forward(cx.conn, &earlier))
            .await
    }

    async fn resend(&self, key: DeliveryKey, now: Timestamp, audit: AuditEntry) -> StoreResult<Resent> {
        self.write(move |cx| {
            let outcome = resend::resend(cx.conn, key, now)?;
            audit::insert_if(matches!(outcome, Resent::Due(_)), cx.conn, &audit)?;
            Ok(outcome)
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
        let filter = filter.clone();
        let actions = actions.iter().copied().collect();
        self.write(move |cx| {
            let step = replay::step(cx.conn, account, &filter, &actions, after, now)?;
            if let Some(audit) = &audit {
                audit::insert_if(step.replayed > 0, cx.conn, audit)?;
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
        let filter = filter.clone();
        let actions = actions.iter().copied().collect();
        self.read(move |conn| replay::count(conn, account, &filter, &actions, after, now))
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
        let filter = filter.clone();
        self.write(move |cx| {
            let step = cancel::step(cx.conn, account, &filter, after, now)?;
            if let Some(audit) = &audit {
                audit::insert_if(!step.canceled.is_empty(), cx.conn, audit)?;
            }
            Ok(step)
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
        let filter = filter.clone();
        self.read(move |conn| cancel::count(conn, account, &filter, after, now))
            .await
    }

    async fn delivery(&self, key: DeliveryKey) -> StoreResult<Option<Delivery>> {
        self.read(move |conn| by_key(conn, key)).await
    }

    async fn record(&self, key: DeliveryKey) -> StoreResult<Option<DeliveryRecord>> {
        self.read(move |conn| {
            let Some(delivery) = by_key(conn, key)? else {
                return Ok(None);
            };
            let attempts = attempts::of_delivery(conn, key)?;
            Ok(Some(DeliveryRecord { delivery, attempts }))
        })
        .await
    }

    async fn deliveries(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Delivery>> {
        let filter = filter.clone();
        self.read(move |conn| list::list(conn, account, &filter, page))
            .await
    }

    async fn deliveries_of_all(
        &self,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> StoreResult<Page<Delivery>> {
        let filter = filter.clone();
        self.read(move |conn| list_of_all::list(conn, &filter, page))
            .await
    }
}

/// The columns of a delivery `d` and its event `e`, for [`from_row`].
pub(crate) fn columns() -> String {
    format!("{}, {}", DeliveryRow::QUALIFIED, EventOfDelivery::QUALIFIED)
}

/// Reads a delivery from a row that begins with [`columns()`].
pub(crate) fn from_row(row: &Row<'_>) -> SqlResult<OfEvent> {
    columns::read(row, 0, rows::deliveries::read)
}

/// The delivery with this key.
pub(crate) fn by_key(conn: &Connection, key: DeliveryKey) -> SqlResult<Option<Delivery>> {
    let found = by_id(conn, *key.delivery.as_bytes())?.map(|of| of.delivery);
    Ok(found.filter(|delivery| delivery.account == key.account))
}

/// The delivery with this id, of any account.
pub(crate) fn by_id(conn: &Connection, id: [u8; 16]) -> SqlResult<Option<OfEvent>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {} FROM deliveries d CROSS JOIN events e ON e.seq = d.event_seq WHERE d.id = ?1",
        columns()
    ))?;
    let mut rows = statement.query((id,))?;
    rows.next()?.map(from_row).transpose()
}

/// The row of a delivery's last attempt, if it has any; `None` if the account has no such delivery.
pub(crate) fn last_attempt(conn: &Connection, key: DeliveryKey) -> SqlResult<Option<Option<i64>>> {
    Ok(conn
        .prepare_cached("SELECT last_attempt FROM deliveries WHERE id = ?1 AND account_id = ?2")?
        .query_row((key.delivery.as_bytes(), key.account.as_bytes()), |row| {
            row.get(0)
        })
        .optional()?)
}
