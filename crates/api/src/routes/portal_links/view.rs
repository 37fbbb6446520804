//! The JSON form of a portal link.

use postrider_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::shapes;

/// A link that signs a customer in to one account. Only this response shows it.
#[derive(Serialize, ToSchema)]
#[schema(as = PortalLink)]
pub struct PortalLinkView {
    /// The link. Anyone who has it can sign in, any number of times, until it expires.
    #[schema(
        example = "https://webhooks.example.com/sign-in/prl_o2jO0jwKDqx-QH6Kd2SPpF_XmQiOC8b7WjYH0SGBFyU"
    )]
    pub(super) url: String,
    /// When the link expires. Customers who followed it are then signed out.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    pub(super) expires_at: Timestamp,
    /// Whether the customer can only read.
    pub(super) read_only: bool,
    /// The theme of the pages; null follows the customer's system.
    #[schema(schema_with = shapes::theme_or_null)]
    pub(super) theme: Option<&'static str>,
}
