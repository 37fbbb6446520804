//! An account's events, newest first, and walks through them.
//!
//! The order is `(created_at, seq)`: the time of acceptance, then the order of acceptance. It is also the
//! order of an index, so a bound on the time is where a walk begins or ends, not a filter.

use postrider_model::{AccountId, DeliveryId, Event, EventTypeName, Timestamp};
use postrider_storage::{EventFilter, Page, PageRequest, Position};
use rusqlite::Connection;

use crate::columns;
use crate::events;
use crate::sql_error::{SqlError, SqlResult};

/// Most rows that one page or one step of a replay looks at. If few rows match the filter, the page ends
/// early instead of holding a connection: 20,000 rows take 50 to 100 ms on two busy cores.
pub(crate) const ROWS_LOOKED_AT_MAX: usize = 20_000;

/// A place among an account's events and their deliveries: time, event row, delivery within the event.
///
/// In a [`Position`] they take 48, 64 and 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// `events.created_at`.
    pub(crate) time: Timestamp,
    /// `events.seq`.
    pub(crate) seq: i64,
    /// The index of the delivery within its event. A walk continues with the deliveries below it.
    pub(crate) index: u16,
}

impl Place {
    const LAST: Self = Self {
        time: Timestamp::from_unix_ms(i64::MAX),
        seq: i64::MAX,
        index: u16::MAX,
    };

    pub(crate) fn position(self) -> Position {
        let time = u128::from(self.time.unix_ms().cast_unsigned()) & 0xffff_ffff_ffff;
        Position(time << 80 | u128::from(self.seq.cast_unsigned()) << 16 | u128::from(self.index))
    }

    pub(crate) fn from_position(position: Option<Position>) -> Self {
        let Some(Position(bits)) = position else {
            return Self::LAST;
        };
        // The arithmetic shift back restores the sign of a time before 1970.
        let time = (((bits >> 80) as u64) << 16).cast_signed() >> 16;
        Self {
            time: Timestamp::from_unix_ms(time),
            seq: ((bits >> 16) as u64).cast_signed(),
            index: bits as u16,
        }
    }
}

/// The part of an event's row that a walk reads: all but its data.
pub(crate) struct Seen {
    /// Its place; `index` is the number of its deliveries.
    pub(crate) place: Place,
    /// Its type.
    pub(crate) event_type: EventTypeName,
    /// Its first delivery, if it has any.
    pub(crate) first_delivery: Option<DeliveryId>,
    /// See [`postrider_storage::encoding::event`].
    pub(crate) flags: i64,
}

/// Whether a walk continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// Continue with the next item.
    On,
    /// End the walk.
    Stop,
}

pub(crate) const WALK: &str =
    "SELECT created_at, seq, type, first_delivery_id, delivery_count + ifnull(missed_count, 0), flags
     FROM events INDEXED BY events_by_account
     WHERE account_id = ?1 AND (created_at, seq) <= (?2, ?3) AND created_at >= ?4
     ORDER BY created_at DESC, seq DESC";

/// Passes the account's events of a time span to `visit`, newest first, beginning with the one at `from`.
pub(crate) fn walk(
    conn: &Connection,
    account: AccountId,
    span: (Option<Timestamp>, Option<Timestamp>),
    from: Place,
    mut visit: impl FnMut(Seen) -> SqlResult<Walk>,
) -> SqlResult<()> {
    let (after, before) = span;
    let newest = before.map_or(Place::LAST, |before| Place {
        time: Timestamp::from_unix_ms(before.unix_ms().saturating_sub(1)),
        ..Place::LAST
    });
    let start = from.min(newest);
    let mut statement = conn.prepare_cached(WALK)?;
    let mut rows = statement.query((
        account.as_bytes(),
        start.time.unix_ms(),
        start.seq,
        after.map_or(i64::MIN, Timestamp::unix_ms),
    ))?;
    while let Some(row) = rows.next()? {
        let seen = Seen {
            place: Place {
                time: columns::time(row, 0)?,
                seq: row.get(1)?,
                index: row.get(4)?,
            },
            event_type: columns::event_type(row, 2)?,
            first_delivery: row.get::<_, Option<[u8; 16]>>(3)?.map(DeliveryId::from_bytes),
            flags: row.get(5)?,
        };
        if visit(seen)? == Walk::Stop {
            break;
        }
    }
    Ok(())
}

/// A page of events; see [`postrider_storage::EventStore::events`].
pub(crate) fn list(
    conn: &Connection,
    account: AccountId,
    filter: &EventFilter,
    page: PageRequest,
) -> SqlResult<Page<Event>> {
    let from = Place::from_position(page.after);
    let mut found = Vec::new();
    let mut next = None;
    let mut last = from;
    let mut looked_at = 0;
    walk(conn, account, (filter.after, filter.before), from, |seen| {
        let place = Place {
            index: 0,
            ..seen.place
        };
        if page.after.is_some() && place >= from {
            return Ok(Walk::On);
        }
        let matches = filter
            .event_type
            .as_ref()
            .is_none_or(|wanted| *wanted == seen.event_type);
        if looked_at == ROWS_LOOKED_AT_MAX || (matches && found.len() == page.limit) {
            next = Some(last.position());
            return Ok(Walk::Stop);
        }
        looked_at += 1;
        last = place;
        if matches {
            found.push(place.seq);
        }
        Ok(Walk::On)
    })?;
    let items = found
        .into_iter()
        .map(|seq| match events::by_seq(conn, seq)? {
            Some(stored) => Ok(stored.event),
            None => Err(SqlError::Damaged("an index entry without its row")),
        })
        .collect::<SqlResult<_>>()?;
    Ok(Page { items, next })
}
