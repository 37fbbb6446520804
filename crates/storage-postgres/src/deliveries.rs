//! Deliveries: the trait's verbs, and reading a row.
//!
//! A row's state is `status`, `owner` and one time, `state_at`, whose meaning follows from the other two: when the
//! next attempt is due (waiting), when it was (owned), since when the status holds (settled).

pub(crate) mod claim;
pub(crate) mod finish;
pub(crate) mod give_back;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod replay;
pub(crate) mod resend;
pub(crate) mod waiting;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use postrider_model::delivery::Progress;
use postrider_model::{
    AccountId, ActionId, AutomationId, Delivery, DeliveryId, DeliveryStatus, EventId, Outcome, Timestamp,
};
use postrider_storage::{
    Claim, ClaimRequest, CountStep, DeliveryFilter, DeliveryKey, DeliveryRecord, DeliveryStore, Finished,
    Page, PageRequest, Position, Recorded, ReplayStep, Resent, SessionId, StoreResult, WaitingLane,
};
use tokio_postgres::Row;

use crate::columns::{self, uuid};
use crate::sql_error::{SqlError, SqlResult};
use crate::store::PostgresStore;
use crate::{attempts, statement};

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

    async fn waiting_lanes(&self, after: Option<ActionId>, limit: usize) -> StoreResult<Vec<WaitingLane>> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                waiting::lanes(&client, after, limit).await
            })
            .await
    }

    async fn finish(&self, session: SessionId, finished: Vec<Finished>) -> StoreResult<Vec<Recorded>> {
        Ok(self.step(session, &[], &finished).await?.1)
    }

    async fn give_back(&self, session: SessionId, keys: Vec<DeliveryKey>, now: Timestamp) -> StoreResult<()> {
        self.database
            .run(async || {
                let client = self.database.client().await?;
                give_back::give_back(&client, session, &keys, now).await
            })
            .await
    }

    async fn resend(&self, key: DeliveryKey, now: Timestamp) -> StoreResult<Resent> {
        self.database
            .run(async || {
                let mut client = self.database.client().await?;
                resend::resend(&mut client, key, now).await
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
    ) -> StoreResult<ReplayStep> {
        let actions = actions.iter().copied().collect();
        self.database
            .run(async || {
                let client = self.database.client().await?;
                replay::step(&client, account, filter, &actions, after, now).await
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
}

/// The columns that [`from_row`] reads, of a delivery `d` and its event `e`.
pub(crate) const COLUMNS: &str = "d.id, d.account_id, d.automation_id, d.action_id, d.body, d.status, d.attempts, \
                                  d.resends, d.resend_of, d.owner, d.state_at, d.last_status_code, d.last_outcome, \
                                  e.id, e.type, d.event_created_at";

/// How many columns that are.
pub(crate) const COLUMN_COUNT: usize = 16;

/// The condition that makes `e` the event of `d`.
pub(crate) const EVENT_OF_DELIVERY: &str =
    "e.account_id = d.account_id AND e.created_at = d.event_created_at AND e.seq = d.event_seq";

/// Reads a delivery, from a row that begins with [`COLUMNS`].
pub(crate) fn from_row(row: &Row) -> SqlResult<Delivery> {
    let progress = progress(row, 5)?;
    let owner: Option<i64> = row.try_get(9)?;
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
        last_status_code: status_code(row, 11)?,
        last_outcome: columns::code_opt(row, 12, Outcome::from_code)?,
    })
}

/// Reads `status, attempts, resends, resend_of`, the first of them in this column.
pub(crate) fn progress(row: &Row, first: usize) -> SqlResult<Progress> {
    Ok(Progress {
        status: columns::code(row, first, DeliveryStatus::from_code)?,
        attempts: columns::count(row, first + 1)?,
        resends: columns::count(row, first + 2)?,
        resend_of: columns::code_opt(row, first + 3, DeliveryStatus::from_code)?,
    })
}

/// Reads the status code of an answer, if one came.
pub(crate) fn status_code(row: &Row, column: usize) -> SqlResult<Option<u16>> {
    let code: Option<i16> = row.try_get(column)?;
    let code = code.map(u16::try_from).transpose();
    code.map_err(|_| SqlError::Damaged("a status code"))
}

/// The delivery of this key.
pub(crate) async fn by_key(client: &impl GenericClient, key: DeliveryKey) -> SqlResult<Option<Delivery>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM deliveries AS d JOIN events AS e ON {EVENT_OF_DELIVERY}
         WHERE d.account_id = $1 AND d.id = $2"
    );
    let (account, id) = (uuid(key.account.as_bytes()), uuid(key.delivery.as_bytes()));
    let row = statement::query_opt(client, &sql, &[&account, &id]).await?;
    row.as_ref().map(from_row).transpose()
}
