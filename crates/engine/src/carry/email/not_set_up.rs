//! What becomes of e-mail actions if the settings of the mail server are removed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use postrider_egress::NotSent;
use postrider_model::{Clock, SendEmail};

use super::out_of_reach;
use super::outage::is_overdue;
use crate::carry::{Carried, Carrier, Job};

/// The error of an attempt that counts.
const NOT_SET_UP: &str = "E-mail is not set up on this installation";

/// How often the log says at most that deliveries wait although no mail server is set.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Carries out nothing: the installation has no mail server any more. Deliveries wait until there is one,
/// until somebody cancels them, or, like in an outage, until they have waited for four days and fail.
pub struct EmailNotSetUp {
    clock: Arc<dyn Clock>,
    reported_at: Mutex<Option<Duration>>,
}

impl EmailNotSetUp {
    /// A carrier that reports by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            reported_at: Mutex::default(),
        }
    }
}

#[async_trait]
impl Carrier<SendEmail> for EmailNotSetUp {
    async fn carry(&self, job: Job<'_>, email: &SendEmail) -> Result<Carried, NotSent> {
        {
            let now = self.clock.monotonic();
            let mut reported_at = self.reported_at.lock();
            if reported_at.is_none_or(|last| now.saturating_sub(last) >= REPORT_EVERY) {
                *reported_at = Some(now);
                tracing::warn!("e-mails wait, because no mail server is set; set smtp_url and smtp_from");
            }
        }
        if is_overdue(&job, self.clock.now()) {
            return Ok(out_of_reach(email, NOT_SET_UP));
        }
        Err(NotSent::Postponed)
    }
}
