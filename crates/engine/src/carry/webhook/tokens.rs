//! Access tokens for client credentials (RFC 6749 section 4.4): fetched when needed, kept in memory until
//! shortly before they end, and fetched once for all attempts that wait for the same one.
//!
//! A token endpoint in trouble is not hit harder. While one request is under way, the others of the
//! connection wait for its result; a failure counts for [`FAILURE_KEPT`]; and a receiver that refuses every
//! token has a new one fetched at most once in [`RENEWED_EVERY`].
//!
//! Attempts that share a token do not share each other's troubles. A request that ran out of an attempt's
//! time says nothing to one that has more; the token that one receiver refuses serves the others until there
//! is a new one; and while a request waits for resources of ours, so do those that wait for it.

mod request;
mod response;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_configuration::OAuth2Client;
use postrider_egress::NotSent;
use postrider_model::{Clock, ConnectionId, Outcome};
use quick_cache::sync::Cache;

use super::Transport;
use crate::carry::MayLeave;
use request::request;
use response::read;

/// Connections whose tokens are kept in memory. Those of others are fetched again when they are needed; a
/// token takes up to 8 KiB.
const KEPT_MAX: usize = 10_000;

/// How long a failure of a token endpoint counts for attempts that come after it.
const FAILURE_KEPT: Duration = Duration::from_secs(1);

/// How often a token is fetched because the receiver refused the one before.
const RENEWED_EVERY: Duration = Duration::from_secs(10);

/// How much longer than its own time an attempt waits for the request of another. Attempts that began with
/// that one then end with it, by its failure, instead of a moment before.
const TOGETHER: Duration = Duration::from_millis(250);

/// An access token. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token {
    text: Arc<str>,
    /// Until when it is used, by the monotonic clock.
    until: Duration,
}

impl Token {
    /// The token. The caller is responsible for where it goes.
    pub(super) fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A token, and whether it was fetched just now.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) token: Token,
    pub(super) is_new: bool,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TokenFailure {
    /// How the request to the token endpoint ended.
    pub(super) outcome: Outcome,
    /// What went wrong, in plain words that a customer can read.
    pub(super) error: String,
    /// How long the token endpoint asks to wait.
    pub(super) retry_after: Option<Duration>,
    /// The status with which the token endpoint responded, if it did.
    pub(super) status_code: Option<u16>,
}

/// How to ask a token endpoint.
pub(super) struct Asking<'a, T> {
    pub(super) transport: &'a T,
    pub(super) user_agent: &'a str,
    /// The account of the connection: the accounts that share one take one turn together.
    pub(super) tenant: u128,
    /// What is left of the attempt's timeout.
    pub(super) timeout: Duration,
    pub(super) may_leave: MayLeave<'a>,
}

/// The tokens in memory.
pub(super) struct Tokens {
    clock: Arc<dyn Clock>,
    /// By connection and its version, so that an edit takes effect at once.
    held: Cache<(ConnectionId, i64), Arc<Held>>,
}

/// A connection's token.
#[derive(Default)]
struct Held {
    known: Mutex<Known>,
    /// Locked while the token is fetched. Only those wait for it who cannot use the token in memory.
    fetching: tokio::sync::Mutex<()>,
}

/// What is known of a connection's token.
#[derive(Default)]
struct Known {
    token: Option<Token>,
    /// The failure of the last request, if it failed.
    failure: Option<Failed>,
    /// When the last request ended that asked for a token because the one before was refused.
    renewed: Option<Duration>,
    /// How long the last request waited for resources of ours. So did those that waited for it.
    waited: Duration,
}

/// A request to a token endpoint that failed.
struct Failed {
    at: Duration,
    /// The time that it had.
    timeout: Duration,
    failure: TokenFailure,
}

impl Tokens {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            held: Cache::new(KEPT_MAX),
        }
    }

    /// The connection's token: from memory if it is good and not the one that the receiver has `refused`,
    /// otherwise from the token endpoint. Also returns how long that waited for resources of ours.
    ///
    /// # Errors
    /// [`NotSent::Postponed`] also if the request of another attempt takes longer than `asking.timeout`: how
    /// much of that is a wait for resources of ours is known only when it has ended.
    pub(super) async fn get<T: Transport>(
        &self,
        client: &OAuth2Client,
        refused: Option<&Token>,
        asking: &Asking<'_, T>,
    ) -> Result<(Result<Got, TokenFailure>, Duration), NotSent> {
        let key = (client.connection, client.version);
        let began = self.clock.monotonic();
        let held = self
            .held
            .get_or_insert_with(&key, || Ok::<_, std::convert::Infallible>(Arc::default()))
            .unwrap_or_else(|never| match never {});
        let known = |timeout| {
            let now = self.clock.monotonic();
            held.known.lock().answer(refused, now, timeout)
        };
        if let Some(answer) = known(asking.timeout) {
            return Ok((answer, Duration::ZERO));
        }
        let fetching = tokio::time::timeout(asking.timeout + TOGETHER, held.fetching.lock());
        let Ok(_fetching) = fetching.await else {
            return Err(NotSent::Postponed);
        };
        let queued = self.clock.monotonic().saturating_sub(began);
        let ours = queued.min(held.known.lock().waited);
        let timeout = asking.timeout.saturating_sub(queued - ours);
        if let Some(answer) = known(timeout) {
            return Ok((answer, ours));
        }
        let is_renewal = held.known.lock().is_refused(refused);
        let fetched = self.fetch(&held.known, client, asking, timeout).await;
        if is_renewal {
            held.known.lock().renewed = Some(self.clock.monotonic());
        }
        let (got, waited) = fetched?;
        Ok((got, ours + waited))
    }

    /// Asks the token endpoint, and notes what it says.
    async fn fetch<T: Transport>(
        &self,
        known: &Mutex<Known>,
        client: &OAuth2Client,
        asking: &Asking<'_, T>,
        timeout: Duration,
    ) -> Result<(Result<Got, TokenFailure>, Duration), NotSent> {
        let began = self.clock.monotonic();
        let mut request = request(client, asking, timeout);
        let leave = |_: &mut _| (asking.may_leave)();
        let response = asking.transport.send_if(&mut request, &leave).await;
        let now = self.clock.monotonic();
        let mut known = known.lock();
        let response = response.inspect_err(|_| known.waited = now.saturating_sub(began))?;
        known.waited = response.waited;
        let got = match read(&response) {
            Ok(issued) => {
                let token = issued.token(now);
                known.token = Some(token.clone());
                known.failure = None;
                Ok(Got { token, is_new: true })
            }
            Err(failure) => {
                known.failure = Some(Failed {
                    at: now,
                    timeout,
                    failure: failure.clone(),
                });
                Err(failure)
            }
        };
        Ok((got, response.waited))
    }
}

impl Known {
    /// What can be answered without asking, to an attempt that has this much time left: a good token, or that
    /// there is none for now.
    fn answer(
        &self,
        refused: Option<&Token>,
        now: Duration,
        timeout: Duration,
    ) -> Option<Result<Got, TokenFailure>> {
        if self.is_refused(refused) {
            if self.renewed.is_some_and(|at| now < at + RENEWED_EVERY) {
                return Some(Err(refused_again()));
            }
        } else if let Some(token) = self.token.clone().filter(|token| now < token.until) {
            return Some(Ok(Got { token, is_new: false }));
        }
        let failed = self.failure.as_ref().filter(|it| it.counts(now, timeout));
        failed.map(|it| Err(it.failure.clone()))
    }

    /// Whether the token in memory is the one that a receiver has refused.
    fn is_refused(&self, refused: Option<&Token>) -> bool {
        refused.is_some() && self.token.as_ref() == refused
    }
}

impl Failed {
    /// Whether it counts for an attempt that has this much time left.
    fn counts(&self, now: Duration, timeout: Duration) -> bool {
        let wants_time = self.failure.outcome == Outcome::Timeout;
        now < self.at + FAILURE_KEPT && !(wants_time && timeout > self.timeout)
    }
}

fn refused_again() -> TokenFailure {
    TokenFailure {
        outcome: Outcome::ProtocolError,
        error: "the receiver refuses the tokens of the token endpoint".to_owned(),
        retry_after: None,
        status_code: None,
    }
}

#[cfg(test)]
mod tests;
