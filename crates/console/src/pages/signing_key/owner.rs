//! Whose keys a page shows: an account's, or those of one action.

use axum::extract::FromRequestParts;
use http::request::Parts;
use postrider_model::account::KeyStatus;
use postrider_model::{
    ActionId, AutomationId, Does, KeyAlgorithm, SigningKey, SigningKeyId, Timestamp, WebhookSignature,
};
use postrider_web::path::{PathError, parameter};

use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// What the path names: an action, or the account.
pub struct Which(Option<(AutomationId, ActionId)>);

impl FromRequestParts<App> for Which {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let action = match parameter(parts, "action").await {
            Err(PathError::NoParameter(_)) => return Ok(Self(None)),
            action => action.map_err(|_| Refusal::NotFound)?,
        };
        let automation = parameter(parts, "id").await.map_err(|_| Refusal::NotFound)?;
        Ok(Self(Some((automation, action))))
    }
}

/// Whose keys a page shows.
pub struct Owner<'a> {
    /// The address of the page.
    pub path: String,
    /// How its webhooks are signed.
    pub signature: WebhookSignature,
    /// The action, if the keys are an action's own.
    pub action: Option<OwningAction<'a>>,
    keys: &'a [SigningKey],
}

/// An action that has keys of its own.
pub struct OwningAction<'a> {
    /// Its id.
    pub id: ActionId,
    /// Its automation.
    pub automation: AutomationId,
    /// The name of its automation.
    pub automation_name: &'a str,
    /// The address of its automation's page.
    pub automation_path: String,
    /// The URL.
    pub url: &'a str,
}

impl<'a> Owner<'a> {
    /// Not found, if the path names an action without keys of its own.
    pub fn of(account: &'a InAccount, which: &Which) -> Result<Self, Refusal> {
        let Some((automation_id, action_id)) = which.0 else {
            return Ok(Self {
                path: account.path("signing-key"),
                signature: WebhookSignature::default(),
                action: None,
                keys: &account.entry.config.keys,
            });
        };
        let (automation, action) = account.entry.action(action_id).ok_or(Refusal::NotFound)?;
        let Does::SendWebhook(webhook) = &action.does else {
            return Err(Refusal::NotFound);
        };
        if automation.id != automation_id || webhook.signature.own_keys.is_empty() {
            return Err(Refusal::NotFound);
        }
        let automation_path = account.path(&format!("automations/{automation_id}"));
        Ok(Self {
            path: format!("{automation_path}/actions/{action_id}/signing-key"),
            signature: webhook.signature.clone(),
            action: Some(OwningAction {
                id: action_id,
                automation: automation_id,
                automation_name: &automation.name,
                automation_path,
                url: &webhook.url,
            }),
            keys: &webhook.signature.own_keys,
        })
    }

    /// The keys that sign at `now`, the current one first.
    pub fn live(&self, now: Timestamp) -> impl Iterator<Item = &'a SigningKey> + use<'a> {
        self.keys
            .iter()
            .filter(move |key| key.status(now) != KeyStatus::Expired)
    }

    /// The id of the current key.
    pub fn current(&self) -> Result<SigningKeyId, Refusal> {
        let current = self.keys.iter().find(|key| key.expires_at.is_none());
        current.map(|key| key.id).ok_or(Refusal::NotFound)
    }

    /// The kind of the current key.
    pub fn algorithm(&self) -> KeyAlgorithm {
        let current = self.keys.iter().find(|key| key.expires_at.is_none());
        current.map(|key| key.secret.algorithm()).unwrap_or_default()
    }
}
