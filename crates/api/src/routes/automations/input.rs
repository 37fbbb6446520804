//! The body of a request that creates or updates an automation.

use postrider_configuration::{
    ActionDraft, AutomationDraft, BodyDraft, ContentDraft, DoesDraft, RateLimitDraft, SendWebhookDraft,
};
use postrider_model::{Automation, BodyStyle};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::action::ActionInput;
use super::condition::Condition;
use super::headers::HeadersInput;
use super::signature::SigningKeyChoice;
use crate::decode::{Whole, object, optional_object, present};
use crate::openapi::shapes;
use crate::problem::Problem;
use crate::routes::kept_json;

/// An automation to create, or the editable part of an automation.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = AutomationInput)]
pub struct AutomationInput {
    /// Your own identifier for the automation: 1 to 128 of `a-z`, `A-Z`, `0-9`, `_`, `.`, `:`, `@` and `-`,
    /// unique in the account, not starting with `auto_`, and not `preview`.
    #[schema(example = "tell-the-crm", pattern = "^[a-zA-Z0-9_.:@-]{1,128}$")]
    uid: Option<String>,
    /// A display name.
    #[schema(example = "Tell the CRM", min_length = 1, max_length = 256)]
    name: String,
    /// What the automation is for, in words for people; null for none.
    #[schema(
        example = "Sales wants to know at once.",
        max_length = 4096,
        pattern = "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$"
    )]
    description: Option<String>,
    /// Your own data about the automation: an object of at most 16 KiB. Customers can read it.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = shapes::metadata)]
    metadata: Option<Box<RawValue>>,
    /// Whether events trigger the automation. While it is off, its actions send nothing.
    #[serde(default = "on")]
    #[schema(default = true)]
    enabled: bool,
    /// The events that trigger the automation.
    #[serde(deserialize_with = "object")]
    trigger: TriggerInput,
    /// The actions: the webhooks and e-mails to send.
    #[schema(value_type = Vec<ActionInput>, min_items = 1, max_items = 50)]
    actions: Vec<Box<RawValue>>,
    /// Seconds between the attempts of a delivery, at most 20 delays of 1 second to 7 days; null uses the
    /// account's schedule.
    #[schema(schema_with = shapes::retry_delays)]
    retry_delays_s: Option<Vec<Whole>>,
}

/// The events that trigger an automation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = TriggerInput)]
pub struct TriggerInput {
    /// Names of event types, prefixes such as `proposal.*`, or `*` for all. The automation triggers if one of
    /// them matches.
    #[schema(schema_with = shapes::event_patterns)]
    event_types: Vec<String>,
    /// What must hold for the event's `data`; null if the type alone decides.
    #[serde(default)]
    #[schema(value_type = Option<Condition>)]
    conditions: Option<Box<RawValue>>,
}

/// The kind of an action that sends a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookType {
    /// Sends a webhook.
    SendWebhook,
}

/// What the body of a webhook holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionBody {
    /// The event: id, type, time and data.
    #[default]
    Envelope,
    /// The data alone.
    Data,
    /// The event as a CloudEvent in structured mode.
    #[serde(rename = "cloudevents")]
    CloudEvents,
    /// The data alone, with the attributes of a CloudEvent as headers.
    #[serde(rename = "cloudevents_binary")]
    CloudEventsBinary,
    /// The output of a template.
    Template,
}

impl ActionBody {
    pub(super) const fn of(content: ContentDraft) -> Self {
        match content {
            ContentDraft::Envelope => Self::Envelope,
            ContentDraft::Data => Self::Data,
            ContentDraft::CloudEvents => Self::CloudEvents,
            ContentDraft::CloudEventsBinary => Self::CloudEventsBinary,
            ContentDraft::Template => Self::Template,
        }
    }

    const fn content(self) -> ContentDraft {
        match self {
            Self::Envelope => ContentDraft::Envelope,
            Self::Data => ContentDraft::Data,
            Self::CloudEvents => ContentDraft::CloudEvents,
            Self::CloudEventsBinary => ContentDraft::CloudEventsBinary,
            Self::Template => ContentDraft::Template,
        }
    }
}

/// A webhook to send.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = WebhookActionInput)]
pub struct WebhookActionInput {
    /// The id of an existing action, which then keeps its record. An action without an id is new.
    #[schema(example = "act_01h455vb4pex5vsknk084sn02q")]
    id: Option<String>,
    /// The kind of action.
    #[serde(rename = "type")]
    kind: WebhookType,
    /// Whether the action is on. Postrider sends nothing for an action that is off.
    #[serde(default = "on")]
    #[schema(default = true)]
    enabled: bool,
    /// Read-only: in a PATCH, send the value that you read, or null. Switching the action on clears it.
    #[schema(read_only)]
    disabled_reason: Option<String>,
    /// Read-only: ignored, so that an action can be sent back as it was read.
    #[serde(default, skip_serializing)]
    #[schema(value_type = Option<Object>, read_only)]
    #[expect(dead_code, reason = "what it holds may have changed since the client read it")]
    health: Option<IgnoredAny>,
    /// How often the action may be called; null sets no limit. Deliveries that exceed it wait, and use no
    /// attempt.
    #[serde(default, deserialize_with = "optional_object")]
    rate_limit: Option<RateLimitInput>,
    /// The URL to send to: `http` or `https`, without user info, to a destination that the installation
    /// allows.
    #[schema(
        example = "https://crm.example.com/hooks/postrider",
        max_length = 2048,
        pattern = "^[hH][tT][tT][pP][sS]?://"
    )]
    url: String,
    /// Whether the query of the URL (all after its `?`) is a secret: sealed at rest, and `••••` in responses
    /// and in the record of each attempt. Sent back in an update, a URL that ends in `?••••` keeps the query
    /// of an action that is sent with its `id`, as long as scheme, host and port stay the same.
    #[serde(default)]
    #[schema(default = false)]
    secret_query: bool,
    /// What the body holds: `envelope` is `{"id","type","timestamp","data"}`, `data` is the event's data
    /// alone, `cloudevents` and `cloudevents_binary` are CloudEvents 1.0, `template` is the output of
    /// `template`.
    #[serde(default)]
    #[schema(schema_with = shapes::body_content)]
    body: ActionBody,
    /// If `body` is `template`: the template, in Jinja's language, at most 16 KiB.
    #[serde(default)]
    #[schema(max_length = 16384, example = json!(null))]
    template: Option<String>,
    /// If `body` is `template`: the content type of its output. Null is `application/json`.
    #[serde(default)]
    #[schema(max_length = 128, example = json!(null))]
    content_type: Option<String>,
    /// How the body is serialised: `js` is a fixed point of `JSON.stringify(JSON.parse(body))`, `python` one
    /// of `json.dumps(json.loads(body))`, `raw` the producer's bytes.
    #[serde(default)]
    #[schema(schema_with = shapes::body_style)]
    body_style: BodyStyle,
    /// Additional headers to send: at most 20, each with at most 1024 bytes of name and value together.
    #[serde(default)]
    #[schema(schema_with = shapes::custom_headers)]
    headers: HeadersInput,
    /// The names of the headers whose values may be read again. All other values are secrets: responses show
    /// `••••` in their place, and so does the record of each attempt.
    #[serde(default)]
    #[schema(example = json!(["x-team"]), max_items = 20)]
    plain_headers: Vec<String>,
    /// The timeout of one attempt, response included, in seconds: 1 to 60; null uses the installation's
    /// default.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 60, example = 10)]
    timeout_s: Option<Whole>,
    /// The signature profile: which headers sign the webhooks. Null is the installation's. `postrider`,
    /// `standard`, `svix`, `github`, `stripe`, `shopify`, or a profile of the installation's settings.
    #[serde(default)]
    #[schema(example = json!(null), max_length = 32)]
    signature_profile: Option<String>,
    /// Which keys sign the webhooks. Null changes nothing; for a new action it is `account`. A new key
    /// overlaps for a day with the key that signed before; going back to `account` takes effect at once.
    #[serde(default)]
    signing_key: Option<SigningKeyChoice>,
    /// The id of the connection that authenticates the request, of the account or of the installation; null
    /// for none. `headers` cannot have the header that it sets, and the host of `url` must be one of its
    /// `hosts`, if it has any.
    #[serde(default)]
    #[schema(example = "conn_01h455vb4pex5vsknk084sn02q")]
    connection_id: Option<String>,
}

/// How often an action may be called: `requests` attempts in `per_s` seconds, retries, resends and tests
/// included. Attempts are spaced evenly; any `per_s` seconds may see up to a tenth more than `requests`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = RateLimitInput)]
pub struct RateLimitInput {
    /// The attempts that may start in `per_s` seconds.
    #[schema(value_type = u32, minimum = 1, maximum = 100_000, example = 100)]
    requests: Whole,
    /// The time, in seconds.
    #[schema(value_type = u32, minimum = 1, maximum = 3_600, example = 60)]
    per_s: Whole,
}

const fn on() -> bool {
    true
}

impl AutomationInput {
    /// The editable part of a stored automation.
    pub(super) fn of(automation: &Automation) -> Result<Self, Problem> {
        let draft = AutomationDraft::of(automation);
        Ok(Self {
            uid: draft.uid,
            name: draft.name,
            description: Some(draft.description),
            metadata: draft.metadata.map(kept_json).transpose()?,
            enabled: draft.enabled,
            trigger: TriggerInput {
                event_types: draft.event_types,
                conditions: draft.conditions.map(kept_json).transpose()?,
            },
            actions: draft
                .actions
                .into_iter()
                .map(ActionInput::text)
                .collect::<Result<_, _>>()?,
            retry_delays_s: draft.retry_delays_s.map(Whole::list),
        })
    }

    /// The draft that this body describes. Fails where an action has not the members of its type.
    pub(super) fn into_draft(self) -> Result<AutomationDraft, Problem> {
        Ok(AutomationDraft {
            uid: self.uid,
            name: self.name,
            description: self.description.unwrap_or_default(),
            metadata: self.metadata.map(|metadata| metadata.get().to_owned()),
            enabled: self.enabled,
            event_types: self.trigger.event_types,
            conditions: self
                .trigger
                .conditions
                .map(|conditions| conditions.get().to_owned()),
            actions: ActionInput::drafts(&self.actions)?,
            retry_delays_s: self.retry_delays_s.map(Whole::values),
        })
    }
}

impl RateLimitInput {
    pub(super) const fn of(limit: RateLimitDraft) -> Self {
        Self {
            requests: Whole(limit.requests),
            per_s: Whole(limit.per_s),
        }
    }

    pub(super) const fn draft(self) -> RateLimitDraft {
        RateLimitDraft {
            requests: self.requests.0,
            per_s: self.per_s.0,
        }
    }
}

impl WebhookActionInput {
    /// The webhook of a draft, whose other members are those of the action.
    pub(super) fn of(webhook: SendWebhookDraft, draft: ActionDraft) -> Self {
        Self {
            id: draft.id,
            kind: WebhookType::SendWebhook,
            enabled: draft.enabled,
            disabled_reason: draft.disabled_reason,
            health: None,
            rate_limit: draft.rate_limit.map(RateLimitInput::of),
            url: webhook.url,
            secret_query: webhook.secret_query,
            body: ActionBody::of(webhook.body.content),
            template: webhook.body.template,
            content_type: webhook.body.content_type,
            body_style: webhook.body.style,
            headers: HeadersInput(webhook.headers),
            plain_headers: webhook.plain_headers,
            timeout_s: webhook.timeout_s.map(Whole),
            signature_profile: webhook.signature_profile,
            signing_key: webhook.signing_key.map(SigningKeyChoice::of),
            connection_id: webhook.connection_id,
        }
    }

    pub(super) fn into_draft(self) -> ActionDraft {
        let does = DoesDraft::SendWebhook(SendWebhookDraft {
            url: self.url,
            secret_query: self.secret_query,
            body: BodyDraft {
                content: self.body.content(),
                style: self.body_style,
                template: self.template,
                content_type: self.content_type,
            },
            headers: self.headers.0,
            plain_headers: self.plain_headers,
            timeout_s: self.timeout_s.map(|it| it.0),
            signature_profile: self.signature_profile,
            signing_key: self.signing_key.map(SigningKeyChoice::draft),
            connection_id: self.connection_id,
        });
        ActionDraft {
            id: self.id,
            enabled: self.enabled,
            disabled_reason: self.disabled_reason,
            rate_limit: self.rate_limit.map(RateLimitInput::draft),
            does,
        }
    }
}
