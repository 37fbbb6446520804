//! [`Access`]: its parts, and how it stays coherent with the store.

use std::sync::Arc;

use async_trait::async_trait;
use postrider_model::{Clock, Entropy, IdGenerator, Timestamp};
use postrider_storage::{ChangeFollower, Changed, Store, StoreResult};

use crate::held_keys::HeldKeys;
use crate::refusals::Refusals;

/// The parts of an [`Access`].
pub struct AccessParts {
    /// The store of keys and grants.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Generates the ids of API keys; a process has one.
    pub ids: Arc<IdGenerator>,
    /// Randomness, for keys and tokens.
    pub entropy: Entropy,
}

/// Who may call the API and use the console, as one node knows it. Shared as `Arc<Access>`.
pub struct Access {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) entropy: Entropy,
    pub(crate) held: HeldKeys,
    pub(crate) refusals: Refusals,
}

impl Access {
    /// An access that admits nobody until [`Self::open`].
    pub fn new(parts: AccessParts) -> Self {
        Self {
            store: parts.store,
            clock: parts.clock,
            ids: parts.ids,
            entropy: parts.entropy,
            held: HeldKeys::default(),
            refusals: Refusals::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

#[async_trait]
impl ChangeFollower for Access {
    /// Reads the API keys again if another node may have changed them.
    async fn changed_elsewhere(&self, changed: Option<&[Changed]>) -> StoreResult<()> {
        let concerns_keys = changed.is_none_or(|changed| changed.contains(&Changed::ApiKeys));
        if concerns_keys {
            self.held.reload(&*self.store).await?;
        }
        Ok(())
    }
}
