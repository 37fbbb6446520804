//! The JSON form of a connection.

use postrider_configuration::ConnectionDraft;
use postrider_model::{AccountId, Connection, ConnectionId, SYSTEM_ACCOUNT, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::input::TypeInput;

/// Whose a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConnectionOwner)]
pub enum Owner {
    /// The account's own.
    Account,
    /// The installation's: actions of all accounts can use it, and only its operator changes it. Accounts see
    /// its name, type and hosts.
    Installation,
}

impl Owner {
    fn of(account: AccountId) -> Self {
        match account == SYSTEM_ACCOUNT {
            true => Self::Installation,
            false => Self::Account,
        }
    }
}

/// A connection in the list of an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ListedConnection)]
pub enum ListedConnection {
    /// One of the account.
    Own(Box<ConnectionView>),
    /// One of the installation, in the list of another account.
    Shared(SharedConnectionView),
}

impl ListedConnection {
    /// A connection of `owner` in the list of `account`.
    pub(super) fn of(account: AccountId, owner: AccountId, connection: &Connection) -> Self {
        if account == owner {
            return Self::Own(Box::new(ConnectionView::of(owner, connection)));
        }
        Self::Shared(SharedConnectionView {
            id: connection.id,
            name: connection.name.clone(),
            connection_type: TypeInput::of(connection.authentication.connection_type()),
            hosts: connection.hosts.clone(),
            owner: Owner::of(owner),
        })
    }
}

/// What accounts learn of a connection of the installation: enough to choose it.
#[derive(Debug, Serialize, ToSchema)]
// In the document, this alone tells it from a whole connection, which has these members too.
#[serde(deny_unknown_fields)]
#[schema(as = SharedConnection)]
pub struct SharedConnectionView {
    /// The connection's id.
    #[schema(value_type = String, example = "conn_01h455vb4pex5vsknk084sn02q")]
    id: ConnectionId,
    /// A display name.
    #[schema(example = "Partner gateway")]
    name: String,
    /// The type.
    #[serde(rename = "type")]
    connection_type: TypeInput,
    /// The hosts that may receive the credentials.
    #[schema(example = json!(["gateway.example.com"]))]
    hosts: Vec<String>,
    /// Whose it is: the installation's.
    owner: Owner,
}

/// How an account's actions authenticate at a receiver. It has the members of its type; `••••` stands for a
/// secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub struct ConnectionView {
    /// The connection's id.
    #[schema(value_type = String, example = "conn_01h455vb4pex5vsknk084sn02q")]
    id: ConnectionId,
    /// A display name.
    #[schema(example = "CRM")]
    name: String,
    /// The type.
    #[serde(rename = "type")]
    connection_type: TypeInput,
    /// `bearer`: `••••` for the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "••••")]
    token: Option<String>,
    /// `basic`: the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    user: Option<String>,
    /// `basic`: `••••` for the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    password: Option<String>,
    /// `header`: the header's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    header_name: Option<String>,
    /// `header`: `••••` for the header's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    header_value: Option<String>,
    /// `oauth2`: the URL of the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    token_url: Option<String>,
    /// `oauth2`: the client's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    client_id: Option<String>,
    /// `oauth2`: `••••` for the client's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    client_secret: Option<String>,
    /// `oauth2`: the scopes to ask for; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    scope: Option<String>,
    /// `oauth2`: the audience to ask for; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    audience: Option<String>,
    /// `oauth2`: `basic` or `body`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    client_authentication: Option<String>,
    /// `client_certificate`: the certificate and its intermediates, as PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    certificate: Option<String>,
    /// `client_certificate`: `••••` for the private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    private_key: Option<String>,
    /// The hosts that may receive the credentials; empty if any may.
    #[schema(example = json!(["crm.example.com", "*.hooks.example.com"]))]
    hosts: Vec<String>,
    /// Whose it is.
    owner: Owner,
    /// When it was created.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    created_at: Timestamp,
    /// When it was last updated.
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T09:30:00.000Z")]
    updated_at: Timestamp,
}

impl ConnectionView {
    /// A connection of this account.
    pub(super) fn of(owner: AccountId, connection: &Connection) -> Self {
        let draft = ConnectionDraft::of(connection);
        Self {
            id: connection.id,
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
            hosts: draft.hosts,
            owner: Owner::of(owner),
            created_at: connection.created_at,
            updated_at: connection.updated_at,
        }
    }
}
