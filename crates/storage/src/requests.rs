//! Requests with an `Idempotency-Key`, so that a repeated request does not take effect twice.
//!
//! A request is claimed before it is handled, and its response is kept afterwards. A request whose node died
//! in between stays claimed without a response: nobody knows whether it took effect, so it is never handled
//! again.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use postrider_model::{ApiKeyId, Timestamp};

use crate::error::StoreResult;

/// How long a request is remembered, if its API key sends no more than [`REQUESTS_MAX`] later ones.
pub const REQUESTS_LAST: Duration = Duration::from_secs(24 * 3_600);

/// Most handled requests by which an API key is remembered; the oldest are forgotten first. A response can
/// have 300 KB, and nobody shall fill the disk with responses.
pub const REQUESTS_MAX: u32 = 1_000;

/// How long a claimed request counts as being handled. No handler takes as long: the longest waits for the
/// store.
pub const REQUEST_HANDLED_WITHIN: Duration = Duration::from_secs(120);

/// Most forgotten requests of each kind, too old or too many, that a claim removes: more than one, so that
/// they cannot pile up.
pub const OLD_REQUESTS_REMOVED_MAX: u32 = 10;

/// A request that is about to be handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestClaim {
    /// SHA-256 of who sent it and its `Idempotency-Key`.
    pub sha256: [u8; 32],
    /// Who sent it. Deleting the key deletes its requests.
    pub api_key: ApiKeyId,
    /// SHA-256 of the request itself.
    pub fingerprint: [u8; 32],
    /// Different for each claim.
    pub claim: [u8; 16],
    /// Now.
    pub at: Timestamp,
}

/// The result of a claim.
#[derive(Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody has handled the request: handle it, then keep its response or forget it.
    Ours,
    /// It is being handled.
    Running,
    /// It was handled, with this response.
    Handled(Vec<u8>),
    /// It was claimed and has no response that can be read: nobody knows whether it took effect.
    Unknown,
    /// The key was used for another request.
    Other,
}

impl fmt::Debug for Claimed {
    /// Without the response, which may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => f.write_str("Ours"),
            Self::Running => f.write_str("Running"),
            Self::Handled(response) => write!(f, "Handled({} bytes)", response.len()),
            Self::Unknown => f.write_str("Unknown"),
            Self::Other => f.write_str("Other"),
        }
    }
}

/// Requests with an `Idempotency-Key`.
#[async_trait]
pub trait RequestStore: Send + Sync {
    /// Claims a request unless it is known; [`crate::rules::requests::judge`] defines the result for a known
    /// one. Forgets requests that are older than [`REQUESTS_LAST`], and handled ones beyond
    /// [`REQUESTS_MAX`]; of each, it removes at most [`OLD_REQUESTS_REMOVED_MAX`]. [`Claimed::Running`] also
    /// if the API key does not exist any more: the next try is unauthorized.
    async fn claim_request(&self, claim: RequestClaim) -> StoreResult<Claimed>;

    /// Keeps the response to a claimed request, sealed. False if the claim is not the newest any more.
    async fn keep_response(&self, sha256: [u8; 32], claim: [u8; 16], response: Vec<u8>) -> StoreResult<bool>;

    /// Forgets a claimed request, which took no effect.
    async fn forget_request(&self, sha256: [u8; 32], claim: [u8; 16]) -> StoreResult<()>;
}
