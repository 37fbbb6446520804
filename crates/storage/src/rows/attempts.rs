//! Attempts.

use std::time::Duration;

use postrider_model::{Attempt, DeliveryId, Outcome};

use super::deliveries::status_code;
use super::{Columns, Reader, from_code, time};
use crate::encoding::Damaged;
use crate::encoding::exchange::ExchangeColumns;
use crate::encoding::headers::Context;

/// A row of `attempts`, without the columns that link it to its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its number within the delivery, from 1.
    pub number: i32,
    /// When it started.
    pub started_at: i64,
    /// How long it took.
    pub duration_ns: i64,
    /// [`Outcome::code`].
    pub outcome: i16,
    /// Whether the session that reported it no longer owned the delivery.
    pub is_fenced: bool,
    /// The error; may hold U+0000, as may the URL.
    pub error: Option<String>,
    /// The kind of its exchange; [`crate::encoding::exchange`] says what the following columns hold.
    pub exchange: i16,
    /// The status code of the response.
    pub status_code: Option<i16>,
    /// The URL of the request.
    pub url: String,
    /// See [`crate::encoding::headers`].
    pub request_headers: Vec<u8>,
    /// See [`crate::encoding::headers`].
    pub response_headers: Vec<u8>,
    /// Whether the response body was longer than the stored part.
    pub response_truncated: bool,
    /// The stored part of the response body.
    pub response_body: Vec<u8>,
}

impl AttemptRow {
    super::columns!(
        "a": "number", "started_at", "duration_ns", "outcome", "fenced", "error", "exchange", "status_code", "url",
        "request_headers", "response_headers", "response_truncated", "response_body",
    );

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            number: row.number()?,
            started_at: row.number()?,
            duration_ns: row.number()?,
            outcome: row.number()?,
            is_fenced: row.flag()?,
            error: row.text_opt()?,
            exchange: row.number()?,
            status_code: row.number_opt()?,
            url: row.text()?,
            request_headers: row.bytes()?,
            response_headers: row.bytes()?,
            response_truncated: row.flag()?,
            response_body: row.bytes()?,
        })
    }

    /// Decodes the attempt of this delivery.
    ///
    /// # Errors
    /// [`Damaged`] if no store writes such a row.
    pub fn into_attempt(self, delivery: DeliveryId) -> Result<Attempt, Damaged> {
        let context = Context {
            delivery,
            started_at: time(self.started_at),
        };
        let exchange = ExchangeColumns {
            kind: from_code(self.exchange, Some)?,
            status_code: self.status_code.map(status_code).transpose()?,
            url: self.url.into(),
            request_headers: self.request_headers.into(),
            response_headers: self.response_headers.into(),
            response_truncated: self.response_truncated,
            response_body: self.response_body.into(),
        };
        Ok(Attempt {
            number: u32::try_from(self.number).map_err(|_| Damaged("a count"))?,
            started_at: context.started_at,
            duration: Duration::from_nanos(self.duration_ns.unsigned_abs()),
            outcome: from_code(self.outcome, Outcome::from_code)?,
            error: self.error,
            exchange: exchange.into_exchange(&context)?,
        })
    }
}
