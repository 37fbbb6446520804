//! The URL of the mail server.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use url::Url;

use super::text_value::serde_as_text;

/// The URL of the mail server. It must hold no password; if it does, by mistake, `Display` hides it.
///
/// The URL is checked when it is used, and not here, so that no error repeats the password.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl(String);

impl SmtpUrl {
    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SmtpUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Url::parse(&self.0) {
            Ok(url) if url.has_host() && url.username().is_empty() && url.password().is_none() => {
                f.write_str(&self.0)
            }
            // A typing error: the password could be anywhere.
            _ => f.write_str("***"),
        }
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(SmtpUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_the_url_prints_a_password() {
        for (url, shown) in [
            ("smtp://mail.example.com:587", "smtp://mail.example.com:587"),
            ("smtp://10.0.0.1:25?tls=none", "smtp://10.0.0.1:25?tls=none"),
            ("smtp://app:hidden@mail.example.com", "***"),
            ("app:hidden@mail.example.com", "***"),
        ] {
            let parsed: SmtpUrl = url.parse().unwrap();
            assert_eq!(
                (parsed.to_string(), format!("{parsed:?}")),
                (shown.to_owned(), shown.to_owned())
            );
            assert_eq!(parsed.as_str(), url);
        }
    }
}
