//! `GET` and `POST /accounts/{account}/connections/{id}/delete`: asks, then deletes. A connection that
//! actions use is not deleted; the page names their automations.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use postrider_model::{Connection, ConnectionId, Does};
use postrider_storage::{ConnectionUser, DeleteConnection};

use crate::console::page;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::visitor::account::{InAccount, PathId};

#[derive(Template)]
#[template(path = "connections/delete.html")]
struct DeletePage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    name: &'a str,
    /// The list.
    back: String,
    path: String,
    /// The automations whose actions use it, with their addresses.
    users: Vec<(String, String)>,
}

/// Asks.
pub async fn ask(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<ConnectionId>,
) -> Result<Response, Refusal> {
    super::admit(&account)?;
    let connection = super::connection(&app, &account, id).await?;
    let automations = account.entry.config.automations.iter();
    let using = automations.filter(|automation| {
        automation.actions.iter().any(|action| match &action.does {
            Does::SendWebhook(webhook) => webhook.connection == Some(id),
            Does::SendEmail(_) => false,
        })
    });
    // Whether other accounts use a connection of the installation is known only when it is deleted.
    let users: Vec<_> = using
        .map(|automation| ConnectionUser {
            account: account.id(),
            automation: automation.id,
            name: automation.name.clone(),
        })
        .collect();
    render(&app, &account, &connection, &users)
}

/// Deletes the connection. If it no longer exists, this is a no-op.
pub async fn delete(
    State(app): State<App>,
    account: InAccount,
    PathId(id): PathId<ConnectionId>,
    _form: Form,
) -> Result<Response, Refusal> {
    super::admit(&account)?;
    match app
        .configuration
        .delete_connection(&account.visitor.by, account.id(), id, None)
        .await?
    {
        DeleteConnection::Deleted | DeleteConnection::Missing | DeleteConnection::Stale => {
            Ok(Redirect::to(&account.path("connections?done=deleted")).into_response())
        }
        DeleteConnection::InUse(users) => {
            let connection = super::connection(&app, &account, id).await?;
            let mut response = render(&app, &account, &connection, &users)?;
            *response.status_mut() = StatusCode::CONFLICT;
            Ok(response)
        }
    }
}

fn render(
    app: &App,
    account: &InAccount,
    connection: &Connection,
    users: &[ConnectionUser],
) -> Result<Response, Refusal> {
    let back = account.path("connections");
    let users = users.iter().map(|user| {
        let href = format!("/accounts/{}/automations/{}", user.account, user.automation);
        (href, user.name.clone())
    });
    page(&DeletePage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, "Delete connection"),
        head: AccountHead::of(account, Tab::Connections),
        name: &connection.name,
        path: format!("{back}/{}", connection.id),
        back,
        users: users.collect(),
    })
}
