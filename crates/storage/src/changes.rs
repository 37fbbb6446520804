//! Changes by other nodes: to configuration that this node may hold in memory, and to the set of live
//! sessions.

use async_trait::async_trait;
use postrider_model::AccountId;

use crate::error::StoreResult;

/// How far a reader has read. The store creates it; it is opaque to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeMark {
    /// What the reader has seen.
    pub seen: i64,
    /// When the reader looked, by the store's clock, in milliseconds since 1970.
    pub looked_at_ms: i64,
}

/// A thing that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Changed {
    /// An account, its keys or its automations were changed or deleted.
    Account(AccountId),
    /// The catalogue of event types.
    EventTypes,
    /// The keys that open the API.
    ApiKeys,
    /// A session was closed or declared dead: its deliveries wait for other nodes.
    Sessions,
}

/// The changes since a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The mark to pass to the next call.
    pub mark: ChangeMark,
    /// The changes, including this node's own; a change may be reported more than once. `None` where too much
    /// time has passed or too much has changed to say: anything may have changed.
    pub changed: Option<Vec<Changed>>,
}

/// Changes made by other nodes.
#[async_trait]
pub trait ChangeStore: Send + Sync {
    /// Whether other processes can write to the store. If not, callers need nothing else from this trait.
    fn is_shared(&self) -> bool;

    /// The changes since `since`: every change whose commit the previous answer did not see. Without a mark,
    /// the answer is the mark to begin with.
    async fn changes(&self, since: Option<ChangeMark>) -> StoreResult<Changes>;

    /// Waits until something may have changed. It may return for no reason and may miss a change, so a caller
    /// that must know also calls [`Self::changes`] periodically.
    async fn changed(&self);
}

/// Something that holds parts of the store in memory.
#[async_trait]
pub trait ChangeFollower: Send + Sync {
    /// Drops or reloads what other nodes changed: these things or, for `None`, possibly everything. After an
    /// error the caller repeats the call.
    async fn changed_elsewhere(&self, changed: Option<&[Changed]>) -> StoreResult<()>;
}
