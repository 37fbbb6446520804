//! What a day keeps when it is dropped: events with a delivery that is pending, or was settled too lately.
//! They move into the default partitions, whole, in the transaction that drops the day.

use std::collections::HashSet;

use deadpool_postgres::Transaction;
use postrider_model::Timestamp;
use uuid::Uuid;

use super::rows::{Key, Old};
use crate::partitions::day::{Day, least_id};
use crate::sql_error::SqlResult;
use crate::statement;

/// Most deliveries that keep events of a day which can still be dropped. All tables are locked meanwhile.
const DELIVERIES_MAX: i64 = 1000;

/// Most rows that are moved: events, deliveries, and about as many attempts.
const ROWS_MAX: usize = 10_000;

/// Events that a day keeps.
pub(super) struct Kept {
    events: Vec<Old>,
    /// Whether there are some, and none has a pending delivery.
    pub(super) are_only_late: bool,
}

impl Kept {
    /// Adds events. False if there are now too many to move.
    pub(super) fn add(&mut self, events: Vec<Old>) -> bool {
        let known: HashSet<Key> = self.events.iter().map(Old::key).collect();
        self.events
            .extend(events.into_iter().filter(|old| !known.contains(&old.key())));
        self.are_few()
    }

    fn are_few(&self) -> bool {
        self.events.iter().map(Old::rows).sum::<usize>() <= ROWS_MAX
    }

    /// Whether all of these events are among the others, with as many deliveries.
    pub(super) fn are_among(&self, others: &Self) -> bool {
        let others: HashSet<&Old> = others.events.iter().collect();
        self.events.iter().all(|old| others.contains(old))
    }

    /// How many of the events, and of their deliveries, are of this day.
    pub(super) fn count_in(&self, day: Day) -> (usize, usize) {
        let times = day.begins_at()..day.ends_at();
        let ids = least_id(times.start)..least_id(times.end);
        let events = self.events.iter();
        (
            events
                .clone()
                .filter(|old| times.contains(&old.key().created_at))
                .count(),
            events
                .flat_map(Old::deliveries)
                .filter(|id| ids.contains(id))
                .count(),
        )
    }

    /// The keys of the events' rows, by column.
    pub(super) fn keys(&self) -> (Vec<Uuid>, Vec<i64>, Vec<i64>) {
        let keys = self.events.iter().map(Old::key);
        let columns = keys.map(|key| (key.account, (key.created_at, key.seq)));
        let (accounts, (times, seqs)) = columns.unzip();
        (accounts, times, seqs)
    }
}

/// The events of a day that are kept because of a delivery of that day; `None` if there are too many to move.
/// A pending delivery whose event was removed with another day keeps nothing: it could never be attempted.
///
/// One subquery for each index that has such deliveries. A delivery that is not in the index of late ones was
/// settled within an hour of its day, and [`super::days::wholly_before`] leaves that hour.
pub(super) async fn find(
    transaction: &Transaction<'_>,
    day: Day,
    before: Timestamp,
) -> SqlResult<Option<Kept>> {
    let sql = format!(
        "WITH kept AS (
             (SELECT *, true AS is_pending FROM {deliveries} WHERE status = 0 AND owner IS NULL LIMIT $2)
             UNION ALL
             (SELECT *, true FROM {deliveries} WHERE owner IS NOT NULL LIMIT $2)
             UNION ALL
             (SELECT *, false FROM {deliveries}
              WHERE status > 0 AND state_at - event_created_at >= 3600000 AND state_at >= $1 LIMIT $2)
         )
         SELECT {columns}, bool_or(k.is_pending), (SELECT count(*) FROM kept)
         FROM kept AS k
         LEFT JOIN events AS e
             ON e.account_id = k.account_id AND e.created_at = k.event_created_at AND e.seq = k.event_seq
         GROUP BY {columns}",
        deliveries = day.partition("deliveries"),
        columns = Old::COLUMNS,
    );
    let rows = transaction
        .query(&sql, &[&before.unix_ms(), &(DELIVERIES_MAX + 1)])
        .await?;
    let mut kept = Kept {
        events: Vec::with_capacity(rows.len()),
        are_only_late: true,
    };
    for row in &rows {
        let deliveries: i64 = row.try_get(6)?;
        if deliveries > DELIVERIES_MAX {
            return Ok(None);
        }
        if row.try_get::<_, Option<Uuid>>(0)?.is_some() {
            kept.are_only_late &= !row.try_get::<_, bool>(5)?;
            kept.events.push(Old::from_row(row)?);
        }
    }
    kept.are_only_late &= !kept.events.is_empty();
    Ok(kept.are_few().then_some(kept))
}

/// The tables that hold the rows meanwhile, and what they are copies of.
const TABLES: [(&str, &str); 3] = [
    ("kept_events", "events"),
    ("kept_deliveries", "deliveries"),
    ("kept_attempts", "attempts"),
];

/// Takes the events out of the tables, with their deliveries and attempts, before their day is dropped. They
/// are deleted, and not only dropped with their day, so that a subscriber of the tables sees them go and come
/// back.
pub(super) async fn take_out(transaction: &Transaction<'_>, kept: &Kept) -> SqlResult<()> {
    if kept.events.is_empty() {
        return Ok(());
    }
    for (kept, table) in TABLES {
        let sql = format!("CREATE TEMPORARY TABLE {kept} (LIKE {table}) ON COMMIT DROP");
        transaction.batch_execute(&sql).await?;
    }
    let (accounts, times, seqs) = kept.keys();
    let (first, last) = (times.iter().min().copied(), times.iter().max().copied());
    let params: &statement::Params<'_> = &[&accounts, &times, &seqs, &first, &last];
    transaction.execute(TAKE_EVENTS, params).await?;
    let (accounts, ids): (Vec<Uuid>, Vec<Uuid>) = kept
        .events
        .iter()
        .flat_map(|old| old.deliveries().map(|id| (old.key().account, id)))
        .unzip();
    let (first, last) = (ids.iter().min().copied(), ids.iter().max().copied());
    let params: &statement::Params<'_> = &[&accounts, &ids, &first, &last];
    transaction.execute(TAKE_DELIVERIES, params).await?;
    transaction.execute(TAKE_ATTEMPTS, params).await?;
    Ok(())
}

/// Puts the events back once their day is dropped: into the default partitions.
pub(super) async fn put_back(transaction: &Transaction<'_>, kept: &Kept) -> SqlResult<()> {
    if kept.events.is_empty() {
        return Ok(());
    }
    for (kept, table) in TABLES {
        let sql = format!("INSERT INTO {table} SELECT * FROM {kept}");
        transaction.batch_execute(&sql).await?;
    }
    Ok(())
}

const TAKE_EVENTS: &str = "
    WITH taken AS (
        DELETE FROM events AS e
        USING unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS k (account_id, created_at, seq)
        WHERE e.account_id = k.account_id AND e.created_at = k.created_at AND e.seq = k.seq
            AND e.created_at BETWEEN $4 AND $5
        RETURNING e.*
    )
    INSERT INTO kept_events SELECT * FROM taken";

const TAKE_DELIVERIES: &str = "
    WITH taken AS (
        DELETE FROM deliveries AS d USING unnest($1::uuid[], $2::uuid[]) AS k (account_id, id)
        WHERE d.account_id = k.account_id AND d.id = k.id AND d.id BETWEEN $3 AND $4
        RETURNING d.*
    )
    INSERT INTO kept_deliveries SELECT * FROM taken";

const TAKE_ATTEMPTS: &str = "
    WITH taken AS (
        DELETE FROM attempts AS a USING unnest($1::uuid[], $2::uuid[]) AS k (account_id, id)
        WHERE a.account_id = k.account_id AND a.delivery_id = k.id AND a.delivery_id BETWEEN $3 AND $4
        RETURNING a.*
    )
    INSERT INTO kept_attempts SELECT * FROM taken";

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(counts: &[u32]) -> Kept {
        let events = (0_u8..).zip(counts);
        Kept {
            events: events.map(|(nth, count)| Old::of_test(nth, *count)).collect(),
            are_only_late: false,
        }
    }

    /// Otherwise the added delivery would be dropped with its day.
    #[test]
    fn an_event_that_got_one_more_delivery_is_not_among_those_found_before() {
        let before = kept(&[1, 2]);
        assert!(kept(&[1, 2]).are_among(&before));
        assert!(kept(&[1]).are_among(&before));
        assert!(!kept(&[1, 3]).are_among(&before));
        assert!(!kept(&[1, 2, 0]).are_among(&before));
    }
}
