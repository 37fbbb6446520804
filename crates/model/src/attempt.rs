//! Attempts: one HTTP request of a delivery each.

use std::time::Duration;

use bytes::Bytes;

use crate::time::Timestamp;

/// How an attempt ended. Only [`Outcome::Succeeded`] is a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// A status of 200 to 299, and the whole answer within the time.
    Succeeded = 0,
    /// An answer with any other status.
    BadStatus = 1,
    /// The time was up, wherever the attempt then was.
    Timeout = 2,
    /// The host name has no address, or the lookup failed.
    DnsError = 3,
    /// No TCP connection.
    ConnectError = 4,
    /// No TLS session: a certificate that is not trusted, expired or for another name, or a broken handshake.
    TlsError = 5,
    /// The answer was no HTTP, was cut off, or broke a limit.
    ProtocolError = 6,
    /// The egress guard forbids the destination; nothing was sent.
    Blocked = 7,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 8] = [
        Self::Succeeded,
        Self::BadStatus,
        Self::Timeout,
        Self::DnsError,
        Self::ConnectError,
        Self::TlsError,
        Self::ProtocolError,
        Self::Blocked,
    ];

    /// The outcome's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::BadStatus => "bad_status",
            Self::Timeout => "timeout",
            Self::DnsError => "dns_error",
            Self::ConnectError => "connect_error",
            Self::TlsError => "tls_error",
            Self::ProtocolError => "protocol_error",
            Self::Blocked => "blocked",
        }
    }

    /// The outcome that a store keeps as this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The number that a store keeps.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// The record of one HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From 1, in the order in which the attempts of a delivery were made.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, up to the last byte that was read.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// The answer's status, if one came.
    pub status_code: Option<u16>,
    /// What went wrong, in plain words; `None` for a receipt and for a bad status.
    pub error: Option<String>,
    /// Where it went.
    pub url: String,
    /// The headers as sent, in order.
    pub request_headers: Headers,
    /// The headers that came back, in order, cut at [`RESPONSE_HEADER_BYTES_KEPT`].
    pub response_headers: Headers,
    /// The first bytes of the answer's body, as many as the installation keeps.
    pub response_body: Bytes,
    /// Whether there was more.
    pub response_truncated: bool,
}

/// Most bytes of an answer's headers that are kept.
pub const RESPONSE_HEADER_BYTES_KEPT: usize = 4 * 1024;

/// Header names and values, in order. Values that are no UTF-8 have their odd bytes replaced.
pub type Headers = Vec<(String, String)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_survive_their_code() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
        assert_eq!(Outcome::from_code(8), None);
    }
}
