//! How requests reach the identity provider. This crate knows no HTTP: the process passes a transport in.

use async_trait::async_trait;

/// A request to the provider: a GET or, with a form, a POST. It has no `Debug`, because it holds secrets.
pub struct ToProvider {
    /// An absolute URL, whose scheme an [`Issuer`](super::Issuer) has checked.
    pub url: String,
    /// The value of `Authorization`.
    pub authorization: Option<String>,
    /// The body of a POST, as `application/x-www-form-urlencoded`.
    pub form: Option<String>,
    /// The longest body that is accepted. A longer one is an error.
    pub bytes_max: usize,
}

/// What the provider answered.
pub struct FromProvider {
    /// The status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no answer, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// Sends requests to the provider.
///
/// It follows no redirect, checks certificates, sends no cookie, and gives up after a deadline of its own.
#[async_trait]
pub trait ProviderTransport: Send + Sync {
    /// Sends a request, and returns the whole answer.
    async fn send(&self, request: ToProvider) -> Result<FromProvider, Unanswered>;
}
