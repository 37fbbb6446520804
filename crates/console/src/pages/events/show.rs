//! `GET /accounts/{account}/events/{id}`: an event, and its deliveries.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use postrider_configuration::AccountEntry;
use postrider_model::{AccountId, Delivery, EventHeaders, EventId};
use postrider_storage::{DeliveryFilter, Page};

use super::verdicts::{self, VerdictRow};
use super::{cancel, warning};
use crate::console::page;
use crate::pages::deliveries::resend::Message;
use crate::pages::deliveries::rows::{Row, Rows};
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::body::Body;
use crate::view::icon::Icon;
use crate::view::id::CopyId;
use crate::view::time::{Exact, Moment};
use crate::view::{markup, number};
use crate::visitor::account::{InAccount, PathId};
use crate::{
    live::{self, Viewer},
    paging,
};

#[derive(Template)]
#[template(path = "events/show.html")]
struct ShowPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    event_type: &'a str,
    id: CopyId,
    /// Who reported it, unless it was the company's software.
    origin: Option<&'static str>,
    warning: Option<String>,
    /// When it happened, if the producer said so.
    occurred: Option<(Moment, Exact)>,
    accepted: Moment,
    accepted_exactly: Exact,
    /// When its first attempts are due, if the producer said so.
    deliver_at: Option<(Moment, Exact)>,
    headers: Vec<(String, String)>,
    is_canceled: bool,
    /// How many deliveries were added later, in words; empty if none was.
    missed: String,
    /// Where to cancel it, while it waits.
    cancel: Option<String>,
    message: Option<Message>,
    data: Body,
    size: String,
    sent: SentFor,
    live: String,
    /// The automations of its type that it does not trigger as they are now.
    verdicts: Vec<VerdictRow>,
}

/// The part of the page that is live: the event's deliveries.
#[derive(Template)]
#[template(path = "events/sent_for.html")]
struct SentFor {
    rows: Rows,
    is_test: bool,
    /// A link to all deliveries, if this table has no room for them.
    all: Option<String>,
}

markup!(SentFor);

/// The page.
pub async fn show(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<EventId>,
) -> Result<Response, Refusal> {
    let event = app.figures.event(account.id(), id).await?;
    let event = event.ok_or(Refusal::NotFound)?;
    let now = app.now();
    let data = Body::new(&event.data);
    let is_cancelable = cancel::is_possible(&event, &deliveries(&app, account.id(), id).await?.items);
    page(&ShowPage {
        shell: Shell::of(
            &app,
            &account.visitor,
            Section::Accounts,
            event.event_type.as_str(),
        ),
        head: AccountHead::of(&account, Tab::Events),
        event_type: event.event_type.as_str(),
        id: CopyId::new(id),
        origin: super::list::origin(event.origin),
        warning: event.warning.as_ref().map(warning::words),
        occurred: event.occurred_at.map(|at| (Moment::new(at, now), Exact::new(at))),
        accepted: Moment::new(event.created_at, now),
        accepted_exactly: Exact::new(event.created_at),
        deliver_at: event.deliver_at.map(|at| (Moment::due(at, now), Exact::new(at))),
        headers: owned(&event.headers),
        is_canceled: event.is_canceled,
        missed: match event.missed {
            0 => String::new(),
            missed => number::counted(missed.into(), "delivery", "deliveries"),
        },
        cancel: is_cancelable.then(|| account.path(&format!("events/{id}/cancel"))),
        message: account.visitor.query.get("cancel").and_then(cancel::message),
        size: number::size(data.bytes),
        data,
        sent: sent_for(&app, &account.entry, id, event.is_test()).await?,
        live: account.path(&format!("events/{id}/live")),
        verdicts: match event.is_test() {
            true => Vec::new(),
            false => verdicts::of(&account, &event),
        },
    })
}

/// `GET …/events/{id}/live`: its deliveries as a stream.
pub async fn live(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<EventId>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let event = app.figures.event(account.id(), id).await?;
    let is_test = event.ok_or(Refusal::NotFound)?.is_test();
    let viewer = Viewer::of(&account, &headers);
    let account = account.id();
    let state = Arc::clone(&app);
    Ok(live::stream(&app, viewer, move || {
        let app = Arc::clone(&state);
        async move {
            let entry = app.configuration.entry(account).await?.ok_or(Refusal::NotFound)?;
            Ok(sent_for(&app, &entry, id, is_test).await?.render()?)
        }
    }))
}

async fn sent_for(
    app: &App,
    entry: &AccountEntry,
    event: EventId,
    is_test: bool,
) -> Result<SentFor, Refusal> {
    let account = entry.config.account.id;
    let found = deliveries(app, account, event).await?;
    let now = app.now();
    Ok(SentFor {
        rows: Rows {
            caption: "Deliveries of this event",
            rows: found
                .items
                .iter()
                .map(|delivery| Row::of(delivery, entry, now))
                .collect(),
            shows_account: false,
            shows_type: false,
            chosen_by: None,
        },
        is_test,
        all: found
            .next
            .map(|_| format!("/accounts/{account}/deliveries?event={event}")),
    })
}

/// The event's deliveries, as many as the page shows.
async fn deliveries(app: &App, account: AccountId, event: EventId) -> Result<Page<Delivery>, Refusal> {
    let filter = DeliveryFilter {
        event: Some(event),
        ..DeliveryFilter::default()
    };
    let request = paging::request(None);
    Ok(app.figures.deliveries(account, &filter, request).await?)
}

fn owned(headers: &EventHeaders) -> Vec<(String, String)> {
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
