//! How a link is shown.

use postrider_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::shapes;

/// A link that signs a customer in to the account alone. It can be read this once.
#[derive(Serialize, ToSchema)]
#[schema(as = PortalLink)]
pub struct PortalLinkView {
    /// The link. Whoever has it is let in, as often as they like, until it ends.
    #[schema(
        example = "https://webhooks.example.com/sign-in/prl_o2jO0jwKDqx-QH6Kd2SPpF_XmQiOC8b7WjYH0SGBFyU"
    )]
    pub(super) url: String,
    /// When the link ends, and whoever followed it is signed out.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    pub(super) expires_at: Timestamp,
    /// Whether the customer can change nothing.
    pub(super) read_only: bool,
    /// The theme that the pages have; null where it follows the customer's system.
    #[schema(schema_with = shapes::theme_or_null)]
    pub(super) theme: Option<&'static str>,
}
