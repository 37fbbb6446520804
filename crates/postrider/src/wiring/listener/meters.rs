//! The metrics of connections, over all listeners.

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

/// Handles of the metrics recorder that was installed when they were created.
#[derive(Debug)]
pub struct Meters {
    /// Open connections.
    pub open: Gauge,
    /// Connections that got a place.
    pub accepted: Counter,
    /// Connections that were closed at once.
    pub refused: Counter,
}

impl Meters {
    pub fn new() -> Self {
        describe_gauge!("postrider_connections", "Open connections of clients");
        describe_counter!(
            "postrider_connections_accepted_total",
            "Connections of clients that were accepted"
        );
        describe_counter!(
            "postrider_connections_refused_total",
            "Connections that were closed at once, because their client had its share of connections"
        );
        Self {
            open: gauge!("postrider_connections"),
            accepted: counter!("postrider_connections_accepted_total"),
            refused: counter!("postrider_connections_refused_total"),
        }
    }
}
