//! The deliveries of all accounts, newest first, ordered by id, whose first 48 bits are the time.
//!
//! Failed and canceled ones are found through an index of only those; others by the primary key. The
//! remaining conditions are checked row by row, for up to `ROWS_LOOKED_AT_MAX` rows per page.

use postrider_model::{Delivery, DeliveryStatus};
use postrider_storage::rows::deliveries::{COUNT, OfEvent};
use postrider_storage::{DeliveryFilter, Page, PageRequest, rules};
use rusqlite::Connection;

use super::list::{Progress, Walk};
use crate::columns;
use crate::deliveries::{self, from_row};
use crate::sql_error::SqlResult;

/// The last column says whether the account still exists: its deliveries stay until they are pruned.
pub(crate) const OF_ALL: &str = "EXISTS (SELECT 1 FROM accounts a WHERE a.id = d.account_id)
     FROM deliveries d CROSS JOIN events e ON e.seq = d.event_seq
     WHERE d.id >= ?1 AND d.id < ?2 ORDER BY d.id DESC";

pub(crate) const UNHAPPY_OF_ALL: &str = "EXISTS (SELECT 1 FROM accounts a WHERE a.id = d.account_id)
     FROM deliveries d INDEXED BY deliveries_unhappy CROSS JOIN events e ON e.seq = d.event_seq
     WHERE d.status > 1 AND d.id >= ?1 AND d.id < ?2 ORDER BY d.id DESC";

/// A page of deliveries; see [`postrider_storage::DeliveryStore::deliveries_of_all`].
pub(crate) fn list(
    conn: &Connection,
    filter: &DeliveryFilter,
    page: PageRequest,
) -> SqlResult<Page<Delivery>> {
    let mut items = Vec::new();
    let mut visit = |of: OfEvent| {
        if items.len() == page.limit {
            return Walk::Stop;
        }
        items.push(of.delivery);
        Walk::On
    };
    let mut progress = Progress::new(filter, page.after, &mut visit);
    let ids = rules::ids::of_deliveries(filter.after, filter.before);
    let end = ids.end.min(page.after.map_or(u128::MAX, |after| after.0));
    let range = match filter.status {
        Some(DeliveryStatus::Failed | DeliveryStatus::Canceled) => UNHAPPY_OF_ALL,
        _ => OF_ALL,
    };
    let mut statement = conn.prepare_cached(&format!("SELECT {}, {range}", deliveries::columns()))?;
    let mut rows = statement.query((ids.start.to_be_bytes(), end.to_be_bytes()))?;
    while let Some(row) = rows.next()? {
        let of = from_row(row)?;
        let position = columns::position_of_id(*of.delivery.id.as_bytes());
        let walk = match row.get(COUNT)? {
            true => progress.offer(position, of),
            false => progress.skip(position),
        };
        if walk == Walk::Stop {
            break;
        }
    }
    let next = progress.stopped();
    Ok(Page { items, next })
}
