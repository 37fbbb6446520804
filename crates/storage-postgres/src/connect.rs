//! From a URL to connections to a server that accepts writes, with bounded times and checked certificates.

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use crate::options::PostgresOptions;

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
    #[error("the database's CA certificates cannot be used: {0}")]
    Ca(String),
}

/// The driver's settings.
pub(crate) fn config(options: &PostgresOptions) -> Result<Config, OptionsError> {
    let (url, verified) = without_verification(&options.url);
    let mut config: Config = url
        .parse()
        .map_err(|error: tokio_postgres::Error| OptionsError::Url(parse_error(&error)))?;
    if verified {
        config.ssl_mode(SslMode::Require);
    }
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

/// Replaces libpq's two stricter modes, which the driver does not know. Postrider verifies the certificate
/// with every TLS connection anyway.
fn without_verification(url: &str) -> (String, bool) {
    let mut verified = false;
    let mut url = url.to_owned();
    for mode in ["sslmode=verify-full", "sslmode=verify-ca"] {
        if url.contains(mode) {
            verified = true;
            url = url.replace(mode, "sslmode=require");
        }
    }
    (url, verified)
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

fn parse_error(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
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
            let refused = config(&PostgresOptions::new(url)).unwrap_err().to_string();
            assert!(!refused.contains("hidden"), "{refused}");
        }
    }

    #[test]
    fn settings_are_no_startup_parameters_and_the_operators_own_stay() {
        let options = PostgresOptions::new("postgres://u@h/db");
        let plain = config(&options).unwrap();
        assert_eq!(plain.get_options(), None);
        let settings = session_settings(&plain, Duration::from_secs(10));
        assert!(
            settings.starts_with("SET statement_timeout = 8000;"),
            "{settings}"
        );
        assert!(settings.contains("SET jit = off;"), "{settings}");
        let options = PostgresOptions::new("postgres://u@h/db?options=-c%20jit%3Don");
        let given = config(&options).unwrap();
        assert_eq!(given.get_options(), Some("-c jit=on"));
        assert!(!session_settings(&given, Duration::from_secs(10)).contains("jit"));
    }

    #[test]
    fn the_stricter_modes_of_tls_are_known() {
        let config = config(&PostgresOptions::new("postgres://u@h/db?sslmode=verify-full")).unwrap();
        assert_eq!(config.get_ssl_mode(), SslMode::Require);
    }
}
