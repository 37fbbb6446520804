//! Slots of rate limits, in memory: only one process can open the folder.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use postrider_model::{ActionId, Timestamp};
use postrider_storage::rules::rate_limits::reserve;
use postrider_storage::{RateLimitStore, ReserveSlots, StoreResult};

use crate::store::SqliteStore;

/// The first free slot of each limit, in nanoseconds since the epoch.
pub(crate) type FreeSlots = HashMap<ActionId, i64>;

/// Limits in memory from which on those that are not in use are dropped.
const LIMITS_MAX: usize = 10_000;

#[async_trait]
impl RateLimitStore for SqliteStore {
    async fn reserve_slots(
        &self,
        requests: Vec<ReserveSlots>,
        now: Timestamp,
    ) -> StoreResult<Vec<Option<Duration>>> {
        let now_ns = self.lease_now(now).unix_ms().saturating_mul(1_000_000);
        let mut free_slots = self.free_slots.lock();
        if free_slots.len() > LIMITS_MAX {
            free_slots.retain(|_, free| *free > now_ns);
        }
        let reserved = requests.iter().map(|request| {
            let (begin, free) = reserve(free_slots.get(&request.action).copied(), request, now_ns)?;
            free_slots.insert(request.action, free);
            Some(begin)
        });
        Ok(reserved.collect())
    }
}
