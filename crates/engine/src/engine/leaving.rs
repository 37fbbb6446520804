//! Whether requests may leave: the session is alive, and what other nodes changed is known.

use std::sync::atomic::Ordering;
use std::time::Duration;

use postrider_storage::{SessionId, StoreError, StoreResult};

use super::Engine;
use crate::work;

/// While the changes of other nodes have not been read for longer than this, nothing starts: an action may
/// have been deleted. Postrider promises that a change takes effect on every node within a second.
const NEWS_AGE_MAX: Duration = Duration::from_secs(1);

/// A node that has not read the changes of other nodes for longer than this is not ready: it sends nothing.
const NEWS_AGE_READY: Duration = Duration::from_secs(10);

impl Engine {
    pub(crate) fn set_session(&self, session: SessionId, asked_at: Duration) {
        self.session.store(session.0, Ordering::Release);
        self.renewed(asked_at);
    }

    /// Notes a renewal: the lease began no earlier than `asked_at` on the monotonic clock.
    pub(crate) fn renewed(&self, asked_at: Duration) {
        let ends = asked_at + work::session::lease_of(&**self.store(), self.settings());
        self.lease_ends_ms.store(
            u64::try_from(ends.as_millis()).unwrap_or(u64::MAX),
            Ordering::Release,
        );
        self.resume();
    }

    /// Notes that all changes up to `asked_at` on the monotonic clock are known here.
    pub(crate) fn followed(&self, asked_at: Duration) {
        let asked_ms = u64::try_from(asked_at.as_millis()).unwrap_or(u64::MAX);
        self.followed_ms.fetch_max(asked_ms, Ordering::AcqRel);
        self.resume();
    }

    fn resume(&self) {
        if self.may_send() && self.lanes.lock().resume() {
            self.wake_refill();
            self.starts.notify_one();
        }
    }

    pub(crate) fn is_past_lease(&self) -> bool {
        self.parts.clock.monotonic().as_millis() > u128::from(self.lease_ends_ms.load(Ordering::Acquire))
    }

    /// Whether requests may leave: the session is certainly alive, and what other nodes changed until a
    /// moment ago is known here.
    pub(crate) fn may_send(&self) -> bool {
        !self.is_past_lease() && self.news_age() <= NEWS_AGE_MAX
    }

    fn news_age(&self) -> Duration {
        match self.store().is_shared() {
            true => {
                let followed = Duration::from_millis(self.followed_ms.load(Ordering::Acquire));
                self.parts.clock.monotonic().saturating_sub(followed)
            }
            false => Duration::ZERO,
        }
    }

    /// Fails if this node has sent nothing for a while, because it could not read the changes of other nodes.
    pub(super) fn check_news(&self) -> StoreResult<()> {
        let age = self.news_age();
        if age <= NEWS_AGE_READY {
            return Ok(());
        }
        let error = format!(
            "the changes of other nodes could not be read for {} s",
            age.as_secs()
        );
        Err(StoreError::Unavailable(error))
    }
}
