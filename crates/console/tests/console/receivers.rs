//! What webhooks of the tests reach.

use std::time::Duration;

use bytes::Bytes;
use postrider_engine::carry::Transport;
use postrider_model::Outcome;

/// Receivers that accept everything, but for one at `/hang`, which never responds.
pub struct Thanks;

impl Transport for Thanks {
    async fn send(&self, request: &postrider_egress::Request) -> postrider_egress::Response {
        if request.url.ends_with("/hang") {
            std::future::pending::<()>().await;
        }
        postrider_egress::Response {
            outcome: Outcome::Succeeded,
            status_code: Some(200),
            error: None,
            headers: Vec::new(),
            body: Bytes::new(),
            truncated: false,
            retry_after: None,
            waited: Duration::ZERO,
        }
    }
}
