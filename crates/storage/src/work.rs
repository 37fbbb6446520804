//! Writing work: new events with their deliveries, and what happened to owned deliveries.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::deliveries::{Finished, Recorded};
use crate::error::StoreResult;
use crate::events::{Appended, NewEvent};
use crate::sessions::SessionId;

/// The results of one call of [`WorkStore::advance`].
#[derive(Debug, Clone, PartialEq)]
pub struct Advanced {
    /// One result for each event, in order.
    pub appended: StoreResult<Vec<Appended>>,
    /// One result for each report, in order.
    pub recorded: StoreResult<Vec<Recorded>>,
}

/// A turn to call [`WorkStore::advance_in_turn`], which the store or the caller ends, whichever comes first.
/// What it holds is dropped then.
#[derive(Clone)]
pub struct Turn(Arc<Mutex<Option<Box<dyn Send>>>>);

impl Turn {
    /// A turn that holds this until it ends, or until its last clone is dropped.
    pub fn holding(held: impl Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(held)))))
    }

    /// Ends the turn.
    pub fn end(&self) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(held);
    }
}

/// Writing work. No other verb stores attempts, or events other than those that announce what it did.
#[async_trait]
pub trait WorkStore: Send + Sync {
    /// Stores events with their deliveries, and records what happened to owned deliveries, in one commit
    /// where possible. Each half takes effect completely or (on an error) not at all, and an error of one
    /// half does not affect the other. An empty half succeeds and returns an empty list.
    ///
    /// A busy node calls this because every commit costs one sync, however much it contains. The caller
    /// shares both halves with the store and goes on using them afterwards.
    ///
    /// **Events.** If two events of one call share an id or a key, the later one is treated as if it had
    /// followed in a later call.
    ///
    /// **Reports.** A delivery that an attempt settles is settled at the end of that attempt (`started_at` +
    /// `duration`). If the applied result disables the action, the same commit switches the action off and
    /// increments its automation's version; other nodes follow that as they follow an edit. If it has a
    /// report about the action ([`crate::ActionReport`]), the same commit changes the action's health by
    /// [`crate::rules::health`] and stores the announcements. A session whose
    /// lease has run out still owns its deliveries until the store notices (by a renewal or
    /// [`crate::SessionStore::reclaim`]).
    ///
    /// After an error, the caller may not know whether the reports took effect, and reports again. An attempt
    /// that is already on record (same start time, duration and outcome) returns the result of the first
    /// report, adds nothing and changes no state, whichever session owns the delivery by then.
    async fn advance(
        &self,
        session: SessionId,
        events: Arc<[NewEvent]>,
        finished: Arc<[Finished]>,
    ) -> Advanced {
        let turn = Turn::holding(());
        self.advance_in_turn(session, events, finished, turn).await
    }

    /// The same. Ends `turn` once the store could begin a further call at once, if that is before it returns:
    /// while it makes the commit durable. A caller that makes its next call then has commits as large as
    /// possible, and loses no time.
    async fn advance_in_turn(
        &self,
        session: SessionId,
        events: Arc<[NewEvent]>,
        finished: Arc<[Finished]>,
        turn: Turn,
    ) -> Advanced;
}
