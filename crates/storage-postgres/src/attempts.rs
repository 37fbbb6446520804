//! Attempts: append-only rows, found by their delivery.

use std::borrow::Cow;

use deadpool_postgres::GenericClient;
use postrider_model::Attempt;
use postrider_storage::encoding::exchange::ExchangeColumns;
use postrider_storage::encoding::headers::Context;
use postrider_storage::rows::AttemptRow;
use postrider_storage::rules::attempts::stored_duration;
use postrider_storage::{DeliveryKey, DeliveryRecord};

use crate::columns::{self, uuid};
use crate::deliveries::{self, EVENT_OF_DELIVERY};
use crate::sql_error::SqlResult;
use crate::statement::{self, Param};

/// The columns of an attempt in the order in which they are written, without its key and the columns that are
/// also stored with its delivery.
pub(crate) const COLUMNS: &str = "started_at, duration_ns, exchange, response_truncated, error, url, \
                                  request_headers, response_headers, response_body";

/// [`COLUMNS`] of many attempts, with one array per column.
#[derive(Default)]
pub(crate) struct Rows<'a> {
    started_at: Vec<i64>,
    duration_ns: Vec<i64>,
    exchanges: Vec<i16>,
    response_truncated: Vec<bool>,
    errors: Vec<Option<&'a [u8]>>,
    urls: Vec<Cow<'a, [u8]>>,
    request_headers: Vec<Cow<'a, [u8]>>,
    response_headers: Vec<Cow<'a, [u8]>>,
    response_bodies: Vec<Cow<'a, [u8]>>,
}

impl<'a> Rows<'a> {
    /// Adds an attempt.
    pub(crate) fn add(&mut self, key: DeliveryKey, attempt: &'a Attempt) {
        let context = Context {
            delivery: key.delivery,
            started_at: attempt.started_at,
        };
        self.started_at.push(attempt.started_at.unix_ms());
        self.duration_ns.push(stored_duration(attempt.duration));
        self.errors
            .push(attempt.error.as_ref().map(|text| text.as_bytes()));
        let exchange = ExchangeColumns::of(&attempt.exchange, &context);
        self.exchanges.push(i16::from(exchange.kind));
        self.response_truncated.push(exchange.response_truncated);
        self.urls.push(bytes(exchange.url));
        self.request_headers.push(exchange.request_headers);
        self.response_headers.push(exchange.response_headers);
        self.response_bodies.push(exchange.response_body);
    }

    /// The arrays, in the order of [`COLUMNS`].
    pub(crate) fn params(&self) -> [Param<'_>; 9] {
        [
            &self.started_at,
            &self.duration_ns,
            &self.exchanges,
            &self.response_truncated,
            &self.errors,
            &self.urls,
            &self.request_headers,
            &self.response_headers,
            &self.response_bodies,
        ]
    }
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// The delivery with this key and its attempts, in order. One statement is one snapshot.
pub(crate) async fn record(
    client: &impl GenericClient,
    key: DeliveryKey,
) -> SqlResult<Option<DeliveryRecord>> {
    let sql = format!(
        "SELECT {}, {} FROM deliveries AS d JOIN events AS e ON {EVENT_OF_DELIVERY}
         LEFT JOIN attempts AS a ON a.account_id = d.account_id AND a.delivery_id = d.id
         WHERE d.account_id = $1 AND d.id = $2
         ORDER BY a.number",
        deliveries::columns(),
        AttemptRow::QUALIFIED
    );
    let (account, id) = (uuid(key.account.as_bytes()), uuid(key.delivery.as_bytes()));
    let rows = statement::query(client, &sql, &[&account, &id]).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let delivery = deliveries::from_row(first)?.delivery;
    let has_attempts = first
        .try_get::<_, Option<i32>>(deliveries::COLUMN_COUNT)?
        .is_some();
    let attempts = rows.iter().filter(|_| has_attempts).map(|row| {
        let row = columns::read(row, deliveries::COLUMN_COUNT, AttemptRow::read)?;
        Ok(row.into_attempt(key.delivery)?)
    });
    Ok(Some(DeliveryRecord {
        delivery,
        attempts: attempts.collect::<SqlResult<_>>()?,
    }))
}
