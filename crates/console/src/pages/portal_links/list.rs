//! `GET /accounts/{account}/portal-links`: the links that have not expired, and the form that creates one.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::{ApiKeyId, Permission};

use crate::console::page;
use crate::paging;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::id::CopyId;
use crate::view::time::Moment;
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "portal_links/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    message: Option<&'static str>,
    rows: Vec<Row>,
    older: Option<String>,
    is_first: bool,
}

struct Row {
    id: CopyId,
    is_read_only: bool,
    /// The name of the API key that it ends with.
    key: Option<String>,
    created: Moment,
    expires: Moment,
    revoke: String,
}

/// The list.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let query = &account.visitor.query;
    let after = query.get("after");
    let found = app
        .access
        .portal_links(account.id(), paging::request(after))
        .await?;
    let names: HashMap<ApiKeyId, String> = app
        .access
        .api_keys()
        .await?
        .into_iter()
        .map(|key| (key.id, key.name))
        .collect();
    let now = app.now();
    let path = account.path("portal-links");
    let rows = found.items.into_iter().map(|link| Row {
        id: CopyId::new(link.id),
        is_read_only: !link.permissions.contains(Permission::Manage),
        key: link.api_key.and_then(|key| names.get(&key).cloned()),
        created: Moment::new(link.created_at, now),
        expires: Moment::new(link.expires_at, now),
        revoke: format!("{path}/{}/revoke", link.id),
    });
    page(&ListPage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Portal links"),
        head: AccountHead::of(&account, Tab::PortalLinks),
        message: query.get("done").and_then(message),
        rows: rows.collect(),
        older: found
            .next
            .map(|next| query.with(&[("after", Some(&paging::text(next)))])),
        is_first: after.is_none(),
        path,
    })
}

fn message(done: &str) -> Option<&'static str> {
    match done {
        "revoked" => Some("The portal link was revoked, and its sessions were ended."),
        "ended" => Some("All sessions were ended. The links still work: revoke them to keep people out."),
        _ => None,
    }
}
