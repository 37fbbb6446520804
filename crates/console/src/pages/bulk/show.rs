//! `GET /accounts/{account}/replay` and `…/cancel`: the form; with `?count=1` also the number of matching
//! deliveries, and the button that starts the run.

use std::time::Duration;

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use postrider_engine::DeliveryCount;

use super::fields::{FILTER_REQUIRED, Fields};
use super::verb::{Verb, Words};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::pages::automations::choices::{Choice, choices};
use crate::pages::deliveries::filter;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::number;
use crate::visitor::account::InAccount;

/// Longest time of a count: people wait that long without wondering. A count that takes longer says
/// `more than`.
const COUNT_MAX: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "bulk/show.html")]
struct ShowPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    words: &'static Words,
    has_status: bool,
    fields: &'a Fields,
    faults: FieldFaults,
    automations: Vec<filter::Choice>,
    actions: Vec<filter::Choice>,
    event_types: Vec<Choice>,
    outcomes: Vec<filter::Choice>,
    counted: Option<Counted>,
}

/// The result of a count.
struct Counted {
    matching: u64,
    /// `1,204 deliveries`, in the heading and on the button.
    words: String,
    is_all: bool,
    /// The end of the filter, for the run.
    before: String,
}

/// The page.
pub async fn show(app: &App, account: &InAccount, verb: Verb) -> Result<Response, Refusal> {
    let query = &account.visitor.query;
    let fields = Fields::of(verb, |name| query.get(name));
    let (selected, mut faults) = fields.filter(app.now());
    let is_counting = query.get("count").is_some();
    if !is_counting {
        // Links from a list carry its filters, which may be none: the form is where to choose them.
        faults.retain(|fault| fault.code != FILTER_REQUIRED);
    }
    let mut counted = None;
    if is_counting && faults.is_empty() {
        let count = verb.count(app, account, &selected, COUNT_MAX).await?;
        let before = selected.before.unwrap_or_else(|| app.now());
        counted = Some(Counted::new(count, before.to_string()));
    }
    let faults = FieldFaults::new(faults);
    let is_faulty = !faults.is_empty();
    let words = verb.words();
    let automations = &account.entry.config.automations;
    let (event_types, _) = choices(app, account.visitor.caller.scope, &[]).await?;
    let mut response = page(&ShowPage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, words.verb),
        head: AccountHead::of(account, Tab::Deliveries),
        path: account.path(words.segment),
        words,
        has_status: verb.has_status(),
        fields: &fields,
        faults,
        automations: filter::automation_choices(automations, selected.automation),
        // Of all automations: the chosen one can be changed in the form.
        actions: filter::url_choices(automations, None, selected.action),
        event_types,
        outcomes: filter::outcomes(selected.outcome),
        counted,
    })?;
    if is_faulty {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

impl Counted {
    fn new(count: DeliveryCount, before: String) -> Self {
        Self {
            matching: count.matching,
            words: number::counted(count.matching, "delivery", "deliveries"),
            is_all: count.is_all,
            before,
        }
    }
}
