//! `GET /accounts/{account}/deliveries/{id}`: the time line of a delivery.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use postrider_configuration::AccountEntry;
use postrider_model::{DeliveryId, Event, Scope};
use postrider_storage::{DeliveryKey, DeliveryRecord};

use super::attempt::Sent;
use super::resend::Message;
use super::resends;
use super::sentence::{self, Sentence};
use super::timeline::{Shown, Timeline};
use crate::console::page;
use crate::live::{self, Viewer};
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::id::CopyId;
use crate::view::{action, markup};
use crate::visitor::account::{InAccount, PathId};

#[derive(Template)]
#[template(path = "deliveries/show.html")]
struct ShowPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    message: Option<Message>,
    part: Part<'a>,
    live: Option<String>,
}

/// The live part of the page: all but its surroundings.
#[derive(Template)]
#[template(path = "deliveries/show_part.html")]
struct Part<'a> {
    sentence: Sentence,
    csrf: &'a str,
    path: &'a str,
    /// The label of the resend button; `None` if it is not available.
    button: Option<&'static str>,
    is_test: bool,
    event_type: &'a str,
    event_href: String,
    event: CopyId,
    automation: Option<(&'a str, String)>,
    url: Option<&'a str>,
    id: CopyId,
    attempts: u32,
    resends: u32,
    timeline: Timeline<'a>,
}

markup!(Part<'_>);

/// The data of the page, without the account's.
struct Parts {
    record: DeliveryRecord,
    event: Arc<Event>,
    sent: Arc<Sent>,
    csrf: String,
    path: String,
    until: Option<u32>,
    resends: Vec<resends::Request>,
    may_resend: bool,
    scope: Scope,
}

/// The page.
pub async fn show(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<DeliveryId>,
) -> Result<Response, Refusal> {
    let parts = parts(&app, &account, id).await?;
    let part = part(&app, &account.entry, &parts);
    page(&ShowPage {
        shell: Shell::of(
            &app,
            &account.visitor,
            Section::Accounts,
            part.sentence.words.clone(),
        ),
        head: AccountHead::of(&account, Tab::Deliveries),
        message: account.visitor.query.get("resend").and_then(Message::of),
        // Past attempts do not change.
        live: parts.until.is_none().then(|| format!("{}/live", parts.path)),
        part,
    })
}

/// `GET …/deliveries/{id}/live`: the live part as a stream.
pub async fn live(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<DeliveryId>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let first = Arc::new(parts(&app, &account, id).await?);
    let viewer = Viewer::of(&account, &headers);
    let visitor = account.visitor.clone();
    let account = account.id();
    let state = Arc::clone(&app);
    Ok(live::stream(&app, viewer, move || {
        let (app, first) = (Arc::clone(&state), Arc::clone(&first));
        let visitor = visitor.clone();
        async move {
            let entry = app.configuration.entry(account).await?.ok_or(Refusal::NotFound)?;
            let record = record(&app, first.record.delivery.account, id).await?;
            let resends = resends::requests(&app, &visitor, &record.delivery).await?;
            let parts = Parts {
                record,
                resends,
                event: Arc::clone(&first.event),
                sent: Arc::clone(&first.sent),
                csrf: first.csrf.clone(),
                path: first.path.clone(),
                ..*first
            };
            Ok(part(&app, &entry, &parts).render()?)
        }
    }))
}

async fn record(
    app: &App,
    account: postrider_model::AccountId,
    delivery: DeliveryId,
) -> Result<DeliveryRecord, Refusal> {
    let key = DeliveryKey { account, delivery };
    app.figures.record(key).await?.ok_or(Refusal::NotFound)
}

async fn parts(app: &App, account: &InAccount, id: DeliveryId) -> Result<Parts, Refusal> {
    let record = record(app, account.id(), id).await?;
    let event = app.figures.event(account.id(), record.delivery.event).await?;
    let event = event.ok_or(Refusal::NotFound)?;
    Ok(Parts {
        sent: Arc::new(
            Sent::of(
                app,
                &account.entry,
                &event,
                record.delivery.action,
                record.delivery.body,
            )
            .await?,
        ),
        event: Arc::new(event),
        resends: resends::requests(app, &account.visitor, &record.delivery).await?,
        record,
        csrf: account.visitor.csrf.clone(),
        path: account.path(&format!("deliveries/{id}")),
        until: account
            .visitor
            .query
            .get("until")
            .and_then(|text| text.parse().ok()),
        may_resend: account.visitor.may_resend(),
        scope: account.visitor.caller.scope,
    })
}

fn part<'a>(app: &App, entry: &'a AccountEntry, parts: &'a Parts) -> Part<'a> {
    let DeliveryRecord { delivery, attempts } = &parts.record;
    let now = app.now();
    let within = |rest: String| format!("/accounts/{}/{rest}", delivery.account);
    let may_send = parts.may_resend && entry.callable(delivery.action).is_some();
    let automation = entry.automation(delivery.automation);
    let paced_until = app.engine.paced_until(delivery);
    let shown = Shown {
        until: parts.until,
        path: &parts.path,
        is_paced: paced_until.is_some(),
        scope: parts.scope,
    };
    Part {
        sentence: sentence::of(delivery, attempts, paced_until, now),
        csrf: &parts.csrf,
        path: &parts.path,
        button: match (may_send, delivery.settled_at, delivery.next_attempt_at) {
            (true, Some(_), _) => Some("Resend"),
            (true, None, Some(_)) => Some("Retry now"),
            _ => None,
        },
        is_test: parts.event.is_test(),
        event_type: delivery.event_type.as_str(),
        event_href: within(format!("events/{}", delivery.event)),
        event: CopyId::new(delivery.event),
        automation: automation.map(|it| (it.name.as_str(), within(format!("automations/{}", it.id)))),
        url: entry
            .action(delivery.action)
            .map(|(_, found)| action::target(found)),
        id: CopyId::new(delivery.id),
        attempts: delivery.progress.attempts,
        resends: delivery.progress.resends,
        timeline: Timeline::new(
            app.configuration.header_names(),
            (&parts.record, &parts.resends),
            (&parts.event, &parts.sent),
            shown,
            now,
        ),
    }
}
