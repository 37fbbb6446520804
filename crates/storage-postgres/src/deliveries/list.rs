//! Lists of deliveries, newest first, ordered by id, whose first 48 bits are the time. The filter determines
//! the index:
//!
//! - one event: a range of ids, because an event's deliveries are numbered consecutively;
//! - failed or canceled: an index of only those deliveries;
//! - anything else: the primary key.
//!
//! The remaining conditions are checked in growing chunks of rows, for up to [`ROWS_LOOKED_AT_MAX`] rows per
//! page.

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, Delivery, DeliveryId, DeliveryStatus, StatusCodes, Timestamp};
use postrider_storage::rows::deliveries::OfEvent;
use postrider_storage::{DeliveryFilter, Page, PageRequest, Position, rules};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::columns::{self, uuid};
use crate::deliveries::{self, COLUMN_COUNT, EVENT_OF_DELIVERY, from_row};
use crate::events;
use crate::events::list::{CHUNK_GROWTH, ROWS_LOOKED_AT_MAX};
use crate::sql_error::SqlResult;
use crate::statement;

/// Whether a walk continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// Continue with the next item.
    On,
    /// End the walk.
    Stop,
}

/// A page of deliveries; see [`postrider_storage::DeliveryStore::deliveries`].
pub(crate) async fn list(
    client: &impl GenericClient,
    account: AccountId,
    filter: &DeliveryFilter,
    page: PageRequest,
) -> SqlResult<Page<Delivery>> {
    let mut items = Vec::new();
    let next = walk(client, account, filter, page.after, page.limit + 1, |of| {
        if items.len() == page.limit {
            return Walk::Stop;
        }
        items.push(of.delivery);
        Walk::On
    })
    .await?;
    Ok(Page { items, next })
}

/// Passes the matching deliveries to `visit`, newest first, beginning after `after`. Returns the position of
/// the last delivery passed over if `visit` stopped or enough rows were looked at; `None` at the end. The
/// first chunk has `first_chunk` rows.
pub(crate) async fn walk(
    client: &impl GenericClient,
    account: AccountId,
    filter: &DeliveryFilter,
    after: Option<Position>,
    first_chunk: usize,
    mut visit: impl FnMut(OfEvent) -> Walk,
) -> SqlResult<Option<Position>> {
    let Some((oldest, mut end)) = ids(client, account, filter, after).await? else {
        return Ok(None);
    };
    let mut last_taken = after;
    let (mut looked_at, mut chunk) = (0, first_chunk);
    loop {
        let size = chunk.min(ROWS_LOOKED_AT_MAX - looked_at);
        let rows = looked_through(client, account, filter, (oldest, end), size).await?;
        for row in &rows {
            let position = position(row)?;
            if row.try_get(COLUMN_COUNT)? && visit(from_row(row)?) == Walk::Stop {
                return Ok(last_taken);
            }
            last_taken = Some(position);
        }
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        let nth: i64 = last.try_get(COLUMN_COUNT + 1)?;
        if usize::try_from(nth).unwrap_or_default() < size {
            return Ok(None);
        }
        end = position(last)?.0;
        looked_at += size;
        chunk *= CHUNK_GROWTH;
        if looked_at >= ROWS_LOOKED_AT_MAX {
            return Ok(last_taken);
        }
    }
}

/// The position of a delivery in lists: its id.
pub(super) fn position(row: &Row) -> SqlResult<Position> {
    let id = columns::id(row, 0, DeliveryId::from_bytes)?;
    Ok(Position(id.as_u128()))
}

/// The range of ids that can match, its end exclusive; `None` if nothing can match.
async fn ids(
    client: &impl GenericClient,
    account: AccountId,
    filter: &DeliveryFilter,
    after: Option<Position>,
) -> SqlResult<Option<(u128, u128)>> {
    let window = rules::ids::of_deliveries(filter.after, filter.before);
    let (mut oldest, mut end) = (window.start, window.end);
    if let Some(event) = filter.event {
        let stored = events::by_id(client, account, event).await?;
        let Some((first, count)) = stored.and_then(|stored| {
            let first = stored.first_delivery?;
            Some((
                first.as_u128(),
                u128::from(stored.event.deliveries + stored.event.missed),
            ))
        }) else {
            return Ok(None);
        };
        oldest = oldest.max(first);
        end = end.min(first + count);
    }
    if let Some(after) = after {
        end = end.min(after.0);
    }
    Ok((oldest < end).then_some((oldest, end)))
}

/// Looks through the next `size` of the account's deliveries with ids in this range. Returns what
/// [`judged`] does.
async fn looked_through(
    client: &impl GenericClient,
    account: AccountId,
    filter: &DeliveryFilter,
    (oldest, end): (u128, u128),
    size: usize,
) -> SqlResult<Vec<Row>> {
    // The condition of the index of failed and canceled deliveries.
    let indexed = match filter.status {
        Some(DeliveryStatus::Failed | DeliveryStatus::Canceled) => "AND status = $4 AND status > 1",
        _ => "",
    };
    let looked_at = format!(
        "SELECT * FROM deliveries WHERE account_id = $13 AND id >= $1 AND id < $2 {indexed}
         ORDER BY id DESC LIMIT $3"
    );
    let account = uuid(account.as_bytes());
    judged(
        client,
        (&looked_at, &[&account]),
        "true",
        filter,
        (oldest, end),
        size,
    )
    .await
}

/// Judges by the filter the deliveries that the statement `looked_at` reads, at most `size` ($3) with ids
/// from `oldest` ($1) to below `end` ($2). Further parameters begin with $13. A delivery `d` must also meet
/// the condition `own`.
///
/// Returns the matching rows in descending order, and always the last row looked at. After the delivery's
/// columns, a row says whether it matches, and its position among those looked at.
pub(super) async fn judged(
    client: &impl GenericClient,
    (looked_at, further): (&str, &[&(dyn ToSql + Sync)]),
    own: &str,
    filter: &DeliveryFilter,
    (oldest, end): (u128, u128),
    size: usize,
) -> SqlResult<Vec<Row>> {
    let sql = judging(looked_at, own);
    let (oldest, end) = (Uuid::from_u128(oldest), Uuid::from_u128(end));
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let status = filter.status.map(|status| i16::from(status.code()));
    let automation = filter.automation.map(|id| uuid(id.as_bytes()));
    let action = filter.action.map(|id| uuid(id.as_bytes()));
    let after = filter.after.map_or(i64::MIN, Timestamp::unix_ms);
    let before = filter.before.map_or(i64::MAX, Timestamp::unix_ms);
    let event_type = filter.event_type.as_ref().map(|name| name.as_str());
    let codes = filter.status_code.map(StatusCodes::range);
    let first_code = codes.map(|(first, _)| first.cast_signed());
    let last_code = codes.map(|(_, last)| last.cast_signed());
    let outcome = filter.outcome.map(|outcome| i16::from(outcome.code()));
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![
        &oldest,
        &end,
        &size,
        &status,
        &automation,
        &action,
        &after,
        &before,
        &event_type,
        &first_code,
        &last_code,
        &outcome,
    ];
    params.extend(further);
    statement::query(client, &sql, &params).await
}

/// The statement of [`judged`].
fn judging(looked_at: &str, own: &str) -> String {
    let columns = deliveries::columns();
    // OFFSET 0 makes PostgreSQL read the event's row only if the delivery's own columns match.
    format!(
        "WITH looked_at AS MATERIALIZED (
             SELECT l.*, row_number() OVER (ORDER BY l.id DESC) AS nth FROM ({looked_at}) AS l
         )
         SELECT {columns}, m.matches, d.nth
         FROM looked_at AS d
         CROSS JOIN LATERAL (
             SELECT ($4::smallint IS NULL OR d.status = $4)
                AND ($5::uuid IS NULL OR d.automation_id = $5)
                AND ($6::uuid IS NULL OR d.action_id = $6)
                AND d.event_created_at >= $7 AND d.event_created_at < $8
                AND ($10::smallint IS NULL OR coalesce(d.last_status_code BETWEEN $10 AND $11, false))
                AND ($12::smallint IS NULL OR d.last_outcome IS NOT DISTINCT FROM $12)
                AND {own} AS own
         ) AS o
         LEFT JOIN LATERAL (
             SELECT e.id, e.type, e.created_at, e.flags FROM events AS e WHERE o.own AND {EVENT_OF_DELIVERY} OFFSET 0
         ) AS e ON true
         CROSS JOIN LATERAL (
             SELECT o.own AND e.id IS NOT NULL AND ($9::text IS NULL OR e.type = $9) AS matches
         ) AS m
         WHERE m.matches OR d.nth = (SELECT count(*) FROM looked_at)
         ORDER BY d.nth"
    )
}
