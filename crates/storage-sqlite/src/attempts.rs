//! Attempts: append-only records that hang together from `deliveries.last_attempt`, the newest, through `previous`.
//!
//! A record is a few hundred bytes. In a table with a plain row number it goes to the table's end, where the page is
//! in memory and fills to the brim; with a key of delivery and number it would go where the delivery is. The chain
//! replaces that key and its index: reading a delivery's record, or removing it, follows it from row to row.

use std::borrow::Cow;
use std::time::Duration;

use postrider_model::{Attempt, Outcome};
use postrider_storage::DeliveryKey;
use postrider_storage::encoding::exchange::ExchangeColumns;
use postrider_storage::encoding::headers::Context;
use postrider_storage::rules::attempts::{OnRecord, stored_duration};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};

use crate::sql_error::{SqlError, SqlResult};
use crate::writer::{Memory, WriteCx};
use crate::{columns, deliveries};

/// Adds records, in rows numbered one after the other.
pub(crate) struct Insert<'conn, 'memory> {
    statement: CachedStatement<'conn>,
    memory: &'memory mut Memory,
    next: i64,
}

impl<'conn, 'memory> Insert<'conn, 'memory> {
    /// Gets ready to add some.
    pub(crate) fn prepare(cx: &'memory mut WriteCx<'conn>) -> SqlResult<Self> {
        let next = match cx.memory.next_attempt {
            Some(next) => next,
            None => cx
                .conn
                .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM attempts")?
                .query_row((), |row| row.get(0))?,
        };
        Ok(Self {
            statement: cx.conn.prepare_cached(
                "INSERT INTO attempts (number, previous, attempt, started_at, duration_ns, outcome, exchange,
                                       status_code, error, url, request_headers, response_headers,
                                       response_truncated, response_body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?,
            memory: cx.memory,
            next,
        })
    }

    /// The number of the row that [`Self::add`] is going to make.
    pub(crate) fn next_number(&self) -> i64 {
        self.next
    }

    /// Adds a record as the `of_delivery`-th of its delivery, chained to the one in row `previous`.
    pub(crate) fn add(
        &mut self,
        key: DeliveryKey,
        previous: Option<i64>,
        of_delivery: u32,
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
            exchange.kind,
            exchange.status_code,
            &attempt.error,
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

/// The attempts of a delivery, from row `last` of their chain on, as far as they decide about further ones.
pub(crate) fn on_record(conn: &Connection, last: Option<i64>) -> SqlResult<Vec<OnRecord>> {
    let mut record = Vec::new();
    let mut next = last;
    let mut statement = conn.prepare_cached(
        "SELECT previous, attempt, started_at, duration_ns, outcome FROM attempts WHERE number = ?1",
    )?;
    while let Some(number) = next {
        let (previous, attempt) = statement.query_row((number,), |row| {
            let attempt = OnRecord {
                number: row.get(1)?,
                started_at_ms: row.get(2)?,
                duration_ns: row.get(3)?,
                outcome: row.get(4)?,
            };
            Ok((row.get(0)?, attempt))
        })?;
        record.push(attempt);
        next = previous;
    }
    Ok(record)
}

const RECORD: &str =
    "SELECT previous, attempt, started_at, duration_ns, outcome, exchange, status_code, error, url,
            request_headers, response_headers, response_truncated, response_body
     FROM attempts WHERE number = ?1";

/// The attempts of a delivery, in order.
pub(crate) fn of_delivery(conn: &Connection, key: DeliveryKey) -> SqlResult<Vec<Attempt>> {
    let mut next = deliveries::last_attempt(conn, key)?.flatten();
    let mut attempts = Vec::new();
    let mut statement = conn.prepare_cached(RECORD)?;
    while let Some(number) = next {
        let mut rows = statement.query((number,))?;
        let row = rows.next()?.ok_or(SqlError::Damaged("a chain of attempts"))?;
        next = row.get(0)?;
        attempts.push(from_row(row, key)?);
    }
    attempts.sort_by_key(|attempt| attempt.number);
    Ok(attempts)
}

fn from_row(row: &Row<'_>, key: DeliveryKey) -> SqlResult<Attempt> {
    let started_at = columns::time(row, 2)?;
    let context = Context {
        delivery: key.delivery,
        started_at,
    };
    let blob = |column: usize| row.get::<_, Vec<u8>>(column).map(Cow::Owned);
    let exchange = ExchangeColumns {
        kind: row.get(5)?,
        status_code: row.get(6)?,
        url: row.get::<_, String>(8)?.into(),
        request_headers: blob(9)?,
        response_headers: blob(10)?,
        response_truncated: row.get(11)?,
        response_body: blob(12)?,
    };
    Ok(Attempt {
        number: row.get(1)?,
        started_at,
        duration: Duration::from_nanos(row.get::<_, i64>(3)?.unsigned_abs()),
        outcome: columns::code(row, 4, Outcome::from_code)?,
        error: row.get(7)?,
        exchange: exchange.into_exchange(&context)?,
    })
}

/// Removes a chain of attempts from its newest record on. Returns how many there were.
pub(crate) fn remove(conn: &Connection, last: Option<i64>) -> SqlResult<usize> {
    let mut statement = conn.prepare_cached("DELETE FROM attempts WHERE number = ?1 RETURNING previous")?;
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
