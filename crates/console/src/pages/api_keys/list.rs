//! `GET /api-keys`: all keys, none of which can be read again, and the form that creates one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::{AccountId, ApiKey, Permission};
use postrider_storage::AccountRef;

use super::fields::{CHOICES, Fields, LIFETIMES};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::view::time::Moment;
use crate::visitor::Visitor;

/// Most keys that the page shows, newest first. The API lists all of them.
const ROWS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "api_keys/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    rows: Vec<Row>,
    /// How many keys the page does not show.
    hidden: usize,
    fields: Fields,
    faults: FieldFaults,
    is_removed: bool,
}

struct Row {
    name: String,
    prefix: String,
    permissions: Vec<&'static str>,
    /// The name of the only account, and its page.
    account: Option<(String, String)>,
    created: Moment,
    last_used: Option<Moment>,
    expires: Option<Moment>,
    is_expired: bool,
    /// Whether the visitor signed in with it.
    is_own: bool,
    remove: String,
}

/// The list.
pub async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    render(&app, &visitor, Fields::default(), FieldFaults::default()).await
}

/// The list, with the typed fields and their faults.
pub async fn render(
    app: &App,
    visitor: &Visitor,
    fields: Fields,
    faults: FieldFaults,
) -> Result<Response, Refusal> {
    let mut keys = app.access.api_keys().await?;
    keys.reverse();
    let hidden = keys.len().saturating_sub(ROWS_MAX);
    keys.truncate(ROWS_MAX);
    let mut names = HashMap::new();
    for account in keys.iter().filter_map(|key| key.scope.account()) {
        if let Entry::Vacant(vacant) = names.entry(account) {
            let found = app.configuration.account(&AccountRef::Id(account)).await?;
            vacant.insert(found.map_or_else(|| account.to_string(), |it| it.name));
        }
    }
    let rows = keys.into_iter().map(|key| row(app, visitor, key, &names));
    page(&ListPage {
        rows: rows.collect(),
        shell: Shell::of(app, visitor, Section::ApiKeys, "API keys"),
        hidden,
        is_removed: faults.is_empty() && visitor.query.get("removed").is_some(),
        fields,
        faults,
    })
}

fn row(app: &App, visitor: &Visitor, key: ApiKey, names: &HashMap<AccountId, String>) -> Row {
    let now = app.now();
    let account = key.scope.account().map(|id| {
        let name = names.get(&id).cloned().unwrap_or_default();
        (name, format!("/accounts/{id}"))
    });
    Row {
        is_own: visitor.api_key() == Some(key.id),
        remove: format!("/api-keys/{}/remove", key.id),
        is_expired: !key.is_valid_at(now),
        permissions: key.permissions.named().map(Permission::as_str).collect(),
        account,
        created: Moment::new(key.created_at, now),
        last_used: key.last_used_at.map(|at| Moment::new(at, now)),
        expires: key.expires_at.map(|at| Moment::new(at, now)),
        name: key.name,
        prefix: key.prefix,
    }
}
