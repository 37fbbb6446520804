//! Deliveries: the trait's verbs, and reading a row.
//!
//! A row's state is `status`, `owner` and one time, `state_at`, whose meaning follows from the other two: when the
//! next attempt is due (waiting), when it was (owned), since when the status holds (settled). One column instead of
//! two keeps the row the same size from acceptance to receipt, so that the update finds room where the row is.

pub(crate) mod claim;
pub(crate) mod finish;
pub(crate) mod list;
pub(crate) mod replay;
pub(crate) mod resend;
pub(crate) mod waiting;

use async_trait::async_trait;
use postrider_model::delivery::Progress;
use postrider_model::{
    AccountId, ActionId, AutomationId, Delivery, DeliveryId, DeliveryStatus, EventId, Outcome, Timestamp,
};
use postrider_storage::{
    Claim, ClaimRequest, CountStep, DeliveryFilter, DeliveryKey, DeliveryRecord, DeliveryStore, Finished,
    Page, PageRequest, Position, Recorded, ReplayStep, Resent, SessionId, StoreResult, WaitingLane,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::sql_error::SqlResult;
use crate::store::SqliteStore;
use crate::{attempts, columns};

#[async_trait]
impl DeliveryStore for SqliteStore {
    async fn claim(
        &self,
        session: SessionId,
        requests: Vec<ClaimRequest>,
        now: Timestamp,
    ) -> StoreResult<Vec<Claim>> {
        self.write(move |cx| claim::claim(cx.conn, session, &requests, now))
            .await
    }

    async fn waiting_lanes(&self, after: Option<ActionId>, limit: usize) -> StoreResult<Vec<WaitingLane>> {
        self.read(move |conn| waiting::lanes(conn, after, limit)).await
    }

    async fn finish(&self, session: SessionId, finished: Vec<Finished>) -> StoreResult<Vec<Recorded>> {
        self.write_part(finish::work(session, finished.into())).await
    }

    async fn give_back(&self, session: SessionId, keys: Vec<DeliveryKey>, now: Timestamp) -> StoreResult<()> {
        self.write(move |cx| finish::give_back(cx.conn, session, &keys, now))
            .await
    }

    async fn resend(&self, key: DeliveryKey, now: Timestamp) -> StoreResult<Resent> {
        self.write(move |cx| resend::resend(cx.conn, key, now)).await
    }

    async fn replay_step(
        &self,
        account: AccountId,
        filter: &DeliveryFilter,
        actions: &[ActionId],
        after: Option<Position>,
        now: Timestamp,
    ) -> StoreResult<ReplayStep> {
        let filter = filter.clone();
        let actions = actions.iter().copied().collect();
        self.write(move |cx| replay::step(cx.conn, account, &filter, &actions, after, now))
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
}

/// The columns that [`from_row`] reads, of a delivery `d` and its event `e`.
pub(crate) const COLUMNS: &str = "d.id, d.account_id, d.automation_id, d.action_id, d.body, d.status, d.attempts, \
                                  d.resends, d.resend_of, d.owner, d.state_at, d.last_status_code, d.last_outcome, \
                                  e.id, e.type, e.created_at";

/// Reads a delivery with what it takes from its event's row.
pub(crate) fn from_row(row: &Row<'_>) -> SqlResult<Delivery> {
    let progress = progress(row, 5)?;
    let owner: Option<i64> = row.get(9)?;
    let state_at = columns::time(row, 10)?;
    let pending = progress.status == DeliveryStatus::Pending;
    Ok(Delivery {
        id: columns::id(row, 0, DeliveryId::from_bytes)?,
        account: columns::id(row, 1, AccountId::from_bytes)?,
        event: columns::id(row, 13, EventId::from_bytes)?,
        event_type: columns::event_type(row, 14)?,
        automation: columns::id(row, 2, AutomationId::from_bytes)?,
        action: columns::id(row, 3, ActionId::from_bytes)?,
        body: columns::body(row, 4)?,
        progress,
        next_attempt_at: (pending && owner.is_none()).then_some(state_at),
        created_at: columns::time(row, 15)?,
        settled_at: (!pending).then_some(state_at),
        last_status_code: row.get(11)?,
        last_outcome: columns::code_opt(row, 12, Outcome::from_code)?,
    })
}

/// Reads `status, attempts, resends, resend_of`, the first of them in this column.
pub(crate) fn progress(row: &Row<'_>, first: usize) -> SqlResult<Progress> {
    Ok(Progress {
        status: columns::code(row, first, DeliveryStatus::from_code)?,
        attempts: row.get(first + 1)?,
        resends: row.get(first + 2)?,
        resend_of: columns::code_opt(row, first + 3, DeliveryStatus::from_code)?,
    })
}

/// The delivery of this key.
pub(crate) fn by_key(conn: &Connection, key: DeliveryKey) -> SqlResult<Option<Delivery>> {
    let found = by_id(conn, *key.delivery.as_bytes())?;
    Ok(found.filter(|delivery| delivery.account == key.account))
}

/// The delivery of this id, whoever's it is.
pub(crate) fn by_id(conn: &Connection, id: [u8; 16]) -> SqlResult<Option<Delivery>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM deliveries d CROSS JOIN events e ON e.seq = d.event_seq WHERE d.id = ?1"
    ))?;
    let mut rows = statement.query((id,))?;
    rows.next()?.map(from_row).transpose()
}

/// The newest record of a delivery's attempts, if it has any; `None` where the account has no such delivery.
pub(crate) fn last_attempt(conn: &Connection, key: DeliveryKey) -> SqlResult<Option<Option<i64>>> {
    Ok(conn
        .prepare_cached("SELECT last_attempt FROM deliveries WHERE id = ?1 AND account_id = ?2")?
        .query_row((key.delivery.as_bytes(), key.account.as_bytes()), |row| {
            row.get(0)
        })
        .optional()?)
}
