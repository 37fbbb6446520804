//! How an event type is shown.

use postrider_model::{EventType, EventTypeName, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::openapi::shapes;
use crate::problem::Problem;
use crate::routes::kept_json;

/// An entry of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventType)]
pub struct EventTypeView {
    /// The type's name.
    #[schema(value_type = String, example = "proposal.accepted")]
    name: EventTypeName,
    /// For people.
    #[schema(example = "A customer accepted a proposal.")]
    description: String,
    /// A `data` to show and to test with; null where there is none.
    #[schema(schema_with = shapes::example_data)]
    example: Option<Box<RawValue>>,
    /// The JSON Schema that `data` has to satisfy; null where there is none.
    #[schema(schema_with = shapes::json_schema)]
    schema: Option<Box<RawValue>>,
    /// When it was first seen or described.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    updated_at: Timestamp,
}

impl EventTypeView {
    pub(super) fn of(event_type: EventType) -> Result<Self, Problem> {
        Ok(Self {
            name: event_type.name,
            description: event_type.description,
            example: event_type.example.map(kept_json).transpose()?,
            schema: event_type.schema.map(kept_json).transpose()?,
            created_at: event_type.created_at,
            updated_at: event_type.updated_at,
        })
    }
}
