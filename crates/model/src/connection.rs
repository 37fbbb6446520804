//! Connections: how to authenticate at a receiver.

use std::fmt;
use std::sync::Arc;

use crate::custom_header::MASK;
use crate::id::ConnectionId;
use crate::time::Timestamp;

/// Maximum connections of one account: its receivers, with some to spare. All of them are in memory with the
/// account.
pub const CONNECTIONS_MAX: usize = 50;

/// Most hosts of one connection.
pub const HOSTS_MAX: usize = 20;

/// Longest token, password, client secret or header value, in bytes. Tokens that carry claims (RFC 7519) have
/// up to 4 KiB.
pub const SECRET_BYTES_MAX: usize = 4096;

/// Longest user, client id, scope or audience, in bytes.
pub const PARAMETER_BYTES_MAX: usize = 1024;

/// Longest certificate chain or private key, as PEM, in bytes. An RSA key of 4096 bits has 3.2 KiB, and each
/// certificate 1 to 3.
pub const PEM_BYTES_MAX: usize = 16 * 1024;

/// How an account's actions authenticate at a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The name for people; 1 to [`crate::account::NAME_CHARS_MAX`] characters.
    pub name: String,
    /// The credentials, and how they are presented.
    pub authentication: Authentication,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub updated_at: Timestamp,
    /// Grows with each update. An update names the version that it is based on.
    pub version: i64,
    /// The hosts that may receive the credentials, each as `postrider_egress::HostPattern` prints it; at most
    /// [`HOSTS_MAX`]. If there are none, any host may.
    pub hosts: Vec<String>,
}

/// The type of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionType {
    /// A bearer token.
    Bearer,
    /// A user and a password.
    Basic,
    /// A header.
    Header,
    /// OAuth 2.0 client credentials.
    OAuth2,
    /// A client certificate.
    ClientCertificate,
}

impl ConnectionType {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Bearer,
        Self::Basic,
        Self::Header,
        Self::OAuth2,
        Self::ClientCertificate,
    ];

    /// The name in the API and the console.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Header => "header",
            Self::OAuth2 => "oauth2",
            Self::ClientCertificate => "client_certificate",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// How to authenticate: a variant for each type of connection. The type of a connection never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// `bearer`: `Authorization: Bearer …` (RFC 6750).
    Bearer {
        /// The token.
        token: Secret,
    },
    /// `basic`: `Authorization: Basic …` (RFC 7617).
    Basic {
        /// The user, without `:`; may be empty.
        user: String,
        /// The password; may be empty.
        password: Secret,
    },
    /// `header`: a header of any name.
    Header {
        /// The header's name.
        name: String,
        /// Its value.
        value: Secret,
    },
    /// `oauth2`: an access token for client credentials (RFC 6749 section 4.4).
    OAuth2(OAuth2),
    /// `client_certificate`: a certificate in the TLS handshake (mutual TLS).
    ClientCertificate {
        /// The certificate and its intermediates, as PEM, the client's first.
        certificate: String,
        /// Its private key, as PEM.
        private_key: Secret,
    },
}

impl Authentication {
    /// Its type.
    pub const fn connection_type(&self) -> ConnectionType {
        match self {
            Self::Bearer { .. } => ConnectionType::Bearer,
            Self::Basic { .. } => ConnectionType::Basic,
            Self::Header { .. } => ConnectionType::Header,
            Self::OAuth2(_) => ConnectionType::OAuth2,
            Self::ClientCertificate { .. } => ConnectionType::ClientCertificate,
        }
    }

    /// Its secret; each type has one.
    pub const fn secret(&self) -> &Secret {
        match self {
            Self::Bearer { token: secret }
            | Self::Basic { password: secret, .. }
            | Self::Header { value: secret, .. }
            | Self::OAuth2(OAuth2 {
                client_secret: secret,
                ..
            })
            | Self::ClientCertificate {
                private_key: secret, ..
            } => secret,
        }
    }

    /// The name of the header that it sets; `None` if it sets none.
    pub fn header_name(&self) -> Option<&str> {
        match self {
            Self::Bearer { .. } | Self::Basic { .. } | Self::OAuth2(_) => Some("Authorization"),
            Self::Header { name, .. } => Some(name),
            Self::ClientCertificate { .. } => None,
        }
    }
}

/// Client credentials, and where to exchange them for an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2 {
    /// The token endpoint, `http` or `https`. The egress guard judges it like the URL of an action.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret,
    /// The scopes to ask for, separated by spaces (RFC 6749 section 3.3).
    pub scope: Option<String>,
    /// The audience to ask for, at providers that need one.
    pub audience: Option<String>,
    /// How the client authenticates at the token endpoint.
    pub client_authentication: ClientAuthentication,
}

/// How a client authenticates at a token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuthentication {
    /// `basic`: in the `Authorization` header. Every server has to support it.
    #[default]
    Basic,
    /// `body`: as `client_id` and `client_secret` in the body.
    Body,
}

impl ClientAuthentication {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Basic, Self::Body];

    /// The name in the API and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Body => "body",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// A secret of a connection, which is write-only: sealed at rest, and kept out of responses and records.
/// `Debug` prints [`MASK`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// The secret with this text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text. The caller is responsible for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_connection_is_printed() {
        let secret = || Secret::new("hidden");
        for authentication in [
            Authentication::Bearer { token: secret() },
            Authentication::Basic {
                user: "me".to_owned(),
                password: secret(),
            },
            Authentication::Header {
                name: "X-Api-Key".to_owned(),
                value: secret(),
            },
            Authentication::OAuth2(OAuth2 {
                token_url: "https://id.example/token".to_owned(),
                client_id: "me".to_owned(),
                client_secret: secret(),
                scope: None,
                audience: None,
                client_authentication: ClientAuthentication::Basic,
            }),
            Authentication::ClientCertificate {
                certificate: "public".to_owned(),
                private_key: secret(),
            },
        ] {
            let printed = format!("{authentication:?}");
            assert!(!printed.contains("hidden") && printed.contains(MASK), "{printed}");
        }
    }
}
