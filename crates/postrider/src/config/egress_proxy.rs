//! The URL of the egress proxy.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use postrider_cli::Failure;
use postrider_egress::Proxy;

use super::text_value::serde_as_text;

/// The URL of the proxy that webhooks go through. Its `Display` hides a password.
///
/// The URL is parsed when it is used, and not here, so that no error repeats the password.
#[derive(Clone, PartialEq, Eq)]
pub struct EgressProxyUrl(String);

impl EgressProxyUrl {
    /// The proxy; `password_file` holds the password if the URL does not.
    pub fn proxy(&self, password_file: Option<&Path>) -> Result<Proxy, Failure> {
        let proxy: Proxy = self
            .0
            .parse()
            .map_err(|error| Failure::Usage(format!("egress_proxy: {error}")))?;
        let Some(file) = password_file else {
            return Ok(proxy);
        };
        let in_file = |error: &dyn fmt::Display| {
            Failure::Usage(format!("egress_proxy_password_file {}: {error}", file.display()))
        };
        let password = std::fs::read_to_string(file).map_err(|error| in_file(&error))?;
        proxy
            .with_password(password.trim_end_matches(['\r', '\n']))
            .map_err(|error| in_file(&error))
    }
}

impl FromStr for EgressProxyUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Display for EgressProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.parse::<Proxy>() {
            Ok(proxy) => write!(f, "{proxy}"),
            // A typing error: the password could be anywhere.
            Err(_) => f.write_str("***"),
        }
    }
}

impl fmt::Debug for EgressProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(EgressProxyUrl);

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn no_form_of_the_url_prints_its_password() {
        for (url, shown) in [
            ("http://app:hidden@proxy:3128", "http://app:***@proxy:3128"),
            ("socks5://app:hidden@[::1]:1080/", "socks5://app:***@[::1]:1080"),
            ("http://proxy:3128", "http://proxy:3128"),
            ("app:hidden@proxy:3128", "***"),
            ("https://app:hidden@proxy", "***"),
        ] {
            let parsed: EgressProxyUrl = url.parse().unwrap();
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(format!("{parsed:?}"), shown);
        }
    }

    #[test]
    fn the_password_may_come_from_a_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"hidden\n").unwrap();
        let url = |text: &str| text.parse::<EgressProxyUrl>().unwrap();
        let proxy = url("http://app@proxy:3128").proxy(Some(file.path())).unwrap();
        assert_eq!(proxy, "http://app:hidden@proxy:3128".parse().unwrap());
        for text in ["http://proxy:3128", "http://app:other@proxy:3128", "nonsense"] {
            let refused = url(text).proxy(Some(file.path()));
            assert!(matches!(refused, Err(Failure::Usage(_))), "{text}");
        }
        assert!(
            url("http://app@proxy:3128")
                .proxy(Some("/nowhere".as_ref()))
                .is_err()
        );
    }
}
