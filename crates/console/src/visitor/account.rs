//! The account that the path names.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use postrider_configuration::AccountEntry;
use postrider_model::{Account, AccountId};
use postrider_web::path::parameter;

use super::Visitor;
use crate::refusal::Refusal;
use crate::state::App;

/// The account that the path names, and its visitor.
pub struct InAccount {
    /// Who asks.
    pub visitor: Visitor,
    /// The account with its keys and automations.
    pub entry: Arc<AccountEntry>,
}

impl InAccount {
    /// The account.
    pub fn account(&self) -> &Account {
        &self.entry.config.account
    }

    /// Its id.
    pub fn id(&self) -> AccountId {
        self.account().id
    }

    /// An address within the account: `path("automations")`.
    pub fn path(&self, rest: &str) -> String {
        format!("/accounts/{}/{rest}", self.id())
    }
}

impl FromRequestParts<App> for InAccount {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let visitor = Visitor::from_request_parts(parts, app).await?;
        let entry = parts.extensions.remove().ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "a route without an account requires one");
            Refusal::Internal
        })?;
        Ok(Self { visitor, entry })
    }
}

/// The id that `{id}` holds, whether or not there is such an object.
pub struct PathId<T>(pub T);

impl<T: FromStr> FromRequestParts<App> for PathId<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let id = parameter(parts, "id").await;
        id.map(Self).map_err(|_| Refusal::NotFound)
    }
}
