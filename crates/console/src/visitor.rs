//! Who asks: the operator's staff, or a customer who sees one account.
//!
//! * `cookie`: the cookies, and when they may cross sites. `csrf`: tokens on forms. `limit`: how often somebody may try
//!   to sign in. `account`: the account that an address names, if the visitor may see it.
//!
//! Sessions are kept in the store, by the hash of their token: any node knows them, and signing out ends them.

pub mod account;
pub mod cookie;
pub mod csrf;
pub mod limit;

use axum::extract::FromRequestParts;
use http::request::Parts;
use postrider_model::grant::{Theme, Visitor as Role};
use postrider_model::{AccountId, ApiKeyId};

use crate::query::Query;
use crate::refusal::Refusal;
use crate::state::App;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// What they may see.
    pub role: Role,
    /// For the forms of their pages.
    pub csrf: String,
    /// The theme they chose, or their link did.
    pub theme: Option<Theme>,
    /// The API key they signed in with, where it was one: removing it signs them out.
    pub api_key: Option<ApiKeyId>,
    /// The address they asked for, to come back to.
    pub here: String,
    /// Its query.
    pub query: Query,
}

impl Visitor {
    /// The one account that a customer sees.
    pub fn own_account(&self) -> Option<AccountId> {
        match self.role {
            Role::Operator => None,
            Role::Customer { account, .. } => Some(account),
        }
    }

    /// Whether they are of the operator's staff.
    pub fn is_operator(&self) -> bool {
        matches!(self.role, Role::Operator)
    }

    /// Whether they may change anything.
    pub fn may_write(&self) -> bool {
        !matches!(self.role, Role::Customer { read_only: true, .. })
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let here = parts
            .uri
            .path_and_query()
            .map_or("/", |it| it.as_str())
            .to_owned();
        let signed_out = || Refusal::SignedOut { here: here.clone() };
        let token = cookie::session(&parts.headers).ok_or_else(signed_out)?;
        let grant = app
            .engine
            .sign_in()
            .session(token)
            .await?
            .ok_or_else(signed_out)?;
        let forced = match grant.visitor {
            Role::Operator => None,
            Role::Customer { theme, .. } => theme,
        };
        Ok(Self {
            role: grant.visitor,
            api_key: grant.api_key,
            csrf: csrf::token(&parts.headers).unwrap_or_default(),
            theme: forced.or_else(|| cookie::theme(&parts.headers)),
            query: Query::of(&parts.uri),
            here,
        })
    }
}

/// Somebody of the operator's staff. To anybody else, what only they may see is not there.
pub struct Operator(pub Visitor);

impl FromRequestParts<App> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let visitor = Visitor::from_request_parts(parts, app).await?;
        if visitor.is_operator() {
            Ok(Self(visitor))
        } else {
            Err(Refusal::NotFound)
        }
    }
}
