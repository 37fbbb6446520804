//! Attempts: each is one try of a delivery, with its exchange with the receiver.

mod exchange;
mod smtp;
mod status_codes;

pub use exchange::{Exchange, Headers, HttpExchange, HttpRequest, HttpResponse, RESPONSE_HEADER_BYTES_KEPT};
pub use smtp::{SmtpExchange, SmtpStep};
pub use status_codes::{InvalidStatusCodes, StatusCodes};

use std::time::Duration;

use crate::time::Timestamp;

/// How an attempt ended. Only [`Outcome::Succeeded`] completes a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// The receiver responded with a status of 200 to 299, or the mail server accepted the message.
    Succeeded = 0,
    /// The receiver responded with any other status, or the mail server refused the message.
    BadStatus = 1,
    /// The attempt's timeout expired, at whatever stage.
    Timeout = 2,
    /// The host name has no address, or the lookup failed.
    DnsError = 3,
    /// No TCP connection.
    ConnectError = 4,
    /// No TLS session: a certificate that is not trusted, expired or for another name, or a broken handshake.
    TlsError = 5,
    /// There was no response, it was not HTTP or SMTP, or it broke a limit. A body that is cut off changes
    /// nothing.
    ProtocolError = 6,
    /// The egress guard forbids the destination; nothing was sent.
    Blocked = 7,
    /// A template of the action failed on the event; nothing was sent. No retry follows, because it would
    /// fail again.
    NotRendered = 8,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 9] = [
        Self::Succeeded,
        Self::BadStatus,
        Self::Timeout,
        Self::DnsError,
        Self::ConnectError,
        Self::TlsError,
        Self::ProtocolError,
        Self::Blocked,
        Self::NotRendered,
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
            Self::NotRendered => "not_rendered",
        }
    }

    /// The outcome that a store keeps as this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The outcome of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }

    /// The number that a store keeps.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// How the error of an attempt begins that sent nothing, because the token endpoint of the action's
/// connection gave no access token. The outcome then says how the request to the token endpoint ended.
pub const NO_ACCESS_TOKEN: &str = "No access token";

/// How the error of an attempt begins that sent nothing, because the action's connection has no credentials
/// that a request can carry.
pub const CONNECTION_UNUSABLE: &str = "The connection cannot be used";

/// Words in the error of every [`Outcome::TlsError`] that is about the certificate that we show, or do not
/// show, rather than about the receiver's own.
pub const CLIENT_CERTIFICATE: &str = "client certificate";

/// The record of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From 1, in the order in which the attempts of a delivery started.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, up to the last byte that was read.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, in plain words; `None` after a success and for a bad status.
    pub error: Option<String>,
    /// What was sent to the receiver, and its response.
    pub exchange: Exchange,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_survive_a_round_trip_through_their_code() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
        }
        assert_eq!(Outcome::from_code(9), None);
    }
}
