//! `GET /accounts/{account}/automations/{id}`: an automation, its success rates, and a form that tests it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_configuration::Fault;
use postrider_model::automation::DisabledReason;
use postrider_model::health::Health;
use postrider_model::{
    Action, Automation, AutomationId, BodyContent, BodyStyle, DeliveryStatus, Does, EventPattern, RateLimit,
    Scope, SendWebhook, WebhookBody,
};

use postrider_signing::template::Preset;
use postrider_storage::{DeliveryFilter, LIMIT_MAX, PageRequest};

use super::charts::Charts;
use super::list::RateWords;
use super::missed::{self, Meanwhile};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::id::CopyId;
use crate::view::status::Badge;
use crate::view::time::Moment;
use crate::view::{action, body, duration, number, schedule};
use crate::visitor::account::{InAccount, PathId};

#[derive(Template)]
#[template(path = "automations/show.html")]
struct ShowPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    name: &'a str,
    description: &'a str,
    uid: Option<&'a str>,
    /// Laid out; empty if there is none.
    metadata: String,
    id: CopyId,
    path: String,
    is_on: bool,
    /// Whether it is on and can do nothing, because all its actions are off.
    is_idle: bool,
    is_saved: bool,
    /// What it missed while it was off, if it has just been switched on.
    meanwhile: Option<Meanwhile>,
    may_resend: bool,
    badge: Badge,
    patterns: Vec<String>,
    /// The conditions in words, and how many events they held back.
    conditions: Option<(String, u64)>,
    schedule: String,
    urls: Vec<UrlRow>,
    charts: Charts,
    deliveries: String,
    changed: Moment,
    /// Types that a test can have: the exact ones of the trigger.
    test_types: Vec<String>,
    /// The contents of the test's form.
    typed: Typed,
    faults: FieldFaults,
}

/// A test as typed, with its faults.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The event type.
    pub event_type: String,
    /// The data.
    pub data: String,
    /// The pointers are `/type`, `/data`, and an empty one for faults of neither.
    pub faults: Vec<Fault>,
}

struct UrlRow {
    url: String,
    badge: Badge,
    disabled_reason: Option<DisabledReason>,
    /// Why its requests cannot be signed, if they cannot.
    cannot_sign: Option<String>,
    failing_since: Option<Moment>,
    /// Until when nothing is sent, because the receiver asked for it.
    paused_until: Option<Moment>,
    /// The deliveries that wait, of an action that is paused or has a rate limit; empty if none does.
    waiting: String,
    rate: Option<RateWords>,
    options: Vec<String>,
    /// The address of the page of its own signing key, if it has one.
    own_key: Option<String>,
    deliveries: String,
}

/// The page.
pub async fn show(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
) -> Result<Response, Refusal> {
    render(&app, &account, id, None).await
}

/// The page, with a refused test or a new one.
pub async fn render(
    app: &App,
    account: &InAccount,
    id: AutomationId,
    refused: Option<Typed>,
) -> Result<Response, Refusal> {
    let automation = super::automation(account, id)?;
    let test_types = test_types(automation);
    let is_refused = refused.is_some();
    let mut typed = match refused {
        Some(typed) => typed,
        None => Typed {
            event_type: test_types.first().cloned().unwrap_or_default(),
            data: example(app, account.visitor.caller.scope, test_types.first()).await?,
            faults: Vec::new(),
        },
    };
    let faults = FieldFaults::new(std::mem::take(&mut typed.faults));
    let off_since = account
        .visitor
        .query
        .get("off_since")
        .and_then(|text| text.parse().ok());
    let meanwhile = match off_since {
        Some(since) => missed::meanwhile(app, account, id, since).await?,
        None => None,
    };
    let schedule = account
        .entry
        .schedule(automation, &app.engine.settings().retry_delays);
    let mut response = page(&ShowPage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, automation.name.clone()),
        head: AccountHead::of(account, Tab::Automations),
        name: &automation.name,
        description: &automation.description,
        uid: automation.uid.as_deref(),
        metadata: match automation.metadata.as_str() {
            "{}" => String::new(),
            metadata => body::pretty(metadata).unwrap_or_else(|| metadata.to_owned()),
        },
        id: CopyId::new(id),
        path: account.path(&format!("automations/{id}")),
        is_on: automation.enabled,
        is_saved: account.visitor.query.get("saved").is_some(),
        meanwhile,
        may_resend: account.visitor.may_resend(),
        badge: Badge::of_automation(automation),
        is_idle: automation.enabled && !automation.actions.iter().any(|action| action.enabled),
        patterns: super::patterns(automation),
        conditions: conditions(app, account, automation).await?,
        schedule: schedule::sentence(schedule),
        urls: urls(app, account, automation).await?,
        charts: Charts::of(app, account, automation).await?,
        deliveries: account.path(&format!("deliveries?automation={id}")),
        changed: Moment::new(automation.updated_at, app.now()),
        typed,
        faults,
        test_types,
    })?;
    if is_refused {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

async fn conditions(
    app: &App,
    account: &InAccount,
    automation: &Automation,
) -> Result<Option<(String, u64)>, Refusal> {
    let Some(conditions) = &automation.trigger.conditions else {
        return Ok(None);
    };
    let held_back = app.figures.held_back(account.id()).await?;
    let held_back = held_back.get(&automation.id).copied().unwrap_or_default();
    Ok(Some((conditions.summary(), held_back)))
}

async fn urls(app: &App, account: &InAccount, automation: &Automation) -> Result<Vec<UrlRow>, Refusal> {
    let rates = app.figures.action_rates(account.id()).await?;
    let health = app
        .configuration
        .health(account.id(), std::slice::from_ref(automation))
        .await?;
    let now = app.now();
    let mut urls = Vec::with_capacity(automation.actions.len());
    for (action, health) in automation.actions.iter().zip(health.into_iter().flatten()) {
        let paused_until = app.engine.paused_until(action.id);
        let waiting = match paused_until.is_some() || action.rate_limit.is_some() {
            true => waiting(app, account, action).await?,
            false => String::new(),
        };
        urls.push(UrlRow {
            url: action::target(action).to_owned(),
            badge: Badge::of_health(health),
            disabled_reason: action.disabled_reason,
            cannot_sign: match action.does {
                Does::SendWebhook(_) => account.entry.signers(action.id).err().map(ToString::to_string),
                Does::SendEmail(_) => None,
            },
            failing_since: match health {
                Health::Failing { since } => Some(Moment::new(since, now)),
                Health::Healthy | Health::Disabled { .. } => None,
            },
            paused_until: paused_until.map(|at| Moment::due(at, now)),
            waiting,
            rate: rates
                .get(&action.id)
                .and_then(|rate| RateWords::new(rate.succeeded, rate.failed)),
            options: options(action),
            own_key: own_key(account, automation, action),
            deliveries: account.path(&format!("deliveries?action={}", action.id)),
        });
    }
    Ok(urls)
}

/// How many deliveries of an action are pending, in words; empty if none is. Counts one page of the list.
async fn waiting(app: &App, account: &InAccount, action: &Action) -> Result<String, Refusal> {
    let filter = DeliveryFilter {
        action: Some(action.id),
        status: Some(DeliveryStatus::Pending),
        ..DeliveryFilter::default()
    };
    let page = PageRequest {
        limit: LIMIT_MAX,
        after: None,
    };
    let page = app.figures.deliveries(account.id(), &filter, page).await?;
    Ok(match (page.items.len(), page.next) {
        (0, None) => String::new(),
        (1, None) => "1 delivery waits".to_owned(),
        (count, None) => format!("{count} deliveries wait"),
        (count, Some(_)) => format!("more than {count} deliveries wait"),
    })
}

/// The exact types of the trigger.
fn test_types(automation: &Automation) -> Vec<String> {
    let patterns = automation.trigger.event_types.iter();
    let exact = patterns.filter_map(|pattern| match pattern {
        EventPattern::Exact(name) => Some(name.as_str().to_owned()),
        EventPattern::Any | EventPattern::Under(_) => None,
    });
    exact.collect()
}

/// The catalogue's example of a type, laid out.
async fn example(app: &App, scope: Scope, event_type: Option<&String>) -> Result<String, Refusal> {
    let Some(name) = event_type.and_then(|name| name.parse().ok()) else {
        return Ok(String::new());
    };
    let entry = app.configuration.event_type_in(scope, &name).await?;
    let example = entry.and_then(|entry| entry.example).unwrap_or_default();
    Ok(body::pretty(&example).unwrap_or(example))
}

/// The options that differ from the defaults, in words.
fn options(action: &Action) -> Vec<String> {
    let mut options = match &action.does {
        Does::SendWebhook(send) => webhook_options(send),
        Does::SendEmail(_) => vec!["e-mail".to_owned()],
    };
    if let Some(limit) = action.rate_limit {
        let (one, many) = match &action.does {
            Does::SendWebhook(_) => ("request", "requests"),
            Does::SendEmail(_) => ("e-mail", "e-mails"),
        };
        options.push(rate_limit(limit, one, many));
    }
    options
}

fn webhook_options(send: &SendWebhook) -> Vec<String> {
    let mut options = Vec::new();
    match &send.body {
        WebhookBody::BuiltIn { content, style } => {
            match content {
                BodyContent::Envelope => {}
                BodyContent::Data => options.push("data only".to_owned()),
                BodyContent::CloudEvents => options.push("CloudEvent".to_owned()),
                BodyContent::CloudEventsBinary => options.push("CloudEvent, binary mode".to_owned()),
            }
            match style {
                BodyStyle::Js => {}
                BodyStyle::Python => options.push("Python style".to_owned()),
                BodyStyle::Raw => options.push("raw style".to_owned()),
            }
        }
        WebhookBody::Template(template) => {
            let mut presets = Preset::ALL.into_iter();
            let preset = presets.find(|preset| preset.sentence_of(&template.source).is_some());
            options.push(match preset {
                Some(preset) => format!("{} message", preset.label()),
                None => "template".to_owned(),
            });
        }
    }
    match send.headers.len() {
        0 => {}
        1 => options.push("1 custom header".to_owned()),
        many => options.push(format!("{many} custom headers")),
    }
    if let Some(timeout_s) = send.timeout_s {
        let timeout = duration::spelled(u64::from(timeout_s));
        options.push(format!("timeout {timeout}"));
    }
    if let Some(profile) = &send.signature.profile {
        options.push(format!("signed by the profile {profile}"));
    }
    options
}

/// The address of the page of an action's own signing key, if it has one.
fn own_key(account: &InAccount, automation: &Automation, action: &Action) -> Option<String> {
    let Does::SendWebhook(send) = &action.does else {
        return None;
    };
    let path = format!("automations/{}/actions/{}/signing-key", automation.id, action.id);
    (!send.signature.own_keys.is_empty()).then(|| account.path(&path))
}

/// A limit such as “at most 100 requests every 60 seconds”.
fn rate_limit(limit: RateLimit, one: &str, many: &str) -> String {
    let requests = number::counted(limit.requests().into(), one, many);
    match limit.per_s() {
        1 => format!("at most {requests} a second"),
        seconds => format!("at most {requests} every {seconds} seconds"),
    }
}
