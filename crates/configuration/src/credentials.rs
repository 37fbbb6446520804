//! What connections do to a request, prepared when the first request needs it after a change of an account.

use std::collections::HashMap;
use std::sync::OnceLock;

use postrider_egress::ClientIdentity;
use postrider_model::{Authentication, Connection, ConnectionId, CustomHeader, OAuth2};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a connection does to a request.
#[derive(Debug)]
pub enum Credentials {
    /// Adds a secret header.
    Header(CustomHeader),
    /// Adds an access token, which has to be fetched first.
    OAuth2(OAuth2Client),
    /// Shows a certificate to the receiver.
    Certificate(ClientIdentity),
    /// Nothing: this version cannot use the connection, and says why. A request must not be sent without it.
    Unusable(String),
}

/// A client of a token endpoint.
#[derive(Debug)]
pub struct OAuth2Client {
    /// The connection.
    pub connection: ConnectionId,
    /// Its version. A token that was issued for an earlier version is not used any more.
    pub version: i64,
    /// What to ask for, and where.
    pub oauth2: OAuth2,
}

/// The credentials of an account's connections. Each is prepared when it is first needed, because a
/// certificate and its key take time to check, and an account with 50 of them is read anew at each change.
#[derive(Debug)]
pub(crate) struct AccountCredentials(HashMap<ConnectionId, (usize, OnceLock<Credentials>)>);

impl AccountCredentials {
    pub(crate) fn new(connections: &[Connection]) -> Self {
        let connections = connections.iter().enumerate();
        Self(
            connections
                .map(|(index, it)| (it.id, (index, OnceLock::new())))
                .collect(),
        )
    }

    /// Those of one connection of the account. `connections` are the ones that this was created with.
    pub(crate) fn of(&self, id: ConnectionId, connections: &[Connection]) -> Option<&Credentials> {
        let (index, credentials) = self.0.get(&id)?;
        Some(credentials.get_or_init(|| Credentials::of(&connections[*index])))
    }
}

impl Credentials {
    fn of(connection: &Connection) -> Self {
        let authorization = |value: String| Self::Header(CustomHeader::secret("Authorization", value));
        match &connection.authentication {
            Authentication::Bearer { token } => authorization(format!("Bearer {}", token.expose())),
            Authentication::Basic { user, password } => authorization(basic(user, password.expose())),
            Authentication::Header { name, value } => {
                Self::Header(CustomHeader::secret(name.clone(), value.expose()))
            }
            Authentication::OAuth2(oauth2) => Self::OAuth2(OAuth2Client {
                connection: connection.id,
                version: connection.version,
                oauth2: oauth2.clone(),
            }),
            Authentication::ClientCertificate {
                certificate,
                private_key,
            } => match ClientIdentity::from_pem(certificate, private_key.expose()) {
                Ok(identity) => Self::Certificate(identity),
                Err(error) => Self::Unusable(error.to_string()),
            },
        }
    }
}

/// The value of `Authorization` for a user and a password, in UTF-8 (RFC 7617).
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use postrider_model::{Secret, Timestamp};

    use super::*;

    fn header(authentication: Authentication) -> (String, String) {
        let connection = Connection {
            id: ConnectionId::from_u128(1),
            name: "CRM".to_owned(),
            authentication,
            created_at: Timestamp::from_unix_ms(0),
            updated_at: Timestamp::from_unix_ms(0),
            version: 1,
        };
        match Credentials::of(&connection) {
            Credentials::Header(header) if !header.is_plain => (header.name, header.value),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tokens_passwords_and_headers_are_secret_headers() {
        let authorization = |value: &str| ("Authorization".to_owned(), value.to_owned());
        let bearer = Authentication::Bearer {
            token: Secret::new("abc"),
        };
        assert_eq!(header(bearer), authorization("Bearer abc"));
        // The example of RFC 7617, section 2.
        let basic = Authentication::Basic {
            user: "Aladdin".to_owned(),
            password: Secret::new("open sesame"),
        };
        assert_eq!(header(basic), authorization("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        let named = Authentication::Header {
            name: "X-Api-Key".to_owned(),
            value: Secret::new("k 1"),
        };
        assert_eq!(header(named), ("X-Api-Key".to_owned(), "k 1".to_owned()));
    }
}
