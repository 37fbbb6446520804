//! Schemas of values whose types belong to other crates. They include the attributes that a member with
//! `#[schema(schema_with)]` cannot set itself.

use postrider_configuration::VerdictStatus;
use postrider_model::automation::HEADERS_MAX;
use postrider_model::event_headers::EVENT_HEADERS_MAX;
use postrider_model::schedule::{DELAY_S_MAX, OWN_DELAY_S_MIN, RETRIES_MAX};
use postrider_model::{DeliveryStatus, Origin, Outcome, Permission, Role, Theme};
use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type,
};

/// The `data` of an event.
pub(crate) fn event_data() -> Schema {
    any()
        .description(Some(
            "Any JSON value, at most 500 levels deep, stored byte for byte.",
        ))
        .examples([json!({"proposal_id": 42, "total": "1200.00"})])
        .into()
}

/// The `example` of an event type.
pub(crate) fn example_data() -> Schema {
    any()
        .description(Some(
            "An example of `data`, used to document and to test; null if there is none.",
        ))
        .examples([json!({"proposal_id": 42})])
        .into()
}

/// The `schema` of an event type.
pub(crate) fn json_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Boolean, Type::Null]))
        .description(Some(
            "The JSON Schema that `data` must match; null if there is none. It cannot refer to other documents, \
             and at most 5,000 schemas may apply at one place of `data`.",
        ))
        .examples([json!({"type": "object", "required": ["proposal_id"]})])
        .into()
}

/// The `metadata` of an account.
pub(crate) fn metadata() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
        .description(Some(
            "Your own data about the account: an object of at most 16 KiB.",
        ))
        .examples([json!({"plan": "pro"})])
        .into()
}

/// The `details` of an entry of the audit trail.
pub(crate) fn audit_details() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
        .description(Some(
            "More about it, at most 16 KiB, or null. An update has the members that it changed as \
             `before` and `after`. `••••` stands for a secret. Long texts are cut.",
        ))
        .examples([json!({"before": {"enabled": true}, "after": {"enabled": false}})])
        .into()
}

/// The `headers` of an action.
pub(crate) fn custom_headers() -> Schema {
    let name = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"));
    let value: Object = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some("^([!-~]([\\t -~]*[!-~])?)?$|^••••$"))
        .build();
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .property_names(Some(name))
        .additional_properties(Some(Schema::Object(value)))
        .max_properties(Some(HEADERS_MAX))
        .description(Some(
            "Additional headers to send: at most 20, each with at most 1024 bytes of name and value together. Headers that Postrider \
            sets itself and headers that control how the request is parsed are refused. Values are write-only, \
            unless `plain_headers` names the header: responses show `••••`. Sent back in an update, `••••` keeps the \
            stored value of an action that is sent with its `id`, as long as scheme, host and port of its URL stay \
            the same. A value with `{{` or `{%` is a template, such as `{{ event.type }}`: each attempt renders it on \
            the event, without line breaks and with other characters than visible ASCII percent-encoded.",
        ))
        .examples([json!({"authorization": "Bearer 42", "x-topic": "{{ event.type }}"})])
        .into()
}

/// The `headers` of an event.
pub(crate) fn event_headers() -> Schema {
    let name = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"));
    let value: Object = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some("^([!-~]([\\t -~]*[!-~])?)?$"))
        .build();
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .property_names(Some(name))
        .additional_properties(Some(Schema::Object(value)))
        .max_properties(Some(EVENT_HEADERS_MAX))
        .description(Some(
            "Headers that each webhook of the event gets: at most 20, each with at most 1024 bytes of name and value, and 4096 \
            bytes in all. Headers that Postrider sets itself and headers that control how the request is parsed are refused. \
            An action's own header of the same name takes precedence. The values are not secret: responses, pages and \
            the record show them.",
        ))
        .examples([json!({"X-Tenant": "42"})])
        .into()
}

/// The `body` of an action.
pub(crate) fn body_content() -> Schema {
    strings(&["envelope", "data", "cloudevents", "cloudevents_binary", "template"])
        .description(Some(
            "What the body holds: `envelope` is `{\"id\",\"type\",\"timestamp\",\"data\"}`, `data` is the event's data \
             alone, `cloudevents` is a CloudEvent 1.0 in structured mode (`application/cloudevents+json`), \
             `cloudevents_binary` one in binary mode (the event's data, with `ce-` headers), `template` is the output \
             of `template`.",
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

/// The status of a delivery.
pub(crate) fn delivery_status() -> Schema {
    strings(&DeliveryStatus::ALL.map(DeliveryStatus::as_str))
        .description(Some(
            "`pending` until an attempt succeeds (`succeeded`), the last retry fails (`failed`), or the action is \
             deleted or switched off (`canceled`).",
        ))
        .into()
}

/// The status of the deliveries to find, or null.
pub(crate) fn delivery_status_or_null() -> Schema {
    let names = DeliveryStatus::ALL.map(|status| Value::from(status.as_str()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(names.into_iter().chain([Value::Null])))
        .description(Some("The delivery's status; null finds every status."))
        .into()
}

/// The delays of an account or automation, or null.
pub(crate) fn retry_delays() -> Schema {
    let delay = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Integer))
        .minimum(Some(OWN_DELAY_S_MIN))
        .maximum(Some(DELAY_S_MAX));
    ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(delay)
        .max_items(Some(RETRIES_MAX))
        .description(Some(
            "Seconds between the attempts of a delivery, at most 20 delays of 1 second to 7 days. Null uses the \
             account's schedule, and in an account the installation's.",
        ))
        .examples([json!([10, 100])])
        .into()
}

/// The event types of a trigger.
pub(crate) fn event_patterns() -> Schema {
    let pattern = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .pattern(Some(r"^(\*|[a-zA-Z0-9_.-]{1,128}(\.\*)?)$"));
    ArrayBuilder::new()
        .items(pattern)
        .min_items(Some(1))
        .max_items(Some(100))
        .unique_items(true)
        .description(Some(
            "Names of event types, prefixes such as `proposal.*`, or `*` for all. The automation triggers if one of \
             them matches.",
        ))
        .examples([json!(["proposal.accepted", "invoice.*"])])
        .into()
}

/// The outcome of an attempt.
pub(crate) fn outcome() -> Schema {
    strings(&Outcome::ALL.map(Outcome::as_str))
        .description(Some(
            "The outcome of the attempt. `succeeded` means a 2xx response.",
        ))
        .into()
}

/// What an automation does about an event.
pub(crate) fn verdict_status() -> Schema {
    strings(&VerdictStatus::ALL.map(VerdictStatus::as_str))
        .description(Some(
            "What the automation does about the event: it is triggered (`triggered`), its conditions do not hold \
             (`held_back`), or it or all its actions are off (`off`).",
        ))
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

/// The outcome of the last attempt, or null.
pub(crate) fn outcome_or_null() -> Schema {
    let names = Outcome::ALL.map(|outcome| Value::from(outcome.as_str()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(names.into_iter().chain([Value::Null])))
        .description(Some(
            "The outcome of the last attempt; null before the first one.",
        ))
        .into()
}

/// The permissions of an API key or a session.
pub(crate) fn permissions() -> Schema {
    ArrayBuilder::new()
        .items(strings(&Permission::ALL.map(Permission::as_str)))
        .description(Some(
            "`events:write` posts events. `read` reads lists, records and statistics, without secrets. `resend` resends and \
             replays. `manage` changes automations, sends tests, reads and rotates signing keys, creates portal links, and \
             includes `resend`. `admin` administers accounts, event types, API keys and sessions.",
        ))
        .examples([json!(["events:write"])])
        .into()
}

/// A role of the operator's staff, or null.
pub(crate) fn role() -> Schema {
    let names = Role::ALL.map(|role| Value::from(role.as_str()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(names.into_iter().chain([Value::Null])))
        .description(Some(
            "What the person may do: `viewer` reads, `support` also resends and replays, `admin` does everything. Null if \
             the permissions are those of no role.",
        ))
        .into()
}

/// A theme of the console, or null.
pub(crate) fn theme_or_null() -> Schema {
    let names = Theme::ALL.map(|theme| Value::from(theme.as_str()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(names.into_iter().chain([Value::Null])))
        .description(Some(
            "The theme of the pages; null follows the customer's system.",
        ))
        .into()
}

/// The permissions of an API key to create.
pub(crate) fn some_permissions() -> Schema {
    match permissions() {
        Schema::Array(mut some) => {
            some.min_items = Some(1);
            some.max_items = Some(Permission::ALL.len());
            some.into()
        }
        schema => schema,
    }
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
