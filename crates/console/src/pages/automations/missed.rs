//! `GET` and `POST /accounts/{account}/automations/{id}/send-missed`: the events that an automation missed
//! while it was off, or before it existed: they are counted first, then sent, and the page shows the
//! progress. And the question that follows when it is switched on ([`super::off_since`]).
//!
//! No state is kept between the count and the run: the form carries the span, with the time of the count
//! as its end.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_configuration::Fault;
use postrider_engine::{DeliveryCount, MissedEvents, SendMissedError};
use postrider_model::{Automation, AutomationId, Timestamp};

use super::choices::{Choice, choices};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::form::Form;
use crate::pages::bulk::fields;
use crate::pages::bulk::run::{self, Run};
use crate::pages::bulk::verb::Words;
use crate::pages::deliveries::moment::MomentField;
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
    effect: "Each URL that is on gets the events that it has not had. Retries and limits apply as usual. Test events, \
             operational events, canceled events and events accepted after this count are left out.",
    skipped: "Events that do not match its trigger and conditions as they are now are left out, and so are those \
              that its URLs have already had. Test events, operational events and canceled events are left out.",
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
    from: MomentField,
    to: MomentField,
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
        Self {
            from: MomentField::of(get("after")),
            to: MomentField::of(get("before")),
            event_type: get("type").unwrap_or_default().trim().to_owned(),
        }
    }

    /// The events, none of them accepted at `now` or later; and the faults of the fields.
    fn events(&self, automation: AutomationId, now: Timestamp) -> (MissedEvents, Vec<Fault>) {
        let mut faults = Vec::new();
        let after = fields::time(&self.from, "/from", &mut faults);
        let before = fields::time(&self.to, "/to", &mut faults);
        let event_type = fields::event_type(&self.event_type, &mut faults);
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
    if fields.from == MomentField::default() && query.get("count").is_none() {
        fields.from = MomentField::of(Some(&automation.created_at.to_string()));
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
    /// `23 events` or `At least 1,000 events`.
    pub words: String,
    /// The name of the link: `Send it…` or `Send them…`.
    pub link: &'static str,
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
    // A count that ended early tells nothing of the rest.
    if count.matching == 0 && count.is_all {
        return Ok(None);
    }
    let number = number::counted(count.matching, WORDS.one, WORDS.many);
    let path = account.path(&format!("automations/{id}/{}", WORDS.segment));
    Ok(Some(Meanwhile {
        words: if count.is_all {
            number
        } else {
            format!("At least {number}")
        },
        link: if count.is_all && count.matching == 1 {
            "Send it…"
        } else {
            "Send them…"
        },
        href: format!("{path}?after={since}&count=1"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

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
