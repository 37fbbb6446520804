//! Whether requests may leave: the session is alive, and what other nodes changed is known.

use std::sync::atomic::Ordering;
use std::time::Duration;

use postrider_storage::{SessionId, StoreError, StoreResult};

use super::Engine;
use crate::work;

/// While the changes of other nodes have not been read for longer than this, nothing starts: an action may
/// have been deleted. Postrider promises that a change takes effect on every node within a second.
const NEWS_AGE_MAX: Duration = Duration::from_secs(1);

/// How long a node that was cut off from the store leaves dead sessions alone. Nodes that were cut off
/// together thus record what they know of their attempts before one of them repeats these: each tries to
/// record at least every 2 s.
const RECORD_FIRST: Duration = Duration::from_secs(3);

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
        self.lease_ends_ms.store(ms(ends), Ordering::Release);
        self.resume();
    }

    /// Notes that all changes up to `asked_at` on the monotonic clock are known here.
    pub(crate) fn followed(&self, asked_at: Duration) {
        if self.news_age() > NEWS_AGE_MAX {
            self.record_first();
        }
        self.followed_ms.fetch_max(ms(asked_at), Ordering::AcqRel);
        self.resume();
    }

    /// Leaves dead sessions alone for a while, because this node was cut off and others may have been as
    /// well.
    pub(crate) fn record_first(&self) {
        let takes_over_at = self.parts.clock.monotonic() + RECORD_FIRST;
        self.takes_over_ms.store(ms(takes_over_at), Ordering::Release);
    }

    /// Whether this node may take over the deliveries of dead sessions. Not while it is cut off from the
    /// store, nor right after that.
    pub(crate) fn may_take_over(&self) -> bool {
        let takes_over_at = Duration::from_millis(self.takes_over_ms.load(Ordering::Acquire));
        self.news_age() <= NEWS_AGE_MAX && self.parts.clock.monotonic() >= takes_over_at
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

    /// How long the session is certainly alive without a renewal.
    pub(crate) fn lease_left(&self) -> Duration {
        let ends = Duration::from_millis(self.lease_ends_ms.load(Ordering::Acquire));
        ends.saturating_sub(self.parts.clock.monotonic())
    }

    /// For how long the changes of other nodes have not been read.
    pub(crate) fn news_age(&self) -> Duration {
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

pub(super) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
