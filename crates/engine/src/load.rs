//! How much this node has in memory, for its metrics.

use crate::engine::Engine;

/// The work in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Deliveries, queued or under way.
    pub deliveries: usize,
    /// Requests under way.
    pub in_flight: usize,
    /// Actions with deliveries in memory or due soon.
    pub lanes: usize,
}

impl Engine {
    /// The work in memory now: deliveries, requests under way, lanes.
    pub fn load(&self) -> Load {
        let lanes = self.lanes();
        Load {
            deliveries: lanes.held(),
            in_flight: lanes.in_flight(),
            lanes: lanes.count(),
        }
    }
}
