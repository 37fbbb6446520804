//! What webhooks of the tests reach.

use std::time::Duration;

use bytes::Bytes;
use postrider_engine::carry::Transport;
use postrider_model::Outcome;

/// Receivers that accept everything, but for one at `/hang`, which never responds, and one at `/gone`, which
/// responds 410.
pub struct Thanks;

impl Transport for Thanks {
    async fn send(&self, request: &postrider_egress::Request) -> postrider_egress::Response {
        if request.url.ends_with("/hang") {
            std::future::pending::<()>().await;
        }
        let (outcome, status_code) = match request.url.ends_with("/gone") {
            true => (Outcome::BadStatus, 410),
            false => (Outcome::Succeeded, 200),
        };
        postrider_egress::Response {
            outcome,
            status_code: Some(status_code),
            error: None,
            headers: Vec::new(),
            body: Bytes::new(),
            truncated: false,
            retry_after: None,
            waited: Duration::ZERO,
        }
    }
}
