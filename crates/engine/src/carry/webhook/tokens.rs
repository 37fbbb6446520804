//! Access tokens for client credentials (RFC 6749 section 4.4): fetched when needed, kept in memory until
//! shortly before they end, and fetched once for all attempts that wait for the same one.
//!
//! A token endpoint in trouble is not hit harder. While one request is under way, the others of the
//! connection wait for its result; a failure counts for [`FAILURE_KEPT`]; and a receiver that refuses every
//! token has a new one fetched at most once in [`RENEWED_EVERY`].

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
    /// The last failure, and when it was.
    failure: Option<(Duration, TokenFailure)>,
    /// When a token was last fetched because the one before was refused.
    renewed: Option<Duration>,
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
        let Ok(mut held) = tokio::time::timeout(asking.timeout, held.lock()).await else {
            return Ok((Err(late()), Duration::ZERO));
        };
        let now = self.clock.monotonic();
        if let Some(known) = held.known(refused, now) {
            return Ok((known, Duration::ZERO));
        }
        let timeout = asking.timeout.saturating_sub(now.saturating_sub(began));
        let mut request = request(client, asking, timeout);
        let leave = |_: &mut _| (asking.may_leave)();
        let response = asking.transport.send_if(&mut request, &leave).await?;
        let now = self.clock.monotonic();
        let got = match read(&response) {
            Ok(issued) => {
                let token = issued.token(now);
                held.token = Some(token.clone());
                held.failure = None;
                Ok(Got { token, is_new: true })
            }
            Err(failure) => {
                held.failure = Some((now, failure.clone()));
                Err(failure)
            }
        };
        Ok((got, response.waited))
    }
}

impl Held {
    /// What is known without asking: a good token, or that there is none for now. Forgets a token that was
    /// refused.
    fn known(&mut self, refused: Option<&Token>, now: Duration) -> Option<Result<Got, TokenFailure>> {
        let is_refused = self.token.is_some() && self.token.as_ref() == refused;
        if is_refused {
            if self.renewed.is_some_and(|at| now < at + RENEWED_EVERY) {
                return Some(Err(refused_again()));
            }
            self.renewed = Some(now);
            self.token = None;
        }
        if let Some(token) = self.token.as_ref().filter(|token| now < token.until) {
            let token = token.clone();
            return Some(Ok(Got { token, is_new: false }));
        }
        let failure = self.failure.as_ref().filter(|(at, _)| now < *at + FAILURE_KEPT);
        failure.map(|(_, failure)| Err(failure.clone()))
    }
}

fn late() -> TokenFailure {
    TokenFailure {
        outcome: Outcome::Timeout,
        error: "the token endpoint did not respond in time".to_owned(),
        retry_after: None,
    }
}

fn refused_again() -> TokenFailure {
    TokenFailure {
        outcome: Outcome::ProtocolError,
        error: "the receiver refuses the tokens of the token endpoint".to_owned(),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests;
