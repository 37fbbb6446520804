//! `GET` and `POST /event-types/{name}/delete`: asks, then deletes.

use askama::Template;
use axum::extract::State;
use axum::response::{Redirect, Response};
use postrider_engine::UnseenTypes;

use super::Entry;
use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;

#[derive(Template)]
#[template(path = "event_types/delete.html")]
struct DeletePage<'a> {
    shell: Shell<'a>,
    name: &'a str,
    path: String,
    has_schema: bool,
    comes_back: bool,
}

/// Asks.
pub async fn ask(State(app): State<App>, entry: Entry) -> Result<Response, Refusal> {
    let event_type = &entry.event_type;
    page(&DeletePage {
        shell: Shell::of(&app, &entry.visitor, Section::EventTypes, "Delete event type"),
        name: event_type.name.as_str(),
        path: super::href(&event_type.name).ok_or(Refusal::NotFound)?,
        has_schema: event_type.schema.is_some(),
        comes_back: app.engine.settings().unseen_types == UnseenTypes::Add,
    })
}

/// Deletes it.
pub async fn delete(State(app): State<App>, entry: Entry, _form: Form) -> Result<Redirect, Refusal> {
    let name = &entry.event_type.name;
    app.configuration
        .delete_event_type(&entry.visitor.by, name, None)
        .await?;
    Ok(Redirect::to(&format!("/event-types?deleted={name}")))
}
