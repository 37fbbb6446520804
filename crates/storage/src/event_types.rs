//! The catalogue of event types.

use async_trait::async_trait;
use postrider_model::{AuditEntry, EventType, EventTypeName};

use crate::error::StoreResult;
use crate::page::{Page, PageRequest};

/// The catalogue of event types, shared by all accounts.
#[async_trait]
pub trait EventTypeStore: Send + Sync {
    /// Adds an entry or, if the name exists, replaces everything but `created_at`. Returns the stored entry,
    /// and whether it is new. The store completes the audit entry by
    /// [`crate::rules::audit::event_type_put`]; if that finds nothing to change, the store writes nothing.
    async fn put_event_type(
        &self,
        event_type: EventType,
        audit: AuditEntry,
    ) -> StoreResult<(EventType, bool)>;

    /// The entry of this name.
    async fn event_type(&self, name: &EventTypeName) -> StoreResult<Option<EventType>>;

    /// All entries, newest first by `created_at`; entries with the same time are ordered by name.
    async fn event_types(&self, page: PageRequest) -> StoreResult<Page<EventType>>;

    /// Removes an entry. False if there was none.
    async fn delete_event_type(&self, name: &EventTypeName, audit: AuditEntry) -> StoreResult<bool>;
}
