//! `POST /accounts/{account}/automations/{id}/test` sends an event to this automation alone.
//! `GET …/tests/{event}` shows the requests as sent and the responses as received, live.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use bytes::Bytes;
use http::HeaderMap;
use postrider_configuration::AccountEntry;
use postrider_configuration::{Fault, codes};
use postrider_engine::{OPERATIONAL_TYPE, Rejection, TESTS_PER_MINUTE};
use postrider_model::{AutomationId, DeliveryStatus, Event, EventId, EventTypeName, Scope};
use postrider_storage::{DeliveryFilter, DeliveryKey, DeliveryRecord};

use super::fields::Press;
use super::show::{self, Typed};
use postrider_web::wait::whole_seconds;

use crate::console::page;
use crate::form::Form;
use crate::live::{self, Viewer};
use crate::pages::deliveries::attempt::{Around, AttemptView, Folds, Sent};
use crate::paging;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::body::visible;
use crate::view::icon::Icon;
use crate::view::status::Badge;
use crate::view::time::Moment;
use crate::view::{action, duration, markup};
use crate::visitor::account::{InAccount, PathId};

/// URLs whose requests are shown in full; others are on the pages of their deliveries. Each takes a read of
/// its own.
const URLS_SHOWN_MAX: usize = 10;

/// Attempts shown of one URL: a test follows its schedule like any other delivery.
const ATTEMPTS_SHOWN_MAX: usize = 5;

/// Sends the test, and redirects to its result.
pub async fn send(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
    form: Form,
) -> Result<Response, Refusal> {
    let (event_type, data) = (form.text("type").trim(), form.text("data").trim());
    let name: Option<Result<EventTypeName, _>> = (!event_type.is_empty()).then(|| event_type.parse());
    let faults = match name.transpose() {
        Err(error) => vec![fault("/type", codes::INVALID_VALUE, error.to_string())],
        Ok(name) => {
            let bytes = (!data.is_empty()).then(|| Bytes::copy_from_slice(data.as_bytes()));
            match app
                .engine
                .send_test(&account.visitor.by, account.id(), id, name, bytes)
                .await?
            {
                None => return Err(Refusal::NotFound),
                Some(Ok(accepted)) => {
                    let result = account.path(&format!("automations/{id}/tests/{}", accepted.id));
                    return Ok(Redirect::to(&result).into_response());
                }
                Some(Err(rejection)) => faults(rejection),
            }
        }
    };
    let typed = Typed {
        event_type: form.text("type").to_owned(),
        data: form.text("data").to_owned(),
        faults,
    };
    show::render(&app, &account, id, Some(typed)).await
}

/// Sends a test of an automation that was saved, if the button asked for one. Returns the page of its result;
/// `None` if no test was sent, because the automation is off or the account has sent too many tests.
pub async fn after_saving(
    app: &App,
    account: &InAccount,
    id: AutomationId,
    press: Press,
) -> Result<Option<String>, Refusal> {
    if press != Press::SaveAndTest {
        return Ok(None);
    }
    let sent = app
        .engine
        .send_test(&account.visitor.by, account.id(), id, None, None)
        .await?;
    let accepted = sent.and_then(Result::ok);
    Ok(accepted.map(|accepted| account.path(&format!("automations/{id}/tests/{}", accepted.id))))
}

/// A refused test is shown at the form's address; a visitor who returns to that is redirected to the form.
pub async fn back(account: InAccount, PathId(id): PathId<AutomationId>) -> Redirect {
    Redirect::to(&account.path(&format!("automations/{id}")))
}

fn fault(pointer: &str, code: &'static str, detail: impl Into<String>) -> Fault {
    Fault {
        pointer: pointer.to_owned(),
        code,
        detail: detail.into(),
    }
}

/// The faults of a refused test, by field.
fn faults(rejection: Rejection) -> Vec<Fault> {
    match rejection {
        Rejection::DataTooLarge { max } => {
            vec![fault(
                "/data",
                codes::TOO_LONG,
                format!("data can have at most {max} bytes"),
            )]
        }
        Rejection::Json(error) => vec![fault(
            "/data",
            codes::INVALID_VALUE,
            format!("this is not JSON: {error}"),
        )],
        Rejection::NotUtf8 => vec![fault("/data", codes::INVALID_VALUE, "this is not UTF-8")],
        Rejection::OperationalType => vec![fault("/type", codes::INVALID_VALUE, OPERATIONAL_TYPE)],
        Rejection::UnknownType => vec![fault(
            "/type",
            codes::INVALID_VALUE,
            "this event type is not in the catalogue",
        )],
        Rejection::Schema(violations) => violations
            .into_iter()
            .map(|violation| {
                let detail = match violation.pointer.as_str() {
                    "" => violation.detail,
                    pointer => format!("{}: {}", visible(pointer), violation.detail),
                };
                fault("/data", codes::INVALID_VALUE, detail)
            })
            .collect(),
        Rejection::AutomationDisabled => vec![fault(
            "",
            codes::INVALID_VALUE,
            "the automation is off. Switch it on to send a test",
        )],
        Rejection::TooManyTests { retry_after } => vec![fault(
            "",
            codes::TOO_MANY,
            format!(
                "an account can send {TESTS_PER_MINUTE} tests a minute on each node. Try again in {}",
                duration::spelled(whole_seconds(retry_after))
            ),
        )],
        Rejection::StoredBytesExceeded { max, .. } => vec![fault(
            "",
            codes::TOO_MANY,
            format!("an account can store at most {max} bytes. Try again when older events have expired"),
        )],
        // A test has neither an id nor an idempotency key, and is the only event of its call.
        Rejection::Conflict
        | Rejection::NotStored(_)
        // A test has neither a time nor headers.
        | Rejection::DeliverAtTooFar
        | Rejection::Headers(_) => vec![fault(
            "",
            codes::INVALID_VALUE,
            "the event was not accepted; try again",
        )],
    }
}

#[derive(Template)]
#[template(path = "automations/test.html")]
struct TestPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    automation: &'a str,
    path: String,
    result: TestResult<'a>,
    live: String,
}

/// The part of the page that is live.
#[derive(Template)]
#[template(path = "automations/test_part.html")]
struct TestResult<'a> {
    event_type: &'a str,
    event_href: String,
    sent: Moment,
    urls: Vec<UrlResult<'a>>,
    /// A link to the deliveries that are not shown.
    more: Option<String>,
    /// Whether a delivery is pending.
    is_pending: bool,
}

markup!(TestResult<'_>);

struct UrlResult<'a> {
    key: String,
    href: String,
    url: Option<&'a str>,
    badge: Badge,
    attempts: Vec<AttemptView<'a>>,
    hidden: usize,
    next: Option<Moment>,
    is_pending: bool,
}

/// A test as stored.
struct Found {
    event: Event,
    records: Vec<(DeliveryRecord, Sent)>,
    has_more: bool,
}

/// The result.
pub async fn result(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
    Path((_, _, event)): Path<Segments>,
) -> Result<Response, Refusal> {
    let automation = super::automation(&account, id)?;
    let event = event.parse().map_err(|_| Refusal::NotFound)?;
    let scope = account.visitor.caller.scope;
    let found = find(&app, &account.entry, id, event).await?;
    let path = account.path(&format!("automations/{id}"));
    page(&TestPage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Test"),
        head: AccountHead::of(&account, Tab::Automations),
        automation: &automation.name,
        result: part(&app, &account.entry, &found, scope),
        live: format!("{path}/tests/{event}/live"),
        path,
    })
}

/// `GET …/tests/{event}/live`: the result as a stream.
pub async fn live(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<AutomationId>,
    Path((_, _, event)): Path<Segments>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let event: EventId = event.parse().map_err(|_| Refusal::NotFound)?;
    find(&app, &account.entry, id, event).await?;
    let viewer = Viewer::of(&account, &headers);
    let scope = account.visitor.caller.scope;
    let account = account.id();
    let state = Arc::clone(&app);
    Ok(live::stream(&app, viewer, move || {
        let app = Arc::clone(&state);
        async move {
            let entry = app.configuration.entry(account).await?.ok_or(Refusal::NotFound)?;
            let found = find(&app, &entry, id, event).await?;
            Ok(part(&app, &entry, &found, scope).render()?)
        }
    }))
}

/// The segments of a result's address: the account, the automation, the event.
type Segments = (String, String, String);

/// The event, if it is a test of this automation.
async fn find(
    app: &App,
    entry: &AccountEntry,
    automation: AutomationId,
    id: EventId,
) -> Result<Found, Refusal> {
    let account = entry.config.account.id;
    let event = app
        .figures
        .event(account, id)
        .await?
        .filter(|event| event.is_test())
        .ok_or(Refusal::NotFound)?;
    let filter = DeliveryFilter {
        event: Some(id),
        automation: Some(automation),
        ..DeliveryFilter::default()
    };
    let deliveries = app
        .figures
        .deliveries(account, &filter, paging::request(None))
        .await?
        .items;
    if deliveries.is_empty() && event.deliveries > 0 {
        return Err(Refusal::NotFound);
    }
    let has_more = deliveries.len() > URLS_SHOWN_MAX;
    let mut records = Vec::with_capacity(deliveries.len().min(URLS_SHOWN_MAX));
    // Lists have the newest first; here the order is that of the automation's URLs.
    for delivery in deliveries.iter().rev().take(URLS_SHOWN_MAX) {
        let key = DeliveryKey {
            account,
            delivery: delivery.id,
        };
        if let Some(record) = app.figures.record(key).await? {
            let sent = Sent::of(app, entry, &event, delivery.action, record.delivery.body).await?;
            records.push((record, sent));
        }
    }
    Ok(Found {
        event,
        records,
        has_more,
    })
}

fn part<'a>(app: &App, entry: &'a AccountEntry, found: &'a Found, scope: Scope) -> TestResult<'a> {
    let (account, event) = (found.event.account, &found.event);
    let urls: Vec<UrlResult<'a>> = found
        .records
        .iter()
        .enumerate()
        .map(|(index, (record, sent))| url_result(app, (entry, scope), index, record, sent))
        .collect();
    TestResult {
        event_type: event.event_type.as_str(),
        event_href: format!("/accounts/{account}/events/{}", event.id),
        sent: Moment::new(event.created_at, app.now()),
        is_pending: urls.iter().any(|url| url.is_pending),
        urls,
        more: found
            .has_more
            .then(|| format!("/accounts/{account}/deliveries?event={}", event.id)),
    }
}

fn url_result<'a>(
    app: &App,
    (entry, scope): (&'a AccountEntry, Scope),
    index: usize,
    record: &'a DeliveryRecord,
    sent: &'a Sent,
) -> UrlResult<'a> {
    let (delivery, now) = (&record.delivery, app.now());
    let hidden = record.attempts.len().saturating_sub(ATTEMPTS_SHOWN_MAX);
    let newest = &record.attempts[hidden..];
    let last = newest.last().map(|attempt| attempt.number);
    let attempts = newest.iter().map(|attempt| {
        let is_last = last == Some(attempt.number);
        let around = Around {
            sent,
            prefix: format!("url-{index}-"),
            body_in: last,
            marks: Vec::new(),
            folds: Folds {
                request: is_last,
                response: is_last,
            },
            scope,
            now,
        };
        AttemptView::new(attempt, around)
    });
    UrlResult {
        key: delivery.id.to_string(),
        href: format!("/accounts/{}/deliveries/{}", delivery.account, delivery.id),
        url: entry
            .action(delivery.action)
            .map(|(_, found)| action::target(found)),
        badge: Badge::of_delivery(delivery),
        attempts: attempts.collect(),
        hidden,
        next: delivery.next_attempt_at.map(|at| Moment::due(at, now)),
        is_pending: delivery.progress.status == DeliveryStatus::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_a_test_are_shown_beside_their_fields() {
        let too_large = faults(Rejection::DataTooLarge { max: 9 });
        assert_eq!(too_large[0].pointer, "/data");
        assert_eq!(faults(Rejection::UnknownType)[0].pointer, "/type");
        assert_eq!(faults(Rejection::AutomationDisabled)[0].pointer, "");
    }
}
