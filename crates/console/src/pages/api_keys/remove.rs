//! `GET` and `POST /api-keys/{id}/remove`: asks, then deletes. The last key that administers the
//! installation cannot be deleted.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use postrider_model::{ApiKey, ApiKeyId};

use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::visitor::Visitor;
use crate::visitor::account::PathId;
use postrider_storage::RemoveApiKey;

#[derive(Template)]
#[template(path = "api_keys/remove.html")]
struct RemovePage<'a> {
    shell: Shell<'a>,
    name: &'a str,
    id: String,
    is_own: bool,
    is_last: bool,
}

/// Asks.
pub async fn ask(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId<ApiKeyId>,
) -> Result<Response, Refusal> {
    let keys = app.access.api_keys().await?;
    let key = keys.iter().find(|key| key.id == id).ok_or(Refusal::NotFound)?;
    let is_other_admin = |other: &&ApiKey| other.id != id && other.is_permanent_admin();
    let is_last = key.is_permanent_admin() && !keys.iter().any(|other| is_other_admin(&other));
    render(&app, &visitor, key, is_last)
}

/// Deletes the key. If it no longer exists, this is a no-op.
pub async fn remove(
    State(app): State<App>,
    visitor: Visitor,
    PathId(id): PathId<ApiKeyId>,
    _form: Form,
) -> Result<Response, Refusal> {
    match app.access.delete_api_key(&visitor.by, id).await? {
        RemoveApiKey::Removed | RemoveApiKey::Missing => {
            Ok(Redirect::to("/api-keys?removed=1").into_response())
        }
        RemoveApiKey::LastAdmin => {
            let keys = app.access.api_keys().await?;
            let key = keys.iter().find(|key| key.id == id).ok_or(Refusal::Stale)?;
            let mut response = render(&app, &visitor, key, true)?;
            *response.status_mut() = StatusCode::CONFLICT;
            Ok(response)
        }
    }
}

fn render(app: &App, visitor: &Visitor, key: &ApiKey, is_last: bool) -> Result<Response, Refusal> {
    page(&RemovePage {
        shell: Shell::of(app, visitor, Section::ApiKeys, "Delete API key"),
        name: &key.name,
        id: key.id.to_string(),
        is_own: visitor.api_key() == Some(key.id),
        is_last,
    })
}
