//! Who asks: the operator's staff, or a customer who sees one account.
//!
//! * `trail`: what the audit trail learns from a request.
//! * `cookie`: the cookies, and when they may cross sites. `csrf`: tokens on forms. `limit`: how often
//!   somebody may try to sign in. `account`: the account that the path names.
//!
//! The layer of `routes` finds the visitor and the account, and checks what they may do, before a handler
//! runs; the types here hand them to it. Sessions are in the store, by the hash of their token: every node
//! knows them, and signing out deletes them.

pub mod account;
pub mod cookie;
pub mod csrf;
pub mod limit;
pub mod trail;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use postrider_model::{AccountId, ApiKeyId, By, Caller, Permission, Person, Scope, Theme, Who};

use crate::query::Query;
use crate::refusal::Refusal;
use crate::state::App;

/// A person who is signed in, on a page whose requirement they meet.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who it is, and what they may do.
    pub caller: Caller,
    /// Who asks, from where, for the audit trail.
    pub by: By,
    /// The person, if they signed in through the identity provider.
    pub person: Option<Arc<Person>>,
    /// For the forms of their pages.
    pub csrf: String,
    /// The theme that the link they came by asks for: they cannot choose another.
    pub forced_theme: Option<Theme>,
    /// The theme of their pages.
    pub theme: Option<Theme>,
    /// Whether another page frames the page.
    pub is_in_frame: bool,
    /// The address they asked for, to come back to.
    pub here: String,
    /// Its query.
    pub query: Query,
}

impl Visitor {
    /// The visitor in whose session a request was sent.
    pub async fn of(parts: &Parts, app: &App) -> Result<Self, Refusal> {
        let here = parts
            .uri
            .path_and_query()
            .map_or("/", |it| it.as_str())
            .to_owned();
        let signed_out = || Refusal::SignedOut { here: here.clone() };
        let token = cookie::session(&parts.headers).ok_or_else(signed_out)?;
        let session = app.access.session(token).await?.ok_or_else(signed_out)?;
        Ok(Self {
            by: trail::by(app, &session.caller, session.person.as_deref(), &parts.extensions),
            caller: session.caller,
            person: session.person,
            csrf: csrf::token(&parts.headers).unwrap_or_default(),
            forced_theme: session.theme,
            theme: session.theme.or_else(|| cookie::theme(&parts.headers)),
            is_in_frame: is_in_frame(&parts.headers),
            query: Query::of(&parts.uri),
            here,
        })
    }

    /// The one account that a customer sees.
    pub fn own_account(&self) -> Option<AccountId> {
        match self.caller.scope {
            Scope::All => None,
            Scope::Account(account) => Some(account),
        }
    }

    /// The API key that they signed in with, where it was one: deleting it signs them out.
    pub fn api_key(&self) -> Option<ApiKeyId> {
        match self.caller.who {
            Who::ApiKey(key) => Some(key),
            Who::Session { api_key, .. } => api_key,
        }
    }

    /// Whether they see all accounts: the operator's staff.
    pub fn is_staff(&self) -> bool {
        self.caller.scope == Scope::All
    }

    /// Whether they administer the installation.
    pub fn is_admin(&self) -> bool {
        self.caller.permissions.contains(Permission::Admin)
    }

    /// Whether they may resend and replay.
    pub fn may_resend(&self) -> bool {
        self.caller.permissions.contains(Permission::Resend)
    }

    /// Whether they may change things.
    pub fn may_write(&self) -> bool {
        self.caller.permissions.contains(Permission::Manage)
    }
}

/// Whether another page frames this one (`Sec-Fetch-Dest` of Fetch Metadata).
pub fn is_in_frame(headers: &HeaderMap) -> bool {
    let destination = headers.get("sec-fetch-dest");
    destination.is_some_and(|destination| {
        ["iframe", "frame", "embed", "object"]
            .iter()
            .any(|it| destination == it)
    })
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        parts.extensions.remove().ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "a public route requires a visitor");
            Refusal::Internal
        })
    }
}
