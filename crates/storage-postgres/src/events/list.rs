//! An account's events, newest first.
//!
//! The order is `(created_at, seq)`: the time of acceptance, then the order of acceptance. It is the order of
//! the primary key, so a bound on the time is where the list begins or ends, and determines the partitions. A
//! filter by type skips rows in growing chunks, up to [`ROWS_LOOKED_AT_MAX`] rows per page.

use deadpool_postgres::GenericClient;
use postrider_model::{AccountId, Event, Timestamp};
use postrider_storage::{EventFilter, Page, PageRequest, Position};
use tokio_postgres::Row;

use crate::columns::{self, uuid};
use crate::events::{self, COLUMN_COUNT, COLUMNS};
use crate::sql_error::SqlResult;
use crate::statement;

/// Most rows that one page or one step of a replay looks at. If few rows match the filter, the page ends
/// early instead of holding a connection.
pub(crate) const ROWS_LOOKED_AT_MAX: usize = 20_000;

/// The growth factor of a walk's chunks: a page filled by the first rows reads no further rows, and a rare
/// filter needs few round trips.
pub(crate) const CHUNK_GROWTH: usize = 4;

/// A place among an account's events. In a [`Position`], time and number take 64 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// `events.created_at`.
    pub(crate) time_ms: i64,
    /// `events.seq`.
    pub(crate) seq: i64,
}

impl Place {
    /// Before the first event of a list.
    const FIRST: Self = Self {
        time_ms: i64::MAX,
        seq: i64::MAX,
    };

    pub(crate) fn position(self) -> Position {
        let (time, seq) = (self.time_ms.cast_unsigned(), self.seq.cast_unsigned());
        Position(u128::from(time) << 64 | u128::from(seq))
    }

    pub(crate) fn from_position(Position(bits): Position) -> Self {
        Self {
            time_ms: ((bits >> 64) as u64).cast_signed(),
            seq: (bits as u64).cast_signed(),
        }
    }

    /// After all events of this time and later.
    pub(crate) fn before(time: Timestamp) -> Self {
        Self {
            time_ms: time.unix_ms(),
            seq: i64::MIN,
        }
    }
}

/// A page of events; see [`postrider_storage::EventStore::events`].
pub(crate) async fn list(
    client: &impl GenericClient,
    account: AccountId,
    filter: &EventFilter,
    page: PageRequest,
) -> SqlResult<Page<Event>> {
    let newest = filter.before.map_or(Place::FIRST, Place::before);
    let mut behind = page
        .after
        .map_or(newest, |after| Place::from_position(after).min(newest));
    let mut items: Vec<Event> = Vec::new();
    let mut last_taken = behind;
    let (mut looked_at, mut chunk) = (0, page.limit + 1);
    loop {
        let size = chunk.min(ROWS_LOOKED_AT_MAX - looked_at);
        let rows = looked_through(client, account, filter, behind, (size, page.limit)).await?;
        let Some(end) = rows.last().map(seen).transpose()? else {
            return Ok(Page { items, next: None });
        };
        for row in &rows {
            let seen = seen(row)?;
            if !seen.matches {
                continue;
            }
            if items.len() == page.limit {
                let next = Some(last_taken.position());
                return Ok(Page { items, next });
            }
            items.push(events::from_row(row)?.event);
            last_taken = seen.place;
        }
        if end.nth < size {
            return Ok(Page { items, next: None });
        }
        (behind, last_taken) = (end.place, end.place);
        looked_at += size;
        chunk *= CHUNK_GROWTH;
        if looked_at >= ROWS_LOOKED_AT_MAX {
            let next = Some(behind.position());
            return Ok(Page { items, next });
        }
    }
}

/// The columns of a row of [`looked_through`] besides its event.
struct Seen {
    place: Place,
    matches: bool,
    nth: usize,
}

fn seen(row: &Row) -> SqlResult<Seen> {
    let nth: i64 = row.try_get(COLUMN_COUNT + 2)?;
    Ok(Seen {
        place: Place {
            time_ms: columns::time(row, 3)?.unix_ms(),
            seq: row.try_get(COLUMN_COUNT)?,
        },
        matches: row.try_get(COLUMN_COUNT + 1)?,
        nth: usize::try_from(nth).unwrap_or_default(),
    })
}

/// Looks through the next `size` of the account's events. Returns the matching ones, at most one more than
/// `limit` (the page then ends among them), and otherwise always the last one looked at as well.
async fn looked_through(
    client: &impl GenericClient,
    account: AccountId,
    filter: &EventFilter,
    behind: Place,
    (size, limit): (usize, usize),
) -> SqlResult<Vec<Row>> {
    let sql = format!(
        "WITH looked_at AS MATERIALIZED (
             SELECT l.*, row_number() OVER (ORDER BY l.created_at DESC, l.seq DESC) AS nth
             FROM (
                 SELECT created_at, seq, type FROM events
                 WHERE account_id = $1 AND created_at <= $2 AND (created_at, seq) < ($2, $3) AND created_at >= $4
                 ORDER BY created_at DESC, seq DESC LIMIT $5
             ) AS l
         )
         SELECT {COLUMNS}, e.seq, m.matches, l.nth
         FROM looked_at AS l
         CROSS JOIN LATERAL (SELECT $6::text IS NULL OR l.type = $6 AS matches) AS m
         JOIN events AS e ON e.account_id = $1 AND e.created_at = l.created_at AND e.seq = l.seq
         WHERE m.matches OR l.nth = (SELECT count(*) FROM looked_at)
         ORDER BY l.nth LIMIT $7"
    );
    let oldest = filter.after.map_or(i64::MIN, Timestamp::unix_ms);
    let (size, limit) = (int8(size), int8(limit + 1));
    let event_type = filter.event_type.as_ref().map(|name| name.as_str());
    let account = uuid(account.as_bytes());
    statement::query(
        client,
        &sql,
        &[
            &account,
            &behind.time_ms,
            &behind.seq,
            &oldest,
            &size,
            &event_type,
            &limit,
        ],
    )
    .await
}

/// A count as a parameter of `LIMIT`.
fn int8(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
