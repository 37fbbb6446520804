//! Slots of rate limits, which the nodes of a cluster share.

use std::time::Duration;

use async_trait::async_trait;
use postrider_model::{ActionId, Timestamp};

use crate::error::StoreResult;

/// A request for consecutive slots of an action's rate limit. In each slot, one attempt may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReserveSlots {
    /// The action.
    pub action: ActionId,
    /// The time between two slots: at least 1 ns, at most 1 h.
    pub interval: Duration,
    /// How many; at least 1.
    pub slots: u32,
    /// Slots that began this long ago, or less, can still be reserved.
    pub since: Duration,
    /// Slots that begin later than this from now are not reserved yet.
    pub ahead: Duration,
}

/// Slots of rate limits. A store with a clock of its own (a database server) uses that clock; a store inside
/// the process uses the caller's `now`.
///
/// The store may forget all reservations in a crash: each limit can then be exceeded once, by the slots that
/// were reserved ahead.
#[async_trait]
pub trait RateLimitStore: Send + Sync {
    /// Reserves slots that nobody else has reserved; the requests name different actions. Returns for each
    /// request when its first slot begins, counted from `since` before now; `None` if all slots up to `ahead`
    /// from now are reserved. [`crate::rules::rate_limits::reserve`] defines the result.
    async fn reserve_slots(
        &self,
        requests: Vec<ReserveSlots>,
        now: Timestamp,
    ) -> StoreResult<Vec<Option<Duration>>>;
}
