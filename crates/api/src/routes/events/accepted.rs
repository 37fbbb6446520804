//! The answer to an accepted event.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use postrider_engine::Accepted;
use postrider_model::{EventId, EventTypeName, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Longer than any answer: an id of 30 bytes, a type of at most 128, a time, a number, and the names.
const ANSWER_BYTES: usize = 288;

/// An event that is on disk.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcceptedEvent)]
pub struct AcceptedView<'a> {
    /// The event's id.
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    pub(super) id: EventId,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "proposal.accepted")]
    pub(super) event_type: &'a EventTypeName,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    pub(super) created_at: Timestamp,
    /// How many deliveries it has: one for each action that it sets off.
    #[schema(example = 1)]
    pub(super) deliveries: u32,
}

impl<'a> AcceptedView<'a> {
    pub(super) fn of(accepted: &'a Accepted) -> Self {
        Self {
            id: accepted.id,
            event_type: &accepted.event_type,
            created_at: accepted.created_at,
            deliveries: accepted.deliveries,
        }
    }
}

/// 202 for a new event, 200 with the first answer for one that was known.
pub fn status(accepted: &Accepted) -> StatusCode {
    if accepted.known {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    }
}

/// The whole answer.
pub fn answer(accepted: &Accepted) -> Result<Response, Problem> {
    let mut json = Vec::with_capacity(ANSWER_BYTES);
    serde_json::to_writer(&mut json, &AcceptedView::of(accepted)).map_err(Problem::internal)?;
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status(accepted);
    let json_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json_type);
    Ok(response)
}
