//! Schemas of values whose types belong to other crates, with what `#[schema(schema_with)]` keeps a member
//! from saying itself.

use postrider_model::{DeliveryStatus, Origin, Outcome, Theme};
use serde_json::{Value, json};
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Schema, SchemaType, Type};

/// The `data` of an event.
pub(crate) fn event_data() -> Schema {
    any()
        .description(Some(
            "Any JSON value, at most 500 levels deep, kept byte for byte.",
        ))
        .examples([json!({"proposal_id": 42, "total": "1200.00"})])
        .into()
}

/// The `example` of an event type.
pub(crate) fn example_data() -> Schema {
    any()
        .description(Some(
            "A `data` to show and to test with; null where there is none.",
        ))
        .examples([json!({"proposal_id": 42})])
        .into()
}

/// The `schema` of an event type.
pub(crate) fn json_schema() -> Schema {
    any()
        .description(Some(
            "The JSON Schema that `data` has to satisfy; null where there is none. It cannot refer to anything outside itself.",
        ))
        .examples([json!({"type": "object", "required": ["proposal_id"]})])
        .into()
}

/// The `metadata` of an account.
pub(crate) fn metadata() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
        .description(Some("The caller's own data: an object of at most 16 KiB."))
        .examples([json!({"plan": "pro"})])
        .into()
}

/// The `headers` of an action.
pub(crate) fn custom_headers() -> Schema {
    let string: Object = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .build();
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .additional_properties(Some(Schema::Object(string)))
        .description(Some(
            "Further headers to send, at most 20 of at most 1024 bytes each, name and value together. None that Postrider \
             sets itself, and none that would change how the request is read.",
        ))
        .examples([json!({"authorization": "Bearer 42"})])
        .into()
}

/// The `body` of an action.
pub(crate) fn body_content() -> Schema {
    strings(&["envelope", "data"])
        .description(Some(
            "What the body holds: `envelope` is `{\"id\",\"type\",\"timestamp\",\"data\"}`, `data` is the event's data alone.",
        ))
        .default(Some(json!("envelope")))
        .into()
}

/// The `body_style` of an action.
pub(crate) fn body_style() -> Schema {
    strings(&["js", "python", "raw"])
        .description(Some(
            "How the body is serialised: `js` is a fixed point of `JSON.stringify(JSON.parse(body))`, `python` one of \
             `json.dumps(json.loads(body))`, `raw` is the producer's bytes.",
        ))
        .default(Some(json!("js")))
        .into()
}

/// Where a delivery stands.
pub(crate) fn delivery_status() -> Schema {
    strings(&DeliveryStatus::ALL.map(DeliveryStatus::as_str))
        .description(Some(
            "`pending` until an attempt succeeds (`succeeded`), the schedule is used up (`failed`), or the action is \
             deleted or switched off (`canceled`).",
        ))
        .into()
}

/// How an attempt ended.
pub(crate) fn outcome() -> Schema {
    strings(&Outcome::ALL.map(Outcome::as_str))
        .description(Some("How the attempt ended. Only `succeeded` is a receipt."))
        .into()
}

/// Who reported an event.
pub(crate) fn origin() -> Schema {
    strings(&Origin::ALL.map(Origin::as_str))
        .description(Some(
            "Who reported it: the company's software (`producer`), a test of an automation (`test`), or Postrider itself \
             (`operational`).",
        ))
        .into()
}

/// How the last attempt ended, or null.
pub(crate) fn outcome_or_null() -> Schema {
    let names = Outcome::ALL.map(|outcome| Value::from(outcome.as_str()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(names.into_iter().chain([Value::Null])))
        .description(Some("How the last attempt ended; null where none was made."))
        .into()
}

/// A theme of the console, or null.
pub(crate) fn theme_or_null() -> Schema {
    let names = Theme::ALL.map(|theme| Value::from(theme.as_str()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(names.into_iter().chain([Value::Null])))
        .description(Some("How the pages look; null follows the customer's system."))
        .into()
}

/// One of these strings.
pub(crate) fn strings(names: &[&'static str]) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .enum_values(Some(names.iter().copied()))
}

fn any() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue)
}
