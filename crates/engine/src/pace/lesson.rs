//! What an attempt says about its receiver.

use std::time::Duration;

use postrider_model::Outcome;

use crate::carry::Advice;

/// What an attempt says about its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    pub(super) heard: Heard,
    pub(super) is_success: bool,
    pub(super) retry_after: Option<Duration>,
    pub(super) took: Duration,
}

/// What was heard of the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// A response that says nothing about load.
    Response,
    /// Too many requests at once, or too much work: a 503.
    Overloaded,
    /// Too many requests in a time: a 429.
    Limited,
    /// No response.
    Nothing,
    /// Nothing was sent, because the request waited too long for a resource of ours.
    Unasked,
    /// Nothing was sent, because too many requests to the host are under way.
    Crowded,
    /// Nothing was sent, because the delivery was canceled.
    Canceled,
}

impl Lesson {
    /// The lesson of a request that waited too long for a resource of ours, and was not sent.
    pub const fn postponed() -> Self {
        Self::not_sent(Heard::Unasked)
    }

    /// The lesson of a request that was not sent, because too many requests to its host are under way.
    pub const fn crowded() -> Self {
        Self::not_sent(Heard::Crowded)
    }

    /// The lesson of a request that was not sent, because its delivery was canceled.
    pub const fn canceled() -> Self {
        Self::not_sent(Heard::Canceled)
    }

    const fn not_sent(heard: Heard) -> Self {
        Self {
            heard,
            is_success: false,
            retry_after: None,
            took: Duration::ZERO,
        }
    }

    /// The lesson of an attempt that took `took`; `None` if the receiver had no part in it, because nothing
    /// was sent or the operator's part failed.
    pub fn of(outcome: Outcome, advice: Advice, took: Duration) -> Option<Self> {
        let heard = match outcome {
            _ if advice.is_operators => return None,
            _ if advice.rate_limited => Heard::Limited,
            _ if advice.overloaded => Heard::Overloaded,
            Outcome::Succeeded | Outcome::BadStatus | Outcome::ProtocolError => Heard::Response,
            Outcome::Timeout
            | Outcome::DnsError
            | Outcome::ConnectError
            | Outcome::TlsError
            | Outcome::Blocked => Heard::Nothing,
            Outcome::NotRendered => return None,
        };
        Some(Self {
            heard,
            is_success: outcome == Outcome::Succeeded,
            retry_after: advice.retry_after,
            took,
        })
    }
}
