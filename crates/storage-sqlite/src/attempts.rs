//! Attempts: append-only rows that form a chain from `deliveries.last_attempt`, the newest, through
//! `previous`.
//!
//! An attempt's row is a few hundred bytes. With a plain row number it is written at the table's end, to a
//! page that is in memory and fills up completely; with a key of delivery and number it would be written near
//! the delivery. The chain replaces that key and its index: reading or removing a delivery's attempts follows
//! it from row to row.

use postrider_model::Attempt;
use postrider_storage::DeliveryKey;
use postrider_storage::encoding::exchange::ExchangeColumns;
use postrider_storage::encoding::headers::Context;
use postrider_storage::rows::AttemptRow;
use postrider_storage::rules::attempts::{OnRecord, stored_duration};
use rusqlite::{CachedStatement, Connection, OptionalExtension};

use crate::sql_error::{SqlError, SqlResult};
use crate::writer::{Memory, WriteCx};
use crate::{columns, deliveries};

/// Adds attempts in consecutively numbered rows.
pub(crate) struct Insert<'conn, 'memory> {
    statement: CachedStatement<'conn>,
    memory: &'memory mut Memory,
    next: i64,
}

impl<'conn, 'memory> Insert<'conn, 'memory> {
    /// Prepares the statement.
    pub(crate) fn prepare(cx: &'memory mut WriteCx<'conn>) -> SqlResult<Self> {
        let next = match cx.memory.next_attempt {
            Some(next) => next,
            None => cx
                .conn
                .prepare_cached("SELECT coalesce(max(seq), 0) + 1 FROM attempts")?
                .query_row((), |row| row.get(0))?,
        };
        Ok(Self {
            statement: cx.conn.prepare_cached(&format!(
                "INSERT INTO attempts (seq, previous, {})
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                AttemptRow::COLUMNS
            ))?,
            memory: cx.memory,
            next,
        })
    }

    /// The number of the row that [`Self::add`] will insert.
    pub(crate) fn next_number(&self) -> i64 {
        self.next
    }

    /// Adds an attempt as number `of_delivery` of its delivery, chained to the attempt in row `previous`.
    /// `is_fenced` says whether the session that reports it no longer owned the delivery.
    pub(crate) fn add(
        &mut self,
        key: DeliveryKey,
        previous: Option<i64>,
        of_delivery: u32,
        is_fenced: bool,
        attempt: &Attempt,
    ) -> SqlResult<()> {
        let context = Context {
            delivery: key.delivery,
            started_at: attempt.started_at,
        };
        let exchange = ExchangeColumns::of(&attempt.exchange, &context);
        self.statement.execute((
            self.next,
            previous,
            of_delivery,
            attempt.started_at.unix_ms(),
            stored_duration(attempt.duration),
            attempt.outcome.code(),
            is_fenced,
            &attempt.error,
            exchange.kind,
            exchange.status_code,
            &*exchange.url,
            &*exchange.request_headers,
            &*exchange.response_headers,
            exchange.response_truncated,
            &*exchange.response_body,
        ))?;
        self.next += 1;
        self.memory.next_attempt = Some(self.next);
        Ok(())
    }
}

/// The attempts of a delivery, beginning with row `last` of their chain, as far as they decide about further
/// ones.
pub(crate) fn on_record(conn: &Connection, last: Option<i64>) -> SqlResult<Vec<OnRecord>> {
    let mut record = Vec::new();
    let mut next = last;
    let mut statement = conn.prepare_cached(
        "SELECT previous, number, started_at, duration_ns, outcome, fenced FROM attempts WHERE seq = ?1",
    )?;
    while let Some(number) = next {
        let (previous, attempt) = statement.query_row((number,), |row| {
            let attempt = OnRecord {
                number: row.get(1)?,
                started_at_ms: row.get(2)?,
                duration_ns: row.get(3)?,
                outcome: row.get(4)?,
                is_fenced: row.get(5)?,
            };
            Ok((row.get(0)?, attempt))
        })?;
        record.push(attempt);
        next = previous;
    }
    Ok(record)
}

/// The attempts of a delivery, in order.
pub(crate) fn of_delivery(conn: &Connection, key: DeliveryKey) -> SqlResult<Vec<Attempt>> {
    let mut next = deliveries::last_attempt(conn, key)?.flatten();
    let mut attempts = Vec::new();
    let sql = format!(
        "SELECT {}, previous FROM attempts WHERE seq = ?1",
        AttemptRow::COLUMNS
    );
    let mut statement = conn.prepare_cached(&sql)?;
    while let Some(number) = next {
        let mut rows = statement.query((number,))?;
        let row = rows.next()?.ok_or(SqlError::Damaged("a chain of attempts"))?;
        next = row.get(AttemptRow::COUNT)?;
        attempts.push(columns::read(row, 0, AttemptRow::read)?.into_attempt(key.delivery)?);
    }
    attempts.sort_by_key(|attempt| attempt.number);
    Ok(attempts)
}

/// Removes a chain of attempts, beginning with the newest. Returns how many there were.
pub(crate) fn remove(conn: &Connection, last: Option<i64>) -> SqlResult<usize> {
    let mut statement = conn.prepare_cached("DELETE FROM attempts WHERE seq = ?1 RETURNING previous")?;
    let mut next = last;
    let mut removed = 0;
    while let Some(number) = next {
        next = statement
            .query_row((number,), |row| row.get(0))
            .optional()?
            .flatten();
        removed += 1;
    }
    Ok(removed)
}
