//! Exchanges as columns of an attempt's row.
//!
//! The column `exchange` holds the kind of an attempt's exchange; the meaning of the other columns depends on
//! it.
//!
//! To add a kind: add a variant of [`Exchange`], its number beside [`KIND_HTTP`], and a file beside `http.rs`
//! that says what its columns hold.

mod http;

use std::borrow::Cow;

use postrider_model::Exchange;

use super::Damaged;
use super::headers::Context;

/// The number of [`Exchange::Http`].
const KIND_HTTP: u8 = 0;

/// The columns that hold an exchange: borrowed when writing to a store, owned when reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeColumns<'a> {
    /// `exchange`: its kind.
    pub kind: u8,
    /// `status_code`: the response's status; `None` without a response.
    pub status_code: Option<u16>,
    /// `url`: the request's URL.
    pub url: Cow<'a, str>,
    /// `request_headers`, encoded.
    pub request_headers: Cow<'a, [u8]>,
    /// `response_headers`, encoded; empty without a response.
    pub response_headers: Cow<'a, [u8]>,
    /// `response_truncated`: whether the response body was longer than the stored part.
    pub response_truncated: bool,
    /// `response_body`: the stored part of it; empty without a response.
    pub response_body: Cow<'a, [u8]>,
}

impl<'a> ExchangeColumns<'a> {
    /// Encodes an exchange.
    pub fn of(exchange: &'a Exchange, context: &Context) -> Self {
        match exchange {
            Exchange::Http(http) => http::columns(http, context),
        }
    }

    /// Decodes an exchange.
    ///
    /// # Errors
    /// [`Damaged`] if [`Self::of`] never returns such columns.
    pub fn into_exchange(self, context: &Context) -> Result<Exchange, Damaged> {
        match self.kind {
            KIND_HTTP => http::exchange(self, context).map(Exchange::Http),
            _ => Err(Damaged("the kind of an exchange")),
        }
    }
}

#[cfg(test)]
mod tests;
