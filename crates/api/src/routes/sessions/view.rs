//! The JSON form of a session of the console.

use postrider_model::{ApiKeyId, Grant, GrantId, Permission, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::shapes;

/// A session of the console.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// The session's id.
    #[schema(value_type = String, example = "grant_01h455vb4pex5vsknk084sn02q")]
    id: GrantId,
    /// What the person may do.
    #[schema(schema_with = shapes::permissions)]
    permissions: Vec<&'static str>,
    /// The API key that the session ends with; null if there is none.
    #[schema(value_type = Option<String>, example = "apikey_01h455vb4pex5vsknk084sn02q")]
    api_key_id: Option<ApiKeyId>,
    /// The portal link that began it, and that it ends with; null for the operator's staff.
    #[schema(value_type = Option<String>, example = "grant_01h455vb4pex5vsknk084sn02q")]
    portal_link_id: Option<GrantId>,
    /// When it began.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T21:30:00.000Z")]
    expires_at: Timestamp,
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndedSessions)]
pub struct EndedSessionsView {
    /// The number of sessions that were ended.
    #[schema(example = 3)]
    pub(super) count: u64,
}

impl SessionView {
    pub(super) fn of(session: &Grant) -> Self {
        Self {
            id: session.id,
            permissions: session.permissions.named().map(Permission::as_str).collect(),
            api_key_id: session.api_key,
            portal_link_id: session.link,
            created_at: session.created_at,
            expires_at: session.expires_at,
        }
    }
}
