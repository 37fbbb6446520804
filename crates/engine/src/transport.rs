//! How the engine sends: a trait, so that tests can drive it against simulated receivers on virtual time.
//!
//! In production the [`HttpClient`] of crate `egress` implements it.

use async_trait::async_trait;
use postrider_egress::HttpClient;

pub use postrider_egress::{Request, Response};

/// Sends requests.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and returns within its timeout, give or take the scheduling of tasks. Dropping the future
    /// aborts the request.
    async fn send(&self, request: &Request) -> Response;
}

#[async_trait]
impl Transport for HttpClient {
    async fn send(&self, request: &Request) -> Response {
        Self::send(self, request).await
    }
}
