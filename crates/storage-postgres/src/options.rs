//! An operator's options for the database.

use std::fmt;
use std::time::Duration;

/// Most connections that a node holds open, besides the one that listens for changes.
pub const CONNECTIONS_DEFAULT: usize = 8;

/// The longest that a verb may take, connecting included. After that, the database counts as away.
pub const VERB_MAX: Duration = Duration::from_secs(10);

/// How to reach the database.
#[derive(Clone)]
pub struct PostgresOptions {
    /// A connection URL (`postgres://user@host:port/database?sslmode=…`), or libpq's `key=value` form. If it
    /// names several hosts, the first that accepts writes is used.
    pub url: String,
    /// The password, if the URL does not contain it.
    pub password: Option<String>,
    /// Certificates (PEM) to trust instead of the public ones.
    pub ca_pem: Option<Vec<u8>>,
    /// Most connections at a time, besides the one that listens; at least 2.
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

/// Leaves out the password, and the URL, which may contain one.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("connections_max", &self.connections_max)
            .field("verb_max", &self.verb_max)
            .finish_non_exhaustive()
    }
}
