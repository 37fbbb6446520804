//! Passes by account, which find old events wherever they were accepted.

use std::time::Duration;

use postrider_model::Timestamp;
use rusqlite::OptionalExtension;

use super::{Old, Step, is_kept, remove};
use crate::sql_error::SqlResult;
use crate::writer::WriteCx;

/// How often to sweep. A sweep costs two look-ups for each account, and hardly ever finds anything.
const EVERY: Duration = Duration::from_secs(3600);

/// Most look-ups in one step: about two milliseconds of the writer.
const LOOK_UPS_MAX: usize = 1000;

/// The progress of the passes by account.
#[derive(Debug, Default)]
pub(crate) struct Sweeps {
    /// How far the sweep under way has come.
    place: Option<Place>,
    /// Events had to be older than this when the last sweep began; `None` before the first.
    began: Option<Timestamp>,
}

/// The last event that a sweep looked at; without an account, none.
#[derive(Debug, Default)]
struct Place {
    account: Vec<u8>,
    created_at: i64,
    seq: i64,
}

impl Sweeps {
    /// Whether a sweep has begun and not ended.
    pub(crate) fn are_under_way(&self) -> bool {
        self.place.is_some()
    }

    /// The place to continue from; `None` while no sweep is due.
    fn place(&mut self, before: Timestamp) -> Option<Place> {
        if let Some(place) = self.place.take() {
            return Some(place);
        }
        // A time that has gone back was wrong before.
        let is_due = |began: Timestamp| before < began || before.since(began) >= EVERY;
        self.began.is_none_or(is_due).then(|| {
            self.began = Some(before);
            Place::default()
        })
    }
}

pub(crate) const NEXT_ACCOUNT: &str = "SELECT account_id FROM events INDEXED BY events_by_account
     WHERE account_id > ?1 ORDER BY account_id LIMIT 1";

pub(crate) const NEXT_OF_ACCOUNT: &str =
    "SELECT seq, created_at, first_delivery_id, delivery_count + ifnull(missed_count, 0)
     FROM events INDEXED BY events_by_account
     WHERE account_id = ?1 AND (created_at, seq) > (?2, ?3) AND created_at < ?4
     ORDER BY created_at, seq LIMIT 1";

/// Removes old events by account, if a sweep is under way or due.
pub(super) fn sweep(cx: &mut WriteCx<'_>, before: Timestamp, step: &mut Step) -> SqlResult<()> {
    let Some(mut place) = cx.memory.sweeps.place(before) else {
        return Ok(());
    };
    let mut next = cx.conn.prepare_cached(NEXT_OF_ACCOUNT)?;
    let mut next_account = cx.conn.prepare_cached(NEXT_ACCOUNT)?;
    for _ in 0..LOOK_UPS_MAX {
        if step.is_over() {
            cx.memory.sweeps.place = Some(place);
            return Ok(());
        }
        let of_account = (&place.account, place.created_at, place.seq, before.unix_ms());
        if let Some(old) = next.query_row(of_account, Old::from_row).optional()? {
            (place.created_at, place.seq) = (old.created_at, old.seq);
            if !is_kept(cx.conn, &old, before)? {
                remove(cx.conn, &old, step)?;
            }
            continue;
        }
        let account = next_account.query_row((&place.account,), |row| row.get(0));
        let Some(account) = account.optional()? else {
            return Ok(());
        };
        place = Place {
            account,
            created_at: i64::MIN,
            seq: i64::MIN,
        };
    }
    step.pruned.more = true;
    cx.memory.sweeps.place = Some(place);
    Ok(())
}
