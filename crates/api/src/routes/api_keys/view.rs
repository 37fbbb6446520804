//! The JSON form of an API key.

use postrider_model::{AccountId, ApiKey, ApiKeyId, Permission, Permissions, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::shapes;

/// An API key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyView {
    /// The key's id.
    #[schema(value_type = String, example = "apikey_01h455vb4pex5vsknk084sn02q")]
    id: ApiKeyId,
    /// What the key is for.
    #[schema(example = "billing service")]
    name: String,
    /// The first characters of the key; null for the operator's configured key.
    #[schema(example = "prk_o2jO")]
    prefix: Option<String>,
    /// What its callers may do.
    #[schema(schema_with = shapes::permissions)]
    permissions: Vec<&'static str>,
    /// The only account that exists for its callers; null means all accounts.
    #[schema(value_type = Option<String>, example = "acct_01h455vb4pex5vsknk084sn02q")]
    account_id: Option<AccountId>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it expires; null means never.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-31T09:30:00.000Z")]
    expires_at: Option<Timestamp>,
    /// When it was last used, to within about a minute; null means never.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-02-01T10:00:00.000Z")]
    last_used_at: Option<Timestamp>,
}

/// A new API key, with the key itself. Only this response shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedApiKey)]
pub struct CreatedApiKeyView {
    /// The key, for the header `Authorization: Bearer <key>`.
    #[schema(example = "prk_o2jO0jwKDqx-QH6Kd2SPpF_XmQiOC8b7WjYH0SGBFyU")]
    pub(super) key: String,
    /// The rest.
    #[serde(flatten)]
    pub(super) api_key: ApiKeyView,
}

impl ApiKeyView {
    pub(super) fn of(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: Some(key.prefix).filter(|prefix| !prefix.is_empty()),
            permissions: names(key.permissions),
            account_id: key.scope.account(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

fn names(permissions: Permissions) -> Vec<&'static str> {
    permissions.named().map(Permission::as_str).collect()
}
