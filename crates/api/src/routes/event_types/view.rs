//! The JSON form of an event type.

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
    /// A description for people.
    #[schema(example = "A customer accepted a proposal.")]
    description: String,
    /// An example of `data`, used to document and to test; null if there is none.
    #[schema(schema_with = shapes::example_data)]
    example: Option<Box<RawValue>>,
    /// The JSON Schema that `data` must match; null if there is none.
    #[schema(schema_with = shapes::json_schema)]
    schema: Option<Box<RawValue>>,
    /// Whether customers see the type. A type that an event added is hidden until it is described.
    visible: bool,
    /// When the type was first seen or created.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it was last updated.
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
            visible: event_type.visible,
            created_at: event_type.created_at,
            updated_at: event_type.updated_at,
        })
    }
}
