//! The storage interface: one object-safe trait of coarse atomic verbs, [`Store`].
//!
//! The store is the only source of truth; memory holds a window of it. Each verb is one atomic step, named
//! for what happens in the domain: after a crash, the step is either done or not done. A verb returns once
//! its effect is on disk (fsync, or the cluster's commit). A store can write all items of one call in one
//! transaction. It may also merge concurrent calls into one transaction, as long as each call stays atomic.
//!
//! **Ownership.** A pending delivery is either *owned* by a node session (an attempt is under way or about to
//! start in that process's memory) or *waiting* in the store until `next_attempt_at`. [`WorkStore::advance`]
//! creates deliveries of either kind, [`DeliveryStore::claim`] turns waiting into owned, and a report in
//! [`WorkStore::advance`] ends ownership. [`SessionStore::close_session`] returns all deliveries of a session
//! to waiting without an attempt. A session that stops renewing its lease is dead and never revives:
//! [`SessionStore::reclaim`] returns its deliveries to waiting. It can still report the results of attempts
//! that it made; these count until another session owns the delivery ([`rules::attempts::Held`]).
//!
//! **Audit.** A verb that a person or a program sets off takes the [`postrider_model::AuditEntry`] that says
//! so, and writes it in the same transaction, only if the verb changed something. Verbs by which nodes do
//! their work take none; a result that switches an action off writes one by
//! [`rules::audit::action_disabled`].
//!
//! **Health.** Results also change the health of actions, and store the operational events about it in the
//! same commit ([`health`]).
//!
//! **Announcements.** A verb whose change an operational event reports takes the events as `announced` and
//! stores them in the same transaction, only if it changed something.
//!
//! This crate must never know a dialect, a file or a socket.
//!
//! A copy from one store to another moves rows one by one ([`transfer`]); it does not use the verbs.
//!
//! To add a verb: put it into the trait of its area, implement it in the file of the same name in each
//! `crates/storage-*`, and state its promise as a test in `crates/storage-testkit`.

#![forbid(unsafe_code)]

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod automations;
pub mod changes;
pub mod connections;
pub mod deletion;
pub mod deliveries;
pub mod encoding;
pub mod error;
pub mod event_types;
pub mod events;
pub mod grants;
pub mod health;
pub mod meters;
pub mod missed;
pub mod page;
pub mod rate_limits;
pub mod requests;
pub mod retention;
pub mod rows;
pub mod rules;
pub mod sealing;
pub mod search;
pub mod secrets;
pub mod sessions;
pub mod statistics;
pub mod templates;
pub mod transfer;
pub mod work;

pub use accounts::{AccountConfig, AccountRef, AccountStore, SaveAccount};
pub use api_keys::{API_KEYS_MAX, AddApiKey, ApiKeyStore, RemoveApiKey};
pub use audit::{AUDIT_LOG, AUDIT_LOOKED_AT_MAX, ActionPattern, AuditFilter, AuditStore, log_audit};
pub use automations::{AutomationStore, DisableAction, SaveAutomation};
pub use changes::{ChangeFollower, ChangeMark, ChangeStore, Changed, Changes};
pub use connections::{ConnectionStore, ConnectionUser, DeleteConnection, SaveConnection};
pub use deletion::DeleteObject;
pub use deliveries::{
    CancelStep, CanceledDelivery, Change, Claim, ClaimRequest, CountStep, DeliveryFilter, DeliveryKey,
    DeliveryRecord, DeliveryStore, DueAhead, DueEarlier, Finished, ReadyDelivery, Recorded, ReplayStep,
    Resent, WaitingLane,
};
pub use error::{StoreError, StoreResult};
pub use event_types::{EventTypeStore, PutIf, SaveEventType};
pub use events::{Appended, EventCanceled, EventFilter, EventStore, FirstAttempt, NewDelivery, NewEvent};
pub use grants::{
    BeginSession, ConsoleStore, EXPIRED_GRANTS_REMOVED_MAX, GrantFilter, PORTAL_LINKS_MAX, PermittedSessions,
    PutGrant, SessionLimits,
};
pub use health::{ActionReport, Announcement, HealthStore, StoredIf, UnhealthyAction};
pub use missed::{
    MissedBounds, MissedDelivery, MissedEvent, MissedFilter, MissedStep, MissedStore, NewMissed,
};
pub use page::{LIMIT_MAX, Page, PageRequest, Position};
pub use rate_limits::{RateLimitStore, ReserveSlots};
pub use requests::{
    Claimed, OLD_REQUESTS_REMOVED_MAX, REQUEST_HANDLED_WITHIN, REQUESTS_LAST, REQUESTS_MAX, RequestClaim,
    RequestStore,
};
pub use retention::{Pruned, RetentionStore, StoreClock};
pub use sealing::Sealer;
pub use search::{Found, FoundObject, SearchStore, Sought};
pub use secrets::{RESEALED_MAX, Resealed, SealedValues, SecretStore};
pub use sessions::{LIVE_SESSIONS_MAX, LiveSession, SessionId, SessionStore, StoreConnections};
pub use statistics::StatisticsStore;
pub use templates::{PinTemplate, PinnedTemplate, TemplateStore};
pub use work::{Advanced, Turn, WorkStore};

/// All storage verbs that Postrider uses.
pub trait Store:
    AccountStore
    + ApiKeyStore
    + AuditStore
    + AutomationStore
    + ChangeStore
    + ConnectionStore
    + ConsoleStore
    + DeliveryStore
    + EventStore
    + EventTypeStore
    + HealthStore
    + MissedStore
    + RateLimitStore
    + RequestStore
    + RetentionStore
    + SearchStore
    + SecretStore
    + SessionStore
    + StatisticsStore
    + TemplateStore
    + WorkStore
    + 'static
{
}

impl<T> Store for T where
    T: AccountStore
        + ApiKeyStore
        + AuditStore
        + AutomationStore
        + ChangeStore
        + ConnectionStore
        + ConsoleStore
        + DeliveryStore
        + EventStore
        + EventTypeStore
        + HealthStore
        + MissedStore
        + RateLimitStore
        + RequestStore
        + RetentionStore
        + SearchStore
        + SecretStore
        + SessionStore
        + StatisticsStore
        + TemplateStore
        + WorkStore
        + 'static
{
}
