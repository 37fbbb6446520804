//! A CloudEvent in the API's document.

use serde_json::{Value, json};
use utoipa::ToSchema;

/// The example of an event.
pub fn example() -> Value {
    json!({
        "specversion": "1.0",
        "id": "A234-1234-1234",
        "source": "https://shop.example.com/orders",
        "type": "com.example.proposal.accepted",
        "time": "2026-01-31T09:30:00.000Z",
        "subject": "proposals/7",
        "data": {"proposal": "p_7", "total": 1250},
    })
}

/// A CloudEvent 1.0 in structured mode, with JSON data. `source` and `id` together identify it: a repeated
/// request gets the first response again. Further members are extension attributes: their names are
/// lower-case letters and digits, their values strings, booleans or whole numbers.
#[derive(ToSchema)]
#[schema(as = CloudEventInput)]
#[expect(dead_code, reason = "describes what `structured` reads")]
pub struct CloudEventInput {
    /// The version of the specification.
    #[schema(example = "1.0", pattern = "^1\\.0$")]
    specversion: String,
    /// The producer's id of the event. If it is an `evt_…` TypeID, it becomes the event's id; otherwise the
    /// event keeps it as the extension `originid`.
    #[schema(example = "A234-1234-1234", min_length = 1, max_length = 255)]
    id: String,
    /// The context in which the event happened: a URI reference.
    #[schema(
        example = "https://shop.example.com/orders",
        min_length = 1,
        max_length = 1000,
        min_length = 1,
        format = "uri-reference"
    )]
    source: String,
    /// The event's type: 1 to 128 of `a-z`, `A-Z`, `0-9`, `_`, `.` and `-`.
    #[serde(rename = "type")]
    #[schema(
        example = "com.example.proposal.accepted",
        pattern = "^[a-zA-Z0-9_.-]{1,128}$"
    )]
    event_type: String,
    /// When the event happened, kept to the millisecond. The default is now.
    #[schema(format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    time: Option<String>,
    /// What the event is about, in the context of `source`.
    #[schema(example = "proposals/7", max_length = 1000, min_length = 1)]
    subject: Option<String>,
    /// A URI of the schema of `data`. Postrider does not fetch it.
    #[schema(
        example = "https://example.com/schemas/proposal.json",
        max_length = 1000,
        min_length = 1,
        format = "uri"
    )]
    dataschema: Option<String>,
    /// The content type of `data`, which must be JSON.
    #[schema(example = "application/json", max_length = 128)]
    datacontenttype: Option<String>,
    /// Any JSON value, at most 500 levels deep, sent unchanged. An event without data has `null`.
    #[schema(value_type = Option<Value>, example = json!({"proposal": "p_7", "total": 1250}))]
    data: Option<Value>,
    /// The Base64 of JSON, in place of `data`.
    #[schema(example = json!(null), format = Byte)]
    data_base64: Option<String>,
}
