//! `GET /accounts/{account}/connections`

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use postrider_model::{Authentication, ConnectionId, ConnectionType, Does, SYSTEM_ACCOUNT};

use super::{may_write, words};
use crate::console::page;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::view::id::CopyId;
use crate::view::time::Moment;
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "connections/list.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    path: String,
    message: Option<&'static str>,
    rows: Vec<Row>,
    /// Connections of the installation, which the account can use; none for the installation itself.
    shared: Vec<Shared>,
    may_write: bool,
    is_installation: bool,
    types: [(&'static str, &'static str); 5],
}

/// A connection of the installation.
struct Shared {
    name: String,
    words: &'static str,
    hosts: String,
    uses: usize,
}

struct Row {
    href: String,
    id: CopyId,
    name: String,
    words: &'static str,
    /// What tells it apart from others of its type.
    about: String,
    /// The hosts that may receive its credentials; empty if any may.
    hosts: String,
    /// How many actions use it.
    uses: usize,
    changed: Moment,
}

/// The list, newest first. An account has at most 50, and all are in memory.
pub async fn show(State(app): State<App>, account: InAccount) -> Result<Response, Refusal> {
    let path = account.path("connections");
    let now = app.now();
    let connections = account.entry.config.connections.iter().rev();
    let rows = connections.map(|connection| Row {
        href: format!("{path}/{}", connection.id),
        id: CopyId::new(connection.id),
        name: connection.name.clone(),
        words: words(connection.authentication.connection_type()),
        about: about(&connection.authentication),
        hosts: connection.hosts.join(", "),
        uses: uses(&account, connection.id),
        changed: Moment::new(connection.updated_at, now),
    });
    let is_installation = account.id() == SYSTEM_ACCOUNT;
    let shared = match is_installation {
        true => Vec::new(),
        false => app.configuration.installation_connections().await?,
    };
    let shared = shared.iter().rev().map(|connection| Shared {
        name: connection.name.clone(),
        words: words(connection.authentication.connection_type()),
        hosts: connection.hosts.join(", "),
        uses: uses(&account, connection.id),
    });
    page(&ListPage {
        shell: Shell::of(&app, &account.visitor, Section::Accounts, "Connections"),
        head: AccountHead::of(&account, Tab::Connections),
        message: account.visitor.query.get("done").and_then(message),
        rows: rows.collect(),
        shared: shared.collect(),
        may_write: may_write(&account),
        is_installation,
        types: ConnectionType::ALL.map(|it| (it.as_str(), words(it))),
        path,
    })
}

fn message(done: &str) -> Option<&'static str> {
    match done {
        "saved" => Some("Saved. Attempts that start from now on use it."),
        "deleted" => Some("The connection was deleted."),
        _ => None,
    }
}

/// No secret.
fn about(authentication: &Authentication) -> String {
    match authentication {
        Authentication::Bearer { .. } | Authentication::ClientCertificate { .. } => String::new(),
        Authentication::Basic { user, .. } => user.clone(),
        Authentication::Header { name, .. } => name.clone(),
        Authentication::OAuth2(oauth2) => oauth2.token_url.clone(),
    }
}

fn uses(account: &InAccount, id: ConnectionId) -> usize {
    let automations = account.entry.config.automations.iter();
    let actions = automations.flat_map(|automation| &automation.actions);
    let using = actions.filter(|action| match &action.does {
        Does::SendWebhook(webhook) => webhook.connection == Some(id),
        Does::SendEmail(_) => false,
    });
    using.count()
}
