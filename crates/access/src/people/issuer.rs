//! The issuer identifier: the URL that names an identity provider, and that begins its metadata's address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

/// Longest issuer identifier, in bytes. Those of the known providers have about 100.
const ISSUER_BYTES_MAX: usize = 512;

/// The hosts of issuers that ask who it is on another value of `prompt` than `login`. Google knows only
/// `none`, `consent` and `select_account`. Microsoft Entra ID takes one value at a time: `login` asks for the
/// credentials, `select_account` for the account.
const PROMPTS: [(&str, &str); 2] = [
    ("accounts.google.com", "select_account"),
    ("login.microsoftonline.com", "select_account"),
];

/// An issuer identifier (OpenID Connect Core 1.0, section 2): an `https` URL without query and fragment, or,
/// for development, an `http` URL of this machine. Compared byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    is_local: bool,
}

/// The text is not an issuer identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Not a URL, or one with more than scheme, host, port and path.
    #[error("expected the provider's issuer, a URL such as `https://login.example.com/realms/staff`")]
    Malformed,
    /// Not over TLS.
    #[error("expected an https URL; http is for a provider on this machine only")]
    Insecure,
}

impl Issuer {
    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The value of `prompt` with which the provider asks who it is, even if somebody is signed in there
    /// (OpenID Connect Core 1.0, section 3.1.2.1).
    pub(super) fn prompt(&self) -> &'static str {
        let url = Url::parse(&self.text).ok();
        let host = url.as_ref().and_then(Url::host_str);
        let known = PROMPTS.iter().find(|(known, _)| host == Some(*known));
        known.map_or("login", |(_, prompt)| prompt)
    }

    /// Where the provider publishes its metadata (OpenID Connect Discovery 1.0, section 4).
    pub fn metadata_url(&self) -> String {
        let base = self.text.strip_suffix('/').unwrap_or(&self.text);
        format!("{base}/.well-known/openid-configuration")
    }

    /// An address from the provider's metadata, if it is as safe as the issuer's own.
    pub(super) fn endpoint(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let is_safe = url.scheme() == "https" || (self.is_local && is_local(&url));
        let has_user = !url.username().is_empty() || url.password().is_some();
        (is_safe && url.has_host() && !has_user && url.fragment().is_none()).then_some(url)
    }
}

impl FromStr for Issuer {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, IssuerError> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| IssuerError::Malformed)?;
        let is_alone = url.query().is_none() && url.fragment().is_none() && !text.contains('@');
        if text.len() > ISSUER_BYTES_MAX || !url.has_host() || !is_alone {
            return Err(IssuerError::Malformed);
        }
        let is_local = is_local(&url);
        match url.scheme() {
            "https" => {}
            "http" if is_local => {}
            "http" => return Err(IssuerError::Insecure),
            _ => return Err(IssuerError::Malformed),
        }
        Ok(Self {
            text: text.to_owned(),
            is_local,
        })
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether the URL leads to this machine over `http`.
fn is_local(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    };
    url.scheme() == "http" && is_loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_https_url_or_on_this_machine() {
        for text in [
            "https://accounts.google.com",
            "https://tenant.auth0.com/",
            "https://login.example.com:8443/realms/staff",
            "http://127.0.0.1:9000",
            "http://localhost:9000/oidc",
        ] {
            assert_eq!(text.parse::<Issuer>().unwrap().as_str(), text);
        }
        for (text, error) in [
            ("http://login.example.com", IssuerError::Insecure),
            ("http://10.0.0.1", IssuerError::Insecure),
            ("login.example.com", IssuerError::Malformed),
            ("https://u@login.example.com", IssuerError::Malformed),
            ("https://login.example.com?x", IssuerError::Malformed),
            ("ftp://login.example.com", IssuerError::Malformed),
        ] {
            assert_eq!(text.parse::<Issuer>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_provider_is_asked_for_another_person_in_its_own_words() {
        for (issuer, prompt) in [
            ("https://accounts.google.com", "select_account"),
            (
                "https://login.microsoftonline.com/72f988bf/v2.0",
                "select_account",
            ),
            ("https://accounts.google.com.example", "login"),
            ("https://login.example.com/realms/staff", "login"),
        ] {
            assert_eq!(issuer.parse::<Issuer>().unwrap().prompt(), prompt, "{issuer}");
        }
    }

    #[test]
    fn the_metadata_of_an_issuer_is_below_it_and_its_endpoints_are_as_safe() {
        let issuer: Issuer = "https://t.auth0.com/".parse().unwrap();
        assert_eq!(
            issuer.metadata_url(),
            "https://t.auth0.com/.well-known/openid-configuration"
        );
        assert!(issuer.endpoint("https://elsewhere.example/token?x=1").is_some());
        for other in [
            "http://t.auth0.com/token",
            "http://127.0.0.1/token",
            "/token",
            "https://u@t.auth0.com/",
        ] {
            assert!(issuer.endpoint(other).is_none(), "{other}");
        }
        let local: Issuer = "http://127.0.0.1:9000".parse().unwrap();
        assert!(local.endpoint("http://localhost:9000/token").is_some());
        assert!(local.endpoint("http://10.0.0.1/token").is_none());
    }
}
