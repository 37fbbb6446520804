//! What other nodes changed: configuration that this node may hold in memory, and who is left.

use async_trait::async_trait;
use postrider_model::AccountId;

use crate::error::StoreResult;

/// How far a reader has read, handed out by the store and opaque to everyone else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeMark {
    /// What the reader has seen.
    pub seen: i64,
    /// When it looked, by the store's clock, in milliseconds since 1970.
    pub looked_at_ms: i64,
}

/// Something that was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Changed {
    /// An account, its keys or its automations; or it is gone.
    Account(AccountId),
    /// The catalogue of event types.
    EventTypes,
    /// The keys that open the API.
    ApiKeys,
    /// A session ended, or was found dead: what it had under way or in view waits for others.
    Sessions,
}

/// What was changed since a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// What to ask with the next time.
    pub mark: ChangeMark,
    /// What was changed, by this node as well; the same may be told more than once. `None` where too much
    /// time has passed to tell: anything may have changed.
    pub changed: Option<Vec<Changed>>,
}

/// Changes that other nodes make.
#[async_trait]
pub trait ChangeStore: Send + Sync {
    /// Whether other processes can write to the store. Where they cannot, nothing here needs to be called.
    fn is_shared(&self) -> bool;

    /// What was changed since `since`: everything whose commit the answer before this one did not know of.
    /// Without a mark, where to begin: nothing is told.
    async fn changes(&self, since: Option<ChangeMark>) -> StoreResult<Changes>;

    /// Waits until something may have been changed. It may end for no reason, and may miss a change: whoever
    /// has to know asks from time to time as well.
    async fn changed(&self);
}

/// Something that holds parts of the store in memory.
#[async_trait]
pub trait ChangeFollower: Send + Sync {
    /// Drops or reads again what other nodes changed: these things, or, for `None`, possibly everything.
    /// After an error the caller repeats the call.
    async fn changed_elsewhere(&self, changed: Option<&[Changed]>) -> StoreResult<()>;
}
