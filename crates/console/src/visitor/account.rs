//! The account that an address names.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use postrider_configuration::AccountEntry;
use postrider_model::{Account, AccountId};
use postrider_storage::AccountRef;
use postrider_web::path::parameter;

use super::Visitor;
use crate::refusal::Refusal;
use crate::state::App;

/// An account that exists and that the visitor may see. To a customer, no other account exists.
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
        let name: String = parameter(parts, "account").await.map_err(|_| Refusal::NotFound)?;
        let account = AccountId::from_str(&name).map_or(AccountRef::Uid(name), AccountRef::Id);
        let configuration = &app.configuration;
        let id = configuration.resolve(&account).await?.ok_or(Refusal::NotFound)?;
        if visitor.own_account().is_some_and(|own| own != id) {
            return Err(Refusal::NotFound);
        }
        let entry = configuration.entry(id).await?.ok_or(Refusal::NotFound)?;
        Ok(Self { visitor, entry })
    }
}

/// An account that the visitor may also change things in.
pub struct Writing(pub InAccount);

impl FromRequestParts<App> for Writing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let account = InAccount::from_request_parts(parts, app).await?;
        if account.visitor.may_write() {
            Ok(Self(account))
        } else {
            Err(Refusal::ReadOnly)
        }
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
