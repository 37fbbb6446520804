//! Event types: drafts of the catalogue's entries, and the verbs that change them.

use postrider_model::{AuditAction, AuditEntry, By, EventType, EventTypeName, Target, Timestamp};
use postrider_storage::{DeleteObject, PutIf, SaveEventType, StoreResult};

use super::json::check_json;
use super::{ConfigureError, Fault, Faults, codes};
use crate::Configuration;
use crate::catalogue::CatalogueError;

/// Longest description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 4_096;

/// A new event type, or a replacement of one. A member that is `None` is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTypeDraft {
    /// The type's name.
    pub name: String,
    /// A description for people; may be empty.
    pub description: String,
    /// Example `data` for display and tests, as JSON text.
    pub example: Option<String>,
    /// The JSON Schema that `data` has to satisfy from now on, as JSON text.
    pub schema: Option<String>,
    /// Whether customers see it.
    pub visible: bool,
}

impl EventTypeDraft {
    /// The draft that leaves `event_type` unchanged.
    pub fn of(event_type: &EventType) -> Self {
        Self {
            name: event_type.name.to_string(),
            description: event_type.description.clone(),
            example: event_type.example.clone(),
            schema: event_type.schema.clone(),
            visible: event_type.visible,
        }
    }
}

impl Configuration {
    /// Creates the event type of this name, or replaces it as a whole, if `only_if` holds. Returns what is
    /// stored, and whether it is new. Fails with `Faults`, and with `Stale` if `only_if` does not hold.
    pub async fn put_event_type(
        &self,
        by: &By,
        draft: EventTypeDraft,
        only_if: PutIf,
    ) -> Result<(EventType, bool), ConfigureError> {
        let checked = check(draft)?;
        let now = self.clock.now();
        let event_type = EventType {
            name: checked.name,
            description: checked.description,
            example: checked.example,
            schema: checked.schema,
            visible: checked.visible,
            created_at: now,
            updated_at: now,
        };
        // The store completes it: only there is it certain whether the type is new.
        let audit = self.event_type_changed(by, AuditAction::EventTypeUpdated, &event_type.name);
        let put = self.catalogue().put(event_type, only_if, audit).await;
        let saved = put.map_err(|error| match error {
            CatalogueError::Schema(error) => ConfigureError::Faults(vec![Fault {
                pointer: "/schema".to_owned(),
                code: codes::INVALID_VALUE,
                detail: error.to_string(),
            }]),
            CatalogueError::Store(error) => error.into(),
        })?;
        match saved {
            SaveEventType::Created(stored) => Ok((stored, true)),
            SaveEventType::Replaced(stored) => Ok((stored, false)),
            SaveEventType::Stale => Err(ConfigureError::Stale),
        }
    }

    /// Deletes an entry; with a time, only if it was last updated then.
    pub async fn delete_event_type(
        &self,
        by: &By,
        name: &EventTypeName,
        updated_at: Option<Timestamp>,
    ) -> StoreResult<DeleteObject> {
        let audit = self.event_type_changed(by, AuditAction::EventTypeDeleted, name);
        self.catalogue().delete(name, updated_at, audit).await
    }

    fn event_type_changed(&self, by: &By, action: AuditAction, name: &EventTypeName) -> AuditEntry {
        by.did(
            self.ids.audit(self.clock.now()),
            action,
            None,
            Target::of(name.as_str()),
        )
    }
}

/// A checked event type, except for its schema, which the catalogue checks by compiling it.
#[derive(Debug)]
struct CheckedEventType {
    name: EventTypeName,
    description: String,
    example: Option<String>,
    schema: Option<String>,
    visible: bool,
}

fn check(draft: EventTypeDraft) -> Result<CheckedEventType, ConfigureError> {
    let mut faults = Faults::default();
    let name = faults.parsed("/name", draft.name.parse::<EventTypeName>());
    if name.as_ref().is_some_and(EventTypeName::is_operational) {
        let detail = "types that begin with `postrider.` are Postrider's own, and not in the catalogue";
        faults.add("/name", codes::INVALID_VALUE, detail);
    }
    if draft.description.chars().count() > DESCRIPTION_CHARS_MAX {
        let detail = format!("a description can have at most {DESCRIPTION_CHARS_MAX} characters");
        faults.add("/description", codes::TOO_LONG, detail);
    }
    let mut json =
        |text: Option<String>, pointer| check_json(text.as_deref()?, pointer, &mut faults).map(str::to_owned);
    let (example, schema) = (json(draft.example, "/example"), json(draft.schema, "/schema"));
    let checked = name.map(|name| CheckedEventType {
        name,
        description: draft.description,
        example,
        schema,
        visible: draft.visible,
    });
    faults.into_checked(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_reported_at_once_and_json_is_kept_as_it_was_written() {
        let draft = EventTypeDraft {
            name: "a b".to_owned(),
            description: "x".repeat(4_097),
            example: Some("{".to_owned()),
            schema: Some(String::new()),
            visible: true,
        };
        let Err(ConfigureError::Faults(faults)) = check(draft.clone()) else {
            panic!("nothing was found");
        };
        let pointers: Vec<_> = faults.into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/name", "/description", "/example", "/schema"]);
        let draft = EventTypeDraft {
            name: "a.b".to_owned(),
            description: "é".repeat(4_096),
            example: Some("\n{\"n\": 1.10}".to_owned()),
            schema: None,
            visible: true,
        };
        assert_eq!(check(draft).unwrap().example.unwrap(), "{\"n\": 1.10}");
    }
}
