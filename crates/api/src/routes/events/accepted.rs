//! The response to an accepted event.
//!
//! Routes that accept events write it by hand, because serde costs several times as much per event.

use std::fmt::{self, Write as _};

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use postrider_engine::Accepted;
use postrider_model::{EventId, EventTypeName, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Longer than any response, in bytes: an id of 30 bytes, a type of at most 128, a time, a number, and the
/// names.
pub(super) const RESPONSE_BYTES_MAX: usize = 288;

/// An accepted event, which is on disk.
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
    /// The number of deliveries: one for each action that the event triggers.
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

    /// The length of the response, in bytes. A text that does not fill its allocation needs a second one when
    /// it becomes a body, for the count of its holders.
    fn bytes(&self) -> usize {
        const AROUND: usize = r#"{"id":"","type":"","created_at":"","deliveries":}"#.len();
        const ID: usize = 30;
        const TIME: usize = "2026-01-31T09:30:00.000Z".len();
        let digits = self.deliveries.checked_ilog10().map_or(1, |log| 1 + log as usize);
        AROUND + ID + self.event_type.as_str().len() + TIME + digits
    }

    /// Writes the members as serde would, without the braces around them. No member needs escapes: Postrider
    /// writes ids and times itself, and a type has letters, digits, `_`, `.` and `-`.
    pub(super) fn write_members(&self, json: &mut String) -> fmt::Result {
        let Self {
            id,
            event_type,
            created_at,
            deliveries,
        } = self;
        write!(json, r#""id":"{id}","type":"{}","#, event_type.as_str())?;
        write!(json, r#""created_at":"{created_at}","deliveries":{deliveries}"#)
    }
}

/// 202 for a new event, 200 with the first response for one that was accepted earlier.
pub fn status(accepted: &Accepted) -> StatusCode {
    if accepted.known {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    }
}

/// The whole response.
pub fn accepted_response(accepted: &Accepted) -> Result<Response, Problem> {
    let view = AcceptedView::of(accepted);
    let mut json = String::with_capacity(view.bytes());
    json.push('{');
    view.write_members(&mut json).map_err(Problem::internal)?;
    json.push('}');
    Ok(response(status(accepted), json))
}

/// A response that was written by hand.
pub(super) fn response(status: StatusCode, json: String) -> Response {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    let json_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json_type);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hand_written_json_equals_serdes() {
        let longest = "x.Y_-".repeat(30)[..128].parse().unwrap();
        let all_bits = Accepted {
            id: EventId::from_u128(u128::MAX >> 1),
            event_type: longest,
            created_at: Timestamp::from_unix_ms(1_769_851_800_007),
            deliveries: u32::MAX,
            known: false,
        };
        let small = Accepted {
            id: EventId::from_u128(1),
            event_type: "a".parse().unwrap(),
            created_at: Timestamp::from_unix_ms(0),
            deliveries: 0,
            known: true,
        };
        for accepted in [all_bits, small] {
            let view = AcceptedView::of(&accepted);
            let mut json = String::from("{");
            view.write_members(&mut json).unwrap();
            json.push('}');
            assert_eq!(json, serde_json::to_string(&view).unwrap());
            assert_eq!(json.len(), view.bytes());
            assert!(json.len() <= RESPONSE_BYTES_MAX);
        }
    }
}
