//! Where the mail server is, and how to sign in to it.
//!
//! To add a setting, add it to [`SmtpTexts`] and [`SmtpSettings`], and an error that says how to write it.
//! No error and no `Debug` text holds a password, also where somebody writes one into the URL.

use std::fmt;
use std::net::IpAddr;

use postrider_egress::Host;
use postrider_model::custom_header::MASK;
use rustls::pki_types::ServerName;
use url::Url;

use crate::sender::{Sender, SenderError};

/// Maximum bytes of a user name or a password. With both in base64, `AUTH` stays far below the 12,288 bytes
/// that servers take (RFC 4954 section 4).
const CREDENTIAL_BYTES_MAX: usize = 1_024;

/// The settings as the operator writes them.
#[derive(Clone, Copy)]
pub struct SmtpTexts<'a> {
    /// `smtp://host:587` (`STARTTLS` is required), `smtps://host:465` (TLS from the start), or, for a server
    /// that needs no encryption, `smtp://host:25?tls=none`.
    pub url: &'a str,
    /// The user to sign in as.
    pub user: Option<&'a str>,
    /// The user's password.
    pub password: Option<&'a str>,
    /// Whom messages come from: `Name <local@domain>`, or the address alone.
    pub from: &'a str,
}

/// A mail server, how to sign in to it, and whom messages come from.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// The server's host.
    pub host: Host,
    /// The server's port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// User and password; `None` if the server asks for neither.
    pub credentials: Option<Credentials>,
    /// Whom messages come from.
    pub sender: Sender,
}

/// How a connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// `STARTTLS` (RFC 3207). Without it nothing is sent.
    StartTls,
    /// None.
    None,
}

/// User and password.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: Password,
}

/// A password. `Debug` does not print it.
#[derive(Clone)]
pub struct Password(String);

/// Why the settings cannot be used. The messages quote no setting that may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not a URL with a host that a certificate can name.
    #[error("smtp_url has to look like smtp://mail.example.com:587 or smtps://mail.example.com:465")]
    Url,
    /// Another scheme.
    #[error("smtp_url has to begin with smtp:// (STARTTLS) or smtps:// (TLS from the start)")]
    Scheme,
    /// User or password in the URL, where logs and process lists would show them.
    #[error("smtp_url must hold no user and no password: set smtp_user and smtp_password_file")]
    CredentialsInUrl,
    /// A path, a fragment, or a query other than `tls=none`.
    #[error("smtp_url can have nothing after the port, except ?tls=none with smtp://")]
    Rest,
    /// `smtp://` at the port of `smtps`.
    #[error("a mail server speaks TLS from the start on port 465: write smtps:// in smtp_url")]
    ImplicitPort,
    /// `smtps://` at a port of `smtp`.
    #[error("port {0} uses STARTTLS: write smtp:// in smtp_url")]
    PlainPort(u16),
    /// A user without a password, or the reverse.
    #[error("set both smtp_user and smtp_password_file, or neither")]
    HalfCredentials,
    /// An empty or very long user or password, or one with control characters.
    #[error(
        "{0} has to have 1 to {CREDENTIAL_BYTES_MAX} bytes, without line breaks and other control characters"
    )]
    Credential(&'static str),
    /// The password would go over the network in clear text.
    #[error(
        "with ?tls=none in smtp_url, smtp_user and smtp_password_file cannot be used: they would be readable on the way"
    )]
    CredentialsWithoutTls,
    /// The sender is no address.
    #[error("smtp_from: {0}")]
    From(#[from] SenderError),
}

impl SmtpSettings {
    /// Reads the settings. A port that is left out is 587, for `smtps` 465, and with `tls=none` 25.
    pub fn read(texts: &SmtpTexts<'_>) -> Result<Self, SettingsError> {
        let url = Url::parse(texts.url).map_err(|_| SettingsError::Url)?;
        let security = security(&url)?;
        let port = url.port().unwrap_or(match security {
            Security::Implicit => 465,
            Security::StartTls => 587,
            Security::None => 25,
        });
        match (security, port) {
            (Security::StartTls | Security::None, 465) => return Err(SettingsError::ImplicitPort),
            (Security::Implicit, 25 | 587) => return Err(SettingsError::PlainPort(port)),
            (_, 0) => return Err(SettingsError::Url),
            _ => {}
        }
        let credentials = credentials(texts.user, texts.password)?;
        if credentials.is_some() && security == Security::None {
            return Err(SettingsError::CredentialsWithoutTls);
        }
        Ok(Self {
            host: host(&url)?,
            port,
            security,
            credentials,
            sender: texts.from.parse()?,
        })
    }

    /// `host:port`, for logs and records.
    pub fn server(&self) -> String {
        match &self.host {
            Host::Name(name) => format!("{name}:{}", self.port),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]:{}", self.port),
            Host::Address(address) => format!("{address}:{}", self.port),
        }
    }
}

fn security(url: &Url) -> Result<Security, SettingsError> {
    if !matches!(url.scheme(), "smtp" | "smtps") {
        return Err(SettingsError::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SettingsError::CredentialsInUrl);
    }
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(SettingsError::Rest);
    }
    match (url.scheme(), url.query()) {
        ("smtp", None) => Ok(Security::StartTls),
        ("smtp", Some("tls=none")) => Ok(Security::None),
        ("smtps", None) => Ok(Security::Implicit),
        _ => Err(SettingsError::Rest),
    }
}

/// The host, read as that of a web address: in other schemes, the URL parser leaves it as it is. A name loses
/// the dot at its end, which no certificate has.
fn host(url: &Url) -> Result<Host, SettingsError> {
    let text = url.host_str().ok_or(SettingsError::Url)?;
    let name = match url::Host::parse(text).map_err(|_| SettingsError::Url)? {
        url::Host::Domain(name) => name,
        url::Host::Ipv4(address) => return Ok(Host::Address(address.into())),
        url::Host::Ipv6(address) => return Ok(Host::Address(address.into())),
    };
    let name = name.strip_suffix('.').unwrap_or(&name);
    match ServerName::try_from(name) {
        Ok(_) if !name.ends_with('.') => Ok(Host::Name(name.to_owned())),
        _ => Err(SettingsError::Url),
    }
}

fn credentials(user: Option<&str>, password: Option<&str>) -> Result<Option<Credentials>, SettingsError> {
    let (user, password) = match (user, password) {
        (None, None) => return Ok(None),
        (Some(user), Some(password)) => (user, password),
        _ => return Err(SettingsError::HalfCredentials),
    };
    for (text, name) in [(user, "smtp_user"), (password, "smtp_password_file")] {
        if text.is_empty() || text.len() > CREDENTIAL_BYTES_MAX || text.chars().any(char::is_control) {
            return Err(SettingsError::Credential(name));
        }
    }
    Ok(Some(Credentials {
        user: user.to_owned(),
        password: Password(password.to_owned()),
    }))
}

impl Password {
    /// The password in the clear, to sign in with.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Debug for SmtpTexts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password, by mistake.
        f.debug_struct("SmtpTexts")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
