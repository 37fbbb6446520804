//! The body of a request that creates or updates a connection.

use postrider_configuration::ConnectionDraft;
use postrider_model::{Connection, ConnectionType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The type of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConnectionType)]
pub enum TypeInput {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization: Basic …`: a user and a password.
    Basic,
    /// A header of any name.
    Header,
    /// An access token for client credentials.
    #[serde(rename = "oauth2")]
    OAuth2,
    /// A certificate in the TLS handshake.
    ClientCertificate,
}

impl TypeInput {
    pub(super) const fn of(connection_type: ConnectionType) -> Self {
        match connection_type {
            ConnectionType::Bearer => Self::Bearer,
            ConnectionType::Basic => Self::Basic,
            ConnectionType::Header => Self::Header,
            ConnectionType::OAuth2 => Self::OAuth2,
            ConnectionType::ClientCertificate => Self::ClientCertificate,
        }
    }

    const fn connection_type(self) -> ConnectionType {
        match self {
            Self::Bearer => ConnectionType::Bearer,
            Self::Basic => ConnectionType::Basic,
            Self::Header => ConnectionType::Header,
            Self::OAuth2 => ConnectionType::OAuth2,
            Self::ClientCertificate => ConnectionType::ClientCertificate,
        }
    }
}

/// A connection to create, or the editable part of a connection. Which members it has depends on its `type`;
/// leave the others out, or send null. Secrets are write-only: in an update, leave one out, or send the
/// `••••` that you read, to keep it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = ConnectionInput)]
pub struct ConnectionInput {
    /// A display name.
    #[schema(example = "CRM", min_length = 1, max_length = 256)]
    name: String,
    /// The type, which never changes.
    #[serde(rename = "type")]
    connection_type: TypeInput,
    /// `bearer`: the token, a secret, without the word `Bearer`.
    #[schema(max_length = 4096, example = "eyJhbGciOi")]
    token: Option<String>,
    /// `basic`: the user; may be empty.
    #[schema(max_length = 1024, example = json!(null))]
    user: Option<String>,
    /// `basic`: the password, a secret; may be empty.
    #[schema(max_length = 4096, example = json!(null))]
    password: Option<String>,
    /// `header`: the header's name. Headers that Postrider sets itself and headers that control how the
    /// request is parsed are refused.
    #[schema(max_length = 1024, example = json!(null))]
    header_name: Option<String>,
    /// `header`: the header's value, a secret.
    #[schema(max_length = 4096, example = json!(null))]
    header_value: Option<String>,
    /// `oauth2`: the URL of the token endpoint. The rules for URLs of actions apply.
    #[schema(max_length = 2048, example = json!(null))]
    token_url: Option<String>,
    /// `oauth2`: the client's id.
    #[schema(max_length = 1024, example = json!(null))]
    client_id: Option<String>,
    /// `oauth2`: the client's secret. It has to be sent again if the token endpoint moves to another scheme,
    /// host or port.
    #[schema(max_length = 4096, example = json!(null))]
    client_secret: Option<String>,
    /// `oauth2`: the scopes to ask for, separated by single spaces; null for none.
    #[schema(max_length = 1024, example = json!(null))]
    scope: Option<String>,
    /// `oauth2`: the audience to ask for; null for none.
    #[schema(max_length = 1024, example = json!(null))]
    audience: Option<String>,
    /// `oauth2`: how the client authenticates at the token endpoint: `basic`, the default, in the
    /// `Authorization` header, or `body`, as `client_id` and `client_secret`.
    #[schema(pattern = "^(basic|body)$", example = json!(null))]
    client_authentication: Option<String>,
    /// `client_certificate`: the certificate and its intermediates, as PEM, the client's first. At most 10
    /// certificates and 16 KiB. Refused if it also holds a private key.
    #[schema(max_length = 16384, example = json!(null))]
    certificate: Option<String>,
    /// `client_certificate`: the private key of the first certificate, as PEM, unencrypted; a secret.
    #[schema(max_length = 16384, example = json!(null))]
    private_key: Option<String>,
    /// The hosts that may receive the credentials: an action can use the connection only if the host of its
    /// URL is one of them. A host name, `*.` and a name for all names below it, or an IP address; scheme and
    /// port do not count. Empty or null: any host may. Connections of the installation need at least one.
    #[schema(max_items = 20, example = json!(["crm.example.com", "*.hooks.example.com"]))]
    hosts: Option<Vec<String>>,
}

impl ConnectionInput {
    /// The editable part of a stored connection.
    pub(super) fn of(connection: &Connection) -> Self {
        let draft = ConnectionDraft::of(connection);
        Self {
            name: draft.name,
            connection_type: TypeInput::of(draft.connection_type),
            token: draft.token,
            user: draft.user,
            password: draft.password,
            header_name: draft.header_name,
            header_value: draft.header_value,
            token_url: draft.token_url,
            client_id: draft.client_id,
            client_secret: draft.client_secret,
            scope: draft.scope,
            audience: draft.audience,
            client_authentication: draft.client_authentication,
            certificate: draft.certificate,
            private_key: draft.private_key,
            hosts: Some(draft.hosts),
        }
    }

    /// The draft that this body describes.
    pub(super) fn into_draft(self) -> ConnectionDraft {
        ConnectionDraft {
            name: self.name,
            connection_type: self.connection_type.connection_type(),
            token: self.token,
            user: self.user,
            password: self.password,
            header_name: self.header_name,
            header_value: self.header_value,
            token_url: self.token_url,
            client_id: self.client_id,
            client_secret: self.client_secret,
            scope: self.scope,
            audience: self.audience,
            client_authentication: self.client_authentication,
            certificate: self.certificate,
            private_key: self.private_key,
            hosts: self.hosts.unwrap_or_default(),
        }
    }
}
