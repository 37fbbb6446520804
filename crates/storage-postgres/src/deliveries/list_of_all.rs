//! The deliveries of all accounts, newest first, ordered by id, whose first 48 bits are the time.
//!
//! Failed and canceled ones are found through an index of only those. For the others there is no index by id
//! alone: every delivery would pay for it twice, when it is stored and when it is settled. A BRIN index,
//! which costs next to nothing, finds the pages of a range of ids, unordered. A walk therefore reads windows
//! of ids, from the newest to the oldest. It narrows a window that holds too many deliveries, and widens the
//! next one after a window that holds few.

use deadpool_postgres::{Client, GenericClient};
use postrider_model::{Delivery, DeliveryStatus};
use postrider_storage::{DeliveryFilter, Page, PageRequest, Position, rules};
use tokio_postgres::Row;

use super::list::{judged, position};
use crate::deliveries::{COLUMN_COUNT, from_row};
use crate::events::list::{CHUNK_GROWTH, ROWS_LOOKED_AT_MAX};
use crate::sql_error::SqlResult;
use crate::statement;

/// The width of the first window: ids of one second.
const FIRST_WIDTH: u128 = 1_000 << 80;

/// How much wider or narrower the next window is. Eleven windows pass thirty days without a delivery.
const WIDTH_FACTOR: u128 = 4;

/// Deliveries of an account that was deleted stay until they are pruned.
const OF_LIVING_ACCOUNTS: &str = "EXISTS (SELECT 1 FROM accounts AS a WHERE a.id = d.account_id)";

const UNHAPPY: &str = "SELECT * FROM deliveries WHERE id >= $1 AND id < $2 AND status = $4 AND status > 1
     ORDER BY id DESC LIMIT $3";

const NOW_MS: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

const WINDOW: &str = "SELECT * FROM deliveries WHERE id >= $1 AND id < $2 LIMIT $3";

/// A page of deliveries; see [`postrider_storage::DeliveryStore::deliveries_of_all`].
pub(crate) async fn list(
    client: &mut Client,
    filter: &DeliveryFilter,
    page: PageRequest,
) -> SqlResult<Page<Delivery>> {
    let ids = rules::ids::of_deliveries(filter.after, filter.before);
    let mut walk = Walk {
        filter,
        oldest: ids.start,
        end: ids.end.min(page.after.map_or(u128::MAX, |after| after.0)),
        limit: page.limit,
        chunk: page.limit + 1,
        looked_at: 0,
        items: Vec::new(),
    };
    let next = match filter.status {
        Some(DeliveryStatus::Failed | DeliveryStatus::Canceled) => walk.unhappy(client).await?,
        _ => {
            let transaction = client.transaction().await?;
            // The planner assumes that a window's deliveries are spread over the whole table, and would look
            // for the newest from the table's oldest page on.
            transaction
                .batch_execute("SET LOCAL enable_seqscan = off")
                .await?;
            walk.windows(&transaction).await?
        }
    };
    Ok(Page {
        items: walk.items,
        next,
    })
}

/// The progress of a page.
struct Walk<'a> {
    filter: &'a DeliveryFilter,
    oldest: u128,
    /// Ids below this one are left to look at.
    end: u128,
    limit: usize,
    /// Most deliveries that the next statement looks at.
    chunk: usize,
    looked_at: usize,
    items: Vec<Delivery>,
}

impl Walk<'_> {
    /// Fills the page by the index of failed and canceled deliveries. Returns where the next page begins.
    async fn unhappy(&mut self, client: &impl GenericClient) -> SqlResult<Option<Position>> {
        while self.oldest < self.end {
            let (range, size) = ((self.oldest, self.end), self.chunk);
            let rows = judged(
                client,
                (UNHAPPY, &[]),
                OF_LIVING_ACCOUNTS,
                self.filter,
                range,
                size,
            )
            .await?;
            let count = count(&rows)?;
            if let Some(full) = self.take(&rows)? {
                return Ok(Some(full));
            }
            self.end = match rows.last() {
                Some(last) if count == size => position(last)?.0,
                _ => return Ok(None),
            };
            if self.has_looked_enough(count) {
                return Ok(Some(Position(self.end)));
            }
        }
        Ok(None)
    }

    /// Fills the page window by window. Returns where the next page begins.
    async fn windows(&mut self, client: &impl GenericClient) -> SqlResult<Option<Position>> {
        let now = statement::query_one(client, NOW_MS, &[]).await?.try_get(0)?;
        // The first window of the first page also has the ids that are ahead of the clock.
        let mut first = self
            .end
            .min(rules::ids::first_at(now))
            .saturating_sub(FIRST_WIDTH);
        let mut width = FIRST_WIDTH;
        while self.oldest < self.end {
            let (range, size) = ((first.max(self.oldest), self.end), self.chunk);
            let rows = judged(
                client,
                (WINDOW, &[]),
                OF_LIVING_ACCOUNTS,
                self.filter,
                range,
                size + 1,
            )
            .await?;
            let count = count(&rows)?;
            if count > size {
                width = ((self.end - range.0) / WIDTH_FACTOR).max(1);
                first = self.end - width;
                continue;
            }
            if let Some(full) = self.take(&rows)? {
                return Ok(Some(full));
            }
            self.end = range.0;
            if self.has_looked_enough(count) {
                return Ok(Some(Position(self.end)));
            }
            if count < size / 2 {
                width = width.saturating_mul(WIDTH_FACTOR);
            }
            first = self.end.saturating_sub(width);
        }
        Ok(None)
    }

    /// Adds the matching deliveries to the page. If there are more than fit, returns the last that fit.
    fn take(&mut self, rows: &[Row]) -> SqlResult<Option<Position>> {
        for row in rows {
            if !row.try_get(COLUMN_COUNT)? {
                continue;
            }
            let delivery = from_row(row)?.delivery;
            // Within an account the event decides the range of ids; here, no index leads to it.
            if self.filter.event.is_some_and(|event| event != delivery.event) {
                continue;
            }
            if self.items.len() == self.limit {
                let last = self.items.last().map(|delivery| Position(delivery.id.as_u128()));
                return Ok(last);
            }
            self.items.push(delivery);
        }
        Ok(None)
    }

    /// Counts deliveries that were looked at. Returns whether the page ends here, full or not.
    fn has_looked_enough(&mut self, count: usize) -> bool {
        self.looked_at += count;
        let left = ROWS_LOOKED_AT_MAX.saturating_sub(self.looked_at);
        self.chunk = (self.chunk * CHUNK_GROWTH).min(left);
        left == 0
    }
}

/// How many deliveries the statement looked at: the number of the last one.
fn count(rows: &[Row]) -> SqlResult<usize> {
    let Some(last) = rows.last() else {
        return Ok(0);
    };
    let count: i64 = last.try_get(COLUMN_COUNT + 1)?;
    Ok(usize::try_from(count).unwrap_or_default())
}
