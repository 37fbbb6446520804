//! The JSON form of an event.

use postrider_json::LossReason;
use postrider_model::{Event, EventId, EventTypeName, Timestamp, Warning};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::openapi::shapes;
use crate::problem::Problem;
use crate::routes::automations::headers::HeadersInput;
use crate::routes::kept_json;

/// Something that happened, as the producer reported it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// The event's id.
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    id: EventId,
    /// The event's type.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "proposal.accepted")]
    event_type: EventTypeName,
    /// The producer's data, byte for byte.
    #[schema(schema_with = shapes::event_data)]
    data: Box<RawValue>,
    /// When the event happened, if the producer gave a time; otherwise null.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-31T09:29:58.000Z")]
    occurred_at: Option<Timestamp>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// Who reported it.
    #[schema(schema_with = shapes::origin)]
    origin: &'static str,
    /// What re-serialising `data` would lose. If there are warnings, Postrider sends the producer's own bytes
    /// whatever the action's `body_style`.
    warnings: Vec<WarningView>,
    /// The number of deliveries that the event started.
    #[schema(example = 1)]
    deliveries: u32,
    /// When its first attempts are due, if the producer gave a time; otherwise null.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-02-01T08:00:00.000Z")]
    deliver_at: Option<Timestamp>,
    /// The headers that each of its webhooks gets.
    #[schema(schema_with = shapes::event_headers)]
    headers: HeadersInput,
    /// The number of deliveries that were added since, because actions had missed the event.
    #[schema(example = 0)]
    missed: u32,
    /// Whether the event was canceled before an attempt was made. It is then sent only if one of its
    /// deliveries is resent by its id.
    canceled: bool,
}

/// A loss that re-serialising the event's data would cause.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Warning)]
pub struct WarningView {
    /// The kind of loss.
    #[schema(schema_with = loss_reasons)]
    code: String,
    /// Where the first loss would occur, as a JSON pointer into the event.
    #[schema(example = "/data/total")]
    pointer: String,
    /// An explanation for people.
    detail: String,
}

/// Every kind of loss.
const REASONS: [LossReason; 4] = [
    LossReason::DuplicateName,
    LossReason::LoneSurrogate,
    LossReason::NegativeZero,
    LossReason::NumberPrecision,
];

fn loss_reasons() -> utoipa::openapi::Schema {
    shapes::strings(&REASONS.map(LossReason::as_str))
        .description(Some("The kind of loss."))
        .into()
}

impl EventView {
    pub(super) fn of(event: Event) -> Result<Self, Problem> {
        let data = String::from_utf8(event.data.into()).map_err(Problem::internal)?;
        Ok(Self {
            id: event.id,
            event_type: event.event_type,
            data: kept_json(data)?,
            occurred_at: event.occurred_at,
            created_at: event.created_at,
            origin: event.origin.as_str(),
            warnings: event.warning.into_iter().map(WarningView::of).collect(),
            deliveries: event.deliveries,
            deliver_at: event.deliver_at,
            headers: HeadersInput::of(&event.headers),
            missed: event.missed,
            canceled: event.is_canceled,
        })
    }
}

impl WarningView {
    fn of(warning: Warning) -> Self {
        let reason = REASONS.into_iter().find(|reason| reason.as_str() == warning.code);
        Self {
            pointer: format!("/data{}", warning.pointer),
            detail: reason.map(|reason| reason.to_string()).unwrap_or_default(),
            code: warning.code,
        }
    }
}
