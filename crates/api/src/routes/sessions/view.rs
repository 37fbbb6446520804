//! The JSON form of a session of the console.

use postrider_model::{ApiKeyId, Grant, GrantId, Permission, Role, Timestamp};
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
    /// The person who signed in through the identity provider; null for those who came with an API key or a
    /// link.
    person: Option<PersonView>,
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

/// A person of the operator's staff.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonView {
    /// The name that the provider gives. Do not identify a person by it.
    #[schema(example = "Zoë Müller")]
    name: String,
    /// The e-mail address that the provider gives; null if it gives none. Do not identify a
    /// person by it.
    #[schema(example = "zoe@example.com")]
    email: Option<String>,
    /// The issuer of the person's identity.
    #[schema(example = "https://login.example.com/realms/staff")]
    issuer: String,
    /// The provider's id for the person, which together with the issuer identifies them.
    #[schema(example = "24400320")]
    subject: String,
    #[schema(schema_with = shapes::role)]
    role: Option<&'static str>,
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
            person: session.person.as_deref().map(|person| PersonView {
                name: person.name.clone(),
                email: person.email.clone(),
                issuer: person.issuer.clone(),
                subject: person.subject.clone(),
                role: Role::of_permissions(session.permissions).map(Role::as_str),
            }),
            api_key_id: session.api_key,
            portal_link_id: session.link,
            created_at: session.created_at,
            expires_at: session.expires_at,
        }
    }
}
