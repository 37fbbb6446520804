//! Exchanges as the columns of an attempt.
//!
//! The column `exchange` says which kind an attempt's exchange is of; what the other columns hold follows
//! from it.
//!
//! To add a kind: a variant of [`Exchange`], its number in [`KIND_HTTP`]'s row of constants, and a file
//! beside `http.rs` that says what its columns hold.

mod http;

use std::borrow::Cow;

use postrider_model::Exchange;

use super::Damaged;
use super::headers::Context;

/// The number of [`Exchange::Http`].
const KIND_HTTP: u8 = 0;

/// The columns that hold an exchange: borrowed on their way to a store, owned on their way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeColumns<'a> {
    /// `exchange`: its kind.
    pub kind: u8,
    /// `status_code`: what the receiver responded with; `None` where there was no response.
    pub status_code: Option<u16>,
    /// `url`: where it went.
    pub url: Cow<'a, str>,
    /// `request_headers`, encoded.
    pub request_headers: Cow<'a, [u8]>,
    /// `response_headers`, encoded; empty without a response.
    pub response_headers: Cow<'a, [u8]>,
    /// `response_truncated`: whether the response was longer than what is kept of it.
    pub response_truncated: bool,
    /// `response_body`: what is kept of it; empty without a response.
    pub response_body: Cow<'a, [u8]>,
}

impl<'a> ExchangeColumns<'a> {
    /// What a row keeps of an exchange.
    pub fn of(exchange: &'a Exchange, context: &Context) -> Self {
        match exchange {
            Exchange::Http(http) => http::columns(http, context),
        }
    }

    /// The exchange that a row keeps.
    ///
    /// # Errors
    /// [`Damaged`] where [`Self::of`] makes no such columns.
    pub fn into_exchange(self, context: &Context) -> Result<Exchange, Damaged> {
        match self.kind {
            KIND_HTTP => http::exchange(self, context).map(Exchange::Http),
            _ => Err(Damaged("the kind of an exchange")),
        }
    }
}

#[cfg(test)]
mod tests;
