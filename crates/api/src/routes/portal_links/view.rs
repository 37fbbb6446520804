//! The JSON form of a portal link.

use postrider_model::{ApiKeyId, Grant, GrantId, Permission, Theme, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::shapes;

/// A link that signs a customer in to one account, without its address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PortalLink)]
pub struct PortalLinkView {
    /// The link's id.
    #[schema(value_type = String, example = "grant_01h455vb4pex5vsknk084sn02q")]
    id: GrantId,
    /// Whether the customer can only read.
    read_only: bool,
    /// The theme of the pages; null follows the customer's system.
    #[schema(schema_with = shapes::theme_or_null)]
    theme: Option<&'static str>,
    /// The API key that created it, and that it ends with; null if its creator signed in without a key.
    #[schema(value_type = Option<String>, example = "apikey_01h455vb4pex5vsknk084sn02q")]
    api_key_id: Option<ApiKeyId>,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When the link expires. Customers who followed it are then signed out.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T10:30:00.000Z")]
    expires_at: Timestamp,
}

/// A new portal link, with its address. Only this response shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedPortalLink)]
pub struct CreatedPortalLinkView {
    /// The link. Anyone who has it can sign in until it expires.
    #[schema(
        example = "https://webhooks.example.com/sign-in/prl_o2jO0jwKDqx-QH6Kd2SPpF_XmQiOC8b7WjYH0SGBFyU"
    )]
    pub(super) url: String,
    /// The rest.
    #[serde(flatten)]
    pub(super) link: PortalLinkView,
}

impl PortalLinkView {
    pub(super) fn of(link: &Grant) -> Self {
        Self {
            id: link.id,
            read_only: !link.permissions.contains(Permission::Manage),
            theme: link.theme.map(Theme::as_str),
            api_key_id: link.api_key,
            created_at: link.created_at,
            expires_at: link.expires_at,
        }
    }
}
