//! The catalogue of event types.

use async_trait::async_trait;
use postrider_model::{AuditEntry, EventType, EventTypeName, Timestamp};

use crate::deletion::DeleteObject;
use crate::error::StoreResult;
use crate::page::{Page, PageRequest};

/// What the stored entry must be for a put to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutIf {
    /// Anything: the put adds or replaces.
    Any,
    /// No entry has the name: the put adds.
    Absent,
    /// The entry's `updated_at` is this, which serves as its version: the put replaces.
    UpdatedAt(Timestamp),
}

/// The result of putting an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveEventType {
    /// The entry is new, and stored as returned.
    Created(EventType),
    /// The entry existed, and is stored as returned.
    Replaced(EventType),
    /// The stored entry is not what the put requires; nothing was written.
    Stale,
}

/// The catalogue of event types, shared by all accounts.
#[async_trait]
pub trait EventTypeStore: Send + Sync {
    /// Adds an entry or, if the name exists, replaces everything but `created_at`, if `only_if` holds. The
    /// store decides by [`crate::rules::event_types::put`], which also completes the audit entry: an entry
    /// that is already so is `Replaced` without a write, and `updated_at` is later than that of the row
    /// before.
    async fn put_event_type(
        &self,
        event_type: EventType,
        only_if: PutIf,
        audit: AuditEntry,
    ) -> StoreResult<SaveEventType>;

    /// The entry of this name.
    async fn event_type(&self, name: &EventTypeName) -> StoreResult<Option<EventType>>;

    /// All entries, newest first by `created_at`; entries with the same time are ordered by name.
    async fn event_types(&self, page: PageRequest) -> StoreResult<Page<EventType>>;

    /// Removes an entry. With a time, only if the stored `updated_at` equals it.
    async fn delete_event_type(
        &self,
        name: &EventTypeName,
        updated_at: Option<Timestamp>,
        audit: AuditEntry,
    ) -> StoreResult<DeleteObject>;
}
