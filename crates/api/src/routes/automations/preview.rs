//! `POST /v1/accounts/{account}/automations/preview`

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use http::Uri;
use postrider_configuration::{ConfigureError, EMAIL_CONTENT_TYPE};
use postrider_engine::Preview;
use postrider_figures::Judged;
use postrider_model::{
    AccountId, Action, Automation, AutomationRef, Does, Event, EventHeaders, EventId, EventPattern,
    EventTypeName, FixedPoints, Origin, Timestamp, WebhookSignature,
};
use postrider_signing::profile::HeaderOutline;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::automation_not_found;
use super::headers::HeadersInput;
use super::input::AutomationInput;
use super::signature::SignatureHeaderView;
use crate::decode::object;
use crate::json_body::JsonBody;
use crate::openapi::shapes;
use crate::path::{AccountPath, InAccount};
use crate::problem::{Problem, fault_codes};
use crate::query::no_parameters;
use crate::router::ApiState;
use crate::routes::events::automations::ComparisonView;

/// An automation to preview.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = PreviewInput)]
pub struct PreviewInput {
    /// The automation, as you would create it.
    #[serde(deserialize_with = "object")]
    automation: AutomationInput,
    /// The id of the stored automation that it would replace, whose actions and secrets it may name.
    #[schema(example = "auto_01h455vb4pex5vsknk084sn02q")]
    automation_id: Option<String>,
    /// The id of the event to preview. The default is the newest event of the automation's types.
    #[schema(example = "evt_01h455vb4pex5vsknk084sn02q")]
    event_id: Option<String>,
    /// The data of an event that did not happen, in place of `event_id`.
    #[schema(schema_with = shapes::event_data)]
    data: Option<Box<RawValue>>,
}

/// What an automation would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preview)]
pub struct PreviewView {
    /// How many of `events` meet the conditions.
    #[schema(example = 12)]
    matching: usize,
    /// The newest events of the automation's types, at most 50, newest first. Tests are left out.
    events: Vec<JudgedView>,
    /// What each action would send for one event. Empty if no event was found.
    requests: Vec<RequestView>,
}

/// An event, judged by the conditions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JudgedEvent)]
pub struct JudgedView {
    /// The event's id.
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    id: EventId,
    /// The event's type.
    #[serde(rename = "type")]
    #[schema(example = "proposal.accepted")]
    event_type: String,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// Whether it meets the conditions.
    matches: bool,
    /// Each comparison, in order.
    comparisons: Vec<ComparisonView>,
}

/// A request or an e-mail that would be sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewRequest)]
pub struct RequestView {
    /// The URL; null for an e-mail.
    #[schema(example = "https://crm.example.com/hooks/postrider")]
    url: Option<String>,
    /// The content type of the body; null if there is none.
    #[schema(example = "application/json")]
    content_type: Option<String>,
    /// The body, or the text of the e-mail; null if a template fails.
    #[schema(example = "{\"text\":\"Roof\"}")]
    body: Option<String>,
    /// Why the template fails on the event; otherwise null. Do not parse it.
    #[schema(example = json!(null))]
    error: Option<String>,
    /// The `ce-` headers, if the body is a CloudEvent in binary mode; otherwise empty.
    #[schema(value_type = HashMap<String, String>, example = json!({}))]
    attribute_headers: HeadersInput,
    /// The headers that sign the request, in the order in which they are sent.
    signature_headers: Vec<SignatureHeaderView>,
    /// The recipients of an e-mail, separated by commas; null for a webhook.
    #[schema(example = json!(null))]
    recipients: Option<String>,
    /// The subject of an e-mail; null for a webhook, and if a template fails.
    #[schema(example = json!(null))]
    subject: Option<String>,
}

/// Preview an automation
///
/// Checks an automation and saves nothing. Returns which of the newest events would have met its conditions,
/// and what it would send for one event.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/automations/preview",
    extensions(("x-permission" = json!("manage"))),
    tag = "Automations",
    params(AccountPath),
    request_body(content = PreviewInput, example = json!({"automation": {
        "name": "Tell the CRM",
        "trigger": {
            "event_types": ["proposal.accepted"],
            "conditions": {"path": "/total", "op": "gte", "value": 1000},
        },
        "actions": [{"type": "send_webhook", "url": "https://crm.example.com/hooks/postrider"}],
    }})),
    responses(
        (status = 200, description = "What the automation would do.", body = PreviewView),
        (status = 404, description = "`event_not_found`: the account has no event with the id `event_id`. \
            `automation_not_found`: it has no automation with the id `automation_id`."),
    )
)]
pub async fn preview_automation(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
    JsonBody(input): JsonBody<PreviewInput>,
) -> Result<Json<PreviewView>, Problem> {
    no_parameters(&uri)?;
    let current = match &input.automation_id {
        None => None,
        Some(id) => {
            let id = AutomationRef::Id(parsed("/automation_id", id)?);
            let found = state.configuration.automation_named(account, &id).await?;
            Some(found.ok_or_else(|| {
                let detail = "the account has no automation with this id";
                Problem::body("/automation_id", fault_codes::UNKNOWN_AUTOMATION, detail)
            })?)
        }
    };
    let draft = input.automation.into_draft();
    let draft = draft.map_err(|problem| problem.within("/automation"))?;
    let checked = state
        .configuration
        .check_automation(account, current.as_ref(), draft);
    let automation = checked.await.map_err(of_draft)?;
    let judged = state.figures.judge_recent(account, &automation.trigger).await?;
    let event = match (&input.event_id, input.data) {
        (Some(_), Some(_)) => {
            let detail = "leave this out, or leave `event_id` out";
            return Err(Problem::body("/data", fault_codes::INVALID_VALUE, detail));
        }
        (Some(id), None) => {
            let id = parsed::<EventId>("/event_id", id)?;
            let event = state.figures.event(account, id).await?;
            Some(event.ok_or_else(|| {
                let detail = "the account has no event with this id";
                Problem::body("/event_id", fault_codes::UNKNOWN_EVENT, detail)
            })?)
        }
        (None, Some(data)) => Some(made_up(&state, account, &automation, &data)?),
        (None, None) => judged.first().map(|judged| judged.event.clone()),
    };
    let entry = state.configuration.entry(account).await?;
    let requests = event.map_or_else(Vec::new, |event| {
        let actions = automation.actions.iter();
        let outline = |signature: &_| state.configuration.signature_outline(entry.as_deref(), signature);
        actions
            .map(|action| RequestView::of(action, &event, outline))
            .collect()
    });
    Ok(Json(PreviewView {
        matching: judged.iter().filter(|judged| judged.holds).count(),
        events: judged.into_iter().map(JudgedView::of).collect(),
        requests,
    }))
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(pointer: &str, id: &str) -> Result<T, Problem> {
    id.parse()
        .map_err(|error: T::Err| Problem::body(pointer, fault_codes::INVALID_VALUE, error.to_string()))
}

/// The faults of the draft, which is a member of the body.
fn of_draft(error: ConfigureError) -> Problem {
    Problem::of_configuring(error, automation_not_found).within("/automation")
}

/// An event with this data, of the first type of the trigger. It is not stored.
fn made_up(
    state: &ApiState,
    account: AccountId,
    automation: &Automation,
    data: &RawValue,
) -> Result<Event, Problem> {
    let exact = automation
        .trigger
        .event_types
        .iter()
        .find_map(|pattern| match pattern {
            EventPattern::Exact(name) => Some(name.clone()),
            EventPattern::Any | EventPattern::Under(_) => None,
        });
    let test: EventTypeName = "test".parse().map_err(Problem::internal)?;
    let payload = postrider_json::Payload::read(data.get().as_bytes());
    let payload = payload
        .map_err(|error| Problem::body("/data", fault_codes::INVALID_VALUE, error.to_string()))?
        .into_inspection();
    Ok(Event {
        id: EventId::from_u128(0),
        account,
        event_type: exact.unwrap_or(test),
        data: Bytes::copy_from_slice(data.get().as_bytes()),
        occurred_at: None,
        created_at: state.engine.clock().now(),
        origin: Origin::Test,
        fixed_points: FixedPoints {
            js: payload.js_fixed_point,
            python: payload.python_fixed_point,
        },
        warning: None,
        deliveries: 0,
        deliver_at: None,
        headers: EventHeaders::default(),
        trace: None,
        missed: 0,
        is_canceled: false,
    })
}

impl JudgedView {
    fn of(judged: Judged) -> Self {
        Self {
            id: judged.event.id,
            event_type: judged.event.event_type.as_str().to_owned(),
            created_at: judged.event.created_at,
            matches: judged.holds,
            comparisons: judged.rows.into_iter().map(ComparisonView::of).collect(),
        }
    }
}

impl RequestView {
    fn of(action: &Action, event: &Event, outline: impl Fn(&WebhookSignature) -> Vec<HeaderOutline>) -> Self {
        let target = action.does.target().to_owned();
        let (url, recipients, signature_headers) = match &action.does {
            Does::SendWebhook(webhook) => {
                let headers = SignatureHeaderView::list(outline(&webhook.signature));
                (Some(target), None, headers)
            }
            Does::SendEmail(_) => (None, Some(target), Vec::new()),
        };
        let empty = Self {
            url,
            content_type: None,
            body: None,
            error: None,
            attribute_headers: HeadersInput::default(),
            signature_headers,
            recipients,
            subject: None,
        };
        match postrider_engine::preview(&action.does, event) {
            Ok(Preview::Webhook(body)) => Self {
                content_type: Some(body.content_type),
                body: Some(String::from_utf8_lossy(&body.bytes).into_owned()),
                attribute_headers: HeadersInput(body.attributes.unwrap_or_default()),
                ..empty
            },
            Ok(Preview::Email(email)) => Self {
                subject: Some(email.subject),
                content_type: Some(EMAIL_CONTENT_TYPE.to_owned()),
                body: Some(email.text),
                ..empty
            },
            Err(reason) => Self {
                error: Some(reason),
                ..empty
            },
        }
    }
}
