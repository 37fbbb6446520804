//! What an operator may say about the database.

use std::fmt;
use std::time::Duration;

/// Connections that a node holds open at most, but for the one that listens for changes.
pub const CONNECTIONS_DEFAULT: usize = 8;

/// The longest that a verb may take, connecting included. Behind it the database counts as away.
pub const VERB_MAX: Duration = Duration::from_secs(10);

/// How to reach the database.
#[derive(Clone)]
pub struct PostgresOptions {
    /// A connection URL (`postgres://user@host:port/database?sslmode=…`), or libpq's `key=value` form. Of
    /// several hosts, the first that accepts writes is used.
    pub url: String,
    /// The password, where it is not in the URL.
    pub password: Option<String>,
    /// Certificates (PEM) to trust instead of the public ones.
    pub ca_pem: Option<Vec<u8>>,
    /// Most connections at a time, but for the one that listens; at least 2.
    pub connections_max: usize,
    /// The longest that a verb may take.
    pub verb_max: Duration,
}

impl PostgresOptions {
    /// The defaults for this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            password: None,
            ca_pem: None,
            connections_max: CONNECTIONS_DEFAULT,
            verb_max: VERB_MAX,
        }
    }
}

/// Neither the URL, which may have a password in it, nor the password is printed.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("connections_max", &self.connections_max)
            .field("verb_max", &self.verb_max)
            .finish_non_exhaustive()
    }
}
