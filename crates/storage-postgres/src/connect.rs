//! From a URL to connections to a server that accepts writes, with bounded times and checked certificates.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::options::PostgresOptions;
use crate::{explain, tls, url};

/// How long connecting may take, for each of a server's addresses.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// After how long an idle connection is probed, and how often, until it counts as broken.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
const KEEPALIVE_RETRIES: u32 = 3;

/// How long a transaction may be idle; a node only computes between two statements. A node that freezes or
/// loses its network within a transaction holds idempotency keys, and producers that send the same events to
/// another node wait for them. One second would suffice for that, but it was seen to end transactions of
/// nodes that got no CPU time meanwhile.
const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(3);

/// Why the options cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// The URL cannot be parsed. The error does not repeat it, because it may contain a password.
    #[error("the database URL cannot be used: {0}")]
    Url(String),
    /// The certificates cannot be read.
    #[error("the certificates of the database's authorities cannot be used: {0}")]
    Ca(String),
}

/// What it takes to connect.
#[derive(Clone)]
pub(crate) struct Target {
    /// The driver's settings.
    pub(crate) config: Config,
    /// How TLS connections are made.
    pub(crate) tls: MakeRustlsConnect,
    /// The server, for people: host and port.
    pub(crate) server: Arc<str>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// What these options say.
pub(crate) fn target(options: &PostgresOptions) -> Result<Target, OptionsError> {
    let parsed = url::parse(&options.url)?;
    let in_file;
    let ca_pem = match (&options.ca_pem, &parsed.ca_file) {
        (Some(_), Some(_)) => {
            let both = "both database_ca_file and sslrootcert in database_url name some: remove one of them";
            return Err(OptionsError::Ca(both.to_owned()));
        }
        (None, Some(file)) => {
            in_file = std::fs::read(file)
                .map_err(|error| OptionsError::Ca(format!("sslrootcert {}: {error}", file.display())))?;
            Some(in_file.as_slice())
        }
        (given, None) => given.as_deref(),
    };
    let tls = tls::connector(ca_pem, parsed.checks).map_err(OptionsError::Ca)?;
    let config = with_limits(parsed.config, options)?;
    Ok(Target {
        server: explain::server(&config).into(),
        config,
        tls,
    })
}

/// The driver's settings, with our limits.
fn with_limits(mut config: Config, options: &PostgresOptions) -> Result<Config, OptionsError> {
    if config.get_user().is_none() {
        return Err(OptionsError::Url("it names no user".to_owned()));
    }
    if config.get_hosts().is_empty() {
        return Err(OptionsError::Url("it names no host".to_owned()));
    }
    if let Some(password) = &options.password {
        config.password(password);
    }
    if config.get_application_name().is_none() {
        config.application_name("postrider");
    }
    config
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .connect_timeout(CONNECT_MAX)
        .keepalives(true)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES)
        .tcp_user_timeout(options.verb_max);
    Ok(config)
}

/// The first statements on a new connection, which make the server enforce limits on the session. Whatever
/// happens to this node, it then holds no lock for long. The server's time limit is shorter than the verb's:
/// its error distinguishes a slow statement from an unreachable server. `jit` is off, because compiling a
/// list's statement over a month of partitions takes seconds (measured), and the list itself a tenth of a
/// second.
///
/// They are not startup parameters (`options`), because PgBouncer and other poolers refuse connections with
/// unknown parameters. Settings that the operator sets in the URL's `options` stay unchanged.
pub(crate) fn session_settings(config: &Config, verb_max: Duration) -> String {
    let most_ms = verb_max.as_millis() * 4 / 5;
    let idle_ms = IDLE_IN_TRANSACTION_MAX.as_millis();
    let settings = [
        ("statement_timeout", most_ms.to_string()),
        ("idle_in_transaction_session_timeout", idle_ms.to_string()),
        ("lock_timeout", most_ms.to_string()),
        ("default_transaction_isolation", "'read committed'".to_owned()),
        ("synchronize_seqscans", "off".to_owned()),
        ("jit", "off".to_owned()),
    ];
    let given = config.get_options().unwrap_or_default();
    let is_ours = |(name, _): &&(&str, String)| !given.contains(name);
    let statements = settings.iter().filter(is_ours);
    statements
        .map(|(name, value)| format!("SET {name} = {value};"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_being_repeated() {
        for url in [
            "postgres://user:hidden@host:port/db",
            "postgres://user:hidden@host/db?nonsense=1",
            "mysql://user:hidden@host/db",
            "postgres:///db",
        ] {
            let refused = target(&PostgresOptions::new(url)).unwrap_err().to_string();
            assert!(!refused.contains("hidden"), "{refused}");
        }
    }

    #[test]
    fn settings_are_no_startup_parameters_and_the_operators_own_stay() {
        let options = PostgresOptions::new("postgres://u@h/db");
        let plain = target(&options).unwrap().config;
        assert_eq!(plain.get_options(), None);
        let settings = session_settings(&plain, Duration::from_secs(10));
        assert!(
            settings.starts_with("SET statement_timeout = 8000;"),
            "{settings}"
        );
        assert!(settings.contains("SET jit = off;"), "{settings}");
        let options = PostgresOptions::new("postgres://u@h/db?options=-c%20jit%3Don");
        let given = target(&options).unwrap().config;
        assert_eq!(given.get_options(), Some("-c jit=on"));
        assert!(!session_settings(&given, Duration::from_secs(10)).contains("jit"));
    }

    #[test]
    fn authorities_come_from_one_place_and_a_file_that_cannot_be_read_is_named() {
        let mut options = PostgresOptions::new("postgres://u@h/db?sslrootcert=/missing/ca.pem");
        let refused = target(&options).unwrap_err().to_string();
        assert!(refused.contains("sslrootcert /missing/ca.pem"), "{refused}");
        options.ca_pem = Some(Vec::new());
        let refused = target(&options).unwrap_err().to_string();
        assert!(refused.contains("remove one of them"), "{refused}");
    }
}
