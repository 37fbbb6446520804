//! Replacing an entry of the catalogue of event types.

use std::time::Duration;

use postrider_model::{AuditEntry, EventType};

use super::audit;
use crate::PutIf;
use crate::encoding::Damaged;
use crate::rows::EventTypeRow;

/// The smallest step of `updated_at`, which is stored in milliseconds.
const NEXT: Duration = Duration::from_millis(1);

/// What a put comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutStep {
    /// The condition does not hold: write nothing.
    Stale,
    /// The entry is already so: write nothing.
    Unchanged(EventType),
    /// Write this entry and this audit entry.
    Write {
        /// The entry to write.
        saved: EventType,
        /// Whether it is new.
        is_new: bool,
        /// What happened.
        audit: Box<AuditEntry>,
    },
}

/// What a put comes to, `row` being the stored row of the name, deleted or not.
///
/// A row's `updated_at` only grows: it is the version of the entry, also if two changes share a millisecond
/// or the clocks of two nodes differ.
pub fn put(
    row: Option<EventTypeRow>,
    event_type: &EventType,
    only_if: PutIf,
    entry: &AuditEntry,
) -> Result<PutStep, Damaged> {
    let mut saved = event_type.clone();
    let mut stored = None;
    if let Some(row) = row {
        let is_deleted = row.deleted;
        let before = EventType::try_from(row)?;
        saved.updated_at = saved.updated_at.max(before.updated_at.after(NEXT));
        stored = (!is_deleted).then_some(before);
    }
    let holds = match only_if {
        PutIf::Any => true,
        PutIf::Absent => stored.is_none(),
        PutIf::UpdatedAt(time) => stored.as_ref().is_some_and(|stored| stored.updated_at == time),
    };
    if !holds {
        return Ok(PutStep::Stale);
    }
    if let Some(stored) = &stored {
        saved.created_at = stored.created_at;
    }
    let is_new = stored.is_none();
    Ok(match audit::event_type_put(entry, stored.as_ref(), &saved) {
        Some(audit) => PutStep::Write {
            saved,
            is_new,
            audit: Box::new(audit),
        },
        None => PutStep::Unchanged(stored.unwrap_or(saved)),
    })
}
