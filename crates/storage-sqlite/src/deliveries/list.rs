//! Lists of deliveries, newest first. The filter determines the index:
//!
//! - one event: a range of the primary key, because an event's deliveries are numbered consecutively;
//! - a status other than succeeded: an index of only those deliveries, ordered by id;
//! - anything else: the account's events from newest to oldest, and the deliveries of each. No index leads
//!   from an account to its deliveries: each delivery would need an index entry at a scattered place.
//!
//! The remaining conditions are checked row by row, for up to [`ROWS_LOOKED_AT_MAX`] rows per page.

use postrider_model::{AccountId, Delivery, DeliveryId, DeliveryStatus};
use postrider_storage::rows::deliveries::OfEvent;
use postrider_storage::{DeliveryFilter, Page, PageRequest, Position, rules};
use rusqlite::{CachedStatement, Connection};

use crate::columns;
use crate::deliveries::{self, by_id, from_row};
pub(super) use crate::events::list::Walk;
use crate::events::list::{Place, ROWS_LOOKED_AT_MAX};
use crate::events::{self, list as event_list};
use crate::sessions;
use crate::sql_error::{SqlError, SqlResult};

/// A page of deliveries; see [`postrider_storage::DeliveryStore::deliveries`].
pub(crate) fn list(
    conn: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    page: PageRequest,
) -> SqlResult<Page<Delivery>> {
    let mut items = Vec::new();
    let next = walk(conn, account, filter, page.after, &mut |of| {
        if items.len() == page.limit {
            return Walk::Stop;
        }
        items.push(of.delivery);
        Walk::On
    })?;
    Ok(Page { items, next })
}

/// Passes the matching deliveries to `visit`, newest first, beginning after `after`. Returns the position of
/// the last delivery passed over if `visit` stopped or enough rows were looked at; `None` at the end.
pub(crate) fn walk(
    conn: &Connection,
    account: AccountId,
    filter: &DeliveryFilter,
    after: Option<Position>,
    visit: &mut dyn FnMut(OfEvent) -> Walk,
) -> SqlResult<Option<Position>> {
    let mut progress = Progress::new(filter, after, visit);
    match filter.status {
        _ if filter.event.is_some() => of_event(conn, account, after, &mut progress)?,
        Some(status) if status != DeliveryStatus::Succeeded => {
            in_status(conn, account, status, after, &mut progress)?;
        }
        _ => of_account(conn, account, after, &mut progress)?,
    }
    Ok(progress.stopped)
}

/// The progress of a walk.
pub(super) struct Progress<'a> {
    filter: &'a DeliveryFilter,
    visit: &'a mut dyn FnMut(OfEvent) -> Walk,
    looked_at: usize,
    last: Option<Position>,
    stopped: Option<Position>,
}

impl<'a> Progress<'a> {
    /// A walk that begins after this position.
    pub(super) fn new(
        filter: &'a DeliveryFilter,
        after: Option<Position>,
        visit: &'a mut dyn FnMut(OfEvent) -> Walk,
    ) -> Self {
        Self {
            filter,
            visit,
            looked_at: 0,
            last: after,
            stopped: None,
        }
    }

    /// The position of the last delivery passed over, if the walk was stopped; `None` at its end.
    pub(super) const fn stopped(&self) -> Option<Position> {
        self.stopped
    }

    /// Checks a delivery at this position and, if it matches, passes it to `visit`.
    pub(super) fn offer(&mut self, position: Position, of: OfEvent) -> Walk {
        if self.is_over() || (matches(self.filter, &of.delivery) && (self.visit)(of) == Walk::Stop) {
            self.stopped = self.last;
            return Walk::Stop;
        }
        self.pass(position);
        Walk::On
    }

    /// Leaves a row at this position out.
    pub(super) fn skip(&mut self, position: Position) -> Walk {
        if self.is_over() {
            self.stopped = self.last;
            return Walk::Stop;
        }
        self.pass(position);
        Walk::On
    }

    /// Counts a row at this position as looked at.
    fn pass(&mut self, position: Position) {
        self.looked_at += 1;
        self.last = Some(position);
    }

    fn is_over(&self) -> bool {
        self.looked_at >= ROWS_LOOKED_AT_MAX
    }
}

fn matches(filter: &DeliveryFilter, delivery: &Delivery) -> bool {
    filter
        .status
        .is_none_or(|status| delivery.progress.status == status)
        && filter.event.is_none_or(|event| delivery.event == event)
        && filter
            .automation
            .is_none_or(|automation| delivery.automation == automation)
        && filter.action.is_none_or(|action| delivery.action == action)
        && filter
            .event_type
            .as_ref()
            .is_none_or(|name| delivery.event_type == *name)
        && filter.after.is_none_or(|after| delivery.created_at >= after)
        && filter.before.is_none_or(|before| delivery.created_at < before)
        && filter
            .status_code
            .is_none_or(|codes| delivery.last_status_code.is_some_and(|code| codes.contains(code)))
        && filter
            .outcome
            .is_none_or(|outcome| delivery.last_outcome == Some(outcome))
}

pub(crate) const RANGE: &str = "FROM deliveries d CROSS JOIN events e ON e.seq = d.event_seq
     WHERE d.id >= ?1 AND d.id < ?2 ORDER BY d.id DESC";

/// Reads ranges of deliveries by id. Prepared once per walk, because a walk reads one range per event.
struct Range<'conn>(CachedStatement<'conn>);

impl<'conn> Range<'conn> {
    fn prepare(conn: &'conn Connection) -> SqlResult<Self> {
        Ok(Self(conn.prepare_cached(&format!(
            "SELECT {} {RANGE}",
            deliveries::columns()
        ))?))
    }

    /// Passes the deliveries with ids from `first` to below `end` to `visit`, in descending order.
    fn show(&mut self, first: u128, end: u128, mut visit: impl FnMut(OfEvent) -> Walk) -> SqlResult<Walk> {
        let mut rows = self.0.query((first.to_be_bytes(), end.to_be_bytes()))?;
        while let Some(row) = rows.next()? {
            if visit(from_row(row)?) == Walk::Stop {
                return Ok(Walk::Stop);
            }
        }
        Ok(Walk::On)
    }
}

fn of_event(
    conn: &Connection,
    account: AccountId,
    after: Option<Position>,
    progress: &mut Progress<'_>,
) -> SqlResult<()> {
    let Some(event) = progress.filter.event else {
        return Ok(());
    };
    let Some(stored) = events::by_id(conn, account, event)? else {
        return Ok(());
    };
    let Some(first) = stored.first_delivery.map(|id| id.as_u128()) else {
        return Ok(());
    };
    let end = (first + u128::from(stored.event.deliveries + stored.event.missed))
        .min(after.map_or(u128::MAX, |after| after.0));
    Range::prepare(conn)?.show(first, end, |of| {
        progress.offer(Position(of.delivery.id.as_u128()), of)
    })?;
    Ok(())
}

fn of_account(
    conn: &Connection,
    account: AccountId,
    after: Option<Position>,
    progress: &mut Progress<'_>,
) -> SqlResult<()> {
    let from = Place::from_position(after);
    let span = (progress.filter.after, progress.filter.before);
    let mut range = Range::prepare(conn)?;
    event_list::walk(conn, account, span, from, |seen| {
        if progress.is_over() {
            progress.stopped = progress.last;
            return Ok(Walk::Stop);
        }
        let wanted = progress.filter.event_type.as_ref();
        if let Some(first) = seen.first_delivery
            && wanted.is_none_or(|wanted| *wanted == seen.event_type)
            && of_seen(&mut range, (seen.place, first), from, progress)? == Walk::Stop
        {
            return Ok(Walk::Stop);
        }
        progress.pass(
            Place {
                index: 0,
                ..seen.place
            }
            .position(),
        );
        Ok(Walk::On)
    })
}

/// Passes the deliveries of one event to the walk; earlier pages contained those at `from` and above.
fn of_seen(
    range: &mut Range<'_>,
    seen: (Place, DeliveryId),
    from: Place,
    progress: &mut Progress<'_>,
) -> SqlResult<Walk> {
    let (place, first) = (seen.0, seen.1.as_u128());
    let is_resumed = (place.time, place.seq) == (from.time, from.seq);
    let count = if is_resumed {
        place.index.min(from.index)
    } else {
        place.index
    };
    range.show(first, first + u128::from(count), |of| {
        let index = u16::try_from(of.delivery.id.as_u128() - first).unwrap_or(u16::MAX);
        progress.offer(Place { index, ..place }.position(), of)
    })
}

pub(crate) const IN_STATUS: &str = "SELECT id FROM deliveries INDEXED BY deliveries_not_succeeded
     WHERE status <> 1 AND owner IS ?1 AND status = ?2 AND account_id = ?3 AND id >= ?4 AND id < ?5
     ORDER BY id DESC";

/// Deliveries in a status other than succeeded. The index begins with the owner, for reclaiming, so the list
/// merges one range per owner: one without an owner and, for pending deliveries, one for each session that
/// owns any.
fn in_status(
    conn: &Connection,
    account: AccountId,
    status: DeliveryStatus,
    after: Option<Position>,
    progress: &mut Progress<'_>,
) -> SqlResult<()> {
    let filter = progress.filter;
    let ids = rules::ids::of_deliveries(filter.after, filter.before);
    let end = ids.end.min(after.map_or(u128::MAX, |after| after.0));
    let owners = owners(conn, status)?;
    let mut statements = Vec::new();
    for _ in &owners {
        statements.push(conn.prepare_cached(IN_STATUS)?);
    }
    let mut ranges = Vec::new();
    for (owner, statement) in owners.iter().zip(&mut statements) {
        ranges.push(statement.query((
            owner,
            status.code(),
            account.as_bytes(),
            ids.start.to_be_bytes(),
            end.to_be_bytes(),
        ))?);
    }
    let mut heads: Vec<Option<[u8; 16]>> = Vec::new();
    for range in &mut ranges {
        heads.push(range.next()?.map(|row| row.get(0)).transpose()?);
    }
    while let Some((index, Some(id))) = heads.iter().copied().enumerate().max_by_key(|(_, head)| *head) {
        let of = by_id(conn, id)?.ok_or(SqlError::Damaged("a delivery without its event"))?;
        if progress.offer(columns::position_of_id(id), of) == Walk::Stop {
            break;
        }
        heads[index] = ranges[index].next()?.map(|row| row.get(0)).transpose()?;
    }
    Ok(())
}

/// The owners of deliveries in this status: none and, for pending deliveries, each session that owns any.
fn owners(conn: &Connection, status: DeliveryStatus) -> SqlResult<Vec<Option<i64>>> {
    let mut owners = vec![None];
    if status == DeliveryStatus::Pending {
        let mut last = i64::MIN;
        while let Some(owner) = sessions::next_owner(conn, last)? {
            owners.push(Some(owner.0));
            last = owner.0;
        }
    }
    Ok(owners)
}
