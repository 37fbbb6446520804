//! `GET /api-keys`: all keys, none of which can be read again.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::console::page;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::view::id::CopyId;
use crate::view::time::Moment;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "api_keys/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    rows: Vec<Row>,
    name: &'a str,
    name_fault: String,
    is_removed: bool,
}

struct Row {
    name: String,
    id: CopyId,
    created: Moment,
    /// Whether the visitor signed in with it.
    is_own: bool,
    remove: String,
}

/// The list.
pub async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    render(&app, &visitor, "", String::new()).await
}

/// The list, with the typed name and its fault.
pub async fn render(
    app: &App,
    visitor: &Visitor,
    name: &str,
    name_fault: String,
) -> Result<Response, Refusal> {
    let now = app.now();
    let keys = app.access.api_keys().await?;
    let rows = keys.into_iter().map(|key| Row {
        is_own: visitor.api_key() == Some(key.id),
        remove: format!("/api-keys/{}/remove", key.id),
        name: key.name,
        id: CopyId::new(key.id),
        created: Moment::new(key.created_at, now),
    });
    page(&ListPage {
        shell: Shell::of(app, visitor, Section::ApiKeys, "API keys"),
        rows: rows.collect(),
        name,
        is_removed: name_fault.is_empty() && visitor.query.get("removed").is_some(),
        name_fault,
    })
}
