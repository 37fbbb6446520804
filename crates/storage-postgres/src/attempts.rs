//! Attempts: append-only records, found by their delivery.

use std::time::Duration;

use bytes::Bytes;
use deadpool_postgres::GenericClient;
use postrider_model::{Attempt, Outcome};
use postrider_storage::encoding::headers::{self, Context};
use postrider_storage::rules::attempts::stored_duration;
use postrider_storage::{DeliveryKey, DeliveryRecord};
use tokio_postgres::Row;

use crate::columns::{self, uuid};
use crate::deliveries::{self, EVENT_OF_DELIVERY};
use crate::sql_error::{SqlError, SqlResult};
use crate::statement::{self, Param};

/// The columns of a record that do not find it, nor are kept with its delivery as well.
pub(crate) const COLUMNS: &str = "started_at, duration_ns, response_truncated, error, url, request_headers, \
                                  response_headers, response_body";

/// [`COLUMNS`] of many records, one array for each.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    started_at: Vec<i64>,
    duration_ns: Vec<i64>,
    response_truncated: Vec<bool>,
    errors: Vec<Option<&'a [u8]>>,
    urls: Vec<&'a [u8]>,
    request_headers: Vec<Vec<u8>>,
    response_headers: Vec<Vec<u8>>,
    response_bodies: Vec<&'a [u8]>,
}

impl<'a> Rows<'a> {
    /// Adds a record.
    pub(crate) fn add(&mut self, key: DeliveryKey, attempt: &'a Attempt) {
        let context = Context {
            delivery: key.delivery,
            started_at: attempt.started_at,
        };
        self.started_at.push(attempt.started_at.unix_ms());
        self.duration_ns.push(stored_duration(attempt.duration));
        self.response_truncated.push(attempt.response_truncated);
        self.errors
            .push(attempt.error.as_ref().map(|text| text.as_bytes()));
        self.urls.push(attempt.url.as_bytes());
        self.request_headers
            .push(headers::encode(&attempt.request_headers, &context));
        self.response_headers
            .push(headers::encode(&attempt.response_headers, &context));
        self.response_bodies.push(&attempt.response_body);
    }

    /// The arrays, in the order of [`COLUMNS`].
    pub(crate) fn params(&self) -> [Param<'_>; 8] {
        [
            &self.started_at,
            &self.duration_ns,
            &self.response_truncated,
            &self.errors,
            &self.urls,
            &self.request_headers,
            &self.response_headers,
            &self.response_bodies,
        ]
    }
}

/// The delivery of this key with its attempts, in order. One statement is one snapshot.
pub(crate) async fn record(
    client: &impl GenericClient,
    key: DeliveryKey,
) -> SqlResult<Option<DeliveryRecord>> {
    let of_delivery = deliveries::COLUMNS;
    let sql = format!(
        "SELECT {of_delivery}, a.number, a.outcome, a.status_code, {COLUMNS}
         FROM deliveries AS d JOIN events AS e ON {EVENT_OF_DELIVERY}
         LEFT JOIN attempts AS a ON a.account_id = d.account_id AND a.delivery_id = d.id
         WHERE d.account_id = $1 AND d.id = $2
         ORDER BY a.number"
    );
    let (account, id) = (uuid(key.account.as_bytes()), uuid(key.delivery.as_bytes()));
    let rows = statement::query(client, &sql, &[&account, &id]).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let delivery = deliveries::from_row(first)?;
    let has_attempts = first
        .try_get::<_, Option<i32>>(deliveries::COLUMN_COUNT)?
        .is_some();
    let attempts = rows.iter().filter(|_| has_attempts).map(|row| from_row(row, key));
    Ok(Some(DeliveryRecord {
        delivery,
        attempts: attempts.collect::<SqlResult<_>>()?,
    }))
}

/// Reads a record behind the columns of its delivery.
fn from_row(row: &Row, key: DeliveryKey) -> SqlResult<Attempt> {
    const FIRST: usize = deliveries::COLUMN_COUNT;
    let started_at = columns::time(row, FIRST + 3)?;
    let context = Context {
        delivery: key.delivery,
        started_at,
    };
    let headers = |column: usize| {
        headers::decode(row.try_get(column)?, &context).ok_or(SqlError::Damaged("the headers of an attempt"))
    };
    Ok(Attempt {
        number: columns::count(row, FIRST)?,
        started_at,
        duration: Duration::from_nanos(row.try_get::<_, i64>(FIRST + 4)?.unsigned_abs()),
        outcome: columns::code(row, FIRST + 1, Outcome::from_code)?,
        status_code: deliveries::status_code(row, FIRST + 2)?,
        error: columns::odd_text_opt(row, FIRST + 6)?,
        url: columns::odd_text(row, FIRST + 7)?,
        request_headers: headers(FIRST + 8)?,
        response_headers: headers(FIRST + 9)?,
        response_truncated: row.try_get(FIRST + 5)?,
        response_body: Bytes::copy_from_slice(row.try_get(FIRST + 10)?),
    })
}
