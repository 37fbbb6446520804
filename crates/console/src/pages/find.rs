//! `GET /find?q=`: opens what an id, a uid or the name of an event type stands for. The header of every page
//! has the form.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use postrider_storage::search::{Found, FoundObject};

use crate::console::page;
use crate::refusal::Refusal;
use crate::routes::{READ, Routes};
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::visitor::Visitor;

/// The routes of this area.
pub fn routes() -> Routes {
    Routes::default().get("/find", READ, show)
}

#[derive(Template)]
#[template(path = "find.html")]
struct FindPage<'a> {
    shell: Shell<'a>,
    sought: String,
    rows: Vec<Row>,
}

struct Row {
    kind: &'static str,
    /// What the row says about it: its name, or else its id.
    text: String,
    id: String,
    href: String,
    /// The name of its account, for staff.
    account: Option<String>,
}

/// The page, or a redirect to what was found if it is one thing.
async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    let sought = visitor.query.get("q").unwrap_or_default().trim().to_owned();
    let found = find(&app, &visitor, &sought).await?;
    let mut rows = Vec::new();
    for found in found {
        let href = address(&found, visitor.is_admin());
        rows.extend(row(&app, &visitor, &found, href).await?);
    }
    if let [only] = &rows[..] {
        return Ok(Redirect::to(&only.href).into_response());
    }
    page(&FindPage {
        shell: Shell::of(&app, &visitor, Section::None, "Find"),
        sought,
        rows,
    })
}

/// What the text stands for. Ids are in lower case, and may have been typed from a picture or a log in
/// capitals; uids may have capitals, so the text as typed is tried first.
async fn find(app: &App, visitor: &Visitor, sought: &str) -> Result<Vec<Found>, Refusal> {
    let within = visitor.own_account();
    let found = app.figures.find(sought, within).await?;
    let lower = sought.to_lowercase();
    if found.is_empty() && lower != sought {
        return Ok(app.figures.find(&lower, within).await?);
    }
    Ok(found)
}

async fn row(
    app: &App,
    visitor: &Visitor,
    found: &Found,
    href: Option<String>,
) -> Result<Option<Row>, Refusal> {
    let Some(href) = href else {
        return Ok(None);
    };
    let account = match found.account.filter(|_| visitor.is_staff()) {
        Some(id) => app.configuration.entry(id).await?,
        None => None,
    };
    let (kind, id) = words(&found.what);
    Ok(Some(Row {
        kind,
        text: found.name.clone().unwrap_or_else(|| id.clone()),
        id,
        href,
        account: account.map(|entry| entry.config.account.name.clone()),
    }))
}

fn words(what: &FoundObject) -> (&'static str, String) {
    match what {
        FoundObject::Account(id) => ("Account", id.to_string()),
        FoundObject::SigningKey(id) => ("Signing key", id.to_string()),
        FoundObject::Automation(id) => ("Automation", id.to_string()),
        FoundObject::Action(id, _) => ("Action", id.to_string()),
        FoundObject::Connection(id) => ("Connection", id.to_string()),
        FoundObject::Event(id) => ("Event", id.to_string()),
        FoundObject::Delivery(id) => ("Delivery", id.to_string()),
        FoundObject::ApiKey(id) => ("API key", id.to_string()),
        FoundObject::EventType(name) => ("Event type", name.to_string()),
    }
}

/// The page that shows it; `None` if the visitor may not see that page.
fn address(found: &Found, is_admin: bool) -> Option<String> {
    let in_account = |rest: String| found.account.map(|account| format!("/accounts/{account}{rest}"));
    match &found.what {
        FoundObject::Account(id) => Some(format!("/accounts/{id}")),
        FoundObject::SigningKey(_) => in_account("/signing-key".to_owned()),
        FoundObject::Automation(id) | FoundObject::Action(_, id) => in_account(format!("/automations/{id}")),
        FoundObject::Connection(_) => in_account("/connections".to_owned()),
        FoundObject::Event(id) => in_account(format!("/events/{id}")),
        FoundObject::Delivery(id) => in_account(format!("/deliveries/{id}")),
        FoundObject::ApiKey(_) => is_admin.then(|| "/api-keys".to_owned()),
        FoundObject::EventType(name) if is_admin => Some(format!("/event-types/{name}")),
        FoundObject::EventType(_) => Some("/event-types".to_owned()),
    }
}
