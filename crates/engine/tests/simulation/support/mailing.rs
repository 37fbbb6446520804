//! Nodes with and without a mail server.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_egress::Hosts;
use postrider_engine::carry::Carrier;
use postrider_engine::{Carriers, EmailNotSetUp, EngineSettings, WebhookCarrier};
use postrider_model::{Clock, SendEmail, SendWebhook};
use postrider_signing::HeaderNames;

use super::{Node, Receivers, VirtualClock, inline, status};

impl Node {
    /// Starts a node whose time begins `offset_ms` after [`super::START_MS`]. Its webhooks all get a 200, and
    /// this carrier carries its e-mails.
    pub async fn start_mailing(
        folder: &std::path::Path,
        offset_ms: i64,
        email: impl FnOnce(Arc<VirtualClock>) -> Arc<dyn Carrier<SendEmail>>,
    ) -> Self {
        let store = inline(folder);
        let clock = Arc::new(VirtualClock::new(offset_ms));
        let receivers = Arc::new(Receivers {
            clock: Arc::clone(&clock),
            script: Box::new(|_, _| (Duration::ZERO, status(200))),
            hosts: Hosts::new(1),
            seen: Mutex::default(),
        });
        let webhook = WebhookCarrier::new(
            Arc::clone(&receivers),
            HeaderNames::new("Postrider"),
            Arc::clone(&clock) as Arc<dyn Clock>,
        );
        let carriers = Carriers {
            webhook: Arc::new(webhook),
            email: email(Arc::clone(&clock)),
        };
        Self::start_with(store, clock, EngineSettings::default(), receivers, carriers).await
    }
}

/// Carriers of a node without a mail server.
pub(super) fn without_mail(webhook: Arc<dyn Carrier<SendWebhook>>, clock: &Arc<VirtualClock>) -> Carriers {
    Carriers {
        webhook,
        email: Arc::new(EmailNotSetUp::new(Arc::clone(clock) as Arc<dyn Clock>)),
    }
}
