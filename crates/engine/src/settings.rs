//! The operator's settings of the engine, with the reason for each default.

use std::time::Duration;

use postrider_model::Schedule;

/// What to do with an event whose type is not in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnseenTypes {
    /// Accept it, and add the type to the catalogue.
    #[default]
    Add,
    /// Refuse it.
    Refuse,
}

/// The engine's settings.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// The schedule of accounts and automations without their own.
    pub retry_delays: Schedule,
    /// Timeout of one attempt, body included, unless the action sets its own.
    pub attempt_timeout: Duration,
    /// Largest `data` of an event, in bytes.
    pub data_bytes_max: usize,
    /// What to do with an event whose type is not in the catalogue.
    pub unseen_types: UnseenTypes,
    /// An action is switched off once no delivery of it has succeeded for so long.
    pub disable_failing_after: Duration,
    /// The backlog is high if a delivery has been due for so long.
    pub backlog_alarm: Duration,
    /// How long settled events are kept.
    pub retention: Duration,
    /// How long entries of the audit trail are kept.
    pub audit_retention: Duration,
    /// Most bytes that an account may have stored within the retention, estimated
    /// ([`postrider_storage::StatisticsStore::stored_bytes`]); at least 1. `None`: no limit.
    pub stored_bytes_per_account_max: Option<u64>,
    /// Most deliveries in memory, queued or under way. 20,000 are about a second of the traffic that the
    /// design aims at; further deliveries wait in the store.
    pub window_deliveries: usize,
    /// Most bytes of `data` in memory; with large events, this bound is reached first.
    pub window_bytes: usize,
    /// Most requests under way at the same time. Each costs a socket and its buffers.
    pub in_flight_max: usize,
    /// How long a session lives without a renewal on a shared store. On any other it lives as long as the
    /// node.
    pub lease: Duration,
    /// How often the node rescans the store for waiting deliveries that it does not know of. On a store that
    /// only this process writes to, the rescan is a safety net.
    pub rescan: Duration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            retry_delays: Schedule::default(),
            attempt_timeout: Duration::from_secs(15),
            data_bytes_max: 256 * 1024,
            unseen_types: UnseenTypes::Add,
            disable_failing_after: Duration::from_secs(5 * 24 * 3600),
            backlog_alarm: Duration::from_secs(10 * 60),
            retention: Duration::from_secs(30 * 24 * 3600),
            audit_retention: Duration::from_secs(400 * 24 * 3600),
            stored_bytes_per_account_max: None,
            window_deliveries: 20_000,
            window_bytes: 64 * 1024 * 1024,
            in_flight_max: 2_048,
            lease: Duration::from_secs(30),
            rescan: Duration::from_secs(30),
        }
    }
}
