//! What connections do to a request, prepared when the first request needs it after a change of an account,
//! and given out only for URLs whose host may receive it.

use std::collections::HashMap;
use std::sync::OnceLock;

use postrider_egress::{ClientIdentity, Destination, HostPattern};
use postrider_model::{
    AccountId, Authentication, Connection, ConnectionId, CustomHeader, OAuth2, SYSTEM_ACCOUNT,
};

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
pub(crate) struct AccountCredentials(HashMap<ConnectionId, Prepared>);

#[derive(Debug)]
struct Prepared {
    /// The position of the connection.
    index: usize,
    hosts: Hosts,
    credentials: OnceLock<Credentials>,
}

/// The hosts that may receive the credentials of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// All.
    Any,
    /// These alone.
    Only(Vec<HostPattern>),
}

impl Hosts {
    /// Those of an account's connection. A host that this version cannot read permits nothing, and so does a
    /// connection of the installation that has none.
    pub(crate) fn of(account: AccountId, connection: &Connection) -> Self {
        if connection.hosts.is_empty() && account != SYSTEM_ACCOUNT {
            return Self::Any;
        }
        let hosts = connection.hosts.iter();
        Self::Only(hosts.filter_map(|host| host.parse().ok()).collect())
    }

    /// Whether a request to this URL may have the credentials. A URL that the client could not dial may not.
    pub(crate) fn permit(&self, url: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(patterns) => Destination::parse(url)
                .is_ok_and(|it| patterns.iter().any(|pattern| pattern.matches(it.host()))),
        }
    }
}

impl AccountCredentials {
    pub(crate) fn new(account: AccountId, connections: &[Connection]) -> Self {
        let connections = connections.iter().enumerate();
        let prepared = connections.map(|(index, connection)| {
            let prepared = Prepared {
                index,
                hosts: Hosts::of(account, connection),
                credentials: OnceLock::new(),
            };
            (connection.id, prepared)
        });
        Self(prepared.collect())
    }

    pub(crate) fn contain(&self, id: ConnectionId) -> bool {
        self.0.contains_key(&id)
    }

    /// Those of one connection, for a request to this URL. `connections` are the ones that this was created
    /// with.
    pub(crate) fn of(
        &self,
        id: ConnectionId,
        url: &str,
        connections: &[Connection],
    ) -> Result<&Credentials, NoCredentials> {
        let prepared = self.0.get(&id).ok_or(NoCredentials::Missing)?;
        if !prepared.hosts.permit(url) {
            return Err(NoCredentials::NotForHost);
        }
        let credentials = &prepared.credentials;
        Ok(credentials.get_or_init(|| Credentials::of(&connections[prepared.index])))
    }
}

/// Why a request gets no credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCredentials {
    /// The connection does not exist.
    Missing,
    /// Its credentials may not go to the host of the URL.
    NotForHost,
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
            hosts: Vec::new(),
        };
        match Credentials::of(&connection) {
            Credentials::Header(header) if !header.is_plain => (header.name, header.value),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn hosts_that_cannot_be_read_and_an_installations_connection_without_hosts_permit_nothing() {
        let connection = |hosts: &[&str]| Connection {
            id: ConnectionId::from_u128(1),
            name: "CRM".to_owned(),
            authentication: Authentication::Bearer {
                token: Secret::new("abc"),
            },
            created_at: Timestamp::from_unix_ms(0),
            updated_at: Timestamp::from_unix_ms(0),
            version: 1,
            hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        };
        let customer = AccountId::from_u128(7);
        for (account, hosts, url, expected) in [
            (customer, &[][..], "https://any.example/", true),
            (customer, &["a.example"], "https://a.example:8443/x", true),
            (
                customer,
                &["a.example", "*.b.example"],
                "http://c.b.example",
                true,
            ),
            (customer, &["a.example"], "https://a.example.evil.example/", false),
            (customer, &["a.example"], "https://evil.example/a.example", false),
            (customer, &["a.example"], "not a URL", false),
            (customer, &["*"], "https://a.example/", false),
            (SYSTEM_ACCOUNT, &[], "https://a.example/", false),
            (SYSTEM_ACCOUNT, &["a.example"], "https://a.example/", true),
        ] {
            let permits = Hosts::of(account, &connection(hosts)).permit(url);
            assert_eq!(permits, expected, "{hosts:?} {url}");
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
