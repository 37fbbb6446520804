//! Removing events row by row, each with its deliveries and their attempts.

use std::collections::HashSet;

use deadpool_postgres::Transaction;
use postrider_model::Timestamp;
use postrider_storage::Pruned;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::database::Client;
use crate::partitions::day::Day;
use crate::sql_error::SqlResult;
use crate::statement;

/// Most events that one step looks at: enough to get past many pending ones, few enough for a short
/// transaction.
const LOOKED_AT_MAX: usize = 1000;

/// The columns of an event's row that removing it needs: [`Old::COLUMNS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Old {
    account: Uuid,
    created_at: i64,
    seq: i64,
    first_delivery: Option<Uuid>,
    count: u32,
}

impl Old {
    /// The columns, of an event `e`.
    pub(super) const COLUMNS: &str = "e.account_id, e.created_at, e.seq, e.first_delivery_id,
         e.delivery_count + coalesce(e.missed_count, 0)";

    pub(super) fn from_row(row: &Row) -> SqlResult<Self> {
        Ok(Self {
            account: row.try_get(0)?,
            created_at: row.try_get(1)?,
            seq: row.try_get(2)?,
            first_delivery: row.try_get(3)?,
            count: crate::columns::count(row, 4)?,
        })
    }

    /// The ids of its deliveries.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = Uuid> + use<> {
        let count = self.count;
        self.first_delivery.into_iter().flat_map(move |first| {
            (0..u128::from(count)).map(move |nth| Uuid::from_u128(first.as_u128() + nth))
        })
    }

    /// About how many rows are removed with it: the event, its deliveries, and one attempt each.
    pub(super) fn rows(&self) -> usize {
        1 + 2 * usize::try_from(self.count).unwrap_or(usize::MAX / 4)
    }

    /// The `nth` event of an account.
    #[cfg(test)]
    pub(super) fn of_test(nth: u8, count: u32) -> Self {
        Self {
            account: Uuid::nil(),
            created_at: nth.into(),
            seq: nth.into(),
            first_delivery: None,
            count,
        }
    }

    /// The key of its row.
    pub(super) fn key(&self) -> Key {
        Key {
            account: self.account,
            created_at: self.created_at,
            seq: self.seq,
        }
    }
}

/// The first of these events that make up about `limit` rows; at least one.
pub(super) fn first_rows(events: &[Old], limit: usize) -> &[Old] {
    let mut rows = 0;
    let fits = events.iter().take_while(|old| {
        let fits = rows < limit;
        rows += old.rows();
        fits
    });
    let count = fits.count();
    &events[..count]
}

/// The key of an event's row. The progress of a walk is the key of the last event that it looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) account: Uuid,
    pub(super) created_at: i64,
    pub(super) seq: i64,
}

impl Key {
    /// Before all events.
    pub(super) const START: Self = Self {
        account: Uuid::nil(),
        created_at: i64::MIN,
        seq: i64::MIN,
    };
}

/// The result of one step of a walk through a partition.
#[derive(Default)]
pub(super) struct Walk {
    /// What the step removed.
    pub(super) pruned: Pruned,
    /// Where to continue; `None` at the end.
    pub(super) place: Option<Key>,
}

/// Looks at some old events of a day's partition, or of the default partition, and removes those of which no
/// delivery is pending or was settled at `before` or later.
///
/// The default partition has an index by age. A day is walked by account, in the order of its primary key;
/// within an account, the oldest events also come first.
pub(super) async fn walk(
    client: &mut Client,
    day: Option<Day>,
    before: Timestamp,
    place: Key,
    limit: usize,
) -> SqlResult<Walk> {
    let Some(transaction) = super::begin(client).await? else {
        return Ok(Walk::default());
    };
    let most = limit.min(LOOKED_AT_MAX);
    let found = match look(&transaction, day, before, place, most).await {
        // Another node dropped the day after this node had listed the days.
        Err(error) if error.state() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(Walk::default()),
        found => found?,
    };
    let looked_at = first_rows(&found, limit);
    let settled = lock_settled(&transaction, looked_at, before).await?;
    let pruned = remove(&transaction, &settled).await?;
    let is_end = looked_at.len() == found.len() && found.len() < most;
    if is_end {
        remove_lost(&transaction, day).await?;
    }
    transaction.commit().await?;
    let place = looked_at.last().filter(|_| !is_end).map(Old::key);
    Ok(Walk { pruned, place })
}

/// The next events, at most `most`.
async fn look(
    transaction: &Transaction<'_>,
    day: Option<Day>,
    before: Timestamp,
    place: Key,
    most: usize,
) -> SqlResult<Vec<Old>> {
    let (partition, order, behind) = match day {
        None => (
            "events_default".to_owned(),
            "created_at, account_id, seq",
            "$3, $2, $4",
        ),
        Some(day) => (
            day.partition("events"),
            "account_id, created_at, seq",
            "$2, $3, $4",
        ),
    };
    let sql = format!(
        "SELECT {columns} FROM {partition} AS e
         WHERE created_at < $1 AND ({order}) > ({behind}) ORDER BY {order} LIMIT $5",
        columns = Old::COLUMNS
    );
    let (before_ms, most) = (before.unix_ms(), i64::try_from(most).unwrap_or(i64::MAX));
    let params: &statement::Params<'_> = &[&before_ms, &place.account, &place.created_at, &place.seq, &most];
    let rows = transaction.query(&sql, params).await?;
    rows.iter().map(Old::from_row).collect()
}

/// The events whose deliveries were all settled before `before`, and stay so until this transaction ends.
pub(super) async fn lock_settled(
    transaction: &Transaction<'_>,
    events: &[Old],
    before: Timestamp,
) -> SqlResult<Vec<Old>> {
    let ids = DeliveryIds::of(events);
    if ids.ids.is_empty() {
        return Ok(events.to_vec());
    }
    let sql = "SELECT d.account_id, d.id, d.status = 0 OR d.state_at >= $5 FROM deliveries AS d
               JOIN unnest($1::uuid[], $2::uuid[]) AS old (account_id, id)
                   ON d.account_id = old.account_id AND d.id = old.id
               WHERE d.id BETWEEN $3 AND $4
               ORDER BY d.account_id, d.id FOR UPDATE OF d";
    let rows = statement::query(
        transaction,
        sql,
        &[&ids.accounts, &ids.ids, &ids.first, &ids.last, &before.unix_ms()],
    )
    .await?;
    let mut kept: HashSet<(Uuid, Uuid)> = HashSet::new();
    for row in &rows {
        if row.try_get(2)? {
            kept.insert((row.try_get(0)?, row.try_get(1)?));
        }
    }
    let is_settled = |old: &&Old| old.deliveries().all(|id| !kept.contains(&(old.account, id)));
    Ok(events.iter().filter(is_settled).copied().collect())
}

/// Removes events with their keys, their deliveries and the deliveries' attempts.
///
/// An event that got missed deliveries since it was read is left: its row tells, which whoever adds some
/// locks first.
pub(super) async fn remove(transaction: &Transaction<'_>, events: &[Old]) -> SqlResult<Pruned> {
    let removed = remove_events(transaction, events).await?;
    if removed.is_empty() {
        return Ok(Pruned::default());
    }
    let ids = DeliveryIds::of(&removed);
    let params: &statement::Params<'_> = &[&ids.accounts, &ids.ids, &ids.first, &ids.last];
    statement::execute(transaction, REMOVE_ATTEMPTS, params).await?;
    let deliveries = statement::execute(transaction, REMOVE_DELIVERIES, params).await?;
    let keys = Keys::of(&removed);
    let params: &statement::Params<'_> = &[&keys.accounts, &keys.times, &keys.seqs];
    statement::execute(transaction, REMOVE_KEYS, params).await?;
    Ok(Pruned {
        events: removed.len(),
        deliveries: usize::try_from(deliveries).unwrap_or(usize::MAX),
        ..Pruned::default()
    })
}

/// Removes the rows of those events that have as many deliveries as when they were read, and returns these
/// events.
async fn remove_events(transaction: &Transaction<'_>, events: &[Old]) -> SqlResult<Vec<Old>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let keys = Keys::of(events);
    let counts: Vec<i64> = events.iter().map(|old| old.count.into()).collect();
    let params: &statement::Params<'_> = &[&keys.accounts, &keys.times, &keys.seqs, &counts];
    let mut removed = HashSet::with_capacity(events.len());
    for row in &statement::query(transaction, REMOVE_EVENTS, params).await? {
        removed.insert(Key {
            account: row.try_get(0)?,
            created_at: row.try_get(1)?,
            seq: row.try_get(2)?,
        });
    }
    let is_removed = |old: &&Old| removed.contains(&old.key());
    Ok(events.iter().filter(is_removed).copied().collect())
}

const REMOVE_ATTEMPTS: &str = "
    DELETE FROM attempts AS a USING unnest($1::uuid[], $2::uuid[]) AS old (account_id, id)
    WHERE a.account_id = old.account_id AND a.delivery_id = old.id AND a.delivery_id BETWEEN $3 AND $4";

const REMOVE_DELIVERIES: &str = "
    DELETE FROM deliveries AS d USING unnest($1::uuid[], $2::uuid[]) AS old (account_id, id)
    WHERE d.account_id = old.account_id AND d.id = old.id AND d.id BETWEEN $3 AND $4";

const REMOVE_KEYS: &str = "
    DELETE FROM event_keys AS k USING unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS old (account_id, created_at, seq)
    WHERE k.created_at = old.created_at AND k.account_id = old.account_id AND k.seq = old.seq";

const REMOVE_EVENTS: &str = "
    DELETE FROM events AS e
    USING unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) AS old (account_id, created_at, seq, deliveries)
    WHERE e.account_id = old.account_id AND e.created_at = old.created_at AND e.seq = old.seq
        AND e.delivery_count + coalesce(e.missed_count, 0) = old.deliveries
    RETURNING e.account_id, e.created_at, e.seq";

/// The keys of some events' rows, by column.
struct Keys {
    accounts: Vec<Uuid>,
    times: Vec<i64>,
    seqs: Vec<i64>,
}

impl Keys {
    fn of(events: &[Old]) -> Self {
        Self {
            accounts: events.iter().map(|old| old.account).collect(),
            times: events.iter().map(|old| old.created_at).collect(),
            seqs: events.iter().map(|old| old.seq).collect(),
        }
    }
}

/// All deliveries of some events, for statements that find each by its key. The smallest and the greatest id
/// tell the server which partitions to look into.
struct DeliveryIds {
    accounts: Vec<Uuid>,
    ids: Vec<Uuid>,
    first: Uuid,
    last: Uuid,
}

impl DeliveryIds {
    fn of(events: &[Old]) -> Self {
        let keys = events
            .iter()
            .flat_map(|old| old.deliveries().map(|id| (old.account, id)));
        let (accounts, ids): (Vec<_>, Vec<_>) = keys.unzip();
        Self {
            first: ids.iter().min().copied().unwrap_or_default(),
            last: ids.iter().max().copied().unwrap_or_default(),
            accounts,
            ids,
        }
    }
}

/// Removes pending deliveries of a day, or of the default partition, whose events were removed with another
/// day. They occur if a clock is set back by more than an hour, and could never be attempted.
async fn remove_lost(transaction: &Transaction<'_>, day: Option<Day>) -> SqlResult<()> {
    let partition = match day {
        None => "deliveries_default".to_owned(),
        Some(day) => day.partition("deliveries"),
    };
    let mut lost = 0;
    // Two statements, because each condition has its own index.
    for is_pending in ["status = 0 AND owner IS NULL", "owner IS NOT NULL"] {
        let sql = format!(
            "DELETE FROM {partition} AS d WHERE {is_pending} AND NOT EXISTS (
                 SELECT 1 FROM events AS e
                 WHERE e.account_id = d.account_id AND e.created_at = d.event_created_at AND e.seq = d.event_seq
             )"
        );
        lost += transaction.execute(&sql, &[]).await?;
    }
    if lost > 0 {
        tracing::warn!(
            partition,
            deliveries = lost,
            "pending deliveries without their events were removed"
        );
    }
    Ok(())
}
