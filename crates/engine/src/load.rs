//! How much this node has in memory, and how it stands with its store, for its metrics.

use std::time::Duration;

use postrider_storage::StoreConnections;

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
    /// Rows that wait for a commit: events, their deliveries, and large payloads.
    pub rows_queued: usize,
    /// Results of attempts that wait for a commit.
    pub results_queued: usize,
}

/// How the node stands with a store that other nodes share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How long its session lives without a renewal from now on.
    pub lease_left: Duration,
    /// For how long it has not read the changes of other nodes.
    pub news_age: Duration,
    /// Its connections.
    pub connections: Option<StoreConnections>,
}

impl Engine {
    /// The work in memory now: deliveries, requests under way, lanes, and what waits for a commit.
    pub fn load(&self) -> Load {
        let (deliveries, in_flight, lanes) = {
            let lanes = self.lanes();
            (lanes.held(), lanes.in_flight(), lanes.count())
        };
        let results = self.results();
        Load {
            deliveries,
            in_flight,
            lanes,
            rows_queued: self.appends().cost(),
            results_queued: results.map_or(0, |results| results.max_capacity() - results.capacity()),
        }
    }

    /// How the node stands with its store; `None` if the store has no other nodes.
    pub fn standing(&self) -> Option<Standing> {
        self.store().is_shared().then(|| Standing {
            lease_left: self.lease_left(),
            news_age: self.news_age(),
            connections: self.store().server_connections(),
        })
    }
}
