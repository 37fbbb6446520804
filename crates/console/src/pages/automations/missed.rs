//! `GET` and `POST /accounts/{account}/automations/{id}/send-missed`: the events that an automation missed while
//! it was off, or before it existed: they are counted first, then sent, and the page shows the progress. And the
//! question that follows when it is switched on ([`since_off`]).
//!
//! No state is kept between the count and the run: the form carries the span, with the time of the count as its
//! end.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_configuration::Fault;
use postrider_engine::{DeliveryCount, MissedEvents, SendMissedError};
use postrider_model::{AuditAction, AuditEntry, Automation, AutomationId, EventTypeName, Scope, Timestamp};
use postrider_storage::{AuditFilter, PageRequest};
use serde_json::Value;

use super::choices::{Choice, choices};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::form::Form;
use crate::pages::bulk::run::{self, Run};
use crate::pages::bulk::verb::Words;
use crate::pages::deliveries::moment;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::number;
use crate::visitor::account::{InAccount, PathId};

/// Longest time of a count on this page.
const COUNT_MAX: Duration = Duration::from_secs(2);

/// Longest time of a count that nobody asked for, after a switch.
const GLANCE_MAX: Duration = Duration::from_millis(500);

/// Entries of the audit trail that are looked at to find when an automation was switched off.
const ENTRIES_MAX: usize = 50;

const WORDS: Words = Words {
    segment: "send-missed",
    one: "event",
    many: "events",
    verb: "Send missed",
    running: "Sending missed events",
    done: "sent",
    infinitive: "send",
    intro: "Send the events that happened while this automation, or one of its URLs, was off, or before it existed. They \
            are counted before anything is sent.",
    effect: "Each URL that is on gets the events that it has not had. Retries and limits apply as usual. Events accepted \
             after this count are not included.",
    skipped: "Events that do not match its trigger and conditions as they are now are left out, and so are tests, canceled \
              events and those that its URLs have already had.",
    continues: "You can leave this page. Sending continues.",
    stopped: "Sending stopped because the database could not be reached.",
};

#[derive(Template)]
#[template(path = "automations/missed.html")]
struct MissedPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    name: &'a str,
    automation: String,
    path: String,
    words: &'static Words,
    is_off: bool,
    fields: Fields,
    faults: FieldFaults,
    event_types: Vec<Choice>,
    counted: Option<Counted>,
}

/// The span as typed.
#[derive(Debug, Default)]
struct Fields {
    from: String,
    to: String,
    event_type: String,
}

/// The result of a count.
struct Counted {
    matching: u64,
    words: String,
    is_all: bool,
    /// The span, for the run.
    after: String,
    before: String,
}

impl Fields {
    fn of<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let text = |name| get(name).unwrap_or_default().trim().to_owned();
        Self {
            from: text("after"),
            to: text("before"),
            event_type: text("type"),
        }
    }

    /// The events, none of them accepted at `now` or later; and the faults of the fields.
    fn events(&self, automation: AutomationId, now: Timestamp) -> (MissedEvents, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut fault = |pointer: &str, detail: &str| {
            faults.push(Fault {
                pointer: pointer.to_owned(),
                code: "invalid_value",
                detail: detail.to_owned(),
            });
        };
        let mut time = |text: &str, pointer| {
            let time = moment::parse(text);
            if time.is_none() && !text.is_empty() {
                fault(pointer, "is not a date and time, such as “2026-11-24 15:40”");
            }
            time
        };
        let (after, before) = (time(&self.from, "/from"), time(&self.to, "/to"));
        let event_type: Option<EventTypeName> = self.event_type.parse().ok();
        if event_type.is_none() && !self.event_type.is_empty() {
            fault("/event_type", "is not an event type, such as “invoice.paid”");
        }
        let missed = MissedEvents {
            automation,
            after: after.unwrap_or(Timestamp::EPOCH),
            before: Some(before.map_or(now, |before| before.min(now))),
            event_type,
        };
        (missed, faults)
    }
}

/// The form; with `?count=1` also the number of missed events, and the button that sends them.
pub async fn show(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
) -> Result<Response, Refusal> {
    let automation = super::automation(&account, id)?;
    let query = &account.visitor.query;
    let mut fields = Fields::of(|name| query.get(name));
    let (missed, faults) = fields.events(id, app.now());
    let mut counted = None;
    let is_off = !is_on(automation);
    if query.get("count").is_some() && faults.is_empty() && !is_off {
        let count = count(&app, &account, &missed, COUNT_MAX).await?;
        counted = count.map(|count| Counted::new(count, &missed));
    }
    if fields.from.is_empty() && query.get("count").is_none() {
        fields.from = for_input(automation.created_at);
    }
    let faults = FieldFaults::new(faults);
    let is_faulty = !faults.is_empty();
    let (event_types, _) = choices(&app, account.visitor.caller.scope, &[]).await?;
    let automation_path = account.path(&format!("automations/{id}"));
    let mut response = page(&MissedPage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, WORDS.verb),
        head: AccountHead::of(&account, Tab::Automations),
        name: &automation.name,
        path: format!("{automation_path}/{}", WORDS.segment),
        automation: automation_path,
        words: &WORDS,
        is_off,
        fields,
        faults,
        event_types,
        counted,
    })?;
    if is_faulty {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// Starts the run, and responds with its progress.
pub async fn send(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
    form: Form,
) -> Result<Response, Refusal> {
    super::automation(&account, id)?;
    let (missed, faults) = Fields::of(|name| form.get(name)).events(id, app.now());
    if !faults.is_empty() {
        // The count checked these fields, so this form was not sent by our page.
        return Err(Refusal::ForeignForm);
    }
    let started = app
        .engine
        .send_missed_with_progress(&account.visitor.by, account.id(), missed)
        .await;
    let progress = match started {
        Ok(progress) => progress,
        Err(SendMissedError::Running(_)) => return Err(Refusal::ReplayRunning),
        Err(SendMissedError::Missing) => return Err(Refusal::NotFound),
        // It was switched off since the count.
        Err(SendMissedError::Off) => return Err(Refusal::Stale),
        Err(SendMissedError::Store(error)) => return Err(error.into()),
    };
    let run = Run {
        words: &WORDS,
        progress,
        total: form.text("total").parse().ok(),
        tab: Tab::Automations,
        path: account.path(&format!("automations/{id}/{}", WORDS.segment)),
        deliveries: account.path(&format!("deliveries?automation={id}")),
    };
    run::show(&app, &account, run)
}

impl Counted {
    fn new(count: DeliveryCount, missed: &MissedEvents) -> Self {
        Self {
            matching: count.matching,
            words: number::counted(count.matching, WORDS.one, WORDS.many),
            is_all: count.is_all,
            after: missed.after.to_string(),
            before: missed.before.map(|before| before.to_string()).unwrap_or_default(),
        }
    }
}

/// `2026-11-24T15:41`, as a field for a time holds it.
fn for_input(time: Timestamp) -> String {
    time.to_string().chars().take("2026-11-24T15:41".len()).collect()
}

fn is_on(automation: &Automation) -> bool {
    automation.enabled && automation.actions.iter().any(|action| action.enabled)
}

/// The number of missed events; `None` if the automation is off.
async fn count(
    app: &App,
    account: &InAccount,
    missed: &MissedEvents,
    time: Duration,
) -> Result<Option<DeliveryCount>, Refusal> {
    match app.engine.count_missed(account.id(), missed, time).await {
        Ok(count) => Ok(Some(count)),
        Err(SendMissedError::Store(error)) => Err(error.into()),
        Err(SendMissedError::Missing) => Err(Refusal::NotFound),
        Err(SendMissedError::Off | SendMissedError::Running(_)) => Ok(None),
    }
}

/// What happened while an automation was off: for the question that follows when it is on again.
pub struct Meanwhile {
    /// `23 events` or `More than 1,000 events`.
    pub words: String,
    /// The address that counts them, with the button that sends them.
    pub href: String,
}

/// What the automation missed since this time, after a switch. `None` if nothing.
pub async fn meanwhile(
    app: &App,
    account: &InAccount,
    id: AutomationId,
    since: Timestamp,
) -> Result<Option<Meanwhile>, Refusal> {
    let missed = MissedEvents {
        automation: id,
        after: since,
        before: None,
        event_type: None,
    };
    let Some(count) = count(app, account, &missed, GLANCE_MAX).await? else {
        return Ok(None);
    };
    if count.matching == 0 {
        return Ok(None);
    }
    let number = number::counted(count.matching, WORDS.one, WORDS.many);
    let path = account.path(&format!("automations/{id}/{}", WORDS.segment));
    Ok(Some(Meanwhile {
        words: if count.is_all {
            number
        } else {
            format!("More than {number}")
        },
        href: format!("{path}?after={since}&count=1"),
    }))
}

/// Since when what this change switches on was off; `None` if it switches nothing on.
///
/// The audit trail knows. If its entry is gone, the last change of the automation is the latest time at which
/// it can have been switched off.
pub async fn since_off(
    app: &App,
    account: &InAccount,
    before: &Automation,
    after: &Automation,
) -> Result<Option<Timestamp>, Refusal> {
    let was_on = |id| {
        let mut actions = before.actions.iter();
        actions
            .find(|action| action.id == id)
            .map(|action| before.enabled && action.enabled)
    };
    let mut on = after
        .actions
        .iter()
        .filter(|action| after.enabled && action.enabled);
    if !on.any(|action| was_on(action.id) == Some(false)) {
        return Ok(None);
    }
    let filter = AuditFilter {
        account: Some(account.id()),
        target: Some(after.id.to_string()),
        before: Some(after.updated_at),
        ..AuditFilter::default()
    };
    let request = PageRequest {
        limit: ENTRIES_MAX,
        after: None,
    };
    let entries = app.access.audit(Scope::All, filter, request).await?.items;
    let off = entries.iter().find(|entry| switches_off(entry));
    Ok(Some(off.map_or(before.updated_at, AuditEntry::at)))
}

/// Whether a change switched the automation or an action off.
fn switches_off(entry: &AuditEntry) -> bool {
    let details = entry
        .details
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let after = details.unwrap_or(Value::Null)["after"].take();
    let is_off = |value: &Value| value["enabled"] == Value::Bool(false);
    match entry.action {
        AuditAction::ActionDisabled => true,
        AuditAction::AutomationCreated | AuditAction::AutomationUpdated => {
            is_off(&after)
                || after["actions"]
                    .as_array()
                    .is_some_and(|actions| actions.iter().any(is_off))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::{By, IdGenerator, Target};

    use super::*;

    #[test]
    fn a_change_that_switches_something_off_is_recognised() {
        let entry = |action, details: Option<&str>| {
            let id = IdGenerator::new(1).audit(Timestamp::EPOCH);
            let entry = By::NODE.did(id, action, None, Target::default());
            entry.with_details(details.map(str::to_owned))
        };
        let updated = |details| switches_off(&entry(AuditAction::AutomationUpdated, Some(details)));
        assert!(updated(
            r#"{"before":{"enabled":true},"after":{"enabled":false}}"#
        ));
        assert!(updated(
            r#"{"after":{"actions":[{"enabled":true},{"enabled":false}]}}"#
        ));
        assert!(!updated(
            r#"{"before":{"enabled":false},"after":{"enabled":true}}"#
        ));
        assert!(!updated(r#"{"after":{"name":"A"}}"#));
        assert!(!updated("cut"));
        assert!(!switches_off(&entry(AuditAction::AutomationUpdated, None)));
        assert!(switches_off(&entry(AuditAction::ActionDisabled, None)));
        assert!(!switches_off(&entry(
            AuditAction::AutomationTested,
            Some(r#"{"after":{"enabled":false}}"#)
        )));
    }

    #[test]
    fn a_span_that_is_no_time_is_a_fault_and_later_events_are_left_out() {
        let now = Timestamp::from_unix_ms(1_795_534_863_120);
        let id = AutomationId::from_u128(1);
        let of = |pairs: &'static [(&str, &str)]| {
            let get = |name: &str| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| *value)
            };
            let (missed, faults) = Fields::of(get).events(id, now);
            (
                missed,
                faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>(),
            )
        };
        let (missed, faults) = of(&[]);
        assert_eq!(
            (missed.after, missed.before, faults.len()),
            (Timestamp::EPOCH, Some(now), 0)
        );
        let (missed, _) = of(&[("before", "2090-01-01"), ("type", "a.b")]);
        assert_eq!((missed.before, missed.event_type.is_some()), (Some(now), true));
        let (_, faults) = of(&[("after", "x"), ("before", "y"), ("type", "a b")]);
        assert_eq!(faults, ["/from", "/to", "/event_type"]);
    }
}
