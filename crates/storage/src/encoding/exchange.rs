//! Exchanges as columns of an attempt's row.
//!
//! The column `exchange` holds the kind of an attempt's exchange; the meaning of the other columns depends on
//! it.
//!
//! To add a kind: add a variant of [`Exchange`], its number beside [`KIND_HTTP`], and a file beside `http.rs`
//! that says what its columns hold.

mod http;
mod smtp;

use std::borrow::Cow;

use postrider_model::Exchange;

use super::Damaged;
use super::headers::Context;

/// The number of [`Exchange::Http`].
const KIND_HTTP: u8 = 0;

/// The number of [`Exchange::Smtp`].
const KIND_SMTP: u8 = 1;

/// The columns that hold an exchange: borrowed when writing to a store, owned when reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeColumns<'a> {
    /// `exchange`: its kind.
    pub kind: u8,
    /// `status_code`: the response's status, or the last reply's code; `None` without a response.
    pub status_code: Option<u16>,
    /// `url`: where the attempt went: the request's URL, or the recipients.
    pub url: Cow<'a, str>,
    /// `request_headers`, encoded.
    pub request_headers: Cow<'a, [u8]>,
    /// `response_headers`, encoded; empty without a response.
    pub response_headers: Cow<'a, [u8]>,
    /// `response_truncated`: whether the response body was longer than the stored part.
    pub response_truncated: bool,
    /// `response_body`: the stored part of it; empty without a response. Of an SMTP exchange, the dialogue.
    pub response_body: Cow<'a, [u8]>,
}

impl<'a> ExchangeColumns<'a> {
    /// Encodes an exchange.
    pub fn of(exchange: &'a Exchange, context: &Context) -> Self {
        match exchange {
            Exchange::Http(http) => http::columns(http, context),
            Exchange::Smtp(smtp) => smtp::columns(smtp),
        }
    }

    /// Decodes an exchange.
    ///
    /// # Errors
    /// [`Damaged`] if [`Self::of`] never returns such columns.
    pub fn into_exchange(self, context: &Context) -> Result<Exchange, Damaged> {
        match self.kind {
            KIND_HTTP => http::exchange(self, context).map(Exchange::Http),
            KIND_SMTP => smtp::exchange(self).map(Exchange::Smtp),
            _ => Err(Damaged("the kind of an exchange")),
        }
    }
}

#[cfg(test)]
mod tests;
