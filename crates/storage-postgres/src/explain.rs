//! Why this node cannot use the database, for the operator: where it tried, what went wrong, and what to
//! change.
//!
//! The server's messages name roles and databases, never a password; the driver's name neither. The URL is
//! not repeated.
//!
//! To explain another error: add its SQLSTATE to [`by_state`], or its cause to [`by_cause`], and a case to
//! `tests/tests/behaviour/database_errors.rs`.

use std::error::Error;
use std::io;

use deadpool_postgres::PoolError;
use rustls::CertificateError;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::sql_error::{NO_TLS, PASSWORD_MISSING, SqlError, describe};

/// PostgreSQL's port, if the URL names none.
const PORT: u16 = 5432;

/// Where the database is, as the operator wrote it: `db.internal:5432`, without user and password.
pub(crate) fn server(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(number, host)| {
        let port = ports.get(number).or(ports.first()).copied().unwrap_or(PORT);
        match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(folder) => format!("{}/.s.PGSQL.{port}", folder.display()),
        }
    });
    hosts.collect::<Vec<_>>().join(", ")
}

/// The error with the server's name, and what to do.
pub(crate) fn explained(server: &str, error: &SqlError) -> String {
    let advice = match error {
        SqlError::TimedOut => Some(UNANSWERED.to_owned()),
        error => error.driver_error().and_then(advice),
    };
    let said = match error {
        SqlError::Pool(PoolError::Backend(error)) => {
            let cause = describe(error);
            let cause = cause
                .strip_prefix("error connecting to server: ")
                .unwrap_or(&cause);
            format!("no connection to {server}: {cause}")
        }
        error => format!("{server}: {error}"),
    };
    match advice {
        Some(advice) => format!("{said}. {advice}"),
        None => said,
    }
}

const UNANSWERED: &str = "Check the host and the port in database_url, and firewalls on the way";

/// What to do about an error of the driver or of the server.
fn advice(error: &tokio_postgres::Error) -> Option<String> {
    match error.code() {
        Some(state) => by_state(state.code()).map(str::to_owned),
        None => by_cause(error),
    }
}

/// What to do about an error that the server returned
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn by_state(code: &str) -> Option<&'static str> {
    Some(match code {
        "28P01" => {
            "Check the user in database_url, and the password there, in database_password_file or in \
             POSTRIDER_DATABASE_PASSWORD"
        }
        "28000" => {
            "Check the user in database_url, and the server's pg_hba.conf. If that asks for TLS, add sslmode=require to \
             database_url"
        }
        "3D000" => "Create it with CREATE DATABASE, or correct its name in database_url",
        "53300" => {
            "This server opens database_connections connections and one more: lower that, or raise the limit (ALTER \
             ROLE … CONNECTION LIMIT, ALTER DATABASE … CONNECTION LIMIT, or max_connections)"
        }
        "42501" => {
            "Give the role that right. It needs to create and own its tables: GRANT CREATE, USAGE ON SCHEMA public TO \
             the role, or make it the owner of the database"
        }
        "3F000" => "Create a schema that the role's search_path names, and let the role create tables in it",
        "25006" => READ_ONLY,
        "53100" => "Free space on the disk of the database",
        _ => return None,
    })
}

const READ_ONLY: &str = "It is a standby, or default_transaction_read_only is on: name the primary in database_url, or \
                         all hosts, separated by commas";

/// What to do about a connection that failed before the server returned an error.
fn by_cause(error: &tokio_postgres::Error) -> Option<String> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(advice) = by_tls(error) {
            return Some(advice);
        }
        if let Some(error) = error.downcast_ref::<io::Error>()
            && let Some(advice) = by_io(error)
        {
            return Some(advice.to_owned());
        }
        let text = error.to_string();
        if text == PASSWORD_MISSING {
            let advice = "Set database_password_file or POSTRIDER_DATABASE_PASSWORD. PGPASSWORD and ~/.pgpass are not read";
            return Some(advice.to_owned());
        }
        if text == NO_TLS {
            let advice = "Switch TLS on there (ssl = on), or set sslmode=disable in database_url if the network is trusted";
            return Some(advice.to_owned());
        }
        cause = error.source();
    }
    None
}

fn by_io(error: &io::Error) -> Option<&'static str> {
    // The system's resolver has no kind of its own.
    if error.to_string().contains("failed to lookup address") {
        return Some("Correct the host in database_url");
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(
            "Start PostgreSQL there, let it listen on that address (listen_addresses), or correct database_url",
        ),
        io::ErrorKind::NotFound => Some("There is no such socket: correct the host in database_url"),
        io::ErrorKind::PermissionDenied if error.get_ref().is_some() => Some(READ_ONLY),
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Some(UNANSWERED)
        }
        _ => None,
    }
}

/// What to do about a certificate that this node does not trust.
fn by_tls(error: &(dyn Error + 'static)) -> Option<String> {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let tls = error
        .downcast_ref::<rustls::Error>()
        .or_else(|| inner?.downcast_ref::<rustls::Error>())?;
    let rustls::Error::InvalidCertificate(certificate) = tls else {
        return None;
    };
    let advice = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "The server's certificate has expired: renew it, or correct the clock of this machine"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "The server's certificate is not valid yet: correct the clock of this machine"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "The server's certificate is for another name: use a name that its subjectAltName lists in database_url, or \
             sslmode=verify-ca, which checks the authority alone"
        }
        CertificateError::Revoked => "The server's certificate is revoked: install another one",
        // Anything else is about who issued it.
        _ => {
            "The server's certificate is not from an authority that this server trusts: put the certificate of that \
             authority, or a self-signed certificate itself, such as Debian's ssl-cert-snakeoil.pem, into a file, and set \
             database_ca_file (or sslrootcert in database_url). If the network is trusted, sslmode=disable does without"
        }
    };
    Some(advice.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_named_as_in_the_url_without_user_and_password() {
        for (url, named) in [
            ("postgres://u:hidden@db.internal/d", "db.internal:5432"),
            ("postgres://u:hidden@a:1,b:2/d", "a:1, b:2"),
            ("postgres://u@[::1]:5433/d", "[::1]:5433"),
            ("postgres://u@%2Frun%2Fpg/d", "/run/pg/.s.PGSQL.5432"),
            ("host=db port=7 user=u password=hidden", "db:7"),
        ] {
            assert_eq!(server(&url.parse().unwrap()), named);
        }
    }
}
