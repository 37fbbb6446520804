//! Finishing: recording an attempt, and the delivery's new state if no other session took it over.
//!
//! The usual case, the first attempt of a delivery, is one insert and one update that matches the row only if
//! everything is as expected. Otherwise the code looks at the row in detail.

use std::sync::Arc;

use postrider_model::{AccountId, ActionId, DeliveryStatus, Timestamp};
use postrider_storage::rows::deliveries::ProgressRow;
use postrider_storage::rules::attempts::{AttemptResult, Held, free_number, recorded};
use postrider_storage::{Change, DeliveryKey, Finished, Recorded, SessionId};
use rusqlite::{CachedStatement, Connection};

use crate::events::append;
use crate::queue::Part;
use crate::sql_error::SqlResult;
use crate::writer::WriteCx;
use crate::{attempts, columns, health, sessions};

/// About how many bytes an attempt's columns take besides its texts.
const ROW_BYTES: usize = 256;

/// [`finish`] as work for the writer.
pub(crate) fn work(
    session: SessionId,
    finished: Arc<[Finished]>,
) -> Part<impl FnMut(&mut WriteCx<'_>) -> SqlResult<Vec<Recorded>>> {
    Part::new(finished.iter().map(weight).sum(), move |cx: &mut WriteCx<'_>| {
        finish(cx, session, &finished)
    })
}

/// About how many bytes a change adds to the store.
fn weight(finished: &Finished) -> usize {
    match &finished.change {
        Change::Attempted { attempt, report, .. } => {
            let announcements = report.iter().flat_map(|report| &report.announcements);
            let announced = announcements.map(|announcement| append::weight(&announcement.event));
            attempt.exchange.response_bytes() + ROW_BYTES + announced.sum::<usize>()
        }
        Change::Canceled { .. } => 0,
    }
}

/// Records what happened; see [`postrider_storage::WorkStore::advance`].
fn finish(cx: &mut WriteCx<'_>, session: SessionId, finished: &[Finished]) -> SqlResult<Vec<Recorded>> {
    let mut record = Record {
        conn: cx.conn,
        session,
        is_alive: sessions::has_row(cx.conn, session)?,
        settle_first: cx.conn.prepare_cached(SETTLE_FIRST)?,
        attempts: attempts::Insert::prepare(cx)?,
        applied: Vec::new(),
    };
    let recorded = finished
        .iter()
        .map(|finished| match &finished.change {
            Change::Attempted {
                attempt,
                progress,
                next,
                disables,
                report,
            } => {
                let result = AttemptResult {
                    attempt,
                    progress: *progress,
                    next: *next,
                    disables: *disables,
                    report: report.as_deref(),
                };
                record.attempted(finished, result)
            }
            Change::Canceled { at, status } => {
                let owner = record.is_alive.then_some(session);
                canceled(record.conn, owner, finished.key, *at, *status)
            }
        })
        .collect::<SqlResult<_>>()?;
    health::follow(record.conn, record.applied.into_iter())?;
    Ok(recorded)
}

/// The statements that a call needs for each of its items.
struct Record<'conn, 'memory, 'a> {
    conn: &'conn Connection,
    session: SessionId,
    is_alive: bool,
    settle_first: CachedStatement<'conn>,
    attempts: attempts::Insert<'conn, 'memory>,
    /// Results that are newly applied and say something about their actions.
    applied: Vec<(AccountId, ActionId, AttemptResult<'a>)>,
}

impl<'a> Record<'_, '_, 'a> {
    fn attempted(&mut self, finished: &Finished, result: AttemptResult<'a>) -> SqlResult<Recorded> {
        let key = finished.key;
        let number = self.attempts.next_number();
        if self.is_alive && self.settle_first(key, &result, number)? {
            self.attempts
                .add(key, None, result.attempt.number, false, result.attempt)?;
            self.note(finished, result);
            return Ok(Recorded::Applied);
        }
        let Some(state) = state(self.conn, key)? else {
            return Ok(Recorded::Missing);
        };
        let record = attempts::on_record(self.conn, state.last_attempt)?;
        let of_delivery = match free_number(result.attempt, &record) {
            Ok(number) => number,
            Err(earlier) => return Ok(earlier),
        };
        let is_applied = state.held.takes(&result, self.session, self.is_alive, &record);
        self.attempts
            .add(key, state.last_attempt, of_delivery, !is_applied, result.attempt)?;
        if is_applied {
            settle(self.conn, key, &result, number)?;
            self.note(finished, result);
        } else {
            self.conn
                .prepare_cached("UPDATE deliveries SET last_attempt = ?2 WHERE id = ?1")?
                .execute((key.delivery.as_bytes(), number))?;
        }
        Ok(recorded(is_applied))
    }

    fn note(&mut self, finished: &Finished, result: AttemptResult<'a>) {
        if result.disables.is_some() || result.report.is_some() {
            self.applied.push((finished.key.account, finished.action, result));
        }
    }

    /// Writes the state after a first attempt. False if the session does not own the delivery, or the
    /// delivery already has attempts, or a resend was requested that this attempt is not ([`Held::takes`]).
    fn settle_first(&mut self, key: DeliveryKey, result: &AttemptResult<'_>, number: i64) -> SqlResult<bool> {
        let changed = self.settle_first.execute((
            result.progress.status.code(),
            result.progress.attempts,
            result.progress.resends,
            result.progress.resend_of.map(DeliveryStatus::code),
            result.state_at().unix_ms(),
            result.attempt.exchange.status_code(),
            result.attempt.outcome.code(),
            number,
            key.delivery.as_bytes(),
            key.account.as_bytes(),
            self.session.0,
        ))?;
        Ok(changed > 0)
    }
}

pub(crate) const SETTLE_FIRST: &str =
    "UPDATE deliveries SET status = ?1, attempts = ?2, resends = ?3, resend_of = ?4, owner = NULL,
                           state_at = ?5, last_status_code = ?6, last_outcome = ?7, last_attempt = ?8
     WHERE id = ?9 AND account_id = ?10 AND owner = ?11 AND last_attempt IS NULL
         AND (resend_of IS NULL OR ?3 > resends)";

/// The part of a delivery's row that decides how a change is recorded.
struct State {
    held: Held,
    last_attempt: Option<i64>,
}

fn state(conn: &Connection, key: DeliveryKey) -> SqlResult<Option<State>> {
    let mut statement = conn.prepare_cached(
        "SELECT owner, last_attempt, status, attempts, resends, resend_of FROM deliveries
             WHERE id = ?1 AND account_id = ?2",
    )?;
    let state = statement
        .query_and_then((key.delivery.as_bytes(), key.account.as_bytes()), |row| {
            Ok(State {
                held: Held {
                    owner: row.get::<_, Option<i64>>(0)?.map(SessionId),
                    progress: columns::read(row, 2, ProgressRow::read)?.try_into()?,
                },
                last_attempt: row.get(1)?,
            })
        })?
        .next();
    state.transpose()
}

/// Writes the state after an attempt.
fn settle(conn: &Connection, key: DeliveryKey, result: &AttemptResult<'_>, number: i64) -> SqlResult<()> {
    conn.prepare_cached(
        "UPDATE deliveries SET status = ?1, attempts = ?2, resends = ?3, resend_of = ?4, owner = NULL,
                               state_at = ?5, last_status_code = ?6, last_outcome = ?7, last_attempt = ?8
         WHERE id = ?9",
    )?
    .execute((
        result.progress.status.code(),
        result.progress.attempts,
        result.progress.resends,
        result.progress.resend_of.map(DeliveryStatus::code),
        result.state_at().unix_ms(),
        result.attempt.exchange.status_code(),
        result.attempt.outcome.code(),
        number,
        key.delivery.as_bytes(),
    ))?;
    Ok(())
}

fn canceled(
    conn: &Connection,
    owner: Option<SessionId>,
    key: DeliveryKey,
    at: Timestamp,
    status: DeliveryStatus,
) -> SqlResult<Recorded> {
    let Some(state) = state(conn, key)? else {
        return Ok(Recorded::Missing);
    };
    let owned = owner.is_some() && state.held.owner == owner;
    if owned {
        conn.prepare_cached(
            "UPDATE deliveries SET status = ?2, resend_of = NULL, owner = NULL, state_at = ?3 WHERE id = ?1",
        )?
        .execute((key.delivery.as_bytes(), status.code(), at.unix_ms()))?;
    }
    Ok(recorded(owned))
}
