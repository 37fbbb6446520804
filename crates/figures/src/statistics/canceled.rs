//! Counts what was canceled on request.

use postrider_model::{AccountId, Timestamp};
use postrider_storage::CanceledDelivery;
use postrider_storage::statistics::{ActionKey, Counts, Scope};

use super::Statistics;

impl Statistics {
    /// Counts deliveries that were canceled on request, except those that returned to their status before a
    /// resend.
    pub(crate) fn count_canceled(&self, account: AccountId, at: Timestamp, canceled: &[CanceledDelivery]) {
        let mut held = self.held.lock();
        for delivery in canceled {
            let is_new = delivery.resend_of != Some(delivery.status);
            if delivery.is_test || !is_new {
                continue;
            }
            let key = ActionKey {
                account,
                automation: delivery.automation,
                action: delivery.action,
            };
            let counts = Counts {
                canceled: 1,
                ..Counts::default()
            };
            held.add(Scope::Action(key), at, counts, None);
        }
    }
}
