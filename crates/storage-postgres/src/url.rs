//! The database's URL: what the driver does not understand of libpq's form is taken out of it.
//!
//! libpq has more modes of TLS than the driver, and names the authorities in the URL
//! (<https://www.postgresql.org/docs/current/libpq-connect.html>).

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::connect::OptionsError;

/// How the server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checks {
    /// Its authority and its name, without an exception (`sslmode=verify-full`).
    Full,
    /// Its authority and its name, unless it is one of the certificates that the operator gave.
    Usual,
    /// Its authority alone (`sslmode=verify-ca`), for servers that are reached by another name.
    Authority,
}

/// A URL in parts.
pub(crate) struct Parsed {
    /// What the driver understands.
    pub(crate) config: Config,
    /// How the certificate is checked, if the connection uses TLS.
    pub(crate) checks: Checks,
    /// The file of `sslrootcert`.
    pub(crate) ca_file: Option<PathBuf>,
}

/// The advice for a URL whose user or password has characters that separate its parts.
const ENCODE: &str = "in a user name or password, write `@` as %40, `:` as %3A, `/` as %2F, `?` as %3F, `#` as %23 and \
                      `%` as %25, or give the password in database_password_file or POSTRIDER_DATABASE_PASSWORD, where \
                      it is written as it is";

/// Parses a URL, or libpq's `key=value` form.
///
/// # Errors
/// [`OptionsError::Url`], which does not repeat the URL.
pub(crate) fn parse(url: &str) -> Result<Parsed, OptionsError> {
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    if let Some((scheme, _)) = url
        .split_once("://")
        .filter(|(scheme, _)| !is_url && is_scheme(scheme))
    {
        let other = format!("it begins with {scheme}://, and has to begin with postgres://");
        return Err(OptionsError::Url(other));
    }
    let ambiguous = is_url && url.matches('@').count() > 1;
    if ambiguous && host_has_at(url) {
        return Err(OptionsError::Url(format!("it has more than one `@`: {ENCODE}")));
    }
    let (mut rest, mode) = match is_url {
        true => without_parameter(url, "sslmode"),
        false => without_pair(url, "sslmode"),
    };
    let ca_file;
    (rest, ca_file) = match is_url {
        true => without_parameter(&rest, "sslrootcert"),
        false => without_pair(&rest, "sslrootcert"),
    };
    let config = rest.parse();
    let mut config: Config = config.map_err(|error: tokio_postgres::Error| {
        let error = parse_error(&error);
        OptionsError::Url(match ambiguous {
            true => format!("{error}. Perhaps a character has to be encoded: {ENCODE}"),
            false => error,
        })
    })?;
    // A file of authorities is of use only to a connection with TLS.
    let default = if ca_file.is_some() { "require" } else { "prefer" };
    let (ssl_mode, checks) = match mode.as_deref().unwrap_or(default) {
        "disable" => (SslMode::Disable, Checks::Usual),
        "prefer" | "allow" => (SslMode::Prefer, Checks::Usual),
        "require" => (SslMode::Require, Checks::Usual),
        "verify-full" => (SslMode::Require, Checks::Full),
        "verify-ca" => (SslMode::Require, Checks::Authority),
        _ => {
            let modes = "sslmode is one of disable, prefer, require, verify-ca and verify-full";
            return Err(OptionsError::Url(modes.to_owned()));
        }
    };
    config.ssl_mode(ssl_mode);
    Ok(Parsed {
        config,
        checks,
        // libpq's name for the public authorities.
        ca_file: ca_file.filter(|file| file != "system").map(PathBuf::from),
    })
}

/// Whether this is the name of a scheme, and not the beginning of `host=…`, which a password may follow.
fn is_scheme(text: &str) -> bool {
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    !text.is_empty() && text.bytes().all(is_of_scheme)
}

/// Whether there is an `@` between the first one and the query: the driver would take what is before it for
/// the beginning of the host, and look it up.
fn host_has_at(url: &str) -> bool {
    let behind = url.split_once('@').map_or("", |(_, behind)| behind);
    let host = behind.split('?').next().unwrap_or_default();
    host.contains('@')
}

/// Takes a parameter out of a URL's query, and returns its value.
fn without_parameter(url: &str, name: &str) -> (String, Option<String>) {
    let Some((before, query)) = url.rsplit_once('?') else {
        return (url.to_owned(), None);
    };
    let mut value = None;
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| match pair.split_once('=') {
            Some((key, text)) if key == name => {
                value = Some(decoded(text));
                false
            }
            _ => true,
        })
        .collect();
    match kept.is_empty() {
        true => (before.to_owned(), value),
        false => (format!("{before}?{}", kept.join("&")), value),
    }
}

/// Takes a `key=value` pair without quotes out of libpq's other form, and returns its value.
fn without_pair(text: &str, name: &str) -> (String, Option<String>) {
    // A quoted value may contain spaces, so the text is only cut where the pair is found.
    let key = format!("{name}=");
    let Some(start) = text.find(&key).filter(|&at| at == 0 || text[..at].ends_with(' ')) else {
        return (text.to_owned(), None);
    };
    let behind = &text[start + key.len()..];
    let (found, rest) = match behind
        .strip_prefix('\'')
        .and_then(|quoted| quoted.split_once('\''))
    {
        Some(found) => found,
        None => behind.split_once(' ').unwrap_or((behind, "")),
    };
    (format!("{}{rest}", &text[..start]), Some(found.to_owned()))
}

/// A value of the query, percent-decoded.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = behind.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|_| *first == b'%')
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn parse_error(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        parse(url).err().expect("it is refused").to_string()
    }

    #[test]
    fn an_at_that_is_not_encoded_is_named_and_the_password_is_not() {
        for url in [
            "postgres://u:hid@den@db/d",
            "postgres://u:hid@den:w/rd#@db/d",
            "postgres://u@x:hidden@db/d",
            "postgres://u:hid@den/x?y@db:5432/d",
        ] {
            let refused = refused(url);
            assert!(refused.contains("%40"), "{refused}");
            assert!(!refused.contains("hid") && !refused.contains("den"), "{refused}");
        }
        let parsed = parse("postgres://u:p%40ss@db/d?application_name=a@b").unwrap();
        assert_eq!(parsed.config.get_password(), Some("p@ss".as_bytes()));
    }

    #[test]
    fn a_url_of_another_kind_is_refused_by_its_scheme_alone() {
        for (url, scheme) in [("mysql://u:hidden@h/d", "mysql"), ("http://h", "http")] {
            let refused = refused(url);
            assert!(refused.contains(&format!("begins with {scheme}://")), "{refused}");
            assert!(
                refused.contains("postgres://") && !refused.contains("hidden"),
                "{refused}"
            );
        }
        assert!(parse("host=h user=u password='a://b'").is_ok());
    }

    #[test]
    fn the_modes_of_tls_and_the_file_of_authorities_are_those_of_libpq() {
        let of = |url: &str| {
            let parsed = parse(url).unwrap();
            let file = parsed.ca_file.map(|file| file.display().to_string());
            (parsed.config.get_ssl_mode(), parsed.checks, file)
        };
        let file = |text: &str| Some(text.to_owned());
        for (url, parts) in [
            ("postgres://u@h/d", (SslMode::Prefer, Checks::Usual, None)),
            (
                "postgres://u@h/d?sslmode=disable",
                (SslMode::Disable, Checks::Usual, None),
            ),
            (
                "postgres://u@h/d?sslmode=verify-full",
                (SslMode::Require, Checks::Full, None),
            ),
            (
                "postgres://u@h/d?sslmode=verify-ca&sslrootcert=%2Fa%20b.pem&application_name=x",
                (SslMode::Require, Checks::Authority, file("/a b.pem")),
            ),
            (
                "postgres://u@h/d?sslrootcert=/a.pem",
                (SslMode::Require, Checks::Usual, file("/a.pem")),
            ),
            (
                "postgres://u@h/d?sslrootcert=system",
                (SslMode::Require, Checks::Usual, None),
            ),
            (
                "host=h sslmode=verify-ca user=u sslrootcert='/a b.pem' dbname=d",
                (SslMode::Require, Checks::Authority, file("/a b.pem")),
            ),
        ] {
            assert_eq!(of(url), parts, "{url}");
        }
        assert_eq!(
            parse("host=h sslmode=verify-ca user=u")
                .unwrap()
                .config
                .get_user(),
            Some("u")
        );
        assert!(refused("postgres://u@h/d?sslmode=on").contains("verify-full"));
    }
}
