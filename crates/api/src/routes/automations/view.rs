//! The JSON form of an automation.

use std::collections::HashMap;
use std::slice;

use postrider_configuration::BodyDraft;
use postrider_model::health::Health;
use postrider_model::{
    AccountId, Action, ActionId, Automation, AutomationId, BodyStyle, ConnectionId, CustomHeader, Does,
    RateLimit, SendWebhook, Timestamp,
};
use postrider_storage::StoreResult;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::action::ActionType;
use super::condition::Condition;
use super::email::EmailView;
use super::headers::HeadersInput;
use super::input::ActionBody;
use super::signature::SigningKeyChoice;
use crate::fields::delays_s;
use crate::openapi::shapes;
use crate::problem::Problem;
use crate::router::ApiState;
use crate::routes::kept_json;

/// A trigger, and the actions that it starts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Automation)]
pub struct AutomationView {
    /// The automation's id.
    #[schema(value_type = String, example = "auto_01h455vb4pex5vsknk084sn02q")]
    id: AutomationId,
    /// Your own identifier for the automation. Paths accept it in place of the id.
    #[schema(example = "tell-the-crm")]
    uid: Option<String>,
    /// A display name.
    #[schema(example = "Tell the CRM")]
    name: String,
    /// What the automation is for, in words for people; may be empty.
    #[schema(example = "Sales wants to know at once.")]
    description: String,
    /// The caller's own data.
    #[schema(schema_with = shapes::metadata)]
    metadata: Box<RawValue>,
    /// Whether events trigger the automation.
    enabled: bool,
    /// The events that trigger the automation.
    trigger: TriggerView,
    /// The actions: the webhooks and e-mails to send.
    actions: Vec<ActionView>,
    /// Seconds between the attempts of a delivery; null uses the account's schedule.
    #[schema(example = json!([10, 100]))]
    retry_delays_s: Option<Vec<u32>>,
    /// How many events its conditions held back in the last 24 hours, extended to the beginning of the first
    /// hour. Absent if it has no conditions, and from the response to an update if it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 38)]
    held_back_24h: Option<u64>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it was last updated.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    updated_at: Timestamp,
}

/// The events that trigger an automation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trigger)]
pub struct TriggerView {
    /// Names of event types, prefixes such as `proposal.*`, or `*`.
    #[schema(example = json!(["proposal.accepted", "invoice.*"]))]
    event_types: Vec<String>,
    /// What must hold for the event's `data`; null if the type alone decides.
    #[schema(value_type = Option<Condition>)]
    conditions: Option<Box<RawValue>>,
}

/// An action of an automation: one webhook or one e-mail to send.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Action)]
pub struct ActionView {
    /// The action's id. It stays the same if an update includes it.
    #[schema(value_type = String, example = "act_01h455vb4pex5vsknk084sn02q")]
    id: ActionId,
    /// The kind of action.
    #[serde(rename = "type")]
    kind: ActionType,
    /// Whether the action is on. Postrider sends nothing for an action that is off.
    enabled: bool,
    /// Why Postrider switched the action off: `gone` after an HTTP 410 response, `failing` after
    /// days without a delivery that succeeded; otherwise null.
    #[schema(example = json!(null))]
    disabled_reason: Option<&'static str>,
    /// How the action's deliveries fare. Absent only from the response to an update, if the update was saved
    /// but the health could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = HealthView, required = false)]
    health: Option<HealthView>,
    /// How often the action may be called; null if it has no limit.
    rate_limit: Option<RateLimitView>,
    /// What the action does.
    #[serde(flatten)]
    does: DoesView,
}

/// What an action does.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ActionOfType)]
enum DoesView {
    /// A webhook.
    Webhook(WebhookView),
    /// An e-mail.
    Email(EmailView),
}

/// What a webhook action has besides the members of every action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookAction)]
struct WebhookView {
    /// The URL that the webhook is sent to.
    #[schema(example = "https://crm.example.com/hooks/postrider")]
    url: String,
    /// Whether the query of the URL is a secret, and `••••` stands in its place.
    secret_query: bool,
    /// What the body holds.
    #[schema(schema_with = shapes::body_content)]
    body: ActionBody,
    /// If `body` is `template`: the template; otherwise null.
    #[schema(example = json!(null))]
    template: Option<String>,
    /// If `body` is `template`: the content type of its output; otherwise null.
    #[schema(example = json!(null))]
    content_type: Option<String>,
    /// How the body is serialised.
    #[schema(schema_with = shapes::body_style)]
    body_style: BodyStyle,
    /// Additional headers that are sent. `••••` stands for a secret value.
    #[schema(schema_with = shapes::custom_headers)]
    headers: HeadersInput,
    /// The names of the headers whose values are shown.
    #[schema(example = json!(["x-team"]))]
    plain_headers: Vec<String>,
    /// The timeout of one attempt, in seconds; null uses the installation's default.
    timeout_s: Option<u32>,
    /// The signature profile: which headers sign the webhooks; null uses the installation's.
    #[schema(example = json!(null))]
    signature_profile: Option<String>,
    /// Which keys sign the webhooks.
    signing_key: SigningKeyChoice,
    /// The connection that authenticates the request; null for none.
    #[schema(value_type = Option<String>, example = "conn_01h455vb4pex5vsknk084sn02q")]
    connection_id: Option<ConnectionId>,
}

/// How often an action may be called: `requests` attempts in `per_s` seconds, retries, resends and tests
/// included. Attempts are spaced evenly; any `per_s` seconds may see up to a tenth more than `requests`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RateLimit)]
pub struct RateLimitView {
    /// The attempts that may start in `per_s` seconds.
    #[schema(example = 100)]
    requests: u32,
    /// The time, in seconds.
    #[schema(example = 60)]
    per_s: u32,
}

/// The health of an action. Tests do not count.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthView {
    /// `failing` if deliveries have failed for good and none has succeeded since; `disabled` if the action is
    /// off.
    status: HealthStatus,
    /// For `failing`: when the first of these deliveries failed; otherwise absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    since: Option<Timestamp>,
    /// For `disabled`: `gone` after an HTTP 410 response, `failing` after days without a delivery that
    /// succeeded, or `by_hand`; otherwise absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = json!(null))]
    reason: Option<&'static str>,
}

/// How an action's deliveries fare.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// The action is on, and not failing.
    Healthy,
    /// Deliveries have failed for good, and none has succeeded since.
    Failing,
    /// The action is off.
    Disabled,
}

impl HealthView {
    fn of(health: Health) -> Self {
        let (status, since, reason) = match health {
            Health::Healthy => (HealthStatus::Healthy, None, None),
            Health::Failing { since } => (HealthStatus::Failing, Some(since), None),
            Health::Disabled { reason } => {
                let reason = reason.map_or("by_hand", |reason| reason.as_str());
                (HealthStatus::Disabled, None, Some(reason))
            }
        };
        Self {
            status,
            since,
            reason,
        }
    }
}

/// What is known of the account's automations besides their configuration.
#[derive(Default)]
struct Known {
    /// The health of each action, in order; `None` if it could not be read.
    health: Option<Vec<Vec<Health>>>,
    held_back: Option<HashMap<AutomationId, u64>>,
}

impl Known {
    /// Reads it for all these automations at once.
    async fn read(state: &ApiState, account: AccountId, automations: &[Automation]) -> StoreResult<Self> {
        let has_conditions = automations.iter().any(|it| it.trigger.conditions.is_some());
        Ok(Self {
            health: Some(state.configuration.health(account, automations).await?),
            held_back: match has_conditions {
                true => Some(state.figures.held_back(account).await?),
                false => Some(HashMap::new()),
            },
        })
    }
}

impl AutomationView {
    /// The automation, as of now.
    pub(super) async fn read(
        state: &ApiState,
        account: AccountId,
        automation: Automation,
    ) -> Result<Self, Problem> {
        let known = Known::read(state, account, slice::from_ref(&automation)).await?;
        Self::of(automation, known)
    }

    /// The automations, as of now.
    pub(super) async fn read_all(
        state: &ApiState,
        account: AccountId,
        automations: Vec<Automation>,
    ) -> Result<Vec<Self>, Problem> {
        let Known { health, held_back } = Known::read(state, account, &automations).await?;
        let mut health = health.into_iter().flatten();
        let views = automations.into_iter().map(|automation| {
            let known = Known {
                health: health.next().map(|health| vec![health]),
                held_back: held_back.clone(),
            };
            Self::of(automation, known)
        });
        views.collect()
    }

    /// The automation that was just created: nothing has failed yet.
    pub(super) fn of_new(automation: Automation) -> Result<Self, Problem> {
        let known = Known {
            health: Some(vec![vec![Health::Healthy; automation.actions.len()]]),
            held_back: Some(HashMap::new()),
        };
        Self::of(automation, known)
    }

    /// The automation that was just saved. Leaves out what cannot be read: an error would say that nothing
    /// was changed.
    pub(super) async fn of_saved(
        state: &ApiState,
        account: AccountId,
        automation: Automation,
    ) -> Result<Self, Problem> {
        let known = Known::read(state, account, slice::from_ref(&automation)).await;
        let known = known.inspect_err(
            |error| tracing::warn!(%error, automation = %automation.id, "could not read the health of its actions"),
        );
        Self::of(automation, known.unwrap_or_default())
    }

    /// The automation with what is known of it.
    fn of(automation: Automation, known: Known) -> Result<Self, Problem> {
        let held_back = known
            .held_back
            .filter(|_| automation.trigger.conditions.is_some());
        let held_back = held_back.map(|of| of.get(&automation.id).copied().unwrap_or_default());
        let health: Vec<Option<Health>> = match known.health {
            Some(health) => health.into_iter().flatten().map(Some).collect(),
            None => vec![None; automation.actions.len()],
        };
        let patterns = &automation.trigger.event_types;
        let conditions = automation.trigger.conditions.as_ref().map(ToString::to_string);
        Ok(Self {
            id: automation.id,
            enabled: automation.enabled,
            trigger: TriggerView {
                event_types: patterns.iter().map(ToString::to_string).collect(),
                conditions: conditions.map(kept_json).transpose()?,
            },
            retry_delays_s: delays_s(automation.retry_delays.as_ref()),
            uid: automation.uid,
            name: automation.name,
            description: automation.description,
            metadata: kept_json(automation.metadata)?,
            actions: automation
                .actions
                .into_iter()
                .zip(health)
                .map(|(action, health)| ActionView::of(action, health))
                .collect(),
            held_back_24h: held_back,
            created_at: automation.created_at,
            updated_at: automation.updated_at,
        })
    }
}

impl ActionView {
    fn of(action: Action, health: Option<Health>) -> Self {
        let disabled = Health::Disabled {
            reason: action.disabled_reason,
        };
        let health = if action.enabled { health } else { Some(disabled) };
        let (kind, does) = match action.does {
            Does::SendWebhook(webhook) => (
                ActionType::SendWebhook,
                DoesView::Webhook(WebhookView::of(webhook)),
            ),
            Does::SendEmail(email) => (ActionType::SendEmail, DoesView::Email(EmailView::of(email))),
        };
        Self {
            id: action.id,
            kind,
            enabled: action.enabled,
            disabled_reason: action.disabled_reason.map(|reason| reason.as_str()),
            health: health.map(HealthView::of),
            rate_limit: action.rate_limit.map(RateLimitView::of),
            does,
        }
    }
}

impl WebhookView {
    fn of(webhook: SendWebhook) -> Self {
        let body = BodyDraft::of(&webhook.body);
        let shown = |header: &CustomHeader| (header.name.clone(), header.shown().to_owned());
        let plain = webhook.headers.iter().filter(|header| header.is_plain);
        Self {
            url: webhook.url,
            secret_query: webhook.secret_query.is_some(),
            body: ActionBody::of(body.content),
            template: body.template,
            content_type: body.content_type,
            body_style: body.style,
            headers: HeadersInput(webhook.headers.iter().map(shown).collect()),
            plain_headers: plain.map(|header| header.name.clone()).collect(),
            timeout_s: webhook.timeout_s,
            signing_key: SigningKeyChoice::of_stored(&webhook.signature),
            signature_profile: webhook.signature.profile,
            connection_id: webhook.connection,
        }
    }
}

impl RateLimitView {
    const fn of(limit: RateLimit) -> Self {
        Self {
            requests: limit.requests(),
            per_s: limit.per_s(),
        }
    }
}
