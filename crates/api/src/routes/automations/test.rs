//! `POST /v1/accounts/{account}/automations/{id}/test`

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::Uri;
use postrider_model::EventTypeName;
use postrider_web::body::Collected;
use postrider_web::body_budget::Owner;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::path::{AutomationPath, PathAutomation};
use super::{automation_not_found, find_id};
use crate::by::Asks;
use crate::decode::decode;
use crate::json_body::{read_optional, utf8};
use crate::openapi::shapes;
use crate::path::InAccount;
use crate::problem::{Problem, fault_codes};
use crate::query::no_parameters;
use crate::router::ApiState;
use crate::routes::events::accepted::{AcceptedView, accepted_response};
use crate::routes::events::input::{data_of, event_bytes_max};

/// The event to test with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TestInput)]
pub struct TestInput<'a> {
    /// The event's type. The default is the trigger's first event type that is not a pattern.
    #[serde(rename = "type")]
    #[schema(example = "proposal.accepted")]
    event_type: Option<String>,
    /// The event's data. The default is the type's example in the catalogue.
    #[serde(borrow, default, deserialize_with = "even_null")]
    #[schema(schema_with = shapes::event_data)]
    data: Option<&'a RawValue>,
}

/// Test an automation
///
/// Creates an event that triggers only this automation, whatever its trigger, and marks the event as a test.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/automations/{id}/test",
    extensions(("x-permission" = json!("manage"))),
    tag = "Automations",
    params(AutomationPath),
    request_body(content = Option<TestInput>),
    responses(
        (status = 202, description = "The event.", body = AcceptedView),
        (status = 409, description = "`automation_disabled`: the automation is off."),
        (status = 413, description = "`data_too_large`: the event's `data` is too large."),
        (status = 429, description = "`too_many_tests`: an account can send 10 tests a minute on each node. \
            `stored_bytes_exceeded`: the account has stored as much as this installation allows.",
            headers(("retry-after" = u64, description = "Seconds until another test is possible."))),
        (status = 422, description = "`schema_violation`: the data does not match the schema of its type."),
    )
)]
pub async fn test_automation(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathAutomation(automation): PathAutomation,
    uri: Uri,
    request: Request,
) -> Result<Response, Problem> {
    no_parameters(&uri)?;
    let limits = state.body_limits(event_bytes_max(&state), Owner::Account(account));
    let (body, _room) = match read_optional(request, limits).await? {
        Some(Collected { bytes, room }) => (bytes, room),
        None => (Bytes::from_static(b"{}"), None),
    };
    let text = utf8(&body)?;
    let input: TestInput<'_> = decode(text)?;
    let event_type = input
        .event_type
        .as_deref()
        .map(str::parse::<EventTypeName>)
        .transpose();
    let event_type =
        event_type.map_err(|error| Problem::body("/type", fault_codes::INVALID_VALUE, error.to_string()))?;
    let data = input.data.map(|data| data_of(data, &body));
    let id = find_id(&state, account, &automation).await?;
    match state.engine.send_test(&by, account, id, event_type, data).await? {
        None => Err(automation_not_found()),
        Some(Ok(accepted)) => accepted_response(&accepted),
        Some(Err(rejection)) => Err(rejection.into()),
    }
}

/// `null` is valid data; only a missing member means the default.
fn even_null<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_data_but_a_missing_member_is_not() {
        let data = |text| decode::<TestInput<'_>>(text).unwrap().data.map(RawValue::get);
        assert_eq!(data("{}"), None);
        assert_eq!(data(r#"{"data":null}"#), Some("null"));
        assert_eq!(data(r#"{"data": {"a": 1} }"#), Some(r#"{"a": 1}"#));
    }
}
