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

use postrider_configuration::OAuth2Client;
use postrider_egress::NotSent;
use postrider_model::{Clock, ConnectionId, Outcome};
use quick_cache::sync::Cache;
use tokio::sync::Mutex;

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
    pub(super) tenant: u128,
    /// What is left of the attempt's timeout.
    pub(super) timeout: Duration,
    pub(super) may_leave: MayLeave<'a>,
}

/// The tokens in memory.
pub(super) struct Tokens {
    clock: Arc<dyn Clock>,
    /// By connection and its version, so that an edit takes effect at once.
    held: Cache<(ConnectionId, i64), Arc<Mutex<Held>>>,
}

/// What is known of a connection's token. Locked while the token is fetched.
#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// The failure of the last request, if it failed.
    failure: Option<Failed>,
    /// When a token was last asked for because the one before was refused.
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
        let Ok(mut held) = tokio::time::timeout(asking.timeout + TOGETHER, held.lock()).await else {
            return Err(NotSent::Postponed);
        };
        let now = self.clock.monotonic();
        let queued = now.saturating_sub(began);
        let ours = queued.min(held.waited);
        let timeout = asking.timeout.saturating_sub(queued - ours);
        if let Some(known) = held.known(refused, now, timeout) {
            return Ok((known, ours));
        }
        let is_renewal = held.is_refused(refused);
        let (got, waited) = self.fetch(&mut held, client, asking, timeout).await?;
        if is_renewal {
            held.renewed = Some(now);
        }
        Ok((got, ours + waited))
    }

    /// Asks the token endpoint, and notes what it says.
    async fn fetch<T: Transport>(
        &self,
        held: &mut Held,
        client: &OAuth2Client,
        asking: &Asking<'_, T>,
        timeout: Duration,
    ) -> Result<(Result<Got, TokenFailure>, Duration), NotSent> {
        let began = self.clock.monotonic();
        let mut request = request(client, asking, timeout);
        let leave = |_: &mut _| (asking.may_leave)();
        let response = asking.transport.send_if(&mut request, &leave).await;
        let now = self.clock.monotonic();
        let response = response.inspect_err(|_| held.waited = now.saturating_sub(began))?;
        held.waited = response.waited;
        let got = match read(&response) {
            Ok(issued) => {
                let token = issued.token(now);
                held.token = Some(token.clone());
                held.failure = None;
                Ok(Got { token, is_new: true })
            }
            Err(failure) => {
                held.failure = Some(Failed {
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

impl Held {
    /// What is known without asking, to an attempt that has this much time left: a good token, or that there
    /// is none for now.
    fn known(
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
