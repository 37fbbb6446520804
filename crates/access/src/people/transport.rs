//! How requests reach the identity provider. This crate does not depend on HTTP: the process passes a
//! transport in.

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

/// The provider's response.
pub struct FromProvider {
    /// The status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why the provider did not respond, as a text for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(pub String);

/// Sends requests to the provider.
///
/// It does not follow redirects, checks certificates, sends no cookies, and fails after a deadline of its
/// own.
#[async_trait]
pub trait ProviderTransport: Send + Sync {
    /// Sends a request, and returns the whole response.
    async fn send(&self, request: ToProvider) -> Result<FromProvider, Unanswered>;
}
