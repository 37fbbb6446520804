//! Connections: how the account's actions authenticate at receivers.
//!
//! * `list`: all of the account. `form`: the page of the form, for `create` and `edit`. `fields`: the
//!   contents of the form. `delete`: asks, then deletes.
//!
//! Those of the account `system` are the installation's. Other accounts see their names, types and hosts.
//!
//! A secret is never in a page, not even in a form that comes back with faults.

mod create;
mod delete;
mod edit;
mod fields;
mod form;
mod list;

use postrider_model::{Connection, ConnectionId, ConnectionType, SYSTEM_ACCOUNT};

use crate::refusal::Refusal;
use crate::routes::{MANAGE, READ, Routes};
use crate::state::App;
use crate::visitor::account::InAccount;

/// The routes of this area.
pub fn routes() -> Routes {
    let base = "/accounts/{account}/connections";
    Routes::default()
        .get(base, READ, list::show)
        .get(format!("{base}/new"), MANAGE, create::show)
        .post(format!("{base}/new"), MANAGE, create::create)
        .get(format!("{base}/{{id}}"), MANAGE, edit::show)
        .post(format!("{base}/{{id}}"), MANAGE, edit::save)
        .get(format!("{base}/{{id}}/delete"), MANAGE, delete::ask)
        .post(format!("{base}/{{id}}/delete"), MANAGE, delete::delete)
}

/// The connections of the account `system` are the installation's: only an administrator may change them.
fn admit(account: &InAccount) -> Result<(), Refusal> {
    if may_write(account) {
        Ok(())
    } else {
        Err(Refusal::ReadOnly)
    }
}

/// Whether the visitor may change the account's connections.
fn may_write(account: &InAccount) -> bool {
    let visitor = &account.visitor;
    visitor.may_write() && (account.id() != SYSTEM_ACCOUNT || visitor.is_admin())
}

/// The connection as stored.
async fn connection(app: &App, account: &InAccount, id: ConnectionId) -> Result<Connection, Refusal> {
    let found = app.configuration.connection(account.id(), id).await?;
    found.ok_or(Refusal::NotFound)
}

/// A type in words.
const fn words(connection_type: ConnectionType) -> &'static str {
    match connection_type {
        ConnectionType::Bearer => "Bearer token",
        ConnectionType::Basic => "User and password",
        ConnectionType::Header => "Header",
        ConnectionType::OAuth2 => "OAuth 2.0",
        ConnectionType::ClientCertificate => "Client certificate",
    }
}
