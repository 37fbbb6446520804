//! The origin under which browsers reach the server.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::text_value::serde_as_text;

/// An origin, `http` or `https`, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text that is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// Not an `http` or `https` URL.
    #[error("expected an origin such as `https://webhooks.example.com`")]
    Malformed,
    /// A URL with more than an origin.
    #[error(
        "expected only an origin, such as `https://webhooks.example.com`: no user, path, query or fragment"
    )]
    NotAlone,
}

impl PublicUrl {
    /// The origin.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        origin(text).map(Self)
    }
}

/// The origin in `text`, in the form in which browsers compare it.
pub(super) fn origin(text: &str) -> Result<String, PublicUrlError> {
    let url = Url::parse(text.trim()).map_err(|_| PublicUrlError::Malformed)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(PublicUrlError::Malformed);
    }
    // The parser drops an empty user, so search the text for `@`.
    let alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !text.contains('@');
    if alone {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(PublicUrlError::NotAlone)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(PublicUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_of_an_origin_is_ignored() {
        for (text, read) in [
            ("https://webhooks.example.com", "https://webhooks.example.com"),
            ("https://Webhooks.example.com/", "https://webhooks.example.com"),
            ("http://10.0.0.1:8080", "http://10.0.0.1:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().as_str(), read);
        }
    }

    #[test]
    fn anything_but_an_origin_is_refused() {
        for text in ["", "webhooks.example.com", "ftp://example.com", "mailto:a@b"] {
            assert_eq!(
                text.parse::<PublicUrl>(),
                Err(PublicUrlError::Malformed),
                "{text}"
            );
        }
        for text in [
            "https://example.com/postrider",
            "https://example.com/?a",
            "https://example.com/#a",
            "https://user@example.com",
            "https://@example.com",
            "https://user:word@example.com/",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(PublicUrlError::NotAlone), "{text}");
        }
    }
}
