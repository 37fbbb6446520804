//! `PUT /v1/event-types/{name}`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri, header};
use postrider_configuration::{ConfigureError, EDITS_MAX, EventTypeDraft};
use postrider_model::{By, EventType, EventTypeName, Scope};
use postrider_storage::PutIf;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::event_type_not_found;
use super::view::EventTypeView;
use crate::by::Asks;
use crate::etag::{IfMatch, IfMatchHeader, IfNoneMatchHeader, PutConditions, Tag, tagged};
use crate::json_body::JsonBody;
use crate::openapi::shapes;
use crate::path::{EventTypePath, PathEventType};
use crate::problem::Problem;
use crate::query::no_parameters;
use crate::router::ApiState;

/// An event type to create or replace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = EventTypeInput)]
pub struct EventTypeInput {
    /// A description for people.
    #[schema(example = "A customer accepted a proposal.", max_length = 4096)]
    description: Option<String>,
    /// An example of `data`, used to document and to test.
    #[schema(schema_with = shapes::example_data)]
    example: Option<Box<RawValue>>,
    /// The JSON Schema that the `data` of new events must match. It cannot refer to other documents.
    #[schema(schema_with = shapes::json_schema)]
    schema: Option<Box<RawValue>>,
    /// Whether customers see the type when they create an automation, and in their catalogue.
    #[schema(default = true)]
    visible: Option<bool>,
}

/// Create or replace an event type
///
/// Replaces the whole entry: members that you leave out are removed.
#[utoipa::path(
    put,
    path = "/v1/event-types/{name}",
    extensions(("x-permission" = json!("admin"))),
    tag = "Event types",
    params(EventTypePath, IfMatchHeader, IfNoneMatchHeader),
    request_body = EventTypeInput,
    responses(
        (status = 200, description = "The event type was replaced.", body = EventTypeView,
            headers(("etag" = String, description = "The object's version, for `If-Match`."))),
        (status = 201, description = "The event type was created.", body = EventTypeView,
            headers(
                ("location" = String, description = "The event type's path."),
                ("etag" = String, description = "The object's version, for `If-Match`."),
            )),
    )
)]
pub async fn put_event_type(
    State(state): State<ApiState>,
    Asks(by): Asks,
    PathEventType(name): PathEventType,
    uri: Uri,
    conditions: PutConditions,
    JsonBody(input): JsonBody<EventTypeInput>,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    let draft = input.into_draft(&name);
    let (event_type, is_new) = put(&state, &by, &name, &conditions, draft).await?;
    let location = format!("/v1/event-types/{}", event_type.name);
    let tag = Tag::of_event_type(&event_type);
    let view = Json(EventTypeView::of(event_type)?);
    if is_new {
        Ok((StatusCode::CREATED, tag, [(header::LOCATION, location)], view).into_response())
    } else {
        Ok(tagged(tag, view))
    }
}

/// Creates or replaces it. With a condition, only in a state of which the condition holds.
async fn put(
    state: &ApiState,
    by: &By,
    name: &EventTypeName,
    conditions: &PutConditions,
    draft: EventTypeDraft,
) -> Result<(EventType, bool), Problem> {
    for _ in 0..EDITS_MAX {
        let mut only_if = PutIf::Any;
        if conditions.is_present() {
            let current = state.configuration.event_type_in(Scope::All, name).await?;
            conditions.check(current.as_ref().map(Tag::of_event_type).as_ref())?;
            only_if = current.map_or(PutIf::Absent, |current| PutIf::UpdatedAt(current.updated_at));
        }
        let put = state.configuration.put_event_type(by, draft.clone(), only_if);
        match put.await {
            Err(ConfigureError::Stale) => {}
            put => return put.map_err(|error| Problem::of_configuring(error, event_type_not_found)),
        }
    }
    Err(IfMatch::overtaken())
}

impl EventTypeInput {
    fn into_draft(self, name: &EventTypeName) -> EventTypeDraft {
        let text = |json: Box<RawValue>| json.get().to_owned();
        EventTypeDraft {
            name: name.to_string(),
            description: self.description.unwrap_or_default(),
            example: self.example.map(text),
            schema: self.schema.map(text),
            visible: self.visible.unwrap_or(true),
        }
    }
}
